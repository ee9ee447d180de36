"""Anonymised output: nothing of the original in it, and the same tables otherwise."""

from __future__ import annotations

import random
import re
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import leaks
import pytest
from click.testing import CliRunner

from l2tpscope.analysis.rows import ROWS
from l2tpscope.analysis.software.marks import OF_PRODUCTS
from l2tpscope.anonymous import Anonymiser, Key, KeyFileError, read_key
from l2tpscope.anonymous.ppp import Ppp
from l2tpscope.anonymous.rewrite import PRODUCTS
from l2tpscope.anonymous.words import identification, outcome, scrub
from l2tpscope.api import ANONYMISED, read
from l2tpscope.capture import merged, open_captures
from l2tpscope.cli import l2tpscope as program
from l2tpscope.report import Report, columns

pytest.importorskip("cryptography")
from l2tpscope.anonymous.addresses import Addresses

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT.parent / "shared" / "captures" / "lab"
NAMES = ("tunnel_auth.pcap", "two_clients_nat.pcap", "wrong_psk.pcap", "l2tpv3.pcap.gz", "server_stops.pcap")
KEY = bytes(range(32))
CRYPTO_PAN = bytes.fromhex("1522178d33a4cf80130a5b1649907d10d8988f837979652762574c2d2a842202")
"""The key of the sample trace that comes with Crypto-PAn."""
VECTORS = {
    "128.11.68.132": "135.242.180.132",
    "129.118.74.4": "134.136.186.123",
    "130.132.252.244": "133.68.164.234",
    "141.223.7.43": "141.167.8.160",
}
"""From the sample trace of Crypto-PAn, raw and sanitised."""


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    """A key."""
    path = tmp_path / "key"
    path.write_text(KEY.hex())
    return str(path)


def test_addresses_are_those_of_crypto_pan() -> None:
    """Without blocks of a kind to be kept, addresses become what Crypto-PAn's own sample says."""
    addresses = Addresses(CRYPTO_PAN, ())
    assert {old: str(ip_address(addresses.replace(ip_address(old).packed))) for old in VECTORS} == VECTORS


@pytest.mark.parametrize("pair", [("10.1.2.3", "10.1.2.77"), ("203.0.113.5", "203.0.112.9"), ("2001:db8::1", "2001:db8:0:1::7")])
def test_prefixes_are_preserved(pair: tuple[str, str]) -> None:
    """Two addresses share exactly as many first bits afterwards as before."""
    addresses = Addresses(KEY)
    old = [ip_address(one) for one in pair]
    new = [ip_address(addresses.replace(one.packed)) for one in old]
    assert (int(old[0]) ^ int(old[1])).bit_length() == (int(new[0]) ^ int(new[1])).bit_length()
    assert new != old


def test_kinds_of_addresses_stay() -> None:
    """Private, shared, link-local and multicast addresses stay in their blocks, all others outside; no address and broadcast stay."""
    addresses = Addresses(KEY)
    for number in range(0, 1 << 32, 0x00FE_DCB1):
        old = ip_address(number)
        new = ip_address(addresses.replace(old.packed))
        assert (old.is_private, old.is_multicast, old.is_loopback) == (
            new.is_private,
            new.is_multicast,
            new.is_loopback,
        ) or not old.is_private
        assert any(new in block for block in map(_block, ("10.0.0.0/8", "192.168.0.0/16"))) == any(
            old in block for block in map(_block, ("10.0.0.0/8", "192.168.0.0/16"))
        )
    assert addresses.replace(bytes(4)) == bytes(4)


def _block(text: str) -> Any:
    from ipaddress import ip_network  # noqa: PLC0415

    return ip_network(text)


def test_spis_are_permuted() -> None:
    """Ten thousand SPIs have ten thousand replacements, none reserved; reserved ones (RFC 4303 §2.1) stay."""
    key = Key(KEY)
    new = {key.spi(spi) for spi in range(256, 10_256)}
    assert len(new) == 10_000
    assert min(new) >= 256
    assert [key.spi(spi) for spi in range(256)] == list(range(256))


