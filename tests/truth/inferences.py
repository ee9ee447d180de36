"""How often each inference from ciphertext was right, wrong or withheld, over all laboratory captures with IPsec.

    python tests/truth/inferences.py

*Right* and *wrong*: rows against what the daemons wrote down (`ciphertext_logs.py`) and netem was told. *Withheld*: what could have been
told, and was not; an unspecific answer ("DPD request or answer") counts as right if the truth is among its names.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import delays
import lab
import numpy as np
from ciphertext_logs import Inside, inside
from conversations import INITIATOR, RESPONDER

from l2tpscope.analysis.encrypted import Inferred, Numbers, infer
from l2tpscope.analysis.esp_pairs import Joined, join
from l2tpscope.analysis.ike_follow import follow
from l2tpscope.analysis.ike_outcome import relate
from l2tpscope.analysis.ike_story import IkeStory
from l2tpscope.analysis.rows import InferenceRow, Stage
from l2tpscope.analysis.vpns import STAGES
from l2tpscope.capture import merged, open_captures
from l2tpscope.frames import Decoder, Frames, Kind
from l2tpscope.track.esp import EspTracker
from l2tpscope.track.ike import IkeTracker
from l2tpscope.track.keepalive import KeepaliveTracker

POINTS = ("client", "nat_outside", "wan", "server")
HEARTBEAT_S, HEARTBEAT_SHARE = 0.001, 0.05
"""How far the smallest sample of a side may lie from the delay that was set."""
PERIOD_SHARE = 0.02
MEANING = {
    "HASH N(DPD)": "DPD request",
    "HASH N(DPD_ACK)": "DPD answer",
    "HASH D ESP CHILD_SA": "delete of an ESP SA",
    "HASH D IKE_SA": "delete of the IKE SA",
    "D ESP CHILD_SA": "delete of an ESP SA",
    "D IKE_SA": "delete of the IKE SA",
    "": "liveness check (empty)",
    "HASH": "QM3: HASH alone",
    "ID HASH": "identity and HASH",
    "ID HASH N(INITIAL_CONTACT)": "identity, HASH and INITIAL_CONTACT",
}
"""Payloads as charon writes them, and the class."""


@dataclass(slots=True)
class Score:
    """Of one inference."""

    right: int = 0
    wrong: int = 0
    withheld: int = 0
    grades: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """By grade and whether it was right."""
    mistakes: list[str] = field(default_factory=list)

    def take(self, right: bool, grade: str, what: str) -> None:
        """One verdict."""
        self.grades[grade, right] += 1
        self.right += right
        self.wrong += not right
        if not right:
            self.mistakes.append(f"{what} ({grade})")


@dataclass(slots=True)
class Concluded:
    """What the program makes of one capture."""

    inferred: Inferred
    joined: Joined
    stories: list[IkeStory]


@cache
def concluded(path: Path, cut: str = "") -> Concluded:
    """All inferences of one capture, by the same path as the program's; *cut*: what is taken away of it before."""
    decoder, ike, esp, alive = Decoder(()), IkeTracker(), EspTracker(), KeepaliveTracker()
    begin, end = 0, 0
    for batch in merged(open_captures([str(path)])):
        if not len(batch):
            continue
        frames = decoder.decode(batch)
        begin, end = begin or int(batch.time.min()), max(end, int(batch.time.max()))
        _take_away(frames, cut, begin)
        for tracker in (ike, esp, alive):
            tracker.feed(frames)
    stories = [follow(sa, number) for number, sa in enumerate(ike.sas, 1)]
    relate(stories)
    joined = join(esp.finish(end), stories)
    numbers = Numbers({one.number: one.number for pair in joined.pairs for one in pair.series})
    ike_of = {number: story.number for number, story in joined.story_of.items()}
    known = {story.number: story for story in stories}
    return Concluded(infer(joined.pairs, known, ike_of, (begin, end), alive.finish(), numbers=numbers), joined, stories)


CUTS = ("IKE", "one direction", "all after 25 s", "3 % of all frames")
"""What may be taken away of a capture: nothing that is concluded from the rest may be wrong."""


def _take_away(frames: Frames, cut: str, begin: int) -> None:
    """Make those rows something that is not read."""
    if cut == "IKE":
        gone = frames.kind == Kind.IKE
    elif cut == "one direction":
        gone = frames.source < frames.destination
    elif cut == "all after 25 s":
        gone = frames.time > begin + 25_000_000_000
    elif cut == "3 % of all frames":
        gone = np.random.default_rng(1).random(len(frames)) < 0.03
    else:
        return
    frames.kind[gone] = Kind.OTHER


