"""What `--anonymize` must not leave in a packet: one fact a place where something of somebody's may stand."""

from __future__ import annotations

import random
import struct
from ipaddress import ip_address

import numpy as np
import pytest
from frame_builders import Record, batch_of, ethernet, ike, ipv4, ipv6, l2tp, udp

pytest.importorskip("cryptography")

from l2tpscope.anonymous import Anonymiser, Key
from l2tpscope.anonymous.addresses import Addresses
from l2tpscope.anonymous.ip import IpPackets
from l2tpscope.anonymous.words import scrub
from l2tpscope.capture.batch import SLACK
from l2tpscope.frames import Decoder, Frames

KEY = bytes(range(32))
SECRET = bytes.fromhex("c0a80a4d")
"""192.168.10.77: an address that nothing else here has."""
ENDS = {"source": bytes((192, 0, 2, 1)), "destination": bytes((198, 51, 100, 2))}
PPP = b"\xff\x03"


def rewritten(*packets: bytes, ethertype: int = 0x0800) -> list[bytes]:
    """IP packets as they are afterwards, in a batch of their own."""
    records = [Record(octets, len(octets)) for octets in (ethernet(packet, ethertype) for packet in packets)]
    frames = Decoder().decode(batch_of(records))
    assert len(frames) == len(packets)
    Anonymiser(Key(KEY))(frames)
    return [_packet(frames, row) for row in range(len(frames))]


def _packet(frames: Frames, row: int) -> bytes:
    return bytes(frames.octets[int(frames.ip[row]) : int(frames.payload[row]) + int(frames.payload_captured[row])])


def replaced(address: bytes) -> bytes:
    """The address that stands for another."""
    return Addresses(KEY).replace(address)


def right(octets: bytes) -> bool:
    """Whether a checksum in these octets is right (RFC 1071): the sum of all words is all ones."""
    total = sum(struct.unpack(f">{len(octets + bytes(len(octets) % 2)) // 2}H", octets + bytes(len(octets) % 2)))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total == 0xFFFF


def data(body: bytes, flags: int = 0x0002, **more: int) -> bytes:
    """A data packet of L2TPv2."""
    return ipv4(udp(l2tp(flags, body=body, **more)), **ENDS)  # type: ignore[arg-type]


def data3(body: bytes) -> bytes:
    """A data packet of L2TPv3 over UDP, cookie, sublayer and frame as given."""
    return ipv4(udp(struct.pack(">HHI", 3, 0, 0xABCDEF) + body), **ENDS)  # type: ignore[arg-type]


def avp(kind: int, value: bytes, vendor: int = 0) -> bytes:
    """An AVP."""
    return struct.pack(">HHH", 6 + len(value), vendor, kind) + value


def control(*avps: bytes, flags: int = 0xC802) -> bytes:
    """A control message: an SCCRQ of v2, or one of v3, with these AVPs."""
    return ipv4(udp(l2tp(flags, body=b"".join((avp(0, b"\0\x01"), *avps)))), **ENDS)  # type: ignore[arg-type]


def inner(packet: bytes) -> bytes:
    """What an inner packet has become."""
    (made,) = rewritten(data(PPP + b"\0\x21" + packet))
    return made[20 + 8 + 6 + 4 :]


def icmp(kind: int, code: int, word: bytes, quoted: bytes) -> bytes:
    """An ICMP message, with the checksum of its octets."""
    head = struct.pack(">BBH", kind, code, 0) + word + quoted
    total = sum(struct.unpack(f">{len(head + bytes(len(head) % 2)) // 2}H", head + bytes(len(head) % 2)))
    total = (total & 0xFFFF) + (total >> 16)
    return head[:2] + struct.pack(">H", 0xFFFF - (total & 0xFFFF) - (total >> 16)) + head[4:]


def test_a_redirect_names_no_gateway() -> None:
    """An ICMP redirect (RFC 792) that quotes L2TP: its gateway is replaced, and its checksum is that of what it says now."""
    (made,) = rewritten(ipv4(icmp(5, 1, SECRET, ipv4(udp(l2tp()), **ENDS)), 1, **ENDS))  # type: ignore[arg-type]
    assert made[24:28] == replaced(SECRET)
    assert right(made[20:])


