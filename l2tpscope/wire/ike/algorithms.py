"""algorithms: proposals in words: what was offered, and what was chosen."""

from __future__ import annotations

from dataclasses import dataclass

from l2tpscope.wire.ike.message import IkeMessage
from l2tpscope.wire.ike.payloads import Proposal, SecurityAssociation, Transform
from l2tpscope.wire.ike.transforms import AUTHENTICATION_V1, ENCRYPTION_V1, ENCRYPTION_V2, GROUPS, HASHES_V1, INTEGRITY, PRFS

CIPHER, HASH, METHOD, GROUP, LIFE_TYPE, LIFE, KEY_BITS = 1, 2, 3, 4, 11, 12, 14
"""Attributes of phase 1 (RFC 2409 appendix A); KEY_BITS is that of IKEv2 too (RFC 7296 §3.3.5)."""
SECONDS = 1
ENCR, PRF, INTEG, KE = 1, 2, 3, 4
"""Transform types of IKEv2 (RFC 7296 §3.3.2)."""
ADDITIONAL = range(6, 13)
"""Further key exchanges, one after the other (RFC 9370 §2.2.2)."""
HASH_OCTETS = {"MD5": 16, "SHA1": 20, "SHA2-256": 32, "SHA2-384": 48, "SHA2-512": 64, "TIGER": 24, "SM3": 32}
BLOCK_OCTETS = {
    **dict.fromkeys(
        ("AES-CBC", "CAMELLIA-CBC", "SERPENT-CBC (private)", "TWOFISH-CBC (private)", "SM4-CBC", "SM4-CBC (DEPRECATED)", "SM1-CBC"), 16
    ),
    **dict.fromkeys(("DES-CBC", "3DES-CBC", "IDEA-CBC", "BLOWFISH-CBC", "CAST-CBC", "RC5-R16-B64-CBC"), 8),
    **dict.fromkeys(("DES", "3DES", "IDEA", "CAST", "BLOWFISH", "RC5", "3IDEA", "DES-IV64", "DES-IV32"), 8),
}
STREAM = ("GCM", "CCM", "CTR", "CHACHA20")


@dataclass(frozen=True, slots=True)
class Agreed:
    """What protects the IKE SA, as the responder chose it."""

    encryption: str | None
    key_bits: int | None
    integrity: str | None
    """IKEv1: the hash."""
    prf: str | None
    dh_group: str | None
    authentication: str | None
    """IKEv1 only: IKEv2 encrypts it."""
    lifetime_s: int | None
    """IKEv1 only."""
    cipher_block_octets: int | None
    """1 for a mode without blocks."""
    hash_octets: int | None
    """IKEv1 only."""
    additional: tuple[str, ...] = ()
    """IKEv2: further key exchanges, ML-KEM for one (RFC 9370)."""


def chosen(message: IkeMessage) -> Agreed | None:
    """What the SA payload of a responder settles; None: there is none, or it leaves a choice."""
    association = _association(message)
    if association is None or not association.whole or len(association.proposals) != 1:
        return None
    proposal = association.proposals[0]
    if message.major == 2:
        return _agreed_v2(proposal)
    return _agreed_v1(proposal.transforms[0]) if len(proposal.transforms) == 1 else None


def offered(message: IkeMessage) -> list[str]:
    """A line each: IKEv1 the transforms, IKEv2 the proposals."""
    association = _association(message)
    if association is None:
        return []
    if message.major == 2:
        return [_line_v2(proposal) for proposal in association.proposals]
    return [_line_v1(_agreed_v1(transform)) for proposal in association.proposals for transform in proposal.transforms]


def _association(message: IkeMessage) -> SecurityAssociation | None:
    return next((payload for payload in message.payloads if isinstance(payload, SecurityAssociation)), None)


def _name(table: dict[int, str], number: int | None, what: str) -> str | None:
    return None if number is None else table.get(number, f"{what} {number}")


def _block(cipher: str | None) -> int | None:
    if cipher is not None and any(mode in cipher for mode in STREAM):
        return 1
    return BLOCK_OCTETS.get(cipher or "")


def _agreed_v1(transform: Transform) -> Agreed:
    cipher = _name(ENCRYPTION_V1, transform.get(CIPHER), "cipher")
    hash_name = _name(HASHES_V1, transform.get(HASH), "hash")
    return Agreed(
        encryption=cipher,
        key_bits=transform.get(KEY_BITS),
        integrity=hash_name,
        prf=None,
        dh_group=_name(GROUPS, transform.get(GROUP), "group"),
        authentication=_name(AUTHENTICATION_V1, transform.get(METHOD), "method"),
        lifetime_s=_seconds(transform),
        cipher_block_octets=_block(cipher),
        hash_octets=HASH_OCTETS.get(hash_name or ""),
    )


def _seconds(transform: Transform) -> int | None:
    """The lifetime that is in seconds: each duration follows its type."""
    kind = None
    for attribute, value in transform.attributes:
        if attribute == LIFE_TYPE:
            kind = value
        elif attribute == LIFE and kind == SECONDS:
            return value
    return None


def _line_v1(one: Agreed) -> str:
    cipher = f"{one.encryption}-{one.key_bits}" if one.key_bits else one.encryption
    life = f"{one.lifetime_s} s" if one.lifetime_s else None
    return " ".join(part for part in (cipher, one.integrity, one.dh_group, one.authentication, life) if part)


_TABLES = {
    ENCR: (ENCRYPTION_V2, "cipher"),
    INTEG: (INTEGRITY, "integrity"),
    PRF: (PRFS, "prf"),
    KE: (GROUPS, "group"),
    **dict.fromkeys(ADDITIONAL, (GROUPS, "group")),
}
"""In the order in which they are told."""


def _is_none(transform: Transform) -> bool:
    """NONE: offered beside ciphers that check integrity themselves, or for no further key exchange (RFC 7296 §3.3.2)."""
    return transform.identifier == 0 and transform.kind not in (ENCR, PRF)


def _names_v2(proposal: Proposal, kind: int) -> list[str]:
    table, what = _TABLES[kind]
    names = []
    for transform in proposal.transforms:
        if transform.kind == kind and not _is_none(transform):
            name = table.get(transform.identifier, f"{what} {transform.identifier}")
            bits = transform.get(KEY_BITS)
            names.append(f"{name}-{bits}" if bits else name)
    return names


def _agreed_v2(proposal: Proposal) -> Agreed | None:
    single: dict[int, Transform] = {}
    for transform in proposal.transforms:
        if transform.kind in single:
            return None
        single[transform.kind] = transform
    names = {
        kind: table.get(one.identifier, f"{what} {one.identifier}")
        for kind, (table, what) in _TABLES.items()
        if (one := single.get(kind)) is not None and not _is_none(one)
    }
    return Agreed(
        encryption=names.get(ENCR),
        key_bits=single[ENCR].get(KEY_BITS) if ENCR in single else None,
        integrity=names.get(INTEG),
        prf=names.get(PRF),
        dh_group=names.get(KE),
        authentication=None,
        lifetime_s=None,
        cipher_block_octets=_block(names.get(ENCR)),
        hash_octets=None,
        additional=tuple([names[kind] for kind in ADDITIONAL if kind in names]),
    )


def _line_v2(proposal: Proposal) -> str:
    return " ".join(["/".join(names) for kind in _TABLES if (names := _names_v2(proposal, kind))])
