"""Values as people read them: instants, durations, round trips, counts, ratios. Unknown is always the same dash."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

UNKNOWN = "–"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000_000


def rfc3339(time: int) -> str:
    """An instant in UTC with nine decimals, as in JSON: `2026-11-24T14:02:11.123456789Z`."""
    seconds, nanoseconds = divmod(time, SECOND)
    return f"{(EPOCH + timedelta(seconds=seconds)).strftime('%Y-%m-%dT%H:%M:%S')}.{nanoseconds:09d}Z"


def date(time: int | None) -> str:
    """The day of an instant, UTC."""
    return UNKNOWN if time is None else rfc3339(time)[:10]


def clock(time: int | None, *, decimals: int = 0) -> str:
    """The time of day of an instant, UTC; cut, not rounded, so that it never passes the frame it names."""
    if time is None:
        return UNKNOWN
    return rfc3339(time)[11 : 19 + (decimals + 1 if decimals else 0)]


def span(start: int | None, end: int | None) -> str:
    """Two instants, UTC, the day said once where it is the same."""
    if start is None or end is None:
        return "no time stamps"
    last = clock(end) if date(start) == date(end) else f"{date(end)} {clock(end)}"
    return f"{date(start)} {clock(start)} to {last} UTC"


def duration(seconds: float | None) -> str:
    """A length of time: `0.23 s`, `41 s`, `12:41`, `1:02:11`, `3 d 02:11`."""
    if seconds is None:
        return UNKNOWN
    if abs(seconds) < 9.995:
        return f"{seconds:.2f} s"
    whole = round(seconds)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{minute}:{second:02d}"
    if whole < 86_400:
        return f"{hours}:{minute:02d}:{second:02d}"
    return f"{hours // 24} d {hours % 24:02d}:{minute:02d}"


def milliseconds(seconds: float | None) -> str:
    """A round trip in ms, three digits that count: `0.412`, `23.1`, `1040`."""
    if seconds is None:
        return UNKNOWN
    value = seconds * 1e3
    if value < 1:
        return f"{value:.3f}"
    if value < 10:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def count(number: int | None) -> str:
    """A count with its thousands set apart, so that a column of them is still to be read."""
    return UNKNOWN if number is None else f"{number:,}"


def short(number: int | None) -> str:
    """A large count in little space: `9 999`, `12.3 k`, `4.5 M`, `1.2 G`."""
    if number is None:
        return UNKNOWN
    if number < 10_000:
        return str(number)
    for limit, divisor, unit in ((1e6, 1e3, "k"), (1e9, 1e6, "M"), (1e12, 1e9, "G")):
        if number < limit * 0.9995:
            scaled = number / divisor
            return f"{scaled:.1f} {unit}" if scaled < 99.95 else f"{scaled:.0f} {unit}"
    return f"{number / 1e12:.1f} T"


def percent(ratio: float | None) -> str:
    """A ratio in per cent; never `0 %` or `100 %` for what is only near it."""
    if ratio is None:
        return UNKNOWN
    value = ratio * 100
    if 0 < value < 0.01:
        return "<0.01"
    if 99.95 <= value < 100:
        return ">99.9"
    return f"{value:.2f}" if 0 < value < 1 else f"{value:.1f}" if value % 1 else f"{value:.0f}"


def interval(ratio: float | None, low: float | None, high: float | None) -> str:
    """A loss with its 95 % interval: `0.42 % (0.21-0.85)`."""
    if ratio is None:
        return UNKNOWN
    if low is None or high is None:
        return f"{percent(ratio)} %"
    return f"{percent(ratio)} % ({percent(low)}-{percent(high)})"
