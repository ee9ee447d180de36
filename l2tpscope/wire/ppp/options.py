"""options: the configuration options of each control protocol: type, name, name in summaries, format.

*Source*: the PPP registry; RFC 1661 §6, 1570, 1990, 2153 (LCP), 1332, 1877 (IPCP), 5072 (IPV6CP), 1962 and others (CCP), 1968, 2419, 2420
(ECP), 3518 (BCP), 2125 (BACP), draft-gidwani-ppp-callback-cp (CBCP). MPLSCP has none (RFC 3032 §4).
"""

from __future__ import annotations

from l2tpscope.wire.ppp.protocols import BACP, BCP, CBCP, CCP, ECP, ILCCP, ILECP, IPCP, IPV6CP, LCP

Row = tuple[str, str, str]
"""Name, name in summaries, format (of `formats.py`)."""

LCP_OPTIONS: dict[int, Row] = {
    0: ("Vendor-Specific", "vendor", "vendor"),
    1: ("MRU", "MRU", "u16"),
    2: ("ACCM", "ACCM", "hex32"),
    3: ("Authentication-Protocol", "authentication", "authentication"),
    4: ("Quality-Protocol", "quality", "quality"),
    5: ("Magic-Number", "magic", "hex32"),
    6: ("Reserved", "option 6", "hex"),
    7: ("PFC", "PFC", "flag"),
    8: ("ACFC", "ACFC", "flag"),
    9: ("FCS-Alternatives", "FCS", "fcs"),
    10: ("Self-Describing-Padding", "padding", "u8"),
    11: ("Numbered-Mode", "numbered mode", "hex"),
    12: ("Multilink-Procedure", "multilink procedure", "hex"),
    13: ("Callback", "callback", "callback"),
    14: ("Connect-Time", "connect time", "hex"),
    15: ("Compound-Frames", "compound frames", "flag"),
    16: ("Nominal-Data-Encapsulation", "nominal data encapsulation", "hex"),
    17: ("Multilink-MRRU", "MRRU", "u16"),
    18: ("Multilink-Short-Sequence-Number", "short sequence numbers", "flag"),
    19: ("Multilink-Endpoint-Discriminator", "endpoint", "endpoint"),
    20: ("Proprietary", "proprietary", "hex"),
    21: ("DCE-Identifier", "DCE", "u8"),
    22: ("Multilink-Plus-Procedure", "multilink plus", "hex"),
    23: ("Link-Discriminator", "link", "u16"),
    24: ("LCP-Authentication-Option", "LCP authentication", "hex"),
    25: ("COBS", "COBS", "hex"),
    26: ("Prefix-Elision", "prefix elision", "hex"),
    27: ("Multilink-Header-Format", "multilink header", "multilink"),
    28: ("Internationalization", "language", "language"),
    29: ("Simple-Data-Link-on-SONET/SDH", "SDL", "flag"),
    30: ("PPP-Muxing", "muxing", "flag"),
}
IPCP_OPTIONS: dict[int, Row] = {
    1: ("IP-Addresses", "addresses", "ipv4pair"),
    2: ("IP-Compression-Protocol", "compression", "ipcompression"),
    3: ("IP-Address", "address", "ipv4"),
    4: ("Mobile-IPv4", "mobile address", "ipv4"),
    129: ("Primary-DNS", "DNS 1", "ipv4"),
    130: ("Primary-NBNS", "NBNS 1", "ipv4"),
    131: ("Secondary-DNS", "DNS 2", "ipv4"),
    132: ("Secondary-NBNS", "NBNS 2", "ipv4"),
    144: ("IP-Subnet-Mask", "subnet mask", "ipv4"),
}
IPV6CP_OPTIONS: dict[int, Row] = {
    1: ("Interface-Identifier", "interface", "interface"),
    2: ("IPv6-Compression-Protocol", "compression", "ipcompression"),
}
CCP_OPTIONS: dict[int, Row] = {
    0: ("OUI", "vendor", "vendor"),
    1: ("Predictor-1", "Predictor 1", "flag"),
    2: ("Predictor-2", "Predictor 2", "flag"),
    3: ("Puddle-Jumper", "Puddle Jumper", "flag"),
    16: ("HP-PPC", "HP PPC", "hex"),
    17: ("Stac-LZS", "Stac LZS", "stac"),
    18: ("MPPC/MPPE", "MPPE", "mppe"),
    19: ("Gandalf-FZA", "Gandalf FZA", "hex"),
    20: ("V.42bis", "V.42bis", "hex"),
    21: ("BSD-Compress", "BSD compress", "bsd"),
    23: ("LZS-DCP", "LZS-DCP", "hex"),
    24: ("MVRCA", "MVRCA", "hex"),
    25: ("DCE", "DCE", "hex"),
    26: ("Deflate", "Deflate", "deflate"),
    27: ("V.44/LZJH", "V.44/LZJH", "hex"),
}
ECP_OPTIONS: dict[int, Row] = {
    0: ("OUI", "vendor", "vendor"),
    1: ("DESE", "DESE", "hex"),
    2: ("3DESE", "3DESE", "hex"),
    3: ("DESE-bis", "DESE-bis", "hex"),
}
BCP_OPTIONS: dict[int, Row] = {
    1: ("Bridge-Identification", "bridge", "lan"),
    2: ("Line-Identification", "line", "lan"),
    3: ("MAC-Support", "MAC", "mactype"),
    4: ("Tinygram-Compression", "tinygram compression", "enabled"),
    5: ("LAN-Identification", "LAN identification", "enabled"),
    6: ("MAC-Address", "MAC address", "mac"),
    7: ("Spanning-Tree-Protocol", "spanning tree", "hex"),
    8: ("IEEE-802-Tagged-Frame", "tagged frames", "enabled"),
    9: ("Management-Inline", "management inline", "flag"),
    10: ("Bridge-Control-Packet-Indicator", "bridge control", "flag"),
}
BACP_OPTIONS: dict[int, Row] = {1: ("Favored-Peer", "favored peer", "hex32")}
CBCP_OPTIONS: dict[int, Row] = {
    1: ("No-Callback", "no callback", "cbcp"),
    2: ("User-Number", "callback to a number of the user", "cbcp"),
    3: ("Fixed-Number", "callback to a fixed number", "cbcp"),
    4: ("Number-List", "callback to one of a list", "cbcp"),
}

OPTIONS: dict[int, dict[int, Row]] = {
    LCP: LCP_OPTIONS,
    IPCP: IPCP_OPTIONS,
    IPV6CP: IPV6CP_OPTIONS,
    CCP: CCP_OPTIONS,
    ILCCP: CCP_OPTIONS,
    ECP: ECP_OPTIONS,
    ILECP: ECP_OPTIONS,
    BCP: BCP_OPTIONS,
    BACP: BACP_OPTIONS,
    CBCP: CBCP_OPTIONS,
}
