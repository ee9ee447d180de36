"""`python -m l2tpscope`, and the script of that name."""

from __future__ import annotations

import os


def main() -> None:
    """Run the command line.

    NumPy's linear algebra is not used, but its pool of threads would be started all the same, and cost 40 ms.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from l2tpscope.cli import run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
