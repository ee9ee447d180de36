"""The summary of IPsec: how far each connection got, who stopped answering, what is lost, what is only concluded."""

from __future__ import annotations

import re
from typing import Any

import pytest
from example_ipsec import (
    blocked_4500,
    clients,
    esp_loss,
    esp_sa,
    healthy,
    ike_sa,
    inference,
    ipsec_capture,
    unanswered_sccrq,
    vpn,
    wrong_psk,
)
from example_report import HOSTILE, SECOND, T0, loss, report, session, tunnel

from l2tpscope.analysis.rows import Measures
from l2tpscope.output.page import cells
from l2tpscope.output.room import LINES
from l2tpscope.output.stages import NEXT, STAGES, WORDS


def text(given: Measures) -> str:
    """The summary of these tables."""
    return str(report(measures=given, notes=()))


def of(*pairs: Any, **tables: Any) -> str:
    """The summary of connections with their IKE SAs."""
    rows = {"captures": [ipsec_capture()], "vpns": [one for one, _ in pairs], "ike_sas": [other for _, other in pairs]}
    return text(Measures(**{**rows, **tables}))


def test_a_healthy_connection_says_all_on_one_line() -> None:
    """Client, NAT, stage with its grade, outcome, begin, life, parts and packets stand on one line; the grade is explained."""
    shown = text(healthy())
    assert "VPNS 1: 1 up   (→ to server, ← to client)" in shown
    assert "1 up, reached traffic (likely): vpn 1" in shown
    assert "to server 203.0.113.5" in shown
    assert "1  198.51.100.7  client  traffic (likely)  up       16:02:11  >41 s  1/2/0/0           600/12.3 k" in shown
    assert "(likely), (hint): concluded from lengths and times of ciphertext" in shown


def test_loss_has_its_counts_and_interval() -> None:
    """ESP loss is k of n with a 95 % interval per direction, over all SAs; where nothing is lost there is no ratio."""
    assert "ESP lost before the tap: → 20/620 3.2 % (2.1-4.9); ← 0/620" in text(healthy())
    given = healthy()
    given.esp_sas.append(esp_sa(3, vpn=1, replaces=1))
    given.loss.append(esp_loss(3, reordered=2))
    shown = text(given)
    assert "→ 40/1,240 3.2 % (2.4-4.4), 2 reordered" in shown
    assert "rekeyed: ESP once, IKE never" in shown


def test_loss_that_cannot_be_measured_says_why() -> None:
    """Without sequence numbers there is a reason and no number; of a doubtful capture the loss is an upper bound."""
    given = healthy()
    given.loss = [esp_loss(1, measurable=False, why_not="the sequence numbers were not captured", lost=None, expected=None)]
    assert "ESP loss not measurable: the sequence numbers were not captured" in text(given)
    assert "ESP lost" not in text(given)
    given.loss = [esp_loss(1, capture_suspect=True)]
    assert "ESP loss is an upper bound: the capture itself may have lost them" in text(given)


def test_round_trips_of_ike_and_heartbeats_have_their_sides() -> None:
    """IKE exchanges and heartbeats are rows of their own, by side, with n; an ambiguous one is counted as unused."""
    rows = [line.split() for line in text(healthy()).splitlines() if re.match(r" +1  (ike|esp-heartbeat) ", line)]
    assert rows == [
        ["1", "esp-heartbeat", "0", "–", "–", "–", "5", "21.0", "21.2", "21.4", "0"],
        ["1", "ike", "1", "40.2", "40.2", "40.2", "1", "20.3", "20.3", "20.3", "1"],
    ]


@pytest.mark.parametrize(("step", "owed"), NEXT.items())
def test_who_stopped_answering_is_said(step: str, owed: tuple[str, str]) -> None:
    """For each step of a set-up the one that did not follow is named, and the side that owed it."""
    stage = "child-request" if step.startswith("QM") else "ike-reply"
    connection = vpn(stage=stage, stage_grade="certain", outcome="failed", esp_sas=[])
    shown = " ".join(of((connection, ike_sa(state="failed", furthest=step, established=None))).split())
    following, side = owed
    assert f"1 stopped at {WORDS[stage]} ({step} sent, no {following} from the {side}): vpn 1, client 198.51.100.7" in shown


