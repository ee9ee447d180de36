"""What data packets carry: where IP begins in each wrapping, what is counted apart, flows, and that batches do not matter."""

from __future__ import annotations

import struct

import inner_frames as build
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inner_frames import FRAMED, Packet, inside

from l2tpscope.model.inner import Content, InnerFlow
from l2tpscope.track import inner as module
from l2tpscope.track import inner_trips
from l2tpscope.track.inner import mss

MACS = b"\x02\0\0\0\0\3\x02\0\0\0\0\4"


def flows(packets: list[Packet], rows: int | None = None) -> list[InnerFlow]:
    """The flows that were told apart."""
    return [flow for flow in inside(packets, rows)[0].flows if flow is not None]


# ---- where it begins ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrapping", [b"\xff\x03\x00\x21", b"\x00\x21", b"\x21", b"\xff\x03\x21"])
def test_ppp_in_every_form(wrapping: bytes) -> None:
    """IPv4 is found behind FF 03 or without, behind a protocol of two octets or one (RFC 1661 §6.5, RFC 1662 §3.1)."""
    (flow,) = flows([Packet(0, wrapping + build.ipv4(build.udp(100), 17))])
    assert (flow.source, flow.destination, flow.source_port, flow.destination_port) == (build.OURS, build.THEIRS, 5000, 53)
    assert (flow.protocol, flow.packets, flow.octets) == (17, 1, 128)


@pytest.mark.parametrize("wrapping", [b"\xff\x03\x00\x57", b"\x00\x57", b"\x57"])
def test_ipv6_in_ppp(wrapping: bytes) -> None:
    """IPv6 is PPP protocol 0057 (RFC 5072 §2)."""
    (flow,) = flows([Packet(0, wrapping + build.ipv6(build.udp(100), 17))])
    assert (flow.source, flow.destination, flow.source_port, flow.octets) == (build.OURS_6, build.THEIRS_6, 5000, 148)


@pytest.mark.parametrize(
    ("protocol", "content"),
    [
        (b"\xc0\x21\x09\x01\x00\x08", Content.PPP_CONTROL),
        (b"\xff\x03\x00\x2d\x01\x02", Content.VJ),
        (b"\x2f\x45\x00\x00", Content.VJ),
        (b"\xff\x03\x00\x3d\xc0\x00", Content.MULTILINK),
        (b"\xff\x03\x00\xfd\x90\x00", Content.COMPRESSED),
        (b"\xfd\x90\x00\x01", Content.COMPRESSED),
        (b"\xff\x03\x02\x81\x00\x01", Content.OTHER_PPP),
        (b"\xff\x03\x00\x21" + b"\x55" * 40, Content.BROKEN),
        (b"\xff\x03\x00\x21\x45\x00\x40\x00" + bytes(40), Content.BROKEN),
        (b"\xff\x03", Content.BROKEN),
    ],
)
def test_what_is_no_ip_is_named_and_left_alone(protocol: bytes, content: Content) -> None:
    """Control, VJ, multilink, CCP and the rest are counted under their names; IP that is no IP, or longer than its frame, is broken."""
    found, _ = inside([Packet(0, protocol)])
    assert found.contents == {(1, content): 1}
    assert len(found.flows) == 1


@pytest.mark.parametrize("skip", [b"", b"\x40\0\0\1", b"\xde\xad\xbe\xef\0\0\0\0", b"\xde\xad\xbe\xef\xfe\xed\xfa\xce\x40\0\0\7"])
@pytest.mark.parametrize("frame", [MACS + b"\x08\x00", MACS + b"\x81\x00\x00\x05\x08\x00", b"", b"\xff\x03\x00\x21"])
def test_l2tpv3_behind_any_cookie_and_sublayer(skip: bytes, frame: bytes) -> None:
    """Ethernet with or without a tag, bare IP, and PPP are found behind 0, 4, 8 and 12 octets that nothing announces."""
    (flow,) = flows([Packet(0, skip + frame + build.ipv4(build.udp(100), 17), version=3)])
    assert (flow.source, flow.destination_port, flow.octets) == (build.OURS, 53, 128)