def test_a_quoted_cookie_goes() -> None:
    """An ICMP error quotes data of L2TPv3 over IP: Session ID and cookie are its first octets (RFC 3931 §4.1), the cookie goes."""
    quoted = ipv4(bytes.fromhex("00abcdef") + b"COOKIE!!" + bytes(8), 115, **ENDS)  # type: ignore[arg-type]
    (made,) = rewritten(ipv4(icmp(3, 2, bytes(4), quoted), 1, **ENDS))  # type: ignore[arg-type]
    assert bytes.fromhex("00abcdef") in made
    assert b"COOKIE!!"[:4] not in made
    assert b"IE!!" not in made


def test_no_quoted_checksum_is_left() -> None:
    """The checksum of a quoted UDP header is a sum over the addresses: it becomes none (RFC 768)."""
    (made,) = rewritten(ipv4(icmp(3, 3, bytes(4), ipv4(udp(l2tp()), **ENDS)), 1, **ENDS))  # type: ignore[arg-type]
    assert made[28 + 26 : 28 + 28] == b"\0\0"
    assert right(made[20:])


def test_a_quoted_packet_of_others_goes() -> None:
    """OpenVPN on the port of L2TP, quoted by an ICMP error: nothing of it is left, for it is no header of L2TP."""
    (made,) = rewritten(ipv4(icmp(3, 3, bytes(4), ipv4(udp(b"\x38" + b"SESSION." * 3), **ENDS)), 1, **ENDS))  # type: ignore[arg-type]
    assert b"SESS" not in made


@pytest.mark.parametrize("flags", [0x0202, 0xCA02])
def test_offset_padding_goes(flags: int) -> None:
    """Octets between a header and what it carries (RFC 2661 §3.1, Offset Size) may be anything, and become zeros."""
    packet = data(PPP + b"\0\x21" + bytes(20), flags, pad=8).replace(struct.pack(">H", 8) + bytes(8), struct.pack(">H", 8) + b"PADDING.")
    assert b"PADDING." in packet
    (made,) = rewritten(packet)
    assert b"PADD" not in made
    assert b"NG." not in made


@pytest.mark.parametrize("flags", [0x00C2, 0x48C2, 0xC802])
def test_headers_stay(flags: int) -> None:
    """Ids and numbers of tunnels stay, where bits are set that are to be ignored (RFC 2661 §3.1) too."""
    packet = data(PPP + b"\0\x21" + bytes(20), flags)
    (made,) = rewritten(packet)
    size = 6 + 2 * bool(flags & 0x4000) + 4 * bool(flags & 0x0800)
    assert made[28 : 28 + size] == packet[28 : 28 + size]


@pytest.mark.parametrize("header", [b"\xfd", b"\x2d", b"\xff\x03\x00\xfd", b"\x00\x3d"])
def test_contents_that_are_not_read_go_as_a_whole(header: bytes) -> None:
    """Behind PPP's protocol, of one octet or two (RFC 1661 §6.5), nothing of a compressed or unknown packet is left."""
    (made,) = rewritten(data(header + b"JOHNDOE" * 4))
    body = made[20 + 8 + 6 :]
    assert body == header + bytes(28)


@pytest.mark.parametrize("before", [b"", b"\x99\x12\x34\x56", b"\x99\x12\x34\x56" * 2])
def test_a_password_in_a_pseudowire_goes(before: bytes) -> None:
    """PAP (RFC 1334 §2.2.1) in a PPP pseudowire of L2TPv3, behind a cookie of 0, 4 or 8 octets: name and password are replaced."""
    request = b"\x01\x07\x00\x12\x05alice\x07hunter2"
    (made,) = rewritten(data3(before + PPP + b"\xc0\x23" + request))
    assert PPP + b"\xc0\x23\x01\x07\x00\x12\x05" in made
    assert b"alice" not in made
    assert b"hunter2" not in made
    assert before[:4] not in made or not before


@pytest.mark.parametrize("cookie", [b"", b"\x99\x12\x34\x56"])
@pytest.mark.parametrize("tags", [(), (0x8100,)])
def test_ethernet_in_a_pseudowire_stays_what_it_is(cookie: bytes, tags: tuple[int, ...]) -> None:
    """IP in Ethernet with a VLAN tag or without, behind a cookie or none: EtherType and tag stay, both addresses are replaced."""
    head = bytearray(ipv4(udp(b"payload!"), **ENDS))  # type: ignore[arg-type]
    total = sum(struct.unpack(">10H", head[:20]))
    head[10:12] = struct.pack(">H", 0xFFFF - (total & 0xFFFF) - (total >> 16))
    frame = ethernet(bytes(head), tags=tags)
    (made,) = rewritten(data3(cookie + frame))
    after = made[20 + 8 + 8 + len(cookie) :]
    assert after[12 : 14 + 4 * len(tags)] == frame[12 : 14 + 4 * len(tags)]
    assert after[:6] == Key(KEY).mac(frame[:6])
    assert after[6:12] == Key(KEY).mac(frame[6:12])


