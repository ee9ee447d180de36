"""nat: the hash by which a side tells what it thinks the addresses are."""

from __future__ import annotations

import hashlib
from struct import pack

HASHES = {16: "md5", 20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}


def nat_d(octets: int, initiator_spi: int, responder_spi: int, address: bytes, port: int) -> bytes:
    """HASH(SPIs | address | port), of that length; empty where no known hash has it.

    *Source*: RFC 3947 §3.2 (the hash is the one negotiated), RFC 7296 §2.23 (SHA-1).
    """
    name = HASHES.get(octets)
    if name is None:
        return b""
    return hashlib.new(name, pack(">QQ", initiator_spi, responder_spi) + address + pack(">H", port), usedforsecurity=False).digest()
