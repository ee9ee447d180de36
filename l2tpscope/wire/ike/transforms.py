"""transforms: the algorithms that proposals name, a row each.

*Source*: RFC 2409 appendix A and the IPsec registry (IKEv1); RFC 7296 §3.3.2 and the IKEv2 registry; private ones of strongSwan.
"""

from __future__ import annotations

GROUPS: dict[int, str] = {
    1: "MODP-768",
    2: "MODP-1024",
    3: "EC2N-155",
    4: "EC2N-185",
    5: "MODP-1536",
    14: "MODP-2048",
    15: "MODP-3072",
    16: "MODP-4096",
    17: "MODP-6144",
    18: "MODP-8192",
    19: "ECP-256",
    20: "ECP-384",
    21: "ECP-521",
    22: "MODP-1024-160",
    23: "MODP-2048-224",
    24: "MODP-2048-256",
    25: "ECP-192",
    26: "ECP-224",
    27: "Brainpool-224",
    28: "Brainpool-256",
    29: "Brainpool-384",
    30: "Brainpool-512",
    31: "Curve25519",
    32: "Curve448",
    33: "GOST3410-256",
    34: "GOST3410-512",
    35: "ML-KEM-512",
    36: "ML-KEM-768",
    37: "ML-KEM-1024",
}
"""Diffie-Hellman groups and key encapsulations, of both versions (RFC 2409 §6, RFC 3526, 5903, 5114, 6954, 8031, 9370)."""

ENCRYPTION_V1: dict[int, str] = {
    1: "DES-CBC",
    2: "IDEA-CBC",
    3: "BLOWFISH-CBC",
    4: "RC5-R16-B64-CBC",
    5: "3DES-CBC",
    6: "CAST-CBC",
    7: "AES-CBC",
    8: "CAMELLIA-CBC",
    127: "SM4-CBC (DEPRECATED)",
    128: "SM1-CBC",
    129: "SM4-CBC",
    65004: "SERPENT-CBC (private)",
    65005: "TWOFISH-CBC (private)",
}
"""Ciphers of phase 1 (RFC 2409 appendix A)."""

HASHES_V1: dict[int, str] = {
    1: "MD5",
    2: "SHA1",
    3: "TIGER",
    4: "SHA2-256",
    5: "SHA2-384",
    6: "SHA2-512",
    20: "SM3",
}
"""Hashes of phase 1 (RFC 2409 appendix A, RFC 4868)."""

AUTHENTICATION_V1: dict[int, str] = {
    1: "PSK",
    2: "DSS signatures",
    3: "RSA signatures",
    4: "Encryption with RSA",
    5: "Revised encryption with RSA",
    9: "ECDSA with SHA-256 on the P-256 curve",
    10: "ECDSA with SHA-384 on the P-384 curve",
    11: "ECDSA with SHA-512 on the P-521 curve",
    64221: "HybridInitRSA",
    64222: "HybridRespRSA",
    64223: "HybridInitDSS",
    64224: "HybridRespDSS",
    65001: "XAUTHInitPreShared",
    65002: "XAUTHRespPreShared",
    65003: "XAUTHInitDSS",
    65004: "XAUTHRespDSS",
    65005: "XAUTHInitRSA",
    65006: "XAUTHRespRSA",
    65007: "XAUTHInitRSAEncryption",
    65008: "XAUTHRespRSAEncryption",
    65009: "XAUTHInitRSARevisedEncryption",
    65010: "XAUTHRespRSARevisedEncryption",
}
"""Authentication methods of phase 1 (RFC 2409 appendix A; XAUTH and hybrid drafts)."""

ENCRYPTION_V2: dict[int, str] = {
    1: "DES-IV64",
    2: "DES",
    3: "3DES",
    4: "RC5",
    5: "IDEA",
    6: "CAST",
    7: "BLOWFISH",
    8: "3IDEA",
    9: "DES-IV32",
    11: "NULL",
    12: "AES-CBC",
    13: "AES-CTR",
    14: "AES-CCM-8",
    15: "AES-CCM-12",
    16: "AES-CCM-16",
    18: "AES-GCM-8",
    19: "AES-GCM-12",
    20: "AES-GCM-16",
    21: "NULL-AES-GMAC",
    23: "CAMELLIA-CBC",
    24: "CAMELLIA-CTR",
    25: "CAMELLIA-CCM-8",
    26: "CAMELLIA-CCM-12",
    27: "CAMELLIA-CCM-16",
    28: "CHACHA20-POLY1305",
    29: "AES-CCM-8-IIV",
    30: "AES-GCM-16-IIV",
    31: "CHACHA20-POLY1305-IIV",
}
"""Ciphers of IKEv2 (transform type 1)."""

PRFS: dict[int, str] = {
    1: "HMAC-MD5",
    2: "HMAC-SHA1",
    3: "HMAC-TIGER",
    4: "AES128-XCBC",
    5: "HMAC-SHA2-256",
    6: "HMAC-SHA2-384",
    7: "HMAC-SHA2-512",
    8: "AES128-CMAC",
}
"""Pseudo-random functions (transform type 2)."""

INTEGRITY: dict[int, str] = {
    1: "HMAC-MD5-96",
    2: "HMAC-SHA1-96",
    3: "DES-MAC",
    4: "KPDK-MD5",
    5: "AES-XCBC-96",
    6: "HMAC-MD5-128",
    7: "HMAC-SHA1-160",
    8: "AES-CMAC-96",
    9: "AES-128-GMAC",
    10: "AES-192-GMAC",
    11: "AES-256-GMAC",
    12: "HMAC-SHA2-256-128",
    13: "HMAC-SHA2-384-192",
    14: "HMAC-SHA2-512-256",
}
"""Integrity algorithms (transform type 3); 0 is none."""