def test_an_assigned_cookie_goes_whatever_it_looks_like() -> None:
    """A cookie that begins as a numbered sublayer does (40 hex) is known by the message that assigned it (RFC 3931 §5.4.4)."""
    cookie = bytes.fromhex("40c0ffee")
    message = ipv4(udp(struct.pack(">HHIHH", 0xC803, 12 + 8 + 10, 1, 0, 0) + avp(0, b"\0\x0a") + avp(65, cookie)), **ENDS)  # type: ignore[arg-type]
    packet = ipv4(b"", 1)[:12] + bytes(8)
    told, made = rewritten(message, data3(cookie + packet))
    assert cookie not in told
    assert cookie not in made


def test_a_cookie_cut_within_a_word_goes() -> None:
    """Six octets of a packet of L2TPv3 were captured: no octet of the second word of its cookie is left."""
    packet = ethernet(data3(b"COOKIE!!" + bytes(60)))
    frames = Decoder().decode(batch_of([Record(packet[: 14 + 28 + 8 + 6], len(packet))]))
    Anonymiser(Key(KEY))(frames)
    assert _packet(frames, 0)[-2:] == b"\0\0"


def test_routes_in_ipv6_go() -> None:
    """A routing header and a home address option (RFC 8200 §4.4, RFC 6275 §6.3) hold addresses: outside and inside a tunnel they go."""
    router = ip_address("2001:db8:1::77").packed
    routing = bytes((17, 2, 0, 1)) + bytes(4) + router
    (outer,) = rewritten(ipv6(routing + udp(l2tp()), 43), ethertype=0x86DD)
    assert router not in outer
    assert len(outer) == 40 + 24 + 8 + 10
    assert router not in inner(ipv6(bytes((17, 2, 201, 16)) + bytes(4) + router + udp(b"x" * 8), 60))[:60]
    (inside,) = rewritten(data(PPP + b"\0\x57" + ipv6(routing + udp(b"x" * 8), 43)))
    assert router not in inside


def test_checksums_inside_are_of_what_is_there_now() -> None:
    """UDP, TCP and ICMP inside a tunnel: the checksum is right for replaced addresses and zeros, and tells nothing of the old ones."""
    tcp = struct.pack(">HHIIBBHHH", 40000, 80, 1, 0, 0x50, 2, 1000, 0x1234, 0)
    for protocol, carried in ((17, udp(b"payload!")), (6, tcp + b"payload!"), (1, icmp(8, 0, b"\0\x01\0\x02", b"payload!"))):
        made = inner(ipv4(carried, protocol, **ENDS))  # type: ignore[arg-type]
        pseudo = b"" if protocol == 1 else made[12:20] + struct.pack(">HH", protocol, len(made) - 20)
        assert right(pseudo + made[20:]), protocol
        assert b"payload" not in made
    without = bytearray(ipv4(udp(b"payload!"), **ENDS))  # type: ignore[arg-type]
    without[26:28] = b"\0\0"
    assert inner(bytes(without))[26:28] == b"\0\0"


def test_a_datagram_put_together_has_a_header_of_its_own() -> None:
    """Two fragments (RFC 791 §3.2) become one datagram: the checksum of its header is right, as no fragment's could be."""
    whole = udp(l2tp(body=PPP + b"\0\x21" + bytes(40)))
    packets = [ipv4(part, 17, identification=7, fragment=place, **ENDS) for part, place in ((whole[:32], 0x2000), (whole[32:], 4))]  # type: ignore[arg-type]
    frames = Decoder().decode(batch_of([Record(ethernet(packet), 14 + len(packet)) for packet in packets]))
    Anonymiser(Key(KEY))(frames)
    assert len(frames) == 1
    assert right(_packet(frames, 0)[:20])


