"""PPP frames (RFC 1661) as L2TP carries them: framing, protocol, and what the control protocols say."""

from __future__ import annotations

from l2tpscope.wire.ppp.control import decode_options
from l2tpscope.wire.ppp.formats import authentication_name
from l2tpscope.wire.ppp.frame import decode_ppp
from l2tpscope.wire.ppp.packet import Framing, Option, PppFrame, PppPacket, Value
from l2tpscope.wire.ppp.protocols import protocol_name

__all__ = [
    "Framing",
    "Option",
    "PppFrame",
    "PppPacket",
    "Value",
    "authentication_name",
    "decode_options",
    "decode_ppp",
    "protocol_name",
]
