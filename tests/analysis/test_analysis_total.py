"""Whatever two peers send, in whatever order: no exception, every frame accounted for, the same report however it is cut."""

from __future__ import annotations

from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st
from script import NUMBERS, A, B, C, Script, u16

import l2tpscope

SMALL = st.integers(0, 4)
FRAME = st.tuples(
    st.sampled_from([(A, B), (B, A), (C, B)]),
    st.sampled_from([*NUMBERS, "ZLB", "DATA", "SEQUENCED"]),
    st.tuples(SMALL, st.sampled_from([0, 1, 2, 3, 4, 5, 40, 65535]), st.sampled_from([0, 1, 2, 3, 4, 5, 9000])),
    SMALL,
    st.one_of(st.none(), SMALL),
    st.one_of(st.none(), SMALL),
    st.sampled_from([0.0, 0.0001, 0.5, 20.0, 400.0, -3.0]),
    st.sampled_from([1701, 1701, 40000]),
)


def written(frames: list[tuple[object, ...]]) -> bytes:
    """The frames as a capture."""
    script, time = Script(), 1000.0
    for (source, destination), message, (tunnel, ns, nr), session, assigned, own, step, port in frames:  # type: ignore[misc]
        time = max(0.0, time + step)
        if message == "DATA":
            script.data(time, source, destination, tunnel, session)
        elif message == "SEQUENCED":
            script.sequenced(time, source, destination, tunnel, session, ns)
        else:
            result = u16(1) if message in ("StopCCN", "CDN") else None
            given_ids = {"assigned": assigned, "own_session": own, "session": session, "result": result}
            script.control(time, source, destination, message, tunnel, ns, nr, sport=port, **given_ids)
    return script.file()


@settings(max_examples=150, deadline=None)
@given(st.lists(FRAME, min_size=1, max_size=30))
def test_any_messages_at_all_are_followed(frames: list[tuple[object, ...]]) -> None:
    """Nothing raises; each control frame is in one tunnel once, each data packet in one session once; numbers add up."""
    octets = written(frames)
    report = l2tpscope.read(BytesIO(octets))
    (capture,) = report.rows("captures")
    tunnels, sessions = report.rows("tunnels"), report.rows("sessions")
    assert len(report.rows("messages")) == capture.l2tp2_control_frames
    packets = sum(row.data_packets_to_responder + row.data_packets_to_initiator for row in sessions)
    copies = sum(row.fit == "duplicate" for row in report.rows("messages"))
    assert packets == capture.l2tp2_data_frames - (capture.duplicate_frames - copies)
    assert sum(row.messages_to_responder + row.messages_to_initiator for row in tunnels) == capture.l2tp2_control_frames - copies
    assert {row.tunnel for row in sessions} <= {row.tunnel for row in tunnels}
    for row in report.rows("loss"):
        if row.measurable:
            assert row.expected == row.received + row.lost + row.pending
            assert 0 <= row.loss_low_ratio <= row.loss_ratio <= row.loss_high_ratio <= 1
        else:
            assert row.why_not
    assert all(row.rtt_s >= 0 for row in report.rows("rtt"))
    assert report.rows("throughput") is not None
    assert str(report)


@settings(max_examples=60, deadline=None)
@given(st.lists(FRAME, min_size=1, max_size=25), st.sampled_from([1, 2, 7]))
def test_cutting_them_otherwise_changes_nothing(frames: list[tuple[object, ...]], rows: int) -> None:
    """Read one, two or seven records at a time: the same document."""
    octets = written(frames)
    assert l2tpscope.read(BytesIO(octets)).to_json() == l2tpscope.read(BytesIO(octets), rows=rows).to_json()
