"""The summary says, on one screen, how far the capture can be trusted and what was in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from example_report import HOSTILE, SECOND, T0, capture, loss, report, session, trip, tunnel

import l2tpscope
from l2tpscope.analysis.rows import Measures
from l2tpscope.output.page import cells
from l2tpscope.output.room import LINES

SAMPLES = Path(__file__).resolve().parents[2] / "samples"

UNSEQUENCED = "no sequence numbers (S bit not set)"


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
    """Two tunnels and a session take at most 42 lines of at most 100 columns; six more with one of L2F."""
    given = report()
    assert len(str(given).splitlines()) <= 48
    given.measures.l2f = []
    lines = str(given).splitlines()
    assert len(lines) <= 42
    assert max(map(len, lines)) <= 100


def test_tunnels_say_who_and_why() -> None:
    """A tunnel has its sides, ids, state, times, repeats, and who closed it with what words."""
    shown = text(tunnels=[tunnel(retransmissions_to_responder=2)])
    assert "1  198.51.100.10 → 203.0.113.5  23456/11  closed  16:02:11  40 s  0.09 s        2/0" in shown
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
    assert "none, no message and its acknowledgement are both in the capture" in text(tunnels=[tunnel()])
    assert "rtt: none, no message" in text(tunnels=many(4))


def test_data_loss_has_its_counts_and_interval() -> None:
    """Loss is k of n, a ratio and an interval; what cannot be measured says why, once for all sessions."""
    rows = [loss(), loss(direction="to_initiator", measurable=False, why_not=UNSEQUENCED, reordered=None)]
    rows += [
        loss(session=number, direction=way, measurable=False, why_not=UNSEQUENCED, reordered=None) for number in (2, 3) for way in WAYS
    ]
    shown = text(tunnels=[tunnel()], sessions=[session(1), session(2), session(3)], loss=rows)
    assert "21/5,001 0.42 % (0.28-0.64)" in shown
    assert "all: data reordered → 3" in shown
    assert f"session 1 ←: data loss not measurable: {UNSEQUENCED}" in shown
    assert f"sessions 2-3: data loss not measurable: {UNSEQUENCED}" in shown
    assert "← lost" not in shown


WAYS = ("to_responder", "to_initiator")


def test_loss_of_a_doubtful_capture_is_an_upper_bound() -> None:
    """Where the capture may have lost the packets, the loss is called an upper bound."""
    shown = text(tunnels=[tunnel()], sessions=[session()], loss=[loss(capture_suspect=True)])
    assert "session 1: loss is an upper bound: the capture itself may have lost them" in shown


def many(count: int) -> list[Any]:
    """Tunnels, of which the last is lost and the one before refused."""
    rows = [tunnel(number, opened=T0 + number * SECOND) for number in range(1, count + 1)]
    rows[-1].state, rows[-2].state = "lost", "refused"
    return rows


def numbered(shown: str) -> list[str]:
    """The numbers of the tunnels that have a line."""
    return [line.split()[0] for line in shown.splitlines() if "23456/11" in line]


def test_twelve_are_shown_in_order() -> None:
    """As many as fit stand in the order of appearance, and nothing is left out."""
    shown = text(tunnels=many(12))
    assert numbered(shown) == [str(number) for number in range(1, 13)]
    assert "more" not in shown


def test_of_more_the_worst_are_shown() -> None:
    """Where they do not all fit, the worst come first, all are counted, and the command that shows them is named."""
    shown = text(tunnels=many(51))
    assert numbered(shown) == ["51", "50", *map(str, range(1, 11))]
    assert "TUNNELS 51: 1 lost, 1 refused, 49 closed" in shown
    assert "… and 39 more (worst shown first): l2tpscope tunnels wan.pcap" in shown


def test_of_many_only_the_unusual_is_told() -> None:
    """With more tunnels than three the usual end is said once, and what went wrong keeps its reason, under its row."""
    few, more = text(tunnels=many(3)), text(tunnels=many(7))
    assert few.count("Goodbye!") == 3
    assert more.count("Goodbye!") == 3
    assert 'tunnels 1-5: closed by initiator: result 1 (general request to clear), "Goodbye!"' in more
    assert re.search(r"\n  7  23456/11 +lost .*\n    lost: initiator gave up", more)


def test_of_many_what_they_share_is_said_once() -> None:
    """The sides that all tunnels have in common are one line; a side in which they differ has a column."""
    assert "all: 198.51.100.10 → 203.0.113.5" in text(tunnels=many(4))
    rows = many(4)
    rows[0].initiator = "198.51.100.11:1701"
    shown = text(tunnels=rows)
    assert "all to responder 203.0.113.5" in shown
    assert re.search(r"\n  1  198.51.100.11  23456/11", shown)
    rows[1].responder = "203.0.113.6:1701"
    assert "198.51.100.10 → 203.0.113.6" in text(tunnels=rows)


def test_of_many_round_trips_are_inline() -> None:
    """A line has the kind with most clean samples of either side, with its n; ambiguous samples are counted as unused."""
    trips = [
        trip(0.0403, kind="l2tp-zlb"),
        trip(0.0406, kind="l2tp-zlb"),
        trip(0.09),
        trip(0.0412, "responder"),
        trip(0.3, quality="ambiguous"),
    ]
    line = next(line for line in text(tunnels=many(4), rtt=trips).splitlines() if line.startswith("  1 "))
    assert line.endswith("40.3/40.5 2 zlb  41.2/41.2 1 reply")
    assert "; 1 ambiguous unused" in text(tunnels=many(4), rtt=trips)


def test_of_many_repeats_and_waits_are_summed() -> None:
    """Lost control messages and set-ups that waited are told of all tunnels together, as counts."""
    control = [loss(space="l2tp-control", tunnel=number, session=None, expected=9, upstream_lost=2, downstream_lost=1) for number in (1, 2)]
    rows = many(4)
    rows[0].setup_retransmit_wait_s = 1.0
    shown = text(tunnels=rows, loss=control)
    assert "all: control messages → 4 of 18 lost before the tap; sent again after passing the tap: → 2" in shown
    assert "set-up waited to send again in 1 of 4 tunnels, up to 1.00 s" in shown


def test_sessions_take_a_line_each() -> None:
    """A session has its data and its loss of both directions on one line, and what ended them alike is said once."""
    rows = [loss(session=number, direction=way) for number in range(1, 8) for way in WAYS]
    ended = {"result_code": 1, "result": "carrier lost"}
    shown = text(sessions=[session(number, **ended) for number in range(1, 8)], loss=rows)
    assert len(re.findall(r"600/64.0 k  21/5,001 0.42 % \(0.28-0.64\)  500/1.2 M  21/5,001 0.42 % \(0.28-0.64\)\n", shown)) == 7
    assert shown.count("carrier lost") == 1
    assert "all: closed by initiator: result 1 (carrier lost)" in shown


def test_long_lists_of_numbers_become_counts() -> None:
    """Where a fact is of many scattered rows they are counted, not listed."""
    rows = [tunnel(number, error_message="odd" if number % 2 else str(number)) for number in range(1, 60)]
    assert '30 of 59 tunnels: closed by initiator: result 1 (general request to clear), "odd"' in text(tunnels=rows)


def test_worst_cases_stay_one_screen() -> None:
    """Whatever peers wrote and however many there are, the summary is about fifty lines of at most 100 columns."""
    tunnels = [
        tunnel(
            number,
            state="refused",
            initiator=f"[2001:db8:aaaa:bbbb:cccc:dddd:eeee:{number:x}]:50000",
            error_message=f"{number}" + HOSTILE * 40,
        )
        for number in range(1, 60)
    ]
    sessions = [session(number, state="refused", result_code=2, error_message=f"{number}" + HOSTILE * 40) for number in range(1, 60)]
    captures = [capture(capture=number, path=f"gw.pcap{number}", verdict="poor", reasons=["some reason"] * 6) for number in range(1, 11)]
    lines = text(captures=captures, tunnels=tunnels, sessions=sessions, loss=[loss(session=number) for number in range(1, 60)]).splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("sample", sorted(path.name for path in SAMPLES.glob("*.pcap*")))
def test_every_sample_is_one_screen(sample: str, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The summary of each bundled sample is at most 50 lines of 100 columns; of one clear tunnel, about 30, and what is wrong with it."""
    monkeypatch.chdir(samples)  # a long path would take a line
    made = l2tpscope.read(sample)
    lines = str(made).splitlines()
    most = 36 + 6 * bool(made.rows("findings"))
    assert len(lines) <= (50 if len(made.rows("tunnels")) > 1 or made.rows("ike_sas") else most)
    assert max(map(cells, lines)) <= 100