def captures() -> list[tuple[str, str]]:
    """Scenario and capture point of all that have IPsec."""
    scenarios = sorted(path.parent.parent.name for path in lab.LAB.glob("*/logs/ipsec-cl.conf"))
    return [(scenario, point) for scenario in scenarios for point in POINTS if (lab.LAB / scenario / f"{point}.pcap").exists()]


def score_all(cut: str = "") -> dict[str, Score]:
    """By inference, over all captures, of which *cut* is taken away."""
    scores: dict[str, Score] = defaultdict(Score)
    for scenario, point in captures():
        found, truth = concluded(lab.LAB / scenario / f"{point}.pcap", cut), inside(lab.LAB / scenario)
        where = f"{scenario}/{point}" + (f" without {cut}" if cut else "")
        _messages(found, truth, where, scores["ike-message"])
        _ciphers(found, truth, where, scores["cipher"])
        _mismatch(found, scenario, where, scores["icv-mismatch"])
        _stages(found, truth, where, scores["stage"])
        _heartbeats(found, truth, where, scores["heartbeat"])
        _round_trips(found, scenario, point, scores["heartbeat round trip"], "esp-heartbeat", exact=not cut)
        _round_trips(found, scenario, point, scores["dpd round trip"], "dpd", exact=False)
        _mtus(found, truth, where, scores["mtu"])
        _rekeyings(found, where, scores["rekey"])
        _keepalives(found, truth, where, scores["keepalive"])
        _padding(found, where, scores["padding"])
    return scores


def rows_of(found: Concluded, inference: str) -> list[InferenceRow]:
    """Those of one inference."""
    return [row for row in found.inferred.rows if row.inference == inference]


# ---- IKE -------------------------------------------------------------------------------------------------------------


def _truth_of(story: IkeStory, name: str, message_id: int, truth: Inside) -> str | None:
    """The class of a message by its payloads; None where no log has it, or it is not told apart by these."""
    exchange, kind = "INFORMATIONAL_V1", "request"
    if story.version == 2 and not name.startswith("INFORMATIONAL"):
        return None
    if story.version == 2:
        exchange, kind = "INFORMATIONAL", name.rsplit(maxsplit=1)[-1]
    elif name in ("MM5", "MM6"):
        exchange, kind = "ID_PROT", "request" if name == "MM5" else "response"
    elif name.startswith("QM"):
        exchange, kind = "QUICK_MODE", "response" if name == "QM2" else "request"
    known = truth.payloads.get((exchange, kind, message_id), [])
    if name in ("MM5", "MM6"):
        known = [payloads for payloads in known if payloads.startswith("ID")]
    if name.startswith("QM"):
        known = [payloads for payloads in known if (payloads == "HASH") == (name == "QM3")]
    if len(known) != 1:
        return None
    if name == "QM2":
        return "QM2: with KE" if " KE " in f" {known[0]} " else "QM2: without KE"
    if known[0] in MEANING:
        return MEANING[known[0]]
    return "error notify" if re.fullmatch(r"(HASH )?N\((?!DPD)\w+\)", known[0]) and story.version == 1 else known[0]


def _messages(found: Concluded, truth: Inside, where: str, score: Score) -> None:
    told = {id(one.said): one for one in found.inferred.messages}
    for story in found.stories:
        for said in story.said:
            if said.fit == "retransmission" or not said.frame.message.encrypted:
                continue
            one = told.get(id(said))
            meant = _truth_of(story, said.name, said.frame.message.message_id, truth)
            if one is not None and meant is not None:
                score.take(_agrees(one.value, meant), one.grade, f"{where} frame {said.frame.frame}: {one.value}, is {meant}")
            elif one is None and meant in {*MEANING.values(), "error notify"}:
                score.withheld += 1


def _agrees(value: str, meant: str) -> bool:
    if value == "DPD request, unanswered":
        return meant == "DPD request"
    if value == "DPD request or delete of the IKE SA":
        return meant in ("DPD request", "delete of the IKE SA")
    if value == "DPD request or answer":
        return meant in ("DPD request", "DPD answer")
    return value.removeprefix("MM5: ").removeprefix("MM6: ") == meant or value.startswith((meant + ":", meant + ","))


# ---- ESP -------------------------------------------------------------------------------------------------------------


def _ciphers(found: Concluded, truth: Inside, where: str, score: Score) -> None:
    grades = {row.subject: row.grade for row in rows_of(found, "cipher")}
    for pair in found.joined.pairs:
        first = pair.series[0].number
        for one in pair.series:
            told, meant = found.inferred.cipher.get(one.number), truth.ciphers.get(f"0x{one.spi:08x}")
            if meant is None:
                continue
            if told is None:
                score.withheld += 1
            else:
                score.take(told[0] == meant[0] and told[1] in (meant[1], None), grades[f"esp_sa {first}"], f"{where}: {told}, is {meant}")


