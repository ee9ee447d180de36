"""Captures written down message by message: what a test says is what is on the wire."""

from __future__ import annotations

import struct
from io import BytesIO

from simulation import TYPES, avp

import l2tpscope
from l2tpscope.report import Report

A, B, C = b"\xc6\x33\x64\x0a", b"\xcb\x00\x71\x05", b"\xc6\x33\x64\x63"
"""Initiator, responder, and another host."""
NUMBERS = {**TYPES, "OCRQ": 7, "OCRP": 8, "OCCN": 9, "CDN": 14, "WEN": 15, "SLI": 16}


def u16(value: int) -> bytes:
    """Two octets."""
    return struct.pack(">H", value)


class Script:
    """Frames put together by hand; `report()` reads them."""

    def __init__(self) -> None:
        self.records: list[tuple[float, bytes]] = []

    def udp(self, time: float, source: bytes, destination: bytes, payload: bytes, sport: int = 1701, dport: int = 1701) -> None:
        """A datagram in an Ethernet frame."""
        udp = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload
        ip_id = len(self.records) & 0xFFFF
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), ip_id, 0, 64, 17, 0, source, destination)
        self.records.append((time, b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + udp))

    def control(
        self,
        time: float,
        source: bytes,
        destination: bytes,
        message: str,
        tunnel: int,
        ns: int,
        nr: int,
        *,
        session: int = 0,
        assigned: int | None = None,
        own_session: int | None = None,
        result: bytes | None = None,
        extra: bytes = b"",
        sport: int = 1701,
        dport: int = 1701,
    ) -> None:
        """A control message; *assigned* is its Assigned Tunnel ID, *own_session* its Assigned Session ID."""
        octets = b"" if message == "ZLB" else avp(0, u16(NUMBERS[message]))
        if message in ("SCCRQ", "SCCRP"):
            octets += avp(2, b"\1\0") + avp(3, b"\0\0\0\3") + avp(7, b"host")
        octets += avp(9, u16(assigned)) if assigned is not None else b""
        octets += avp(14, u16(own_session)) if own_session is not None else b""
        octets += avp(1, result) if result is not None else b""
        octets += avp(15, b"\0\0\0\7") if message in ("ICRQ", "OCRQ") else b""
        octets += avp(24, b"\0\1\0\0") + avp(19, b"\0\0\0\1") if message in ("ICCN", "OCCN") else b""
        header = struct.pack(">HHHHHH", 0xC802, 12 + len(octets) + len(extra), tunnel, session, ns & 0xFFFF, nr & 0xFFFF)
        self.udp(time, source, destination, header + octets + extra, sport, dport)

    def data(
        self, time: float, source: bytes, destination: bytes, tunnel: int, session: int, *, sport: int = 1701, dport: int = 1701
    ) -> None:
        """A data packet without a sequence number."""
        self.udp(time, source, destination, struct.pack(">HHH", 2, tunnel, session) + b"\xff\x03\x00\x21" + bytes(40), sport, dport)

    def sequenced(self, time: float, source: bytes, destination: bytes, tunnel: int, session: int, number: int) -> None:
        """A data packet with the S bit and a sequence number."""
        self.udp(time, source, destination, struct.pack(">HHHHH", 0x0802, tunnel, session, number, 0) + b"\xff\x03\x00\x21" + bytes(40))

    def call(self, time: float) -> None:
        """A session of the tunnel that `set_up` made: ids 31 and 47."""
        self.control(time, A, B, "ICRQ", 9, 2, 1, own_session=31)
        self.control(time + 0.1, B, A, "ICRP", 5, 1, 3, session=31, own_session=47)
        self.control(time + 0.2, A, B, "ICCN", 9, 3, 2, session=47)

    def set_up(self, time: float, a: int = 5, b: int = 9, *, sport: int = 1701, reply_port: int = 1701) -> None:
        """A tunnel comes up in 0.3 s: ids *a* and *b*."""
        self.control(time, A, B, "SCCRQ", 0, 0, 0, assigned=a, sport=sport)
        self.control(time + 0.1, B, A, "SCCRP", a, 0, 1, assigned=b, sport=reply_port, dport=sport)
        self.control(time + 0.2, A, B, "SCCCN", b, 1, 1, sport=sport, dport=reply_port)
        self.control(time + 0.3, B, A, "ZLB", a, 1, 2, sport=reply_port, dport=sport)

    def file(self) -> bytes:
        """The frames as a pcap file."""
        header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
        return header + b"".join(
            struct.pack("<IIII", 1_700_000_000 + int(time), round(time % 1 * 1e6), len(octets), len(octets)) + octets
            for time, octets in self.records
        )

    def report(self, **options: object) -> Report:
        """What the program says of them."""
        return l2tpscope.read(BytesIO(self.file()), **options)  # type: ignore[arg-type]
