"""ipsec: every table of IKE, ESP and whole connections, in the order in which one rests on the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

from l2tpscope.analysis.clear import Around
from l2tpscope.analysis.correlate import connect
from l2tpscope.analysis.encrypted import Inferred, Numbers, infer
from l2tpscope.analysis.encrypted.ike_lengths import DELETE_IKE
from l2tpscope.analysis.esp_pairs import Joined, Making, join
from l2tpscope.analysis.esp_rows import esp_sa_rows, measure_esp_loss, measure_esp_throughput, places
from l2tpscope.analysis.follow import Story
from l2tpscope.analysis.ike_follow import follow
from l2tpscope.analysis.ike_outcome import IkeOutcome, relate, settle
from l2tpscope.analysis.ike_rows import decoded_ike, ike_sa_row, measure_ike_messages, measure_ike_rtt
from l2tpscope.analysis.ike_story import IkeStory, Said
from l2tpscope.analysis.ipsec_events import esp_events, ike_events
from l2tpscope.analysis.outcome import Outcome
from l2tpscope.analysis.rtt import best
from l2tpscope.analysis.vpns import Context, vpn_row
from l2tpscope.model.trace import Trace


def measure_ipsec(trace: Trace, told: Sequence[tuple[Story, Outcome]], *, suspect: bool) -> Around:
    """All of it; *told*: the tunnels, which are parts of connections too."""
    stories = [follow(sa, number) for number, sa in enumerate(trace.ike_sas, 1)]
    relate(stories)
    joined = join(trace.esp, stories)
    everywhere = places(joined.pairs)
    connections = connect(stories, joined, [story.channel for story, _ in told], trace.twins)
    numbers = Numbers(
        esp={place.series.number: place.number for place in everywhere},
        vpn_of_pair={pair.number: connection.number for connection in connections for pair in connection.pairs},
        vpn_of_ike={story.number: connection.number for connection in connections for story in connection.stories},
    )
    inferred = infer(
        joined.pairs,
        {story.number: story for story in stories},
        {pair: story.number for pair, story in joined.story_of.items()},
        (trace.begin, trace.end),
        trace.keepalives,
        numbers=numbers,
    )
    outcomes = settle(stories, trace.end, _closings(stories, inferred))
    rtt = measure_ike_rtt(stories)
    context = _context(joined, told, outcomes, inferred, numbers)
    trips = best(rtt, lambda row: row.ike_sa)
    checks = inferred.dead_peer_checks
    return Around(
        vpns=[vpn_row(connection, context) for connection in connections],
        ike_sas=[
            ike_sa_row(story, outcomes[story.number], trips, checks.get(story.number, 0), numbers.vpn_of_ike[story.number])
            for story in stories
        ],
        ike_messages=partial(measure_ike_messages, stories),
        decoded_ike=partial(decoded_ike, stories),
        esp_sas=esp_sa_rows(everywhere, joined, numbers.vpn_of_pair, inferred.cipher),
        inferences=inferred.rows,
        rtt=rtt + inferred.rtt,
        loss=measure_esp_loss(everywhere, suspect=suspect),
        throughput=partial(measure_esp_throughput, everywhere, trace.esp_bins, trace.esp_bin_width, trace.esp_missed),
        events=lambda: ike_events(stories, outcomes, trace.ike_flood) + esp_events(everywhere),
        vpn_of_tunnel={channel.number: connection.number for connection in connections for channel in connection.channels},
    )


def _closings(stories: Sequence[IkeStory], inferred: Inferred) -> dict[int, Said]:
    """By the number of the IKE SA, the first message that deletes it, as far as its length and place tell."""
    deletes = {id(one.said) for one in inferred.messages if one.value == DELETE_IKE and one.grade != "hint"}
    firsts = ((story.number, next((said for said in story.said if id(said) in deletes), None)) for story in stories)
    return {number: said for number, said in firsts if said is not None}


def _context(
    joined: Joined, told: Sequence[tuple[Story, Outcome]], outcomes: Mapping[int, IkeOutcome], inferred: Inferred, numbers: Numbers
) -> Context:
    makings: dict[int, list[Making]] = defaultdict(list)
    for making in joined.makings:
        makings[making.story.number].append(making)
    tunnels = {story.channel.number: (story, outcome) for story, outcome in told}
    return Context(ike=outcomes, tunnels=tunnels, makings=makings, esp_sa=numbers.esp, inferred=inferred.stage)
