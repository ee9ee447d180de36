"""Octets to columns: link to L4, L2TP and ESP headers, vectorised."""

from l2tpscope.frames.columns import Endpoint, Frames, Kind
from l2tpscope.frames.decode import Decoder

__all__ = ["Decoder", "Endpoint", "Frames", "Kind"]
