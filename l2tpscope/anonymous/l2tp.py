"""l2tp: AVPs of control messages, sub-options of L2F: what names somebody is replaced, numbers of the protocol stay."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import translate

from l2tpscope.analysis.software.table import ROWS
from l2tpscope.anonymous.addresses import Addresses
from l2tpscope.anonymous.key import Key
from l2tpscope.anonymous.ppp import Ppp
from l2tpscope.anonymous.words import scrub
from l2tpscope.wire.l2f import decode_l2f
from l2tpscope.wire.l2f.names import L2fForm, L2fMessage
from l2tpscope.wire.l2tp.avp import AVP_HEADER_OCTETS, H_BIT
from l2tpscope.wire.l2tp.avps import AVPS
from l2tpscope.wire.ppp.protocols import LCP

LENGTH = 0x03FF
NAMED, ANY = "Vendor Name ", "Vendor Name *"
NUMBERS: dict[int, tuple[int, ...]] = {
    0: (
        *(0, 2, 3, 4, 6, 9, 10, 14, 15, 16, 17, 18, 19, 20, 24, 25, 29, 32, 34, 35, 38, 39, 40, 41, 42, 45, 47, 48, 53, 54, 56, 57, 58),
        *(
            61,
            62,
            63,
            64,
            67,
            68,
            69,
            70,
            71,
            72,
            74,
            75,
            76,
            77,
            78,
            79,
            80,
            81,
            82,
            83,
            84,
            85,
            86,
            87,
            88,
            91,
            92,
            94,
            95,
            96,
            97,
            98,
            99,
        ),
        *(100, 103),
    ),
    9: (0, 1, 2, 3, 4, 7, 8, 10, 11, 14, 108, 109, 115),
    529: (0, 2, 3),
    3561: (*range(129, 146), 254),
    4491: (4, 6, 7, 13, 14, 15, 16, 17, *range(100, 108)),
}
"""AVPs by vendor that say nothing of anybody; all others are replaced."""
VENDORS = re.compile(
    "|".join(
        translate(mark.removeprefix(NAMED))
        for mark in sorted({mark for row in ROWS for mark in row.must if mark.startswith(NAMED)})
        if mark != ANY
    ).encode()
)
"""Vendor Names that software is known by; others may be anything."""
MOST_COOKIES = 4096
LCP_OPTIONS = (26, 27, 28, 49, 50, 51, 52)
FREE_TEXT = {(0, 1): 4, (0, 12): 3, (0, 46): 5, (43, 46): 5}
"""AVPs that end in free text, and what stands before it."""


class L2tp:
    """Rewrites messages."""

    def __init__(self, key: Key, addresses: Addresses, ppp: Ppp, products: tuple[str, ...]) -> None:
        self._key, self._addresses, self._ppp = key, addresses, ppp
        self._products = {name.encode() for name in products}
        """Host names that are the same on every host that has the product."""
        self._cookies: set[bytes] = set()

    def is_cookie(self, word: bytes) -> bool:
        """Whether four octets are of a cookie that was assigned lately."""
        return word in self._cookies

    def _cookie(self, value: bytes) -> bytes:
        if len(self._cookies) >= MOST_COOKIES:
            self._cookies.clear()
        self._cookies.update(value[at : at + 4] for at in range(0, len(value), 4))
        return self._key.cookie(value)

    def avps(self, octets: bytes) -> bytes:
        """The AVPs of a message, as far as they fit; what is behind them is replaced as a whole."""
        made, at = bytearray(octets), 0
        while at + AVP_HEADER_OCTETS <= len(octets):
            word = int.from_bytes(octets[at : at + 2], "big")
            size = word & LENGTH
            if size < AVP_HEADER_OCTETS or at + size > len(octets):
                break
            vendor, kind = int.from_bytes(octets[at + 2 : at + 4], "big"), int.from_bytes(octets[at + 4 : at + 6], "big")
            value = octets[at + AVP_HEADER_OCTETS : at + size]
            made[at + AVP_HEADER_OCTETS : at + size] = self._key.keyed("hidden", value) if word & H_BIT else self._avp(vendor, kind, value)
            at += size
        size = int.from_bytes(octets[at : at + 2], "big") & LENGTH
        rest = at + (AVP_HEADER_OCTETS if size >= AVP_HEADER_OCTETS else 2)  # the header of an AVP that does not fit, or of none
        if rest < len(octets):
            made[rest:] = self._key.keyed("rest", octets[rest:])
        return bytes(made)

    def _avp(self, vendor: int, kind: int, value: bytes) -> bytes:
        key = self._key
        if kind in NUMBERS.get(vendor, ()):
            return value
        if (vendor, kind) in FREE_TEXT:
            kept = FREE_TEXT[vendor, kind]
            return value[:kept] + scrub(value[kept:])
        special: dict[tuple[int, int], Callable[[], bytes]] = {
            (0, 7): lambda: value if value.rstrip(b"\0") in self._products else key.name("host", value),
            (0, 30): lambda: key.name("user", value),
            (0, 59): lambda: value[:1] + key.keyed("digest", value[1:]),
            (9, 12): lambda: value[:1] + key.keyed("digest", value[1:]),
            (0, 60): lambda: self._addresses.replace(value) if len(value) == 4 else key.keyed("router", value),
            (0, 8): lambda: value if VENDORS.fullmatch(value.rstrip(b"\0")) else key.name("vendor", value),
            (0, 65): lambda: self._cookie(value),
            (9, 5): lambda: self._cookie(value),
            **dict.fromkeys([(0, one) for one in LCP_OPTIONS], lambda: self._ppp.options(LCP, value)),
        }
        if (vendor, kind) in special:
            return special[vendor, kind]()
        row = AVPS.get(vendor << 16 | kind)
        return key.name("text", value) if row is not None and row.format.startswith("text") else key.keyed("avp", value)

    def l2f(self, octets: bytes) -> bytes:
        """A packet of L2F: its header stays but for the key, its sub-options as AVPs do; payload goes."""
        packet = decode_l2f(octets)
        begin = packet.header.begin
        if begin < 0 or begin >= len(octets):
            return octets[:10] + bytes(max(0, len(octets) - 10))
        keyed = begin - packet.header.offset  # behind the key there may be padding
        head = octets[:keyed] if packet.header.key < 0 else octets[: keyed - 4] + self._key.keyed("l2f key", octets[keyed - 4 : keyed])
        head += bytes(begin - keyed)
        if packet.message is None:
            return head + bytes(len(octets) - begin)
        if packet.message in (L2fMessage.L2F_ECHO, L2fMessage.L2F_ECHO_RESP):
            return head + octets[begin : begin + 1] + self._key.keyed("echo", octets[begin + 1 :])
        made, at = bytearray(octets[begin : begin + 1]), begin + 1
        for option in packet.options:
            before = {L2fForm.OCTETS: 2, L2fForm.LONG: 3}.get(option.kind.form, 1)
            size = len(option.value) if isinstance(option.value, bytes) else {L2fForm.NUMBER: 1}.get(option.kind.form, 4)
            made += octets[at : at + before] + self._l2f_option(option.kind.name, octets[at + before : at + before + size])
            at += before + size
        return head + bytes(made) + octets[at : at + 1] + self._key.keyed("rest", octets[at + 1 :])

    def _l2f_option(self, name: str, value: bytes) -> bytes:
        if name.endswith("_NAME"):
            return self._key.name("host" if "CONF" in name else "user", value)
        if "LCP" in name:
            return self._ppp.options(LCP, value)
        if name.endswith("_STR"):
            return scrub(value)
        return self._key.keyed("l2f", value) if name.endswith(("_CHAL", "_RESP")) else value
