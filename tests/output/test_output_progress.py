"""The progress bar is for people who wait."""

from __future__ import annotations

import io

from l2tpscope.output.progress import Bar


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def run(stream: io.StringIO, seconds: float, *, wanted: bool = True, total: int | None = 2000) -> str:
    """What a bar writes when it is called after so many seconds."""
    ticks = iter([0.0, *[seconds] * 3])
    with Bar(stream, wanted=wanted, colour=False, clock=lambda: next(ticks)) as bar:
        bar(1000, total)
        bar(1500, total)
    return stream.getvalue()


def test_a_bar_appears_after_a_second() -> None:
    """Reading that takes longer than a second shows a bar on a terminal, whether the size is known or not."""
    assert "reading" in run(Terminal(), 1.5)
    assert "reading" in run(Terminal(), 1.5, total=None)


def test_no_bar_where_nobody_waits() -> None:
    """Quick reading, a pipe, and `-q` show none."""
    assert run(Terminal(), 0.5) == ""
    assert run(io.StringIO(), 1.5) == ""
    assert run(Terminal(), 1.5, wanted=False) == ""
