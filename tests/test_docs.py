"""The documents say what the program does."""

from __future__ import annotations

import re
import runpy
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import l2tpscope
from l2tpscope.analysis.rows import ROWS
from l2tpscope.cli.tables import PICTURES, TABLES
from l2tpscope.output import FORMATS

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [
    ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/glossary.md", "samples/README.md")
]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_format_is_current() -> None:
    """docs/format.md is what docs/make_format.py makes of the rows."""
    made = runpy.run_path(str(ROOT / "docs" / "make_format.py"))["text"]()
    assert (ROOT / "docs" / "format.md").read_text(encoding="utf-8") == made, "run python docs/make_format.py"


def test_findings_are_current() -> None:
    """docs/findings.md is what docs/make_findings.py makes of the rules."""
    made = runpy.run_path(str(ROOT / "docs" / "make_findings.py"))["text"]()
    assert (ROOT / "docs" / "findings.md").read_text(encoding="utf-8") == made, "run python docs/make_findings.py"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link of a document names a file that is there."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_readme_names_every_table_and_format() -> None:
    """README names each command, format and table."""
    for word in (*TABLES, *FORMATS, *PICTURES, "ladder", "report"):
        assert f"`{word}`" in README


def commands() -> Iterator[str]:
    """Every command of ours in README and samples/README."""
    for document in (README, (ROOT / "samples" / "README.md").read_text(encoding="utf-8")):
        yield from re.findall(r"`(l2tpscope [^`]+)`", document)


def test_samples_are_described() -> None:
    """Every sample is described, every described one is there, and none is larger than 300 KB."""
    text = (ROOT / "samples" / "README.md").read_text(encoding="utf-8")
    there = {path.name for path in (ROOT / "samples").iterdir() if path.name != "README.md"}
    assert there == set(re.findall(r"^\| `([^`]+)`", text, flags=re.MULTILINE))
    assert 5 <= len(there) <= 12
    assert all((ROOT / "samples" / name).stat().st_size <= 300_000 for name in there)


def test_commands_in_the_documents_name_samples_that_are_there() -> None:
    """A command that names a sample names one that is there, and a command of ours."""
    found = list(commands())
    assert len(found) >= 9
    for command in found:
        words = command.split()
        known = (*TABLES, "summary", "explain", "ladder", "plot", "report", "show", "extract", "verify", "live")
        assert words[1] in known or words[1].startswith(("samples/", "--"))
        assert all((ROOT / word).exists() for word in words if word.startswith("samples/"))


def test_readme_has_its_two_commands() -> None:
    """The two marked blocks of README hold one line each: CI runs exactly them."""
    blocks = dict(re.findall(r"<!-- command: (\w+) -->\n```sh\n(.*?)\n```", README, flags=re.DOTALL))
    assert set(blocks) == {"install", "test"}
    assert not any("\n" in line for line in blocks.values())


def test_versions_agree() -> None:
    """The package and its metadata have the same version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == l2tpscope.__version__


def test_architecture_names_every_layer() -> None:
    """The layers in ARCHITECTURE.md are those that are enforced."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = " > ".join(contracts[0]["layers"])
    assert f"`{layers}`" in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", ROWS)
def test_format_has_a_section_for_each_table(table: str) -> None:
    """Each table has a section in docs/format.md."""
    assert f"\n## {table}\n" in (ROOT / "docs" / "format.md").read_text(encoding="utf-8")


def test_python_in_readme_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The Python of README runs as it stands, and prints numbers."""
    block = re.search(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert block is not None
    monkeypatch.chdir(ROOT)
    exec(compile(block[1], "README.md", "exec"), {})  # noqa: S102
    printed = capsys.readouterr().out
    assert "l2tp-reply" in printed
    assert "loss_ratio" in printed
