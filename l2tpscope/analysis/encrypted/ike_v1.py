"""ike_v1: what the encrypted messages of an IKEv1 SA are, from their lengths and from what goes before and after.

Lengths alone leave sets (a DPD is as long as the delete of an IKE SA, the delete of an ESP SA as long as an error notify); behaviour
decides: DPD is answered alike and life goes on, a delete comes at the end or after a rekeying, an error in place of what was
expected. What stays open is a hint with both names, or nothing.
*Source*: RFC 2408 §3, RFC 2409 §5, RFC 3706.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from l2tpscope.analysis.encrypted.crossing import Exchange, exchanges
from l2tpscope.analysis.encrypted.ike_lengths import DELETE_ESP, DELETE_IKE, DPD, ERROR, IDENTITY, INFORMATIONAL, INITIAL_CONTACT, Lengths
from l2tpscope.analysis.encrypted.result import SECOND, Classed
from l2tpscope.analysis.ike_story import IkeStory, Said
from l2tpscope.model.esp import EspPair

REQUEST, ANSWER, UNANSWERED, EITHER = "DPD request", "DPD answer", "DPD request, unanswered", "DPD request or answer"
TOGETHER = 2 * SECOND
"""Within so much a DPD is answered, and a side sends its deletes."""
IN_PLACE = 5 * SECOND
"""An error comes so soon after what it answers."""
LIFE = SECOND // 2
AT_THE_END = 3 * SECOND
"""So long nothing must follow before the end of the capture, for something to be called the last."""
ALIVE = 30 * SECOND
AFTER_REKEYING = 90 * SECOND
IN_FLIGHT = 2 * SECOND
REPEATS = 3
MOST_BETWEEN = 20
"""INFORMATIONALs that may come between a request and the error that answers it."""


@dataclass(slots=True, frozen=True)
class Informational:
    """An encrypted INFORMATIONAL."""

    said: Said
    classes: tuple[str, ...]
    """That its length allows; empty: cipher and hash are not in clear."""

    @property
    def time(self) -> int:
        """Of the frame."""
        return self.said.frame.time

    @property
    def from_initiator(self) -> bool:
        """Of the IKE SA."""
        return self.said.from_initiator

    def may_be(self, name: str) -> bool:
        """Whether its length allows it."""
        return name in self.classes


class Reader:
    """Classes of the messages of one SA; each step names what it can of what the ones before left."""

    def __init__(self, story: IkeStory, pairs: Sequence[EspPair], end: int) -> None:
        self.story, self.pairs, self.end = story, pairs, end
        self.every = [said for said in story.said if said.fit != "retransmission"]
        self.found: dict[int, Classed] = {}
        self.last = {
            side: max((said.frame.time for said in self.every if said.from_initiator == side), default=0) for side in (True, False)
        }
        """When each side spoke last."""
        self.checks: list[Exchange[Informational]] = []
        """Dead peer detection, answered."""
        self.silent: list[Informational] = []
        """As long, not answered, and not the last of their side."""
        self.lengths: Lengths | None = None
        if story.cipher_block and story.hash_octets and story.cipher_block > 1:
            self.lengths = Lengths(story.cipher_block, story.hash_octets)
        self.informationals = [self._informational(said) for said in self.every if said.name == "INF" and said.frame.message.encrypted]

    def read(self) -> list[Classed]:
        """All that can be named, in the order of time."""
        if self.lengths is not None:
            self._phases(self.lengths)
            self._errors()
            self._deletes_in_a_row()
        self._dead_peer_detection()
        if self.lengths is not None:
            self._last_delete()
            self._unanswered()
            self._deletes_after_rekeying()
        return sorted(self.found.values(), key=lambda one: one.said.frame.position)

    def _informational(self, said: Said) -> Informational:
        classes = self.lengths.classes(said.frame.octets, INFORMATIONAL) if self.lengths else []
        return Informational(said, tuple(classes))

    def _left(self) -> list[Informational]:
        return [one for one in self.informationals if id(one.said) not in self.found]

    def _name(self, said: Said, value: str, grade: str, rule: str, against: str | None = None) -> None:
        why = f"{said.frame.octets} octets; {rule}"
        if self.lengths is not None:
            why = f"{said.frame.octets} octets with blocks of {self.lengths.block} and a hash of {self.lengths.hash}; {rule}"
        self.found[id(said)] = Classed(said, value, grade, why, against)  # type: ignore[arg-type]

    # ---- set-up ------------------------------------------------------------------------------------------------------

    def _phases(self, lengths: Lengths) -> None:
        for said in self.every:
            octets = said.frame.octets
            if not said.frame.message.encrypted:
                continue
            if said.name in ("MM5", "MM6"):
                classes = lengths.classes(octets, IDENTITY[len(said.frame.sender.address)])
                if len(classes) == 1:
                    against = "a longer identity (a name) without it" if classes[0] == INITIAL_CONTACT else None
                    self._name(said, f"{said.name}: {classes[0]}", "likely", "as with the address for identity", against)
            elif said.name == "QM2" and len(said.frame.sender.address) == 4:
                secrecy = lengths.perfect_forward_secrecy(octets)
                if secrecy is not None:
                    value = "QM2: with KE, perfect forward secrecy" if secrecy else "QM2: without KE, no perfect forward secrecy"
                    self._name(
                        said, value, "likely", "a KE payload has 132 octets or more", "unusual further payloads" if secrecy else None
                    )
            elif said.name == "QM3" and octets in lengths.of(0):
                self._name(said, "QM3: HASH alone", "likely", "as long as a HASH payload")

    # ---- errors ------------------------------------------------------------------------------------------------------

    def _errors(self) -> None:
        """In place of what the exchange expects next."""
        for child in self.story.children:
            if child.answered is None:
                self._error_after(child.asked.time, child.from_initiator, "QM2", "Quick Mode rejected")
        for name, reply, asker in (("MM5", "MM6", True), ("AM2", "AM3", False)):
            if any(said.name == reply for said in self.every):
                continue
            for said in self.story.said:
                if said.name == name:
                    self._error_after(said.frame.time, asker, reply, "authentication failed")

    def _error_after(self, asked: int, asker: bool, expected: str, meaning: str) -> None:
        at = bisect_left(self.informationals, asked, key=lambda one: one.time)
        for one in self.informationals[at : at + MOST_BETWEEN]:
            if one.from_initiator != asker and one.time - asked <= IN_PLACE and id(one.said) not in self.found:
                if one.may_be(ERROR):
                    rule = f"{(one.time - asked) / 1e6:.0f} ms after what it answers, in place of {expected}"
                    self._name(one.said, f"error notify: {meaning}", "likely", rule, "which error it is cannot be told")
                return

    # ---- dead peer detection -----------------------------------------------------------------------------------------

    def _dead_peer_detection(self) -> None:
        for group in self._alike():
            pairs = exchanges(group, TOGETHER)
            known = [one for one in pairs.answered if self._lives_after(one)]
            if self.lengths is None and len([one for one in known if one.low is None]) < REPEATS:
                continue
            self.checks += known
            self.silent += [one for one in pairs.unanswered if self._goes_on(one)]
            rule = f"answered by one as long, {len(known)} times in this SA, and the SA lives on"
            grade = "likely" if len(known) > 1 else "hint"
            for one in known:
                self._dpd(one.request, REQUEST if one.low is None or not self._near(one.request, group, -TOGETHER) else EITHER, grade, rule)
                self._dpd(one.reply, ANSWER if one.low is None or not self._near(one.reply, group, TOGETHER) else EITHER, grade, rule)

    @staticmethod
    def _near(one: Informational, group: list[Informational], within: int) -> bool:
        """Whether the other side sent one that long before (*within* negative) or after."""
        first, last = sorted((one.time, one.time + within))
        at = bisect_left(group, first, key=lambda other: other.time)
        while at < len(group) and group[at].time <= last:
            if group[at].from_initiator != one.from_initiator:
                return True
            at += 1
        return False

    def _goes_on(self, one: Informational) -> bool:
        """Whether its sender says more in this SA: it was no delete."""
        return self.last[one.from_initiator] > one.time + TOGETHER

    def _alike(self) -> list[list[Informational]]:
        """Those that can be DPD, by their length."""
        groups: dict[int, list[Informational]] = {}
        for one in self._left():
            if self.lengths is None or one.may_be(DPD):
                groups.setdefault(one.said.frame.octets, []).append(one)
        return list(groups.values())

    def _dpd(self, one: Informational, value: str, grade: str, rule: str) -> None:
        self._name(one.said, value, grade, rule, "a delete that was answered by one")

    def _lives_after(self, one: Exchange[Informational]) -> bool:
        """Whether the SA was used after the exchange: a delete would have ended it."""
        return max(self.last.values()) > one.reply.time + LIFE

    def _unanswered(self) -> None:
        """The same side asks again and again, and no answer comes. A single one may be an answer as well, the request to which the capture
        does not have.
        """
        if not all(self.last.values()):
            return  # one direction only
        silent = {id(one.said) for one in self.silent if id(one.said) not in self.found}
        for index, one in enumerate(self.informationals):
            if id(one.said) not in silent:
                continue
            beside = [other for other in self.informationals[max(0, index - 1) : index + 2] if other is not one]
            alike = sum(id(other.said) in silent and other.from_initiator == one.from_initiator for other in beside)
            known = any(check.request.from_initiator == one.from_initiator for check in self.checks[:1] + self.checks[-1:])
            if alike:
                rule = "alike before or after it from this side, none answered"
                self._name(one.said, UNANSWERED, "likely" if known or alike > 1 else "hint", rule, "the tap misses the answers")
            elif self.checks:
                rule = "as the others in this SA, but alone"
                self._name(one.said, EITHER, "likely", rule, "what belongs to it is lost, or the capture does not have it")

    # ---- deletes -----------------------------------------------------------------------------------------------------

    def _deletes_in_a_row(self) -> None:
        """The last messages of one side: its ESP SAs, then the IKE SA."""
        for side in (True, False):
            run = self._last_of(side)
            ike = next((one for one in reversed(run) if one.may_be(DELETE_IKE)), None)
            if len(run) < 2 or ike is None or not all(one is ike or one.may_be(DELETE_ESP) for one in run):
                continue
            for one in run:
                other = DELETE_ESP if one is ike else DELETE_IKE
                self._name(one.said, DELETE_IKE if one is ike else DELETE_ESP, "likely", f"together with the {other}, last of this side")

    def _last_of(self, side: bool) -> list[Informational]:
        """Those of one side that come at once, after which it says nothing more."""
        left = {id(one.said): one for one in self._left()}
        run: list[Informational] = []
        for said in reversed([said for said in self.every if said.from_initiator == side]):
            one = left.get(id(said))
            if one is None or (run and run[0].time - one.time > TOGETHER // 2):
                break
            run.insert(0, one)
        return run

    def _last_delete(self) -> None:
        """A single one at the end of the SA, which nobody answers."""
        for side in (True, False):
            run = self._last_of(side)
            if len(run) != 1:
                continue
            last = run[0]
            if last.may_be(DELETE_IKE) and (why := self._why_no_child(last)):
                self._name(last.said, DELETE_IKE, "likely", why, "an error notify")
            elif last.said is not self.every[-1] or self._near(last, self.informationals, -TOGETHER):
                continue
            elif last.may_be(DELETE_IKE) and (why := self._why_ike_ends(last)):
                self._name(last.said, DELETE_IKE, "likely", why, "an error notify, or a DPD that nobody answers")
            elif last.may_be(DELETE_IKE) and last.may_be(DPD) and not self._asked_before(last):
                self._name(last.said, f"{DPD} request or {DELETE_IKE}", "hint", "the last of the SA, not answered")
            elif last.may_be(DELETE_ESP) and self._esp_ends(last.time):
                self._name(last.said, DELETE_ESP, "likely", "the last of the SA, and ESP ends with it", "an error notify")

    def _asked_before(self, last: Informational) -> bool:
        """Whether the same side has asked before without an answer."""
        return any(one.from_initiator == last.from_initiator and one.said is not last.said for one in self._left())

    def _why_ike_ends(self, last: Informational) -> str | None:
        """What makes a delete of it, rather than a DPD that was not answered."""
        if self._asked_before(last):
            return None
        if self.story.replaced_by is not None and last.time > self.story.replaced_by.said[0].frame.time:
            return "the last of the SA, whose place another has taken"
        if self._esp_ends(last.time):
            return "the last of the SA, and ESP ends with it"
        return None

    def _why_no_child(self, last: Informational) -> str | None:
        """One that comes instead of the first Quick Mode, from the side that would have begun it."""
        phase_1 = [said for said in self.every if said.name in ("MM6", "AM3")]
        if phase_1 and last.from_initiator and not self.story.children and 0 <= last.time - phase_1[-1].frame.time <= IN_PLACE:
            return f"in place of a Quick Mode, right after {phase_1[-1].name}"
        return None

    def _esp_ends(self, time: int) -> bool:
        """ESP went both ways until then, and no more afterwards, though the capture goes on."""
        if self.end < time + AT_THE_END:
            return False
        series = [one for pair in self.pairs for one in pair.series]
        both = any(len(pair.series) == 2 for pair in self.pairs)
        return both and any(one.last > time - ALIVE for one in series) and all(one.last <= time + IN_FLIGHT for one in series)

    def _deletes_after_rekeying(self) -> None:
        for one in self._left():
            if not one.may_be(DELETE_ESP):
                continue
            for pair in self.pairs:
                if pair.after is None or pair.after.made is None or not pair.after.made <= one.time <= pair.after.made + AFTER_REKEYING:
                    continue
                if all(series.last <= one.time + IN_FLIGHT for series in pair.series):
                    after = (one.time - pair.after.made) / SECOND
                    self._name(one.said, DELETE_ESP, "likely", f"{after:.1f} s after the rekeying, and the old SA ends", "an error notify")
                    break
