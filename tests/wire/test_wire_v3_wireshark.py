"""Wireshark's word on L2TPv3, live: headers over UDP and IP, AVPs, digests, and cookie, sublayer and numbers of data."""

from __future__ import annotations

import csv
import gzip
import io
import json
import struct
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from plain_reader import CAPTURES, read_frames
from test_wire_wireshark import TRUTHS

import l2tpscope
from l2tpscope.capture import merged, open_captures
from l2tpscope.frames import Decoder, Kind
from l2tpscope.packets.wireshark_fields import SEEN, avps, headers
from l2tpscope.wire.l2tp import ControlMessage, decode_control
from l2tpscope.wire.l2tp.codes import DigestType, MessageType
from l2tpscope.wire.l2tp.hidden import MESSAGE_DIGEST, check_digest, digest_key, message_digest

pytestmark = [
    pytest.mark.shared,
    pytest.mark.tshark,
    pytest.mark.skipif(not CAPTURES.exists(), reason="needs the captures of ../shared"),
]

PUBLIC = ("c005", "c007", "c010", "c011", "c012", "c014", "c016", "c018", "c019", "c020", "c026", "c034", "c036", "c041")
"""Every public capture in which Wireshark sees L2TPv3 (a test holds that)."""
STATIC = ("l2tpv3_ip_c4", "l2tpv3_ipv6_udp", "l2tpv3_udp_c0", "l2tpv3_udp_c8", "l2tpv3_udp_nosub", "l2tpv3_udp_seq_loss")
LAB = (*STATIC, "ql2tpd_v3_udp_hello")
POINTS = ("client.pcap", "wan.pcap", "server.pcap")
CUT_SHORT = 2
"""tshark's exit code where the file ends within a packet, as c005 does."""
V3 = "l2tp.sid || l2tp.ccid"

ASSIGNED_ID, NONCE, ETHERNET_VLAN = 61, 73, 4

NOT_COMPARED = {
    "l2tp.vendor_specific_avp_data": "a place, not a value: AVPs of vendors are compared by vendor, type and length",
    "l2tp.incorrect_digest": "Wireshark was not given the secret; with one, digests are compared below",
    "l2tp.sid": "of a control message over IP it is the four zero octets before it (RFC 3931 §4.1.1.2), not a field of the message",
}
"""Fields that Wireshark shows in a control message and that are not compared here, and why."""


class Ours(NamedTuple):
    """What the program makes of one frame."""

    kind: Kind
    session: int
    over_ip: bool
    octets: bytes
    """A control message without what stands before it over IP."""
    on_wire: int


def path_of(name: str, point: str = "client.pcap") -> Path:
    """A capture, public or of the laboratory."""
    if name in LAB:
        return CAPTURES / "lab" / name / point
    (path,) = (CAPTURES / "public").glob(f"{name}__*")
    return path


CASES = [*(path_of(name, point) for name in LAB for point in POINTS), *(path_of(name) for name in PUBLIC)] if CAPTURES.exists() else []

CONTROLS = (
    [path_of(*one) for one in [("c005",), ("c007",), ("c041",), *(("ql2tpd_v3_udp_hello", point) for point in POINTS)]] if CASES else []
)
"""Those with control messages."""


def tshark(path: Path, display: str, fields: tuple[str, ...], *options: str) -> list[dict[str, str]]:
    """Wireshark's fields of the frames that it shows."""
    command = ["tshark", "-r", str(path), "-Y", display, "-T", "fields", "-E", "occurrence=a", *options]
    for name in fields:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode in (0, CUT_SHORT), done.stderr
    lines = done.stdout.splitlines()
    return [dict(zip(fields, line.split("\t"), strict=True)) for line in lines]


@cache
def l2tp_fields() -> tuple[str, ...]:
    """Every field that Wireshark has for L2TP."""
    lines = subprocess.run(["tshark", "-G", "fields"], capture_output=True, check=True, text=True).stdout.splitlines()
    rows = (line.split("\t") for line in lines)
    return tuple(sorted({row[2] for row in rows if row[0] == "F" and row[2].startswith("l2tp.")}))


