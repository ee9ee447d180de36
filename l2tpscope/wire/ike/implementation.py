"""implementation: which software it is, from the vendor IDs that it sends.

A row: what must be there (beginnings, in hex), what must not, and what it is then; the first that fits has the word. No row fits:
nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.wire.ike.message import IkeMessage
from l2tpscope.wire.ike.payloads import VendorId

MICROSOFT = "1e2b516905991c7d7c96fcbfb587e461"
XAUTH, DPD, FRAGMENTATION = "09002689dfd6b712", "afcad71368a1f1c96b8696fc77570100", "4048b7d56ebce88525e7de7f00d6c2d3"
RFC3947, DRAFT_02N, DRAFT_02, DRAFT_03 = (
    "4a131c81070358455c5728f20e95452f",
    "90cb80913ebb696e086381b5ec427b1f",
    "cd60464335df21f87cfdb2fc68b6a448",
    "7d9419a65310ca6f2c179d9215529d56",
)
DRAFT_00, DRAFT, DRAFT_08 = "4485152d18b6bbcd0be8a8469579ddcc", "4df37928e9fc4fd1b3262170d515c662", "8f8d83826d246b6fc7a8a6a428c11de8"

ROWS: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("4f452d4c696272657377616e2d",), (), "Libreswan"),
    (("4f70656e494b45442d",), (), "OpenBSD iked"),
    (("882fe56d6fd20dbc2251613b2ebe5beb",), (), "strongSwan"),
    (("01528bbbc00696121849ab9a1c5b2a51", MICROSOFT), (), "Windows 10 or later"),
    ((MICROSOFT + "00000009",), (), "Windows 7 or later"),
    ((MICROSOFT + "00000008",), (), "Windows 7 or 8"),
    ((MICROSOFT + "00000007",), (), "Windows 7"),
    ((MICROSOFT + "00000006",), (), "Windows Vista"),
    ((MICROSOFT + "00000005",), (), "Windows Vista"),
    ((MICROSOFT + "00000004",), (), "Windows XP SP2 or 2003"),
    ((MICROSOFT + "00000003",), (), "Windows XP SP2"),
    ((MICROSOFT + "00000002",), (), "Windows 2000 or XP"),
    ((MICROSOFT,), (), "Windows"),
    (("20a3622c1cea7ce37bee3ca484425276",), (), "racoon (ipsec-tools)"),
    (("f14b94b7bff1fef02773b8c49feded26",), (), "Shrew Soft"),
    (("699369228741c6d4ca094c93e242c9de19e7b7c6",), (), "Juniper"),
    (("fd808804df73b15150709d878044cde0ac1efcde",), (), "Juniper SRX"),
    (("1d6e178f6c2c0be284985465450fe9d4",), (), "FortiGate"),
    (("8299031757a36082c6a621de",), (), "FortiGate"),
    (("1f07f70eaa6514d3b0fa96542a500100",), (), "Cisco ASA or VPN 3000"),
    ((RFC3947, DRAFT, DRAFT_08), (), "macOS or iOS (racoon)"),
    ((RFC3947, DRAFT_03, DRAFT_02N, DRAFT_02, DRAFT_00, DPD), (XAUTH, FRAGMENTATION), "SoftEther"),
    ((XAUTH, DPD, FRAGMENTATION, RFC3947, DRAFT_02N), (DRAFT_03,), "strongSwan"),
    (("4f45",), (), "Openswan or Libreswan"),
)
"""Source: the vendors' and strongSwan's, libreswan's and ike-scan's lists; the sets of several as they were seen in captures."""


def implementation(messages: Iterable[IkeMessage]) -> str | None:
    """The software of whoever sent these messages; None: not to be told."""
    sent = [payload.octets_sent.hex() for message in messages for payload in message.payloads if isinstance(payload, VendorId)]
    if not sent:
        return None
    for present, absent, name in ROWS:
        if all(any(one.startswith(each) for one in sent) for each in present) and not any(
            one.startswith(each) for one in sent for each in absent
        ):
            return name
    return None
