"""table: what tells one L2TP software from another: a row is what must have been seen of a side, what must not, and whose mark it is.

Marks are written as `marks.py` makes them; `*` stands for any text. Of the rows that fit the surest count; if they name different
software, none does. A newcomer adds a row.

*Grades*: `certain`: it names itself, and is built as only that software's source builds it; `likely`: it names itself, or has an oddity
that is known of one software alone; `hint`: what others may do as well.
*Source*: the `why` of each row. Of xl2tpd, SoftEther, accel-ppp, mpd5, npppd, OpenL2TP, rp-l2tp, go-l2tp, Android's mtpd and
Apple's ppp the source code; of Windows and Cisco IOS public captures and logs, of more than one place.
"""

from __future__ import annotations

from typing import NamedTuple

from l2tpscope.analysis.rows import Grade

ANOTHER_NAME = ("Vendor Name *",)
"""Who names himself is not judged by lesser marks."""
PPPD = ("LCP asks MRU, ACCM, magic",)
"""pppd's order, which xl2tpd and go-l2tp leave PPP to."""
XL2TPD = "xl2tpd"
XELERANCE = ("Vendor Name xelerance.com", "Firmware Revision 0x0690", "Receive Window Size 4")
DOUBLING = "sent again after 1 2 4 *"
WINDOWS, MICROSOFT = "Windows", "Vendor Name Microsoft"
WINDOWS_SCCRQ = (MICROSOFT, "Receive Window Size 8", "Framing Capabilities 1", "SCCRQ: AVPs 0 2 3 4 6 7 8 9 10")
WINDOWS_ALSO = (
    "Identification MSRAS*",
    "LCP asks MRU, magic, PFC, ACFC*",
    "Tx Connect Speed 100000000",
    "Firmware Revision *",
    "IKE by Windows*",
)
FIRMWARE_2000, FIRMWARE_7, FIRMWARE_10 = "Firmware Revision 0x0500", "Firmware Revision 0x0601", "Firmware Revision 0x0a00"
APPLE = ("Host Name ends with NUL", "Framing Capabilities 3", "Receive Window Size 4")
APPLE_ALSO = ("Result Code in host byte order", "Tx Connect Speed 1000000", "sent again after 1 2 4 4*")


