"""Reader: never outside its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpscope.wire.reader import Reader, Short, decode_text, split_avps


def test_fields_are_read_in_network_order() -> None:
    """8, 16, 32 and 64 bits come one after the other, high octet first."""
    reader = Reader(bytes(range(1, 16)))
    assert (reader.u8(), reader.u16(), reader.u32(), reader.u64()) == (1, 0x0203, 0x04050607, 0x08090A0B0C0D0E0F)
    assert reader.left == 0


@given(st.binary(max_size=20), st.integers(-5, 25), st.integers(-5, 25), st.integers(-5, 25))
def test_no_read_leaves_the_bounds(octets: bytes, at: int, end: int, count: int) -> None:
    """Whatever bounds and counts are asked for, what is given lies within, or nothing is, and the place stays."""
    reader = Reader(octets, at, end)
    before = reader.at
    assert 0 <= before <= reader.end <= len(octets)
    try:
        taken = reader.take(count)
    except Short:
        assert reader.at == before
        assert count < 0 or before + count > reader.end
    else:
        assert taken == octets[before : before + count]


@pytest.mark.parametrize("read", [Reader.u8, Reader.u16, Reader.u32, Reader.u64])
def test_a_field_beyond_the_end_is_short(read: object) -> None:
    """No number is made of fewer octets than it has, though they lie behind the end."""
    with pytest.raises(Short):
        read(Reader(bytes(16), 8, 8))  # type: ignore[operator]


def test_text_takes_any_octets() -> None:
    """UTF-8 where it is, Latin-1 where it is not, and no NULs at the end."""
    assert decode_text("Zürich".encode()) == "Zürich"
    assert decode_text("Zürich".encode("latin-1")) == "Zürich"
    assert decode_text(b"macbook.local\0") == "macbook.local"


@given(st.binary(max_size=60), st.integers(0, 70))
def test_split_covers_what_it_walked(octets: bytes, end: int) -> None:
    """The pieces are the octets up to where the walk stopped, without gap or overlap, each at least a header."""
    pieces, stop = split_avps(octets, 0, end)
    assert b"".join(pieces) == octets[:stop]
    assert all(len(piece) >= 6 for piece in pieces)
    assert stop <= min(end, len(octets))