def test_days_are_named_where_there_are_several() -> None:
    """In a capture over midnight the day stands beside the time."""
    later = T0 + 86_400 * SECOND
    assert "11-24 16:02:11" in text(captures=[capture(time_end=later)], tunnels=[tunnel()])


def test_whose_software_it_is() -> None:
    """The software of each side stands under its tunnel, with its grade unless that is certain; where it is not known, nothing does."""
    made = {"initiator_implementation": "xl2tpd", "initiator_implementation_grade": "likely"}
    both = {**made, "responder_implementation": "accel-ppp", "responder_implementation_grade": "certain"}
    assert "software: initiator xl2tpd (likely), responder accel-ppp" in text(captures=[capture()], tunnels=[tunnel(**both)])
    assert "software: initiator xl2tpd (likely)\n" in text(captures=[capture()], tunnels=[tunnel(**made)])
    assert "software" not in text(captures=[capture()], tunnels=[tunnel()])


def test_software_that_many_share_is_said_once() -> None:
    """Of many tunnels the software that all share is said once, and what only one has is left to the table."""
    made = {"initiator_implementation": "xl2tpd", "initiator_implementation_grade": "likely"}
    many = [tunnel(number, **made) for number in range(1, 9)]
    assert text(captures=[capture()], tunnels=many).count("all: software: initiator xl2tpd (likely)") == 1
    mixed = [tunnel(number, **(made if number == 1 else {})) for number in range(1, 9)]
    assert "software" not in text(captures=[capture()], tunnels=mixed)


