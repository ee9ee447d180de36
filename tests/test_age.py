"""A capture that goes on for days: what has ended or is silent is let go, and what goes on is not disturbed."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import l2tpscope
from l2tpscope.analysis.rows import ROWS
from l2tpscope.api import AGE, Age, Pipeline
from l2tpscope.capture import open_capture
from l2tpscope.track import esp, l2tp
from l2tpscope.track.data import DataTracker
from l2tpscope.track.esp import EspTracker
from l2tpscope.track.ike import ENDS, LONG, thin

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import endless  # noqa: E402

GOLDEN = {path.parent.name: path for path in sorted(HERE.glob("golden/*/capture.pcap"))}
SEEDS = {path.stem: path for path in sorted(HERE.glob("fuzz/seeds/*.pcap"))}
SECOND = 1_000_000_000


def tables(report: l2tpscope.Report) -> dict[str, list[dict[str, Any]]]:
    """Every table as plain rows."""
    return {table: [dataclasses.asdict(row) for row in report.rows(table)] for table in ROWS}


def watched(capture: bytes) -> l2tpscope.Report:
    """The report of a capture that is aged as it is read."""
    source = open_capture(io.BytesIO(capture), rows=64)
    pipeline, age = Pipeline(), Age()
    for batch in source.batches():
        pipeline.feed(batch)
        if (before := age.due(source.info.last_time)) is not None:
            pipeline.age(before)
    return pipeline.report([source.info])


@pytest.mark.parametrize("name", [*GOLDEN, *SEEDS])
def test_new_numbers_change_nothing(name: str) -> None:
    """Series that get new places in every column, none left out, give the same tables as undisturbed ones."""
    path = GOLDEN.get(name) or SEEDS[name]
    source = open_capture(path, rows=16)
    pipeline = Pipeline(inner=False)
    for number, batch in enumerate(source.batches()):
        pipeline.feed(batch)
        if number % 4 == 0:
            pipeline.age(0)
            pipeline._data._keep(np.arange(len(pipeline._data._series)))
            all_of(pipeline._esp)
    assert tables(pipeline.report([source.info])) == tables(l2tpscope.read(path, inner=False))


def all_of(tracker: EspTracker) -> None:
    """Let every part of the tracker keep all that it has."""
    which = np.arange(len(tracker._series) + 1)
    for part in (tracker._flows, tracker._totals, tracker._sequences, tracker._sizes, tracker._edges, tracker._small):
        part.keep(which)


@pytest.mark.parametrize("name", ["rekeying", "two_clients_one_nat"])
def test_esp_that_goes_on(name: str) -> None:
    """When silent SAs are let go in the middle, those that go on have the counts, sizes and packets of an undisturbed run."""
    source = open_capture(SEEDS[name], rows=8)
    whole, aged = Pipeline(), Pipeline()
    times = [int(batch.time[-1]) for batch in open_capture(SEEDS[name], rows=8).batches()]
    for number, batch in enumerate(source.batches()):
        whole.feed(batch)
        aged.feed(batch)
        if number == len(times) // 2:
            aged._esp.age(times[number // 2], set())
    left = {(one.spi, one.receiver): one for one in aged._esp.finish(times[-1])}
    assert left
    assert aged._esp.let_go > 0
    every = {(one.spi, one.receiver): one for one in whole._esp.finish(times[-1])}
    for key, one in left.items():
        other = every[key]
        for field in dataclasses.fields(one):
            if field.name != "number" and one.packets == other.packets:
                assert repr(getattr(one, field.name)) == repr(getattr(other, field.name)), field.name
    assert sum(one.packets == every[key].packets for key, one in left.items()) > 0


def test_quiet_sa_of_busy_hosts_stays() -> None:
    """An SA that is silent while its hosts' IKE goes on is not let go: it would look as if it had never carried anything."""
    source = open_capture(SEEDS["rekeying"])
    pipeline = Pipeline()
    for batch in source.batches():
        pipeline.feed(batch)
    end = source.info.last_time or 0
    busy = pipeline._esp.heard(0)
    pipeline._esp.age(end + SECOND, busy)
    assert pipeline._esp.finish(end)
    pipeline._esp.age(end + SECOND, set())
    assert not pipeline._esp.finish(end)


