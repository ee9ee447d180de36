"""inner_stamps: TCP timestamps, where they stand as every common system writes them: two NOPs, then the option alone.

*Source*: RFC 7323 §3.2 and appendix A. *Bias*: timestamps in any other layout are not read.
"""

from __future__ import annotations

import numpy as np

from l2tpscope.frames.window import Int64s
from l2tpscope.track.inner_packets import InnerPackets

LAYOUT = int(np.frombuffer(bytes((1, 1, 8, 10)), np.uint32)[0])
"""NOP, NOP, kind and length, in the machine's own order."""
WORDS, OCTETS = 8, 32
"""A TCP header of 20 octets, and the option with its padding."""


def stamps(packets: InnerPackets, which: Int64s) -> Int64s:
    """TSval of these segments, plus 1; 0 where there is none. *Shape*: (n,)."""
    return _values(packets, which, "tcp_stamp")


def echoes(packets: InnerPackets, which: Int64s) -> Int64s:
    """TSecr of these acknowledgements, plus 1; 0 where there is none. *Shape*: (n,)."""
    return _values(packets, which, "tcp_echo")


def _values(packets: InnerPackets, which: Int64s, field: str) -> Int64s:
    rows = packets.rows
    stamped = rows["tcp20"][which] == LAYOUT
    stamped &= (rows["tcp_offset"][which] >> 4 >= WORDS) & (packets.there[which] >= OCTETS)
    values: Int64s = np.where(stamped, rows[field][which].astype(np.int64) + 1, 0)
    return values
