"""Why tunnels and sessions ended, in words: result codes, error codes, PPP disconnect causes.

*Source*: RFC 2661 §4.4.2, RFC 3931 §5.4.2, RFC 3145 and the RFC on each row.
"""

from __future__ import annotations

from typing import NamedTuple

from l2tpscope.core.codes import OpenEnum
from l2tpscope.wire.l2tp.codes import MessageType

STOPCCN, CDN, MSEN, GENERAL, TDM = "StopCCN", "CDN", "MSEN", "general-error", "CDN-30 TDM error"
V2, V3, BOTH = (2,), (3,), (2, 3)


class Reason(NamedTuple):
    """One code of one scope."""

    scope: str
    code: int
    name: str
    meaning: str
    """For an engineer, short, lower case."""
    versions: tuple[int, ...]
    source: str


REASONS: tuple[Reason, ...] = (
    Reason(STOPCCN, 0, "reserved", "reserved, never valid", BOTH, "RFC 2661"),
    Reason(STOPCCN, 1, "general-clear", "ordinary close", BOTH, "RFC 2661"),
    Reason(STOPCCN, 2, "general-error", "general error", BOTH, "RFC 2661"),
    Reason(STOPCCN, 3, "already-exists", "control connection already exists", BOTH, "RFC 2661"),
    Reason(STOPCCN, 4, "not-authorized", "not authorized (peer not permitted, or tunnel authentication failed)", BOTH, "RFC 2661"),
    Reason(STOPCCN, 5, "bad-protocol-version", "protocol version not supported", BOTH, "RFC 2661"),
    Reason(STOPCCN, 6, "shutting-down", "requester is shutting down", BOTH, "RFC 2661"),
    Reason(STOPCCN, 7, "fsm-error", "finite state machine error or timeout", BOTH, "RFC 2661; RFC 3931"),
    Reason(STOPCCN, 8, "ccds-mismatch", "Diffserv code point not acceptable", BOTH, "RFC 3308"),
    Reason(STOPCCN, 256, "byte-swapped 1", "ordinary close (sent byte-swapped)", V2, "Apple pppd"),
    Reason(STOPCCN, 1536, "byte-swapped 6", "requester is shutting down (sent byte-swapped)", V2, "Apple pppd"),
    Reason(CDN, 0, "reserved", "reserved, never valid", BOTH, "RFC 2661"),
    Reason(CDN, 1, "carrier-lost", "carrier lost", BOTH, "RFC 2661"),
    Reason(CDN, 2, "see-error-code", "general error", BOTH, "RFC 2661"),
    Reason(CDN, 3, "administrative", "administrative disconnect", BOTH, "RFC 2661"),
    Reason(CDN, 4, "no-facilities-temporary", "no facilities for now", BOTH, "RFC 2661"),
    Reason(CDN, 5, "no-facilities-permanent", "no facilities, permanently", BOTH, "RFC 2661"),
    Reason(CDN, 6, "invalid-destination", "invalid destination", BOTH, "RFC 2661"),
    Reason(CDN, 7, "no-carrier", "no carrier detected", BOTH, "RFC 2661"),
    Reason(CDN, 8, "busy", "busy signal detected", BOTH, "RFC 2661"),
    Reason(CDN, 9, "no-dialtone", "no dial tone", BOTH, "RFC 2661"),
    Reason(CDN, 10, "call-timeout", "call not established within the LAC's time", BOTH, "RFC 2661"),
    Reason(CDN, 11, "no-framing", "connected, but no framing detected", BOTH, "RFC 2661"),
    Reason(CDN, 12, "sds-mismatch", "Diffserv code point not acceptable", BOTH, "RFC 3308"),
    Reason(CDN, 13, "lost-tie-breaker", "lost the session tie breaker", V3, "RFC 3931"),
    Reason(CDN, 14, "unsupported-pw-type", "pseudowire type not supported", V3, "RFC 3931"),
    Reason(CDN, 15, "sequencing-without-l2ss", "sequencing without a valid sublayer", V3, "RFC 3931"),
    Reason(CDN, 16, "fsm-error-or-timeout", "finite state machine error or timeout", V3, "RFC 3931"),
    Reason(CDN, 17, "fr-pvc-deleted", "Frame Relay circuit deleted", V3, "RFC 4591"),
    Reason(CDN, 18, "fr-pvc-inactive", "Frame Relay circuit inactive", V3, "RFC 4591"),
    Reason(CDN, 19, "fr-header-mismatch", "Frame Relay header lengths differ", V3, "RFC 4591"),
    Reason(CDN, 20, "hdlc-deleted", "HDLC link deleted", V3, "RFC 4349"),
    Reason(CDN, 21, "hdlc-inactive", "HDLC link inactive", V3, "RFC 4349"),
    Reason(CDN, 22, "oam-emulation-unsupported", "OAM emulation not supported", V3, "RFC 4454"),
    Reason(CDN, 23, "interface-mtu-mismatch", "interface MTUs differ", V3, "RFC 4667"),
    Reason(CDN, 24, "forwarder-missing", "attempt to connect to a forwarder that does not exist", V3, "RFC 4667"),
    Reason(CDN, 25, "forwarder-unauthorized", "attempt to connect to a forwarder without authorization", V3, "RFC 4667"),
    Reason(CDN, 26, "loop-detected", "loop detected", V3, "draft-ietf-l2tpext-tunnel-switching"),
    Reason(CDN, 27, "ac-bound-other-pe", "attachment circuit bound to another provider edge", V3, "RFC 6074"),
    Reason(CDN, 28, "ac-bound-other-ac", "attachment circuit bound to another attachment circuit", V3, "RFC 6074"),
    Reason(CDN, 29, "unassigned", "unassigned", BOTH, "IANA"),
    Reason(CDN, 30, "tdm-parameters", "TDM parameters do not fit", V3, "RFC 5611"),
    Reason(CDN, 31, "sequencing-unsupported", "sequencing not supported", V3, "RFC 6073"),
    Reason(CDN, 768, "byte-swapped 3", "administrative disconnect (sent byte-swapped)", V2, "Apple pppd"),
    Reason(MSEN, 0, "reserved", "reserved, never valid", BOTH, "RFC 4045 §6.1.5"),
    Reason(MSEN, 1, "no-traffic", "no multicast traffic for the group", BOTH, "RFC 4045 §6.1.5"),
    Reason(MSEN, 2, "see-error-code", "general error", BOTH, "RFC 4045 §6.1.5"),
    Reason(MSEN, 3, "no-receivers", "no more receivers", BOTH, "RFC 4045 §6.1.5"),
    Reason(MSEN, 4, "no-receivers-filter", "no more receivers (filter mode changed)", BOTH, "RFC 4045 §6.1.5"),
    Reason(GENERAL, 0, "none", "no general error", BOTH, "RFC 2661"),
    Reason(GENERAL, 1, "no-control-connection", "no control connection exists yet", BOTH, "RFC 2661"),
    Reason(GENERAL, 2, "bad-length", "length is wrong", BOTH, "RFC 2661"),
    Reason(GENERAL, 3, "out-of-range", "a field is out of range, or a reserved one not zero", BOTH, "RFC 2661"),
    Reason(GENERAL, 4, "no-resources", "no resources", BOTH, "RFC 2661"),
    Reason(GENERAL, 5, "bad-session-id", "Session ID is invalid here", BOTH, "RFC 2661"),
    Reason(GENERAL, 6, "vendor-specific", "generic vendor-specific error", BOTH, "RFC 2661"),
    Reason(GENERAL, 7, "try-another", "try another peer", BOTH, "RFC 2661"),
    Reason(GENERAL, 8, "unknown-mandatory-avp", "unknown AVP with the M bit", BOTH, "RFC 2661"),
    Reason(GENERAL, 9, "try-another-directed", "try another of the peers named in the message", BOTH, "RFC 3931"),
    Reason(GENERAL, 10, "next-hop-unreachable", "next hop unreachable", BOTH, "draft-ietf-l2tpext-tunnel-switching"),
    Reason(GENERAL, 11, "next-hop-busy", "next hop busy", BOTH, "draft-ietf-l2tpext-tunnel-switching"),
    Reason(GENERAL, 12, "tsa-busy", "tunnel switching aggregator busy", BOTH, "draft-ietf-l2tpext-tunnel-switching"),
    Reason(TDM, 0, "tdm-0", "reserved", V3, "RFC 5611 §4"),
    Reason(TDM, 1, "tdm-1", "bit rates differ", V3, "RFC 5611 §4"),
    Reason(TDM, 2, "tdm-2", "trunk types differ", V3, "RFC 5611 §4"),
    Reason(TDM, 3, "tdm-3", "payload size too big or too small", V3, "RFC 5611 §4"),
    Reason(TDM, 4, "tdm-4", "RTP header cannot be made", V3, "RFC 5611 §4"),
    Reason(TDM, 5, "tdm-5", "clock frequency of the time stamp cannot be made", V3, "RFC 5611 §4"),
)