def test_what_was_cut_off_has_no_checksum() -> None:
    """Of an ICMP error cut by the capture the checksum cannot be made: it is none, and not one over what lies behind in the buffer."""
    packet = ethernet(ipv4(icmp(3, 3, bytes(4), ipv4(udp(l2tp(body=bytes(200))), **ENDS)), 1, **ENDS))  # type: ignore[arg-type]
    frames = Decoder().decode(batch_of([Record(packet[:90], len(packet)), Record(packet, len(packet))]))
    Anonymiser(Key(KEY))(frames)
    cut, whole = (_packet(frames, row) for row in (0, 1))
    assert cut[22:24] == b"\0\0"
    assert right(whole[20:])


def test_numbers_inside_are_no_addresses() -> None:
    """A redirect's gateway, the SPI of ESP, what TCP's options hold beyond numbers, unknown protocols: nothing of them is left inside."""
    assert SECRET not in inner(ipv4(icmp(5, 1, SECRET, bytes(28)), 1, **ENDS))  # type: ignore[arg-type]
    assert SECRET not in inner(ipv4(SECRET + bytes(20), 50, **ENDS))  # type: ignore[arg-type]
    assert SECRET not in inner(ipv4(SECRET + bytes(20), 99, **ENDS))  # type: ignore[arg-type]
    options = b"\x02\x04\x05\xb4" + b"\x1e\x08\x30\x01" + SECRET + b"\x22\x06" + SECRET + b"\x01\x00"
    tcp = struct.pack(">HHIIBBHHH", 40000, 80, 1, 0, (20 + len(options)) << 2, 2, 1000, 0, 0) + options
    made = inner(ipv4(tcp, 6, **ENDS))  # type: ignore[arg-type]
    assert SECRET not in made
    assert b"\x02\x04\x05\xb4" in made, "the segment size is a number"


def test_short_names_do_not_become_one() -> None:
    """Two hundred host names of eight letters, and of eleven, have as many replacements: otherwise two clients would be one."""
    key = Key(KEY)
    for form in ("pc-{:05}", "client-{:04}", "gateway-of-{:06}"):
        names = {form.format(number).encode() for number in range(200)}
        assert len({key.name("host", name) for name in names}) == 200
        assert {len(key.name("host", name)) for name in names} == {len(next(iter(names)))}


def test_text_of_two_octets_a_letter_goes() -> None:
    """A message in UTF-16 has a NUL behind each letter: it is crossed out as a whole; single letters are no usual words either."""
    assert scrub("bob at 10.0.0.9".encode("utf-16-le")) == b"x" * 29 + b"\0"
    assert scrub(b"j o e: 1 a") == b"x x x: 1 a".replace(b"x:", b"xx")


def test_a_vendor_name_that_nobody_knows_is_a_name() -> None:
    """Vendor Names by which software is known stay, so that it is told as before; any other is replaced."""
    known, other = rewritten(control(avp(8, b"xelerance.com")), control(avp(8, b"ACME Ltd, J. Doe")))
    assert b"xelerance.com" in known
    assert b"ACME" not in other
    assert b"Doe" not in other


def test_what_is_left_behind_avps_goes() -> None:
    """Six octets behind the last AVP that are no AVP's header, since their length is below 6: all but these two are replaced."""
    (made,) = rewritten(control(b"\0\x03JOHN"))
    assert b"JOHN" not in made


def test_the_key_of_l2f_goes_where_padding_follows() -> None:
    """L2F with Offset and Key (RFC 2341 §4): behind the key there may be padding; both go."""
    head = struct.pack(">HBBHHHHI", 0xC001, 2, 0, 5, 6, 16 + 4 + 12, 4, 0xFEEDBEEF)
    (made,) = rewritten(ipv4(udp(head + b"PADD" + PPP + b"\0\x21" + b"payload!"), **ENDS))  # type: ignore[arg-type]
    assert bytes.fromhex("feedbeef") not in made
    assert b"PADD" not in made


def notify(kind: int, body: bytes, *, version: int = 0x20) -> bytes:
    """An IKE message that is a notify alone."""
    head = struct.pack(">BBH", 0, 0, kind) if version == 0x20 else struct.pack(">IBBH", 1, 1, 0, kind)
    octets = struct.pack(">BBH", 0, 0, 4 + len(head) + len(body)) + head + body
    following, exchange = (41, 34) if version == 0x20 else (11, 5)
    message = ike(version=version, exchange=exchange, flags=0x08 if version == 0x20 else 0, following=following, body=octets)
    return ipv4(udp(message, 500, 500), **ENDS)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "version"), [(16397, 0x20), (40501, 0x10)])