def test_l2tpv3_is_taken_for_ip_only_with_its_checksum() -> None:
    """A frame of which the IPv4 header's checksum is wrong is none that is looked into."""
    packet = bytearray(build.ipv4(build.udp(100), 17))
    packet[15] ^= 1
    found, _ = inside([Packet(0, MACS + b"\x08\x00" + bytes(packet), version=3)])
    assert found.contents == {(1, Content.OTHER): 1}


def test_arp_in_l2tpv3() -> None:
    """ARP is counted as such behind a cookie too."""
    arp = b"\xff" * 6 + MACS[:6] + b"\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01" + bytes(20)
    found, _ = inside([Packet(0, b"\xde\xad\xbe\xef" + arp, version=3)])
    assert found.contents == {(1, Content.ARP): 1}


@pytest.mark.parametrize(("snaplen", "cut"), [(14 + 20 + 8 + 6 + 4 + 19, True), (14 + 20 + 8 + 6 + 4 + 20, False)])
def test_what_the_capture_cut_off(snaplen: int, cut: bool) -> None:
    """Without its whole IP header a packet is cut; with it alone it counts, of its full length, and without ports."""
    found, _ = inside([Packet(0, FRAMED + build.ipv4(build.udp(100), 17), snaplen=snaplen)])
    assert found.contents == ({(1, Content.CUT): 1} if cut else {})
    assert [(flow.octets, flow.source_port) for flow in found.flows if flow] == ([] if cut else [(128, None)])


def test_fragments_stand_apart() -> None:
    """All fragments of a datagram are one flow without ports, and counted; whole ones have theirs."""
    first = build.ipv4(build.udp(800), 17, fragment=0x2000)
    second = build.ipv4(bytes(200), 17, fragment=101)
    found = flows([Packet(0, FRAMED + one) for one in (first, second, build.ipv4(build.udp(9), 17))])
    assert [(flow.source_port, flow.packets, flow.fragments) for flow in found] == [(None, 2, 2), (5000, 1, 0)]


def test_ip_options_and_extension_headers() -> None:
    """Ports are behind IPv4's options (RFC 791 §3.1) and IPv6's extension headers (RFC 8200 §4)."""
    extended = build.ipv6(b"\x11\x00\x01\x04\0\0\0\0" + build.udp(100), 0)
    found = flows([Packet(0, FRAMED + build.ipv4(build.udp(100), 17, options=3)), Packet(0, b"\xff\x03\x00\x57" + extended)])
    assert [(flow.protocol, flow.source_port, flow.octets) for flow in found] == [(17, 5000, 140), (17, 5000, 156)]


@given(st.lists(st.tuples(st.binary(max_size=80), st.booleans(), st.sampled_from([2, 3]), st.integers(42, 140)), min_size=1, max_size=20))
@settings(max_examples=150, deadline=None)
def test_nothing_raises(bodies: list[tuple[bytes, bool, int, int]]) -> None:
    """Whatever is inside, cut wherever, each data packet is counted once."""
    packets = [Packet(0, body, back, version, snaplen) for body, back, version, snaplen in bodies]
    one_by_one, together = inside(packets, 1)[0], inside(packets)[0]
    assert one_by_one == together


# ---- flows -------------------------------------------------------------------------------------------------------------


def test_the_flow_back_is_found_in_the_other_direction() -> None:
    """Two flows with each other's addresses and ports, in series between the same hosts, are partners."""
    there, back = flows(
        [
            Packet(5, FRAMED + build.ipv4(build.udp(1), 17)),
            Packet(9, FRAMED + build.ipv4(build.udp(1, (53, 5000)), 17, back=True), back=True),
        ]
    )
    assert (there.partner, back.partner, there.series, back.series) == (2, 1, 1, 2)


