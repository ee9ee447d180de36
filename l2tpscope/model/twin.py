"""Twin: packets that the capture has twice, as ESP and in clear (before encryption or after decryption on a gateway)."""

from __future__ import annotations

from dataclasses import dataclass, field

from l2tpscope.frames import Endpoint


@dataclass(slots=True, eq=False)
class Twin:
    """ESP and clear L2TP from one address to another, side by side.

    A clear frame is matched with one ESP packet whose length fits and which stands at most a few milliseconds from it;
    each is matched once.
    """

    sender: Endpoint
    """Addresses; ports are None."""
    receiver: Endpoint
    esp: int = 0
    """ESP packets while there was clear L2TP between the two as well."""
    clear: int = 0
    """Clear L2TP frames, control and data."""
    matched: int = 0
    matched_under: dict[tuple[int, int], int] = field(default_factory=dict)
    """By SPI and Tunnel ID (of v3: Control Connection ID), both of which the receiver chose; bounded."""
    esp_first: int = 0
    """Of the matched: ESP stands before its clear copy (decrypted on arrival)."""
    delay_median_s: float | None = None
    """From the earlier copy to the later."""
    first: int = 0
    last: int = 0
