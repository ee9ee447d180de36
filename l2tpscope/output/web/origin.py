"""origin: by which octets a report was made: the SHA-256 of each capture file as it lies, compressed or not."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable


def digests(paths: Iterable[str]) -> dict[str, str | None]:
    """Per path the digest in hex; None for what is no regular file, or can no longer be read: a stream passes only once."""
    return {path: _digest(path) for path in paths}


def _digest(path: str) -> str | None:
    try:
        if path == "-" or not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
