"""The notebooks run from a fresh kernel as they stand, and are stored without output."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PICTURES = {"01_read_and_look": 3, "02_rtt_and_loss": 4, "03_ipsec": 5}
SAYS = {
    "01_read_and_look": ("never acknowledged", "L2S106 certain"),
    "02_rtt_and_loss": ("end to end, there and back: 80", "no sequence numbers (S bit not set)"),
    "03_ipsec": ("MM5", "L2S405", "L2S505", "block 16 octets"),
}
"""What must be in the output: what the text around it claims."""


def test_there_are_three() -> None:
    """Each of the three is there."""
    assert [path.stem for path in NOTEBOOKS] == list(PICTURES)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_of_a_run_is_stored(path: Path) -> None:
    """A notebook has no output, no counts, and names samples that are there."""
    text = path.read_text(encoding="utf-8")
    for cell in json.loads(text)["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    samples = set(re.findall(r"samples/[\w.]+\w", text))
    assert samples
    assert all((ROOT / name).exists() for name in samples)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path) -> None:
    """Every cell runs, nothing is said on standard error, every picture is shown, and the output has what the text claims."""
    pytest.importorskip("ipykernel", reason="jupyter's kernel is not installed")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    import nbformat  # noqa: PLC0415  comes with nbclient

    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    assert sum("image/png" in output.get("data", {}) for output in outputs) == PICTURES[path.stem]
    said = "\n".join(_words(output) for output in outputs)
    assert [words for words in SAYS[path.stem] if words not in said] == []


def _words(output: Any) -> str:
    data = output.get("data", {})
    return output.get("text", "") + data.get("text/plain", "") + data.get("text/html", "")