def test_a_client_sent_elsewhere_owes_nothing() -> None:
    """After a REDIRECT (RFC 5685 §3) the client is not missed; that a server could redirect is no such thing."""
    given = {"version": 2, "furthest": "IKE_SA_INIT response", "established": None, "state": "opening"}
    kept = vpn(stage="ike-keys", outcome="opening", ike_sas=[1])
    shown = of((kept, ike_sa(**given, notifies=["initiator: REDIRECT_SUPPORTED", "responder: REDIRECT (gateway gw2.example.org)"])))
    assert "the server sends the client elsewhere: REDIRECT (gateway gw2.example.org)" in shown.replace("\n    ", " ")
    plain = of((kept, ike_sa(**given, notifies=["initiator: REDIRECT_SUPPORTED", "initiator: REDIRECTED_FROM (gateway 192.0.2.1)"])))
    assert "no IKE_AUTH request from the client" in plain.replace("\n    ", " ")


def test_attempts_of_one_fate_are_counted_together() -> None:
    """The same client that fails three times is one line with its count; what was sent again stands with the others."""
    shown = " ".join(of(*(wrong_psk(number) for number in range(1, 4))).split())
    assert "3 stopped at IKE authentication (MM5 sent, no MM6 from the server): all, client 198.51.100.7 (3 times)" in shown
    assert "all: IKE messages sent again: →/← 4/4" in shown
    assert "sent again: →/← 5/0" in of(blocked_4500())


def test_a_refusal_names_who_and_why() -> None:
    """A side that said no is named with its error; where that is encrypted, it is said that it cannot be read."""
    connection = vpn(stage="ike-request", stage_grade="certain", outcome="refused", esp_sas=[])
    said = {"state": "refused", "furthest": "MM1", "established": None, "closed_by": "responder"}
    shown = of((connection, ike_sa(notifies=["initiator: INITIAL_CONTACT", "responder: NO_PROPOSAL_CHOSEN"], **said)))
    assert "1 stopped at IKE request (the server said no after MM1: NO_PROPOSAL_CHOSEN): vpn 1" in shown
    assert "INITIAL_CONTACT" not in shown
    assert "notify from" not in shown
    assert "1 stopped at IKE request (the server said no after MM1, in an encrypted message): vpn 1" in of((connection, ike_sa(**said)))


@pytest.mark.parametrize(
    ("version", "name", "told"),
    [
        (1, "PAYLOAD_MALFORMED", True),
        (1, "INITIAL_CONTACT", False),
        (1, "R_U_THERE", False),
        (1, "UNKNOWN_31", True),
        (1, "UNKNOWN_40503", False),
        (2, "TS_UNACCEPTABLE", True),
        (2, "NAT_DETECTION_SOURCE_IP", False),
        (2, "MS_NOTIFY_STATUS", False),
        (2, "UNKNOWN_8193", True),
        (2, "UNKNOWN_16999", False),
        (2, "something else", True),
    ],
)
def test_errors_are_told_and_abilities_are_not(version: int, name: str, told: bool) -> None:
    """A notify that says that something failed is told, by its number where it has no name; what a side can do is not."""
    shown = of((vpn(), ike_sa(version=version, notifies=[f"responder: {name}"])))
    assert (f"notify from responder: {name}" in shown) is told