@cache
def ours(path: Path) -> dict[int, Ours]:
    """Every frame of L2TPv3, as the program's decoder finds it."""
    decoder, found = Decoder(()), {}
    for batch in merged(open_captures([str(path)])):
        if not len(batch):
            continue
        frames = decoder.decode(batch)
        for row in ((frames.kind == Kind.L2TP3_CONTROL) | (frames.kind == Kind.L2TP3_DATA)).nonzero()[0].tolist():
            at, size, there = int(frames.payload[row]), int(frames.payload_octets[row]), int(frames.payload_captured[row])
            over_ip = int(frames.protocol[row]) == 115
            skip = 4 if over_ip and frames.kind[row] == Kind.L2TP3_CONTROL else 0
            octets = bytes(frames.octets[at + skip : at + there])
            found[int(frames.frame[row])] = Ours(Kind(int(frames.kind[row])), int(frames.session[row]), over_ip, octets, size - skip)
    return found


def quoted(protocols: str) -> bool:
    """Whether an ICMP error quotes the L2TP: then it is not traffic."""
    return "icmp" in protocols.partition("l2tp")[0]


def session_of(row: dict[str, str]) -> int:
    """The Session ID of a row of Wireshark's."""
    return int(row["l2tp.sid"], 0)


def test_every_public_capture_is_here() -> None:
    """The list of public captures is that of those in whose stored fields Wireshark has a Session or Control Connection ID."""
    told = set()
    for path in TRUTHS:
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        rows = csv.DictReader(io.StringIO(text.decode()), delimiter="\t", quoting=csv.QUOTE_NONE)
        if any(row["l2tp.sid"] or row["l2tp.ccid"] for row in rows):
            told.add(path.name.partition(".")[0])
    assert told == set(PUBLIC)


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.name[:6]}")
def test_headers_equal_wireshark(path: Path) -> None:
    """The same frames are L2TPv3, the same of them control, over the same transport; data with the same Session ID."""
    rows = tshark(path, V3, ("frame.number", "frame.protocols", "l2tp.type", "l2tp.version", "l2tp.ccid", "l2tp.sid"))
    theirs = {int(row["frame.number"]): row for row in rows if not quoted(row["frame.protocols"])}
    mine = ours(path)
    assert mine.keys() == theirs.keys()
    for number, row in theirs.items():
        frame = mine[number]
        assert (frame.kind == Kind.L2TP3_CONTROL) == bool(row["l2tp.ccid"]), number
        assert frame.over_ip == ("udp" not in row["frame.protocols"].partition(":l2tp")[0].split(":")), number
        if frame.kind == Kind.L2TP3_DATA:
            assert frame.session == session_of(row), number


@pytest.mark.parametrize("path", CONTROLS, ids=lambda path: f"{path.parent.name}-{path.name[:6]}")
def test_control_messages_equal_wireshark(path: Path) -> None:
    """Flags, Length, Control Connection ID, Ns, Nr and AVPs are Wireshark's, and no field that it shows is left out."""
    fields = l2tp_fields()
    rows = tshark(path, "l2tp.ccid", ("frame.number", *fields))
    assert len(rows) == sum(frame.kind == Kind.L2TP3_CONTROL for frame in ours(path).values()) > 0
    for row in rows:
        number = int(row["frame.number"])
        message = decode_control(ours(path)[number].octets, ours(path)[number].on_wire)
        shown = {**headers(message), **avps(message), **{field: show(message) for field, show in SEEN.items()}}
        assert {field for field in fields if row[field]} <= shown.keys() | NOT_COMPARED.keys(), number
        assert {field: row[field] for field in shown} == shown, number


def test_the_comparison_is_not_empty() -> None:
    """451 public control messages and 36 of the laboratory were compared, and 99,994 and 17,644 packets of data."""
    counts = {"public": [0, 0], "lab": [0, 0]}
    for path in CASES:
        for frame in ours(path).values():
            counts["lab" if "lab" in path.parts else "public"][frame.kind == Kind.L2TP3_DATA] += 1
    assert counts == {"public": [451, 99_994], "lab": [36, 17_644]}


