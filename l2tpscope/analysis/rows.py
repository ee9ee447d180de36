"""The rows of every table that comes out: one dataclass a table, one field a column.

The names and meanings are the contract of docs/format.md, which is made from this file: the type says what a column holds
(`Time` is an instant, int64 nanoseconds since the epoch), the string under a field documents it. None means unknown or
not measurable, never 0. A new column is one field here, and the place where it is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

Time = Annotated[int, "time"]
"""Nanoseconds since the epoch, UTC."""

Direction = Literal["to_responder", "to_initiator"]
Side = Literal["initiator", "responder"]
Grade = Literal["certain", "likely", "hint"]
Stage = Literal[
    "ike-request",
    "ike-reply",
    "ike-keys",
    "ike-authentication",
    "ike-sa",
    "child-request",
    "child-sa",
    "esp",
    "l2tp-request",
    "l2tp-tunnel",
    "l2tp-session",
    "traffic",
]
"""How far a connection got, in this order."""


@dataclass(slots=True)
class CaptureRow:
    """One capture file or stream, and how far it can be trusted."""

    capture: int
    """Running number, from 1, in the order of the first time stamps."""
    path: str
    format: str
    frames: int
    octets: int
    """On the wire."""
    time_start: Time | None
    time_end: Time | None
    duration_s: float | None
    time_resolution_s: float | None
    link_types: list[str]
    truncated_file: bool
    cut_frames: int
    """Frames of which the capture kept only a part (snaplen)."""
    undecoded_frames: int
    """Frames whose link or network header could not be read."""
    reported_drops: int | None
    """What the capturer says it lost; null where it says nothing."""
    duplicate_frames: int
    """Copies that the capture itself made, among the frames of L2TP and IPsec."""
    one_sided: bool
    """Every conversation in it is seen in one direction only."""
    verdict: Literal["good", "doubtful", "poor", "empty"]
    reasons: list[str]
    acknowledged_unseen: int
    """Control messages that the peer acknowledged and the capture does not have."""
    l2tp2_control_frames: int
    l2tp2_data_frames: int
    l2tp3_control_frames: int
    l2tp3_data_frames: int
    l2f_frames: int
    openvpn_1701_frames: int
    """OpenVPN on the port of L2TP."""
    not_l2tp_1701_frames: int
    """Anything else on the port of L2TP that is not L2TP."""
    ike_frames: int
    esp_frames: int
    ah_frames: int
    natt_keepalive_frames: int
    icmp_error_frames: int
    openvpn_frames: int
    """OpenVPN on other ports than L2TP's, from the first handshake on; other VPNs are counted, not followed."""
    openvpn_ports: list[str]
    """The server's, at most 8, the busiest first: `udp/1194`."""
    wireguard_frames: int
    """From the first handshake on."""
    wireguard_ports: list[str]
    """Of who answers the handshake."""
    pptp_frames: int
    """Messages of PPTP's control connection: TCP segments on port 1723 that begin with one."""
    gre_ppp_frames: int
    """PPTP's data: PPP in GRE of version 1."""
    sstp_frames: int
    """SSTP whose TLS was taken off before the capture. Inside TLS it looks like any HTTPS, and is among the others."""
    other_frames: int


