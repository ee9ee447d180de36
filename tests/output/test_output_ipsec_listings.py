"""The tables of IPsec on the terminal."""

from __future__ import annotations

import dataclasses

import pytest
from example_ipsec import clients, esp_sa, healthy, ike_sa, vpn
from example_report import HOSTILE, loss, measures, report, trip

from l2tpscope.analysis.rows import Measures
from l2tpscope.output import Page
from l2tpscope.output.page import cells
from l2tpscope.output.text import text

TABLES = ("vpns", "ike_sas", "ike_messages", "esp_sas", "inferences", "rtt", "loss")


def listed(table: str, given: Measures) -> str:
    """The listing of a table."""
    return text(report(measures=given), table, Page())


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("made", [healthy, clients], ids=["one", "many"])
def test_listings_fit_the_page(table: str, made: type) -> None:
    """However many there are, and whatever they said, no line is wider than the page and no control character comes through."""
    lines = listed(table, made()).splitlines()
    assert max(map(cells, lines)) <= 100
    assert all(line.isprintable() for line in lines)


def test_a_connection_names_its_parts_and_links() -> None:
    """A connection says how far it got and by what grade, what it is made of, what passed, and how each link is known."""
    shown = listed(
        "vpns", Measures(vpns=[vpn(tunnels=[3], sessions=[4, 5], closed_by="client", outcome="closed", twin=True, twin_packets=77)])
    )
    assert "1  198.51.100.7 → 203.0.113.5  l2tp/ipsec  client  traffic (likely)  closed" in shown
    assert "ike_sa 1; esp_sas 1-2; tunnel 3; sessions 4-5; packets → 600, ← 12,345; 77 of them twice" in shown
    assert "closed by the client" in shown
    assert "- ESP 0x0000000a and 0x0000000b: made by an exchange of ike_sa 1" in shown


def test_links_known_in_one_way_share_a_line() -> None:
    """Many pairs of one IKE SA are one line; what says nothing of how it is known stands as it is."""
    links = [f"ESP {number}: made by an exchange of ike_sa 1" for number in range(3)] + ["tunnel 1: 7 packets are there as ESP too", "odd"]
    shown = listed("vpns", Measures(vpns=[vpn(linked_by=links)]))
    assert (
        "    - ESP 0; ESP 1; ESP 2: made by an exchange of ike_sa 1\n    - tunnel 1: 7 packets are there as ESP too\n    - odd\n" in shown
    )


def test_an_ike_sa_says_what_was_agreed() -> None:
    """An IKE SA has what the responder chose, who is behind NAT, the SPIs, and what both said of themselves."""
    shown = " ".join(listed("ike_sas", Measures(ike_sas=[ike_sa(notifies=["responder: NO_PROPOSAL_CHOSEN"])])).split())
    assert "IKEv1 main: AES-CBC 256, SHA1, MODP-2048, pre-shared key, lifetime 8:00:00" in shown
    assert "initiator behind NAT, responder no NAT, port 4500" in shown
    assert "SPIs 00112233445566aa 8899aabbccddeeff; 9 messages" in shown
    assert "dead peer checks" not in shown
    assert "dead peer checks 3" in listed("ike_sas", Measures(ike_sas=[ike_sa(dead_peer_checks=3)]))
    assert "least rtt initiator – ms, responder 20.3 ms" in shown
    assert "vendor IDs of the responder: Dead Peer Detection v1.0 notifies of the responder: NO_PROPOSAL_CHOSEN" in shown
    assert "of the initiator" not in shown


def test_what_is_not_known_of_an_ike_sa_is_said() -> None:
    """An SA of which the set-up is not in the capture says so, and claims no NAT and no choice."""
    unknown = ike_sa(exchange=None, encryption=None, key_bits=None, integrity=None, dh_group=None, authentication=None, lifetime_s=None)
    unknown = dataclasses.replace(unknown, nat_initiator=None, nat_responder=None, responder_spi=None)
    shown = " ".join(listed("ike_sas", Measures(ike_sas=[unknown])).split())
    assert "IKEv1: its set-up is not in the capture; NAT not to be told, port 4500" in shown
    assert "SPIs 00112233445566aa –" in shown


def test_ike_messages_name_what_they_repeat_and_answer() -> None:
    """A retransmission names the frame of its first copy, a reply that of its request; what is odd stands below."""
    given = healthy()
    given.rows("ike_messages")[1].reply_to = 2
    given.rows("ike_messages")[1].anomalies = ["malformed: VID: length 3"]
    shown = listed("ike_messages", given)
    assert "SA, VID, VID       again (3)        2\n    malformed: VID: length 3\n" in shown


def test_an_esp_sa_has_numbers_loss_and_origin() -> None:
    """An ESP SA has its loss as k of n, its numbers, the SA of the other direction, what made it, and what lengths show."""
    given = Measures(esp_sas=[esp_sa(1, birth_seen=False, moves=2, replaces=7, replay_dropped_32=3, replay_dropped_64=1)])
    shown = listed("esp_sas", given)
    assert "20/620 3.2 %" in shown
    assert "pair esp_sa 2, of ike_sa 1 (an exchange); took the place of esp_sa 7" in shown
    joined = " ".join(shown.split())
    assert "numbers 1 to 620, its begin is not in the capture; 1 reordered; moved 2 times; block 16; ICV 12" in joined
    assert "a replay window would drop 3 (32), 1 (64), 0 (128), 0 (1024)" in joined
    assert "epochs" not in shown
    assert "; 2 epochs" in listed("esp_sas", Measures(esp_sas=[esp_sa(1, epochs=2)]))
    assert "no pair seen, of ike_sa 1 (an exchange)" in listed("esp_sas", Measures(esp_sas=[esp_sa(1, pair=None)]))
    apart = Measures(esp_sas=[esp_sa(1, pair_linked_by="their times")])
    assert "pair esp_sa 2 (their times); of ike_sa 1 (an exchange)" in listed("esp_sas", apart)
    assert "pair esp_sa 2 (an exchange)\n" in listed("esp_sas", Measures(esp_sas=[esp_sa(1, ike_sa=None, ike_linked_by=None)]))


def test_inferences_give_their_rule_and_what_speaks_against_it() -> None:
    """Under a conclusion stands what it rests on, and what else could look the same."""
    shown = listed("inferences", healthy())
    assert "likely  traffic, usable 2.1 s after the SAs" in shown
    assert "\n    24 packets of 600 octets and more, the first at 2.1 s\n    or: other large packets than those of PPP\n" in shown


def test_round_trips_and_loss_name_their_sa() -> None:
    """What was measured from IKE or ESP names its SA; columns in which there is nothing are left out."""
    shown = listed("rtt", healthy())
    assert "ike 1  responder  ike " in shown
    assert "esp 2  responder  esp-heartbeat" in shown
    assert "tunnel" not in shown
    assert "esp →  esp 1    20       620" in listed("loss", healthy())
    both = healthy()
    both.rtt.append(trip(0.02))
    both.loss.append(loss())
    assert "tunnel" in listed("rtt", both)
    assert "  1        1      –" in listed("loss", both)
    assert " SA " not in listed("rtt", measures())


def test_hostile_text_is_escaped() -> None:
    """Identities, vendor IDs, notifies and anomalies are a peer's, and are shown without effect."""
    given = Measures(
        ike_sas=[ike_sa(initiator_id=HOSTILE, vendor_ids=["initiator: " + HOSTILE], notifies=["responder: " + HOSTILE])],
    )
    shown = listed("ike_sas", given)
    assert shown.count(r"\x1b[2J") == 3
    assert "\x1b" not in shown