def test_a_tunnel_for_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tunnel of 40 hours and as many HELLOs as minutes, its middle let go, is still established, and nothing of it was lost."""
    monkeypatch.setattr(l2tp, "MOST_FRAMES", 2000)
    begin = 1_700_000_000.0
    hellos = (record for number in range(2400) for record in endless.hello(number, begin + 60 * (number + 1)))
    report = watched(b"".join([endless.HEADER, *endless.life(0, begin, closes=False), *hellos]))
    (row,) = report.rows("tunnels")
    assert (row.state, row.initiator_id, row.responder_id, row.retransmissions_to_responder) == ("established", 1, 2, 0)
    assert row.opened is not None
    assert not [each for each in report.rows("loss") if each.lost]
    hellos_left = [each for each in report.rows("messages") if each.message in ("HELLO", "ZLB")]
    assert 200 < len(hellos_left) < 1500
    assert not [each for each in hellos_left if each.anomalies or each.fit != "new"]
    assert any("middle of long tunnels" in note for note in report.notes)


def test_silent_tunnels_are_let_go_and_counted() -> None:
    """Of 1,000 tunnels that closed, and one that says HELLO, the one is left 20 minutes later, its session of before included."""
    begin = 1_700_000_000.0
    lives = [record for number in range(1, 1001) for record in endless.life(number, begin + number * 0.05)]
    hellos = [record for number in range(20) for record in endless.hello(number, begin + 60 * (number + 1))]
    report = watched(b"".join([endless.HEADER, *endless.life(0, begin, closes=False), *lives, *hellos]))
    (row,) = report.rows("tunnels")
    assert (row.state, row.hellos, row.data_packets_to_responder) == ("established", 20, 1)
    assert any("1000 tunnels" in note and "200 packets" in note for note in report.notes)


def test_what_comes_back_is_shown_again() -> None:
    """Data of a session that was let go and goes on is in the tables again, with what it had before, and no longer counted as gone."""
    begin = 1_700_000_000.0
    lives = [record for number in range(1, 41) for record in endless.life(number, begin + 1000 + 40 * number)]
    client = bytes([10, 0, 0, 0])
    data = b"\x00\x02\x00\x02\x00\x02" + endless.IP_IN_PPP
    parts = [endless.HEADER, *endless.life(0, begin, closes=False), *lives]
    gone = watched(b"".join(parts))
    assert [row.initiator for row in gone.rows("tunnels") if row.initiator == "10.0.0.0:1701"] == []
    back = watched(b"".join([*parts, endless.packet(begin + 2700, client, endless.LNS, data)]))
    (row,) = [row for row in back.rows("tunnels") if "10.0.0.0:1701" in (row.initiator, row.responder)]
    assert row.data_packets_to_responder + row.data_packets_to_initiator == 2


def test_tracker_forgets_what_was_let_go() -> None:
    """Series that were let go are forgotten once they are most of a crowd, and what is left counts on under its new number."""
    tracker = DataTracker()
    assert tracker.age(0, set()) is False
    begin = 1_700_000_000.0
    lives = [record for number in range(10, 90_000, 10) for record in endless.life(number, begin + number / 40)]
    report = watched(b"".join([endless.HEADER, *endless.life(0, begin, closes=False), *lives]))
    rows = report.rows("tunnels")
    assert sum(row.data_packets_to_responder for row in rows) == len(rows)
    assert rows[-1].initiator == f"10.{89_990 >> 16}.{89_990 >> 8 & 255}.{89_990 & 255}:1701"


def test_long_ike_is_cut_in_a_pause() -> None:
    """Of an IKE SA with very many messages the ends stay, and no exchange is torn: request and reply, 10 ms apart, go or stay together."""
    from l2tpscope.model.ike import IkeSa  # noqa: PLC0415

    times = [at * 30 * SECOND + reply * SECOND // 100 for at in range(500) for reply in (0, 1)]
    sa = IkeSa(1, 2, [dataclasses.make_dataclass("Frame", ["time"])(time) for time in times])  # type: ignore[list-item]
    thin(sa)
    assert len(sa.frames) + sa.unkept == 1000
    assert ENDS < len(sa.frames) <= LONG
    assert [frame.time % (30 * SECOND) == 0 for frame in sa.frames] == [True, False] * (len(sa.frames) // 2)


def test_age_by_the_clock_of_the_capture() -> None:
    """It is looked for what is old once a minute of the capture, and not before ten minutes of it are over."""
    age = Age()
    assert age.due(None) is None
    assert age.due(0) is None
    assert age.due(59 * SECOND) is None
    assert age.due(60 * SECOND) == 60 * SECOND - AGE
    assert age.due(61 * SECOND) is None
    assert esp.LONG_SILENCE > AGE


@pytest.mark.slow
def test_memory_stays_flat() -> None:
    """Of a stream of tunnels the newest are followed, one that stays is there, and memory grows no more after ten minutes of it."""
    run = subprocess.run([sys.executable, HERE / "endless.py", "24000"], capture_output=True, text=True, check=True, timeout=900)
    found = json.loads(run.stdout)
    assert found["tunnels"] == 12_000 + 1 + 1
    assert found["newest"][:2] == ["10.0.93.191:1701", "closed"]
    assert found["oldest"] == ["10.0.0.0:1701", "established", 1, 19, 0]
    *_, fifteen_minutes, twenty = found["memory"]
    assert twenty < 1.2 * fifteen_minutes
