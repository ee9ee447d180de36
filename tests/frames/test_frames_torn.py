"""Datagrams of which fragments never come: whose they were, as their first fragment says."""

from __future__ import annotations

import struct

import pytest
from frame_builders import Record, decode, ethernet, ipv4, ipv6, l2tp, udp

from l2tpscope.frames import Decoder
from l2tpscope.frames.fragments import KEEP_NS, STALE_NS
from l2tpscope.frames.torn import MOST, MOST_PLACES, Torn

MORE = 0x2000
IKE = struct.pack(">QQBBBBII", 1, 2, 46, 0x20, 35, 8, 1, 2000) + bytes(200)
ESP = struct.pack(">II", 0x11223344, 1) + bytes(200)
LATE = KEEP_NS + STALE_NS


def first(content: bytes, protocol: int = 17, identification: int = 7) -> bytes:
    """The first 160 octets of a datagram of IPv4, as its first fragment."""
    return ethernet(ipv4(content[:160], protocol, identification=identification, fragment=MORE))


def torn(*frames: bytes, end: int = LATE) -> list[Torn]:
    """What is torn as of an instant, of frames that came a microsecond apart."""
    decoder = Decoder()
    decode([Record(frame, len(frame), time=1000 * number) for number, frame in enumerate(frames)], decoder=decoder)
    return decoder.torn(end)


@pytest.mark.parametrize(
    ("frame", "what", "exchange", "ports"),
    [
        (first(udp(IKE, 500, 500)), "ike", 35, (500, 500)),
        (first(udp(bytes(4) + IKE, 4500, 31000)), "ike", 35, (4500, 31000)),
        (first(udp(ESP, 4500, 4500)), "esp", None, (4500, 4500)),
        (first(ESP, 50), "esp", None, (None, None)),
        (first(udp(l2tp(ids=(5, 6), body=bytes(200)))), "l2tp", None, (1701, 1701)),
        (first(bytes(200), 115), "l2tp", None, (None, None)),
    ],
    ids=["IKE", "IKE behind a marker", "ESP in UDP", "ESP", "L2TP", "L2TPv3"],
)
def test_a_first_fragment_says_what_the_datagram_was(frame: bytes, what: str, exchange: int | None, ports: tuple[object, object]) -> None:
    """Ports and the non-ESP marker (RFC 3948 §2.2), or the protocol of IP, tell it; IKE's header has its exchange (RFC 7296 §3.1)."""
    (one,) = torn(frame)
    assert (one.what, one.exchange, (one.sender.port, one.receiver.port)) == (what, exchange, ports)
    assert (one.count, one.places, one.later, one.whole) == (1, [(1, 1)], False, 0)


def test_its_length_is_what_udp_says() -> None:
    """The header of UDP has the length of all of it (RFC 768): with the IP header 28 octets more than IKE's."""
    (one,) = torn(first(udp(IKE, 500, 500)))
    assert one.octets == 20 + 8 + len(IKE)


def test_ipv6_too() -> None:
    """The next header of the Fragment header says what the datagram carries (RFC 8200 §4.5)."""
    fragment = struct.pack(">BBHI", 17, 0, 1, 99) + udp(IKE, 500, 500)[:160]
    (one,) = torn(ethernet(ipv6(fragment, 44), 0x86DD))
    assert (one.what, len(one.sender.address), one.octets) == ("ike", 16, 40 + 8 + len(IKE))


def test_what_is_none_of_ours_or_has_no_first_fragment_is_not_told() -> None:
    """DNS is not ours; of a later fragment alone nobody knows the ports; one that may still be completed is not torn yet."""
    later = ethernet(ipv4(bytes(160), identification=8, fragment=20))
    assert torn(first(udp(bytes(400), 53, 53))) == []
    assert torn(later) == []
    assert torn(first(udp(IKE, 500, 500)), end=STALE_NS) == []


def test_later_fragments_are_noticed_and_whole_datagrams_counted() -> None:
    """A second fragment of UDP shows that the capture's filter lets them pass; a datagram that was complete is counted beside the torn."""
    content = udp(IKE, 500, 500)
    rest = ethernet(ipv4(content[160:], identification=7, fragment=20))
    (one,) = torn(first(content), rest, first(content, identification=9))
    assert (one.count, one.later, one.whole) == (1, True, 1)


def test_they_are_counted_once_and_bounded() -> None:
    """Copies of a first fragment are one datagram; of many conversations some are kept, of many datagrams the first places."""
    frame = first(udp(IKE, 500, 500))
    assert [one.count for one in torn(frame, frame)] == [1]
    assert len(torn(*(first(udp(IKE, port, 500), identification=port) for port in range(1, MOST + 50)))) == MOST
    (one,) = torn(*(first(udp(IKE, 500, 500), identification=number) for number in range(40)))
    assert (one.count, len(one.places)) == (40, MOST_PLACES)


def test_old_ones_are_forgotten() -> None:
    """Of a capture that goes on, what was torn long ago is let go."""
    decoder = Decoder()
    for time, number in ((0, 1), (LATE, 2), (3 * LATE, 3)):
        frame = first(udp(IKE, 500, 500), identification=number)
        decode([Record(frame, len(frame), time=time)], decoder=decoder)
    assert [one.count for one in decoder.torn(4 * LATE)] == [3]
    decoder.age(2 * LATE)
    assert [one.count for one in decoder.torn(4 * LATE)] == [1]