def test_flows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many flows packets are still counted by what they are, and a note says how many."""
    monkeypatch.setattr(module, "MOST_FLOWS", 4)
    found, notes = inside([Packet(port, FRAMED + build.ipv4(build.udp(1, (port, 53)), 17)) for port in range(1, 11)])
    assert len(found.flows) == 4
    assert found.contents == {(1, Content.IPV4): 7}
    assert notes == ["7 inner packets belong to flows too many to be told apart (over 4): not in inner_flows"]


def test_echoes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many are kept; from when on none were is known."""
    monkeypatch.setattr(module, "MOST_ECHOES", 3)
    found, notes = inside([Packet(number, FRAMED + build.ipv4(build.echo(number), 1)) for number in range(5)])
    assert ([one.number for one in found.echoes], found.echoes_end) == ([7 << 16, 7 << 16 | 1, 7 << 16 | 2], 3)
    assert notes == ["2 inner echoes were not kept: over 3"]


# ---- TCP ---------------------------------------------------------------------------------------------------------------


def segment(time: int, number: int, acknowledged: int, payload: int = 0, **more: int) -> Packet:
    """A segment of ours, or *back*, at so many milliseconds; *ip_id* as wanted."""
    back = bool(more.get("back", 0))
    ports = (443, 40000) if back else (40000, 443)
    stamps = (more["stamp"], more["echo"]) if "stamp" in more else None
    options = b"" if stamps is None else bytes((1, 1, 8, 10)) + struct.pack(">II", *stamps)
    octets = build.tcp(number, acknowledged, payload, flags=more.get("flags", build.ACK), ports=ports, options=options)
    return Packet(time * build.MS, FRAMED + build.ipv4(octets, 6, back=back, number=more.get("ip_id", 0)), back)


def test_a_round_trip_is_from_a_segment_to_the_first_acknowledgement_of_all_of_it() -> None:
    """A partial acknowledgement is none; the one of the whole segment counts, at the side that the segment goes to."""
    packets = [segment(0, 100, 1, 50), segment(10, 1, 120, back=1), segment(30, 1, 150, back=1), segment(40, 1, 150, back=1)]
    found, _ = inside(packets)
    assert [(one.flow, one.rtt, one.frame_request, one.frame_reply) for one in found.samples] == [(1, 30 * build.MS, 1, 3)]


def test_karn() -> None:
    """What was sent again while it was under way gives no round trip (RFC 6298 §3); the next segment does."""
    packets = [
        segment(0, 100, 1, 50),
        segment(20, 100, 1, 50),
        segment(30, 1, 150, back=1),
        segment(40, 150, 1, 50),
        segment(65, 1, 200, back=1),
    ]
    (there, _) = flows(packets)
    assert (there.rtt_count, there.rtt_min, there.segments, there.repeated, there.filled) == (1, 25 * build.MS, 3, 1, 0)


@pytest.mark.parametrize(
    ("again", "echo", "rtt"),
    [
        (70, 50, 30),  # of the first copy: sent again too early
        (70, 70, None),  # of the second one: the first was lost behind the tap
        (50, 50, None),  # of either: the clock is coarser than the repetition
        (70, 40, None),  # of a segment before it: the acknowledgement was held back by a hole
    ],
)
@pytest.mark.parametrize("rows", [None, 1, 2])
def test_timestamps_tell_which_copy_was_acknowledged(again: int, echo: int, rtt: int | None, rows: int | None) -> None:
    """RFC 7323 §4: a segment that was sent again has a round trip where its first copy's TSval, and only that one's, is echoed."""
    packets = [
        segment(0, 100, 1, 50, stamp=50, echo=9),
        segment(20, 100, 1, 50, stamp=again, echo=9),
        segment(30, 1, 150, back=1, stamp=9, echo=echo),
    ]
    (there, _) = flows(packets, rows)
    assert (there.rtt_min, there.repeated) == (None if rtt is None else rtt * build.MS, 1)


