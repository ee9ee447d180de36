"""Ladders of the golden captures and of reports made by hand: what is in them, how it looks, and that no peer can harm who looks."""

from __future__ import annotations

import json
import pickle
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from example_ipsec import esp_sa, ike_sa, vpn
from example_report import HOSTILE, SECOND, T0, capture, finding, measures, report, row, session, tunnel
from hypothesis import given
from hypothesis import strategies as st

import l2tpscope
from l2tpscope import cli
from l2tpscope.analysis.rows import IkeMessageRow, L2fRow, Measures, MessageRow, PppRow, ThroughputRow
from l2tpscope.output import Page
from l2tpscope.output.ladder import Ladder, Rung, choice, document, fragment, ladders, page, svg, text
from l2tpscope.output.ladder.build import thinned
from l2tpscope.output.ladder.raw import MASKED, of_control, of_ike, of_ppp
from l2tpscope.output.page import cells
from l2tpscope.report import Report
from l2tpscope.wire.ike import decode_ike
from l2tpscope.wire.l2tp import decode_control
from l2tpscope.wire.ppp import decode_ppp

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/facts.json"))
EVERY_CASE = pytest.mark.parametrize("case", CASES)
COUNTS = re.compile(r"^(data |ESP )?([→←]) ([\d,]+) packets?, [^,]*(?:, ([\d,]+) of them PPP's own)?")


@cache
def read(case: str, secrets: bool = False) -> Report:
    """The report of a golden capture."""
    return l2tpscope.read(GOLDEN / case / "capture.pcap", show_secrets=secrets)


def every(case: str, **given: Any) -> list[Ladder]:
    """The ladders of all its connections, all rungs."""
    return [one for each in read(case).rows("vpns") for one in ladders(read(case), vpn=each.vpn, most=0, **given)]


def only(case: str, **given: Any) -> Ladder:
    """The ladder of its one connection."""
    (one,) = ladders(read(case), **given)
    return one


def messages(ladder: Ladder) -> list[tuple[str, bool, int]]:
    """Name, whether it goes to the server, and how many frames, of each message."""
    return [(rung.label.split(" Ns ")[0], rung.source == 0, len(rung.frames)) for rung in ladder.rungs if rung.line == "message"]


def notes(rung: Rung) -> str:
    """All that is said of it."""
    return "; ".join(note.text for note in rung.notes)


# ---- what is in them -------------------------------------------------------------------------------------------------


def test_a_healthy_tunnel() -> None:
    """Seven numbered messages and 21 of PPP, as Wireshark shows them, one stretch of data, the tunnel's acknowledgements in the rows."""
    ladder = only("healthy")
    names = [name for name, _, _ in messages(ladder)]
    assert [name for name in names if " " not in name] == ["SCCRQ", "SCCRP", "SCCCN", "ICRQ", "ICRP", "ICCN", "StopCCN"]
    assert sum(rung.tag == "PPP" for rung in ladder.rungs) == 21
    assert [rung.label for rung in ladder.rungs if rung.line == "stream"] == ["data"]
    sccrq = ladder.rungs[0]
    assert (sccrq.source, sccrq.target, sccrq.frames, sccrq.tone) == (0, 1, [(1, 1)], "")
    assert "ZLB +0.021 s" in notes(next(rung for rung in ladder.rungs if rung.label == "SCCCN Ns 1 Nr 1"))
    assert not any("✗" in notes(rung) for rung in ladder.rungs)


def test_nobody_answers() -> None:
    """SCCRQ five times over 15 s, then StopCCN five times, are two rows, each said to be unanswered, the finding at the first."""
    ladder = only("unanswered")
    assert messages(ladder) == [("SCCRQ", True, 5), ("StopCCN", True, 5)]
    assert len(ladder.rungs) == 2
    for rung in ladder.rungs:
        assert "×5 over 15.0 s (1.0 2.0 4.0 8.0 s)" in notes(rung)
        assert "✗ no acknowledgement seen" in notes(rung)
        assert rung.tone == "bad"
    assert "L2S101" in notes(ladder.rungs[0])
    assert "L2S101" not in notes(ladder.rungs[1])


