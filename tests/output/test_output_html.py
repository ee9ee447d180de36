"""The HTML of a report, for notebooks, holds the peers' text as text."""

from __future__ import annotations

from html.parser import HTMLParser

from example_report import report


class Outline(HTMLParser):
    """The tags of a document, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag begins."""
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        """It must end the tag that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text."""
        self.text += data


def outline() -> Outline:
    """The outline of the example's HTML."""
    parsed = Outline()
    parsed.feed(report()._repr_html_() or "")
    return parsed


def test_html_is_well_formed_and_has_only_our_tags() -> None:
    """Every tag is closed, and none is a peer's."""
    parsed = outline()
    assert parsed.open == []
    assert parsed.seen == {"div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td"}


def test_html_says_what_the_text_says() -> None:
    """Quality, states, reasons and hostile names are all there, as text."""
    parsed = outline()
    for words in ("quality: good", "refused", "Goodbye!", "<script>alert(1)</script>", r"\x1b[2J", "21/5,001"):
        assert words in parsed.text
