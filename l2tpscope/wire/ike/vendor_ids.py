"""vendor_ids: a vendor ID looked up: the longest row that it is, or begins with."""

from __future__ import annotations

from functools import lru_cache

from l2tpscope.wire.ike.vendor_versions import VERSION_IDS
from l2tpscope.wire.ike.vendors import VENDOR_IDS, Row

TELDAT = b"Teldat"
"""Stands behind 9 octets that differ."""


def _index() -> dict[int, dict[bytes, list[Row]]]:
    """The rows by how many octets they give, the longest first."""
    found: dict[int, dict[bytes, list[Row]]] = {}
    for row in (*VENDOR_IDS, *VERSION_IDS):
        begin = bytes.fromhex(row[0])
        found.setdefault(len(begin), {}).setdefault(begin, []).append(row)
    return dict(sorted(found.items(), reverse=True))


_ROWS = _index()


@lru_cache(maxsize=2048)
def find_vendor(octets: bytes) -> tuple[str, str] | None:
    """Name and vendor (empty: of many); None: in no list. Give it short octets only, for it keeps them."""
    size = len(octets)
    for given, rows in _ROWS.items():
        for _, whole, name, vendor in rows.get(octets[:given], ()):
            if whole in (0, size):
                return name, vendor
    return ("Teldat", "Teldat") if octets[9:15] == TELDAT else None
