"""strength: what the RFCs say against an algorithm of IKE, by the column that names it. What is not here has nothing against it."""

from __future__ import annotations

BROKEN, WEAK = "broken", "weak"

GROUPS: dict[int, str] = {1: BROKEN, 2: WEAK, 5: WEAK, 22: BROKEN, 23: WEAK, 24: WEAK, 25: WEAK, 26: WEAK, 27: WEAK}
"""Groups by number: MUST NOT and SHOULD NOT of RFC 8247 §2.4; from 25 on, those of less than 112 bits."""

ENCRYPTION = {
    **dict.fromkeys(("DES-CBC", "DES", "DES-IV64", "DES-IV32", "NULL"), BROKEN),
    **dict.fromkeys(("3DES-CBC", "3DES", "3IDEA", "RC5-R16-B64-CBC", "RC5", "IDEA-CBC", "IDEA", "CAST-CBC", "CAST"), WEAK),
    **dict.fromkeys(("BLOWFISH-CBC", "BLOWFISH"), WEAK),
}
"""Of IKEv1 and IKEv2, as the tables of wire/ike name them. RFC 8247 §2.1, RFC 9395 §5."""
INTEGRITY = dict.fromkeys(("MD5", "TIGER", "HMAC-MD5-96", "DES-MAC", "KPDK-MD5", "HMAC-MD5-128", "HMAC-SHA1-160"), BROKEN)
"""RFC 8247 §2.3, RFC 9395 §5."""
PRFS = dict.fromkeys(("HMAC-MD5", "HMAC-TIGER"), BROKEN)
"""RFC 8247 §2.2, RFC 9395 §5."""
