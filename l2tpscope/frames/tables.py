"""What is looked for, as tables: protocols, ports, and the first word of an L2TP header."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames.window import Octet, Words

ICMP, IPIP, TCP, UDP, IPV6_IN_IP, GRE, ESP, AH, ICMPV6, L2TP_IP, MPLS_IN_IP = 1, 4, 6, 17, 41, 47, 50, 51, 58, 115, 137
L2TP_PORT, IKE_PORT, NATT_PORT, VXLAN_PORT, PPTP_PORT = 1701, 500, 4500, 4789, 1723

ON_L2TP, ON_IPSEC, ON_VXLAN, ON_PROVEN, ON_STREAM = 1, 2, 4, 8, 16
"""Bits of a port: L2TP's own (or asked for), IKE's and NAT traversal's, VXLAN's, one of a flow that was proven; of TCP, where
IKE may be, and PPTP's."""
IS_UDP, IS_ESP, IS_ICMP, IS_TUNNEL, IS_TCP = 32, 64, 96, 128, 160
"""Classes of protocols, in the bits that ports leave; ESP's is AH's and that of protocol 115 too."""
CLASS = 224

DROP, KEEP, UNWRAP, LOOK, FOLLOW, PEEK = 0, 1, 2, 3, 4, 5
"""LOOK: UDP on no port of ours, of which the octets have the word. FOLLOW: TCP on a port where IKE or PPTP may be; PEEK: on another."""

PROTOCOL_CLASSES = {UDP: IS_UDP, ESP: IS_ESP, AH: IS_ESP, L2TP_IP: IS_ESP, ICMP: IS_ICMP, ICMPV6: IS_ICMP, TCP: IS_TCP}
PROTOCOL_CLASSES |= dict.fromkeys((IPIP, IPV6_IN_IP, GRE, MPLS_IN_IP), IS_TUNNEL)


def protocol_table() -> Octet:
    """Class by IP protocol number, 0 for what does not concern us. *Shape*: (256,)."""
    table = np.zeros(256, np.uint8)
    for number, bits in PROTOCOL_CLASSES.items():
        table[number] = bits
    return table


def port_table(ports: list[int]) -> Octet:
    """Bits by port, *ports* counted as L2TP's. *Shape*: (65536,)."""
    table = np.zeros(65536, np.uint8)
    table[[IKE_PORT, NATT_PORT]] |= ON_IPSEC
    table[VXLAN_PORT] |= ON_VXLAN
    table[[NATT_PORT, PPTP_PORT]] |= ON_STREAM
    table[[L2TP_PORT, *ports]] |= ON_L2TP
    return table


def interest_table() -> Octet:
    """DROP, KEEP, UNWRAP, LOOK, FOLLOW or PEEK by the class of the protocol and the bits of both ports together. *Shape*: (256,)."""
    table = np.zeros(256, np.uint8)
    for bits in range(256):
        protocol = bits & CLASS
        if protocol in (IS_ESP, IS_ICMP):
            table[bits] = KEEP
        elif protocol == IS_TUNNEL:
            table[bits] = UNWRAP
        elif protocol == IS_TCP:
            table[bits] = FOLLOW if bits & ON_STREAM else PEEK
        elif protocol == IS_UDP:
            table[bits] = KEEP if bits & (ON_L2TP | ON_IPSEC | ON_PROVEN) else UNWRAP if bits & ON_VXLAN else LOOK
    return table


T, L, S, O, VERSION = 0x8000, 0x4000, 0x0800, 0x0200, 0x000F  # noqa: E741  the RFC's names
"""Bits of the first word. *Source*: RFC 2661 §3.1, RFC 3931 §3.2.1."""
RESERVED_V2_DATA = 0x3430
"""Bits that must be 0; 0x00C0 are B and E of RFC 4623 §6.2 in data."""
RESERVED_V2_CONTROL = 0x34F0
RESERVED_V3_CONTROL = 0x37F0
CONTROL = T | L | S
"""Set in every control message; O clear (RFC 2661 §3.1)."""