_BY_CODE = {(reason.scope, reason.code): reason for reason in REASONS}
_SCOPES = {MessageType.STOPCCN: STOPCCN, MessageType.CDN: CDN, MessageType.MSEN: MSEN}


class DisconnectCause(OpenEnum):
    """Why PPP ended, as the peer of the tunnel tells it (RFC 3145 §3)."""

    NO_INFORMATION = 0
    ADMINISTRATIVE = 1
    LCP_RENEGOTIATION_DISABLED = 2
    NORMAL = 3
    ENCRYPTION_REFUSED = 4
    LCP_TIMEOUT = 5
    NO_LCP = 6
    LOOPED = 7
    ECHO_TIMEOUT = 8
    UNEXPECTED_DISCRIMINATOR = 9
    UNEXPECTED_MRRU = 10
    UNEXPECTED_SSNHF = 11
    CALLBACK_REFUSED = 12
    AUTHENTICATION_TIMEOUT = 13
    UNEXPECTED_NAME = 14
    AUTHENTICATION_UNACCEPTABLE = 15
    AUTHENTICATION_FAILED = 16
    NCP_TIMEOUT = 17
    NO_NCP = 18
    NCP_NOT_CONVERGING = 19
    NO_ADDRESS = 20


DISCONNECT_CAUSES: dict[int, tuple[str, str, str]] = {
    0: ("no information", "", ""),
    1: ("administrative disconnect", "", ""),
    2: ("renegotiation of LCP is disabled at the LNS, and the LAC sent no LCP of its own", "", ""),
    3: ("LCP Terminate-Request", "sent by the PPP peer", "sent to the PPP peer"),
    4: ("encryption refused", "by the PPP peer", "by the sender"),
    5: ("LCP timed out", "", ""),
    6: ("no LCP packet received", "", ""),
    7: ("magic number error, the line may be looped", "", ""),
    8: ("LCP echo timed out", "", ""),
    9: ("unexpected endpoint discriminator for the bundle", "", ""),
    10: ("unexpected MRRU for the bundle", "", ""),
    11: ("unexpected short sequence number option for the bundle", "", ""),
    12: ("call-back refused", "by the PPP peer", "by the sender"),
    13: ("authentication timed out", "", ""),
    14: ("unexpected authenticated name for the bundle", "", ""),
    15: ("no acceptable authentication protocol", "the PPP peer rejected all", "the sender accepts none of the PPP peer's"),
    16: ("bad name, password or secret", "the PPP peer failed the sender's check", "the sender failed the PPP peer's check"),
    17: ("network control protocol timed out", "", ""),
    18: ("no network control protocol opened", "", ""),
    19: ("address negotiation did not converge", "too many Naks received", "too many Naks sent"),
    20: ("no permitted address", "the sender's is unacceptable to the PPP peer", "the PPP peer's is unacceptable to the sender"),
}
"""Meaning, and what direction 1 (at the PPP peer) and 2 (at the sender of the message) add to it."""


