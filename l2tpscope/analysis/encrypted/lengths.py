"""lengths: the length of an ESP packet as an equation, and what it leaves open about what is inside.

    octets = 8 (SPI, sequence) + IV + block * ceil((plain + 2) / block) + ICV        (RFC 4303 §2)

*plain* is what the cipher covers without its trailer: in transport mode the UDP header (8) and the L2TP message. TFC padding
(RFC 4303 §2.7) and IP-TFS (RFC 9347) void all of it.
"""

from __future__ import annotations

from typing import NamedTuple

ESP_HEADER, TRAILER, UDP_HEADER = 8, 2, 8
SHORTEST_PLAIN = 15
"""Octets: UDP, the shortest L2TP header and one octet of PPP; an IP packet has more."""
SMALLEST_IP = 20 + 8
ZLB, HELLO, ECHO_LONGEST = 12, 20, 24
"""Octets of L2TP: a ZLB; a HELLO; an LCP echo with L and S bit."""
SHORTEST_IN_PPP = UDP_HEADER + 6 + 1 + SMALLEST_IP
"""Plain octets of the shortest IP packet (no payload) in the shortest PPP and L2TP headers. What is shorter is control: a ZLB,
a HELLO, an echo, a short PPP message; or a header-compressed TCP segment (RFC 1144)."""


class Transform(NamedTuple):
    """What matters of a cipher and its integrity check for lengths."""

    name: str
    iv: int
    block: int
    icv: int

    def fits(self, octets: int) -> bool:
        """Whether an ESP packet can be so long."""
        body = octets - ESP_HEADER - self.iv - self.icv
        return body >= SHORTEST_PLAIN + TRAILER and body % self.block == 0

    def plain(self, octets: int) -> tuple[int, int]:
        """Least and most plain octets of a packet of that length."""
        most = octets - ESP_HEADER - self.iv - self.icv - TRAILER
        return most - max(self.block, 4) + 1, most

    def octets(self, plain: int) -> int:
        """Length of the packet that carries *plain* octets."""
        block = max(self.block, 4)
        return ESP_HEADER + self.iv + -(-(plain + TRAILER) // block) * block + self.icv


TRANSFORMS = (
    Transform("AES-CBC with HMAC-SHA1-96, HMAC-MD5-96 or AES-XCBC-96", 16, 16, 12),
    Transform("AES-CBC with HMAC-SHA2-256-128", 16, 16, 16),
    Transform("AES-CBC with HMAC-SHA2-384-192", 16, 16, 24),
    Transform("AES-CBC with HMAC-SHA2-512-256", 16, 16, 32),
    Transform("3DES-CBC with HMAC-SHA1-96 or HMAC-MD5-96", 8, 8, 12),
    Transform("3DES-CBC with HMAC-SHA2-256-128", 8, 8, 16),
    Transform("3DES-CBC with HMAC-SHA2-384-192", 8, 8, 24),
    Transform("3DES-CBC with HMAC-SHA2-512-256", 8, 8, 32),
    Transform("AES-GCM, AES-CCM or ChaCha20-Poly1305 with an ICV of 16", 8, 4, 16),
    Transform("AES-GCM or AES-CCM with an ICV of 12, or AES-CTR with HMAC-SHA1-96", 8, 4, 12),
    Transform("AES-GCM or AES-CCM with an ICV of 8", 8, 4, 8),
    Transform("no encryption (NULL), ICV of 12", 0, 4, 12),
    Transform("no encryption (NULL), ICV of 16", 0, 4, 16),
)
"""RFC 3602, 2451, 4106, 4309, 7634, 3686, 2410 with RFC 2404, 2403, 3566, 4868. Camellia and SEED are as AES, DES is as 3DES;
NULL with longer ICVs, which is not met with, would be as GCM."""


def common(sizes: set[int]) -> list[Transform]:
    """The transforms that all these lengths fit."""
    return [one for one in TRANSFORMS if all(one.fits(size) for size in sizes)]
