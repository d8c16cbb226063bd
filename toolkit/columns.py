"""Answer tables, declared: each column's name, type, format, heading, meaning, and by which count it is hidden.

A question declares its table once, `GROUPS = table("one row per group", text("group"), members(), money("sales"))`, and makes it with
`GROUPS.of(frame, view)`. From the declaration come the cast, the empty table (the same columns in every scope), headings and formats on
every surface, the "Returns" of the docstring, the page of questions, the JSON, and the rule of the minimum number of members.

The rule, here and nowhere else: a count of members (`members(...)`) from 1 to scope.minimum_members - 1 is not shown, and neither are the
columns that are hidden by it: all figures of the row by its first count of members, unless a column names another (`hidden_by`) or none.
Further counts of members hide themselves. Zero is shown: it speaks of nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Protocol

import polars as pl

from toolkit import language

Kind = Literal["text", "date", "count", "number", "money", "share", "days", "score", "index", "flag"]

_DTYPES: dict[Kind, Any] = {
    "text": pl.String,
    "date": pl.Date,
    "count": pl.Int64,
    "number": pl.Float64,
    "money": pl.Float64,
    "share": pl.Float64,
    "days": pl.Float64,
    "score": pl.Int64,
    "index": pl.Float64,
    "flag": pl.Boolean,
}
_UNITS: dict[Kind, str] = {"money": "currency units", "share": "0..1"}


class Scoped(Protocol):
    """What `Table.of` asks of a view."""

    @property
    def least(self) -> int:
        """Fewest members that figures may speak of (scope.minimum_members)."""
        ...

    @property
    def rounded_to(self) -> int:
        """What counts of members are rounded to; 1 = they are told as they are."""
        ...


@dataclass(frozen=True)
class Column:
    """One column of an answer.

    `hidden_by`: the count of members that hides it; "" = that of its table, None = never hidden.
    """

    name: str
    kind: Kind
    label: str
    meaning: str = ""
    null: str = ""
    dtype: Any = None
    hidden_by: str | None = ""
    counts_members: bool = False

    @property
    def heading(self) -> str:
        """The label in the reader's language."""
        return language.label(self.label)

    @property
    def type(self) -> Any:
        """The polars type of the column."""
        return _DTYPES[self.kind] if self.dtype is None else self.dtype

    def of(self, meaning: str = "", **changed: Any) -> Column:
        """Return the same column with another meaning (and label, null, hidden_by ...): shared columns are told for each table."""
        return replace(self, **({"meaning": meaning} if meaning else {}), **changed)

    @property
    def help(self) -> str:
        """Name, unit, meaning and null meaning, as documentation shows them."""
        unit = _UNITS.get(self.kind, "")
        told = "; ".join(part for part in (self.meaning, f"null: {self.null}" if self.null else "") if part)
        return f"`{self.name}`" + (f" ({unit})" if unit else "") + (f": {told}" if told else "")


def plain_label(name: str) -> str:
    """Return a name of ours as words: what is called nothing else (`order_value` -> Order value)."""
    return name.replace("_", " ").strip().capitalize()


def _column(kind: Kind, name: str, label: str, meaning: str, given: Mapping[str, Any]) -> Column:
    return Column(name, kind, label or plain_label(name), meaning, **given)


def text(name: str, label: str = "", meaning: str = "", **given: Any) -> Column:
    """Words of ours (a segment, a stage) or the shop's own names and ids (`language.labels.DATA`)."""
    return _column("text", name, label, meaning, {"hidden_by": None, **given})


def flag(name: str, label: str = "", meaning: str = "", **given: Any) -> Column:
    """Yes or no."""
    return _column("flag", name, label, meaning, {"hidden_by": None, **given})


def day(name: str, label: str = "", meaning: str = "", **given: Any) -> Column:
    """A date."""
    return _column("date", name, label, meaning, {"hidden_by": None, **given})


def score(name: str, label: str = "", meaning: str = "", **given: Any) -> Column:
    """A score, 5 best."""
    return _column("score", name, label, meaning, {"hidden_by": None, **given})


