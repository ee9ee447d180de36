"""Every capture of the public collection is read as capinfos reads it: count, first and last time, or the refusal."""

from __future__ import annotations

import re
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from l2tpscope.capture import CaptureError, CaptureInfo, open_capture

pytestmark = [pytest.mark.shared, pytest.mark.tshark]

PUBLIC = Path(__file__).resolve().parents[2].parent / "shared" / "captures" / "public"
FILES = sorted(path for path in PUBLIC.glob("c*") if path.is_file()) if PUBLIC.is_dir() else []

REFUSED = {
    "c122": "pppd log: capinfos reads it; it is no capture of frames on a link, and none that L2TP travels on",
    "c124": "NetMon 2.x: capinfos reads it; editcap converts it",
    "c216": "Sun snoop: capinfos reads it; editcap converts it",
    "c185": "pcapng draft of version 256.0: capinfos refuses it too",
}
"""What is refused here, and why."""

TIMES_DIFFER = {
    "c166": (
        "1418145369.999999999",
        "1418145372.147483648",
        "a fraction of 2^31 ns, which capinfos holds in a signed int",
    ),
    "c212": ("0", "4294901760.000128", "capinfos compares differences of seconds as an int: 4294901760 before 0"),
    "c217": ("-505.425287", "2894531997.938836488", "stamps before 1970 are signed; differences as above"),
}
"""Where capinfos' first and last time are wrong: ours, and why. tshark prints the same times for the single frames."""


class Told(NamedTuple):
    """What capinfos tells of a file."""

    frames: int
    first: str
    last: str
    undated: bool
    complaint: str


def capinfos(path: Path) -> Told | None:
    """What capinfos tells; None where it refuses the file."""
    told = subprocess.run(["capinfos", "-T", "-M", "-r", "-c", "-a", "-e", "-S", str(path)], capture_output=True, text=True, check=False)
    fields = told.stdout.strip().split("\t")
    if len(fields) != 4:
        return None
    return Told(int(fields[1]), fields[2], fields[3], "n/a" in fields[2], told.stderr)


def ours(path: Path) -> CaptureInfo:
    """What is known of a file once it was read."""
    source = open_capture(path)
    assert sum(len(batch) for batch in source.batches()) == source.info.frames
    return source.info


def seconds(time: int | None) -> Decimal:
    """Nanoseconds as capinfos prints them."""
    assert time is not None
    return Decimal(time).scaleb(-9)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_as_capinfos(path: Path) -> None:
    """Frames, first and last time are those of capinfos, to the nanosecond; what it complains of, so do we."""
    key = path.name[:4]
    told = capinfos(path)
    if key in REFUSED:
        with pytest.raises(CaptureError):
            open_capture(path)
        assert (told is None) == ("refuses" in REFUSED[key])
        return
    info = ours(path)
    assert told is not None
    assert info.frames == told.frames
    assert bool(told.complaint) == bool(info.problem)
    assert ("cut short" in told.complaint) == info.truncated_file
    if key in TIMES_DIFFER:
        first, last, _ = TIMES_DIFFER[key]
        assert (seconds(info.first_time), seconds(info.last_time)) == (Decimal(first), Decimal(last))
        assert (first, last) != (told.first, told.last)
    elif told.undated:  # capinfos gives no time at all where one frame has none
        assert info.undated_frames or not info.frames
    else:
        assert (seconds(info.first_time), seconds(info.last_time)) == (Decimal(told.first), Decimal(told.last))


def frame_times(path: Path) -> dict[int, str]:
    """Time of each frame by tshark, which prints none for frames without."""
    fields = ["-T", "fields", "-e", "frame.number", "-e", "frame.time_epoch"]
    told = subprocess.run(["tshark", "-n", "-r", str(path), *fields], capture_output=True, text=True, check=False)
    return {int(number): time for number, time in (line.split("\t") for line in told.stdout.splitlines()) if time}


SINGLE = ("c169", "c170", "c171", "c173", "c174", "c175", "c180", "c181", "c182", "c187", "c153", "c222", "c212", "c217")


@pytest.mark.parametrize("path", [path for path in FILES if path.name[:4] in SINGLE], ids=lambda path: path.name)
def test_as_tshark(path: Path) -> None:
    """Number and time of each single frame are tshark's, also where capinfos' first and last time are wrong."""
    times = frame_times(path)
    source = open_capture(path)
    for batch in source.batches():
        for frame, time in zip(batch.frame.tolist(), batch.time.tolist(), strict=True):
            if frame in times and not times[frame].startswith("18446744073"):  # before 1970, printed unsigned
                assert seconds(time) == Decimal(times[frame])
                del times[frame]
    assert all(time.startswith("18446744073") for time in times.values())


def test_collection_is_whole() -> None:
    """All files of the inventory are there, and the exceptions name files of it."""
    listed = {line.split("\t", 1)[0] for line in (PUBLIC / "inventory.tsv").read_text().splitlines()[1:]}
    assert listed == {path.name[:4] for path in FILES}
    assert set(REFUSED) | set(TIMES_DIFFER) | set(SINGLE) <= listed
    assert all(re.fullmatch(r"c\d{3}__.+", path.name) for path in FILES)
