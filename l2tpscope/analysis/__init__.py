"""Numbers with their bias stated: pairing, round trips, loss, throughput, quality."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter

from l2tpscope.analysis.clear import Around, clear_connections
from l2tpscope.analysis.data import attach_data
from l2tpscope.analysis.events import measure_events
from l2tpscope.analysis.follow import Follower, Story
from l2tpscope.analysis.inner_echo import measure_echo_rtt, measure_inner_echo_loss, pair_echoes
from l2tpscope.analysis.inner_flows import contents, flow_notes, measure_flows, measure_tcp_loss, measure_tcp_rtt
from l2tpscope.analysis.inner_talks import look_inside
from l2tpscope.analysis.ip_id import measure_ip_id
from l2tpscope.analysis.l2f import l2f_events, measure_l2f, tell_l2f_tunnels
from l2tpscope.analysis.loss import measure_loss
from l2tpscope.analysis.messages import decoded_messages, measure_messages
from l2tpscope.analysis.outcome import Outcome, tunnel_outcome
from l2tpscope.analysis.pair import pair
from l2tpscope.analysis.ppp_rows import decoded_ppp, measure_echo_loss, measure_ppp, measure_ppp_rtt, ppp_events
from l2tpscope.analysis.ppp_story import tell
from l2tpscope.analysis.quality import capture_row, doubts
from l2tpscope.analysis.rows import EventRow, Measures, ThroughputRow
from l2tpscope.analysis.rtt import best, measure_rtt
from l2tpscope.analysis.software import tell_software
from l2tpscope.analysis.throughput import measure_throughput
from l2tpscope.analysis.tunnels import session_row, tunnel_row
from l2tpscope.analysis.use import tell_use
from l2tpscope.model.trace import Trace

__all__ = ["Measures", "measure"]


def measure(trace: Trace) -> Measures:
    """All tables of what was seen."""
    channels, notes = pair(trace.halves, trace.series)
    stories = [Follower(channel, trace.begin).run() for channel in channels]
    attach_data(channels)
    outcomes = [tunnel_outcome(story, trace.end) for story in stories]
    told = list(zip(stories, outcomes, strict=True))
    against = doubts(stories)
    captures = [capture_row(info, tally, against) for info, tally in trace.captures]
    suspect = any(row.verdict == "poor" for row in captures)
    rtt = measure_rtt(stories)
    least = best(rtt)
    around = _around(trace, told, suspect=suspect)
    ppp = tell(channels, trace.ppp)
    tell_use(around.vpns, stories, ppp)
    ppp_of = {one.call.number: one for one in ppp}
    l2f = tell_l2f_tunnels(trace.l2f, trace.end)
    software = tell_software(stories, ppp, around.ike_sas, around.vpn_of_tunnel)
    inside = look_inside(channels, trace.inner)
    echoes = pair_echoes(inside, trace.end)
    carried = contents(inside, ppp_of)
    sessions = [
        session_row(story, call, outcome, ppp_of.get(call.number), carried.get(call.number, []))
        for story, outcome in told
        for call in story.channel.calls
    ]
    trips = [*rtt, *measure_ppp_rtt(ppp), *measure_echo_rtt(echoes), *measure_tcp_rtt(inside), *around.rtt]
    return Measures(
        captures=captures,
        tunnels=[
            tunnel_row(story, outcome, least, trace.secret, around.vpn_of_tunnel, software=software[story.channel.number])
            for story, outcome in told
        ],
        sessions=sorted(sessions, key=lambda row: row.session),
        messages=partial(measure_messages, stories),
        rtt=sorted(trips, key=attrgetter("time", "frame_reply", "frame_request")),
        loss=[
            *measure_loss(stories, suspect=suspect),
            *measure_ip_id(stories, trace.ip_ids, suspect=suspect),
            *measure_echo_loss(ppp, trace.end),
            *measure_inner_echo_loss(echoes, suspect=suspect),
            *measure_tcp_loss(inside, suspect=suspect),
            *around.loss,
        ],
        throughput=partial(
            _throughput, partial(measure_throughput, channels, trace.bins, trace.bin_width, trace.missed), around.throughput
        ),
        events=partial(
            _events, partial(measure_events, told, trace), partial(ppp_events, ppp), partial(l2f_events, l2f, trace.l2f), around.events
        ),
        ppp=partial(measure_ppp, ppp, show_secrets=trace.show_secrets),
        inner_flows=partial(measure_flows, inside, echoes),
        l2f=measure_l2f(l2f),
        vpns=around.vpns,
        ike_sas=around.ike_sas,
        ike_messages=around.ike_messages,
        esp_sas=around.esp_sas,
        inferences=around.inferences,
        notes=[*trace.notes, *flow_notes(inside), *notes],
        decoded={
            "messages": partial(decoded_messages, stories),
            "ppp": partial(decoded_ppp, ppp),
            "ike_messages": around.decoded_ike,
        },
    )


def _around(trace: Trace, told: Sequence[tuple[Story, Outcome]], *, suspect: bool) -> Around:
    """IKE, ESP and the connections; what is only for IPsec is loaded when there is any."""
    if not (trace.ike_sas or trace.esp or trace.keepalives):
        return clear_connections(told)
    from l2tpscope.analysis.ipsec import measure_ipsec  # noqa: PLC0415 - with its tables it takes longer to load than a small capture to read

    return measure_ipsec(trace, told, suspect=suspect)


def _throughput(*parts: Callable[[], list[ThroughputRow]]) -> list[ThroughputRow]:
    """The parts in the order of time."""
    rows = [row for part in parts for row in part()]
    rows.sort(key=lambda row: (row.time, row.tunnel or 0, row.session or 0, row.esp_sa or 0, row.direction))
    return rows


def _events(*parts: Callable[[], list[EventRow]]) -> list[EventRow]:
    """The parts in the order of time."""
    rows = [row for part in parts for row in part()]
    rows.sort(key=lambda row: (row.time, row.frame or 0))
    return rows