def test_every_kind_of_frame_is_counted() -> None:
    """IKE, ESP, L2F and strangers on port 1701 are counted."""
    shown = text(captures=[capture(ike_frames=9, esp_frames=1000, l2f_frames=3, openvpn_1701_frames=4)])
    assert "L2F 3, IKE 9, ESP 1,000, OpenVPN on port 1701 4" in shown


def test_other_vpns_are_named_where_nothing_of_ours_is() -> None:
    """OpenVPN, WireGuard and PPTP are counted with their ports, and named again where no L2TP is."""
    none = {"verdict": "empty", "l2tp2_control_frames": 0, "l2tp2_data_frames": 0}
    ports = ["udp/1194", "tcp/443", "udp/53", "udp/123"]
    shown = text(captures=[capture(**none, openvpn_frames=1234, openvpn_ports=ports, pptp_frames=7)])
    assert "also seen, not followed: OpenVPN 1,234 (udp/1194, tcp/443, udp/53 and others), PPTP control 7" in shown
    assert "no L2TP, IKE or ESP here, but OpenVPN 1,234 (udp/1194" in shown
    several = text(captures=[capture(wireguard_frames=2, wireguard_ports=["udp/51820"], sstp_frames=1) for _ in range(2)])
    assert "also seen, not followed: WireGuard 4 (udp/51820), SSTP without TLS 2" in several
    assert "also seen" not in text(captures=[capture()])


def test_nothing_of_interest_says_what_to_try() -> None:
    """A capture without L2TP says so, and how to find it on another port."""
    shown = text(captures=[capture(verdict="empty", l2tp2_control_frames=0, l2tp2_data_frames=0)])
    assert "L2TPv2 control 0, L2TPv2 data 0" in shown
    assert "--port N" in shown