def test_a_copy_without_a_timestamp_leaves_all_in_doubt() -> None:
    """Two copies with a TSval of their own each are told apart from the first; one without any is not (Karn)."""
    first, reply = segment(0, 100, 1, 50, stamp=50, echo=9), segment(30, 1, 150, back=1, stamp=9, echo=50)
    stamped = [segment(at, 100, 1, 50, stamp=50 + at, echo=9) for at in (10, 20)]
    assert flows([first, *stamped, reply])[0].rtt_min == 30 * build.MS
    assert flows([first, stamped[0], segment(20, 100, 1, 50), reply])[0].rtt_min is None


def test_what_was_acknowledged_before_it_was_seen_gives_no_round_trip() -> None:
    """The capture, or the path, has it in the wrong order."""
    (_, there) = flows([segment(0, 1, 150, back=1), segment(1, 100, 1, 50), segment(9, 1, 150, back=1)])
    assert (there.segments, there.rtt_count) == (1, 0)


@pytest.mark.parametrize(
    ("ip_id", "late", "told"),
    [
        (7, 40, (0, 0, 1)),  # sent before the one that opened the gap
        (9, 1, (1, 0, 0)),  # sent after it, if only just
        (5000, 2, (0, 0, 1)),  # ids that count nothing: hardly late
        (5000, 40, (1, 0, 0)),
    ],
)
def test_what_fills_a_gap_was_overtaken_or_sent_again(ip_id: int, late: int, told: tuple[int, int, int]) -> None:
    """IP ids that count tell it; else whether it came within 3 ms."""
    packets = [segment(0, 100, 1, 50, ip_id=6), segment(1, 200, 1, 50, ip_id=8), segment(1 + late, 150, 1, 50, ip_id=ip_id)]
    (flow,) = flows(packets)
    assert (flow.filled, flow.repeated, flow.reordered) == told


def test_numbers_wrap() -> None:
    """After 2^32 - 1 comes 0: nothing is sent again, and the acknowledgement is that of the segment."""
    packets = [
        segment(0, 2**32 - 60, 1, 50),
        segment(1, 2**32 - 10, 1, 50),
        segment(21, 1, 40, back=1),
        segment(30, 40, 1, 50),
    ]
    (there, _) = flows(packets)
    assert (there.segments, there.repeated, there.filled, there.rtt_count, there.rtt_min) == (3, 0, 0, 2, 20 * build.MS)


def test_a_new_connection_with_the_same_ports_is_not_sent_again() -> None:
    """A SYN with another number begins anew, below the old numbers too; the same SYN again is sent again."""
    packets = [
        segment(0, 5000, 0, flags=build.SYN),
        segment(10, 5001, 1, 50),
        segment(20, 900, 0, flags=build.SYN),
        segment(1020, 900, 0, flags=build.SYN),
        segment(1030, 901, 1, 50),
    ]
    (flow,) = flows(packets)
    assert (flow.segments, flow.repeated, flow.filled, flow.reordered) == (5, 1, 0, 0)


def test_keep_alives_are_not_sent_again() -> None:
    """The last octet again, or nothing one below the next number (RFC 9293 §3.8.4), is a probe."""
    packets = [segment(0, 100, 1, 50), segment(1000, 149, 1, 1), segment(2000, 149, 1, 0), segment(3000, 149, 1, 1)]
    (flow,) = flows(packets)
    assert (flow.segments, flow.repeated, flow.filled) == (1, 0, 0)


def test_copies_by_the_capture_do_not_count() -> None:
    """A frame that the capture has twice, 1 ms apart, is one segment."""
    one = segment(0, 100, 1, 50, ip_id=6)
    (flow,) = flows([one, Packet(one.time + build.MS, one.body)])
    assert (flow.packets, flow.segments, flow.repeated) == (1, 1, 0)