def test_a_wrong_key() -> None:
    """MM1 to MM5, the last four times over 24.2 s and without MM6; four encrypted noes; the finding at MM5."""
    ladder = only("wrong_psk")
    found = messages(ladder)
    assert found[:5] == [("MM1", True, 1), ("MM2", False, 1), ("MM3", True, 1), ("MM4", False, 1), ("MM5", True, 4)]
    assert found[5:] == [("INF", False, 4)]
    assert "×4 over 24.2 s (4.0 7.2 13.0 s)" in notes(ladder.rungs[4])
    assert "✗ no MM6 seen" in notes(ladder.rungs[4])
    assert "L2S405" in notes(ladder.rungs[4])
    assert "[likely: error notify: authentication failed" in notes(ladder.rungs[5])


def test_the_server_falls_silent() -> None:
    """Three HELLOs are sent again and again, a fourth once, as in Wireshark; none is hidden in a stretch, none acknowledged."""
    hellos = [rung for rung in only("lns_killed").rungs if rung.label.startswith("HELLO")]
    assert [len(rung.frames) for rung in hellos] == [5, 5, 4, 1]
    assert all("✗ no acknowledgement seen" in notes(rung) for rung in hellos)


def test_behind_nat() -> None:
    """A client behind NAT has a lane of its own, without an address; what passes between it and the NAT was not seen."""
    (ladder,) = ladders(read("two_clients_one_nat"), vpn=1)
    assert [(lane.name, lane.endpoint) for lane in ladder.lanes] == [
        ("client", ""),
        ("NAT", "198.51.100.7:4500"),
        ("server", "203.0.113.5:4500"),
    ]
    assert ladder.seen == (1, 2)
    lines = text([ladder], Page()).splitlines()
    assert any(re.search(r"│┄+┼─+ MM1 ─+▶│", line) for line in lines)
    assert any(re.search(r"│◀┄+┼─+ MM2 ─+│", line) for line in lines)


def test_one_direction() -> None:
    """Where the capture has one direction only, nothing is called unanswered, and the head says why."""
    ladder = only("one_sided")
    assert not any("✗" in notes(rung) or rung.tone == "bad" for rung in ladder.rungs)
    assert any("one direction alone" in cell.text for cell in ladder.about)
    assert any("one direction alone" in cell.text for cell in only("gateway_decrypts").about)


def test_what_comes_after_the_close_needs_no_answer() -> None:
    """pppd says Terminate-Request when xl2tpd has closed the tunnel already: no answer is missing."""
    late = [rung for rung in only("healthy").rungs if "Terminate-Request" in rung.label]
    assert len(late) == 4
    assert all("after the session was closed" in notes(rung) and rung.tone == "" for rung in late)


@EVERY_CASE
def test_every_packet_is_counted_once(case: str) -> None:
    """Packets of all stretches and PPP packets with rows of their own are exactly the data of the laboratory's truth; ESP likewise."""
    facts = json.loads((GOLDEN / case / "facts.json").read_text())
    data = sum(each["data"][side] for one in facts["tunnels"] for each in one["sessions"] for side in ("initiator", "responder"))
    esp = sum(each["packets"] for each in facts.get("esp_sas", []))
    streams = [rung for ladder in every(case) for rung in ladder.rungs if rung.line == "stream"]
    found = {"data": 0, "ESP": 0}
    for rung in streams:
        for what, _, packets, own in (match.groups() for note in rung.notes if (match := COUNTS.match(note.text))):
            found[(what or rung.tag).strip()] += int(packets.replace(",", "")) - int((own or "0").replace(",", ""))
    assert found == {"data": data - len(read(case).rows("ppp")), "ESP": esp}


@EVERY_CASE
def test_every_message_has_its_row(case: str) -> None:
    """Each numbered control message is in exactly one row with all its copies, and time never runs backwards between rows."""
    for ladder in every(case):
        drawn = [frame for rung in ladder.rungs if rung.line == "message" and rung.tag.startswith("L2TP") for frame in rung.frames]
        assert len(drawn) == len(set(drawn))
        assert all(delta is None or delta >= 0 for delta in ladder.deltas())
    hidden = {row.frame for row in read(case).rows("messages") if row.message in ("ZLB", "HELLO")}
    wanted = {row.frame for row in read(case).rows("messages")} - hidden
    assert wanted <= {frame for ladder in every(case) for rung in ladder.rungs for _, frame in rung.frames}


def test_a_tunnel_alone() -> None:
    """`tunnel` leaves out the other tunnels, IKE and ESP; the sessions of the golden tunnel 2 are two."""
    (ladder,) = ladders(read("multi_tunnels"), tunnel=2, most=0)
    assert {rung.tag for rung in ladder.rungs if rung.tag != "data"} == {"L2TP", "PPP s5", "PPP s6", ""} & {
        rung.tag for rung in ladder.rungs
    }
    assert sum(rung.label.startswith("ICRQ") for rung in ladder.rungs) == 2


