"""Where the records of a classic pcap block begin: the plain walk, one record after the other.

It is the specification of `lanes`, which finds the same offsets faster, and what that falls back on.
"""

from __future__ import annotations

import sys
from enum import Enum
from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]

RECORD_LIMIT = 262144
"""Octets a record may have captured: as Wireshark limits it; more is taken for a damaged file, and memory is not spent on it."""


class Lengths(Enum):
    """Which of the two lengths of a record header says how much was captured."""

    FIRST = 8
    """The first: files since version 2.4."""
    SECOND = 12
    """The second: before version 2.3."""
    SMALLER = 0
    """Version 2.3 was written either way: the smaller one."""


class Form(NamedTuple):
    """How the record headers of a file are laid out."""

    order: str
    """`<` or `>`."""
    header: int
    """Octets of a record header: 16, or 24 in the modified format."""
    lengths: Lengths


class Walk(NamedTuple):
    """The whole records of a block."""

    offsets: Int64s
    """Where each record header begins."""
    stop: int
    """Where the first record begins that is not whole."""
    lying: bool
    """It claims more than RECORD_LIMIT octets."""


def walk(octets: bytearray, start: int, end: int, form: Form, most: int = sys.maxsize) -> Walk:
    """The records that are whole within `[start, end)`, and no more than *most*."""
    lengths_at = Struct(f"{form.order}8xII").unpack_from
    offsets: list[int] = []
    at, lying = start, False
    while at + form.header <= end and len(offsets) < most:
        first, second = lengths_at(octets, at)
        captured = first
        if form.lengths is not Lengths.FIRST:
            captured = second if form.lengths is Lengths.SECOND else min(first, second)
        if captured > RECORD_LIMIT:
            lying = True
            break
        following = at + form.header + captured
        if following > end:
            break
        offsets.append(at)
        at = following
    return Walk(np.array(offsets, np.int64), at, lying)
