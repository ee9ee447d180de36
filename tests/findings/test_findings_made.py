"""Rules for which no capture is at hand, on rows made by hand: what fires them, and what nearly does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from example_ipsec import esp_sa, ike_message, ike_sa, vpn
from example_report import SECOND, T0, capture, row, session, tunnel

from l2tpscope import findings
from l2tpscope.analysis.rows import Measures, MessageRow
from l2tpscope.findings import Case, Finding
from l2tpscope.frames import Endpoint
from l2tpscope.model.flood import Flood
from l2tpscope.model.refusal import Refusal

SERVER, CLIENT = bytes([203, 0, 113, 5]), bytes([198, 51, 100, 10])


def check(rule: str, measures: Measures, **trace: Any) -> list[Finding]:
    """What a rule finds in these rows."""
    measures.captures = measures.captures or [capture()]
    blank = {
        "refusals": [],
        "torn": [],
        "esp": [],
        "keepalives": [],
        "flood": Flood(),
        "ike_flood": Flood(),
        "begin": T0,
        "end": T0 + 100 * SECOND,
    }
    name = next(name for name in findings.names() if name.startswith(rule.lower()))
    return list(findings.rule(name).check(Case(SimpleNamespace(**{**blank, **trace}), measures)))  # type: ignore[arg-type]


def said(frame: int, message: str, direction: str = "to_responder", **given: Any) -> Any:
    """A control message of tunnel 1, one a second."""
    values = {
        "capture": 1,
        "frame": frame,
        "time": T0 + frame * SECOND,
        "tunnel": 1,
        "message": message,
        "direction": direction,
        "fit": "new",
    }
    return row(MessageRow, "messages", **{**values, **given})


def ike(names: dict[int, str], **given: Any) -> Measures:
    """One IKE SA with messages by their second; the server's are MM2, MM4, MM6, QM2 and INF."""
    messages = [
        ike_message(
            frame=at,
            time=T0 + at * SECOND,
            ike_sa=1,
            name=name,
            direction="to_initiator" if name in ("MM2", "MM4", "QM2", "INF") else "to_responder",
        )
        for at, name in names.items()
    ]
    values = {
        "established": None,
        "closed": None,
        "vpn": 1,
        "notifies": [],
        "furthest": list(names.values())[-1],
        "opened": T0,
        "natt": False,
        "authentication": "PSK",
        "rtt_responder_side_min_s": None,
    }
    return Measures(
        vpns=[vpn(ike_sas=[1], esp_sas=[], tunnels=[], stage="ike-reply", packets_to_client=0)],
        ike_sas=[ike_sa(**{**values, "exchange": "main", "version": 1, "nat_initiator": None, **given})],
        ike_messages=messages,
    )


def refusal(error: str, reporter: bytes = SERVER, port: int = 500) -> Refusal:
    """An ICMP error about what the client sent."""
    return Refusal(reporter, error, None, Endpoint(CLIENT, port), Endpoint(SERVER, port), 17, 1, 3, T0, T0)


def test_sccrp_that_nobody_takes_up() -> None:
    """SCCRP twice without a further word of the client is likely; once is not enough, and of twenty it is a flood."""
    messages = [said(1, "SCCRQ"), said(2, "SCCRP", "to_initiator"), said(3, "SCCRP", "to_initiator", retransmission_of=2)]
    one = tunnel(state="unanswered", messages_to_initiator=2)
    assert [found.grade for found in check("L2S103", Measures(tunnels=[one], messages=messages))] == ["likely"]
    assert check("L2S103", Measures(tunnels=[one], messages=messages[:2])) == []
    many = [tunnel(number, state="unanswered", messages_to_initiator=2) for number in range(1, 21)]
    assert check("L2S103", Measures(tunnels=many, messages=messages)) == []


def test_a_refused_tunnel_says_why() -> None:
    """StopCCN before the tunnel is up is told with its codes and text (RFC 2661 §4.4.2); one that was up is not refused."""
    values = {"closed_by": "responder", "result_code": 2, "result": "general error", "error_code": 6, "error": "vendor specific"}
    refused = tunnel(state="refused", error_message="No Authorization", **values)
    (found,) = check("L2S104", Measures(tunnels=[refused], messages=[said(1, "SCCRQ"), said(2, "StopCCN", "to_initiator")]))
    assert found.summary == 'the server refuses the tunnel: result 2 (general error), error 6 (vendor specific), "No Authorization"'
    assert [place.frame for place in found.evidence] == [1, 2]
    assert check("L2S104", Measures(tunnels=[tunnel(state="closed", **values)])) == []


def test_a_call_that_the_client_took_back_is_no_refusal() -> None:
    """CDN with result 1 and no error before the session is up is a hang-up."""
    values = {"state": "refused", "result_code": 1, "error_code": 0}
    assert check("L2S105", Measures(tunnels=[tunnel()], sessions=[session(**values)])) == []
    assert len(check("L2S105", Measures(tunnels=[tunnel()], sessions=[session(**{**values, "error_code": 4})]))) == 1