def members(name: str = "member_count", label: str = "Members", meaning: str = "", **given: Any) -> Column:
    """A count of members: the minimum number of members applies to it, and to what is hidden by it."""
    return _column("count", name, label, meaning, {"counts_members": True, **given})


def count(name: str, label: str = "", meaning: str = "", **given: Any) -> Column:
    """A count of anything else (orders, goods, days)."""
    return _column("count", name, label, meaning, given)


def number(name: str, label: str = "", meaning: str = "", **given: Any) -> Column:
    """A plain number."""
    return _column("number", name, label, meaning, given)


def money(name: str, label: str = "", meaning: str = "", **given: Any) -> Column:
    """An amount in currency units."""
    return _column("money", name, label, meaning, given)


def share(name: str, label: str = "", meaning: str = "", **given: Any) -> Column:
    """A share, 0..1 (a change: 0.1 is up 10%)."""
    return _column("share", name, label, meaning, given)


def days(name: str, label: str = "", meaning: str = "", **given: Any) -> Column:
    """A number of days."""
    return _column("days", name, label, meaning, given)


def index(name: str, label: str = "", meaning: str = "", **given: Any) -> Column:
    """Times as much as others: 1 = alike."""
    return _column("index", name, label, meaning, given)


def interval(column: Column, *, low: str = "", high: str = "") -> tuple[Column, Column, Column]:
    """Return a column and the two ends of its 95% interval, `NAME_low` and `NAME_high`."""
    ends = [replace(column, name=end, label=label, meaning="", null="") for end, label in (
        (low or f"{column.name}_low", "from"), (high or f"{column.name}_high", "to"))]  # fmt: skip
    told = f"{column.meaning}; with its 95% interval" if column.meaning else "with its 95% interval"
    return replace(column, meaning=told), ends[0], ends[1]


class Row(Mapping[str, Any]):
    """One row of an answer's table: its values by name, and how each reads in a sentence."""

    def __init__(self, values: Mapping[str, Any], columns: Mapping[str, Column]) -> None:
        self._values, self.columns = values, columns

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, eq=False)
class AnswerTable:
    """A table as it is shown: the frame with its declared columns, the declaration, and how many rows speak of too few members."""

    frame: pl.DataFrame
    declared: Table
    few_rows: int = 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AnswerTable):
            return False  # a frame would be asked for its own ==, which gives a frame
        alike = self.declared == other.declared and self.few_rows == other.few_rows and self.frame.schema == other.frame.schema
        return alike and self.frame.equals(other.frame)

    def __hash__(self) -> int:
        return hash(self.declared)

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.frame.height

    def row(self, place: int = 0) -> Row:
        """Return a row for a sentence (`View.say`)."""
        return Row(self.frame.row(place, named=True), self.declared.by_name)

    def rows(self) -> Iterator[Row]:
        """Return every row for a sentence."""
        return (Row(values, self.declared.by_name) for values in self.frame.iter_rows(named=True))

    def find(self, **wanted: Any) -> Row | None:
        """Return the first row with these values, or None."""
        return next((row for row in self.rows() if all(row[name] == value for name, value in wanted.items())), None)

    def cut(self, frame: pl.DataFrame) -> AnswerTable:
        """Return the same table with other rows or another order of them."""
        return replace(self, frame=frame)


