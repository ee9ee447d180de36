"""Whose software: each row of the table by itself, and whole tunnels whose messages are built as the products build them."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from script import A, B, Script, u16
from simulation import avp

from l2tpscope.analysis.software import judge
from l2tpscope.analysis.software.table import ROWS, Row

VERSION, FRAMING, WINDOW = avp(2, b"\1\0"), avp(3, b"\0\0\0\3"), avp(10, u16(4))
SCCRQ, SCCRP, HELLO, ICRQ, ICCN, STOPCCN = 1, 2, 6, 10, 12, 4


def optional(kind: int, value: bytes) -> bytes:
    """An AVP without the M bit."""
    return struct.pack(">HHH", 6 + len(value), 0, kind) + value


def send(script: Script, time: float, kind: int, *avps: bytes, tunnel: int = 0, ns: int = 0, nr: int = 0, back: bool = False) -> None:
    """A message that has just these AVPs, after its type; *back*: from the responder."""
    octets = avp(0, u16(kind)) + b"".join(avps)
    header = struct.pack(">HHHHHH", 0xC802, 12 + len(octets), tunnel, 0, ns, nr)
    script.udp(time, B if back else A, A if back else B, header + octets)


def row(script: Script) -> Any:
    """The only tunnel."""
    (only,) = script.report().rows("tunnels")
    return only


def named(script: Script, side: str = "initiator") -> tuple[str | None, str | None]:
    """Name and grade of a side."""
    only = row(script)
    return getattr(only, f"{side}_implementation"), getattr(only, f"{side}_implementation_grade")


def opened(*avps: bytes) -> Script:
    """A tunnel of which there is the SCCRQ."""
    script = Script()
    send(script, 0, SCCRQ, *avps)
    return script


XL2TPD = (VERSION, FRAMING, avp(4, bytes(4)), optional(6, b"\6\x90"), avp(7, b"lac"), optional(8, b"xelerance.com"), avp(9, u16(5)), WINDOW)
APPLE = (VERSION, FRAMING, avp(7, b"mac.local\0"), avp(9, u16(5)), WINDOW)


@pytest.mark.parametrize("given", ROWS, ids=lambda given: f"{given.name} {given.grade} {given.must[0]}")
def test_each_row_tells_its_software(given: Row) -> None:
    """Its own marks, and no more, give its name, its grade and these marks as reasons: no other row contradicts or hides it."""
    marks = tuple(mark.replace("*", "x") for mark in given.must)
    told = judge(marks)
    assert told is not None
    assert (told.name, told.grade) == (given.name, given.grade)
    assert set(told.why[:-1]) == set(marks)
    assert told.why[-1] == f"known from {given.why}"


@pytest.mark.parametrize("given", [given for given in ROWS if len(given.must) > 1], ids=lambda given: f"{given.name} {given.must[-1]}")
def test_a_part_of_the_marks_is_never_as_sure(given: Row) -> None:
    """Every mark of a certain row is needed for it: without any of them the answer is less sure."""
    for missing in given.must:
        told = judge(tuple(mark.replace("*", "x") for mark in given.must if mark != missing))
        assert told is None or (told.name, told.grade) != (given.name, "certain")


@pytest.mark.parametrize("given", [given for given in ROWS if given.must_not], ids=lambda given: f"{given.name} {given.must[0]}")
def test_what_must_not_be_seen_is_not_overlooked(given: Row) -> None:
    """A mark against it takes the name away, or leaves it to another row."""
    for against in given.must_not:
        told = judge((*(mark.replace("*", "x") for mark in given.must), against.replace("*", "Acme")))
        assert told is None or given.why not in told.why[-1] or told.name != given.name


def test_contradiction_names_nothing() -> None:
    """Marks of two products, equally sure, are nobody's; nor are none."""
    assert judge(("Vendor Name Microsoft", "SCCRQ: AVPs 0 2 7 3 9", "SCCRQ: optional 2", "Framing Capabilities 3")) is None
    assert judge(()) is None


def test_the_surest_row_counts() -> None:
    """An IKE of another kind does not make a complete xl2tpd uncertain."""
    marks = ("Vendor Name xelerance.com", "Firmware Revision 0x0690", "Receive Window Size 4", "SCCRQ: AVPs 0 2 3 4 6 7 8 9 10")
    told = judge((*marks, "IKE by SoftEther"))
    assert told is not None
    assert (told.name, told.grade) == ("xl2tpd", "certain")
    assert "IKE by SoftEther" not in told.why


def test_names_with_signs_of_patterns_are_text() -> None:
    """A peer cannot write a pattern: brackets, stars and question marks in its name match nothing else."""
    for name in ("*", "?", "[xelerance.com]", "xelerance.com*", "[" * 900):
        assert judge((f"Vendor Name {name}",)) is None


