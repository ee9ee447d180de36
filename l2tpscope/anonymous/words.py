"""Words: text that peers wrote freely, with every word that is not a usual one crossed out. Lengths stay."""

from __future__ import annotations

import re

from l2tpscope.anonymous.key import Key

_USUAL = (
    "a access account address allowed already an and answer are as at auth authentication authenticated available bad be been "
    "because by call called cause challenge chap client close closed closing code configuration connect connected connection "
    "control could crashed dead denied detected disabled disconnect disconnected done down due enabled end error expired "
    "failed failure for from goodbye granted hangup has have hello host id idle in incorrect initiated internal invalid ip is it "
    "l2tp limit line link lns lac locked login lost maximum message mode modem more mppe ms-chap mschap name network no not "
    "number of ok on open or order out pap password peer permission please port ppp protocol reached received refused "
    "refusing reject rejected remote request required reset resource resources response responding restricted retry secret "
    "server service session sessions shut shutdown shutting state stop success such suspended system temporarily terminate "
    "terminated terminating termination that the this time timed timeout to too traffic try tunnel unable unacceptable "
    "unauthorized unavailable unknown unreachable unsupported up user username valid version was welcome will with wrong you "
    "your "
)
USUAL = frozenset(_USUAL.split())
"""Words that say nothing of anybody."""
WORD = re.compile(rb"[0-9A-Za-z_.@\\/:\x80-\xff-]+")
ENDS = b".:-/"
HIDDEN = b"x"
MS_RAS_HOST, MS_RAS_USER = b"MSRAS-0-", b"MSRAS-1-"
MS_RAS_VERSION = re.compile(rb"MSRASV[0-9.]+\0*")
FAILURE = re.compile(rb"E=[0-9]{1,10}")
CHALLENGE = re.compile(rb"(?<= C=)[0-9A-Fa-f]+")
SUCCESS = re.compile(rb"S=([0-9A-Fa-f]{40})")


def scrub(octets: bytes) -> bytes:
    """The text with words crossed out that are not usual ones; single digits say nothing either. What has NULs inside is no text
    of octets (UTF-16, or none at all), and is crossed out as a whole."""
    text = octets.rstrip(b"\0")
    if b"\0" in text:
        return HIDDEN * len(text) + octets[len(text) :]
    return WORD.sub(_word, octets)


def _word(found: re.Match[bytes]) -> bytes:
    word = found.group()
    bare = word.strip(ENDS)
    if not bare or (len(bare) == 1 and bare.isdigit()) or bare.decode("latin-1").lower() in USUAL:
        return word
    return HIDDEN * len(word)


def identification(octets: bytes, key: Key) -> bytes:
    """What LCP Identification says: Windows tells its version, its name, its user (RFC 1570 §2.1)."""
    if MS_RAS_VERSION.fullmatch(octets):
        return octets
    for begin, kind in ((MS_RAS_HOST, "host"), (MS_RAS_USER, "user")):
        if octets.startswith(begin):
            return begin + key.name(kind, octets[len(begin) :])
    return scrub(octets) if _readable(octets) else key.keyed("identification", octets)


def _readable(octets: bytes) -> bool:
    return all(32 <= octet < 127 or octet == 0 for octet in octets)


def outcome(octets: bytes, key: Key) -> bytes:
    """A message of CHAP: what MS-CHAP's numbers say stays, its challenge and authenticator do not (RFC 2759 §5, §6)."""
    if FAILURE.match(octets):
        head, marker, message = octets.partition(b" M=")
        return CHALLENGE.sub(lambda found: _digits(found.group(), key), head) + marker + scrub(message)
    found = SUCCESS.match(octets)
    if found is None:
        return scrub(octets)
    rest = octets[found.end() :]
    skip = 3 if rest.startswith(b" M=") else 0
    return b"S=" + _digits(found.group(1), key) + rest[:skip] + scrub(rest[skip:])


def _digits(digits: bytes, key: Key) -> bytes:
    return key.keyed("digits", digits).hex().upper().encode()[: len(digits)]
