"""`python -m l2tpscope`, and the script of that name."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from l2tpscope.cli import run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
