"""The IKE header as proof: which UDP datagrams on any port are IKE beyond doubt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames.window import WIDTH, Bools, Int64s, Octet, Rows, select

UDP_PAYLOAD = 28
"""Where in a row what UDP carries begins."""
MARKER = 4
"""Octets of the non-ESP marker. *Source*: RFC 3948 §2.2."""
HEADER = 28

_EXCHANGES: dict[int, tuple[int, ...]] = {1: (1, 2, 4, 5, 32, 33), 2: (34, 35, 36, 37, 43, 44)}
"""By version. *Source*: RFC 2408 §3.1, RFC 2409 §5, RFC 7296 §3.1, RFC 9242, RFC 9370."""
_FIRST: dict[int, tuple[int, ...]] = {1: (1, 4), 2: (33, 38, 41, 43, 46, 53)}
"""First payloads: SA or KE of IKEv1 in clear; SA, CERTREQ, notify, vendor ID, encrypted, encrypted fragment of IKEv2."""
_ENCRYPTED_FIRST: dict[int, tuple[int, ...]] = {1: (1, 5, 6, 8, 9, 11, 12, 13, 20, 132), 2: (46, 53)}
"""First payloads of IKEv1 when it is encrypted, of IKEv2 behind IKE_SA_INIT."""
_SET_UP = (2, 4, 34)
"""Exchanges whose first message has no responder's SPI."""
_ENCRYPTED_FLAG = 0x01


def _table(numbers: dict[int, tuple[int, ...]]) -> NDArray[np.bool_]:
    """Membership by version and number. *Shape*: (3, 256)."""
    table = np.zeros((3, 256), np.bool_)
    for version, some in numbers.items():
        table[version, list(some)] = True
    return table


EXCHANGES, FIRST, ENCRYPTED_FIRST = _table(_EXCHANGES), _table(_FIRST), _table(_ENCRYPTED_FIRST)


def exact_headers(rows: Rows) -> tuple[Bools, Bools]:
    """Which rows of UDP datagrams are IKE by every field of the header: without, and with a non-ESP marker before it.

    The length is UDP's, the version 1.0 or 2.0; initiator's SPI, exchange, flags, message id and first payload go together.
    *Bias*: 0 of all foreign datagrams in 130 public captures pass; messages of rare exchanges do not either.
    """
    room = rows["udp_octets"].astype(np.int64) - 8
    plain, marked = rows["ike_length"] == room, (rows["natt_length"] == room - MARKER) & (rows["marker"] == 0)
    for found, skip in ((plain, 0), (marked, MARKER)):
        which = np.flatnonzero(found & (room >= HEADER + skip + 4))
        found[:] = False
        if len(which):
            header = select(rows, which).view(np.uint8).reshape(-1, WIDTH)[:, UDP_PAYLOAD + skip :]
            found[which] = _consistent(header, room[which] - skip)
    return plain, marked


def _consistent(header: Octet, octets: Int64s) -> Bools:
    """Whether headers whose length is right make sense as a whole. *Shape*: (n,)."""
    following, number, exchange, flags = (header[:, at] for at in (16, 17, 18, 19))
    version = np.where(number == 0x10, 1, np.where(number == 0x20, 2, 0))
    one = version == 1
    responder, message_id = header[:, 8:16].any(axis=1), header[:, 20:24].any(axis=1)
    set_up = np.isin(exchange, _SET_UP)
    encrypted = np.where(one, (flags & _ENCRYPTED_FLAG) != 0, exchange != 34)
    first = np.where(encrypted, ENCRYPTED_FIRST[version, following], FIRST[version, following])
    length = header[:, 30].astype(np.int64) << 8 | header[:, 31]
    inside = (one & encrypted) | ((length >= 4) & (length <= octets - HEADER))
    makes_sense: Bools = EXCHANGES[version, exchange] & first & inside & header[:, :8].any(axis=1)
    makes_sense &= np.where(one, flags & 0xF8, flags & 0xC7) == 0
    makes_sense &= (responder | set_up) & (~one | (message_id != np.isin(exchange, (1, 2, 4))))
    makes_sense &= (exchange != 34) | ~message_id
    return makes_sense
