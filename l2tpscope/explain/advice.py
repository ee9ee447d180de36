"""advice: what to look for where a code of L2TP, PPP or IKE turns up. What a code means is in the tables of `wire/`.

*Source*: the RFCs of the codes; what daemons send when, from their sources (xl2tpd, accel-ppp, SoftEther, Apple's pppd, libreswan).
"""

from __future__ import annotations

RESULTS: dict[tuple[str, int], str] = {
    ("StopCCN", 1): "An ordinary end: by the administrator, or idle. xl2tpd sends it whenever it closes.",
    ("StopCCN", 2): "Look at the error code and the text behind it: l2tpscope explain stopccn/2/ERROR.",
    ("StopCCN", 3): "Another tunnel of these two is open: look for one that was never closed, or for two SCCRQ that crossed (tie breaker).",
    (
        "StopCCN",
        4,
    ): "Look for a Challenge (AVP 11) before it: then the tunnel secrets differ. Without one, the host name or address is not admitted.",
    ("StopCCN", 5): "The error code beside it is no error: it is the highest version that the sender supports.",
    ("StopCCN", 6): "The machine or the daemon goes down; Windows clients send it on every ordinary disconnect.",
    ("StopCCN", 7): "A message came in a state where it may not: look at the messages before, for lost and repeated ones.",
    ("StopCCN", 256): "Apple's pppd sends the number in the octet order of its host: 0x0100 means 1.",
    ("StopCCN", 1536): "Apple's pppd sends the number in the octet order of its host: 0x0600 means 6.",
    ("CDN", 1): "xl2tpd sends it when pppd has ended, whatever the reason: look at the PPP before it (l2tpscope ppp).",
    ("CDN", 2): "Look at the error code and the text behind it: l2tpscope explain cdn/2/ERROR.",
    ("CDN", 3): "An ordinary end by user or administrator (Windows, macOS, SoftEther, accel-ppp).",
    ("CDN", 4): "Out of sessions, licences or addresses for now: count the sessions that are open, and try later.",
    ("CDN", 5): "Asked for what the other side will never do; trying again is in vain.",
    ("CDN", 10): "Look for what the LAC waited for: ICCN or OCCN that never came.",
    ("CDN", 11): "The call is there and no PPP comes: look at the data before it.",
    ("CDN", 30): "The error code beside it is one of TDM (RFC 5611), not a general one.",
    ("CDN", 768): "Apple's pppd sends the number in the octet order of its host: 0x0300 means 3.",
    ("general-error", 2): "A length is wrong: see the anomalies of the message that it answers.",
    ("general-error", 3): "A field of the message that it answers is out of range: see its AVPs.",
    ("general-error", 4): "A limit is reached, or memory is short, where it was sent.",
    ("general-error", 5): "The Session ID is none of the sender's: an old session after a restart, or data for one that is closed.",
    ("general-error", 6): "What is wrong is in the text behind the code alone; xl2tpd: 'No Authorization' is a peer that is not admitted.",
    ("general-error", 7): "Look for the next SCCRQ or call to another address.",
    ("general-error", 8): "The text behind the code should name the AVP; it carried the M bit and the peer does not know it.",
    ("general-error", 9): "The text behind the code lists the addresses to try.",
}
"""By scope and code, as in `wire.l2tp.results`."""

