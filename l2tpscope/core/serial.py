"""Serial-number arithmetic modulo 2^bits.

One tested function for every sequence space: control and data Ns (16 bits), the L2-specific sublayer (24), ESP (32).

*Source*: RFC 2661 §5.8 ("the value of Ns ... and the preceding 32767 values"), RFC 3931 §4.6, RFC 1982.
"""

from __future__ import annotations


def delta(a: int, b: int, bits: int = 16) -> int:
    """The signed distance from *b* to *a* on the circle of 2^bits numbers.

    The number exactly opposite counts as old: RFC 2661 §5.8 calls the last number and the 32767 before it old, so
    the one after those, at distance -32768, is the only one left over, and taking it for old invents no loss.
    """
    half = 1 << (bits - 1)
    return ((a - b + half) & ((1 << bits) - 1)) - half


def extend(value: int, reference: int, bits: int = 16) -> int:
    """The number congruent to *value* that lies nearest to the unwrapped *reference*."""
    return reference + delta(value, reference, bits)
