"""items: one row of a table as a block of what is known of it, for `print` and for notebooks."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from l2tpscope.output.blocks import Block, Cell, Head, Row
from l2tpscope.output.escape import terminal
from l2tpscope.output.values import count, duration, milliseconds, percent, rfc3339
from l2tpscope.report import Column, Item, columns

WIDTH = 100


def block(item: Item) -> Block:
    """Its columns and their values, those that are unknown or empty left out; nothing is escaped yet."""
    table = columns(item.table)
    known = [(column, getattr(item.row, column.name)) for column in table]
    name = _name(item, table[0])
    rows = [Row([Cell(column.name), Cell(_value(column, value))]) for column, value in known if value is not None and value not in ([], "")]
    return Block(name, heads=[Head("column"), Head("value", elastic=True)], rows=rows)


def text(item: Item) -> str:
    """The same as lines of text, harmless and folded to a screen of 100 columns."""
    made = block(item)
    wide = max((len(row.cells[0].text) for row in made.rows), default=0)
    lines = [terminal(made.title)]
    for row in made.rows:
        folded = wrap(terminal(row.cells[1].text), WIDTH - wide - 4, break_long_words=True) or [""]
        lines.append(f"  {row.cells[0].text:<{wide}}  {folded[0]}")
        lines += [" " * (wide + 4) + line for line in folded[1:]]
    return "\n".join(lines)


def _name(item: Item, key: Column) -> str:
    return f"{item.table.removesuffix('s').replace('_', ' ')} {getattr(item.row, key.name)}"


def _measured(column: Column, value: float) -> str:
    if column.unit == "ratio 0..1":
        return f"{percent(value)} %"
    return f"{milliseconds(value)} ms" if "rtt" in column.name else duration(value)


def _value(column: Column, value: Any) -> str:
    """The value as people read it, its unit with it."""
    if column.kind == "time":
        return rfc3339(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(str(one) for one in value)
    if column.kind == "float":
        return _measured(column, value)
    if column.kind == "int" and ("packets" in column.name or column.unit == "octets"):
        return count(value)
    return str(value)