def test_many_captures_are_one_block() -> None:
    """More than two captures share a block: the verdicts counted, the whole span, and a line for each with doubts."""
    captures = [capture(capture=number, path=f"gw.pcap{number}") for number in range(1, 11)]
    captures[3].verdict, captures[3].reasons, captures[3].reported_drops = "poor", ["the capturer reports 7 dropped frames"], 7
    captures[9].time_end = T0 + 100 * SECOND
    lines = text(captures=captures).splitlines()
    assert lines[0] == "CAPTURES 10: quality 1 poor, 9 good"
    assert "16:02:11 to 16:03:51 UTC (1:40), 12,340 frames, pcap, 7 drops reported by 1 of them" in lines[1]
    assert lines[2] == "  - gw.pcap4: poor (both directions): the capturer reports 7 dropped frames"
    assert lines[3] == ""


def test_a_long_path_is_named_once() -> None:
    """A path that would push the commands off the page stands at its capture alone."""
    shown = text(captures=[capture(path="some/where/far/away/from/here/wan.pcap")], tunnels=[tunnel()])
    assert shown.count("far/away") == 1
    assert "l2tpscope events FILE" in shown


def test_the_urgent_command_comes_first() -> None:
    """What to run next follows from what was seen: losses, repeats, a tunnel lost; two tables, then what shows all of it."""
    lossy = text(tunnels=[tunnel(retransmissions_to_responder=2)], sessions=[session()], loss=[loss()])
    assert re.findall(r"^  l2tpscope (\w+)", lossy, flags=re.MULTILINE) == ["loss", "messages", "report"]
    assert re.findall(r"^  l2tpscope (\w+)", text(tunnels=[tunnel(state="lost")]), flags=re.MULTILINE)[0] == "events"


@pytest.mark.parametrize("length", range(1, 34))
def test_a_command_to_copy_stays_on_its_line(length: int) -> None:
    """Whatever the length of the path, a command and why stand on one line of 100 columns."""
    given = {"captures": [capture(path="a" * length)], "tunnels": [tunnel(retransmissions_to_responder=2)]}
    told = text(**given, sessions=[session()], loss=[loss()]).split("NEXT")[1].strip("\n").splitlines()
    assert all(line.startswith("  l2tpscope ") and "  # " in line and len(line) <= 100 for line in told)


def test_one_side_alone_is_not_both_directions() -> None:
    """Calls that nobody answers do not show that the capture has the other direction, nor that it has not."""
    vain = tunnel(
        state="unanswered", messages_to_responder=5, messages_to_initiator=0, data_packets_to_responder=0, data_packets_to_initiator=0
    )
    assert "quality: good (one side alone is heard)" in text(captures=[capture()], tunnels=[vain])
    assert "quality: good (both directions)" in text(captures=[capture()], tunnels=[vain, tunnel()])
    assert "(one direction only)" in text(captures=[capture(one_sided=True)], tunnels=[vain])


def test_one_frame_is_one() -> None:
    """A capture of a single frame is told in the singular."""
    assert ", 1 frame, pcap" in text(captures=[capture(frames=1)])


@pytest.mark.parametrize("path", ["-", "<stdin>", "a\x1b[2J.pcap", "-o.pcap", "capture-1"])
def test_commands_to_copy_are_harmless(path: str) -> None:
    """A path that a shell or a terminal would mistake is not put into a command, nor a name that anonymising gave and no file has."""
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
    """The commands to run next are those whose tables have rows; without a connection there is no ladder."""
    shown = text(captures=[capture(l2tp2_control_frames=0, l2tp2_data_frames=0, esp_frames=5)])
    assert re.findall(r"^  l2tpscope (\w+)", shown, flags=re.MULTILINE) == ["report"]
    shown = text(tunnels=[tunnel()], rtt=[trip(0.02)])
    assert re.findall(r"^  l2tpscope (\w+)", shown, flags=re.MULTILINE) == ["events", "messages", "report"]
    static = tunnel(version=3, state="partial", messages_to_responder=0, messages_to_initiator=0)
    assert "l2tpscope messages" not in text(tunnels=[static])
