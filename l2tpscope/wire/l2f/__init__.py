"""L2F, the forerunner of L2TP on the same port: from octets to messages. *Source*: RFC 2341."""

from l2tpscope.wire.l2f.names import AUTHENTICATIONS, OPTIONS, L2fMessage, L2fProtocol, explain_close
from l2tpscope.wire.l2f.packet import L2fHeader, L2fOption, L2fPacket, decode_l2f

__all__ = ["AUTHENTICATIONS", "OPTIONS", "L2fHeader", "L2fMessage", "L2fOption", "L2fPacket", "L2fProtocol", "decode_l2f", "explain_close"]