def test_xl2tpd_by_what_it_sends() -> None:
    """Its SCCRQ octet for octet, with a challenge or without."""
    for avps in (XL2TPD, (*XL2TPD, avp(11, bytes(16)))):
        assert named(opened(*avps)) == ("xl2tpd", "certain")
    why = row(opened(*XL2TPD)).initiator_implementation_why
    assert why[0] == "SCCRQ: AVPs 0 2 3 4 6 7 8 9 10"
    assert "Vendor Name xelerance.com" in why


def test_a_name_alone_is_likely() -> None:
    """The vendor name of xl2tpd in a message in another order."""
    assert named(opened(*reversed(XL2TPD))) == ("xl2tpd", "likely")


def test_the_minimum_in_order_is_nobodys() -> None:
    """Apple's order is what anybody would send; the NUL after the host name is Apple's."""
    assert named(opened(*APPLE)) == ("macOS or iOS", "likely")
    plain = (VERSION, FRAMING, avp(7, b"mac.local"), avp(9, u16(5)), WINDOW)
    assert named(opened(*plain)) == (None, None)
    assert row(opened(*plain)).initiator_implementation_why == []


def test_go_l2tp_by_an_optional_protocol_version() -> None:
    """Protocol Version without the M bit, and the order of its source; with the M bit it is nobody's."""
    rest = (avp(7, b"lac"), FRAMING, avp(9, u16(5)))
    assert named(opened(optional(2, b"\1\0"), *rest)) == ("go-l2tp", "likely")
    assert named(opened(VERSION, *rest)) == (None, None)


def test_responder_is_told_by_its_reply() -> None:
    """SoftEther's SCCRP, beside an initiator that is not known."""
    script = opened(VERSION, FRAMING, avp(7, b"host"), avp(9, u16(5)))
    settings = (VERSION, optional(3, b"\0\0\0\3"), optional(4, b"\0\0\0\3"), avp(7, b"vpn"), optional(8, b"L2TP"), avp(9, u16(9)))
    send(script, 0.1, SCCRP, *settings, optional(10, u16(16)), tunnel=5, nr=1, back=True)
    assert named(script, "responder") == ("SoftEther", "certain")
    assert named(script) == (None, None)


def test_hellos_of_8_8_seconds() -> None:
    """SoftEther's keepalive makes a hint, from three intervals on."""
    script = Script()
    script.set_up(0)
    for beat in range(3):
        send(script, 1 + beat * 8.8, HELLO, tunnel=5, ns=1 + beat, nr=2, back=True)
    assert named(script, "responder") == (None, None)
    send(script, 1 + 3 * 8.8, HELLO, tunnel=5, ns=4, nr=2, back=True)
    assert named(script, "responder") == ("SoftEther", "hint")
    assert row(script).responder_implementation_why[0] == "HELLO every 8.8 s"


def test_waits_before_repeats_are_told() -> None:
    """How an xl2tpd that is not answered doubles its waits is among the reasons."""
    script = opened(*XL2TPD)
    for time in (1, 3, 7):
        send(script, time, SCCRQ, *XL2TPD)
    assert "sent again after 1 2 4 s" in row(script).initiator_implementation_why


def test_calls_tell_where_the_set_up_is_not_seen() -> None:
    """xl2tpd's ICRQ and ICCN in the middle of a tunnel."""
    script = Script()
    send(script, 0, ICRQ, avp(14, u16(31)), avp(15, bytes(4)), avp(18, bytes(4)), tunnel=9, ns=7, nr=3)
    send(script, 1, ICCN, avp(24, bytes(4)), avp(19, bytes(4)), optional(38, bytes(4)), tunnel=9, ns=8, nr=4)
    assert named(script) == ("xl2tpd", "likely")


def test_what_was_cut_off_is_not_taken_for_absent() -> None:
    """A malformed SCCRQ, the window cut from its end, is not the shorter message that another product sends."""
    script = Script()
    octets = avp(0, u16(SCCRQ)) + optional(2, b"\1\0") + avp(7, b"lac") + FRAMING + avp(9, u16(5)) + WINDOW[:-1]
    script.udp(0, A, B, struct.pack(">HHHHHH", 0xC802, 12 + len(octets), 0, 0, 0, 0) + octets)
    assert named(script) == (None, None)


def test_apples_result_codes() -> None:
    """Octets in host order, in a StopCCN, are among Apple's reasons."""
    script = opened(*APPLE)
    send(script, 1, STOPCCN, avp(9, u16(5)), avp(1, b"\1\0\0\0"), ns=1)
    assert "Result Code in host byte order" in row(script).initiator_implementation_why