def test_free_text_keeps_usual_words_alone() -> None:
    """Names, numbers and addresses in messages are crossed out, lengths stay; what MS-CHAP's numbers say stays (RFC 2759 §6)."""
    assert scrub(b"Access denied for bob.smith@corp at 10.0.0.9") == b"Access denied for " + b"x" * 14 + b" at " + b"x" * 8
    told = outcome(b"E=691 R=1 C=00112233445566778899AABBCCDDEEFF V=3 M=Hello alice", Key(KEY))
    assert re.fullmatch(rb"E=691 R=1 C=[0-9A-F]{32} V=3 M=Hello xxxxx", told)
    assert b"00112233" not in told
    assert identification(b"MSRASV5.20", Key(KEY)) == b"MSRASV5.20"
    assert re.fullmatch(rb"MSRAS-0-[a-z2-9]{10}", identification(b"MSRAS-0-LAPTOP-JOE", Key(KEY)))
    assert re.fullmatch(rb"MSRAS-0-host-\d{8}x", identification(b"MSRAS-0-LAPTOP-OF-JOES", Key(KEY)))


def test_passwords_go() -> None:
    """PAP's name and password (RFC 1334 §2.2.1) become others of the same length; IPCP's addresses are replaced as all are."""
    addresses = Addresses(KEY)
    ppp = Ppp(Key(KEY), addresses)
    body = b"\x05alice\x08pa55word"
    sent = b"\x01\x07" + (4 + len(body)).to_bytes(2, "big") + body
    made = ppp.packet(0xC023, sent)
    assert len(made) == len(sent)
    assert b"alice" not in made
    assert b"pa55word" not in made
    address = bytes((192, 0, 2, 9))
    assert ppp.packet(0x8021, b"\x01\x01\x00\x0a\x03\x06" + address)[6:] == addresses.replace(address)


