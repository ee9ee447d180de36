"""`python -m l2tpscope`, and the script of that name."""

from __future__ import annotations

import ctypes
import gc
import os

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
KEPT_OCTETS = 32 << 20
"""Larger than any column of a batch."""


def main() -> None:
    """Run the command line.

    NumPy's linear algebra is not used, but its pool of threads would be started all the same, and cost 40 ms.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(100_000, 20, 20)  # what is made here mostly stays: looking for garbage less often saves a tenth of the start
    _keep_memory()
    from l2tpscope.cli import run  # noqa: PLC0415

    run()


def _keep_memory() -> None:
    """Let the C library keep what columns gave back: to ask the system for it again for each one takes a twentieth of the time.

    *Source*: mallopt(3); where one of the three is set, the library no longer finds the others by itself.
    """
    try:
        for name, octets in ((MMAP_THRESHOLD, KEPT_OCTETS), (TRIM_THRESHOLD, 2 * KEPT_OCTETS), (TOP_PAD, KEPT_OCTETS // 2)):
            ctypes.CDLL(None).mallopt(name, octets)
    except (OSError, TypeError, AttributeError):  # not glibc
        return


if __name__ == "__main__":
    main()
