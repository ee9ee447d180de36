"""names: how endpoints, results and causes are written in the tables."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Any

from l2tpscope.frames import Endpoint
from l2tpscope.model.half import ControlFrame
from l2tpscope.wire.l2tp import PppDisconnectCause, ResultCode, explain_disconnect, explain_error, explain_result

RESULT_CODE, Q931_CAUSE, PPP_DISCONNECT_CAUSE = 1, 12, 46


def endpoint_name(endpoint: Endpoint) -> str:
    """`203.0.113.7:1701`, `[2001:db8::1]:1701`; without a port where there is none."""
    address, port = endpoint
    if len(address) == 4:
        host = ".".join(map(str, address))
        return host if port is None else f"{host}:{port}"
    host = str(IPv6Address(address))
    return host if port is None else f"[{host}]:{port}"


def result_columns(frame: ControlFrame | None) -> dict[str, Any]:
    """The columns result_code ... error_message from a StopCCN or CDN; all None where there is none."""
    code = frame.message.get(RESULT_CODE) if frame is not None and frame.message is not None else None
    if frame is None or frame.message is None or frame.message.type is None or not isinstance(code, ResultCode):
        return dict.fromkeys(("result_code", "result", "error_code", "error", "error_message"))
    kind = frame.message.type
    return {
        "result_code": code.result,
        "result": explain_result(kind, code.result) + (" (sent byte-swapped)" if code.swapped else ""),
        "error_code": code.error,
        "error": explain_error(kind, code.result, code.error),
        "error_message": code.message or None,
    }


def disconnect_cause(frame: ControlFrame | None) -> str | None:
    """What a CDN says beyond its result: the PPP cause of RFC 3145, the Q.931 cause."""
    if frame is None or frame.message is None:
        return None
    parts = []
    for vendor in (0, 43):  # 3Com used it before the RFC
        cause = frame.message.get(PPP_DISCONNECT_CAUSE, vendor)
        if isinstance(cause, PppDisconnectCause):
            text = explain_disconnect(int(cause.code), cause.direction)
            parts.append(f"PPP {int(cause.code)}: {text}" + (f" ({cause.message})" if cause.message else ""))
    q931 = frame.message.get(Q931_CAUSE)
    if q931 is not None:
        parts.append(f"Q.931 cause {q931.cause}" + (f" ({q931.advisory})" if q931.advisory else ""))
    return "; ".join(parts) or None
