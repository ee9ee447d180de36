"""`python -m l2tpscope`, and the script of that name."""

from __future__ import annotations

import gc
import os


def main() -> None:
    """Run the command line.

    NumPy's linear algebra is not used, but its pool of threads would be started all the same, and cost 40 ms.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(100_000, 20, 20)  # what is made here mostly stays: looking for garbage less often saves a tenth of the start
    from l2tpscope.cli import run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