class Row(NamedTuple):
    """One software, as far as these marks tell."""

    name: str
    grade: Grade
    must: tuple[str, ...]
    why: str
    must_not: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Marks that fit it too: told where they were seen, needed for nothing."""


ROWS: tuple[Row, ...] = (
    # ---- xl2tpd
    Row(XL2TPD, "certain", (*XELERANCE, "SCCRQ: AVPs 0 2 3 4 6 7 8 9 10"), "its source code", also=(*PPPD, DOUBLING)),
    Row(XL2TPD, "certain", (*XELERANCE, "SCCRP: AVPs 0 2 3 4 6 7 8 9 10"), "its source code", also=(*PPPD, DOUBLING)),
    Row(XL2TPD, "likely", (XELERANCE[0],), "its own name", also=PPPD),
    Row(XL2TPD, "likely", ("ICRQ: AVPs 0 14 15 18", "ICCN: AVPs 0 24 19 38"), "its source code", ANOTHER_NAME, PPPD),
    Row(XL2TPD, "hint", ("StopCCN says Goodbye!",), "laboratory captures", ANOTHER_NAME),
    Row(XL2TPD, "hint", ("StopCCN says Server closing",), "laboratory captures", ANOTHER_NAME),
    # ---- Windows, client and RRAS; the firmware is the version of the system
    Row("Windows 2000 or XP", "certain", (*WINDOWS_SCCRQ, FIRMWARE_2000), "public captures", also=WINDOWS_ALSO),
    Row("Windows 7 or Server 2008 R2", "certain", (*WINDOWS_SCCRQ, FIRMWARE_7), "public captures", also=WINDOWS_ALSO),
    Row("Windows 10, Server 2016 or later", "certain", (*WINDOWS_SCCRQ, FIRMWARE_10), "public captures", also=WINDOWS_ALSO),
    Row(WINDOWS, "certain", WINDOWS_SCCRQ, "public captures", (FIRMWARE_2000, FIRMWARE_7, FIRMWARE_10), WINDOWS_ALSO),
    Row(WINDOWS, "likely", (MICROSOFT,), "its own name", also=WINDOWS_ALSO),
    Row(WINDOWS, "likely", ("IKE by Windows*",), "its IKE: one system does both", ANOTHER_NAME, WINDOWS_ALSO),
    Row(WINDOWS, "hint", ("Identification MSRASV*",), "public captures; but PPP may be a subscriber's behind the L2TP peer", ANOTHER_NAME),
    # ---- macOS, iOS
    Row("macOS or iOS", "certain", (*APPLE, "SCCRQ: AVPs 0 2 3 7 9 10", "IKE by macOS or iOS"), "its source code", also=APPLE_ALSO),
    Row("macOS or iOS", "likely", (*APPLE, "SCCRQ: AVPs 0 2 3 7 9 10"), "its source code", also=APPLE_ALSO),
    Row("macOS or iOS", "likely", (*APPLE, "SCCRP: AVPs 0 2 3 7 9 10"), "its source code", also=APPLE_ALSO),
    Row("macOS or iOS", "likely", ("IKE by macOS or iOS",), "its IKE: one system does both", ANOTHER_NAME, APPLE_ALSO),
    # ---- Android before 12 (mtpd)
    Row(
        "Android (mtpd)",
        "likely",
        ("Host Name anonymous", "Receive Window Size 1", "Framing Capabilities 3", "SCCRQ: AVPs 0 2 7 3 9 10"),
        "its source code",
        also=("Tx Connect Speed 100000000", "sent again after 2 2*"),
    ),
    # ---- SoftEther
    Row(
        "SoftEther",
        "certain",
        ("Vendor Name L2TP", "Receive Window Size 16", "SCCRP: AVPs 0 2 3 4 7 8 9 10"),
        "its source code",
        also=("SCCRP: optional 3 4 8 10", "HELLO every 8.8 s", "sent again after 0.5 0.5*", "IKE by SoftEther"),
    ),
    Row("SoftEther", "likely", ("IKE by SoftEther",), "its IKE: one program does both", ANOTHER_NAME, ("HELLO every 8.8 s",)),
    Row("SoftEther", "hint", ("Vendor Name L2TP",), "its source code"),
    Row("SoftEther", "hint", ("HELLO every 8.8 s",), "its source code", ANOTHER_NAME),
    # ---- routers
    Row(
        "Cisco IOS",
        "certain",
        ("Vendor Name Cisco Systems, Inc.", "Framing Capabilities 0", "Bearer Capabilities 0", "SCCRQ: AVPs 0 2 3 4 6 7 8 9 10"),
        "public captures",
        also=("Receive Window Size 300",),
    ),
    Row(
        "Cisco",
        "likely",
        ("Vendor Name Cisco Systems, Inc.",),
        "its own name",
        also=("Framing Capabilities 0", "Bearer Capabilities 0", "Receive Window Size 300"),
    ),
    Row("Cisco", "likely", ("IKE by Cisco*",), "its IKE: one system does both", ANOTHER_NAME),
    Row("FortiGate", "likely", ("IKE by FortiGate",), "its IKE: one system does both", ANOTHER_NAME),
    Row("MikroTik RouterOS", "likely", ("Vendor Name MikroTik*",), "its own name"),
    Row("FireBrick", "likely", ("Vendor Name FireBrick Ltd",), "its own name", also=("Receive Window Size 4", "Framing Capabilities 3")),
    # ---- other daemons
    Row(
        "go-l2tp",
        "likely",
        ("SCCRQ: optional 2", "Framing Capabilities 3", "SCCRQ: AVPs 0 2 7 3 9"),
        "its source code and laboratory captures",
        (),
        PPPD,
    ),
    Row("accel-ppp", "certain", ("Vendor Name accel-ppp", "Receive Window Size 16", "SCCRQ: AVPs 0 2 7 3 9 8 10"), "its source code"),
    Row("accel-ppp", "likely", ("Vendor Name accel-ppp",), "its own name", also=("Receive Window Size 16",)),
    Row("rp-l2tp", "certain", ("Vendor Name Roaring Penguin Software Inc.", "SCCRQ: AVPs 0 2 3 7 9 10 5 8"), "its source code"),
    Row("rp-l2tp", "likely", ("Vendor Name Roaring Penguin Software Inc.",), "its own name"),
    Row("mpd", "likely", ("Vendor Name FreeBSD MPD",), "its own name", also=("Receive Window Size 8", "Bearer Capabilities 3")),
    Row("OpenL2TP or ProL2TP", "likely", ("Vendor Name * Linux-* (*)", "Receive Window Size 10"), "its source code"),
    Row("OpenBSD npppd", "likely", ("SCCRP: AVPs 0 2 3 7 9 6 8 10", "Framing Capabilities 1"), "its source code", ("SCCRP: optional *",)),
)
"""The first of the surest rows that fit gives the reasons. Not in it: what sends no more than the RFC wants, in the order of the numbers
(l2tpns): anybody might.
"""
