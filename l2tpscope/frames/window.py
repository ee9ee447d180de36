"""Octets in columns: the first octets of many headers as rows of one array, every field a column of it.

One copy of a 64-octet row costs as much as one unaligned 16-bit gather, and every field after it is nearly free: so a
header is fetched once and then read in columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from l2tpscope.capture.batch import SLACK

Int64s = NDArray[np.int64]
Octet = NDArray[np.uint8]
Words = NDArray[np.uint16]
Bools = NDArray[np.bool_]
Rows = NDArray[Any]
"""(n,) rows of `ROW`."""

WIDTH = 64
NETWORK = 20
"""A row holds 20 octets of IP header, then what follows the IP header and its options or extension headers."""

FIELDS: list[tuple[str, str, int]] = [
    ("first", "u1", 0),  # version and header length
    ("total", ">u2", 2),  # IPv4: total length
    ("identification", ">u2", 4),
    ("fragment", ">u2", 6),
    ("protocol", "u1", 9),  # IPv6: the last next header, written there by network.py
    ("source", ">u4", 12),
    ("destination", ">u4", 16),
    ("source_port", ">u2", 20),
    ("destination_port", ">u2", 22),
    ("icmp_type", "u1", 20),
    ("spi", ">u4", 20),  # ESP; protocol 115: Session ID
    ("udp_octets", ">u2", 24),
    ("after_ports", ">u4", 24),  # UDP length and checksum; ESP sequence number; AH SPI
    ("flags", ">u2", 28),  # from here on: what UDP carries
    ("marker", ">u4", 28),
    ("length", ">u2", 30),
    ("at2", ">u4", 30),
    ("at4", ">u4", 32),
    ("at6", ">u4", 34),
    ("at8", ">u4", 36),
    ("word6", ">u2", 34),  # where PPP begins behind a header of 6, 8, 10 or 12 octets
    ("word8", ">u2", 36),
    ("word10", ">u2", 38),
    ("word12", ">u2", 40),
    ("raw2", "=u4", 2),  # the same octets in the machine's own order: only to be compared with each other
    ("raw12", "=u4", 12),
    ("raw20", "=u4", 20),
    ("raw24", "=u4", 24),
    ("raw30", "=u4", 30),
    ("raw34", "=u4", 34),
    ("tcp_offset", "u1", 32),  # sequence number at after_ports, acknowledgement at marker
    ("tcp_flags", "u1", 33),
    ("tcp_stamp", ">u4", 44),  # TSval and TSecr behind a TCP header of 20 octets and two NOPs
    ("tcp_echo", ">u4", 48),
    ("tcp20", "=u4", 40),  # what is behind a TCP header of 20 octets, and of 32
    ("tcp32", "=u4", 52),
    ("avp", ">u2", 40),  # the first AVP: flags and length, vendor and type, value
    ("avp_type", ">u4", 42),
    ("message_type", ">u2", 46),
    ("ike_length", ">u4", 52),  # IKE's Length, without and with a non-ESP marker
    ("natt_length", ">u4", 56),
]
"""Every field of a row: name, type, offset."""

ROW = np.dtype(
    {
        "names": [name for name, _, _ in FIELDS],
        "formats": [kind for _, kind, _ in FIELDS],
        "offsets": [offset for _, _, offset in FIELDS],
        "itemsize": WIDTH,
    }
)


class Views:
    """A buffer seen as octets, 16-bit numbers and rows that begin at every octet.

    *Bias*: an offset is not checked against the end of its frame: the caller compares lengths. SLACK octets behind the
    last record keep every row inside the buffer.
    """

    def __init__(self, octets: bytearray) -> None:
        self.octets = octets
        size = len(octets)
        self.u8: Octet = np.frombuffer(octets, np.uint8)
        self._next: Octet = self.u8[1:]
        self._rows: Rows = np.ndarray((size - WIDTH,), f"V{WIDTH}", octets, 0, (1,))

    def u16(self, at: Int64s) -> Words:
        """The 16-bit number at each offset; from two octets, which is twice as quick as an unaligned fetch."""
        words: Words = self.u8[at].astype(np.uint16)
        words <<= 8
        words |= self._next[at]
        return words

    def rows(self, at: Int64s) -> Rows:
        """The row that begins at each offset. *Shape*: (n,) of ROW."""
        rows: Rows = self._rows[at].view(ROW)
        return rows

    def matrix(self, at: Int64s, width: int) -> Octet:
        """*width* octets from each offset on. *Shape*: (n, width)."""
        every = np.ndarray((len(self.octets) - width,), f"V{width}", self.octets, 0, (1,))
        return every[at].view(np.uint8).reshape(-1, width)


def select(rows: Rows, which: Any) -> Rows:
    """Some of the rows; as plain memory, which is five times quicker than as records."""
    some: Rows = rows.view(f"V{WIDTH}")[which].view(ROW)
    return some


def blank(rows: Rows, there: Int64s) -> None:
    """Set to 0, in place, what was not captured of the octets behind the IP header; *there* says how many were."""
    short = np.flatnonzero(there < WIDTH - NETWORK)
    if len(short):
        octets = rows.view(np.uint8).reshape(-1, WIDTH)
        some = octets[short]
        some[np.arange(WIDTH) >= NETWORK + there[short, None]] = 0
        octets[short] = some


class Arena:
    """The batch's buffer, and behind it room for datagrams that were put together from fragments.

    The buffer is copied only when the first datagram comes; offsets into it stay what they were.
    """

    def __init__(self, octets: bytearray) -> None:
        self.octets = octets
        self.begin = len(octets)
        """Offsets from here on lie in no frame."""
        self._used = len(octets)

    def append(self, datagram: bytes) -> int:
        """Add a datagram; say where it begins."""
        at = self._used
        self._used += len(datagram)
        if self._used + SLACK > len(self.octets):
            grown = bytearray(self._used + SLACK + max(1 << 16, (self._used - self.begin)))
            grown[:at] = memoryview(self.octets)[:at]
            self.octets = grown
        self.octets[at : self._used] = datagram
        return at