def test_up_in_vain_is_not_up() -> None:
    """IPsec that is up while nothing inside is answered is called stuck, with the rule of the conclusion."""
    shown = text(unanswered_sccrq())
    assert "VPNS 1: 1 stuck" in shown
    assert "1 up, but got no further than SCCRQ (likely: SCCRQ unanswered): vpn 1, client 198.51.100.7" in shown
    assert "no ESP from the server is in the capture" in shown
    assert "stage (likely): traffic, usable 2.1 s after the SAs\n" in text(healthy())
    assert "stage (likely): SCCRQ unanswered [5 client frames of 164 octets at 0/1/3/7/15 s, no ESP back]" in shown


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("outcome", ["up", "closed", "refused", "failed", "unanswered", "lost", "opening", "partial"])
def test_every_stage_and_outcome_has_its_words(stage: str, outcome: str) -> None:
    """Whatever became of a connection, its line and its count name the stage, with and without an IKE SA."""
    for given in (of((vpn(stage=stage, outcome=outcome), ike_sa())), of((vpn(stage=stage, outcome=outcome, ike_sas=[]), ike_sa(vpn=None)))):
        assert given.count(f"{WORDS[stage]} (likely") == 2  # type: ignore[index]


def test_a_stage_is_not_named_twice() -> None:
    """A conclusion that begins with the name of its stage is told without it, since the stage is told beside."""
    given = unanswered_sccrq()
    given.inferences[0].value = "l2tp-request: SCCRQ sent, not answered"
    shown = text(given)
    assert "got no further than SCCRQ (likely: SCCRQ sent, not answered)" in shown
    assert "stage (likely): SCCRQ sent, not answered [5 client frames" in shown


def test_nat_that_is_not_to_be_told_says_why() -> None:
    """Without hashes in clear the column has a dash and the reason stands below; port 4500 alone proves no NAT."""
    assert "NAT not to be told: no NAT-D hashes of both sides in clear" in of((vpn(nat=None), ike_sa()))
    assert "NAT not to be told: no IKE in the capture" in text(Measures(captures=[ipsec_capture()], vpns=[vpn(nat=None, ike_sas=[])]))
    assert "on port 4500 although the NAT-D hashes show no NAT" in of((vpn(nat="none"), ike_sa()))
    assert "NAT-D hashes" not in of((vpn(nat="none"), ike_sa(natt=False)))


GUESSED = "which side is the client is a guess: no set-up is in the capture"


def test_who_called_whom_is_a_guess_without_the_set_up() -> None:
    """Cookies of IKEv1 (RFC 2408 §3.1) and SPIs of ESP name no caller; a first message does, and a tunnel says it of itself."""
    assert GUESSED in of((vpn(ike_sas=[1]), ike_sa(roles="guessed")))
    assert GUESSED not in of((vpn(ike_sas=[1]), ike_sa(roles="seen")))
    assert GUESSED in text(Measures(captures=[ipsec_capture()], vpns=[vpn(ike_sas=[], esp_sas=[1])], esp_sas=[esp_sa(vpn=1)]))
    of_tunnel = {"captures": [ipsec_capture()], "vpns": [vpn(ike_sas=[], esp_sas=[1], tunnels=[1])], "esp_sas": [esp_sa(vpn=1)]}
    assert GUESSED not in text(Measures(**of_tunnel, tunnels=[tunnel(vpn=1)]))


def test_esp_alone_lives_until_its_last_packet() -> None:
    """Nothing opens or closes it, and nothing keeps it up: that it is silent till the capture ends is no life."""
    given = {"captures": [ipsec_capture()], "vpns": [vpn(ike_sas=[], esp_sas=[1], closed=None, opened=T0)]}
    assert ">9.00 s" in text(Measures(**given, esp_sas=[esp_sa(vpn=1, first=T0, last=T0 + 9 * SECOND)]))
    with_ike = {**given, "vpns": [vpn(ike_sas=[1], esp_sas=[1], closed=None, opened=T0)], "ike_sas": [ike_sa(vpn=1)]}
    assert ">9.00 s" not in text(Measures(**with_ike, esp_sas=[esp_sa(vpn=1, first=T0, last=T0 + 9 * SECOND)]))