def originals(report: Report) -> set[str]:
    """Addresses, names and SPIs that a report has, as text."""
    found = set(re.findall(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?![\d.])", report.to_json())) - {"0.0.0.0", "255.255.255.255"}  # noqa: S104
    found |= {text for row in report.rows("ike_sas") for text in (row.initiator_spi, row.responder_spi) if text}
    found |= {row.spi.removeprefix("0x") for row in report.rows("esp_sas")}
    found |= {name for row in report.rows("tunnels") for name in (row.initiator_host_name, row.responder_host_name) if name}
    return found | {row.ppp_user for row in report.rows("sessions") if row.ppp_user}


def macs(path: Path) -> set[bytes]:
    """Addresses of Ethernet in the frames, but for groups."""
    found = set()
    for batch in merged(open_captures([str(path)])):
        for row in range(len(batch)):
            at = int(batch.offset[row])
            if batch.link_type[row] == 1:
                found |= {bytes(batch.octets[at : at + 6]), bytes(batch.octets[at + 6 : at + 12])}
    return {one for one in found if not one[0] & 1 and any(one)}


def differences(one: Report, other: Report) -> set[tuple[str, str]]:
    """Tables and columns that differ, words aside: of them, whether there are any, and how many."""
    found = set()
    for table in ROWS:
        rows, others = one.rows(table), other.rows(table)
        if len(rows) != len(others):
            found.add((table, "rows"))
        for column in columns(table):
            for row, again in zip(rows, others, strict=False):
                before, after = getattr(row, column.name), getattr(again, column.name)
                if column.kind == "string":
                    same = (before is None) == (after is None)
                else:
                    same = len(before) == len(after) if column.kind == "list" else before == after
                if not same:
                    found.add((table, column.name))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_original_is_left(name: str, samples: Path, tmp_path: Path, key_file: str) -> None:
    """No address, name, SPI or MAC of the capture is in the document or in the extract, and all tables are the same but for these."""
    path = samples / name
    plain, made = read(path), read(path, anonymize=key_file)
    assert differences(plain, made) == set()
    assert ANONYMISED in made.notes
    assert made.options["anonymised"]
    text, secret = made.to_json(), originals(plain)
    assert len(secret) >= 2
    assert [one for one in secret if re.search(rf"(?<![0-9A-Za-z.]){re.escape(one)}(?![0-9A-Za-z.])", text)] == []
    out = tmp_path / "x.pcapng"
    result = CliRunner().invoke(program, ["extract", str(path), "--vpn", "1", "--anonymize", key_file, "-o", str(out), "-q"])
    assert result.exit_code == 0, result.output
    octets = out.read_bytes()
    assert [one for one in macs(path) if one in octets] == []
    for one in secret:
        assert one.encode() not in octets or len(one) < 4
        if re.fullmatch(r"\d+(\.\d+){3}", one):
            assert ip_address(one).packed not in octets, one
        elif re.fullmatch(r"[0-9a-f]{8}|[0-9a-f]{16}", one):
            assert bytes.fromhex(one) not in octets, one


@pytest.mark.parametrize("command", [["report"], ["ladder", "--raw"], ["diagnose", "--format", "markdown"], ["summary"], ["show", "1"]])
def test_every_output_is_anonymised(command: list[str], samples: Path, tmp_path: Path, key_file: str) -> None:
    """Page, ladder, findings, summary, a frame: none has an address, a name, the path or the hash of the capture."""
    path, out = samples / "tunnel_auth.pcap", tmp_path / "out"
    result = CliRunner().invoke(program, [*command, str(path), "--anonymize", key_file, "-o", str(out), "-q"])
    assert result.exit_code == 0, result.output
    text = out.read_text(encoding="utf-8")
    told = originals(read(path)) | {"tunnel_auth.pcap", sha256(path.read_bytes()).hexdigest()}
    assert [one for one in told if re.search(rf"(?<![0-9A-Za-z.]){re.escape(one)}(?![0-9A-Za-z.])", text)] == []


def test_a_cut_file_is_not_named(samples: Path, tmp_path: Path, key_file: str) -> None:
    """What is wrong with a file is said with its path: anonymised, without it, though with what is wrong."""
    path = tmp_path / "acme-headquarters.pcap"
    path.write_bytes((samples / "tunnel_auth.pcap").read_bytes()[:-7])
    (row,) = read(path, anonymize=key_file).rows("captures")
    assert row.truncated_file
    assert re.match("capture-1: .*record", row.reasons[0])
    assert "acme" not in "".join(row.reasons)


def test_live_keeps_no_original(key_file: str) -> None:
    """What is saved of a live capture would be the original packets: not together with --anonymize."""
    assert CliRunner().invoke(program, ["live", "-", "--save", "x.pcap", "--anonymize", key_file]).exit_code == 2


@pytest.mark.parametrize("name", ["tunnel_auth.pcap", "two_clients_nat.pcap"])
def test_the_extract_tells_the_same(name: str, samples: Path, tmp_path: Path, key_file: str) -> None:
    """Read again, the anonymised extract has the connection of the anonymised report: stage, outcome, NAT, counts."""
    out = tmp_path / "x.pcapng"
    CliRunner().invoke(program, ["extract", str(samples / name), "--vpn", "1", "--anonymize", key_file, "-o", str(out), "-q"])
    row, (again,) = read(samples / name, anonymize=key_file).rows("vpns")[0], read(out).rows("vpns")
    for column in ("kind", "client", "server", "nat", "stage", "outcome", "opened", "packets_to_server", "packets_to_client"):
        assert getattr(again, column) == getattr(row, column), column


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["l2tp_pap", "l2tpipsec_ikev2", "l2tpv3_udp_c8", "ike_aggressive_ok", "mtu_df_icmp", "l2tp_ipv6", "l2tp_hidden_avp"]
)
def test_so_it_is_in_the_laboratory(name: str, key_file: str) -> None:
    """All tables are the same, words aside, for PAP, IKEv2, cookies of eight octets, aggressive mode, ICMP errors, IPv6, hidden AVPs."""
    path = LAB / name / "client.pcap"
    assert differences(read(path, show_secrets=True), read(path, show_secrets=True, anonymize=key_file)) == set()


