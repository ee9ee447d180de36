"""ike_v2: what the encrypted INFORMATIONAL exchanges of an IKEv2 SA are.

    octets = 28 (header) + 4 + IV + block * ceil((inner + 1) / block) + ICV        (RFC 7296 §3.14)

With a block cipher nothing (0 octets), a delete (8 or 12) and a short notify are all one block, so that only behaviour tells:
liveness checks come on a beat; the delete of a child right after a CREATE_CHILD_SA; that of the IKE SA last. With GCM, lengths
do: 57 octets are an empty message.
"""

from __future__ import annotations

from bisect import bisect_right
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
IN_FLIGHT, LONG_AGO = 2 * SECOND, 120 * SECOND
REPEATS = 3
JITTER = 0.2


def classify_v2(story: IkeStory, pairs: Sequence[EspPair], end: int) -> list[Classed]:
    """All that can be named, in the order of time."""
    asked = [said for said in story.said if said.fit == "new" and said.name == "INFORMATIONAL request"]
    answers = {id(said.reply_to): said for said in story.said if said.fit == "new" and said.name == "INFORMATIONAL response"}
    found = _deletes_of_children(story, asked, pairs)
    found += _delete_at_the_end(story, asked, answers, pairs, end)
    named = {id(one.said) for one in found}
    for side in (True, False):
        found += _checks(story, [said for said in asked if said.from_initiator == side and id(said) not in named], answers)
    return sorted(found, key=lambda one: one.said.frame.position)


def _deletes_of_children(story: IkeStory, asked: list[Said], pairs: Sequence[EspPair]) -> list[Classed]:
    """Soon after a CREATE_CHILD_SA, when the SA that it replaced is used no more."""
    rekeyed = sorted(child.completed.time for child in story.children[1:] if child.completed is not None)
    replaced = [max((one.last for one in pair.series), default=0) for pair in pairs if pair.after is not None]
    result = []
    for said in asked:
        time, octets = said.frame.time, said.frame.octets
        fits = octets == DELETE_ESP_STREAM if story.cipher_block == 1 else octets in EMPTY_BLOCK
        if fits and _after(rekeyed, time, AFTER_REKEYING) and any(time - LONG_AGO <= last <= time + IN_FLIGHT for last in replaced):
            rule = f"{octets} octets right after a CREATE_CHILD_SA, and the old SA ends"
            result.append(Classed(said, DELETE_ESP, "likely", rule, "a short notify"))
    return result


def _delete_at_the_end(story: IkeStory, asked: list[Said], answers: dict[int, Said], pairs: Sequence[EspPair], end: int) -> list[Classed]:
    """The last exchange, with which ESP ends though the capture goes on."""
    last = max(one.frame.time for one in story.said)
    used = [one.last for pair in pairs for one in pair.series]
    for said in asked[-2:]:
        time, octets, answer = said.frame.time, said.frame.octets, answers.get(id(said.frame))
        fits = octets == DELETE_IKE_STREAM if story.cipher_block == 1 else octets in EMPTY_BLOCK
        final = last in (time, answer.frame.time if answer is not None else time)
        if fits and final and used and end >= time + AT_THE_END and max(used) <= time + IN_FLIGHT:
            rule = f"{octets} octets, the last exchange, and ESP ends with it"
            return [Classed(said, DELETE_IKE, "likely", rule, "a liveness check")]
    return []


def _after(times: list[int], time: int, within: int) -> bool:
    """Whether the last of *times* (in order) before *time* is not longer ago than that."""
    at = bisect_right(times, time)
    return at > 0 and time - times[at - 1] <= within


def _checks(story: IkeStory, asked: list[Said], answers: dict[int, Said]) -> list[Classed]:
    """Empty requests of one side."""
    if story.cipher_block == 1:
        rule = "57 octets: an SK payload with nothing in it, under an AEAD cipher with an ICV of 16"
        empty = [said for said in asked if said.frame.octets == EMPTY_STREAM]
        return [Classed(said, CHECK, "likely", rule, "a message that only acknowledges") for said in empty]
    made = sorted(child.completed.time for child in story.children if child.completed is not None)
    empty = [
        said
        for said in asked
        if said.frame.octets in EMPTY_BLOCK
        and ((answer := answers.get(id(said.frame))) is None or answer.frame.octets == said.frame.octets)
        and not _after(made, said.frame.time, AFTER_AUTH)
    ]
    gaps = [after.frame.time - before.frame.time for before, after in pairwise(empty)]
    if len(empty) < REPEATS or max(gaps) > (1 + JITTER) * min(gaps):
        return []
    rule = f"{len(empty)} alike of {empty[0].frame.octets} octets every {min(gaps) / SECOND:.1f} s"
    return [Classed(said, CHECK, "likely", rule, "a notify that is repeated") for said in empty]