def test_a_mismatch_of_icvs_is_the_first_thing() -> None:
    """Two lengths of ICV are told before anything else of the connection, with their grade and rule."""
    given = healthy()
    value = {
        "inference": "icv-mismatch",
        "value": "ICV of 12 octets → and of 16 ←",
        "grade": "certain",
        "rule": "residues 12 and 0 of 40 lengths",
    }
    given.inferences.append(inference(**value))
    lines = text(given).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("  1  198.51.100.7"))
    assert lines[at + 1] == "    icv-mismatch (certain): ICV of 12 octets → and of 16 ← [residues 12 and 0 of 40 lengths]"


def test_the_last_ike_sa_is_told_and_the_others_counted() -> None:
    """After a rekeying of IKE what was agreed last stands there; what was sent again is that of all."""
    given = healthy()
    given.vpns[0].ike_sas = [1, 2]
    given.ike_sas[0].state, given.ike_sas[0].retransmissions_to_responder = "replaced", 2
    given.ike_sas.append(ike_sa(2, vpn=1, encryption="AES-GCM-16", initiator_implementation="strongSwan", retransmissions_to_initiator=1))
    shown = text(given)
    assert "IKEv1 main: AES-GCM-16 256, SHA1" in shown
    assert "AES-CBC" not in shown
    assert "IKE by initiator strongSwan, responder libreswan" in shown
    assert "rekeyed: ESP never, IKE once" in shown
    assert "IKE messages sent again: →/← 2/1" in shown


def test_of_one_kind_of_conclusion_two_are_told() -> None:
    """A connection that lives all day does not fill the screen; conclusions that read alike are one."""
    given = healthy()
    given.inferences = [inference(inference="mtu", value=f"at most {number // 2} octets", rule=str(number)) for number in range(10)]
    shown = text(given)
    assert re.findall(r"mtu \(likely\): at most (\d) octets", shown) == ["0", "1"]
    assert "and 3 more conclusions of this kind (mtu)" in shown
    assert "vpns 1:" not in shown


def test_a_rekeying_that_failed_is_told_and_one_that_worked_is_counted() -> None:
    """Of rekeyings those that left the connection without an SA are told, with their rule, before anything else."""
    given = healthy()
    worked = inference(inference="rekey", value="make before break: 0.2 s between them")
    given.inferences = [
        worked,
        inference(inference="rekey", value="failed: only the initiator uses the new SA", rule="9 packets, none back"),
    ]
    lines = text(given).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("  1  198.51.100.7"))
    assert lines[at + 1] == "    rekey (likely): failed: only the initiator uses the new SA [9 packets, none back]"
    assert "make before break" not in "\n".join(lines)


def test_grades_are_explained_where_there_are_any() -> None:
    """What was seen is not called concluded."""
    assert "concluded from lengths" not in of((vpn(stage_grade="certain"), ike_sa()))


def test_several_clear_tunnels_of_one_client_are_a_connection() -> None:
    """A client that came back in clear, with one tunnel after the other, is in the table."""
    shown = text(Measures(captures=[ipsec_capture()], vpns=[vpn(kind="l2tp", ike_sas=[], esp_sas=[], tunnels=[1, 2], nat=None)]))
    assert "VPNS 1: 1 up" in shown
    assert "NAT not to be told" not in shown


def test_twins_moves_and_replay_windows_are_told() -> None:
    """Packets that are there twice, a moved client, and what a receiver's window would drop are said with their numbers."""
    given = healthy()
    given.vpns[0].twin, given.vpns[0].twin_packets = True, 350
    given.esp_sas[0].moves, given.esp_sas[0].replay_dropped_32 = 1, 7
    shown = " ".join(text(given).split())
    assert "twin: 350 packets are in the capture twice, as ESP and in clear; counted once" in shown
    assert "its outer address or port changed once" in shown
    assert "by its replay window, if it came in this order: 32: 7, 64: 0, 128: 0, 1024: 0" in shown