@dataclass(slots=True)
class TunnelRow:
    """One control connection."""

    tunnel: int
    version: int
    encapsulation: Literal["udp", "ip"]
    initiator: str
    responder: str
    roles: Literal["seen", "guessed"]
    initiator_id: int | None
    """Assigned by the initiator: the Tunnel ID, in v3 the Control Connection ID, in headers sent to it."""
    responder_id: int | None
    initiator_host_name: str | None
    responder_host_name: str | None
    initiator_vendor: str | None
    responder_vendor: str | None
    initiator_implementation: str | None
    """Its L2TP software, by what it says and does; null where nothing is known that does just so."""
    responder_implementation: str | None
    initiator_implementation_grade: Grade | None
    responder_implementation_grade: Grade | None
    initiator_implementation_why: list[str]
    """What was seen of it that this rests on; last, how that is known to be its mark."""
    responder_implementation_why: list[str]
    state: Literal["opening", "unanswered", "refused", "established", "closed", "lost", "partial"]
    opened: Time | None
    """First SCCRQ; where none was seen, the first frame."""
    established: Time | None
    """SCCCN, or the first message that proves that the tunnel was up."""
    closed: Time | None
    setup_s: float | None
    """First SCCRQ to first SCCCN."""
    setup_retransmit_wait_s: float | None
    """How much of it passed waiting to send a message again."""
    closed_by: Side | None
    result_code: int | None
    result: str | None
    error_code: int | None
    error: str | None
    error_message: str | None
    messages_to_responder: int
    """Control frames, acknowledgements and retransmissions included, copies by the capture not."""
    messages_to_initiator: int
    retransmissions_to_responder: int
    retransmissions_to_initiator: int
    hellos: int
    """HELLO messages of both sides, each once."""
    sessions: int
    data_packets_to_responder: int
    data_packets_to_initiator: int
    data_octets_to_responder: int
    """What L2TP carried (PPP frames), as the headers say."""
    data_octets_to_initiator: int
    rtt_initiator_side_min_s: float | None
    """Smallest clean sample, tap to initiator and back."""
    rtt_responder_side_min_s: float | None
    rtt_initiator_side_p50_s: float | None
    rtt_responder_side_p50_s: float | None
    vpn: int | None
    linked_by: str | None
    """How the two directions are known to belong together."""
    authentication: str | None
    """Tunnel authentication: challenges seen, responses checked with the secret where one was given."""


@dataclass(slots=True)
class SessionRow:
    """One session of a tunnel."""

    session: int
    tunnel: int
    call: Literal["incoming", "outgoing", "static"] | None
    """`static`: L2TPv3 data of which no set-up was seen; made by hand, or before the capture began."""
    initiator_id: int | None
    """Assigned by the initiator of the tunnel."""
    responder_id: int | None
    call_serial: int | None
    opened: Time | None
    established: Time | None
    closed: Time | None
    setup_s: float | None
    closed_by: Side | None
    result_code: int | None
    result: str | None
    error_code: int | None
    error: str | None
    error_message: str | None
    disconnect_cause: str | None
    state: Literal["opening", "refused", "established", "closed", "lost", "partial"]
    ppp_auth: str | None
    """What a side demanded of the other and was granted: `PAP`, `CHAP MD5`, `CHAP MS-CHAPv2`, `EAP`; else what was used."""
    ppp_user: str | None
    """The last name that was given."""
    ppp_state: str | None
    """How far PPP got, or how it ended: `negotiating LCP`, `LCP up`, `authenticating`, `authentication failed`, `authenticated`,
    `negotiating IPCP`, `up`, `terminated`."""
    ppp_reason: str | None
    """Why authentication failed or PPP ended, in the words of whoever said so first."""
    assigned_ip: str | None
    """The initiator's address inside, as both sides agreed."""
    peer_ip: str | None
    """The responder's."""
    mru_to_responder: int | None
    """What the responder is willing to receive, where it said so and the other side agreed."""
    mru_to_initiator: int | None
    pseudowire: str | None
    """What L2TPv3 carries: as its AVPs say, `Ethernet port`, `PPP`; of a static session, as found in its packets, `Ethernet`."""
    cookie_octets_to_responder: int | None
    """Of L2TPv3: 0, 4 or 8; null where neither AVPs nor at least 20 packets tell it."""
    cookie_octets_to_initiator: int | None
    sublayer_to_responder: str | None
    """L2-Specific Sublayer of L2TPv3: `none`, `default`, `ATM` ..."""
    sublayer_to_initiator: str | None
    layout_grade_to_responder: Grade | None
    """How sure cookie and sublayer are: `certain` from AVPs, `likely` from the packets."""
    layout_grade_to_initiator: Grade | None
    layout_why: list[str]
    """What they are known from, or why they are not known, by direction."""
    sequenced_to_responder: bool | None
    """Whether data carried sequence numbers; null: no data."""
    sequenced_to_initiator: bool | None
    data_packets_to_responder: int
    data_packets_to_initiator: int
    data_octets_to_responder: int
    data_octets_to_initiator: int
    first_data: Time | None
    last_data: Time | None
    inner: list[str]
    """What was in its data packets, and in how many: `IPv4 1204`, `PPP control 85` ..., the most first; at last the `IP fragments`
    among them. Empty where nobody looked (`--no-inner`)."""


