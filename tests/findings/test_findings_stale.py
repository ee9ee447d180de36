"""Tunnels that one side forgot or never used: what fires the rules, and what nearly does."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "analysis"))

from script import A, B, Script

from l2tpscope.analysis.rows import FindingRow

C = b"\xc6\x33\x64\x0b"


def found(script: Script, *rules: str) -> list[FindingRow]:
    """What these rules say of the frames."""
    script.records.sort(key=lambda record: record[0])
    return [row for row in script.report().rows("findings") if row.finding in rules]


def restarted(*, again: bool = True, closed: bool = False, speaks: bool = False, message: str = "HELLO", copies: int = 5) -> Script:
    """A session that works; after 20 s the client begins anew with other ids, and the server goes on with the old ones."""
    script = Script()
    script.set_up(0.0)
    script.call(1.0)
    for number in range(100):
        script.data(2.0 + number / 10, A, B, 9, 47)
        script.data(2.05 + number / 10, B, A, 5, 31)
    if closed:
        script.control(15.0, A, B, "StopCCN", 9, 4, 2, assigned=5, result=b"\0\1\0\0")
        script.control(15.1, B, A, "ZLB", 5, 2, 5)
    if again:
        script.set_up(20.0, a=6, b=10)
    if speaks:
        script.data(40.0, A, B, 9, 47)
    extra = {"assigned": 9, "result": b"\0\1\0\0"} if message == "StopCCN" else {}
    for at in (0, 1, 3, 7, 15)[:copies]:
        script.control(25.0 + at, B, A, message, 5, 2, 4, **extra)  # type: ignore[arg-type]
    script.control(80.0, A, B, "HELLO", 10, 2, 1)
    script.control(80.1, B, A, "ZLB", 6, 1, 3)
    return script


def test_the_old_tunnel_is_still_used_by_one_side() -> None:
    """A client that began anew with other ids and ignores the old ones is told as that, in place of a channel that merely died."""
    (row,) = found(restarted(), "L2S106", "L2S108")
    assert (row.finding, row.grade, row.severity) == ("L2S108", "likely", "error")
    assert row.summary == (
        "198.51.100.10 began a new tunnel, which comes up, and says nothing any more in the old one, which the server still uses:"
        " HELLO is sent 5 times in vain"
    )


def test_what_is_no_stale_tunnel() -> None:
    """Not without a new tunnel, nor where the old one was closed, or still carries data; to close it, or to ask twice, is no use of it."""
    assert [row.finding for row in found(restarted(again=False), "L2S106", "L2S108")] == ["L2S106"]
    assert found(restarted(closed=True, copies=0), "L2S108") == []
    assert found(restarted(speaks=True), "L2S108") == []
    assert found(restarted(message="StopCCN"), "L2S108") == []
    assert found(restarted(copies=2), "L2S108") == []


def ignored(*, hello: bool = True, speaks: bool = False) -> Script:
    """A session that works; the client begins anew, and the server answers nothing but goes on with its HELLO in the old tunnel."""
    script = Script()
    script.set_up(0.0)
    script.call(1.0)
    for number in range(100):
        script.data(2.0 + number / 10, A, B, 9, 47)
        script.data(2.05 + number / 10, B, A, 5, 31)
    for at in (20.0, 21.0, 23.0, 27.0, 35.0):
        script.control(at, A, B, "SCCRQ", 0, 0, 0, assigned=6)
        if speaks:
            script.data(at + 0.5, A, B, 9, 47)
    if hello:
        script.control(30.0, B, A, "HELLO", 5, 2, 4)
    script.data(90.0, B, A, 5, 31)
    return script


def test_a_server_that_holds_the_old_tunnel() -> None:
    """SCCRQ five times in vain, and the server's HELLO in the old tunnel, is no server that is down; where the old one lives it is."""
    (row,) = found(ignored(), "L2S101", "L2S108")
    assert row.finding == "L2S108"
    assert row.summary == (
        "SCCRQ of 198.51.100.10 is not answered (5 times), while 203.0.113.5 goes on in an older tunnel with it, in which it says"
        " nothing any more: the old one is held, and the new one not taken"
    )
    assert [row.finding for row in found(ignored(hello=False), "L2S101", "L2S108")] == ["L2S101"]
    assert [row.finding for row in found(ignored(speaks=True), "L2S101", "L2S108")] == ["L2S101"]


def held(count: int, lasting: float, *, host: bytes = A, call: bool = False, data: bool = False, closed: bool = True) -> Script:
    """Tunnels of one host that live for so long, with or without a session and one packet in it."""
    script = Script()
    for number in range(count):
        at, ids = number * 0.5, (100 + number, 500 + number)
        script.control(at, host, B, "SCCRQ", 0, 0, 0, assigned=ids[0])
        script.control(at + 0.1, B, host, "SCCRP", ids[0], 0, 1, assigned=ids[1])
        script.control(at + 0.2, host, B, "SCCCN", ids[1], 1, 1)
        script.control(at + 0.3, B, host, "ZLB", ids[0], 1, 2)
        ns = 2
        if call:
            script.control(at + 1.0, host, B, "ICRQ", ids[1], 2, 1, own_session=31)
            script.control(at + 1.1, B, host, "ICRP", ids[0], 1, 3, session=31, own_session=47)
            script.control(at + 1.2, host, B, "ICCN", ids[1], 3, 2, session=47)
            ns = 4
        if data:
            script.data(at + 2.0, host, B, ids[1], 47)
        if closed:
            script.control(at + lasting, host, B, "StopCCN", ids[1], ns, 2, assigned=ids[0], result=b"\0\1\0\0")
            script.control(at + lasting + 0.1, B, host, "ZLB", ids[0], 2, ns + 1)
    return script


def test_tunnels_without_a_session() -> None:
    """Five of one host for half a minute, or one for more than ten minutes, are told; four, short ones, and one of a minute are not."""
    (row,) = found(held(5, 30.0), "L2S614")
    assert row.summary == "198.51.100.10 set up 5 tunnels in which there was never a session, up to 30 s long"
    assert (row.grade, row.severity, row.subject) == ("certain", "warning", "client 198.51.100.10")
    (row,) = found(held(1, 700.0), "L2S614")
    assert row.summary == "198.51.100.10 set up one tunnel in which there was never a session, up to 700 s long"
    assert found(held(4, 30.0), "L2S614") == []
    assert found(held(8, 10.0), "L2S614") == []
    assert found(held(1, 60.0), "L2S614") == []


def test_tunnels_of_several_hosts_are_not_one_host_s() -> None:
    """Three tunnels each of two clients are no number."""
    script = held(3, 30.0)
    script.records += held(3, 30.0, host=C).records
    assert found(script, "L2S614") == []


def test_sessions_without_a_packet() -> None:
    """A session of a minute and more in which not even LCP was sent is told; one packet, or half a minute, and it is not."""
    (row,) = found(held(1, 90.0, call=True), "L2S614")
    assert row.summary == "198.51.100.10 set up one session in which nothing was ever sent, in up to 89 s"
    assert found(held(1, 90.0, call=True, data=True), "L2S614") == []
    assert found(held(1, 30.0, call=True), "L2S614") == []
