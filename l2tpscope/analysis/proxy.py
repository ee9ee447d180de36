"""proxy: what the LAC had negotiated with the user before it called the LNS, as ICCN tells (RFC 2661 §4.4.5, §7.2).

It fills the columns of PPP that PPP in the session left open: with proxy LCP the two may never ask again.
"""

from __future__ import annotations

from typing import Any

from l2tpscope.model.channel import Call
from l2tpscope.wire.l2tp import ControlMessage

LAST_SENT, LAST_RECEIVED, AUTHEN_TYPE, AUTHEN_NAME = 27, 28, 29, 30
LCP, MRU, AUTHENTICATION = 0xC021, 1, 3
METHODS = {1: "text", 2: "CHAP MD5", 3: "PAP", 5: "CHAP MS-CHAP", 7: "EAP"}
"""Of Proxy Authen Type; 4 is none."""


def proxied(call: Call) -> dict[str, Any]:
    """Columns of the session that its ICCN fills; the initiator of the tunnel is the LAC, and stands for the user."""
    message = call.connected.message if call.connected is not None and call.kind == "incoming" else None
    if message is None:
        return {}
    kind, name = message.get(AUTHEN_TYPE), message.get(AUTHEN_NAME)
    method = METHODS.get(int(kind)) if isinstance(kind, int) else None
    method = method or _option(message, LAST_SENT, AUTHENTICATION)
    columns = {
        "ppp_auth": f"{method} (by proxy)" if method else None,
        "ppp_user": name if isinstance(name, str) else None,
        "mru_to_initiator": _number(message, LAST_RECEIVED),
        "mru_to_responder": _number(message, LAST_SENT),
    }
    return {column: value for column, value in columns.items() if value is not None}


def _number(message: ControlMessage, avp: int) -> int | None:
    value = _option(message, avp, MRU)
    return int(value) if value is not None and value.isdecimal() else None


def _option(message: ControlMessage, avp: int, option: int) -> str | None:
    """The value of an option in the LCP request that an AVP holds."""
    octets = message.get(avp)
    if not isinstance(octets, bytes):
        return None
    from l2tpscope.wire.ppp import decode_options  # noqa: PLC0415 - not loaded for calls without proxy LCP

    return next((one.value for one in decode_options(LCP, octets) if one.type == option), None)
