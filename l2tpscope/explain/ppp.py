"""ppp: codes, options, protocols and ways of authentication, out of the tables of `wire/ppp`."""

from __future__ import annotations

from l2tpscope.explain.advice import AUTHENTICATION, LCP
from l2tpscope.explain.entry import Entry, numbered
from l2tpscope.wire.ppp import codes, protocols
from l2tpscope.wire.ppp.meanings import CHAP_ALGORITHMS, EAP_MSCHAPV2_OPCODES, EAP_TYPES
from l2tpscope.wire.ppp.options import OPTIONS
from l2tpscope.wire.ppp.protocols import PROTOCOLS, protocol_name

_CODES = (
    protocols.LCP,
    protocols.IPCP,
    protocols.IPV6CP,
    protocols.CCP,
    protocols.ECP,
    protocols.PAP,
    protocols.CHAP,
    protocols.EAP,
    protocols.CBCP,
)
"""Protocols whose codes can be asked for, in this order."""
_AUTHENTICATING = (protocols.PAP, protocols.CHAP, protocols.EAP)
_LARGE = 0x8000
_NAMES = {"MS-CHAP": ("MS-CHAPv1",)}


def entries() -> list[Entry]:
    """Codes, then options, ways of authentication, protocols."""
    return [*_codes(), *_options(), *_authentication(), *_protocols()]


def _codes() -> list[Entry]:
    return [
        Entry(
            f"{protocol_name(protocol)} {code}",
            f"{protocol_name(protocol)} code {code}: {name}",
            _code_meaning(protocol, name),
            source="RFC 1661 §5 and the RFC of the protocol",
            keys=numbered(_asked(protocol), code, names=_code_names(protocol, name)),
        )
        for protocol in _CODES
        for code, name in codes.codes_of(protocol).items()
    ]


def _asked(protocol: int) -> tuple[str, ...]:
    """`lcp 5`; a bare 5 means the code of LCP, not of all that have the same."""
    name = protocol_name(protocol)
    bare = ("", "ppp") if protocol == protocols.LCP else ()
    mschap = ("mschap", "ms chap", "mschapv2", "ms chapv2") if protocol == protocols.CHAP else ()
    return (*bare, name, *mschap)


def _code_names(protocol: int, name: str) -> tuple[str, ...]:
    return (f"{protocol_name(protocol)} {name}", *((name,) if protocol in (protocols.LCP, *_AUTHENTICATING) else ()))


def _code_meaning(protocol: int, name: str) -> str:
    advice = AUTHENTICATION if protocol in _AUTHENTICATING else LCP
    return advice.get(name, f"A packet of {protocol_name(protocol)}.")


def _options() -> list[Entry]:
    return [
        Entry(
            f"{protocol_name(protocol)} option {number}",
            f"{protocol_name(protocol)} option {number}: {name}",
            f"In summaries: {label}; format: {form}.",
            source="the PPP registry",
            keys=numbered((f"{protocol_name(protocol)} option", protocol_name(protocol)), number, names=(name,)),
        )
        for protocol, options in OPTIONS.items()
        for number, (name, label, form) in options.items()
    ]


def _authentication() -> list[Entry]:
    algorithms = (
        Entry(
            f"chap algorithm 0x{number:02x}",
            f"CHAP algorithm 0x{number:02x}: {name}",
            "In option 3 of LCP (authentication), behind C223.",
            source="RFC 1994 §3, RFC 2433, RFC 2759 and the PPP registry",
            keys=numbered(("chap algorithm", "chap"), number, names=(name, *_NAMES.get(name, ()))),
        )
        for number, name in CHAP_ALGORITHMS.items()
    )
    types = (
        Entry(
            f"eap type {number}",
            f"EAP type {number}: {name}",
            "A method of EAP, or what it says besides.",
            source="RFC 3748 §5 and the EAP registry",
            keys=numbered(("eap type", "eap method", "eap"), number, names=(f"eap {name}",)),
        )
        for number, name in EAP_TYPES.items()
    )
    opcodes = (
        Entry(
            f"eap-mschapv2 {number}",
            f"EAP-MSCHAPv2 operation {number}: {name}",
            AUTHENTICATION.get(name, "Inside EAP type 26."),
            source="draft-kamath-pppext-eap-mschapv2",
            keys=numbered(("eap mschapv2", "eap mschapv2 opcode"), number),
        )
        for number, name in EAP_MSCHAPV2_OPCODES.items()
    )
    return [*algorithms, *types, *opcodes]


def _protocols() -> list[Entry]:
    return [
        Entry(
            f"ppp 0x{number:04x}",
            f"PPP protocol 0x{number:04x}: {name}",
            "What stands behind it in a PPP frame.",
            source="the PPP registry",
            keys=numbered(("ppp", "ppp protocol"), number, names=_protocol_names(number, name)),
        )
        for number, name in PROTOCOLS.items()
    ]


def _protocol_names(number: int, name: str) -> tuple[str, ...]:
    """Four hexadecimal digits are enough; a bare decimal number is meant only where it is too large for anything else."""
    digits = f"{number:04x}"
    return (f"ppp {digits}", f"ppp protocol {digits}", digits, name, *((f"{number}",) if number >= _LARGE else ()))
