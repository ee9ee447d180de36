"""implementation: which software it is, from the vendor IDs that it sends.

Some name a product; else a list of capabilities in its order may be that of one product alone. Neither: nothing is said.

*Source*: the sources of libreswan, strongSwan, racoon and SoftEther; lists in order as these and Cisco IOS sent them in captures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from l2tpscope.wire.ike.message import IkeMessage
from l2tpscope.wire.ike.payloads import VendorId

MICROSOFT = "1e2b516905991c7d7c96fcbfb587e461"
XAUTH, DPD, UNITY = "09002689dfd6b712", "afcad71368a1f1c96b8696fc77570100", "12f5f28c457168a9702d9fe274cc"
FRAGMENTATION = "4048b7d56ebce88525e7de7f00d6c2d3"
FRAGMENTATION_STRONGSWAN = FRAGMENTATION + "80000000"
RFC3947, DRAFT, DRAFT_08 = "4a131c81070358455c5728f20e95452f", "4df37928e9fc4fd1b3262170d515c662", "8f8d83826d246b6fc7a8a6a428c11de8"
DRAFT_03, DRAFT_02N = "7d9419a65310ca6f2c179d9215529d56", "90cb80913ebb696e086381b5ec427b1f"
DRAFT_02, DRAFT_00 = "cd60464335df21f87cfdb2fc68b6a448", "4485152d18b6bbcd0be8a8469579ddcc"
SHORT, SHORT_IN_ALL = 6, 24
"""Digits of Openswan's beginnings, which random octets may have as well, and of the whole vendor ID."""
ANY = ""
"""Stands for any vendor ID: some are random."""

PRODUCTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("4f452d4c696272657377616e2d",), "Libreswan"),
    (("4f5357",), "Openswan"),
    (("4f45",), "Openswan or Libreswan"),
    (("882fe56d6fd20dbc2251613b2ebe5beb",), "strongSwan"),
    (("4f70656e494b45442d",), "OpenBSD iked"),
    (("01528bbbc00696121849ab9a1c5b2a51", MICROSOFT), "Windows 10 or later"),
    ((MICROSOFT + "00000009",), "Windows 8 or later"),
    ((MICROSOFT + "00000008",), "Windows 7 or 8"),
    ((MICROSOFT + "00000007",), "Windows 7"),
    ((MICROSOFT + "00000006",), "Windows Vista or Server 2008"),
    ((MICROSOFT + "00000005",), "Windows Vista"),
    ((MICROSOFT + "00000004",), "Windows XP or Server 2003"),
    ((MICROSOFT + "00000003",), "Windows XP"),
    ((MICROSOFT + "00000002",), "Windows 2000 or XP"),
    ((MICROSOFT,), "Windows"),
    (("20a3622c1cea7ce37bee3ca484425276",), "racoon (ipsec-tools)"),
    (("7003cbc1097dbe9c2600ba6983bc8b35",), "racoon (KAME)"),
    ((RFC3947, DRAFT, DRAFT_08), "macOS or iOS"),
    (("f14b94b7bff1fef02773b8c49feded26",), "Shrew Soft"),
    (("c61baca1f1a60cc10800000000000000",), "NCP client"),
    (("fd808804df73b15150709d878044cde0ac1efcde",), "Juniper SRX"),
    (("699369228741c6d4ca094c93e242c9de19e7b7c6",), "Juniper"),
    (("1d6e178f6c2c0be284985465450fe9d4",), "FortiGate"),
    (("8299031757a36082c6a621de",), "FortiGate"),
    (("f4ed19e0c114eb516faaac0ee37daf2807b4381f",), "Check Point"),
    (("1f07f70eaa6514d3b0fa96542a500100",), "Cisco ASA or VPN 3000"),
    (("434953434f56504e2d5245562d3032", "434953434f2d44454c4554452d524541534f4e"), "Cisco"),
)
"""All of these beginnings must be among the vendor IDs; the first row that fits has the word."""

LISTS: tuple[tuple[tuple[str, ...], str], ...] = (
    ((XAUTH, DPD, FRAGMENTATION_STRONGSWAN, RFC3947, DRAFT_02N), "strongSwan"),
    ((XAUTH, DPD, FRAGMENTATION_STRONGSWAN, RFC3947), "strongSwan"),
    ((FRAGMENTATION, DPD, RFC3947), "Libreswan"),
    ((RFC3947, DRAFT_03, DRAFT_02N, DRAFT_02, DRAFT_00, DPD), "SoftEther"),
)
"""All vendor IDs of a side, in their order."""

ENDS: tuple[tuple[tuple[str, ...], str], ...] = (((UNITY, DPD, ANY, XAUTH), "Cisco IOS"),)
"""The last ones of a side, in their order."""


def implementation(messages: Iterable[IkeMessage]) -> str | None:
    """The software of whoever sent these messages; None: not to be told."""
    every = [payload.octets_sent.hex() for message in messages for payload in message.payloads if isinstance(payload, VendorId)]
    sent = list(dict.fromkeys(every))
    for beginnings, name in PRODUCTS:
        if all(any(_begins(one, beginning) for one in sent) for beginning in beginnings):
            return name
    for several, name in LISTS:
        if sent == list(several):
            return name
    return next((name for several, name in ENDS if _ends(sent, several)), None)


def _begins(sent: str, beginning: str) -> bool:
    return sent.startswith(beginning) and (len(beginning) > SHORT or len(sent) == SHORT_IN_ALL)


def _ends(sent: Sequence[str], beginnings: Sequence[str]) -> bool:
    last = sent[-len(beginnings) :]
    return len(last) == len(beginnings) and all(one.startswith(beginning) for one, beginning in zip(last, beginnings, strict=True))