def _mismatch(found: Concluded, scenario: str, where: str, score: Score) -> None:
    meant = "esp_icv" in json.loads((lab.LAB / scenario / "truth.json").read_text())["config"]
    rows = rows_of(found, "icv-mismatch")
    for row in rows:
        score.take(meant, row.grade, f"{where}: {row.value}")
    score.withheld += meant and not rows


def _stages(found: Concluded, truth: Inside, where: str, score: Score) -> None:
    for pair in found.joined.pairs:
        if pair.before is not None:
            continue
        told: tuple[Stage, str] | None = found.inferred.stage.get(pair.number)
        if told is None or STAGES.index(told[0]) < STAGES.index(truth.reached):
            score.withheld += 1
            continue
        score.take(told[0] == truth.reached, told[1], f"{where}: {told[0]}, is {truth.reached}")


def _heartbeats(found: Concluded, truth: Inside, where: str, score: Score) -> None:
    told: Counter[bool] = Counter()
    for row in rows_of(found, "heartbeat"):
        side = "of the initiator" in row.value
        told[side] += 1
        match = re.search(r"every ([\d.]+) s", row.value)
        assert match is not None
        period = float(match[1])
        right = any(abs(period - set_period) <= PERIOD_SHARE * set_period + 0.05 for set_period in truth.periods[side])
        score.take(right and told[side] <= len(truth.periods[side]), row.grade, f"{where}: {row.value}, is {truth.periods[side]}")
    if found.joined.pairs and truth.reached in ("traffic", "l2tp-session"):
        score.withheld += sum(max(0, len(truth.periods[side]) - told[side]) for side in (True, False))


def _round_trips(found: Concluded, scenario: str, point: str, score: Score, kind: str, *, exact: bool) -> None:
    """The smallest of each side; without *exact* only that it is not too short: DPD waits for a daemon, and few samples for luck."""
    netem = json.loads((lab.LAB / scenario / "truth.json").read_text())["config"]["netem"]
    for side, name in (("initiator", INITIATOR), ("responder", RESPONDER)):
        trips = [row.rtt_s for row in found.inferred.rtt if row.kind == kind and row.side == side]
        if not trips:
            score.withheld += bool(found.joined.pairs)
            continue
        delay, least = delays.set_delay(netem, point, name).delay_s, min(trips)
        allowed = max(HEARTBEAT_S, HEARTBEAT_SHARE * delay)
        right = abs(least - delay) <= allowed if exact else least >= delay - HEARTBEAT_S
        score.take(right, "likely", f"{scenario}/{point}: {least * 1e3:.2f} ms to the {side}, set {delay * 1e3:.0f} ms")


def _mtus(found: Concluded, truth: Inside, where: str, score: Score) -> None:
    rows = rows_of(found, "mtu")
    for row in rows:
        low, high = (int(word) for word in re.findall(r"\d+", row.value)[:2])
        score.take(truth.mtu is not None and low <= truth.mtu <= high, row.grade, f"{where}: {row.value}, is {truth.mtu}")
    score.withheld += truth.mtu is not None and bool(found.joined.pairs) and not rows


def _rekeyings(found: Concluded, where: str, score: Score) -> None:
    """Every rekeying of the laboratory worked."""
    for row in rows_of(found, "rekey"):
        score.take(not row.value.startswith("failed"), row.grade, f"{where}: {row.value}")


def _keepalives(found: Concluded, truth: Inside, where: str, score: Score) -> None:
    rows = rows_of(found, "keepalive")
    for row in rows:
        match = re.search(r"every ([\d.]+) s", row.value)
        right = (
            match is not None and truth.keep_alive_s is not None and abs(float(match[1]) - truth.keep_alive_s) <= 0.1 * truth.keep_alive_s
        )
        score.take(right, row.grade, f"{where}: {row.value}, is {truth.keep_alive_s}")


def _padding(found: Concluded, where: str, score: Score) -> None:
    """Nothing was padded."""
    for row in rows_of(found, "padding"):
        score.take(right=False, grade=row.grade, what=f"{where}: {row.value}")


def main() -> None:
    """Print the table, and what was wrong."""
    scores = score_all()
    print(f"{len(captures())} captures")
    print(f"{'inference':<22}{'right':>7}{'wrong':>7}{'withheld':>10}   by grade: right/wrong")
    for name, score in scores.items():
        grades = ", ".join(
            f"{grade} {score.grades[grade, True]}/{score.grades[grade, False]}"
            for grade in ("certain", "likely", "hint")
            if score.grades[grade, True] + score.grades[grade, False]
        )
        print(f"{name:<22}{score.right:>7}{score.wrong:>7}{score.withheld:>10}   {grades}")
    for name, score in scores.items():
        for mistake in score.mistakes:
            print(f"wrong {name}: {mistake}")


if __name__ == "__main__":
    main()
