"""L2TP control messages (RFC 2661, 3931) and their AVPs."""

from l2tpscope.wire.l2tp.avp import Avp
from l2tpscope.wire.l2tp.codes import MessageType
from l2tpscope.wire.l2tp.control import ControlMessage, decode_control
from l2tpscope.wire.l2tp.hidden import challenge_response, check_digest, check_response, reveal
from l2tpscope.wire.l2tp.results import DisconnectCause, explain_disconnect, explain_error, explain_result
from l2tpscope.wire.l2tp.values import PppDisconnectCause, ResultCode

__all__ = [
    "Avp",
    "ControlMessage",
    "DisconnectCause",
    "MessageType",
    "PppDisconnectCause",
    "ResultCode",
    "challenge_response",
    "check_digest",
    "check_response",
    "decode_control",
    "explain_disconnect",
    "explain_error",
    "explain_result",
    "reveal",
]
