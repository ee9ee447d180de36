"""An endless stream of tunnels, watched: `python tests/endless.py TUNNELS` prints what is left of them, and what memory they took.

Each comes from another address, is set up and closed within 0.2 s, every tenth with a session that carries two packets; twenty a second by
the clock of the capture, so that ten minutes hold 12,000. One that was set up first stays, and says HELLO every minute.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
import threading
from collections.abc import Iterator

import l2tpscope
from l2tpscope.capture import pace

PER_SECOND, CALLED = 20, 10
PIECE_S = 300
IP_IN_PPP = b"\xff\x03\x00\x21" + bytes(40)
LNS = bytes([203, 0, 113, 1])
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
SCCRQ, SCCRP, SCCCN, STOPCCN, HELLO, ICRQ, ICRP, ICCN = 1, 2, 3, 4, 6, 10, 11, 12
TUNNEL_ID, SESSION_ID, RESULT = 9, 14, 1


def packet(time: float, source: bytes, destination: bytes, payload: bytes) -> bytes:
    """A record of a capture: Ethernet, IPv4 and UDP between ports 1701 around an L2TP message."""
    udp = struct.pack(">HHHH", 1701, 1701, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, source, destination) + udp
    frame = bytes(12) + b"\x08\x00" + ip
    return struct.pack("<IIII", int(time), int(time % 1 * 1e6), len(frame), len(frame)) + frame


def avp(kind: int, value: int) -> bytes:
    """An AVP of two octets, mandatory (RFC 2661 §4.1)."""
    return struct.pack(">HHHH", 0x8008, 0, kind, value)


def control(ids: tuple[int, int], numbers: tuple[int, int], message: int | None, *avps: bytes) -> bytes:
    """A control message, or a ZLB (RFC 2661 §3.1)."""
    body = b"" if message is None else avp(0, message) + b"".join(avps)
    return struct.pack(">HHHHHH", 0xC802, 12 + len(body), *ids, *numbers) + body


def life(number: int, begin: float, *, closes: bool = True) -> Iterator[bytes]:
    """One tunnel with a session, from its SCCRQ on."""
    client = bytes([10, *(number & 0xFFFFFF).to_bytes(3, "big")])
    here, there = number % 60_000 + 1, (number * 7) % 60_000 + 2
    called = number % CALLED == 0
    up, back = (4, 2) if called else (2, 1)
    said = [
        (True, control((0, 0), (0, 0), SCCRQ, avp(TUNNEL_ID, here))),
        (False, control((here, 0), (0, 1), SCCRP, avp(TUNNEL_ID, there))),
        (True, control((there, 0), (1, 1), SCCCN)),
        *(call(here, there) if called else ()),
        (True, control((there, 0), (up, back), STOPCCN, avp(TUNNEL_ID, here), avp(RESULT, 1))),
        (False, control((here, 0), (back, up + 1), None)),
    ]
    for step, (sent, payload) in enumerate(said if closes else said[:-2]):
        yield packet(begin + step * 0.02, client if sent else LNS, LNS if sent else client, payload)


def call(here: int, there: int) -> Iterator[tuple[bool, bytes]]:
    """A session and a packet in either direction, each with whether the initiator sent it."""
    yield True, control((there, 0), (2, 1), ICRQ, avp(SESSION_ID, 1))
    yield False, control((here, 1), (1, 3), ICRP, avp(SESSION_ID, 2))
    yield True, control((there, 2), (3, 2), ICCN)
    yield True, struct.pack(">HHH", 0x0002, there, 2) + IP_IN_PPP
    yield False, struct.pack(">HHH", 0x0002, here, 1) + IP_IN_PPP


def hello(number: int, time: float) -> Iterator[bytes]:
    """The HELLO of the tunnel that stays, its *number*-th, and its acknowledgement."""
    client, ns = bytes([10, 0, 0, 0]), (4 + number) & 0xFFFF
    yield packet(time, client, LNS, control((2, 0), (ns, 2), HELLO))
    yield packet(time + 0.01, LNS, client, control((1, 0), (2, (ns + 1) & 0xFFFF), None))


def stream(tunnels: int) -> Iterator[list[bytes]]:
    """The whole capture, in the order of time, in pieces of five minutes."""
    begin = 1_700_000_000.0
    piece = [HEADER, *life(0, begin, closes=False)]
    for number in range(1, tunnels):
        time = begin + number / PER_SECOND
        if number % (PIECE_S * PER_SECOND) == 0:
            yield piece
            piece = []
        if number % (60 * PER_SECOND) == 0:
            piece += hello(number // (60 * PER_SECOND) - 1, time)
        piece += life(number, time + 1e-3)
    yield piece


def main() -> None:
    """Watch it, and say what there is: a report at least at the end of each piece, however slow the machine."""
    tunnels = int(sys.argv[1])
    pace.SHARE = 0.9  # nobody waits for packets here
    reading, writing = os.pipe()
    seen, frames = threading.Semaphore(0), -1  # the header is no frame

    def write() -> None:
        nonlocal frames
        with open(writing, "wb", buffering=0) as pipe:
            for piece in stream(tunnels):
                frames += len(piece)
                written = memoryview(b"".join(piece))
                while written:
                    written = written[pipe.write(written) :]
                seen.acquire()

    threading.Thread(target=write, daemon=True).start()
    memory: list[int] = []
    with open(reading, "rb", buffering=0) as pipe:
        for report in l2tpscope.watch(pipe, interval_s=1):
            if report.rows("captures")[0].frames == frames and len(memory) < tunnels / PER_SECOND / PIECE_S:
                memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
                seen.release()
    rows = report.rows("tunnels")
    print(
        json.dumps(
            {
                "memory": memory,
                "tunnels": len(rows),
                "newest": [rows[-1].initiator, rows[-1].state, rows[-1].data_packets_to_responder],
                "oldest": [
                    rows[0].initiator,
                    rows[0].state,
                    rows[0].data_packets_to_responder,
                    rows[0].hellos,
                    rows[0].retransmissions_to_responder,
                ],
                "unmeasured": sorted({row.space for row in report.rows("loss") if row.lost}),
                "notes": list(report.notes),
                "frames": report.rows("captures")[0].frames,
            }
        )
    )


if __name__ == "__main__":
    main()