@dataclass(slots=True)
class MessageRow:
    """One control frame."""

    capture: int
    frame: int
    time: Time
    tunnel: int
    session: int | None
    direction: Direction
    message: str
    """`SCCRQ` ... `ZLB`, `ACK`, `UNKNOWN_<n>`."""
    ns: int | None
    nr: int | None
    octets: int
    """The control message: its header and AVPs."""
    fit: Literal["new", "retransmission", "duplicate", "out-of-order", "violation"]
    retransmission_of: int | None
    """Frame of the first copy."""
    acked_by: int | None
    """Frame whose Nr was the first to acknowledge it."""
    anomalies: list[str]


@dataclass(slots=True)
class RttRow:
    """One round trip, from the tap to one side and back."""

    time: Time
    """Of the reply."""
    kind: str
    side: Side
    """The side of the tap that answered."""
    tunnel: int | None
    session: int | None
    ike_sa: int | None
    esp_sa: int | None
    capture: int
    frame_request: int
    frame_reply: int
    rtt_s: float
    rtt_low_s: float | None
    """Lower bound where the sample is ambiguous; `rtt_s` is then the upper one."""
    quality: Literal["clean", "ambiguous", "cumulative", "edge", "inferred"]


@dataclass(slots=True)
class LossRow:
    """One sequence space in one direction."""

    space: Literal["l2tp-control", "l2tp-data", "l2tp-data-ip-id", "esp", "lcp-echo", "icmp-echo", "tcp"]
    """`l2tp-data-ip-id`: of a tunnel's data without sequence numbers, by the Identification of IPv4; likely, not certain, and there
    only where this counts by one, for that tunnel alone, over 200 datagrams and more. `icmp-echo`, `tcp`: inside the session; echo
    requests by where they went, lost on either way; TCP segments that were sent again."""
    tunnel: int | None
    session: int | None
    esp_sa: int | None
    direction: Direction
    measurable: bool
    why_not: str | None
    expected: int | None
    received: int | None
    """Distinct numbers."""
    lost: int | None
    duplicate: int | None
    duplicate_behind: int | None
    """Of these, numbers 64 and more below the highest so far: no network copies a packet so late."""
    reordered: int | None
    pending: int | None
    """Missing, but may still come: younger than the reorder horizon, or at the end of the capture."""
    loss_ratio: float | None
    loss_low_ratio: float | None
    """95 % interval (Wilson)."""
    loss_high_ratio: float | None
    upstream_lost: int | None
    """Between the sender and the tap."""
    downstream_lost: int | None
    """After the tap, as far as repeats show it."""
    capture_suspect: bool
    """The capture itself may have lost them."""
    max_reorder_extent: int | None
    restarts: int | None
    """How often the numbering began anew."""


@dataclass(slots=True)
class ThroughputRow:
    """What one session carried in one direction during one bin of time."""

    time: Time
    """Begin of the bin."""
    bin_s: float
    tunnel: int | None
    session: int | None
    esp_sa: int | None
    direction: Direction
    packets: int
    octets: int
    """IP datagrams, headers included."""
    lost: int | None
    """Numbers missed in this bin: when the next one came they had not, and they did not come later. Those before the first
    packet are not here. null: data without sequence numbers, and L2TPv3."""
    reordered: int | None
    """Numbers that came late, in this bin."""


@dataclass(slots=True)
class EventRow:
    """One dated fact."""

    time: Time
    capture: int
    frame: int | None
    subject: str
    event: str
    detail: str