@dataclass(frozen=True)
class Table:
    """The declaration of an answer's table (`table`)."""

    rows: str
    columns: tuple[Column, ...]
    few: Literal["null", "drop"] = "null"
    note: bool = True
    by_name: Mapping[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        default = next((column.name for column in self.columns if column.counts_members), None)
        columns = tuple(
            replace(column, hidden_by=column.name if column.counts_members and column.hidden_by == "" else default)
            if column.hidden_by == ""
            else column
            for column in self.columns
        )
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "by_name", {column.name: column for column in columns})

    @cached_property
    def schema(self) -> pl.Schema:
        """Names and types, in order."""
        return pl.Schema({column.name: column.type for column in self.columns})

    @cached_property
    def _hidden_by(self) -> dict[str, str]:
        return {column.name: column.hidden_by for column in self.columns if column.hidden_by}

    def of(self, frame: pl.DataFrame, view: Scoped) -> AnswerTable:
        """Return the table as it is shown: declared columns in their order and type, what the frame lacks null, too small groups hidden.

        Raises
        ------
        ValueError
            The frame has a column that is not declared.
        """
        undeclared = [name for name in frame.columns if name not in self.by_name]
        if undeclared:
            raise ValueError(f"Column {', '.join(undeclared)} is not declared in the answer's table ({', '.join(self.by_name)}).")
        have = frame.schema
        whole = frame.select(
            pl.col(name).cast(dtype) if name in have else pl.lit(None, dtype).alias(name) for name, dtype in self.schema.items()
        )
        shown = self._without_few(whole, view.least)
        if view.rounded_to == 1:
            return shown
        counts = [rounded(pl.col(column.name), view.rounded_to) for column in self.columns if column.counts_members]
        return shown.cut(shown.frame.with_columns(counts))

    def empty(self) -> AnswerTable:
        """Return the table without rows."""
        return AnswerTable(self.schema.to_frame(), self)

    def plus(self, *columns: Column) -> Table:
        """Return the declaration with further columns: those that the shop's own data name (a segment map, a channel)."""
        return replace(self, columns=(*self.columns, *columns))

    def _without_few(self, frame: pl.DataFrame, least: int) -> AnswerTable:
        few = {by: pl.col(by).is_between(1, least - 1).fill_null(False) for by in self._hidden_by.values()}
        if least <= 1 or not few or frame.is_empty():
            return AnswerTable(frame, self)
        first = next(iter(few.values()))
        few_rows = int(frame.select(first.sum()).item())
        frame = frame.filter(~first) if self.few == "drop" and few_rows else frame
        hidden = [
            pl.when(~few[column.hidden_by]).then(pl.col(column.name)).alias(column.name) for column in self.columns if column.hidden_by
        ]
        return AnswerTable(frame.with_columns(hidden), self, few_rows)


def rounded(counted: Any, to: int) -> Any:
    """Return a count (a number or an expression) to the nearest multiple, a half up.

    >>> rounded(44, 10), rounded(45, 10), rounded(45, 1)
    (40, 50, 45)
    """
    return (counted + to // 2) // to * to


def table(rows: str, *columns: Column | Sequence[Column], few: Literal["null", "drop"] = "null", note: bool = True) -> Table:
    """Declare an answer's table.

    Parameters
    ----------
    rows
        What a row is: "one row per group that has members".
    columns
        The columns in their order; an `interval` counts for three.
    few
        What happens to a row that speaks of too few members: its figures are null, or the row is left out.
    note
        Whether the answer says how many rows are hidden; False where a note of the question says it.

    Example
    -------
    >>> groups = table("one row per group", text("group"), members(), money("sales", "Sales"))
    >>> class Ten: least, rounded_to = 10, 1
    >>> groups.of(pl.DataFrame({"group": ["a", "b"], "member_count": [12, 3], "sales": [5.0, 2.0]}), Ten).frame.rows()
    [('a', 12, 5.0), ('b', None, None)]
    """
    return Table(rows, tuple(one for column in columns for one in ((column,) if isinstance(column, Column) else column)), few, note)


def undeclared(frame: pl.DataFrame) -> AnswerTable:
    """Return a frame that declares nothing as a table, told from its types alone: what a person puts together by hand."""
    columns = [Column(name, _kind_of(dtype), plain_label(name), dtype=dtype) for name, dtype in frame.schema.items()]
    return AnswerTable(frame, table("", *columns))


def _kind_of(dtype: pl.DataType) -> Kind:
    if dtype == pl.Boolean:
        return "flag"
    if dtype in (pl.Date, pl.Datetime):
        return "date"
    return "count" if dtype.is_integer() else "number" if dtype.is_numeric() else "text"


def returns(tables: Sequence[Table]) -> str:
    """Return the "Returns" of a question's docstring, written from its tables."""
    lines = ["Returns", "-------", "Answer"]
    for declared in tables:
        lines += [f"    {declared.rows[:1].upper()}{declared.rows[1:]}:", *(f"    - {column.help}" for column in declared.columns)]
    return "\n".join(lines)
