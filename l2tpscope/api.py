"""The whole path on one page: captures -> frames -> trackers -> trace -> measures -> findings -> report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import BinaryIO, cast

from l2tpscope.analysis import measure
from l2tpscope.analysis.rows import FindingRow, Measures
from l2tpscope.capture import CaptureInfo, Source, merged, open_captures
from l2tpscope.frames import Decoder
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

Path = str | os.PathLike[str] | BinaryIO
Progress = Callable[[int, int | None], None]


def read(
    paths: Path | Sequence[Path],
    *,
    ports: Iterable[int] = (),
    secret: str | bytes | None = None,
    show_secrets: bool = False,
    inner: bool = True,
    progress: Progress | bool | None = None,
    rows: int | None = None,
) -> Report:
    """The report of one capture, or of several merged in the order of time.

    *paths*: files (compressed or not, in any order), `-` for standard input, or binary file objects. *ports*: further UDP
    ports on which L2TP is spoken. *secret*: of the tunnel, to reveal hidden AVPs and check challenge responses.
    *show_secrets*: whether the table `ppp` has passwords, challenges and responses. *inner*: whether to look at what sessions
    in clear carry, beyond PPP's own packets.
    *progress*: called with the octets read so far and those there are; True shows a bar, on a terminal or in a notebook.
    *rows* bounds how many records are taken at a time; it changes nothing in the report.
    *Raises*: CaptureError, one line, for what cannot be read at all.
    """
    several: list[Path] = list(paths) if isinstance(paths, (list, tuple)) else [cast(Path, paths)]
    sources = open_captures(several, rows=rows)
    key = secret.encode() if isinstance(secret, str) else secret
    further = tuple(ports)
    with automatic() if progress is True else nullcontext(progress or None) as bar:
        trace, interrupted = _follow(sources, further, key, bar, inner=inner)
    trace.show_secrets = show_secrets
    options = {"ports": sorted(set(further)), "secret": key is not None, "show_secrets": show_secrets, "inner": inner}
    measures = measure(trace)
    measures.findings = partial(_find, trace, measures)
    return Report(measures=measures, options=options, notes=measures.notes, interrupted=interrupted, renderer=RENDERER)


def _follow(
    sources: Sequence[Source], ports: Iterable[int], secret: bytes | None, progress: Progress | None, *, inner: bool
) -> tuple[Trace, bool]:
    """Read everything once; on an interrupt, what was read so far."""
    decoder, l2tp, data, icmp, tally = Decoder(ports), L2tpTracker(secret), DataTracker(), IcmpTracker(), Tally()
    ike, esp, twins, keepalives, ppp = IkeTracker(), EspTracker(), TwinTracker(), KeepaliveTracker(), PppTracker()
    ip_ids, l2f, inside = IpIdTracker(), L2fTracker(), InnerTracker() if inner else None
    interrupted = False
    try:
        for batch in merged(sources):
            if not len(batch):
                continue
            frames = decoder.decode(batch)
            tally.feed(frames, int(batch.capture[0]))
            rows, series = data.feed(frames, l2tp.feed(frames))
            ip_ids.feed(frames, rows, series)
            if inside is not None:
                inside.feed(frames, rows, series)
            for tracker in (ppp, l2f, ike, esp, twins, keepalives, icmp):
                tracker.feed(frames)
            if progress is not None:
                progress(*_position(sources))
    except KeyboardInterrupt:
        interrupted = True
    infos = [source.info for source in sources]
    begin, end = _span(infos)
    trace = Trace(
        captures=[(info, tally.captures.get(info.capture, CaptureTally())) for info in infos],
        halves=l2tp.halves,
        series=data.finish(end),
        ip_ids=ip_ids.finish(end),
        bins=data.bins.result(),
        bin_width=data.bins.width,
        begin=begin,
        end=end,
        secret=secret,
        refusals=icmp.finish(),
        flood=l2tp.flood,
        ike_sas=ike.sas,
        ike_flood=ike.flood,
        esp=esp.finish(end),
        esp_bins=esp.bins.result(),
        esp_bin_width=esp.bins.width,
        keepalives=keepalives.finish(),
        ppp=ppp.seen,
        l2f=l2f.finish(end),
        inner=inside.finish() if inside is not None else None,
        twins=twins.finish(),
        notes=[
            note
            for tracker in (decoder, l2tp, data, ip_ids, ike, esp, keepalives, ppp, l2f, *((inside,) if inside is not None else ()))
            for note in tracker.notes()
        ],
    )
    return trace, interrupted


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