@dataclass(slots=True)
class IkeSaRow:
    """One IKE SA: its set-up, what was agreed, how it ended."""

    ike_sa: int
    version: int
    initiator: str
    """Where it last sent from: after a move to port 4500, that."""
    responder: str
    roles: Literal["seen", "guessed"]
    initiator_spi: str
    """16 hex digits; cookie in IKEv1."""
    responder_spi: str | None
    """Null: no reply was seen."""
    exchange: Literal["main", "aggressive", "ike_sa_init", "other"] | None
    """Null: the set-up is not in the capture."""
    state: Literal["opening", "unanswered", "refused", "failed", "established", "closed", "replaced", "lost", "partial"]
    """`opening`: under way when the capture ends; `failed`: answered, but never established; `replaced`: another SA took its place."""
    furthest: str | None
    """The last step of the set-up that was seen: `MM1` ... `MM6`, `AM1` ..., `QM1` ..., `IKE_AUTH response` ..."""
    opened: Time | None
    established: Time | None
    closed: Time | None
    setup_s: float | None
    closed_by: Side | None
    encryption: str | None
    """Chosen by the responder, as far as it is in clear."""
    key_bits: int | None
    integrity: str | None
    """IKEv1: the hash."""
    prf: str | None
    dh_group: str | None
    authentication: str | None
    lifetime_s: int | None
    offered: list[str]
    """Every transform of the initiator's proposals, a line each (IKEv1), or every proposal (IKEv2)."""
    nat_initiator: bool | None
    """The initiator is behind a NAT as seen from the tap: its NAT-D hash is not that of the outer address. Null: not to be told."""
    nat_responder: bool | None
    natt: bool
    """Moved to port 4500."""
    messages: int
    retransmissions_to_responder: int
    retransmissions_to_initiator: int
    child_exchanges: int
    """Quick Modes or CREATE_CHILD_SAs begun, and the IKE_AUTH that carries the first child SA."""
    dead_peer_checks: int
    """DPD or empty INFORMATIONAL requests, as far as their length tells."""
    initiator_implementation: str | None
    responder_implementation: str | None
    initiator_id: str | None
    """Only where it was sent in clear (aggressive mode)."""
    responder_id: str | None
    vendor_ids: list[str]
    """`initiator: <name>`, `responder: <name>`."""
    notifies: list[str]
    """Those in clear, with who sent them."""
    rtt_initiator_side_min_s: float | None
    """Smallest clean sample, tap to initiator and back."""
    rtt_responder_side_min_s: float | None
    rtt_initiator_side_p50_s: float | None
    rtt_responder_side_p50_s: float | None
    vpn: int | None


@dataclass(slots=True)
class IkeMessageRow:
    """One IKE message."""

    capture: int
    frame: int
    time: Time
    ike_sa: int
    direction: Direction
    exchange: str
    """As in the header: `Identity Protection (Main Mode)`, `IKE_AUTH` ..."""
    message_id: int
    name: str
    """`MM1` ... `QM3`, `INF`, `IKE_SA_INIT request` ..."""
    encrypted: bool
    octets: int
    """The IKE message: its header and payloads."""
    payloads: list[str]
    """Those in clear, in their order."""
    fit: Literal["new", "retransmission", "violation"]
    retransmission_of: int | None
    """Frame of the first copy."""
    reply_to: int | None
    """Frame of the first copy of what it answers."""
    anomalies: list[str]


