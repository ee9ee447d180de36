"""What breaks L2TP/IPsec connections in the field: what the wire shows of each, how sure that is, and what people found to help.

What is `certain` is proved by octets; what is `likely` fits, but other causes look the same. *Source*: threads of the issue trackers of
setup-ipsec-vpn, libreswan, NetworkManager-l2tp, xl2tpd, ppp, accel-ppp and SoftEther; the daemons' sources; RFC 2661.
"""

from __future__ import annotations

from typing import NamedTuple

from l2tpscope.explain.entry import Entry, keys

CERTAIN, LIKELY = "certain", "likely"


class Cause(NamedTuple):
    """One failure."""

    slug: str
    """To ask for it."""
    name: str
    windows: tuple[int, ...]
    """Windows errors that users report with it."""
    seen: str
    grade: str
    """How sure a capture can be of it."""
    helps: str


CAUSES: tuple[Cause, ...] = (
    Cause(
        "nat-unused-sa",
        "NAT before the server, and Windows does not use the SA",
        (809, 789),
        "IKE completes on 500 and 4500, then no ESP from the client, or ESP without answer; Delete after about 35 s; phones work",
        LIKELY,
        "AssumeUDPEncapsulationContextOnSendRule = 2 on each client and a restart; a public address on the server; IKEv2",
    ),
    Cause(
        "ike-unanswered",
        "IKE is not answered: UDP 500 blocked, wrong address, daemon down",
        (809, 678, 651, 792, 769, 808),
        "only the first IKE message (MM1 or IKE_SA_INIT), repeated, responder cookie 0; ICMP 3/3 (closed) or 3/13 (filtered) proves why",
        CERTAIN,
        "open UDP 500 and 4500, in the cloud's firewall too; start the IKE daemon; check the address",
    ),
    Cause(
        "4500-blocked",
        "UDP 4500 blocked while 500 is open",
        (809, 789, 792),
        "MM1 to MM4 on 500, then MM5 on 4500 repeated and no packet on 4500 ever comes back; at the server MM4 is repeated instead",
        LIKELY,
        "open UDP 4500; turn off the router's IPsec passthrough",
    ),
    Cause(
        "wrong-psk",
        "Wrong pre-shared key (PSK mismatch)",
        (789, 787, 811, 13801),
        "MM5 reaches the server and MM6 never comes; or Informational right after MM5, N(16), N(23), N(24) where it is in clear",
        LIKELY,
        "type the key again; look for quotes, a trailing blank, the wrong %any entry",
    ),
    Cause(
        "ike-proposals",
        "Phase-1 proposals do not meet",
        (788, 789, 13868),
        "MM1 is answered within one round trip by N(14) in clear; MM1 lists exactly what was offered. Some servers stay silent",
        CERTAIN,
        "allow one common cipher, hash and group on either side (often modp1024 or modp2048); offer fewer proposals",
    ),
    Cause(
        "clients-behind-nat",
        "Several clients behind one NAT",
        (789, 809),
        "two IKE SAs from one public address; when the second is up, ESP to the first stops or goes to the second's port",
        LIKELY,
        "ephemeral L2TP source ports; connection marks at the server; IKEv2",
    ),
    Cause(
        "l2tp-unanswered",
        "IPsec is up, L2TP is not answered",
        (809, 789),
        "ESP from the client in equal lengths at 1, 2, 4, 8 s, nothing back; decrypted: SCCRQ with Ns 0 repeated",
        LIKELY,
        "start the L2TP daemon; let the firewall pass decrypted UDP 1701; check the address it listens on",
    ),
    Cause(
        "wrong-password",
        "Wrong user or password",
        (691,),
        "in clear: CHAP Failure E=691 or PAP Nak, then Terminate-Request and CDN; in ESP no more than a hint: up for 2 to 5 s, then Delete",
        CERTAIN,
        "check user, domain\\user, password and the account's state",
    ),
    Cause(
        "no-common-auth",
        "No common PPP authentication",
        (628, 629, 691, 734),
        "LCP option 3 in Naks and Rejects again and again, or rejected, then Terminate-Request or CDN",
        CERTAIN,
        "allow CHAP and MS-CHAPv2 on the client; require-mschap-v2 and refuse-eap at the server",
    ),
    Cause(
        "mtu",
        "MTU black hole",
        (),
        "connects, pings, pages hang: full-size inner TCP segments repeated and never acknowledged; outer fragments; ICMP 3/4 missing",
        LIKELY,
        "MTU and MRU of 1400 or less; clamp the MSS to 1360",
    ),
    Cause(
        "rekey",
        "Rekeying fails",
        (),
        "after 1 h, 8 h, 24 or 48 min: a new Quick or Main Mode unanswered or refused, ESP of one direction stops, LCP echoes fail",
        LIKELY,
        "longer SA lifetime at the server; no PFS; update the client",
    ),
    Cause(
        "esp-dropped",
        "ESP (IP protocol 50) is dropped where no NAT was found",
        (789, 809),
        "NAT-D says no NAT, so ESP without UDP; protocol 50 is seen in one direction only, nothing on 4500",
        LIKELY,
        "force UDP encapsulation (encapsulation=yes, forceencaps)",
    ),
    Cause(
        "l2tp-in-clear",
        "L2TP leaves in clear although the SA is up",
        (809,),
        "the child SA is complete, then SCCRQ in clear on UDP 1701, unanswered; or its source differs from the Quick Mode identity",
        CERTAIN,
        "fix the traffic selector's port, the source address, the kernel's policy",
    ),
    Cause(
        "no-ipsec",
        "The client does no IPsec at all",
        (809, 678),
        "SCCRQ in clear on UDP 1701 and no IKE packet before it, at 1, 2, 4, 8 s",
        CERTAIN,
        "ProhibitIpSec = 0 on Windows; set the pre-shared key again",
    ),
    Cause(
        "control-died",
        "The control channel dies in mid-session",
        (807, 829),
        "Hello or another control message sent five times (0, 1, 3, 7, 15 s) and never acknowledged; data may still flow",
        CERTAIN,
        "priority for UDP 1701; more retransmissions; look for loss and NAT timeouts",
    ),
    Cause(
        "nat-mapping-lost",
        "The NAT forgot the mapping",
        (807, 829),
        "silence of 30 to 300 s without NAT keepalives, then the client comes from another port and the server still sends to the old one",
        LIKELY,
        "NAT keepalives every 20 s; DPD; a longer UDP timeout on the router",
    ),
    Cause(
        "other-address",
        "The server answers from another address",
        (809,),
        "answers come from an address that was not asked (several interfaces, 1:1 NAT, HA address)",
        CERTAIN,
        "bind the daemon; set leftid and leftsubnet; force UDP encapsulation",
    ),
    Cause(
        "peer-id",
        "The peer's identity is refused",
        (789, 13869),
        "MM5 is answered by an encrypted Informational in place of MM6, or MM6 comes and the client deletes at once",
        LIKELY,
        "leftid and rightid, or %any; a client that sends 0.0.0.0 as its identity",
    ),
    Cause(
        "selectors",
        "Phase-2 selectors do not meet",
        (789, 791, 792),
        "Main Mode completes; QM1 is repeated, or answered by an encrypted Informational in place of QM2: N(18) or N(14)",
        LIKELY,
        "rightprotoport=17/%any; the same ports and subnets on either side",
    ),
    Cause(
        "pfs",
        "Phase-2 proposals or PFS do not meet",
        (788, 789, 792),
        "as with selectors; the length of QM1 tells whether a key exchange (PFS) is in it",
        LIKELY,
        "align phase2alg; pfs=no",
    ),
    Cause(
        "route-into-tunnel",
        "The route to the server leads into the tunnel",
        (),
        "within about 1 s of IPCP Ack the client's outer packets stop while the server repeats LCP echoes and Hello",
        LIKELY,
        "a host route to the server by the old gateway; an IPCP peer address other than the server's",
    ),
    Cause(
        "old-ids",
        "Old tunnel or session ids after a restart",
        (),
        "data or Hello to a Tunnel ID that the other side no longer has, never acknowledged",
        CERTAIN,
        "restart both; send StopCCN on shutdown; shorter timeouts",
    ),
    Cause(
        "lcp",
        "LCP never completes",
        (718, 721),
        "LCP Configure-Request ten times, every 3 s, and nothing back (or only the other side's); then silence or CDN",
        CERTAIN,
        "load the kernel's l2tp_ppp; look for data that goes one way, and for the wrong Session ID",
    ),
    Cause(
        "no-address",
        "No IP address",
        (720, 735, 738),
        "IPCP Naks and Rejects to and fro, or no option 3; then IPCP Terminate-Request or Protocol-Reject of 8021, then CDN",
        CERTAIN,
        "the size of the address pool; ip range; noipdefault; ipcp-accept-local and -remote",
    ),
    Cause(
        "mppe",
        "MPPE is required or refused",
        (741, 742, 768),
        "CCP Configure-Request with MPPE bits is rejected, then LCP Terminate-Request 'MPPE required'",
        CERTAIN,
        "no MPPE over IPsec: noccp at the server, optional encryption at the client",
    ),
    Cause(
        "refused",
        "The LNS refuses the tunnel or the call",
        (619, 628, 770, 771),
        "StopCCN 4, or 2 with error 6 and a text; CDN 2 or 4. accel-ppp and SoftEther drop silently at their limits",
        CERTAIN,
        "the host's access list; require authentication = no; session limits",
    ),
    Cause(
        "tunnel-secret",
        "Tunnel secrets differ",
        (),
        "a Challenge (AVP 11) in SCCRQ or SCCRP, and StopCCN 4 or 2/6 after the Challenge Response (AVP 13)",
        LIKELY,
        "the same tunnel secret on either side",
    ),
    Cause(
        "sha2-truncation",
        "SHA2-256 cut to 96 bits at one side only",
        (),
        "ESP lengths of the two directions differ by 4 (mod 16) and nobody's ESP is answered",
        CERTAIN,
        "sha2-truncbug yes or no; SHA2-512 or SHA-1 instead",
    ),
    Cause(
        "certificate",
        "The certificate is absent or invalid",
        (766, 781, 786, 790, 810, 835, 13806),
        "MM4 asks for a certificate (CERTREQ) and MM5 never comes, or N(20) to N(25), N(28); 766 and 781 show nothing on the wire",
        LIKELY,
        "a machine certificate with the IKE purpose, its chain and revocation list",
    ),
    Cause(
        "ike-fragments",
        "Large IKE messages are fragmented and lost",
        (809,),
        "MM5 or IKE_AUTH of more than 1472 octets as IP fragments, repeated, unanswered; the pre-shared key works",
        LIKELY,
        "IKE fragmentation; a shorter certificate chain; a smaller MTU",
    ),
    Cause(
        "dpd",
        "DPD ends an idle or lossy connection",
        (829,),
        "encrypted Informational of one length, one way, at a fixed period, without its twin; then Delete",
        LIKELY,
        "a longer dpdtimeout; keepalives",
    ),
    Cause(
        "name-not-resolved",
        "The server's name is not resolved",
        (868,),
        "a DNS query without answer or with NXDOMAIN, and no packet to the server",
        CERTAIN,
        "the name, and the client's DNS",
    ),
    Cause(
        "flood",
        "Flood or exhaustion",
        (619, 809, 13882),
        "many SCCRQ or first IKE messages and few that go on; answers slow down, then stop; IKEv2 COOKIE",
        LIKELY,
        "rate limits, IKE cookies; UDP 1701 never open without IPsec",
    ),
)


def lines(number: int) -> tuple[str, ...]:
    """What a Windows error may come from, and how the wire tells these apart; what helps, where it is one thing."""
    found = [cause for cause in CAUSES if number in cause.windows]
    if len(found) == 1:
        return (f"{_seen(found[0])} Helps: {found[0].helps}.",)
    return tuple(f"{cause.slug}: {_seen(cause)}" for cause in found)


def _seen(cause: Cause) -> str:
    return f"{cause.name} ({cause.grade}): {cause.seen}."


def entries() -> list[Entry]:
    """The failures, to be found by their words."""
    return [
        Entry(
            cause.slug,
            f"Failure: {cause.name}",
            f"On the wire ({cause.grade} when seen): {cause.seen}.",
            (f"What people found to help: {cause.helps}.", *_reported(cause)),
            "issue threads of the projects concerned; a judgement, not a count",
            keys(cause.slug, f"failure {cause.slug}", cause.name),
        )
        for cause in CAUSES
    ]


def _reported(cause: Cause) -> tuple[str, ...]:
    return (f"Windows reports it as {', '.join(map(str, cause.windows))}.",) if cause.windows else ()