def nonces(messages: dict[int, ControlMessage]) -> tuple[int, bytes, bytes]:
    """The initiator's Control Connection ID, and the nonces of SCCRQ and SCCRP."""
    first = {message.type.name: message for message in reversed(messages.values()) if message.type is not None}
    return first["SCCRQ"].get(ASSIGNED_ID), first["SCCRQ"].get(NONCE), first["SCCRP"].get(NONCE)


def signed(path: Path, secret: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each digest of a capture, and what it is under another secret: ours, to be checked by Wireshark."""
    messages = {number: decode_control(one.octets, one.on_wire) for number, one in ours(path).items() if one.kind == Kind.L2TP3_CONTROL}
    initiator, asks, answers = nonces(messages)
    for message in messages.values():
        digest = message.get(MESSAGE_DIGEST).digest
        both = b"" if message.type == MessageType.SCCRQ else answers + asks if message.tunnel == initiator else asks + answers
        octets = both + message.octets.replace(digest, bytes(len(digest)))
        yield digest, message_digest(digest_key(secret), DigestType.HMAC_SHA1, octets)


def test_our_digests_are_right_for_wireshark(tmp_path: Path) -> None:
    """c007 signed by us with a secret is right for Wireshark with that secret, all 18 messages of it, and wrong with another."""
    renewed = dict(signed(path_of("c007"), b"a secret"))
    made = tmp_path / "signed.pcap"
    with made.open("wb") as stream:
        stream.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 16, 1))
        for _, _, octets, _ in read_frames(path_of("c007")):
            for old, new in renewed.items():
                octets = octets.replace(old, new)  # noqa: PLW2901
            stream.write(struct.pack("<IIII", 0, 0, len(octets), len(octets)) + octets)
    for secret, wrong in (("a secret", 0), ("another", 18)):
        found = tshark(made, "l2tp.incorrect_digest", ("frame.number",), "-o", f"l2tp.shared_secret:{secret}")
        assert len(found) == wrong
    messages = {number: decode_control(one.octets, one.on_wire) for number, one in ours(made).items() if one.kind == Kind.L2TP3_CONTROL}
    initiator, asks, answers = nonces(messages)
    assert len(messages) == 18
    for message in messages.values():
        mine, other = (answers, asks) if message.tunnel == initiator else (asks, answers)
        assert check_digest(message, b"a secret", mine, other) is True
        assert check_digest(message, b"another", mine, other) is False


COOKIES = {0: "None", 4: "4 Byte Cookie", 8: "8 Byte Cookie"}
SUBLAYERS = {"none": "None", "default": "Default L2-Specific"}


class Direction(NamedTuple):
    """One direction of a session, as the program tells it."""

    session: int
    cookie: int
    sublayer: str
    packets: int
    sequenced: bool


@cache
def report(path: Path) -> l2tpscope.Report:
    """What the program says of a capture."""
    return l2tpscope.read(path)


def directions(path: Path) -> Iterator[Direction]:
    """Those of a capture with one session, whose layout is known."""
    (row,) = report(path).rows("sessions")
    for side in ("responder", "initiator"):
        cookie = getattr(row, f"cookie_octets_to_{side}")
        if cookie is not None:
            yield Direction(
                getattr(row, f"{side}_id"),
                cookie,
                getattr(row, f"sublayer_to_{side}"),
                getattr(row, f"data_packets_to_{side}"),
                getattr(row, f"sequenced_to_{side}"),
            )


def data_of(path: Path, told: Direction) -> list[dict[str, str]]:
    """Wireshark's fields of one direction, where it is told the layout that the program found, and that Ethernet is behind it."""
    fields = ("frame.number", "frame.protocols", "eth.type", "l2tp.cookie", "l2tp.l2_spec_s", "l2tp.l2_spec_sequence", "_ws.malformed")
    layout = (f"l2tp.cookie_size:{COOKIES[told.cookie]}", f"l2tp.l2_specific:{SUBLAYERS[told.sublayer]}")
    options = [part for preference in layout for part in ("-o", preference)]
    options += [part for kind in (0, ETHERNET_VLAN) for part in ("-d", f"l2tp.pw_type=={kind},eth")]
    rows = tshark(path, f"l2tp.sid == {told.session}", fields, *options)
    return [row for row in rows if not quoted(row["frame.protocols"])]


ETHER_TYPES = {"0x0800", "0x0806", "0x86dd", "0x8100"}
"""IPv4, ARP, IPv6, VLAN tag: what the laboratory and these two captures carry."""
LAYOUTS = [*(path_of(name, point) for name in STATIC for point in POINTS), path_of("c007"), path_of("c034")] if CAPTURES.exists() else []


@pytest.mark.parametrize("path", LAYOUTS, ids=lambda path: f"{path.parent.name}-{path.name[:6]}")
def test_the_layout_that_was_found_is_one_that_wireshark_can_read(path: Path) -> None:
    """With cookie and sublayer as found, every packet has one cookie per direction and well-formed Ethernet behind it."""
    found = list(directions(path))
    assert found
    for told in found:
        rows = data_of(path, told)
        assert len(rows) == told.packets
        cookies = {row["l2tp.cookie"] for row in rows}
        assert len(cookies) == 1
        assert {len(cookie) // 2 for cookie in cookies} == {told.cookie}
        assert {row["eth.type"].split(",", 1)[1] for row in rows} <= ETHER_TYPES
        assert not any(row["_ws.malformed"] for row in rows)
        assert {row["l2tp.l2_spec_s"] != "" for row in rows} == {told.sublayer == "default"}
        assert any(row["l2tp.l2_spec_s"] == "1" for row in rows) == told.sequenced


@pytest.mark.parametrize("name", [name for name in STATIC if name != "l2tpv3_ipv6_udp"])  # whose configuration has no cookies
def test_cookies_are_those_that_were_set(name: str) -> None:
    """The cookies that Wireshark reads there are the two of the configuration."""
    told = json.loads((CAPTURES / "lab" / name / "truth.json").read_text())["config"]["l2tpv3"]
    path = path_of(name, "wan.pcap")
    cookies = [{row["l2tp.cookie"] for row in data_of(path, one)} for one in directions(path)]
    assert sorted(cookies, key=sorted) == sorted([{told["cookie_cl"]}, {told["cookie_sv"]}], key=sorted)


@pytest.mark.parametrize("point", POINTS)
def test_numbers_of_data_equal_wireshark(point: str) -> None:
    """Expected, received and lost are what the sequence numbers give that Wireshark reads in the sublayer."""
    path = path_of("l2tpv3_udp_seq_loss", point)
    (session,) = report(path).rows("sessions")
    losses = {row.direction: row for row in report(path).rows("loss") if row.space == "l2tp-data"}
    for told in directions(path):
        side = "responder" if told.session == session.responder_id else "initiator"
        numbers = [int(row["l2tp.l2_spec_sequence"]) for row in data_of(path, told) if row["l2tp.l2_spec_s"] == "1"]
        row = losses[f"to_{side}"]
        expected = max(numbers) - min(numbers) + 1
        assert (row.expected, row.received, row.lost) == (expected, len(set(numbers)), expected - len(set(numbers)))


def test_where_wireshark_finds_the_layout_itself() -> None:
    """c007's AVPs ask for neither cookie nor sublayer: Wireshark, told nothing, shows none either."""
    rows = tshark(path_of("c007"), "l2tp.sid", ("l2tp.cookie", "l2tp.l2_spec_def", "l2tp.l2_spec_atm"))
    assert len(rows) == 117
    assert all(not any(row.values()) for row in rows)
    assert {(told.cookie, told.sublayer) for told in directions(path_of("c007"))} == {(0, "none")}
