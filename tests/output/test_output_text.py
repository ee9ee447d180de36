"""Each table on the terminal, at 100 columns."""

from __future__ import annotations

import pytest
from example_report import measures, report

from l2tpscope.analysis.rows import ROWS
from l2tpscope.output import Page
from l2tpscope.output.page import cells
from l2tpscope.output.text import LISTINGS, PAGES, text


@pytest.mark.parametrize("table", ROWS)
def test_every_table_is_listed_within_the_page(table: str) -> None:
    """Each table has a listing: a head, its rows, and no line wider than the page."""
    lines = text(report(), table, Page()).splitlines()
    assert len(lines) >= 1 + len(report().rows(table))
    assert max(map(cells, lines)) <= 100


@pytest.mark.parametrize("table", LISTINGS)
def test_empty_tables_say_so(table: str) -> None:
    """A table without rows is not an empty output."""
    assert text(report(measures=type(measures())()), table, Page()).strip() == f"no {table}"


def test_listings_and_tables_are_the_same_list() -> None:
    """No table lacks a listing, and no listing lacks a table."""
    assert [*LISTINGS, *PAGES] == [*(table for table in ROWS if table != "findings"), "summary", "findings"]


def test_messages_name_what_they_repeat() -> None:
    """A retransmission names the frame of its first copy."""
    given = measures()
    given.messages[0].fit = "retransmission"
    given.messages[0].retransmission_of = 3
    assert "retransmission of 3" in text(report(measures=given), "messages", Page())


def test_loss_names_its_n_and_its_reason() -> None:
    """Loss stands beside lost and expected; what is not measurable gives its reason."""
    shown = text(report(), "loss", Page())
    assert "21     5,001  0.42 % (0.28-0.64)" in shown
    assert "not set" in shown


def test_tunnels_say_how_they_ended() -> None:
    """Under a tunnel stands who ended it and why."""
    assert 'closed by initiator: result 1 (general request to clear), "Goodbye!"' in text(report(), "tunnels", Page())


def test_states_have_a_colour_beside_their_word() -> None:
    """A refused tunnel is red in colour, and says so without."""
    assert "\x1b[31mrefused\x1b[0m" in text(report(), "tunnels", Page(colour=True))
    assert "refused" in text(report(), "tunnels", Page())


def test_what_is_odd_stands_under_its_row() -> None:
    """A message's anomalies and a capture's reasons have lines of their own."""
    given = measures()
    given.rows("messages")[0].anomalies = ["truncated: AVP 7"]
    given.captures[0].reasons = ["7 dropped"]
    assert "\n    truncated: AVP 7\n" in text(report(measures=given), "messages", Page())
    assert "\n    - 7 dropped\n" in text(report(measures=given), "captures", Page())
