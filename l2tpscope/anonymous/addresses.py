"""Addresses: prefix-preserving replacement, as Crypto-PAn does it: two addresses share as many first bits afterwards as before.

What kind an address is stays (private, shared, link-local, loopback, multicast), for what is said of NAT depends on it: where the way
to such a block branches off, no bit is turned. *Source*: Xu, Fan, Ammar, Moon, "Prefix-Preserving IP Address Anonymization" (2002).
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

BLOCKS = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",
    "::/96", "fc00::/7", "fe80::/10", "ff00::/8",
)  # fmt: skip
UNTOUCHED = (bytes(4), b"\xff" * 4, bytes(16), bytes(15) + b"\x01")
"""None, all, none, oneself."""
MOST_KEPT = 1 << 17
BLOCK = 16


class NoCipherError(ValueError):
    """The library that has AES is not there: one line with what to install."""


def _nodes(blocks: tuple[str, ...]) -> set[tuple[int, int, int]]:
    """Width, depth and bits of every node above a block."""
    networks: list[IPv4Network | IPv6Network] = [ip_network(block) for block in blocks]
    return {
        (one.max_prefixlen, depth, int(one.network_address) >> (one.max_prefixlen - depth))
        for one in networks
        for depth in range(one.prefixlen)
    }


class Addresses:
    """Replaces addresses of 4 and of 16 octets."""

    def __init__(self, key: bytes, blocks: tuple[str, ...] = BLOCKS) -> None:
        try:
            from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415 - an extra
        except ImportError:
            raise NoCipherError("--anonymize needs AES: pip install 'l2tpscope[anonymize]'") from None
        self._encrypt = Cipher(algorithms.AES(key[:BLOCK]), modes.ECB()).encryptor().update  # noqa: S305 - Crypto-PAn's use of it
        self._pad = int.from_bytes(self._encrypt(key[BLOCK : 2 * BLOCK]), "big")
        self._still = _nodes(blocks)
        self._kept: dict[bytes, bytes] = {}

    def replace(self, address: bytes) -> bytes:
        """The address that stands for this one."""
        found = self._kept.get(address)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            found = self._kept[address] = bytes(address) if address in UNTOUCHED else self._turned(address)
        return found

    def _turned(self, address: bytes) -> bytes:
        width = 8 * len(address)
        number = int.from_bytes(address, "big")
        wide = number << (128 - width)
        blocks = bytearray()
        for depth in range(width):
            below = (1 << (128 - depth)) - 1
            blocks += (wide & ~below | self._pad & below).to_bytes(BLOCK, "big")
        turned = self._encrypt(bytes(blocks))
        for depth in range(width):
            if turned[depth * BLOCK] & 0x80 and (width, depth, int.from_bytes(address, "big") >> (width - depth)) not in self._still:
                number ^= 1 << (width - depth - 1)
        return number.to_bytes(len(address), "big")
