"""Values read as people expect them."""

from __future__ import annotations

import pytest
from example_report import SECOND, T0

from l2tpscope.output import values


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (T0, "2025-11-24T16:02:11.123456789Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (2**63 - 1, "2262-04-11T23:47:16.854775807Z"),
        (-(2**63), "1677-09-21T00:12:43.145224192Z"),
    ],
)
def test_instants_keep_every_nanosecond(time: int, text: str) -> None:
    """An instant is RFC 3339 with nine decimals over the whole range of 64 bits."""
    assert values.rfc3339(time) == text


def test_clock_is_cut_and_not_rounded() -> None:
    """The time of day never passes the frame it names."""
    assert values.clock(T0 - T0 % SECOND + 999_999_999) == "16:02:11"
    assert values.clock(T0, decimals=6) == "16:02:11.123456"
    assert values.clock(None) == values.UNKNOWN == values.date(None)


def test_span_names_the_day_once() -> None:
    """A span of one day names it once, a longer one twice, and one without stamps says so."""
    assert values.span(T0, T0 + SECOND) == "2025-11-24 16:02:11 to 16:02:12 UTC"
    assert values.span(T0, T0 + 86_400 * SECOND) == "2025-11-24 16:02:11 to 2025-11-25 16:02:11 UTC"
    assert values.span(None, None) == "no time stamps"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.0, "0.00 s"),
        (0.0912, "0.09 s"),
        (9.996, "10 s"),
        (59.4, "59 s"),
        (59.6, "1:00"),
        (761, "12:41"),
        (3731, "1:02:11"),
        (3 * 86_400 + 7860, "3 d 02:11"),
    ],
)
def test_durations_grow_their_units(seconds: float | None, text: str) -> None:
    """A duration is in the unit of its size, without a step at the border."""
    assert values.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "–"), (0.000412, "0.412"), (0.00234, "2.34"), (0.0231, "23.1"), (0.1234, "123"), (1.04, "1040")]
)
def test_round_trips_have_three_digits_that_count(seconds: float | None, text: str) -> None:
    """Milliseconds are shown with the digits that mean something."""
    assert values.milliseconds(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, "–"), (0, "0"), (9999, "9999"), (10_000, "10.0 k"), (999_900, "1.0 M"), (4_512_345, "4.5 M"), (2 * 10**12, "2.0 T")],
)
def test_large_counts_are_short(number: int | None, text: str) -> None:
    """A large count has a unit, a small one all its digits."""
    assert values.short(number) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(None, "–"), (0.0, "0"), (1.0, "100"), (0.00001, "<0.01"), (0.9999, ">99.9"), (0.0042, "0.42"), (0.125, "12.5"), (0.5, "50")],
)
def test_near_nothing_is_not_nothing(ratio: float | None, text: str) -> None:
    """A loss that is there is never shown as 0, and one that is not total never as 100."""
    assert values.percent(ratio) == text


def test_interval_stands_beside_the_ratio() -> None:
    """A loss is shown with its interval where there is one."""
    assert values.interval(21 / 5001, 0.0028, 0.00641) == "0.42 % (0.28-0.64)"
    assert values.interval(0.5, None, None) == "50 %"
    assert values.interval(None, None, None) == "–"
    assert values.count(None) == "–"
