"""OpenEnum: a known name or UNKNOWN_<n>."""

from __future__ import annotations

from enum import IntEnum
from typing import Self


class OpenEnum(IntEnum):
    """An enumeration that has a member for every number: those nobody named are `UNKNOWN_<n>`.

    An unknown member is made anew each time and kept nowhere, so that hostile numbers cost no memory: compare members
    with `==`, not with `is`.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = cls.unknown_name(value)
        member._value_ = value
        return member

    @classmethod
    def unknown_name(cls, value: int) -> str:
        """How a number without a name is called."""
        return f"UNKNOWN_{value}"

    @property
    def known(self) -> bool:
        """Whether the number has a name of its own."""
        return self._value_ in type(self)._value2member_map_