def test_of_many_the_worst_are_shown() -> None:
    """Of 300 clients the failed ones have the lines, all are counted by stage, and what they share is said once."""
    shown = text(clients(300))
    assert "VPNS 300: 30 failed, 270 up" in shown
    assert "30 stopped at IKE authentication (MM5 sent, no MM6 from the server): 30 clients" in shown
    assert "270 up, reached traffic (likely)" in shown
    assert "all: IKEv1 main: AES-CBC 256" in shown
    assert "ESP lost before the tap: → 5,400/167,400 3.2 % (3.1-3.3); ← 0/167,400" in shown
    assert "IKE messages sent again in 30 of 300 vpns: →/← 120/120" in shown
    assert re.findall(r"^ +(\d+)  198", shown, flags=re.MULTILINE) == [str(number) for number in range(10, 130, 10)]
    assert "… and 288 more (worst shown first): l2tpscope vpns wan.pcap" in shown


def test_the_worst_come_first() -> None:
    """Of what failed the most common comes first in the counts, and the earliest stage in the lines."""
    given = clients(30)
    for row in given.vpns[3:5]:
        row.outcome, row.stage = "unanswered", "ike-request"
    given.vpns[6].stage, given.vpns[6].outcome, given.vpns[6].stage_grade = "ike-keys", "failed", "certain"
    shown = text(given)
    assert re.findall(r"^  (\d+) stopped at", shown, flags=re.MULTILINE) == ["3", "2", "1"]
    assert re.findall(r"^ +(\d+)  198", shown, flags=re.MULTILINE)[:6] == ["4", "5", "7", "10", "20", "30"]


def test_of_many_a_line_has_only_what_is_wrong() -> None:
    """What a single one of many agreed on is in its table; an error that it was told stands under its line."""
    given = clients(12)
    given.ike_sas[3].encryption = "3DES"
    given.ike_sas[4].notifies = ["responder: INVALID_ID_INFORMATION"]
    shown = text(given)
    assert "3DES" not in shown
    assert re.search(r"^ +5  198.*\n    notify from responder: INVALID_ID_INFORMATION$", shown, flags=re.MULTILINE)


def test_of_many_each_has_its_loss() -> None:
    """With more than three, the loss of each is a share in its line, and a dash where it has no ESP."""
    shown = text(clients(12))
    assert re.search(r"^ +2  198\.51\.0\.3 .* 600/12\.3 k +3\.2/0$", shown, flags=re.MULTILINE)
    assert re.search(r"^ +10  198\.51\.0\.11 .* –/–$", shown, flags=re.MULTILINE)


def test_clear_tunnels_alone_have_no_table_of_connections() -> None:
    """Where every connection is one clear tunnel, the summary is what it was without them."""
    rows = {"captures": [ipsec_capture(ike_frames=0, esp_frames=0)], "tunnels": [tunnel()]}
    plain = vpn(kind="l2tp", client="198.51.100.10:1701", server="203.0.113.5:1701", ike_sas=[], esp_sas=[], tunnels=[1], nat=None)
    assert text(Measures(**rows, vpns=[plain])) == text(Measures(**rows))


def test_clear_l2tp_beside_ipsec_is_an_alarm() -> None:
    """L2TP in clear between hosts that also tried IPsec is told; that of others is not."""
    plain = vpn(2, kind="l2tp", client="198.51.100.7:1701", server="203.0.113.5:1701", ike_sas=[], esp_sas=[], tunnels=[1], nat=None)
    alarm = "vpn 2: speak L2TP in clear, although their client also tried IPsec with the same server"
    failed, ike = wrong_psk()
    assert alarm in of((failed, ike), (plain, ike_sa(2)), tunnels=[tunnel()])
    plain.client = "198.51.100.8:1701"
    assert "in clear, although" not in of((failed, ike), (plain, ike_sa(2)), tunnels=[tunnel()])


def test_tunnels_name_their_connection() -> None:
    """Beside IPsec a tunnel says which connection it belongs to."""
    shown = of((vpn(7, tunnels=[1]), ike_sa(7)), tunnels=[tunnel(vpn=7)])
    assert re.search(r"^ +1    7  198\.51\.100\.10 → 203\.0\.113\.5  23456/11", shown, flags=re.MULTILINE)