def explain_result(message_type: MessageType, result: int) -> str:
    """What a result code of that message means, in a few words without the number."""
    reason = _BY_CODE.get((_SCOPES.get(message_type, CDN), result))
    return reason.meaning if reason else f"unknown result {result}"


def explain_error(message_type: MessageType, result: int, error: int | None) -> str | None:
    """What the error code beside that result means; None: there is no error.

    *Source*: RFC 2661 §4.4.2: with StopCCN 5 the field holds the highest version supported; RFC 5611 §4: with CDN 30 it
    is one of TDM.
    """
    if error is None:
        return None
    if message_type == MessageType.STOPCCN and result == 5:
        return f"highest version supported {error >> 8}.{error & 0xFF}"
    tdm = message_type == MessageType.CDN and result == 30
    if not error and not tdm:
        return None
    reason = _BY_CODE.get((TDM if tdm else GENERAL, error))
    return reason.meaning if reason else f"unknown error {error}"


def explain_disconnect(cause: int, direction: int = 0) -> str:
    """What a PPP disconnect cause means, with whose doing it was where the direction says so."""
    meaning, at_peer, at_local = DISCONNECT_CAUSES.get(cause, (f"unknown cause {cause}", "", ""))
    detail = {1: at_peer, 2: at_local}.get(direction, "")
    return f"{meaning} ({detail})" if detail else meaning
