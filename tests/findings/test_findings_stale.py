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