@pytest.mark.parametrize(("ip_id", "told"), [(6, (2, 0)), (7, (2, 0)), (8, (3, 1)), (0, (3, 1))])
def test_what_passes_a_second_tap_was_not_sent_again(ip_id: int, told: tuple[int, int]) -> None:
    """20 ms later, with the IP id of the first time, it is a copy; with a new one, or none that counts, it was sent again."""
    first = 7 if ip_id == 7 else 6
    packets = [segment(0, 100, 1, 50, ip_id=6), segment(1, 150, 1, 50, ip_id=7), segment(20, 50 + 50 * (first - 5), 1, 50, ip_id=ip_id)]
    (flow,) = flows(packets)
    assert (flow.segments, flow.repeated) == told


SENT = st.tuples(
    st.integers(0, 2),
    st.booleans(),
    st.integers(0, 12),
    st.integers(0, 12),
    st.sampled_from([0, 1, 100, 200, 1300]),
    st.sampled_from([build.ACK, build.ACK, build.ACK, build.SYN, build.SYN | build.ACK, build.FIN | build.ACK, build.RST]),
)


@given(st.lists(SENT, min_size=2, max_size=60), st.sampled_from([0, 2**32 - 500]), st.integers(1, 9))
@settings(max_examples=120, deadline=None)
def test_batches_do_not_matter(sent: list[tuple[int, bool, int, int, int, int]], begin: int, rows: int) -> None:
    """However the rows are cut into batches, the same is found, whatever the numbers do."""
    packets = []
    for place, (connection, back, number, acknowledged, payload, flags) in enumerate(sent):
        ports = (443, 40000 + connection) if back else (40000 + connection, 443)
        octets = build.tcp(begin + 100 * number, begin + 100 * acknowledged, payload, flags=flags, ports=ports)
        packets.append(Packet(place * 2 * build.MS, FRAMED + build.ipv4(octets, 6, back=back, number=place), back))
    assert inside(packets, rows) == inside(packets)


def test_round_trips_are_taken_of_a_few_segments_of_a_long_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each doubling of a flow adds EACH; those beyond the bound on rows still count for the flow, and are noted."""
    monkeypatch.setattr(inner_trips, "MOST_SAMPLES", 10)
    packets = []
    for number in range(4 * inner_trips.EACH):
        packets += [segment(2 * number, 100 + 10 * number, 1, 10), segment(2 * number + 1, 1, 110 + 10 * number, back=1)]
    found, notes = inside(packets)
    assert found.flows[1] is not None
    assert (found.flows[1].rtt_count, len(found.samples)) == (3 * inner_trips.EACH, 10)
    assert len(notes) == 1
    assert notes[0].startswith(f"{3 * inner_trips.EACH - 10} inner round trips of TCP are not in the table rtt")


@given(st.binary(max_size=40))
def test_options_of_any_kind(options: bytes) -> None:
    """The MSS is read or is not there; nothing raises."""
    assert mss(options) is None or 0 <= (mss(options) or 0) < 1 << 16


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ("020405b4", 1460),
        ("0101020405b4", 1460),
        ("0204", None),
        ("00020405b4", None),
        ("0300020405b4", None),
        ("030307020405b4", 1460),
        ("020305b4", None),
    ],
)
def test_mss(options: str, value: int | None) -> None:
    """Kind 2 of four octets, behind others, before the end of the list (RFC 9293 §3.2)."""
    assert mss(bytes.fromhex(options)) == value


def test_the_mss_of_a_syn() -> None:
    """It belongs to the flow that sent it."""
    octets = build.tcp(1, 0, flags=build.SYN, options=struct.pack(">BBH", 2, 4, 1360))
    (flow,) = flows([Packet(0, FRAMED + build.ipv4(octets, 6))])
    assert flow.mss == 1360
