"""AvpRow: what the table knows of an AVP."""

from __future__ import annotations

from typing import NamedTuple

V2: tuple[int, ...] = (2,)
V3: tuple[int, ...] = (3,)
BOTH: tuple[int, ...] = (2, 3)
MAY_HIDE, NEVER_HIDDEN = True, False


class AvpRow(NamedTuple):
    """One attribute."""

    vendor: int
    type: int
    name: str
    format: str
    """A key of `formats.FORMATS`."""
    versions: tuple[int, ...]
    """In which versions of L2TP it is defined."""
    may_hide: bool
    source: str
    secret: bool = False
    """Gives away a password, or serves to guess one: outputs mask it."""

    @property
    def key(self) -> int:
        """`vendor << 16 | type`."""
        return self.vendor << 16 | self.type
