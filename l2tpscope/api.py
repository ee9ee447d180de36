"""The whole path on one page: captures -> frames -> trackers -> trace -> measures -> findings -> report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from l2tpscope.analysis import measure
from l2tpscope.analysis.rows import FindingRow, Measures
from l2tpscope.capture import Batch, CaptureInfo, Source, merged, open_captures
from l2tpscope.capture.live import Interface, Tap, open_tap
from l2tpscope.capture.pace import Pace
from l2tpscope.capture.records import shown
from l2tpscope.frames import Decoder, Frames
from l2tpscope.frames.torn import Torn
from l2tpscope.model.snapshot import snapshot
from l2tpscope.model.tally import CaptureTally
from l2tpscope.model.trace import Trace
from l2tpscope.output import RENDERER
from l2tpscope.output.progress import automatic
from l2tpscope.report import Report
from l2tpscope.track.data import DataTracker
from l2tpscope.track.esp import EspTracker
from l2tpscope.track.icmp import IcmpTracker
from l2tpscope.track.ike import IkeTracker
from l2tpscope.track.inner import InnerTracker
from l2tpscope.track.ip_id import IpIdTracker
from l2tpscope.track.keepalive import KeepaliveTracker
from l2tpscope.track.l2f import L2fTracker
from l2tpscope.track.l2tp import L2tpTracker
from l2tpscope.track.ppp import PppTracker
from l2tpscope.track.tally import Tally
from l2tpscope.track.twin import TwinTracker

if TYPE_CHECKING:
    from l2tpscope.anonymous import Anonymiser

Path = str | os.PathLike[str] | BinaryIO
Progress = Callable[[int, int | None], None]
Watch = Callable[[Batch, Frames], None]
"""Sees each batch and the rows made of it, and keeps no reference to either."""
ANONYMISED = "anonymised: addresses, names, SPIs, cookies, MACs and secrets are replaced, and stand for others"


AGE = 600_000_000_000
"""Nanoseconds of silence after which a capture that goes on lets go of a tunnel, session or SA."""
OFTEN = 10
"""How many times in that span it is looked for what is to be let go."""


class Noting(Protocol):
    """What says what it left out."""

    def notes(self) -> list[str]:
        """A line each."""
        ...


def read(
    paths: Path | Sequence[Path],
    *,
    ports: Iterable[int] = (),
    secret: str | bytes | None = None,
    show_secrets: bool = False,
    inner: bool = True,
    progress: Progress | bool | None = None,
    rows: int | None = None,
    watch: Watch | None = None,
    anonymize: str | None = None,
) -> Report:
    """The report of one capture, or of several merged in the order of time.

    *paths*: files (compressed or not, in any order), `-` for standard input, or binary file objects. *ports*: further UDP
    ports on which L2TP is spoken. *secret*: of the tunnel, to reveal hidden AVPs and check challenge responses.
    *show_secrets*: whether the table `ppp` has passwords, challenges and responses. *inner*: whether to look at what sessions
    in clear carry, beyond PPP's own packets.
    *progress*: called with the octets read so far and those there are; True shows a bar, on a terminal or in a notebook.
    *rows* bounds how many records are taken at a time; it changes nothing in the report. *watch* sees them as they are read.
    *anonymize*: a key file, made if it is not there, or `-` for a key used once: addresses, names, SPIs, cookies, MACs and secrets
    are replaced before anything else sees them; not together with a secret, whose responses would be others (ValueError).
    *Raises*: CaptureError, one line, for what cannot be read at all.
    """
    several: list[Path] = list(paths) if isinstance(paths, (list, tuple)) else [cast(Path, paths)]
    sources = open_captures(several, rows=rows)
    pipeline = Pipeline(ports=ports, secret=secret, show_secrets=show_secrets, inner=inner, anonymize=anonymize)
    interrupted = False
    with automatic() if progress is True else nullcontext(progress or None) as bar:
        try:
            for batch in merged(sources):
                frames = pipeline.feed(batch)
                if watch is not None and frames is not None:
                    watch(batch, frames)
                if bar is not None:
                    bar(*_position(sources))
        except KeyboardInterrupt:
            interrupted = True
    return pipeline.report([source.info for source in sources], interrupted=interrupted)


def watch(
    source: Path | Interface | Tap,
    *,
    interval_s: float = 1.0,
    duration_s: float | None = None,
    save: str | os.PathLike[str] | None = None,
    ports: Iterable[int] = (),
    secret: str | bytes | None = None,
    show_secrets: bool = False,
    inner: bool = True,
    anonymize: str | None = None,
) -> Iterator[Report]:
    """Reports of a capture while it is made: one every *interval_s*, and the last one when it ends.

    *source*: `-` for standard input, a path (of a pipe), a binary file object, or `Interface("eth0", "udp port 1701")`, which takes
    dumpcap. *duration_s*: end it then. *save*: keep the packets in this file. The rest is as in `read`. A report takes time, so they
    come less often where they would take more than a fifth of one processor.
    *Raises*: CaptureError, one line, for what cannot be captured or read at all.
    """
    tap = source if isinstance(source, Tap) else open_tap(source, save)
    pipeline = Pipeline(ports=ports, secret=secret, show_secrets=show_secrets, inner=inner, anonymize=anonymize)
    try:
        capture = tap.open()
        pace, aged = Pace(interval_s, duration_s), Age()
        for batch in tap.batches(capture, pace):
            if len(batch):
                pipeline.feed(batch)
                if (before := aged.due(capture.info.last_time)) is not None:
                    pipeline.age(before)
            if pace.over():
                tap.stop()
            elif pace.due():
                pace.begin()
                yield pipeline.snapshot([capture.info], pace.now(capture.info.last_time))
                pace.end()
        yield pipeline.report([capture.info])
    finally:
        tap.close()


class Pipeline:
    """Everything that follows captures: batches in, a report at any time; what follows is not disturbed by it."""

    def __init__(
        self,
        *,
        ports: Iterable[int] = (),
        secret: str | bytes | None = None,
        show_secrets: bool = False,
        inner: bool = True,
        anonymize: str | None = None,
    ) -> None:
        self._secret = secret.encode() if isinstance(secret, str) else secret
        further = tuple(ports)
        self._show_secrets = show_secrets
        self._options = {"ports": sorted(set(further)), "secret": secret is not None, "show_secrets": show_secrets, "inner": inner}
        self._anonymiser = _anonymiser(anonymize, secret) if anonymize is not None else None
        if self._anonymiser is not None:
            self._options["anonymised"] = True
        self._decoder, self._tally = Decoder(further), Tally()
        self._l2tp, self._data, self._ip_ids = L2tpTracker(self._secret), DataTracker(), IpIdTracker()
        self._inner = InnerTracker() if inner else None
        self._ike, self._esp, self._twins, self._keepalives = IkeTracker(), EspTracker(), TwinTracker(), KeepaliveTracker()
        self._ppp, self._l2f, self._icmp = PppTracker(), L2fTracker(), IcmpTracker()

    def feed(self, batch: Batch) -> Frames | None:
        """Take records, in the order in which they are to be read; the rows made of them."""
        if not len(batch):
            return None
        frames = self._decoder.decode(batch)
        if self._anonymiser is not None:
            self._anonymiser(frames)
        self._tally.feed(frames, int(batch.capture[0]))
        rows, series = self._data.feed(frames, self._l2tp.feed(frames))
        self._ip_ids.feed(frames, rows, series)
        if self._inner is not None:
            self._inner.feed(frames, rows, series)
        for tracker in (self._ppp, self._l2f, self._ike, self._esp, self._twins, self._keepalives, self._icmp):
            tracker.feed(frames)
        return frames

    def age(self, before: int) -> None:
        """Let go of what was closed or silent since the instant *before*; it is counted, and `notes` tell of it.

        What else is bounded, and would follow nothing new when it is full, begins anew: contents of sessions, counters in IP ids, L2F.
        """
        self._l2tp.age(before, self._data.heard(before))
        sessions = self._l2tp.sessions() | self._data.sessions(before)
        renumbered = self._data.age(before, sessions)
        self._ppp.age(before, sessions)
        busy = self._ike.heard(before) | self._esp.heard(before) | self._keepalives.heard(before)
        self._esp.age(before, busy)
        self._ike.age(before, busy)
        self._keepalives.age(before)
        self._icmp.age(before)
        self._decoder.age(before)
        if renumbered or self._ip_ids.crowded:
            self._ip_ids = IpIdTracker()
        if self._inner is not None and (renumbered or self._inner.crowded):
            self._inner = InnerTracker()
        if self._l2f.crowded:
            self._l2f = L2fTracker()
        if self._twins.crowded:
            self._twins = TwinTracker()

    def trace(self, infos: Sequence[CaptureInfo], now: int | None = None) -> Trace:
        """What was seen, as of the instant *now*, by default that of the last frame; it shares with the trackers what they go on with."""
        begin, end = _span(infos)
        if self._anonymiser is not None:
            infos = [_nameless(info) for info in infos]
        end = end if now is None else max(now, end)
        return Trace(
            captures=[(info, self._tally.captures.get(info.capture, CaptureTally())) for info in infos],
            halves=self._l2tp.halves,
            series=self._data.finish(end),
            ip_ids=self._ip_ids.finish(end),
            bins=self._data.bins.result(),
            bin_width=self._data.bins.width,
            missed=self._data.missed(end),
            begin=begin,
            end=end,
            secret=self._secret,
            show_secrets=self._show_secrets,
            refusals=self._icmp.finish(),
            torn=[self._anonymised(one) for one in self._decoder.torn(end)],
            flood=self._l2tp.flood,
            ike_sas=self._ike.sas,
            ike_flood=self._ike.flood,
            esp=self._esp.finish(end),
            esp_bins=self._esp.bins.result(),
            esp_bin_width=self._esp.bins.width,
            esp_missed=self._esp.missed(end),
            keepalives=self._keepalives.finish(),
            ppp=self._ppp.seen,
            l2f=self._l2f.finish(end),
            inner=self._inner.finish() if self._inner is not None else None,
            twins=self._twins.finish(),
            notes=self._notes(),
        )

    def report(self, infos: Sequence[CaptureInfo], *, interrupted: bool = False) -> Report:
        """The report, when everything was fed."""
        return self._reported(self.trace(infos), interrupted=interrupted)

    def snapshot(self, infos: Sequence[CaptureInfo], now: int | None = None) -> Report:
        """The report of what was fed so far, which stays what it is whatever is fed afterwards."""
        return self._reported(snapshot(self.trace(infos, now)))

    def _reported(self, trace: Trace, *, interrupted: bool = False) -> Report:
        measures = measure(trace)
        measures.findings = partial(_find, trace, measures)
        return Report(measures=measures, options=self._options, notes=measures.notes, interrupted=interrupted, renderer=RENDERER)

    def _anonymised(self, torn: Torn) -> Torn:
        """Datagrams that became no row, and were not rewritten with the rows."""
        if self._anonymiser is None:
            return torn
        return replace(torn, sender=self._anonymiser.endpoint(torn.sender), receiver=self._anonymiser.endpoint(torn.receiver))

    def _notes(self) -> list[str]:
        noting: list[Noting] = [self._decoder, self._l2tp, self._data, self._ip_ids, self._ike, self._esp, self._keepalives]
        noting += [self._ppp, self._l2f]
        if self._inner is not None:
            noting.append(self._inner)
        anonymised = [ANONYMISED] if self._anonymiser is not None else []
        return [*anonymised, *self._aged(), *(note for one in noting for note in one.notes())]

    def _aged(self) -> list[str]:
        """What `age` let go, a line or none."""
        series, packets = self._data.let_go()
        gone = ((self._l2tp.let_go, "tunnels"), (series, f"series of data ({packets} packets)"), (self._ike.let_go, "IKE SAs"))
        said = ", ".join(f"{count} {what}" for count, what in (*gone, (self._esp.let_go, "ESP SAs")) if count)
        return [f"let go, because they had ended or were silent for {AGE // 60_000_000_000} minutes: {said}"] if said else []


def _anonymiser(key_file: str, secret: str | bytes | None) -> Anonymiser:
    """What rewrites batches. *Raises*: ValueError, one line: a bad key file, no cipher, or a secret."""
    if secret is not None:
        raise ValueError("a secret and anonymised packets do not go together: their challenges and responses are others")
    from l2tpscope.anonymous import Anonymiser, read_key  # noqa: PLC0415 - needs an extra

    return Anonymiser(read_key(key_file))


def _nameless(info: CaptureInfo) -> CaptureInfo:
    """A capture without its path, which what is wrong with the file begins with too."""
    name, problem = f"capture-{info.capture}", info.problem
    if problem is not None:
        problem = f"{name}: {problem.removeprefix(shown(info.path) + ': ')}"
    return replace(info, path=name, problem=problem)


class Age:
    """When it is time to let go of what is old, by the clock of the capture."""

    def __init__(self) -> None:
        self._next: int | None = None

    def due(self, now: int | None) -> int | None:
        """The instant since which something must have been heard; None: not now."""
        if now is None or (self._next is not None and now < self._next):
            return None
        first, self._next = self._next is None, now + AGE // OFTEN
        return None if first else now - AGE


def _find(trace: Trace, measures: Measures) -> list[FindingRow]:
    """What is wrong, when it is first asked for: a table alone does not wait for the rules."""
    from l2tpscope.findings import find  # noqa: PLC0415

    return find(trace, measures)


def _span(infos: Iterable[CaptureInfo]) -> tuple[int, int]:
    first = [info.first_time for info in infos if info.first_time is not None]
    last = [info.last_time for info in infos if info.last_time is not None]
    return min(first, default=0), max(last, default=0)


def _position(sources: Sequence[Source]) -> tuple[int, int | None]:
    """Octets of all files read so far, and of all."""
    read_so_far, size = 0, 0
    known = True
    for source in sources:
        consumed, total = source.position()
        read_so_far += consumed
        known = known and total is not None
        size += total or 0
    return read_so_far, size if known else None
