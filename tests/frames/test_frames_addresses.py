"""Addresses as numbers."""

from __future__ import annotations

import struct

import numpy as np
from frame_builders import Record, batch_of, ethernet, ipv4, ipv6, l2tp, udp
from hypothesis import given
from hypothesis import strategies as st

from l2tpscope.frames import Decoder

IPV4 = st.binary(min_size=4, max_size=4)
IPV6 = st.builds(struct.pack, st.just(">QQ"), *[st.sampled_from([0, 1, 2, 2**32, 2**63, 2**64 - 1])] * 2)


def keys(addresses: list[bytes]) -> list[int]:
    """The source keys of datagrams from these addresses; each is checked to be the destination key too."""
    frames = []
    for address in addresses:
        network, ethertype = (ipv4, 0x0800) if len(address) == 4 else (ipv6, 0x86DD)
        frames.append(ethernet(network(udp(l2tp()), source=address, destination=address), ethertype))
    found = Decoder().decode(batch_of([Record(frame, len(frame)) for frame in frames]))
    assert np.array_equal(found.source, found.destination)
    return found.source.tolist()


@given(st.lists(st.one_of(IPV4, IPV6), min_size=2, max_size=20))
def test_equal_keys_are_equal_addresses(addresses: list[bytes]) -> None:
    """Addresses share a key if and only if they are the same, of either version."""
    found = keys(addresses)
    assert len(set(found)) == len(set(addresses))
    assert len(set(zip(found, addresses, strict=True))) == len(set(addresses))


def test_an_ipv4_address_is_its_number() -> None:
    """The key of an IPv4 address is the address; that of an IPv6 address has the highest bit."""
    found = keys([b"\xc0\0\2\1", bytes(16)])
    assert found[0] == 0xC0000201
    assert found[1] >> 63 == 1