MESSAGES: dict[str, str] = {
    "SCCRQ": "Opens a tunnel. SCCRP answers it; repeated with Ns 0 and unanswered: the server does not hear it, or will not.",
    "SCCRP": "Answers SCCRQ. SCCCN follows; repeated: the initiator does not hear it.",
    "SCCCN": "Completes the tunnel. If StopCCN 4 follows, the challenge response in it was wrong.",
    "StopCCN": "Ends the tunnel and all its sessions, with a result code: l2tpscope explain stopccn/RESULT.",
    "HELLO": "Keepalive of the tunnel; an acknowledgement answers it. Its round trip is the control channel's.",
    "OCRQ": "The LNS asks the LAC for an outgoing call.",
    "OCRP": "The LAC takes the outgoing call, which is not connected yet.",
    "OCCN": "The outgoing call is connected.",
    "ICRQ": "Opens a session: a Windows, macOS or Linux client sends it after SCCCN. ICRP or CDN answers it.",
    "ICRP": "Takes the session. ICCN follows.",
    "ICCN": "Completes the session; PPP begins behind it. With proxy AVPs the LAC has begun PPP itself.",
    "CDN": "Ends one session, with a result code: l2tpscope explain cdn/RESULT.",
    "WEN": "Counts of line errors at the LAC.",
    "SLI": "Sets the line's character map (v2), or tells the circuit's status (v3).",
    "ACK": "Acknowledges without saying more (v3); in v2 a message without AVPs (ZLB) does that.",
    "FSQ": "After a failover: asks which sessions are still open.",
    "FSR": "After a failover: says which sessions are still open.",
}

DISCONNECTS: dict[int, str] = {
    1: "Somebody ended it on purpose.",
    3: "An ordinary end: the direction says whose Terminate-Request it was.",
    4: "One side insists on encryption (ECP or MPPE) and the other refused it: look at CCP and ECP.",
    5: "LCP Configure-Requests without an end: look whether data flows both ways.",
    6: "No LCP at all arrived: look whether the data path goes both ways.",
    8: "LCP echoes went unanswered: look for loss, and for a peer that went away.",
    13: "A Challenge or Request without answer: look at CHAP, PAP or EAP.",
    15: "Look at LCP option 3 (authentication) in the Naks and Rejects.",
    16: "User, password or secret is wrong; the direction says whose.",
    17: "IPCP or IPV6CP Configure-Requests without answer.",
    18: "Neither IPCP nor IPV6CP opened: look for Protocol-Rejects.",
    19: "Look at the Naks of IPCP: neither takes the other's address.",
    20: "Look at option 3 of IPCP: the address asked for and the one offered.",
}

LCP: dict[str, str] = {
    "Configure-Request": "Ack, Nak or Reject answers it. Unanswered ten times, 3 s apart: the data path is broken.",
    "Configure-Nak": "The values in it would be taken; the next Configure-Request should have them.",
    "Configure-Reject": "The options in it are not wanted at all; authentication rejected means that no common one is left.",
    "Terminate-Request": "Ends it; its text says why, and Windows puts an error number into it: look at the reason (l2tpscope ppp).",
    "Code-Reject": "The peer does not know the code: look at what it rejects.",
    "Protocol-Reject": "The peer does not know the protocol: CCP, IPV6CP and MPLSCP are harmless; IPCP means that no address comes.",
    "Echo-Request": "Keepalive of PPP: Echo-Reply answers it. Three or four unanswered, and the peer gives up.",
    "Identification": "A text of the peer's own: Windows tells its version in it.",
}
"""By the name of the code; of every control protocol."""

AUTHENTICATION: dict[str, str] = {
    "Authenticate-Request": "Carries user and password in clear.",
    "Authenticate-Nak": "Wrong user or password: its text may say more.",
    "Challenge": "From whoever wants proof; Response answers it.",
    "Response": "Proves the password without showing it; Success or Failure answers it.",
    "Failure": "Wrong user or password, or not admitted; MS-CHAP says which: E=691 and its like (l2tpscope explain E=691).",
}