def test_icmp_refuses_ike() -> None:
    """Port unreachable about IKE that never came up is certain, and silences the rule of silence; about size it refuses nothing."""
    asked = {1: "MM1", 5: "MM1"}
    made = ike(asked, state="unanswered", responder="203.0.113.5:500")
    (found,) = check("L2S402", made, refusals=[refusal("port unreachable")])
    assert (found.grade, found.summary) == ("certain", "the server 203.0.113.5 refuses IKE on UDP port 500: ICMP port unreachable")
    assert check("L2S401", made, refusals=[refusal("port unreachable")]) == []
    assert len(check("L2S401", made)) == 1
    assert check("L2S402", made, refusals=[refusal("fragmentation needed, but not allowed")]) == []
    (found,) = check("L2S402", made, refusals=[refusal("administratively prohibited", bytes([198, 51, 100, 1]))])
    assert "198.51.100.1, which is not the server, refuses IKE" in found.summary
    up = ike(asked, state="established", responder="203.0.113.5:500")
    assert check("L2S402", up, refusals=[refusal("port unreachable")]) == []


def test_ike_once_is_not_unanswered() -> None:
    """A first message that was sent once may still be answered: nothing is claimed."""
    assert check("L2S401", ike({1: "MM1"}, state="unanswered")) == []


def test_ike_that_stops() -> None:
    """After MM2 the client owes MM3; where the set-up is not over yet, nothing is said."""
    (found,) = check("L2S409", ike({1: "MM1", 2: "MM2", 4: "MM2"}, state="failed"))
    assert found.summary == "IKE stops after MM2: MM3 from the client never comes"
    assert check("L2S409", ike({1: "MM1", 2: "MM2"}, state="opening")) == []


def test_ike_refused_in_clear() -> None:
    """INVALID_MAJOR_VERSION in clear (RFC 2408 §3.14.1) is told as such; NO_PROPOSAL_CHOSEN is another finding."""
    (found,) = check("L2S412", ike({1: "MM1"}, state="refused", notifies=["responder: INVALID_MAJOR_VERSION"]))
    assert (found.grade, found.summary) == ("certain", "IKE is refused in clear after MM1: the server says INVALID_MAJOR_VERSION")
    assert "same version of IKE" in (found.advice or "")
    assert not any("aggressive" in one for one in found.alternatives or ())
    (found,) = check("L2S412", ike({1: "MM1"}, state="refused", notifies=["responder: INVALID_SYNTAX"]))
    assert (found.advice or "").startswith("look the error up")
    proposal = ike({1: "MM1"}, state="refused", notifies=["responder: NO_PROPOSAL_CHOSEN"])
    assert check("L2S412", proposal) == []
    assert [found.grade for found in check("L2S404", proposal)] == ["certain"]


@pytest.mark.parametrize(
    ("given", "grade"),
    [
        ({}, "certain"),
        ({"reported_drops": 3}, "likely"),
        ({"acknowledged_unseen": 1}, "likely"),
        ({"one_sided": True}, "hint"),
        ({"verdict": "poor"}, "hint"),
    ],
)
def test_silence_is_no_surer_than_the_capture(given: dict[str, Any], grade: str) -> None:
    """That something did not come is claimed with a lower grade where the capture lacks frames, and says so."""
    made = ike({1: "MM1", 5: "MM1"}, state="unanswered")
    made.captures = [capture(**given)]
    (found,) = check("L2S401", made)
    assert found.grade == grade
    assert bool(found.against) == (given != {} and "verdict" not in given)


def test_libreswan_says_nothing_to_a_wrong_key() -> None:
    """MM5 sent again on port 500, where MM4 had just passed, is likely the key: libreswan says nothing (setup-ipsec-vpn#506)."""
    (found,) = check("L2S405", ike({1: "MM1", 2: "MM2", 3: "MM3", 4: "MM4", 5: "MM5", 6: "MM5"}, state="failed"))
    assert found.grade == "likely"
    assert "the pre-shared keys differ" in found.summary
    assert check("L2S405", ike({1: "MM1", 2: "MM2", 3: "MM3", 4: "MM4", 5: "MM5"}, state="opening")) == []


def test_a_failure_that_was_overcome_is_a_warning() -> None:
    """An attempt after which the same client came through is no error."""
    made = ike({1: "MM1", 5: "MM1"}, state="unanswered", initiator="198.51.100.10:500", responder="203.0.113.5:500")
    assert check("L2S401", made)[0].severity is None
    later = {"opened": T0 + 30 * SECOND, "established": T0 + 31 * SECOND, "initiator": "198.51.100.10:500", "responder": "203.0.113.5:500"}
    made.ike_sas.append(ike_sa(2, vpn=2, state="established", **later))
    made.vpns.append(vpn(2, ike_sas=[2], esp_sas=[1, 2]))
    assert check("L2S401", made)[0].severity == "warning"