@dataclass(slots=True)
class EspSaRow:
    """One ESP or AH security association, which is one direction."""

    esp_sa: int
    spi: str
    """As `0x12345678`; chosen by the destination."""
    source: str
    """Where it was last sent from and to."""
    destination: str
    protocol: Literal["esp", "ah"]
    encapsulation: Literal["esp", "udp", "tcp"]
    """`esp`: directly over IP (also AH); `udp`: RFC 3948; `tcp`: RFC 9329."""
    direction: Direction
    pair: int | None
    """esp_sa of the other direction."""
    pair_linked_by: str | None
    ike_sa: int | None
    ike_linked_by: str | None
    vpn: int | None
    replaces: int | None
    """esp_sa whose place it took (rekeying)."""
    first: Time
    last: Time
    packets: int
    """Repeats included, copies by the capture not."""
    octets: int
    """Of ESP: header, ciphertext and ICV."""
    first_sequence: int | None
    last_sequence: int | None
    expected: int | None
    received: int | None
    """Distinct numbers."""
    lost: int | None
    """Missing before the tap."""
    duplicate: int | None
    duplicate_behind: int | None
    """Of these, numbers 64 and more below the highest so far: no network copies a packet so late."""
    reordered: int | None
    pending: int | None
    max_reorder_extent: int | None
    loss_ratio: float | None
    birth_seen: bool
    """Its begin is in the capture, so that numbers missing from 1 on count as lost."""
    epochs: int
    """1, and one more for each new begin of the numbering and each wrap of 32 bits."""
    moves: int
    """How often its outer address or port changed."""
    replay_dropped_32: int | None
    """What a receiver with a replay window of 32 would drop, if the packets reached it in this order."""
    replay_dropped_64: int | None
    replay_dropped_128: int | None
    replay_dropped_1024: int | None
    cipher_block_octets: int | None
    """Concluded from the lengths; see inferences."""
    icv_octets: int | None
    largest_octets: int | None
    """The largest packet, ESP only."""


@dataclass(slots=True)
class VpnRow:
    """One client's connection: everything that belongs together."""

    vpn: int
    kind: Literal["l2tp", "l2tp/ipsec", "l2tpv3", "ipsec"]
    """`ipsec`: IKE or ESP in which nothing shows L2TP."""
    use: Literal["remote-access", "site-to-site"] | None
    """Several sessions at once are a site's; a client behind NAT, or whose only session was given its address, is remote access."""
    client: str
    """Who began it."""
    server: str
    nat: Literal["client", "server", "both", "none"] | None
    """Who is behind NAT, as the NAT-D hashes of its IKE SA say; null: not to be told."""
    ike_sas: list[int]
    esp_sas: list[int]
    tunnels: list[int]
    sessions: list[int]
    opened: Time
    closed: Time | None
    stage: Stage
    """The furthest that was reached."""
    stage_grade: Grade
    """`certain`: seen; else concluded from ciphertext, see inferences."""
    outcome: Literal["up", "closed", "refused", "failed", "unanswered", "lost", "opening", "partial"]
    closed_by: Literal["client", "server"] | None
    linked_by: list[str]
    """How each link is known, a line each."""
    twin: bool
    """Packets are in the capture twice, as ESP and in clear; they count once."""
    twin_packets: int
    """How many."""
    packets_to_server: int
    """ESP and clear L2TP, each packet once."""
    packets_to_client: int


@dataclass(slots=True)
class InferenceRow:
    """One conclusion from ciphertext: lengths and times, nothing decrypted."""

    vpn: int | None
    subject: str
    """`esp_sa 1`, `ike_sa 2`, `vpn 1`."""
    inference: Literal[
        "cipher",
        "icv-mismatch",
        "ike-message",
        "stage",
        "heartbeat",
        "keepalive",
        "mtu",
        "rekey",
        "padding",
    ]
    value: str
    """What is concluded."""
    grade: Grade
    rule: str
    """What it rests on, with the figures."""
    against: str | None
    """What else could look the same."""
    time: Time | None
    """When it begins to hold."""
    capture: int | None
    frame: int | None
    """One frame that shows it."""


@dataclass(slots=True)
class PppRow:
    """One PPP control packet."""

    capture: int
    frame: int
    time: Time
    session: int
    direction: Direction
    protocol: str
    """`LCP`, `PAP`, `CHAP`, `EAP`, `IPCP`, `IPV6CP`, `CCP` ..."""
    code: str
    """`Configure-Request`, `Challenge` ..."""
    identifier: int
    summary: str
    """What it says, in words and without secrets."""
    secret: str | None
    """PAP's password; challenges and responses in hex. Null unless asked for (`--show-secrets`)."""
    reply_to: int | None
    """Frame of what it answers."""
    anomalies: list[str]


