"""Report: the one document that every output reads, and its tables as DataFrames.

The columns of a table and their dtypes follow from the annotations of its row in analysis/rows.py:

| annotation | pandas | with `| None` |
| --- | --- | --- |
| `Time` | `datetime64[ns, UTC]` | the same, NaT |
| `int` | `int64` | `Int64` |
| `float` | `float64` | `Float64` |
| `bool` | `bool` | `boolean` |
| `Literal[...]` | `category` of the names listed, in that order | the same |
| `str` | `string` | the same, NA |
| `list[str]`, `list[int]` | `object` | |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache, cached_property
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, Union, get_args, get_origin, get_type_hints

from l2tpscope import __version__
from l2tpscope.analysis.rows import ROWS, Measures, Time

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "l2tpscope/1"

Kind = Literal["time", "int", "float", "bool", "category", "string", "list", "numbers"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, as the annotation of the row's field describes it."""

    name: str
    kind: Kind
    optional: bool
    values: tuple[str, ...] = ()
    """What a category may be."""

    @property
    def unit(self) -> str | None:
        """The unit that the name tells; None for counts, names and instants."""
        if "octets" in self.name.split("_"):
            return "octets"
        return UNITS.get(self.name.rpartition("_")[2])

    @property
    def dtype(self) -> str:
        """The pandas dtype."""
        return NULLABLE.get(self.kind, DTYPES[self.kind]) if self.optional else DTYPES[self.kind]


UNITS = {"s": "seconds", "ratio": "ratio 0..1"}
"""By the last word of a column's name."""
DTYPES: dict[Kind, str] = {
    "time": "datetime64[ns, UTC]",
    "int": "int64",
    "float": "float64",
    "bool": "bool",
    "category": "category",
    "string": "string",
    "list": "object",
    "numbers": "object",
}
NULLABLE: dict[Kind, str] = {"int": "Int64", "float": "Float64", "bool": "boolean"}
KINDS: dict[object, Kind] = {
    Time: "time",
    int: "int",
    float: "float",
    bool: "bool",
    str: "string",
    list[str]: "list",
    list[int]: "numbers",
}


class Renderer(Protocol):
    """What turns a report into something to read; `output.RENDERER` is one.

    The report is below `output` and must not import it, so whoever makes the report hands the renderer in.
    """

    def text(self, report: Report) -> str:
        """The summary as plain text, 100 columns wide."""
        ...

    def html(self, report: Report) -> str:
        """The summary as an HTML fragment."""
        ...

    def json(self, report: Report) -> str:
        """The whole document."""
        ...

    def plots(self, report: Report) -> Any:
        """The report's pictures, each a method that takes axes and returns them."""
        ...

    def item_text(self, item: Item) -> str:
        """One row as plain text: its name, and what is known of it."""
        ...

    def item_html(self, item: Item) -> str:
        """The same as an HTML fragment."""
        ...


@cache
def columns(table: str) -> tuple[Column, ...]:
    """The columns of *table*, in order."""
    row = ROWS[table]
    hints = get_type_hints(row, include_extras=True)
    return tuple(_column(each.name, hints[each.name]) for each in fields(row))


def _column(name: str, annotation: Any) -> Column:
    optional = False
    if get_origin(annotation) in (Union, UnionType):
        optional = True
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is Literal:
        return Column(name, "category", optional, get_args(annotation))
    if get_origin(annotation) is Annotated and annotation != Time:
        annotation = get_args(annotation)[0]
    return Column(name, KINDS[annotation], optional)


