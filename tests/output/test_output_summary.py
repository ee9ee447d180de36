"""The summary says, on one screen, how far the capture can be trusted and what was in it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from example_report import SECOND, T0, capture, loss, report, session, trip, tunnel

from l2tpscope.analysis.rows import Measures

UNSEQUENCED = "no sequence numbers on the data (S bit not set)"


def text(**tables: Any) -> str:
    """The summary of these tables."""
    return str(report(measures=Measures(**{"captures": [capture()], **tables}), notes=()))


def test_quality_comes_first() -> None:
    """The first block is the capture: its span, frames, verdict, and every reason."""
    reasons = ["the capturer reports 7 dropped frames", "only one direction is in the capture"]
    lines = text(captures=[capture(verdict="poor", reasons=reasons, reported_drops=7, one_sided=True)]).splitlines()
    assert lines[0] == "CAPTURE wan.pcap"
    assert "2025-11-24 16:02:11 to 16:02:52 UTC (41 s), 1,234 frames, pcap, 7 drops reported" in lines[1]
    assert lines[2:5] == ["  quality: poor (one direction only)", *(f"  - {reason}" for reason in reasons)]


def test_the_example_fits_a_screen() -> None:
    """Two tunnels and a session take at most 40 lines of at most 100 columns."""
    lines = str(report()).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100


def test_tunnels_say_who_and_why() -> None:
    """A tunnel has its sides, ids, state, times, repeats, and who closed it with what words."""
    shown = text(tunnels=[tunnel(retransmissions_to_responder=2)])
    assert "1  198.51.100.10 → 203.0.113.5  23456/11  closed  16:02:11  40 s  0.09 s             2/0" in shown
    assert 'lac → lns; closed by initiator: result 1 (general request to clear), "Goodbye!"' in shown


def test_a_tunnel_still_up_has_an_open_life() -> None:
    """What had not ended with the capture lived longer than was seen."""
    assert ">41 s" in text(tunnels=[tunnel(state="established", closed=None, closed_by=None, result_code=None, error_message=None)])


def test_one_sided_tunnels_say_so() -> None:
    """A tunnel of which one side is not in the capture says which; one that nobody answered has no such side."""
    unheard = {"messages_to_initiator": 0, "data_packets_to_initiator": 0}
    assert "one-sided: nothing sent by the responder is in the capture" in text(tunnels=[tunnel(state="partial", **unheard)])
    assert "one-sided: nothing sent by the initiator" in text(tunnels=[tunnel(state="partial", messages_to_responder=0)])
    assert "one-sided" not in text(tunnels=[tunnel(state="unanswered", **unheard)])
    assert "one-sided" not in text(tunnels=[tunnel()])


def test_retransmission_waits_are_set_apart() -> None:
    """A set-up that waited says how much of it was waiting."""
    assert "set-up: 7.00 s of it waiting to send again" in text(tunnels=[tunnel(setup_s=7.3, setup_retransmit_wait_s=7.0)])


def test_lost_control_messages_are_counted_not_divided() -> None:
    """Control messages lost are given as k of n, before the tap and after it apart."""
    control = loss(space="l2tp-control", session=None, expected=9, lost=1, upstream_lost=2, downstream_lost=1)
    shown = text(tunnels=[tunnel()], loss=[control])
    assert "control messages →: 2 of 9 lost before the tap; sent again after passing the tap: 1" in shown
    assert "%" not in shown


def test_round_trips_have_side_kind_and_n() -> None:
    """Each row is of one kind; each side has its n, minimum and percentiles; samples not used are counted."""
    trips = [trip(0.0231), trip(0.025), trip(0.0412, "responder"), trip(0.09, kind="l2tp-zlb"), trip(0.3, quality="ambiguous")]
    rows = [line.split() for line in text(tunnels=[tunnel()], rtt=trips).splitlines() if "l2tp-" in line]
    assert rows == [
        ["1", "l2tp-reply", "2", "23.1", "24.1", "24.9", "1", "41.2", "41.2", "41.2", "1"],
        ["1", "l2tp-zlb", "1", "90.0", "90.0", "90.0", "0", "–", "–", "–", "0"],
    ]


def test_no_round_trip_is_said() -> None:
    """Without samples the summary says that there are none, and shows no number."""
    assert "none: no message and its acknowledgement are both in the capture" in text(tunnels=[tunnel()])


def test_data_loss_has_its_counts_and_interval() -> None:
    """Loss is k of n, a ratio and an interval; what cannot be measured says why, once for all sessions."""
    rows = [loss(), loss(direction="to_initiator", measurable=False, why_not=UNSEQUENCED)]
    rows += [loss(session=number, direction=way, measurable=False, why_not=UNSEQUENCED) for number in (2, 3) for way in WAYS]
    shown = text(tunnels=[tunnel()], sessions=[session(1), session(2), session(3)], loss=rows)
    assert "data loss → before the tap: 21 of 5,001, 0.42 % (0.28-0.64), 3 reordered" in shown
    assert f"data loss to initiator not measurable: {UNSEQUENCED}: session 1" in " ".join(shown.split())
    assert f"data loss in both directions not measurable: {UNSEQUENCED}: session 2-3" in " ".join(shown.split())


WAYS = ("to_responder", "to_initiator")


def test_loss_of_a_doubtful_capture_is_an_upper_bound() -> None:
    """Where the capture may have lost the packets, the loss is called an upper bound."""
    shown = text(tunnels=[tunnel()], sessions=[session()], loss=[loss(capture_suspect=True)])
    assert "an upper bound: the capture itself may have lost them" in " ".join(shown.split())


def many(count: int) -> list[Any]:
    """Tunnels, of which the last is lost and the one before refused."""
    rows = [tunnel(number, opened=T0 + number * SECOND) for number in range(1, count + 1)]
    rows[-1].state, rows[-2].state = "lost", "refused"
    return rows


def test_twenty_are_shown_in_order() -> None:
    """As many as fit stand in the order of appearance."""
    shown = text(tunnels=many(20))
    assert [line.split()[0] for line in shown.splitlines() if "23456/11" in line] == [str(number) for number in range(1, 21)]
    assert "more" not in shown


def test_of_more_the_worst_are_shown() -> None:
    """Where they do not all fit, the worst come first, and the command that shows all is named."""
    shown = text(tunnels=many(51))
    assert [line.split()[0] for line in shown.splitlines() if "23456/11" in line] == ["51", "50", *map(str, range(1, 19))]
    assert "… and 31 more (worst shown first): l2tpscope tunnels wan.pcap" in shown


def test_of_many_only_the_unusual_is_told() -> None:
    """With more rows than seven, an orderly end is one line, and what went wrong keeps its reason."""
    few, more = text(tunnels=many(7)), text(tunnels=many(8))
    assert few.count("Goodbye!") == 7
    assert more.count("Goodbye!") == 2
    assert "lost: initiator gave up" in more


def test_of_many_sessions_only_losses_are_told() -> None:
    """With more sessions than seven, those that lost nothing are one line."""
    rows = [loss(session=number, lost=0 if number < 8 else 21) for number in range(1, 9)]
    sessions = [session(number) for number in range(1, 9)]
    assert text(sessions=sessions, loss=rows).count("data loss") == 1
    assert text(sessions=sessions[:7], loss=rows).count("data loss") == 7


def test_days_are_named_where_there_are_several() -> None:
    """In a capture over midnight the day stands beside the time."""
    later = T0 + 86_400 * SECOND
    assert "11-24 16:02:11" in text(captures=[capture(time_end=later)], tunnels=[tunnel()])


def test_what_is_not_followed_is_counted() -> None:
    """IKE, ESP, L2TPv3, L2F and strangers on port 1701 are counted, and it is said that they are not followed."""
    shown = text(captures=[capture(ike_frames=9, esp_frames=1000, l2tp3_data_frames=3, openvpn_1701_frames=4)])
    assert "IKE 9, ESP 1,000, OpenVPN on port 1701 4" in shown
    assert "IKE and ESP are counted, not followed" in shown
    assert "L2TPv3 and L2F are counted, not followed" in shown


def test_nothing_of_interest_says_what_to_try() -> None:
    """A capture without L2TP says so, and how to find it on another port."""
    shown = text(captures=[capture(verdict="empty", l2tp2_control_frames=0, l2tp2_data_frames=0)])
    assert "L2TPv2 control 0, L2TPv2 data 0" in shown
    assert "--port N" in shown


@pytest.mark.parametrize("path", ["-", "<stdin>", "a\x1b[2J.pcap", "-o.pcap"])
def test_commands_to_copy_are_harmless(path: str) -> None:
    """A path that a shell or a terminal would mistake is not put into a command."""
    shown = text(captures=[capture(path=path)], tunnels=[tunnel()])
    assert "l2tpscope events FILE" in shown


def test_paths_with_spaces_are_quoted() -> None:
    """A command to copy quotes its path."""
    assert "l2tpscope events 'my file.pcap'" in text(captures=[capture(path="my file.pcap")], tunnels=[tunnel()])


def test_interruption_and_notes_are_said() -> None:
    """A report of a part says so before all else; notes stand at the end."""
    shown = str(report(interrupted=True, notes=["a flood of 1000 SCCRQs"]))
    assert shown.startswith("INTERRUPTED")
    assert "  a flood of 1000 SCCRQs" in shown.splitlines()


def test_a_report_of_nothing_is_text() -> None:
    """Even a report without a capture can be shown."""
    assert "none was read" in str(report(measures=Measures()))


def test_two_captures_have_a_block_each() -> None:
    """Each capture has its own verdict."""
    shown = text(captures=[capture(), capture(capture=2, path="b.pcap", verdict="doubtful")])
    assert "CAPTURE wan.pcap" in shown
    assert "CAPTURE b.pcap" in shown


def test_hostile_text_does_not_reach_the_terminal() -> None:
    """No control character of a peer's text is in the summary, in plain or in colour."""
    plain = str(report())
    assert r"\x1b[2J" in plain
    assert "\x1b" not in plain


def test_sessions_say_why_only_of_themselves() -> None:
    """A session that ended with its tunnel leaves the reason to it; one with a CDN has its own."""
    assert "closed by" not in text(sessions=[session()])
    told = session(state="refused", closed_by="responder", result_code=2, result="general error", error_message="No address")
    assert 'refused by responder: result 2 (general error), "No address"' in text(sessions=[told])


def test_only_what_is_there_is_offered() -> None:
    """The commands to run next are those whose tables have rows; a capture of IPsec alone has none but the document."""
    shown = text(captures=[capture(l2tp2_control_frames=0, l2tp2_data_frames=0, esp_frames=5)])
    assert re.findall(r"^  l2tpscope (\w+)", shown, flags=re.MULTILINE) == ["summary"]
    shown = text(tunnels=[tunnel()], rtt=[trip(0.02)])
    assert re.findall(r"^  l2tpscope (\w+)", shown, flags=re.MULTILINE) == ["events", "messages", "rtt", "summary"]