@dataclass(slots=True)
class L2fRow:
    """One tunnel of L2F (RFC 2341), L2TP's forerunner. The initiator is the NAS, the responder the home gateway."""

    l2f: int
    initiator: str
    responder: str
    roles: Literal["seen", "guessed"]
    initiator_clid: int | None
    """Client ID that the initiator gave out: the responder sends under it."""
    responder_clid: int | None
    initiator_name: str | None
    """As it calls itself in its L2F_CONF."""
    responder_name: str | None
    state: Literal["opening", "unanswered", "refused", "established", "closed", "lost", "partial"]
    """`lost`: five echoes of one side, or more, went unanswered to the end; `partial`: nothing shows that it was up."""
    opened: Time
    """First L2F_CONF; where none was seen, the first packet."""
    established: Time | None
    """The second side's L2F_OPEN, or the first packet that proves that the tunnel was up."""
    closed: Time | None
    """First L2F_CLOSE of the tunnel."""
    setup_s: float | None
    """First L2F_CONF to the second side's L2F_OPEN."""
    closed_by: Side | None
    close_mask: int | None
    """L2F_CLOSE_WHY, a mask of reasons."""
    close_reason: str | None
    """What its bits say."""
    close_message: str | None
    """L2F_CLOSE_STR."""
    clients: int
    """Each Multiplex ID each time it was opened, and those of which payload alone was seen."""
    clients_accepted: int
    """Of these, those that the responder opened too, or whose set-up was not seen."""
    clients_refused: int
    """Closed without having been accepted."""
    client_names: list[str]
    """Twelve at most."""
    authentications: list[str]
    """How the initiator says that its clients were authenticated."""
    messages_to_responder: int
    """Management packets, copies by the capture not counted."""
    messages_to_initiator: int
    echo_rtt_initiator_side_min_s: float | None
    """Smallest round trip of an echo that only one answer fits, tap to initiator and back."""
    echo_rtt_responder_side_min_s: float | None
    echo_rtts: int
    """How many of both sides there are."""
    data_packets_to_responder: int
    data_packets_to_initiator: int
    data_octets_to_responder: int
    """What L2F carried (PPP frames, IP packets of SLIP), as the headers say."""
    data_octets_to_initiator: int
    expected_to_responder: int | None
    """Sequence numbers of payload; null where it has none (S not set), or where it cannot be told what they count."""
    expected_to_initiator: int | None
    lost_to_responder: int | None
    """Of these, those missing between the sender and the tap, or in the capture. Counted by 8 bits: 128 lost in a row do not show."""
    lost_to_initiator: int | None
    linked_by: str | None
    """How the two directions are known to belong together."""
    anomalies: list[str]
    """Twelve at most, each once."""


@dataclass(slots=True)
class FindingRow:
    """One thing that is wrong, or good to know: what, how sure, what shows it, what to do. In the order in which to read them."""

    finding: str
    """Id of the rule, as in docs/findings.md: `L2S401`."""
    name: str
    severity: Literal["error", "warning", "info"]
    """`error`: something does not work; `warning`: it works badly or dangerously; `info`: good to know."""
    grade: Grade
    """Of the summary as it is worded: what may be behind it is in `alternatives`."""
    subject: str
    """`vpn 1`, `tunnels 3-5` ..."""
    vpn: int | None
    """Null: of none, or of several."""
    count: int
    """How often it was found; what is the same is told once."""
    first: Time
    last: Time
    summary: str
    evidence: list[int]
    """Frames that show it, twelve at most."""
    evidence_captures: list[int]
    """The capture that each of these frames is in."""
    against: list[str]
    """What speaks against it in this capture."""
    alternatives: list[str]
    """What else could look the same, or be behind it."""
    advice: str
    wireshark_filter: str
    consequence_of: str | None
    """Id of the finding that explains it: an earlier layer of the same connection that broke."""


