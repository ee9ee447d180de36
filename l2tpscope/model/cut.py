"""Cut: where an id that a receiver gave out begins to mean something new."""

from __future__ import annotations

from typing import NamedTuple

ANY_TUNNEL = -1
"""In place of a Tunnel ID: a session of L2TPv3, whose id means the same whatever the control connection."""


class Cut(NamedTuple):
    """From this row on, an id that a receiver gave out means something new."""

    row: int
    receiver: int
    """Address key."""
    tunnel: int
    session: int | None
    """None: all sessions of the tunnel."""