def test_ikev2_awaits_nothing_after_a_response() -> None:
    """A response of IKEv2 is the last word of its exchange; only a request lacks an answer (RFC 7296 §2.1)."""
    made = Measures(captures=[capture(ike_frames=3)], vpns=[vpn(esp_sas=[])], ike_sas=[ike_sa(version=2, established=None)])
    said = [("IKE_SA_INIT request", "to_responder", 0, None), ("IKE_SA_INIT response", "to_initiator", 0, 1)]
    said.append(("IKE_AUTH request", "to_responder", 1, None))
    made.ike_messages = [
        row(
            IkeMessageRow,
            "ike_messages",
            frame=at,
            capture=1,
            time=T0 + at,
            ike_sa=1,
            name=name,
            direction=way,
            message_id=number,
            reply_to=to,
        )
        for at, (name, way, number, to) in enumerate(said, 1)
    ]
    (ladder,) = ladders(Report(made))
    assert ["✗" in notes(rung) for rung in ladder.rungs] == [False, False, True]
    assert "✗ no response seen" in notes(ladder.rungs[2])


def test_frames_of_several_captures_are_not_mixed_up() -> None:
    """Frame 7 of a second capture is another message than frame 7 of the first, and each retransmission is of the one before it."""
    made = measures()
    made.captures.append(capture(capture=2))
    made.vpns = [vpn(kind="l2tp", nat=None, client="198.51.100.10:1701", server="203.0.113.5:1701", ike_sas=[], esp_sas=[], tunnels=[1])]
    told = {"capture": 1, "tunnel": 1, "direction": "to_responder", "fit": "new", "nr": 0, "octets": 12}
    made.messages = [
        row(MessageRow, "messages", **{**told, "frame": 7, "time": T0, "message": "SCCRQ", "ns": 0}),
        row(MessageRow, "messages", **{**told, "frame": 7, "time": T0 + 1, "message": "HELLO", "ns": 1, "capture": 2}),
        row(
            MessageRow,
            "messages",
            **{**told, "frame": 8, "time": T0 + 2, "message": "HELLO", "ns": 1, "capture": 2, "retransmission_of": 7},
        ),
    ]
    made.ppp, made.throughput, made.events, made.findings = [], [], [], []
    (ladder,) = ladders(Report(made), tunnel=1)
    assert [(rung.label, rung.frames) for rung in ladder.rungs] == [("SCCRQ Ns 0 Nr 0", [(1, 7)]), ("HELLO Ns 1 Nr 0", [(2, 7), (2, 8)])]
    assert ladder.frames(ladder.rungs[1]) == "2#7, 2#8"


