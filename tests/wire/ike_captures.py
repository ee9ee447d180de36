"""IKE messages of captures, found as the program finds them: through frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from l2tpscope.capture import merged, open_captures
from l2tpscope.frames import Decoder, Endpoint, Kind
from l2tpscope.wire.ike import IkeMessage, decode_ike

CAPTURES = Path(__file__).resolve().parents[3] / "shared" / "captures"
MARKER, NATT_PORT = bytes(4), 4500


class Sent(NamedTuple):
    """One IKE message and its way."""

    frame: int
    sender: Endpoint
    receiver: Endpoint
    message: IkeMessage


def read_ike(path: Path) -> Iterator[Sent]:
    """All IKE messages of a capture, without the non-ESP marker."""
    decoder = Decoder(())
    for batch in merged(open_captures([str(path)])):
        if not len(batch):
            continue
        frames = decoder.decode(batch)
        for row in (frames.kind == Kind.IKE).nonzero()[0].tolist():
            at, size, captured = int(frames.payload[row]), int(frames.payload_octets[row]), int(frames.payload_captured[row])
            octets = bytes(frames.octets[at : at + min(size, captured)])
            sender, receiver = frames.source_endpoint(row), frames.destination_endpoint(row)
            if NATT_PORT in (sender.port, receiver.port) and octets.startswith(MARKER):
                octets, size = octets[4:], size - 4
            yield Sent(int(frames.frame[row]), sender, receiver, decode_ike(octets, size))
