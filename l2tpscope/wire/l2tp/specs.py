"""Which AVPs each message must and may carry, one row a message and version.

AVPs of vendors, Random Vector and Extended Vendor ID may be in any. *Source*: as on each row, and the later RFCs of
the AVPs themselves.
"""

from __future__ import annotations

from typing import NamedTuple

from l2tpscope.wire.l2tp.codes import MessageType as M
from l2tpscope.wire.l2tp.rows import BOTH, V2, V3


class MessageSpec(NamedTuple):
    """One message."""

    type: M
    versions: tuple[int, ...]
    required: tuple[int, ...]
    """Attribute types, all of the IETF."""
    optional: tuple[int, ...]
    source: str


SPECS: tuple[MessageSpec, ...] = (
    MessageSpec(M.SCCRQ, V2, (0, 2, 3, 7, 9), (4, 5, 6, 8, 10, 11, 36, 47, 53, 56, 57, 76, 77, 80, 93), "RFC 2661 §6.1"),
    MessageSpec(M.SCCRP, V2, (0, 2, 3, 7, 9), (4, 6, 8, 10, 11, 13, 36, 47, 53, 56, 57, 76, 78, 80), "RFC 2661 §6.2"),
    MessageSpec(M.SCCCN, V2, (0,), (13, 36), "RFC 2661 §6.3"),
    MessageSpec(M.STOPCCN, V2, (0, 1, 9), (36,), "RFC 2661 §6.4"),
    MessageSpec(M.HELLO, V2, (0,), (36,), "RFC 2661 §6.5"),
    MessageSpec(M.OCRQ, V2, (0, 14, 15, 16, 17, 18, 19, 21), (23, 36, 40, 41, 42, 43, 48, 94, 95), "RFC 2661 §6.9"),
    MessageSpec(M.OCRP, V2, (0, 14), (25, 36, 45, 48, 94, 95), "RFC 2661 §6.10"),
    MessageSpec(M.OCCN, V2, (0, 19, 24), (36, 38, 39, 49, 50, 94, 95), "RFC 2661 §6.11"),
    MessageSpec(M.ICRQ, V2, (0, 14, 15), (18, 21, 22, 23, 25, 36, 42, 43, 44, 45, 48, 55, 94, 95, 98), "RFC 2661 §6.6"),
    MessageSpec(M.ICRP, V2, (0, 14), (36, 48, 55, 94, 95), "RFC 2661 §6.7"),
    MessageSpec(M.ICCN, V2, (0, 19, 24), (26, 27, 28, 29, 30, 31, 32, 33, 36, 37, 38, 39, 49, 50, 55, 94, 95), "RFC 2661 §6.8"),
    MessageSpec(M.CDN, V2, (0, 1, 14), (12, 36, 46, 55), "RFC 2661 §6.12"),
    MessageSpec(M.WEN, V2, (0, 34), (36,), "RFC 2661 §6.13"),
    MessageSpec(M.SLI, V2, (0, 35), (36, 51, 52, 94, 95), "RFC 2661 §6.14"),
    MessageSpec(M.MDMST, V2, (0, 54), (36,), "RFC 3573 §3"),
    MessageSpec(M.SRRQ, V2, (0, 55), (36,), "RFC 3817 §3.1"),
    MessageSpec(M.SRRP, V2, (0, 55), (36,), "RFC 3817 §3.2"),
    MessageSpec(M.FSQ, BOTH, (0, 79), (36,), "RFC 4951 §5"),
    MessageSpec(M.FSR, BOTH, (0, 79), (36,), "RFC 4951 §5"),
    MessageSpec(M.MSRQ, BOTH, (0, 14), (17, 36), "RFC 4045 §5.1"),
    MessageSpec(M.MSRP, BOTH, (0, 14), (36,), "RFC 4045 §5.2"),
    MessageSpec(M.MSE, BOTH, (0,), (39,), "RFC 4045 §5.3"),
    MessageSpec(M.MSI, BOTH, (0,), (36, 81, 82, 83, 84), "RFC 4045 §6.1-6.3"),
    MessageSpec(M.MSEN, BOTH, (0, 1, 14), (), "RFC 4045 §7.2"),
    MessageSpec(M.CSUN, BOTH, (0, 97), (36,), "RFC 5515 §4.1"),
    MessageSpec(M.CSURQ, BOTH, (0, 97), (36,), "RFC 5515 §4.2"),
    MessageSpec(M.SCCRQ, V3, (0, 7, 60, 61, 62), (2, 3, 5, 8, 9, 10, 36, 47, 58, 59, 67, 72, 73, 76, 77, 80, 103), "RFC 3931 §6.1"),
    MessageSpec(M.SCCRP, V3, (0, 7, 60, 61, 62), (8, 10, 36, 47, 59, 67, 72, 73, 76, 78, 80, 103), "RFC 3931 §6.2"),
    MessageSpec(M.SCCCN, V3, (0,), (36, 59), "RFC 3931 §6.3"),
    MessageSpec(M.STOPCCN, V3, (0, 1), (36, 59, 61), "RFC 3931 §6.4"),
    MessageSpec(M.HELLO, V3, (0,), (36, 59), "RFC 3931 §6.5"),
    MessageSpec(
        M.OCRQ, V3, (0, 15, 63, 64, 66, 68, 71), (5, 36, 59, 65, 67, 69, 70, 74, 75, 94, 95, 96, 99, 100, 101, 102), "RFC 3931 §6.9"
    ),
    MessageSpec(M.OCRP, V3, (0, 63, 64, 71), (25, 36, 59, 65, 69, 70, 74, 75, 94, 95, 96, 101, 102), "RFC 3931 §6.10"),
    MessageSpec(M.OCCN, V3, (0, 63, 64), (36, 59, 69, 70, 71, 74, 75, 94, 95), "RFC 3931 §6.11"),
    MessageSpec(
        M.ICRQ,
        V3,
        (0, 15, 63, 64, 66, 68, 71),
        (5, 25, 36, 59, 65, 69, 70, 74, 75, 85, 86, 87, 88, 89, 90, 91, 92, 94, 95, 96, 98, 99, 100, 101, 102),
        "RFC 3931 §6.6",
    ),
    MessageSpec(M.ICRP, V3, (0, 63, 64, 71), (25, 36, 59, 65, 69, 70, 74, 75, 85, 86, 91, 92, 94, 95, 96, 101, 102), "RFC 3931 §6.7"),
    MessageSpec(M.ICCN, V3, (0, 63, 64), (36, 59, 69, 70, 71, 74, 75, 92, 94, 95), "RFC 3931 §6.8"),
    MessageSpec(M.CDN, V3, (0, 1, 63, 64), (36, 59), "RFC 3931 §6.12"),
    MessageSpec(M.WEN, V3, (0, 34, 63, 64), (36, 59), "RFC 3931 §6.13"),
    MessageSpec(M.SLI, V3, (0, 63, 64), (36, 59, 71, 88, 94, 95), "RFC 3931 §6.14"),
    MessageSpec(M.ACK, V3, (0,), (36, 59), "RFC 3931 §4.2"),
)

REQUIRED: dict[tuple[int, int], frozenset[int]] = {
    (version, spec.type): frozenset(spec.required) for spec in SPECS for version in spec.versions
}
"""By (version, message type)."""