@pytest.mark.shared
def test_cookies_that_were_set_are_gone(tmp_path: Path, key_file: str) -> None:
    """The two cookies of the laboratory's configuration are in the capture, and not in its anonymised extract."""
    import json  # noqa: PLC0415

    told = json.loads((LAB / "l2tpv3_udp_c8" / "truth.json").read_text())["config"]["l2tpv3"]
    path, out = LAB / "l2tpv3_udp_c8" / "client.pcap", tmp_path / "x.pcapng"
    CliRunner().invoke(program, ["extract", str(path), "--tunnel", "1", "--anonymize", key_file, "-o", str(out), "-q"])
    for cookie in (bytes.fromhex(told[side]) for side in ("cookie_cl", "cookie_sv")):
        assert cookie in path.read_bytes()
        assert cookie not in out.read_bytes()
        assert cookie[:4] not in out.read_bytes(), "a word of it"


def test_the_same_key_gives_the_same_words(samples: Path, tmp_path: Path) -> None:
    """A key file is made once, for its owner alone; with it two readings tell the same, with another one other addresses."""
    path, first, second = samples / "tunnel_auth.pcap", str(tmp_path / "one"), str(tmp_path / "two")
    told = [read(path, anonymize=file).rows("tunnels")[0] for file in (first, first, second)]
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    assert told[0] == told[1]
    assert told[0].initiator != told[2].initiator


def test_what_is_no_key_is_refused(samples: Path, tmp_path: Path, key_file: str) -> None:
    """A capture given as key file, a secret, Wireshark's decode of the original: wrong usage, each with one line."""
    path = str(samples / "tunnel_auth.pcap")
    with pytest.raises(KeyFileError, match="no key file"):
        read_key(path)
    for arguments in (["summary", path, "--anonymize", path], ["summary", path, "--anonymize", key_file, "--secret", "x"]):
        assert CliRunner().invoke(program, arguments).exit_code == 2
    assert CliRunner().invoke(program, ["show", "1", path, "--anonymize", key_file, "--wireshark"]).exit_code == 2


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "fuzz" / "seeds").iterdir()), ids=lambda path: path.name)
def test_nothing_raises(path: Path, key_file: str) -> None:
    """Whatever a capture holds, it can be read anonymised."""
    assert read(path, anonymize=key_file).options["anonymised"]


def test_lists_agree() -> None:
    """Host names of products are those that the software is known by."""
    assert PRODUCTS == OF_PRODUCTS
    assert Anonymiser(Key(KEY)) is not None


def test_as_many_bits_are_shared_whatever_the_addresses() -> None:
    """Three thousand pairs that differ from a random bit on, of both versions and inside every block that stays: as many first bits."""
    dice, addresses = random.Random(1), Addresses(KEY)
    firsts = [bytes((10,)), bytes((192, 168)), bytes((172, 16)), bytes((100, 64)), bytes((203, 0)), b"", b""]
    for number in range(3000):
        size = 16 if number % 3 == 0 else 4
        first = b"\xfe\x80" if number % 12 == 0 else firsts[number % len(firsts)] if size == 4 else b""
        one = first + dice.randbytes(size - len(first))
        width = dice.randrange(8 * len(first), 8 * size)
        flip = 1 << (8 * size - 1 - width)
        other = (int.from_bytes(one, "big") ^ flip ^ dice.randrange(flip)).to_bytes(size, "big")
        shared = int.from_bytes(addresses.replace(one), "big") ^ int.from_bytes(addresses.replace(other), "big")
        assert 8 * size - shared.bit_length() == width, (one, other)


@pytest.mark.tshark
@pytest.mark.parametrize("name", ["tunnel_auth.pcap", "two_clients_nat.pcap"])
def test_wireshark_finds_nothing_of_it_anywhere(name: str, samples: Path, tmp_path: Path, key_file: str) -> None:
    """What tshark finds in a sample (addresses inside too, names, SPIs, secrets, hashes) is in no output of any kind, nor in the extracts.

    Findings and tables are the same, checksums are right, an extract read again tells the same. `truth/leaks.py` does so for all.
    """
    search = leaks.Search(samples / name, key_file)
    assert len(set(search.text(read(samples / name, show_secrets=True).to_json().encode()))) >= 4, "it does find what is there"
    assert list(leaks.check(samples / name, key_file, tmp_path / "again.pcapng")) == []
