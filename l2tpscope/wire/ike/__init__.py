"""IKEv1 (RFC 2408, 2409) and IKEv2 (RFC 7296) messages: everything that is in clear."""

from __future__ import annotations

from l2tpscope.wire.ike.algorithms import Agreed, chosen, offered
from l2tpscope.wire.ike.implementation import implementation
from l2tpscope.wire.ike.message import IkeMessage, decode_ike, exchange_name
from l2tpscope.wire.ike.nat import nat_d
from l2tpscope.wire.ike.payloads import Fragment, Identification, NatD, Notify, VendorId

__all__ = [
    "Agreed",
    "Fragment",
    "Identification",
    "IkeMessage",
    "NatD",
    "Notify",
    "VendorId",
    "chosen",
    "decode_ike",
    "exchange_name",
    "implementation",
    "nat_d",
    "offered",
]