def test_the_end_of_the_capture_is_no_silence() -> None:
    """A request in the last second of the capture may still be answered."""
    made = measures()
    made.vpns[0].tunnels = [1]
    end = made.captures[0].time_end or 0
    for wait, missing in ((0, False), (SECOND // 2, False), (2 * SECOND, True)):
        made.messages = [row(MessageRow, "messages", capture=1, frame=7, time=end - wait, tunnel=1, message="SCCRQ", ns=0, fit="new")]
        (ladder,) = ladders(Report(made), tunnel=1)
        assert any("✗" in notes(rung) for rung in ladder.rungs) is missing


def long_life(seconds: int) -> Measures:
    """A tunnel with data each second, and echoes answered every 30 s, for so long."""
    made = Measures(
        captures=[capture(time_end=T0 + seconds * SECOND)], tunnels=[tunnel(established=T0, closed=None)], sessions=[session(closed=None)]
    )
    made.vpns = [vpn(kind="l2tp", nat=None, client="198.51.100.10:1701", server="203.0.113.5:1701", ike_sas=[], esp_sas=[], tunnels=[1])]
    bins = {"bin_s": 1.0, "tunnel": 1, "session": 1, "packets": 3, "octets": 300}
    made.throughput = [row(ThroughputRow, "throughput", time=T0 + at * SECOND, **bins) for at in range(seconds)]
    asked = [
        (at, code, way, to)
        for at in range(0, seconds, 30)
        for code, way, to in (("Echo-Request", "to_responder", None), ("Echo-Reply", "to_initiator", 2 * at + 1))
    ]
    made.ppp = [
        row(
            PppRow,
            "ppp",
            capture=1,
            frame=2 * at + (to is not None) + 1,
            time=T0 + at * SECOND,
            session=1,
            direction=way,
            protocol="LCP",
            code=code,
            reply_to=to,
        )
        for at, code, way, to in asked
    ]
    return made


def test_each_further_day_is_named_where_it_begins() -> None:
    """Rungs at 23:59 and 00:01 are two minutes and two dates apart: the second one says its date, the head says both."""
    begin = 1_764_028_740 * SECOND  # 2025-11-24T23:59:00Z
    talk = [
        row(
            MessageRow, "messages", time=begin + at * SECOND, tunnel=1, message=name, direction="to_responder", fit="new", ns=n, frame=n + 1
        )
        for n, (at, name) in enumerate(((0, "SCCRQ"), (30, "SCCCN"), (120, "StopCCN")))
    ]
    made = Measures(
        captures=[capture(time_start=begin, time_end=begin + 120 * SECOND)],
        tunnels=[tunnel(vpn=1, opened=begin, closed=begin + 120 * SECOND)],
        vpns=[vpn(1, tunnels=[1], ike_sas=[], esp_sas=[], opened=begin)],
        messages=talk,
    )
    (drawn,) = ladders(report(measures=made))
    assert any("2025-11-24 to 2025-11-25, times in UTC" in line.text for line in drawn.about)
    said = {rung.label.split()[0]: [note.text for note in rung.notes if note.text.startswith("on ")] for rung in drawn.rungs}
    assert said == {"SCCRQ": [], "SCCCN": [], "StopCCN": ["on 2025-11-25"]}


def test_a_day_is_one_row() -> None:
    """A day of data and of answered echoes is one row with its counts: 259,200 packets, 2,880 echoes each way."""
    (ladder,) = ladders(Report(long_life(86_400)))
    (rung,) = ladder.rungs
    assert rung.label == "data, 1 d 00:00"
    assert "→ 259,200 packets, 25.9 M octets" in notes(rung)
    assert "LCP Echo-Request → ×2880; LCP Echo-Reply ← ×2880" in notes(rung)


def test_echoes_in_vain_are_one_row() -> None:
    """Echo requests that nobody answers are not taken for quiet: one row, bad, with how many."""
    made = long_life(300)
    made.throughput = []
    made.ppp = [one for one in made.rows("ppp") if one.code == "Echo-Request"]
    (ladder,) = ladders(Report(made))
    (rung,) = ladder.rungs
    assert (rung.tone, len(rung.frames)) == ("bad", 10)
    assert "×10 over 270.0 s; ✗ no answer seen" in notes(rung)


def test_no_more_rows_than_can_be_read() -> None:
    """Of a thousand rows about two hundred are drawn; those that are not as they should be stay, and the others are counted."""
    rungs = [Rung(at, "message", f"HELLO Ns {at} Nr 0", tone="bad" if at == 500 else "") for at in range(1000)]
    kept = thinned(rungs, 200)
    assert 180 <= len(kept) <= 202
    assert rungs[500] in kept
    left = [int(rung.label.split()[0]) for rung in kept if rung.line == "gap"]
    assert sum(left) + sum(rung.line != "gap" for rung in kept) == 1000
    assert thinned(rungs, 0) == rungs


# ---- choosing --------------------------------------------------------------------------------------------------------


def test_many_are_listed() -> None:
    """Of a hundred connections none is drawn: the worst stand first, forty are named, and how to choose."""
    many = Report(Measures(captures=[capture()], vpns=[vpn(number, outcome="lost" if number == 77 else "up") for number in range(1, 101)]))
    assert ladders(many) == []
    shown = page(many, [], Page())
    assert shown.startswith("100 CONNECTIONS\n")
    assert "--vpn N" in shown
    assert shown.splitlines()[3].split()[0] == "77"
    assert "… and 60 more" in shown
    (one,) = ladders(many, vpn=77)
    assert one.title.startswith("LADDER of vpn 77")


def test_nothing_to_draw() -> None:
    """A capture without L2TP and IPsec says so, on a page and as a picture."""
    empty = Report(Measures(captures=[capture()]))
    assert page(empty, ladders(empty), Page()) == "no connection of L2TP or IPsec to draw\n"
    assert "nothing to draw" in svg(ladders(empty))
    assert choice(empty)


def test_l2f_is_not_passed_over_in_silence() -> None:
    """A capture of L2F alone has no ladder, and says where its tunnels are."""
    made = report(measures=Measures(captures=[capture()], l2f=[row(L2fRow, "l2f", l2f=1)]))
    assert "l2tpscope l2f" in page(made, ladders(made), Page())
    nothing = report(measures=Measures(captures=[capture()]))
    assert "l2f" not in page(nothing, ladders(nothing), Page())


def test_of_the_command(tmp_path: Path) -> None:
    """A picture is written where the name ends in .svg; what is not there, or has to be chosen, is a wrong usage."""
    run = CliRunner().invoke
    sample = str(GOLDEN / "multi_tunnels" / "capture.pcap")
    target = tmp_path / "x.svg"
    assert run(cli.l2tpscope, ["ladder", "--tunnel", "2", sample, "-o", str(target)]).exit_code == 0
    assert ET.parse(target).getroot().tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own
    assert "LADDER of tunnel 2" in run(cli.l2tpscope, ["ladder", "--tunnel", "2", sample]).stdout
    for wrong in (["--vpn", "99"], ["--tunnel", "99"], ["--vpn", "1", "--tunnel", "1"]):
        assert run(cli.l2tpscope, ["ladder", *wrong, sample]).exit_code == 2
    several = str(GOLDEN / "loss_with_s_bit" / "capture.pcap")
    assert run(cli.l2tpscope, ["ladder", several]).stdout.startswith("7 CONNECTIONS")
    refused = run(cli.l2tpscope, ["ladder", several, "-o", str(tmp_path / "y.svg")])
    assert (refused.exit_code, (tmp_path / "y.svg").exists()) == (2, False)


def test_an_empty_capture(tmp_path: Path) -> None:
    """A capture file without a frame exits with 4 and says that there is nothing to draw."""
    empty = tmp_path / "empty.pcap"
    empty.write_bytes((GOLDEN / "healthy" / "capture.pcap").read_bytes()[:24])
    result = CliRunner().invoke(cli.l2tpscope, ["ladder", str(empty)])
    assert (result.exit_code, result.stdout) == (4, "no connection of L2TP or IPsec to draw\n")


# ---- how they look ---------------------------------------------------------------------------------------------------


@EVERY_CASE
@pytest.mark.parametrize("width", [80, 100, 137, 200])
def test_no_line_is_wider_than_the_page(case: str, width: int) -> None:
    """No line has more columns than the page, with all details and in ASCII too, and ASCII is ASCII."""
    drawn = every(case, raw=True)
    for only_ascii in (False, True):
        shown = text(drawn, Page(width=width, ascii=only_ascii))
        assert max(map(cells, shown.splitlines())) <= width
        assert shown.isascii() or not only_ascii


@EVERY_CASE
def test_lanes_stand_in_columns(case: str) -> None:
    """The lane of the server is in the same column from the first row to the last."""
    for ladder in every(case):
        shown = [line for line in text([ladder], Page()).splitlines() if line.count("│") + line.count("┊") >= 2]
        assert len({line.rindex("│") for line in shown if "┊" not in line}) == 1


def test_colour_only_where_it_is_wanted() -> None:
    """Without colour there is no escape sequence; with it the same words are there."""
    plain, painted = (text([only("unanswered")], Page(colour=colour)) for colour in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[31m" in painted
    assert re.sub(r"\x1b\[\d+m", "", painted) == plain


@EVERY_CASE
def test_the_picture_is_whole(case: str) -> None:
    """SVG is well formed, fetches nothing, runs nothing, and has each row's label as text; so has the fragment for a page."""
    for ladder in every(case, raw=True):
        root = ET.fromstring(svg([ladder]))  # noqa: S314 - our own
        words = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
        assert all(rung.label in words for rung in ladder.rungs if rung.line in ("message", "stream"))
        assert not {element.tag.rpartition("}")[2] for element in root.iter()} & {"script", "image", "a", "use", "foreignObject"}
        assert "url(" not in svg([ladder])
        assert fragment(ladder).startswith('<figure class="l2tpscope-ladder"')
        assert document([ladder]).startswith("<?xml")


# ---- what a peer can do ----------------------------------------------------------------------------------------------


def hostile() -> Sequence[Ladder]:
    """A ladder in which every text that a peer may choose is hostile."""
    made = measures()
    made.vpns = [vpn(ike_sas=[1], esp_sas=[1, 2], tunnels=[1], client=f"{HOSTILE}:1701")]
    made.tunnels = [tunnel(initiator_host_name=HOSTILE, initiator_vendor=HOSTILE)]
    made.ike_sas, made.esp_sas = [ike_sa()], [esp_sa(1), esp_sa(2)]
    made.findings = [finding()]
    for one in made.rows("messages"):
        one.anomalies, one.message = [HOSTILE], "SCCRQ"
    for one in made.rows("ppp"):
        one.summary, one.session, one.secret, one.code = HOSTILE, 1, HOSTILE, HOSTILE
    for one in made.rows("ike_messages"):
        one.ike_sa, one.payloads, one.name = 1, [HOSTILE], HOSTILE
    for one in made.inferences:
        one.vpn, one.value, one.time = 1, HOSTILE, T0
    for one in made.rows("events"):
        one.event, one.detail = HOSTILE, HOSTILE
    return ladders(Report(made))


def test_hostile_text_has_no_effect() -> None:
    """Escape sequences, line breaks, bidi marks, tags and lone surrogates of a peer are shown as what they are, in every form."""
    (ladder,) = hostile()
    assert sum(HOSTILE in notes(rung) or HOSTILE in rung.label for rung in ladder.rungs) >= 3
    for only_ascii in (False, True):
        shown = text([ladder], Page(width=200, ascii=only_ascii))
        assert not set(shown) & set("\x1b\r\x00\u202e\udc80")
        assert "\\x1b[2J" in shown
    for marked in (svg([ladder]), fragment(ladder)):
        assert "<script" not in marked
        assert "&lt;script&gt;" in marked
        assert not set(marked) & set("\x1b\r\x00\u202e\udc80")
    ET.fromstring(svg([ladder]))  # noqa: S314 - our own


def test_hostile_text_keeps_the_width() -> None:
    """Hostile and wide text does not break the page's width."""
    (ladder,) = hostile()
    assert max(map(cells, text([ladder], Page(width=80)).splitlines())) <= 80


@given(st.binary(max_size=300))
def test_details_of_anything(octets: bytes) -> None:
    """Whatever octets are decoded as, their details are lines of text."""
    lines = [
        *of_control(decode_control(octets), show_secrets=True),
        *of_ike(decode_ike(octets)),
        *of_ppp(decode_ppp(octets), show_secrets=True),
    ]
    assert lines
    assert all(isinstance(line, str) for line in lines)


# ---- details ---------------------------------------------------------------------------------------------------------


def test_every_avp_is_shown() -> None:
    """SCCRQ of the healthy tunnel has the ten AVPs that Wireshark shows, in their order; its challenge is masked."""
    details = only("healthy", raw=True).rungs[0].details
    assert [re.sub(r".*\((\d+)\):.*", r"\1", line) for line in details[1:]] == ["0", "2", "3", "4", "6", "7", "8", "9", "10", "11"]
    assert 'Host Name (7): "lac1"' in details[6]
    assert MASKED in details[-1]


def test_secrets_only_where_they_are_wanted() -> None:
    """The challenge, whose octets Wireshark shows, is in the details with `show_secrets`, and nowhere without."""
    challenge = "8bb5c48ffecd34511f646e62d31bd73b"
    assert challenge not in text(every("healthy", raw=True), Page(width=200))
    (shown,) = ladders(read("healthy", secrets=True), raw=True)
    assert challenge in text([shown], Page(width=200))
    assert any("secret: " in line and MASKED not in line for rung in shown.rungs for line in rung.details)
    assert not any(line.startswith("secret: ") and MASKED not in line for rung in only("healthy", raw=True).rungs for line in rung.details)


def test_details_of_ike() -> None:
    """MM1 of the wrong key shows its SA and five vendor IDs, as Wireshark does, and what it offers."""
    details = only("wrong_psk", raw=True).rungs[0].details
    assert sum(line.startswith("VID ") for line in details) == 5
    assert any(line.startswith("  ") and "AES" in line for line in details)
    assert "the rest is encrypted" in only("wrong_psk", raw=True).rungs[4].details


def test_a_pickled_report_has_no_details() -> None:
    """What was decoded, secrets and all, does not go into a pickle; the ladder is otherwise the same."""
    again = pickle.loads(pickle.dumps(read("healthy")))  # noqa: S301 - our own
    (before,), (after,) = ladders(read("healthy")), ladders(again)
    assert text([before], Page()) == text([after], Page())
    (bare,) = ladders(again, raw=True)
    assert bare.rungs[0].details == ["nothing more than the header"]
    assert report().decoded("messages") == []