NONE, V2_DATA, V2_CONTROL, V3_DATA, V3_CONTROL, L2F = 0, 1, 2, 3, 4, 5


_WORDS = np.arange(65536, dtype=np.uint16)


def strict_forms() -> Octet:
    """What each first word is on the port of L2TP, where nothing else proves that it is L2TP at all. *Shape*: (65536,)."""
    version, control = _WORDS & VERSION, (_WORDS & CONTROL) == CONTROL
    forms = np.zeros(65536, np.uint8)
    forms[(version == 2) & ((_WORDS & (T | RESERVED_V2_DATA)) == 0)] = V2_DATA
    forms[(version == 2) & control & ((_WORDS & (O | RESERVED_V2_CONTROL)) == 0)] = V2_CONTROL
    forms[3] = V3_DATA
    forms[(version == 3) & control & ((_WORDS & RESERVED_V3_CONTROL) == 0)] = V3_CONTROL
    forms[((version == 1) | (version == 9)) & ((_WORDS & 0x0FF0) == 0)] = L2F
    return forms


def lenient_forms() -> Octet:
    """What each first word is in a flow that was proven to be L2TP: reserved bits are ignored, as the RFCs want it."""
    version, control = _WORDS & VERSION, _WORDS >> 15
    forms = np.zeros(65536, np.uint8)
    for number, kinds in ((2, (V2_DATA, V2_CONTROL)), (3, (V3_DATA, V3_CONTROL))):
        for bit, kind in enumerate(kinds):
            forms[(version == number) & (control == bit)] = kind
    return forms


def header_octets() -> Octet:
    """Length of the header that each first word announces, without the offset padding; of L2F, the part that is always there."""
    version = _WORDS & VERSION
    octets: Words = 6 + 2 * (_WORDS >> 14 & 1) + 4 * (_WORDS >> 11 & 1) + 2 * (_WORDS >> 9 & 1)
    octets[version != 2] = 10
    octets[version == 3] = 8
    octets[(version == 3) & (_WORDS >= T)] = 12
    return octets.astype(np.uint8)


PPP_PROTOCOLS = (
    0x0021, 0x0023, 0x0025, 0x0027, 0x0029, 0x002B, 0x002D, 0x002F, 0x0031, 0x0033, 0x0035, 0x003D, 0x003F, 0x0041, 0x0043, 0x0045, 0x0047,
    0x0049, 0x004B, 0x004D, 0x004F, 0x0053, 0x0055, 0x0057, 0x0059, 0x0061, 0x0063, 0x0065, 0x0067, 0x0069, 0x00FB, 0x00FD, 0x0281, 0x0283,
)  # fmt: skip
"""Network protocols of PPP; 0x8000 more is the control protocol of each. *Source*: the registry of PPP protocol numbers."""
PPP_SHORT = {0x2D: range(256), 0x2F: range(256), 0x3D: range(256), 0x53: range(256), 0x55: range(256), 0xFB: range(256), 0xFD: range(256)}
PPP_SHORT |= {0x21: range(0x45, 0x50), 0x57: range(0x60, 0x70)}
"""Protocols sent as one octet (RFC 1661 §6.5), and what can come next: after IP's, the begin of an IP header."""


def ppp_table() -> NDArray[np.bool_]:
    """Whether a PPP frame can begin with these two octets. *Shape*: (65536,)."""
    table = np.zeros(65536, np.bool_)
    table[0xFF03] = True
    for number in PPP_PROTOCOLS:
        table[[number, number | 0x8000]] = True
    for short, following in PPP_SHORT.items():
        table[[short << 8 | octet for octet in following]] = True
    for block in (0xC000, 0xC200):  # LCP, PAP, LQR; CHAP, EAP and their kin
        table[block + 1 : block + 256 : 2] = True
    return table
