"""What ciphertext tells: conclusions from lengths and times alone; nothing is decrypted.

Each conclusion is a row with the rule that made it, its figures, and what else could look the same; where evidence is thin there
is none. Padding beyond what the cipher needs (RFC 4303 §2.7, RFC 9347) voids the lengths, and then nothing is concluded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from l2tpscope.analysis.encrypted.cipher import Cipher, cipher_columns, cipher_row, ciphers, is_padded, mismatch_row, padding_row
from l2tpscope.analysis.encrypted.heartbeat import answer_time, heartbeat_row, heartbeat_rtt, heartbeats
from l2tpscope.analysis.encrypted.ike_rows import infer_ike
from l2tpscope.analysis.encrypted.keepalives import keepalive_rows
from l2tpscope.analysis.encrypted.mtu import mtu_row
from l2tpscope.analysis.encrypted.rekey import rekey_row
from l2tpscope.analysis.encrypted.result import Classed, Inferred, Numbers, chains, unpaired_answers
from l2tpscope.analysis.encrypted.stage import stage
from l2tpscope.analysis.encrypted.tiny import tiny_packets
from l2tpscope.analysis.ike_story import IkeStory
from l2tpscope.model.esp import EspPair
from l2tpscope.model.keepalive import Keepalives

__all__ = ["Classed", "Inferred", "Numbers", "infer"]

NOBODY = Numbers()


def infer(
    pairs: Sequence[EspPair],
    stories: Mapping[int, IkeStory],
    ike_of: Mapping[int, int],
    ends: tuple[int, int],
    keepalives: Sequence[Keepalives] = (),
    *,
    numbers: Numbers = NOBODY,
) -> Inferred:
    """Everything that *pairs* of ESP SAs and the IKE SAs in *stories* (by number) tell.

    *ike_of*: number of the IKE SA, by the number of a pair that it made. *ends*: the first and last instant of the captures.
    """
    result = Inferred()
    pairs_of: dict[int, list[EspPair]] = defaultdict(list)
    for pair in pairs:
        if pair.number in ike_of:
            pairs_of[ike_of[pair.number]].append(pair)
    for story in stories.values():
        infer_ike(story, pairs_of[story.number], ends[1], numbers, result)
    result.rows += keepalive_rows(keepalives, stories, pairs_of, numbers)
    esp = [pair for pair in pairs if any(one.protocol == "esp" for one in pair.series)]
    unsure = unpaired_answers(esp)
    for several in chains(esp):
        _infer_esp([pair for pair in several if pair.series], unsure, stories.get(ike_of.get(several[0].number, 0)), numbers, result)
    result.rtt.sort(key=lambda row: (row.time, row.frame_reply, row.frame_request))
    return result


def _infer_esp(pairs: list[EspPair], unsure: set[int], story: IkeStory | None, numbers: Numbers, result: Inferred) -> None:
    """What one child SA tells through its rekeyings. *unsure*: pairs of which the other direction may be there under another SPI."""
    sure = [pair for pair in pairs if pair.number not in unsure]
    result.rows += [row for pair in sure if (row := rekey_row(pair, numbers)) is not None]
    padded = [pair for pair in pairs if is_padded(pair)]
    if padded:
        result.rows.append(padding_row(padded[0], numbers))
        return
    mismatches = [row for pair in sure if (row := mismatch_row(pair, story, numbers)) is not None]
    found: dict[int, Cipher] = ciphers(pairs)
    if any(len(pair.series) == 2 and mismatch_row(pair, story, numbers) for pair in pairs):
        found = {}
    result.rows += mismatches
    result.rows += [row for pair in pairs if pair.number in found and (row := cipher_row(pair, found[pair.number], numbers)) is not None]
    result.cipher |= cipher_columns(pairs, found)
    first = found.get(pairs[0].number)
    reached = stage(pairs, first, story, numbers) if pairs[0].number not in unsure else None
    if reached is not None:
        result.stage[pairs[0].number] = (reached[0], reached[1].grade)
        result.rows.append(reached[1])
    beats = heartbeats(tiny_packets(pairs, found), answer_time(story))
    for index, beat in enumerate(beats):
        another = any(other.from_initiator == beat.from_initiator for other in beats[:index])
        result.rows.append(heartbeat_row(beat, first, numbers, another=another))
    result.rtt += [row for beat in beats for row in heartbeat_rtt(beat, numbers)]
    largest = mtu_row(pairs, first, numbers)
    if largest is not None:
        result.rows.append(largest)
