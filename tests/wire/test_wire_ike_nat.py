"""NAT-D hashes recomputed."""

from __future__ import annotations

import hashlib
from ipaddress import ip_address

import pytest
from ike_captures import CAPTURES, Sent, read_ike

from l2tpscope.wire.ike import NatD, Notify, nat_d

CLIENT, NAT, SERVER = (ip_address(text).packed for text in ("192.168.77.10", "198.51.100.7", "203.0.113.5"))


@pytest.mark.parametrize(("octets", "name"), [(16, "md5"), (20, "sha1"), (32, "sha256"), (48, "sha384"), (64, "sha512")])
def test_the_hash_is_told_by_its_length(octets: int, name: str) -> None:
    """HASH(CKY-I | CKY-R | IP | Port) with the hash of that length (RFC 3947 §3.2)."""
    data = bytes(range(16)) + SERVER + b"\x01\xf4"
    digest = nat_d(octets, 0x0001020304050607, 0x08090A0B0C0D0E0F, SERVER, 500)
    assert digest == hashlib.new(name, data, usedforsecurity=False).digest()
    assert len(digest) == octets


def test_other_lengths_fit_nothing() -> None:
    """A digest of a length that no hash has is compared with nothing."""
    assert nat_d(17, 1, 2, SERVER, 500) == b""


def hashes(sent: Sent) -> list[bytes]:
    """Those of the destination first, then those of the source: the order of IKEv1, and so here."""
    digests = [payload.digest for payload in sent.message.payloads if isinstance(payload, NatD)]
    told = {int(payload.type): payload.data for payload in sent.message.payloads if isinstance(payload, Notify)}
    return digests or [told[number] for number in (16389, 16388) if number in told]


def expected(sent: Sent, octets: int, destination: bytes, source: bytes) -> list[bytes]:
    """The same, computed from addresses; all of them at port 500."""
    spis = sent.message.initiator_spi, sent.message.responder_spi
    return [nat_d(octets, *spis, destination, 500), nat_d(octets, *spis, source, 500)]


@pytest.mark.shared
@pytest.mark.skipif(not CAPTURES.exists(), reason="needs the captures of ../shared")
@pytest.mark.parametrize(("point", "seen"), [("client", CLIENT), ("server", NAT)])
def test_a_client_behind_nat(point: str, seen: bytes) -> None:
    """The client hashes its private address, the server the NAT's: the tap beyond the NAT sees that they differ."""
    client, server = [sent for sent in read_ike(CAPTURES / f"lab/l2tpipsec_nat/{point}.pcap") if hashes(sent)][:2]
    assert client.sender.address == server.receiver.address == seen
    assert hashes(client) == expected(client, 20, SERVER, CLIENT)
    destination, source = hashes(server)
    assert source == nat_d(20, server.message.initiator_spi, server.message.responder_spi, SERVER, 500)
    ports = {
        port for port in range(65536) if nat_d(20, server.message.initiator_spi, server.message.responder_spi, NAT, port) == destination
    }
    assert len(ports) == 1


@pytest.mark.shared
@pytest.mark.skipif(not CAPTURES.exists(), reason="needs the captures of ../shared")
@pytest.mark.parametrize(("scenario", "octets"), [("l2tpipsec_ok", 20), ("l2tpipsec_sha384", 48), ("ike_aggressive_ok", 20)])
def test_no_nat(scenario: str, octets: int) -> None:
    """Without NAT both sides hash what the tap sees, with the hash that they agreed on."""
    with_hashes = [sent for sent in read_ike(CAPTURES / f"lab/{scenario}/wan.pcap") if hashes(sent)]
    assert with_hashes
    for sent in with_hashes:
        assert hashes(sent) == expected(sent, octets, sent.receiver.address, sent.sender.address)


@pytest.mark.shared
@pytest.mark.skipif(not CAPTURES.exists(), reason="needs the captures of ../shared")
def test_ikev2() -> None:
    """NAT_DETECTION_*_IP are SHA-1 with the SPIs as they stand in the message: the responder's is zero in the first (RFC 7296 §2.23)."""
    request, response = [sent for sent in read_ike(CAPTURES / "lab/l2tpipsec_ikev2/wan.pcap") if hashes(sent)][:2]
    assert request.message.responder_spi == 0
    found = [hashes(sent) == expected(sent, 20, sent.receiver.address, sent.sender.address) for sent in (request, response)]
    assert found == [True, True]
