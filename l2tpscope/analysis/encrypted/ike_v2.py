"""ike_v2: what the encrypted INFORMATIONAL exchanges of an IKEv2 SA are.

    octets = 28 (header) + 4 + IV + block * ceil((inner + 1) / block) + ICV        (RFC 7296 §3.14)

With a block cipher nothing (0 octets), a delete (8 or 12) and a short notify are all one block, so that only behaviour tells:
liveness checks come on a beat; the delete of a child right after a CREATE_CHILD_SA; that of the IKE SA last. With GCM, lengths
do: 57 octets are an empty message.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from l2tpscope.analysis.encrypted.ike_lengths import DELETE_ESP, DELETE_IKE
from l2tpscope.analysis.encrypted.result import SECOND, Classed
from l2tpscope.analysis.ike_story import IkeStory, Said
from l2tpscope.model.esp import EspPair

CHECK, CHECK_ANSWER = "liveness check (empty)", "answer, empty"
EMPTY_BLOCK = {60, 64, 76, 80, 88, 96}
"""One block of 3DES or AES, with an ICV of 12, 16, 24 or 32."""
EMPTY_STREAM = 57
DELETE_IKE_STREAM, DELETE_ESP_STREAM = 57 + 8, 57 + 12
AFTER_REKEYING = 10 * SECOND
AFTER_AUTH = SECOND
AT_THE_END = 3 * SECOND
IN_FLIGHT = 2 * SECOND
REPEATS = 3
JITTER = 0.2


def classify_v2(story: IkeStory, pairs: Sequence[EspPair], end: int) -> list[Classed]:
    """All that can be named, in the order of time."""
    asked = [said for said in story.said if said.fit == "new" and said.name == "INFORMATIONAL request"]
    answers = {id(said.reply_to): said for said in story.said if said.fit == "new" and said.name == "INFORMATIONAL response"}
    found: dict[int, Classed] = {}
    for said in asked:
        answer = answers.get(id(said.frame))
        one = _deletion(story, said, answer, pairs, end)
        if one is not None:
            found[id(said)] = one
    for side in (True, False):
        for one in _checks(story, [said for said in asked if said.from_initiator == side and id(said) not in found], answers):
            found[id(one.said)] = one
    return sorted(found.values(), key=lambda one: one.said.frame.position)


def _deletion(story: IkeStory, said: Said, answer: Said | None, pairs: Sequence[EspPair], end: int) -> Classed | None:
    time, octets = said.frame.time, said.frame.octets
    stream = story.cipher_block == 1
    rekeyed = [child.completed.time for child in story.children[1:] if child.completed is not None]
    fits_esp = octets == DELETE_ESP_STREAM if stream else octets in EMPTY_BLOCK
    if fits_esp and any(0 <= time - at <= AFTER_REKEYING for at in rekeyed) and _replaced(pairs, time):
        return Classed(said, DELETE_ESP, "likely", f"{octets} octets right after a CREATE_CHILD_SA, and the old SA ends", "a short notify")
    fits_ike = octets == DELETE_IKE_STREAM if stream else octets in EMPTY_BLOCK
    last = max(one.frame.time for one in story.said)
    final = said.frame.time == last or (answer is not None and answer.frame.time == last)
    series = [one for pair in pairs for one in pair.series]
    ends = end >= time + AT_THE_END and bool(series) and all(one.last <= time + IN_FLIGHT for one in series)
    if fits_ike and final and ends:
        return Classed(said, DELETE_IKE, "likely", f"{octets} octets, the last exchange, and ESP ends with it", "a liveness check")
    return None


def _replaced(pairs: Sequence[EspPair], time: int) -> bool:
    return any(pair.after is not None and all(one.last <= time + IN_FLIGHT for one in pair.series) for pair in pairs)


def _checks(story: IkeStory, asked: list[Said], answers: dict[int, Said]) -> list[Classed]:
    """Empty requests of one side."""
    if story.cipher_block == 1:
        rule = "57 octets: an SK payload with nothing in it, under an AEAD cipher with an ICV of 16"
        return [
            Classed(said, CHECK, "likely", rule, "a message that only acknowledges") for said in asked if said.frame.octets == EMPTY_STREAM
        ]
    quiet = [child.completed.time for child in story.children if child.completed is not None]
    empty = [
        said
        for said in asked
        if said.frame.octets in EMPTY_BLOCK
        and ((answer := answers.get(id(said.frame))) is None or answer.frame.octets == said.frame.octets)
        and not any(0 <= said.frame.time - at <= AFTER_AUTH for at in quiet)
    ]
    gaps = [after.frame.time - before.frame.time for before, after in pairwise(empty)]
    if len(empty) < REPEATS or max(gaps) > (1 + JITTER) * min(gaps):
        return []
    rule = f"{len(empty)} alike of {empty[0].frame.octets} octets every {min(gaps) / SECOND:.1f} s"
    return [Classed(said, CHECK, "likely", rule, "a notify that is repeated") for said in empty]