NOTIFIES_V1: dict[int, tuple[str, str]] = {
    4: ("the peer does not know this SA", "The peer restarted, or gave the SA up earlier."),
    5: ("the major version of IKE is refused", "A server that no longer speaks IKEv1 (libreswan 5 and later, by default)."),
    7: ("the type of exchange is refused", "Aggressive Mode where only Main Mode is allowed, or the other way round."),
    14: (
        "no common algorithm, group or authentication method",
        "In clear after MM1: compare its offers (ike-messages) with the server's list. Windows: 788, 789; Cisco: 'atts not acceptable'.",
    ),
    16: ("the payload cannot be read", "Right after MM5 it is often a wrong pre-shared key: decryption gave garbage."),
    17: ("the key exchange payload is refused", "The group differs from the one agreed."),
    18: (
        "the identities do not fit the policy",
        "In Quick Mode: the selectors, ports (17/1701) or addresses differ. In Main Mode: the peer's ID.",
    ),
    20: ("the certificate is refused", "Its purpose, its chain, its dates."),
    22: ("the certificate authority is not known", "The root certificate is missing on the side that sends this."),
    23: ("the hash is wrong", "A wrong pre-shared key; in Main Mode most fail silently instead."),
    24: ("authentication failed", "Wrong pre-shared key or certificate; or the peer's ID is not the expected one."),
    28: ("the certificate cannot be had", "No certificate was sent, or none can be fetched."),
    24_576: ("the lifetime that the responder will use", "Harmless: its lifetime is shorter than the one asked for."),
    24_577: ("whether replay is watched for", "Harmless."),
    24_578: (
        "this is the sender's first SA with the peer",
        "Harmless: older SAs are to be forgotten; with several clients behind one NAT it can end them.",
    ),
    36_136: ("DPD: are you there?", "The peer should answer with R-U-THERE-ACK; several without answer end the SA."),
    36_137: ("DPD: I am", "The answer to R-U-THERE."),
    12_345: ("an error of Microsoft's", "Its data hold an NTSTATUS."),
    40_501: ("Cisco: go to another gateway", "The new address is in its data."),
}
"""Meaning, and what to look for."""

NOTIFIES_V2: dict[int, tuple[str, str]] = {
    4: ("the peer does not know this IKE SA", "The peer restarted, or gave the SA up earlier."),
    5: ("the major version of IKE is refused", "The peer speaks another version of IKE."),
    7: ("the message does not have the right form", "After IKE_AUTH: decrypted garbage, or a fault of one side."),
    11: ("the SPI of an ESP or AH packet is not known", "ESP for a child SA that the peer gave up: look for a restart or a Delete."),
    14: (
        "no common proposal",
        "In IKE_SA_INIT: IKE's algorithms; encrypted, in IKE_AUTH: those of ESP. Compare the offers (ike-messages).",
    ),
    17: ("another group is wanted", "Two octets name it; the initiator comes again with it. Ordinary, once."),
    24: ("authentication failed", "Wrong key, certificate, ID or EAP; it is encrypted in IKE_AUTH, so a capture sees its length alone."),
    35: ("no further child SA", "The peer takes one child SA only."),
    36: ("no inner address", "The address pool is empty. Windows shows 840."),
    37: ("a configuration payload is required", "The peer gives addresses and was not asked for one. Windows shows 841."),
    38: ("the traffic selectors are refused", "Ports (17/1701) and addresses of both sides. Windows shows 842."),
    43: ("not now", "A rekeying crossed another, or the peer is busy: it will be tried again."),
    44: ("the child SA is not known", "A rekeying for an SA that was deleted meanwhile."),
    16_384: ("the initiator has no other SA with the peer", "Harmless: older SAs are to be forgotten."),
    16_388: ("hash of SPIs, source address and port", "If it is not that of the packet's own, NAT is on the sender's side."),
    16_389: ("hash of SPIs, destination address and port", "If it is not that of the packet's own, NAT is on the receiver's side."),
    16_390: (
        "prove that you receive at this address",
        "The responder is under load or under attack; the initiator repeats its request with the cookie.",
    ),
    16_391: ("transport mode is wanted", "As L2TP/IPsec uses it."),
    16_393: ("this replaces an older SA", "Its SPI is that of the old one."),
    16_396: ("the address may change", "MOBIKE: after a move the SA goes on."),
    16_406: ("the initiator takes redirects", "Harmless."),
    16_407: ("go to another gateway", "Type, length, address or name, and nonce are in its data."),
    16_417: ("authentication by EAP alone", "Harmless."),
    16_430: ("IKE messages may be fragmented", "Then large IKE_AUTH messages come as SKF."),
    16_431: ("hashes for signatures", "Harmless: a list of what the sender can."),
    12_345: ("an error of Microsoft's", "Its data hold an NTSTATUS."),
}
"""Meaning, and what to look for."""
