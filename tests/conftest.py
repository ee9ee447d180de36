"""What every test may use: where the shared captures are, and skipping where they, or tshark, are absent."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
"""How long one example takes says more of the machine than of the program."""

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
SAMPLES = ROOT / "samples"


def chromium() -> str | None:
    """Where the browser is: the system's, else the one that `playwright install chromium` fetched; None without."""
    if not (find_spec("playwright") and find_spec("axe_playwright_python")):
        return None
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    caches = sorted(Path.home().glob(".cache/ms-playwright/chromium-*/chrome-linux*/chrome"))
    return found or (str(caches[-1]) if caches else None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, that no process is left alone with one at the end; skip, with a reason, what is not possible here."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
    absent = {
        "shared": None if SHARED.is_dir() else "the shared captures are not beside this checkout",
        "tshark": None if shutil.which("tshark") else "tshark is not installed",
        "browser": None if chromium() else "no Chromium is installed, or the packages playwright and axe-playwright-python are not",
    }
    for item in items:
        for marker, reason in absent.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared captures; tests that use it carry the marker `shared`."""
    return SHARED


@pytest.fixture(scope="session")
def samples() -> Path:
    """The bundled samples."""
    return SAMPLES
