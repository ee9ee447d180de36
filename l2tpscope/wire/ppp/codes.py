"""codes: what the Code of a packet stands for, by protocol.

*Source*: RFC 1661 §5, 1570 §2, 2153 §2 (LCP); 1962 §3, 1968 §3 (CCP, ECP); 1334 §2.2, 1994 §4, 2433, 2759 (PAP, CHAP); 3748 §4, 6696 (EAP);
draft-gidwani-ppp-callback-cp (CBCP).
"""

from __future__ import annotations

from l2tpscope.wire.ppp.protocols import CBCP, CCP, CHAP, EAP, ECP, ILCCP, ILECP, LCP, PAP

VENDOR, REQUEST, ACK, NAK, REJECT, TERMINATE, TERMINATE_ACK, CODE_REJECT, PROTOCOL_REJECT = range(9)
ECHO, ECHO_REPLY, DISCARD, IDENTIFICATION, TIME_REMAINING, RESET, RESET_ACK = range(9, 16)
CONFIGURE = (REQUEST, ACK, NAK, REJECT)

NCP_CODES: dict[int, str] = {
    VENDOR: "Vendor-Specific",
    REQUEST: "Configure-Request",
    ACK: "Configure-Ack",
    NAK: "Configure-Nak",
    REJECT: "Configure-Reject",
    TERMINATE: "Terminate-Request",
    TERMINATE_ACK: "Terminate-Ack",
    CODE_REJECT: "Code-Reject",
}
LCP_CODES: dict[int, str] = {
    **NCP_CODES,
    PROTOCOL_REJECT: "Protocol-Reject",
    ECHO: "Echo-Request",
    ECHO_REPLY: "Echo-Reply",
    DISCARD: "Discard-Request",
    IDENTIFICATION: "Identification",
    TIME_REMAINING: "Time-Remaining",
}
RESETTABLE_CODES: dict[int, str] = {**NCP_CODES, RESET: "Reset-Request", RESET_ACK: "Reset-Ack"}

PAP_REQUEST, PAP_ACK, PAP_NAK = 1, 2, 3
CHALLENGE, RESPONSE, SUCCESS, FAILURE, CHANGE_1, CHANGE_2, CHANGE = 1, 2, 3, 4, 5, 6, 7
EAP_REQUEST, EAP_RESPONSE, EAP_SUCCESS, EAP_FAILURE, EAP_INITIATE, EAP_FINISH = 1, 2, 3, 4, 5, 6

CODES: dict[int, dict[int, str]] = {
    LCP: LCP_CODES,
    CCP: RESETTABLE_CODES,
    ILCCP: RESETTABLE_CODES,
    ECP: RESETTABLE_CODES,
    ILECP: RESETTABLE_CODES,
    PAP: {PAP_REQUEST: "Authenticate-Request", PAP_ACK: "Authenticate-Ack", PAP_NAK: "Authenticate-Nak"},
    CHAP: {
        CHALLENGE: "Challenge",
        RESPONSE: "Response",
        SUCCESS: "Success",
        FAILURE: "Failure",
        CHANGE_1: "Change-Password v1",
        CHANGE_2: "Change-Password v2",
        CHANGE: "Change-Password",
    },
    EAP: {
        EAP_REQUEST: "Request",
        EAP_RESPONSE: "Response",
        EAP_SUCCESS: "Success",
        EAP_FAILURE: "Failure",
        EAP_INITIATE: "Initiate",
        EAP_FINISH: "Finish",
    },
    CBCP: {1: "Callback-Request", 2: "Callback-Response", 3: "Callback-Ack"},
}
"""Protocols that are not here have `NCP_CODES`."""


def codes_of(protocol: int) -> dict[int, str]:
    """The codes that a protocol has."""
    return CODES.get(protocol, NCP_CODES)