def test_addresses_in_notifies_are_replaced(kind: int, version: int) -> None:
    """ADDITIONAL_IP4_ADDRESS (RFC 4555 §4.2.2) and Cisco's load balancing hold an address of four octets."""
    (made,) = rewritten(notify(kind, SECRET, version=version))
    assert made.endswith(replaced(SECRET))


def test_a_gateway_to_go_to_is_still_one() -> None:
    """REDIRECT (RFC 5685 §6): the gateway is replaced as an address, so that what it says can still be told."""
    (made,) = rewritten(notify(16407, b"\x01\x04" + SECRET))
    assert made.endswith(b"\x01\x04" + replaced(SECRET))


def test_the_spi_that_a_notify_tells_is_the_sas() -> None:
    """INVALID_SPI (RFC 7296 §3.10.1) holds the SPI of a packet of ESP: it becomes the one that stands for it there."""
    spi = bytes.fromhex("c1234567")
    told, packet = rewritten(notify(11, spi), ipv4(spi + bytes((0, 0, 0, 1)) + bytes(24), 50, **ENDS))  # type: ignore[arg-type]
    assert spi not in told + packet
    assert told.endswith(packet[20:24])


@pytest.mark.parametrize("lie", [0, 2, 40])
def test_an_spi_in_a_malformed_proposal_goes(lie: int) -> None:
    """The SPI of a proposal whose length, or transform's length, is a lie is replaced all the same."""
    spi = bytes.fromhex("c1234567")
    transform = struct.pack(">BBHBBH", 0, 0, 8 + lie, 1, 0, 12)
    proposal = struct.pack(">BBHBBBB", 0, 0, 20 + lie if lie != 2 else 2, 1, 3, 4, 1) + spi + transform
    message = ike(body=struct.pack(">BBH", 0, 0, 4 + len(proposal)) + proposal)
    (made,) = rewritten(ipv4(udp(message, 500, 500), **ENDS))  # type: ignore[arg-type]
    assert spi not in made
    if not lie:
        assert made[-8:] == transform


@pytest.mark.parametrize(
    ("vendor", "kept"), [(bytes.fromhex("3e984048") + b"BOOTED.TODAY", bytes.fromhex("3e984048")), (b"SERIAL.NOTeldat", b"Teldat")]
)
def test_a_vendor_id_that_tells_a_device_goes(vendor: bytes, kept: bytes) -> None:
    """Cisco IOS and Teldat have Vendor IDs of which only a part is the same on all devices: that part stays alone."""
    body = struct.pack(">BBH", 0, 0, 4 + len(vendor)) + vendor
    (made,) = rewritten(ipv4(udp(ike(version=0x10, exchange=2, flags=0, following=13, body=body), 500, 500), **ENDS))  # type: ignore[arg-type]
    assert kept in made
    assert b"BOOTED" not in made
    assert b"SERIAL" not in made


def test_many_headers_at_once_are_as_one_by_one() -> None:
    """Two hundred IPv4 headers rewritten as columns and one by one: the same octets; a checksum that was wrong stays wrong."""
    dice = random.Random(3)
    datagrams = [bytearray(ipv4(udp(bytes(20)), source=dice.randbytes(4), destination=dice.randbytes(4))) for _ in range(200)]
    for number, one in enumerate(datagrams):
        one[10:12] = b"\0\0"
        total = sum(struct.unpack(">10H", one[:20]))
        total = (total & 0xFFFF) + (total >> 16)
        one[10:12] = struct.pack(">H", 0xFFFF - (total & 0xFFFF) - (total >> 16) ^ (number % 3 == 0))
    for outer in (False, True):
        packets = IpPackets(Key(KEY), Addresses(KEY))
        together = bytearray(b"".join(datagrams)) + bytes(SLACK)
        packets.headers(together, np.arange(200) * len(datagrams[0]), outer=outer)
        for number, one in enumerate(datagrams):
            alone = bytearray(one)
            packets.header(alone, 0, len(alone), outer=outer)
            assert together[number * len(one) : (number + 1) * len(one)] == alone
            assert right(bytes(alone[:20])) is (outer or number % 3 != 0)
