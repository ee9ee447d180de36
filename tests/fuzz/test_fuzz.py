"""The fuzz run, shortened."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import fuzz
import mutate


def test_a_number_is_a_capture() -> None:
    """The same number gives the same octets, another number others: a failure can be repeated."""
    assert mutate.capture(1, 5) == mutate.capture(1, 5)
    assert len({mutate.capture(1, number) for number in range(50)}) > 45


@pytest.mark.slow
def test_mutated_captures(tmp_path: Path) -> None:
    """1,500 mutated captures: no exception but CaptureError, no hang, at most 300 MiB."""
    failures, peak = fuzz.run(1, 1500)
    assert not failures, "\n".join(fuzz.save(1, failure, tmp_path) for failure in failures[:5])
    assert 0 < peak < fuzz.MEMORY_MIB