def clean(text: str) -> str:
    r"""The text with lone surrogates written as `\udc80`: they stand for octets that were no UTF-8, and no encoder takes them."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True)
class Report:
    """What was seen and measured in one or more captures.

    The tables are attributes, each a pandas DataFrame made when it is first asked for; `rows` gives them without pandas.
    """

    measures: Measures
    options: Mapping[str, object] = field(default_factory=dict)
    """How it was read: ports, whether a secret was given. Never the secret."""
    notes: Sequence[str] = ()
    """What the reader of the numbers should know, a line each."""
    interrupted: bool = False
    """Reading was stopped before the end: the tables hold what had been read until then."""
    renderer: Renderer | None = field(default=None, repr=False, compare=False)
    schema: str = SCHEMA
    version: str = __version__

    @property
    def tool(self) -> dict[str, str]:
        """Who made the report."""
        return {"name": "l2tpscope", "version": self.version}

    @property
    def partial(self) -> bool:
        """Whether a capture was cut short, by its end or by the user."""
        return self.interrupted or any(row.truncated_file for row in self.measures.captures)

    @property
    def empty(self) -> bool:
        """Whether nothing of L2TP, IKE or ESP was seen."""
        return not any(_of_interest(row) for row in self.measures.captures)

    def rows(self, table: str) -> list[Any]:
        """The rows of a table, as dataclasses of analysis/rows.py."""
        if table not in ROWS:
            message = f"no table {table!r}: there are {', '.join(ROWS)}"
            raise ValueError(message)
        return self.measures.rows(table)

    def decoded(self, table: str) -> list[Any]:
        """What was decoded of each row of `messages`, `ike_messages` or `ppp`, in their order; empty in a report that was pickled."""
        make = self.measures.decoded.get(table)
        return make() if make is not None else []

    def frame(self, table: str) -> pd.DataFrame:
        """A table as a new DataFrame; `attrs` hold schema, units and the captures' verdicts."""
        import pandas as pd  # noqa: PLC0415

        rows = self.rows(table)
        series = {column.name: _series([getattr(row, column.name) for row in rows], column) for column in columns(table)}
        frame = pd.DataFrame(series)
        frame.attrs.update(
            schema=self.schema,
            table=table,
            units={column.name: column.unit for column in columns(table) if column.unit},
            captures=[{"path": clean(row.path), "verdict": row.verdict, "reasons": list(row.reasons)} for row in self.measures.captures],
        )
        return frame

    @cached_property
    def captures(self) -> pd.DataFrame:
        """One row a capture: what it is, and how far it can be trusted."""
        return self.frame("captures")

    @cached_property
    def tunnels(self) -> pd.DataFrame:
        """One row a control connection."""
        return self.frame("tunnels")

    @cached_property
    def sessions(self) -> pd.DataFrame:
        """One row a session."""
        return self.frame("sessions")

    @cached_property
    def messages(self) -> pd.DataFrame:
        """One row a control frame."""
        return self.frame("messages")

    @cached_property
    def rtt(self) -> pd.DataFrame:
        """One row a round trip."""
        return self.frame("rtt")

    @cached_property
    def loss(self) -> pd.DataFrame:
        """One row a sequence space and direction."""
        return self.frame("loss")

    @cached_property
    def throughput(self) -> pd.DataFrame:
        """One row a session, direction and bin of time."""
        return self.frame("throughput")

    @cached_property
    def events(self) -> pd.DataFrame:
        """One row a dated fact."""
        return self.frame("events")

    @cached_property
    def ppp(self) -> pd.DataFrame:
        """One row a PPP control packet."""
        return self.frame("ppp")

    @cached_property
    def inner_flows(self) -> pd.DataFrame:
        """One row what two endpoints inside a session exchanged."""
        return self.frame("inner_flows")

    @cached_property
    def l2f(self) -> pd.DataFrame:
        """One row a tunnel of L2F."""
        return self.frame("l2f")

    @cached_property
    def vpns(self) -> pd.DataFrame:
        """One row a client's connection."""
        return self.frame("vpns")

    @cached_property
    def ike_sas(self) -> pd.DataFrame:
        """One row an IKE SA."""
        return self.frame("ike_sas")

    @cached_property
    def ike_messages(self) -> pd.DataFrame:
        """One row an IKE message."""
        return self.frame("ike_messages")

    @cached_property
    def esp_sas(self) -> pd.DataFrame:
        """One row an ESP or AH security association, which is one direction."""
        return self.frame("esp_sas")

    @cached_property
    def inferences(self) -> pd.DataFrame:
        """One row a conclusion from ciphertext."""
        return self.frame("inferences")

    @cached_property
    def findings(self) -> pd.DataFrame:
        """One row a thing that is wrong, in the order in which to read them."""
        return self.frame("findings")

    @property
    def plot(self) -> Any:
        """The pictures: `report.plot.timeline()`, `.rtt()`, `.loss()`, `.throughput()`, `.sequence()`; each takes `ax=` and `vpn=`."""
        return self._renderer().plots(self)

    def vpn(self, number: int) -> Item:
        """One client's connection, to look at. *Raises*: KeyError where there is none of that number."""
        return self._item("vpns", "vpn", number)

    def tunnel(self, number: int) -> Item:
        """One control connection, to look at. *Raises*: KeyError where there is none of that number."""
        return self._item("tunnels", "tunnel", number)

    def session(self, number: int) -> Item:
        """One session, to look at. *Raises*: KeyError where there is none of that number."""
        return self._item("sessions", "session", number)

    def items(self, table: str) -> list[Item]:
        """The rows of a table, each to look at: `report.items("findings")[0]`."""
        return [Item(self, table, row) for row in self.rows(table)]

    def _item(self, table: str, key: str, number: int) -> Item:
        for row in self.rows(table):
            if getattr(row, key) == number:
                return Item(self, table, row)
        message = f"no {key} {number}: there are {len(self.rows(table))}"
        raise KeyError(message)

    def to_json(self) -> str:
        """The whole document of docs/format.md."""
        return self._renderer().json(self)

    def __getstate__(self) -> dict[str, Any]:
        """For pickling: every table made, no frame of them kept, and nothing that may hold secrets."""
        for table in ROWS:
            self.rows(table)
        return {each.name: getattr(self, each.name) for each in fields(self)} | {"measures": replace(self.measures, decoded={})}

    def __str__(self) -> str:
        return self._renderer().text(self) if self.renderer else self._line()

    def __repr__(self) -> str:
        return f"<{self._line()}>"

    def _repr_html_(self) -> str | None:
        return self.renderer.html(self) if self.renderer else None

    def _line(self) -> str:
        counts = ", ".join(f"{len(self.rows(table))} {table}" for table in ("captures", "tunnels", "sessions", "messages"))
        return f"l2tpscope report: {counts}"

    def _renderer(self) -> Renderer:
        if self.renderer is None:
            message = "this report was made without a renderer: Report(..., renderer=l2tpscope.output.RENDERER)"
            raise ValueError(message)
        return self.renderer