def one_way(**given: Any) -> Measures:
    """A connection whose client sends ESP and gets none."""
    values = {
        "vpn": 1,
        "protocol": "esp",
        "direction": "to_responder",
        "birth_seen": True,
        "packets": 5,
        "first": T0,
        "last": T0 + 15 * SECOND,
    }
    ends = [vpn(ike_sas=[1], esp_sas=[1], tunnels=[], packets_to_client=0)]
    return Measures(vpns=ends, ike_sas=[ike_sa(rtt_responder_side_min_s=None)], esp_sas=[esp_sa(**{**values, **given})])


def test_esp_that_nobody_answers() -> None:
    """ESP one way for long enough is likely; twice, for a moment, or begun before the capture, it is nothing yet."""
    assert [found.grade for found in check("L2S501", one_way())] == ["likely"]
    assert check("L2S501", one_way(packets=2)) == []
    assert check("L2S501", one_way(last=T0 + SECOND)) == []
    assert check("L2S501", one_way(birth_seen=False)) == []
    made = one_way()
    made.captures = [capture(one_sided=True)]
    assert check("L2S501", made) == []


def test_a_replay_window_drops_what_is_late() -> None:
    """Packets behind a window of 32 that are no repeats are a warning; repeats alone, which every window drops, are not."""
    late = {"replay_dropped_32": 9, "replay_dropped_64": 2, "replay_dropped_128": 0, "replay_dropped_1024": 0, "duplicate": 0}
    (found,) = check("L2S204", one_way(**late))
    assert "window 32: 9, window 64: 2, window 128: 0, window 1024: 0" in found.summary
    assert check("L2S204", one_way(**{**late, "duplicate": 9})) == []


def test_sas_that_are_made_and_not_used() -> None:
    """No ESP for 20 s after Quick Mode on port 4500 is likely an error (Windows 809), on port 500 a hint if it is deleted then."""
    quick = {7: "QM1", 8: "QM2", 9: "QM3"}
    given = {"state": "closed", "established": T0 + 6 * SECOND, "natt": True, "nat_responder": True}
    made = ike(quick, closed=T0 + 44 * SECOND, **given)
    made.vpns[0].stage = "child-sa"
    (found,) = check("L2S508", made)
    assert "the server is behind NAT" in found.summary
    soon = ike(quick, closed=T0 + 19 * SECOND, **given)
    soon.vpns[0].stage = "child-sa"
    assert check("L2S508", soon) == []
    for closed, grades in ((T0 + 44 * SECOND, ["hint"]), (None, []), (T0 + 500 * SECOND, [])):
        plain = ike(quick, closed=closed, **{**given, "natt": False})
        plain.vpns[0].stage = "child-sa"
        assert [found.grade for found in check("L2S508", plain)] == grades


def half_open(count: int, apart: int) -> Measures:
    """So many IKE SAs that were only asked for, one each *apart* nanoseconds."""
    asked = [
        ike_sa(number, opened=T0 + number * apart, established=None, furthest="MM1", state="unanswered") for number in range(1, count + 1)
    ]
    return Measures(ike_sas=asked, ike_messages=[ike_message(ike_sa=number, time=T0) for number in range(1, count + 1)])


def test_a_flood_of_ike() -> None:
    """100 requests within 4 s that come to nothing are a flood; 99, or as many in an hour, are not; what was only counted counts."""
    (found,) = check("L2S609", half_open(100, SECOND // 25))
    assert found.summary.startswith("100 requests for an IKE SA in 4.0 s")
    assert check("L2S609", half_open(99, SECOND // 25)) == []
    assert check("L2S609", half_open(100, 36 * SECOND)) == []
    counted = Flood(count=10_000, first=T0, last=T0 + 20 * SECOND)
    (found,) = check("L2S609", half_open(99, SECOND // 25), ike_flood=counted)
    assert found.summary.startswith("10099 requests")


def rekeying(*more: Any) -> Measures:
    """An IKE SA that is up and used, and asks for new keys three times after an hour."""
    asked = [
        ike_message(frame=20 + at, time=T0 + (3600 + at) * SECOND, name="QM1", message_id=7, direction="to_responder") for at in range(3)
    ]
    return Measures(vpns=[vpn()], ike_sas=[ike_sa(established=T0, retransmissions_to_responder=2)], ike_messages=[*asked, *more])


def test_a_rekeying_that_nobody_answers() -> None:
    """QM1 three times without a word of that exchange is certain; an answer to it, even a refusal in the exchange, ends the claim."""
    (found,) = check("L2S411", rekeying())
    assert (found.grade, found.summary) == ("certain", "the client asks for new keys 3600 s after IKE came up, 3 times, and gets no answer")
    answer = ike_message(frame=30, time=T0 + 3610 * SECOND, name="QM2", message_id=7, direction="to_initiator")
    assert check("L2S411", rekeying(answer)) == []
    other = ike_message(frame=30, time=T0 + 3610 * SECOND, name="INF", message_id=8, direction="to_initiator")
    assert len(check("L2S411", rekeying(other))) == 1
