"""Key: what replaces what, by a key: octets, numbers, names. Equal octets get equal replacements, of the same length."""

from __future__ import annotations

import os
import secrets
from functools import lru_cache
from hashlib import shake_256

OCTETS = 32
FREE = "-"
"""Names no file: a key that is used once and forgotten."""
RESERVED_SPIS = 256
"""*Source*: RFC 4303 §2.1."""
LETTERS = b"abcdefghijkmnpqrstuvwxyz23456789"
DIGITS = 8
"""Of the number in `host-48213377`; a shorter name has no room for it, and with fewer digits two names would soon become one."""
COOKIE_BIT = 0x80
"""Set in every replaced word of a cookie, so that none looks like a sublayer (RFC 3931 §4.6)."""


class KeyFileError(ValueError):
    """A key file that is none, or cannot be made: one line."""


def read_key(path: str) -> Key:
    """The key in a file, which is made if it is not there; `-`: a new one. *Raises*: KeyFileError."""
    if path == FREE:
        return Key(secrets.token_bytes(OCTETS))
    try:
        if not os.path.exists(path):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as text:
                text.write(secrets.token_hex(OCTETS) + "\n")
        with open(path, "rb") as file:
            return Key(bytes.fromhex(file.read(4 * OCTETS).decode("ascii").strip()))
    except OSError as error:
        raise KeyFileError(f"key file {path}: {error.strerror}") from error
    except (ValueError, UnicodeDecodeError):
        raise KeyFileError(f"{path} is no key file: it has not {2 * OCTETS} hexadecimal digits") from None


class Key:
    """32 octets, and what follows from them."""

    def __init__(self, octets: bytes) -> None:
        if len(octets) != OCTETS:
            raise ValueError(f"a key has {OCTETS} octets")
        self.octets = octets
        self._keyed = lru_cache(maxsize=65536)(self._digest)

    def _digest(self, label: str, content: bytes, size: int) -> bytes:
        return shake_256(self.octets + label.encode() + b"\0" + content).digest(size)

    def keyed(self, label: str, content: bytes) -> bytes:
        """As many octets, which nobody without the key can tie to these; zeros stay zeros, for they say that there is nothing."""
        if not any(content):
            return bytes(content)
        return self._keyed(label, content, len(content)) if len(content) <= 64 else self._digest(label, content, len(content))

    def spi(self, spi: int) -> int:
        """Another SPI of ESP or AH: a permutation (four rounds of Feistel), reserved ones left as they are."""
        if spi < RESERVED_SPIS:
            return spi
        while True:
            spi = self._feistel(spi)
            if spi >= RESERVED_SPIS:
                return spi

    def _feistel(self, number: int) -> int:
        left, right = number >> 16, number & 0xFFFF
        for turn in range(4):
            mixed = self._keyed(f"spi {turn}", right.to_bytes(2, "big"), 2)
            left, right = right, left ^ int.from_bytes(mixed, "big")
        return left << 16 | right

    def cookie(self, octets: bytes) -> bytes:
        """Words of a cookie of L2TPv3, each by itself, since data does not tell how many there are."""
        words = [octets[at : at + 4] for at in range(0, len(octets), 4)]
        return b"".join(
            bytes((new[0] | COOKIE_BIT, *new[1:])) if any(word) else word for word in words for new in [self.keyed("cookie", word)]
        )

    def mac(self, octets: bytes) -> bytes:
        """Another address of Ethernet; group addresses say what is spoken, not by whom, and stay."""
        if len(octets) != 6 or octets[0] & 1:
            return bytes(octets)
        new = self.keyed("mac", bytes(octets))
        return bytes((new[0] & 0xFC | 0x02 if any(octets) else 0, *new[1:]))

    def name(self, kind: str, octets: bytes) -> bytes:
        """`host-48213377` of the same length, or letters where that is too short, by the whole name; a NUL at its end stays."""
        name = octets.rstrip(b"\0")
        if not name:
            return bytes(octets)
        seed = self._keyed(f"name {kind}", bytes(name), 8 + len(name))
        number = f"{int.from_bytes(seed[:8], 'big') % 10**DIGITS:0{DIGITS}d}"
        shown, letters = f"{kind}-{number}".encode(), bytes(LETTERS[octet % len(LETTERS)] for octet in seed[8:])
        return (shown.ljust(len(name), b"x") if len(name) >= len(shown) else letters) + octets[len(name) :]