@dataclass(frozen=True, repr=False)
class Item:
    """One row of a table, to look at: its columns are attributes, and a notebook shows what is known of it."""

    report: Report
    table: str
    row: Any

    def __getattr__(self, name: str) -> Any:
        """A column of the row."""
        if name.startswith("_") or name in self.__dataclass_fields__:  # copying and pickling ask before there is a row
            raise AttributeError(name)
        return getattr(self.row, name)

    @property
    def plot(self) -> Any:
        """The pictures of the connection that it belongs to; of everything, where it belongs to none."""
        vpn = getattr(self.row, "vpn", None)
        if vpn is None and self.table == "sessions":
            vpn = next((row.vpn for row in self.report.rows("tunnels") if row.tunnel == self.row.tunnel), None)
        return self.report.plot.only(vpn)

    def __repr__(self) -> str:
        renderer = self.report.renderer
        return renderer.item_text(self) if renderer else f"<l2tpscope row of {self.table}>"

    def _repr_html_(self) -> str | None:
        renderer = self.report.renderer
        return renderer.item_html(self) if renderer else None


INTERESTING = (
    "l2tp2_control_frames",
    "l2tp2_data_frames",
    "l2tp3_control_frames",
    "l2tp3_data_frames",
    "l2f_frames",
    "ike_frames",
    "esp_frames",
    "ah_frames",
)
"""What makes a capture worth reading; OpenVPN or garbage on port 1701 does not."""


def _of_interest(row: Any) -> bool:
    return any(getattr(row, name) for name in INTERESTING)


def _series(values: list[Any], column: Column) -> pd.Series[Any]:
    """The values as a Series of exactly the documented dtype, whether there are any or not."""
    import pandas as pd  # noqa: PLC0415

    if column.kind == "time":
        return _instants(values)
    if column.kind == "category":
        return pd.Series(pd.Categorical(values, categories=list(column.values)))
    if column.kind == "string":
        values = [None if value is None else clean(value) for value in values]
    if column.kind == "list":
        values = [[clean(item) for item in value] for value in values]
    return pd.Series(values, dtype=column.dtype)


def _instants(values: list[int | None]) -> pd.Series[Any]:
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    unknown = np.iinfo(np.int64).min  # numpy's and pandas' NaT
    octets = np.array([unknown if value is None else value for value in values], dtype=np.int64)
    return pd.Series(octets.view("datetime64[ns]")).dt.tz_localize("UTC")
