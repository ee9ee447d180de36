"""The fuzz run, shortened."""

from __future__ import annotations

import io
import signal
import sys
from pathlib import Path

import pytest

import l2tpscope
from l2tpscope.capture import CaptureError

sys.path.insert(0, str(Path(__file__).parent))

import fuzz
import mutate


def test_a_number_is_a_capture() -> None:
    """The same number gives the same octets, another number others: a failure can be repeated."""
    assert mutate.capture(1, 5) == mutate.capture(1, 5)
    assert len({mutate.capture(1, number) for number in range(50)}) > 45


def test_most_captures_get_past_the_container() -> None:
    """Three quarters of the captures are read, not refused; two in five still show L2TP, and IPsec: the mutations reach every layer."""
    read = with_l2tp = with_ipsec = 0
    for number in range(200):
        try:
            row = l2tpscope.read(io.BytesIO(mutate.capture(2, number))).rows("captures")[0]
        except CaptureError:
            continue
        read += 1
        with_l2tp += row.l2tp2_control_frames + row.l2tp2_data_frames > 0
        with_ipsec += row.ike_frames + row.esp_frames > 0
    assert read >= 150
    assert with_l2tp >= 80
    assert with_ipsec >= 80


def test_a_broken_promise_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception, and a reading that does not end, are failures; a refusal in one line is none."""

    def breaks(_capture: object) -> None:
        raise IndexError("octet 7")

    def hangs(_capture: object) -> None:
        while True:
            pass

    def refuses(_capture: object) -> None:
        raise CaptureError("not a capture")

    monkeypatch.setattr(fuzz, "LIMIT_S", 0.2)
    signal.signal(signal.SIGALRM, fuzz.too_slow)
    for what, told in ((breaks, "IndexError: octet 7"), (hangs, "more than 0.2 s"), (refuses, None)):
        monkeypatch.setattr(l2tpscope, "read", what, raising=False)
        why = fuzz.try_one(b"", 1)
        assert (why is None) if told is None else (why is not None and told in why)


@pytest.mark.slow
def test_mutated_captures(tmp_path: Path) -> None:
    """1,500 mutated captures: no exception but CaptureError, no hang, at most 300 MiB."""
    failures, peak = fuzz.run(1, 1500)
    assert not failures, "\n".join(fuzz.save(1, failure, tmp_path) for failure in failures[:5])
    assert 0 < peak < fuzz.MEMORY_MIB
