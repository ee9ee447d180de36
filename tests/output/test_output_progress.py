"""The progress bar is for people who wait."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

import l2tpscope
from l2tpscope.output.progress import Bar, NotebookBar, automatic


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


class Display:
    """What IPython.display does, written down."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.HTML = str

    def display(self, what: str, *, display_id: bool) -> Any:
        """Show it, and give a handle by which it is replaced."""
        assert display_id
        self.shown.append(what)
        return self

    def update(self, what: str) -> None:
        """Replace it."""
        self.shown.append(what)


def test_a_notebook_is_told_after_a_second_and_not_too_often() -> None:
    """In a notebook the bar appears after a second, moves at most every 0.2 s, and is gone in the end."""
    now, display = [0.0], Display()
    with NotebookBar(display, clock=lambda: now[0]) as bar:
        for now[0] in (0.5, 1.1, 1.2, 1.4):
            bar(1_500_000, 3_000_000)
    assert display.shown == ['<progress value="1500000" max="3000000"></progress> 1.5 MB read'] * 2 + [""]


def test_a_notebook_is_told_of_a_stream_without_an_end() -> None:
    """Where nobody knows how much there is, the bar has no value; quick reading shows nothing."""
    now, display = [0.0], Display()
    with NotebookBar(display, clock=lambda: now[0]) as bar:
        now[0] = 2.0
        bar(1_000_000, None)
    assert display.shown[0] == "<progress></progress> 1.0 MB read"
    quick = Display()
    with NotebookBar(quick, clock=lambda: 0.0) as bar:
        bar(1, 2)
    assert quick.shown == []


def test_the_bar_fits_the_place(monkeypatch: pytest.MonkeyPatch, samples: Path) -> None:
    """`progress=True` is a terminal's bar, or a notebook's where its kernel is loaded; a callable is called as it is."""
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    assert isinstance(automatic(), Bar)
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    monkeypatch.setitem(sys.modules, "IPython.display", sys)
    assert isinstance(automatic(), NotebookBar)
    calls: list[tuple[int, int | None]] = []
    l2tpscope.read(samples / "filtered.pcap", progress=lambda read, total: calls.append((read, total)))
    assert calls[-1][0] == calls[-1][1] == (samples / "filtered.pcap").stat().st_size