def test_several_servers_have_a_column() -> None:
    """Where the servers differ each line has both sides; a port that a NAT chose stays, the protocols' own do not."""
    shown = of((vpn(), ike_sa()), (vpn(2, server="203.0.113.6:500", client="198.51.100.7:61991"), ike_sa(2)))
    assert "198.51.100.7 → 203.0.113.5 " in shown
    assert "198.51.100.7:61991 → 203.0.113.6 " in shown


def test_what_to_run_next_follows_from_what_went_wrong() -> None:
    """An IKE that failed leads to its messages, a conclusion to its rules, a healthy one to its parts; all to ladder and page."""
    commands = re.compile(r"^  l2tpscope ([\w-]+)", flags=re.MULTILINE)
    assert commands.findall(of(wrong_psk())) == ["ike-messages", "vpns", "ladder", "report"]
    assert commands.findall(text(unanswered_sccrq()))[0] == "inferences"
    assert commands.findall(text(healthy()))[:2] == ["inferences", "loss"]
    assert commands.findall(of((vpn(stage_grade="certain"), ike_sa()))) == ["vpns", "ike", "ladder", "report"]


def test_worst_cases_stay_one_screen() -> None:
    """However many there are of all, and whatever they said, the summary is one screen, and still says how far the worst got."""
    given = clients(300)
    for ike in given.ike_sas:
        ike.notifies = [f"responder: {ike.ike_sa}" + HOSTILE * 30]
    given.vpns[0].outcome, given.vpns[1].outcome, given.vpns[2].outcome = "lost", "partial", "opening"
    given.tunnels = [tunnel(number, state="refused", error_message=f"{number}" + HOSTILE * 40) for number in range(1, 60)]
    given.sessions = [session(number, state="refused", result_code=2, error_message=f"{number}" + HOSTILE * 40) for number in range(1, 60)]
    given.loss += [loss(session=number) for number in range(1, 60)]
    lines = text(given).splitlines()
    assert len(lines) <= LINES
    assert max(map(cells, lines)) <= 100
    assert all(line.isprintable() for line in lines)
    fates = [line for line in lines if re.match(r"  1 lost after|  30 stopped at|  1 still at|  1 seen in part|  … and 267 that", line)]
    assert len(fates) == 5


def test_three_with_much_to_tell_stay_one_screen() -> None:
    """Where all that is known of three connections does not fit, the most urgent is kept and the rest referred to."""
    given = Measures(captures=[ipsec_capture()], tunnels=[tunnel()], sessions=[session()])
    for number in range(1, 4):
        given.vpns.append(vpn(number, nat=None, twin=True, opened=T0 + number * SECOND))
        given.ike_sas.append(
            ike_sa(number, notifies=[f"responder: ODD_{number}"], retransmissions_to_responder=number, integrity=f"H{number}")
        )
        given.esp_sas += [esp_sa(2 * number - 1, moves=number, replay_dropped_32=number, replaces=99), esp_sa(2 * number)]
        given.loss += [esp_loss(2 * number - 1, expected=1000 + number), esp_loss(2 * number)]
        for name in ("stage", "heartbeat", "mtu", "rekey", "cipher"):
            given.inferences.append(inference(vpn=number, inference=name, value=f"{name} {number}"))
    lines = text(given).splitlines()
    assert len(lines) <= LINES
    assert "… and more of each: l2tpscope vpns wan.pcap" in "\n".join(lines)
    assert sum("notify from responder: ODD_" in line for line in lines) == 3


def test_the_fragment_for_notebooks_has_it_too() -> None:
    """The HTML of a summary has the connections, escaped."""
    given = healthy()
    given.ike_sas[0].notifies = ["responder: " + HOSTILE]
    shown = report(measures=given)._repr_html_()
    assert shown is not None
    assert "traffic (likely)" in shown
    assert "<script>" not in shown
