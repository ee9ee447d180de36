"""Makes docs/format.md from l2tpscope/analysis/rows.py: `python docs/make_format.py`. A test checks that it is current."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from l2tpscope.analysis import rows
from l2tpscope.report import SCHEMA, Column, columns

TARGET = Path(__file__).with_name("format.md")

INTRODUCTION = f"""# What comes out: the report document, `{SCHEMA}`

<!-- Made from l2tpscope/analysis/rows.py by docs/make_format.py: change it there. -->

The same tables and names everywhere: attributes of what `l2tpscope.read()` returns (pandas DataFrames), commands of the command line (`ike` is
short for `ike_sas`, `ike-messages` for `ike_messages`, `esp` for `esp_sas`), arrays of the JSON document.

- **JSON** (`l2tpscope summary --format json`): `{{"schema": "{SCHEMA}", "tool": {{"name", "version"}}, "options": {{}}, "interrupted": false, "notes": [],
  "captures": [...], "tunnels": [...], ...}}`; a command for one table gives the same document with that table alone. A row stands on a line of its own.
- **NDJSON**: a line `{{"table": "report", "schema": ...}}`, then a line a row, each with `"table"`.
- **CSV**: one table; unknown is an empty cell, the items of a list are joined by `; `. Control characters are written as `\\x1b`, and text that a
  spreadsheet would take for a formula (it begins with `=`, `+`, `-` or `@`) has an apostrophe before it. The other formats hold such text unchanged.
- **Parquet**: one table with the types of the DataFrame (needs pyarrow: `pip install 'l2tpscope[parquet]'`); `attrs` are in the file's metadata under `l2tpscope`.
- **DataFrames**: `attrs` hold `schema`, `table`, `units` by column, and each capture's `verdict` and `reasons`.

Rules

- Instants are UTC: `datetime64[ns, UTC]` in DataFrames; RFC 3339 with nine decimals in JSON, NDJSON and CSV.
- Durations and round trips are seconds (`_s`), sizes octets (`_octets`), ratios 0..1 (`_ratio`); counts have no suffix or `_packets`.
- Unknown or not measurable is null (NA, NaT), never 0.
- `frame` is the position in its capture from 1, as Wireshark shows it; `capture` says in which.
- The initiator is who sent SCCRQ, of an IKE SA who sent its first message; `roles` says whether it was `seen` or `guessed`. `to_responder` and `to_initiator` are directions, `side` is a side of the tap.
- Endpoints are `203.0.113.7:1701`, `[2001:db8::1]:1701`, or an address alone for protocols without ports.
- SPIs are text: `0x12345678` of ESP, 16 hex digits of IKE. A grade says how sure a conclusion is: `certain`, `likely`, `hint`.
- Running numbers (`tunnel`, `session`, `capture`, `vpn`, `ike_sa`, `esp_sa`) start at 1 in the order of first appearance and join the tables.
- Columns may be added; names and meanings do not change within a schema.
"""

TYPES = {
    "time": "instant",
    "int": "integer",
    "float": "number",
    "bool": "true or false",
    "string": "text",
    "list": "list of text",
    "numbers": "list of integers",
}


def documents() -> dict[str, dict[str, str]]:
    """The string under each field, by class and field."""
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(rows)).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = dict(_documented(node))
    return found


def _documented(node: ast.ClassDef) -> list[tuple[str, str]]:
    pairs = zip(node.body, node.body[1:], strict=False)
    return [
        (field.target.id, " ".join(str(text.value.value).split()))
        for field, text in pairs
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    ]


def _type(column: Column) -> str:
    kind = " / ".join(f"`{value}`" for value in column.values) if column.kind == "category" else TYPES[column.kind]
    return f"{kind}, or null" if column.optional else kind


def text() -> str:
    """The whole of docs/format.md."""
    known = documents()
    parts = [INTRODUCTION]
    for table, row in rows.ROWS.items():
        parts.append(f"\n## {table}\n\n{inspect.getdoc(row)}\n\n| column | type | dtype | |\n| --- | --- | --- | --- |\n")
        parts += [
            f"| `{each.name}` | {_type(each)} | `{each.dtype}` | {known[row.__name__].get(each.name, '')} |\n" for each in columns(table)
        ]
    return "".join(parts)


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
