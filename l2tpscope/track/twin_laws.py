"""Lengths: what ESP makes of a packet of a given length, for every combination of padding, IV, ICV and mode in use."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]

HEADER, TRAILER = 8, 2
"""SPI and sequence number; pad length and next header. *Source*: RFC 4303 §2."""
CIPHERS = ((16, 16), (8, 8), (4, 8), (4, 0))
"""Padded to a multiple of, octets of IV: AES-CBC, 3DES-CBC, AES-GCM and ChaCha20-Poly1305 and AES-CTR, NULL.
*Source*: RFC 3602 §2, RFC 2451 §2, RFC 4106 §3, RFC 7634 §2, RFC 3686 §3, RFC 2410 §3."""
ICVS = (12, 16, 24, 32, 8)
"""HMAC-MD5-96, HMAC-SHA1-96; GCM, HMAC-SHA2-256-128; SHA2-384-192; SHA2-512-256; GCM with 8 octets."""
INNER = (0, 20, 40)
"""Octets of the inner IP header: transport mode, tunnel mode with IPv4, with IPv6."""

LAWS = np.array([(block, HEADER + iv + icv, inner) for inner, icv, (block, iv) in product(INNER, ICVS, CIPHERS)], np.int64)
"""*Shape*: (laws, 3): block, octets that are always there, inner header; those in wide use first."""

MOST_LAWS = 3
"""That hold for one pair of addresses: several clients behind one NAT may have different ciphers."""
FIRST_SHARE = 0.25
"""Which part of the packets the first law must explain: less is chance."""
FEWEST, SHARE = 4, 0.1
"""How many of the packets, and which part of all, each further law must explain."""


def predicted(plain: Int64s, law: Int64s | int) -> Int64s:
    """Octets of ESP for *plain* octets of UDP datagram (or what else stands behind IP), by a row of LAWS."""
    block, fixed, inner = LAWS[law].T
    octets: Int64s = fixed + (plain + inner + TRAILER + block - 1) // block * block
    return octets


def explained(plain: Int64s, candidates: list[Int64s]) -> NDArray[np.bool_]:
    """Whether the length of a candidate follows from that of a packet, by each law. *Shape*: (packets, laws)."""
    every = np.arange(len(LAWS))
    fits = np.zeros((len(plain), len(LAWS)), np.bool_)
    for index, octets in enumerate(candidates):
        fits[index] = np.isin(predicted(plain[index : index + 1], every), octets)
    return fits


def choose(fits: NDArray[np.bool_]) -> list[int]:
    """The laws that explain most: the best one, then whichever explains most of what those before it do not."""
    chosen: list[int] = []
    open_ones = np.ones(len(fits), np.bool_)
    while len(chosen) < MOST_LAWS:
        votes = (fits & open_ones[:, None]).sum(axis=0)
        best = int(votes.argmax())
        if votes[best] < (max(FEWEST, SHARE * len(fits)) if chosen else max(1, FIRST_SHARE * len(fits))):
            break
        chosen.append(best)
        open_ones &= ~fits[:, best]
    return chosen
