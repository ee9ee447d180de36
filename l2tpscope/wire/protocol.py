"""Protocol: name and decode; PROTOCOLS: the explicit list of what can be decoded from octets alone.

Every decoder is total: any octets give a value with `anomalies`, none an exception; the tests go through this list.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import dataclass

from l2tpscope.core.anomaly import Anomaly
from l2tpscope.wire.icmp import decode_icmp6_error, decode_icmp_error
from l2tpscope.wire.ike import decode_ike
from l2tpscope.wire.l2f import decode_l2f
from l2tpscope.wire.l2tp.control import decode_control
from l2tpscope.wire.ppp import decode_ppp


class Decoded(typing.Protocol):
    """What a decoder gives."""

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """What is odd about the octets."""
        ...


@dataclass(frozen=True, slots=True)
class Protocol:
    """One protocol."""

    name: str
    decode: Callable[[bytes, int | None], Decoded]
    """Octets, and how many there were on the wire (None: these)."""


PROTOCOLS: tuple[Protocol, ...] = (
    Protocol("l2tp control", decode_control),
    Protocol("ike", decode_ike),
    Protocol("l2f", decode_l2f),
    Protocol("ppp", decode_ppp),
    Protocol("icmp error", decode_icmp_error),
    Protocol("icmpv6 error", decode_icmp6_error),
)