@dataclass(slots=True)
class InnerFlowRow:
    """What two endpoints inside a session in clear exchanged."""

    flow: int
    """Running number, from 1: the one with most octets first."""
    tunnel: int
    session: int
    protocol: str
    """`TCP`, `UDP`, `ICMP` ..., `IP protocol 200`."""
    initiator: str
    """On the side of the tunnel's initiator; without a port where the protocol has none, and for fragments."""
    responder: str
    first: Time
    last: Time
    packets_to_responder: int
    packets_to_initiator: int
    octets_to_responder: int
    """IP packets, headers included."""
    octets_to_initiator: int
    fragments: int
    """IP fragments among the packets: they stand apart, without ports, of which most of them do not tell."""
    rtt_initiator_side_min_s: float | None
    """Smallest clean sample, tap to the initiator's side and back: of TCP or of echoes."""
    rtt_responder_side_min_s: float | None
    segments_to_responder: int | None
    """TCP: those with data, SYN or FIN, keep-alives left out; null for other protocols."""
    segments_to_initiator: int | None
    retransmissions_to_responder: int | None
    """TCP: those of them that were sent again."""
    retransmissions_to_initiator: int | None
    mss_to_responder: int | None
    """TCP: what the responder's side said in its SYN to be willing to receive."""
    mss_to_initiator: int | None
    large_unacknowledged_to_responder: int | None
    """TCP: how often its first segment of 1200 octets and more was sent, if none so large was ever acknowledged, though all before was;
    0: large ones were acknowledged. Null: there was none, or it cannot be told."""
    large_unacknowledged_to_initiator: int | None


ROWS: dict[str, type] = {
    "captures": CaptureRow,
    "tunnels": TunnelRow,
    "sessions": SessionRow,
    "messages": MessageRow,
    "rtt": RttRow,
    "loss": LossRow,
    "throughput": ThroughputRow,
    "events": EventRow,
    "ppp": PppRow,
    "inner_flows": InnerFlowRow,
    "l2f": L2fRow,
    "vpns": VpnRow,
    "ike_sas": IkeSaRow,
    "ike_messages": IkeMessageRow,
    "esp_sas": EspSaRow,
    "inferences": InferenceRow,
    "findings": FindingRow,
}
"""Every table, in the order of the document."""


@dataclass(slots=True)
class Measures:
    """Everything that was measured: the tables. Long ones that not every output reads may be given as a function that
    makes them when they are first asked for.
    """

    captures: list[CaptureRow] = field(default_factory=list)
    tunnels: list[TunnelRow] = field(default_factory=list)
    sessions: list[SessionRow] = field(default_factory=list)
    messages: list[MessageRow] | Callable[[], list[MessageRow]] = field(default_factory=list)
    rtt: list[RttRow] = field(default_factory=list)
    loss: list[LossRow] = field(default_factory=list)
    throughput: list[ThroughputRow] | Callable[[], list[ThroughputRow]] = field(default_factory=list)
    events: list[EventRow] | Callable[[], list[EventRow]] = field(default_factory=list)
    ppp: list[PppRow] | Callable[[], list[PppRow]] = field(default_factory=list)
    inner_flows: list[InnerFlowRow] | Callable[[], list[InnerFlowRow]] = field(default_factory=list)
    l2f: list[L2fRow] = field(default_factory=list)
    vpns: list[VpnRow] = field(default_factory=list)
    ike_sas: list[IkeSaRow] = field(default_factory=list)
    ike_messages: list[IkeMessageRow] | Callable[[], list[IkeMessageRow]] = field(default_factory=list)
    esp_sas: list[EspSaRow] = field(default_factory=list)
    inferences: list[InferenceRow] = field(default_factory=list)
    findings: list[FindingRow] | Callable[[], list[FindingRow]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What the bounds on memory left out, a line each."""
    decoded: Mapping[str, Callable[[], list[Any]]] = field(default_factory=dict, repr=False, compare=False)
    """By table, what was decoded of each of its rows, secrets too: for those who show a message in full."""

    def rows(self, table: str) -> list[Any]:
        """The rows of a table, made now if they were not before."""
        rows = getattr(self, table)
        if callable(rows):
            rows = rows()
            setattr(self, table, rows)
        result: list[Any] = rows
        return result
