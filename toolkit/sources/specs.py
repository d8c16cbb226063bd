"""What a mapping says about one table: its files, their format, and where each column comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import PurePath
from typing import Any, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from toolkit.errors import nearest
from toolkit.language import tr
from toolkit.sources.databases.addresses import OBJECT_STORES, SourceTable, has_secret, kind_of
from toolkit.sources.question_kinds import QuestionKind

ONE_OF = ("column", "join", "value", "add", "multiply", "per_order", "true_if", "false_if")
RATES = ("less_rate", "times_rate", "after_rate")
RATE_PARTS = {"fraction": 1, "percent": 100, "tenths": 10}


def known_zone(given: str | None) -> str | None:
    """Return a time zone's name, or raise the sentence that it is none."""
    if given is not None and given not in available_timezones():
        near = nearest(given, available_timezones())
        if near:
            raise ValueError(tr("there is no time zone {zone}; did you mean {near}?", zone=repr(given), near=repr(near[0])))
        raise ValueError(tr('there is no time zone {zone}; write it like "Europe/Berlin"', zone=repr(given)))
    return given


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(_Frozen):
    """A test of one raw column: it equals one of, or starts with one of, the given texts (capital letters count)."""

    column: str
    equals: tuple[str, ...] = ()
    starts_with: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        if not self.equals and not self.starts_with:
            raise ValueError(tr("a condition needs `equals` or `starts_with`, a list of texts"))
        return self


class ColumnSpec(_Frozen):
    """Where one contract column comes from: exactly one of column, join, value, add (and subtract), multiply, per_order, true_if, false_if.

    `true_if` and `false_if` may stand together: where both hold it is true, where neither does it is empty.

    A number can be worked out further, exactly, and is rounded once at the end, half away from zero: `divide`, then one of the rates.
    """

    column: str | None = None
    join: tuple[str, ...] = Field((), description="several columns read as one: ids joined by '|', dates and times by a space")
    value: str | int | float | bool | None = None
    add: tuple[str, ...] = ()
    subtract: tuple[str, ...] = ()
    multiply: tuple[str | int | float, ...] = Field((), description="columns and constants whose product it is")
    divide: tuple[str | int | float, ...] = Field((), description="columns and constants that it is divided by")
    less_rate: str | None = Field(None, description="column of a rate: what is left after it, x (1 - rate)")
    times_rate: str | None = Field(None, description="column of a rate: its part, x rate")
    after_rate: str | None = Field(None, description="column of a rate: what it took off to leave this, x rate / (1 - rate)")
    rate_unit: Literal["fraction", "percent", "tenths"] | None = Field(
        None, description="0.2, 20 or 2; a cell with a % sign is always a percentage"
    )
    per_order: str | None = Field(None, description="column of a value that stands for the whole order: shared out over its lines")
    less_per_order: tuple[str, ...] = Field((), description="columns of values of the whole order that are shared out and taken off")
    by: tuple[str, ...] = Field((), description="columns whose product is a line's weight; by the quantity where nothing is stated")
    true_if: tuple[Condition, ...] = ()
    false_if: tuple[Condition, ...] = ()
    unit: Literal["major", "minor"] | None = None
    sign: Literal[1, -1] = 1
    sign_of: str | None = Field(None, description="column of a number whose sign it has: below nothing where that is")
    decimal: Literal[".", ","] | None = None
    format: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {"column": given}
        if isinstance(given, list):
            return {"join": given}
        return given

    @field_validator("multiply", "divide", "less_per_order", "by", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        return [given] if isinstance(given, str | int | float) else given

    @model_validator(mode="after")
    def _one_source(self) -> ColumnSpec:
        given = [key for key in ONE_OF if getattr(self, key) not in (None, ())]
        if given == [] and self.subtract:
            given = ["add"]
        if len(given) != 1 and given != ["true_if", "false_if"]:
            ways = ", ".join(ONE_OF)
            if not given:
                raise ValueError(tr("a column comes from exactly one of {ways}, but none of them was stated", ways=ways))
            raise ValueError(tr("a column comes from exactly one of {ways}, but {came} was stated", ways=ways, came=" and ".join(given)))
        rates = [name for name in RATES if getattr(self, name) is not None]
        if len(rates) > 1:
            raise ValueError(tr("a number has one rate, but {rates} were stated", rates=" and ".join(rates)))
        if self.rate_unit and not rates:
            raise ValueError(tr("rate_unit says how a rate is written, but none of {rates} was stated", rates=", ".join(RATES)))
        if self.by and not self.is_shared:
            raise ValueError(tr("`by` says how the value of an order is shared out, but neither per_order nor less_per_order was stated"))
        if self.per_order and (rates or self.divide or self.less_per_order):
            raise ValueError(tr("per_order is shared out as it stands: it takes no divide, no rate and no less_per_order"))
        if self.multiply and self.subtract and self.divide:
            raise ValueError(tr("what is taken off a product is not divided: divide and subtract do not go together with multiply"))
        if self.sign_of and (self.per_order or self.less_per_order):
            raise ValueError(tr("a value of the order is shared out as it stands: it takes no sign_of"))
        if self.multiply and not any(isinstance(factor, str) for factor in self.multiply):
            raise ValueError(tr("multiply needs a column beside its constants"))
        if 0 in self.divide:
            raise ValueError(tr("nothing can be divided by 0"))
        return self

    @property
    def rate(self) -> str | None:
        """The column of the rate."""
        return self.less_rate or self.times_rate or self.after_rate

    @property
    def is_worked_out(self) -> bool:
        """Whether the number takes more than a sum or the product of two columns."""
        constants = any(not isinstance(factor, str) for factor in self.multiply)
        return bool(self.divide or self.rate or (self.multiply and self.subtract)) or constants or len(self.multiply) > 2

    @property
    def is_shared(self) -> bool:
        """Whether a value of the whole order is shared out over its lines."""
        return bool(self.per_order or self.less_per_order)

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """The columns of the file that this one is made from."""
        conditions = tuple(condition.column for condition in (*self.true_if, *self.false_if))
        single = [name for name in (self.column, self.rate, self.per_order, self.sign_of) if name is not None]
        factors = [name for name in (*self.multiply, *self.divide) if isinstance(name, str)]
        shared = (*self.less_per_order, *self.by)
        return tuple(dict.fromkeys((*single, *self.join, *self.add, *self.subtract, *factors, *shared, *conditions)))


class _Written(_Frozen):
    """How files are written, as far as it is stated: of all files of a section, or of some that are written otherwise."""

    format: Literal["parquet", "csv", "json"] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    skip_rows: int | None = Field(None, ge=0, description="lines above the header that are not data")
    sheet: str | int | None = Field(None, description="of a spreadsheet: its name, or its number from 1")
    member: str | None = Field(None, description="of a zip: the file in it, or a pattern of several")
    unfold: str | None = Field(None, description="of JSON: the list whose items become rows")
    url: str | None = Field(None, description="of a table in a database: env:NAME, keyring:service/user, or an address without a password")
    table: str | None = Field(None, description="of a database: the table or view, with its schema where it needs one")
    query: str | None = Field(None, description="of a database: a select in place of a table")
    first_rows: int | None = Field(None, description="of a database: no more rows than these are looked at; no key of a section")
    from_day: date | None = Field(None, description="of a database: rows of this day and later alone are asked for; no key of a section")

    @property
    def source_table(self) -> SourceTable | None:
        """The table of a database that is read in place of files."""
        return None if self.url is None else SourceTable(self.url, self.table, self.query)

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, given: str | None) -> str | None:
        if given is not None:
            try:
                "".encode(given)
            except (LookupError, ValueError):
                usual = "utf-8, gb18030, cp1252, shift_jis, utf-16"
                raise ValueError(tr("Python knows no encoding {given}; usual ones are {usual}", given=repr(given), usual=usual)) from None
        return given

    @field_validator("delimiter")
    @classmethod
    def _one_delimiter(cls, given: str | None) -> str | None:
        return one_character(given)


class _Cells(_Frozen):
    """How cells are written, as far as it is stated."""

    decimal: Literal[".", ","] | None = None
    thousands: str | None = None
    time_format: str | None = None

    @field_validator("thousands")
    @classmethod
    def _one_sign(cls, given: str | None) -> str | None:
        return one_character(given)


CELLS = tuple(_Cells.model_fields)


def path_of_url(given: dict[str, Any]) -> str:
    """Return what stands for the path of a file where a mapping names a table of a database.

    Raises: `ValueError` where an address carries a password, or does not go with the other keys.
    """
    url, table, query = given["url"], given.get("table"), given.get("query")
    if has_secret(url):
        raise ValueError(
            tr(
                "the address carries a password or a key, which no mapping may hold; keep it in the environment and write "
                'url = "env:SHOP_DB" (or "keyring:SERVICE/USER")'
            )
        )
    may_stand_alone = kind_of(url) in ("env", "keyring", "delta", "iceberg", *OBJECT_STORES)
    if (table is not None) + (query is not None) > 1 or not (table or query or may_stand_alone):
        raise ValueError(tr("`url` needs either the `table` that is read or a `query`"))
    return SourceTable(url, table, query).path.as_posix()


def one_character(given: str | None) -> str | None:
    """Return a delimiter or a sign as it was stated, or raise where it is more than one plain character."""
    if given is not None and given != "whitespace" and len(given.encode()) > 1:
        raise ValueError(tr('one plain character was needed (or delimiter = "whitespace" for columns set apart by spaces)'))
    return given


class FileEntry(_Written, _Cells):
    """A file, a folder or a pattern of a section's `files`, and what is to be said of these files alone: it goes before the section's."""

    path: str
    quote: str | None = None
    header: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _table_for_file(cls, given: Any) -> Any:
        return {**given, "path": path_of_url(given)} if isinstance(given, dict) and isinstance(given.get("url"), str) else given

    @field_validator("quote")
    @classmethod
    def _one_quote(cls, given: str | None) -> str | None:
        return one_character(given)

    @property
    def stated(self) -> dict[str, Any]:
        """What is said of these files alone."""
        return {name: value for name, value in self if name != "path" and value is not None}

    def __str__(self) -> str:
        return self.path


def _listed(given: Any) -> Any:
    """Return a section of values by column with every value as a text: `status = "paid"` is a list of one, 1 is "1"."""
    if not isinstance(given, dict):
        return given
    lists = {column: values if isinstance(values, list) else [values] for column, values in given.items()}
    return {
        column: [str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else value for value in values]
        for column, values in lists.items()
    }


class Written(_Written):
    """Files and how they are written (detected where it is not stated)."""

    files: tuple[FileEntry, ...]
    quote: str = '"'
    header: bool = True

    @model_validator(mode="before")
    @classmethod
    def _table_for_files(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("url"), str):
            return given
        path = path_of_url(given)
        if isinstance(given.get("files", path), str | list) and given.get("files", path) not in (path, [path]):
            raise ValueError(tr("rows come either from `files` or from `url`; leave one of them out, or list both in `files`"))
        return {"files": [path], **given}

    @field_validator("files", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        listed = given if isinstance(given, list | tuple) else [given]
        if not listed:
            raise ValueError(tr("no file is named"))
        return [{"path": entry} if isinstance(entry, str) else entry for entry in listed]

    @field_validator("quote")
    @classmethod
    def _one_quote(cls, given: str) -> str:
        return str(one_character(given))


class Join(Written):
    """Files whose columns are added to the rows of a section: each row takes those of the one row with the same key."""

    on: dict[str, str] = Field(min_length=1, description="column of the section's files -> column of the joined files")
    name: str = Field(
        "", description="before a dot, says that a column is of these files; the sheet's or file's name where nothing is stated"
    )
    match: Literal["text", "number"] = Field("text", description="keys are compared as texts without spaces around them, or as numbers")
    required: bool = Field(True, description="a row without a partner is set aside; false = it is kept with empty cells")
    distinct: bool = Field(False, description="the files hold many rows per key: take the most frequent value of each column")

    @field_validator("files")
    @classmethod
    def _cells_of_the_section(cls, given: tuple[FileEntry, ...]) -> tuple[FileEntry, ...]:
        stated = [name for entry in given for name in entry.stated if name in CELLS]
        if stated:
            raise ValueError(
                tr("cells of joined files are read as the section says, or a column of its own; leave {key} out here", key=stated[0])
            )
        return given

    @field_validator("on", mode="before")
    @classmethod
    def _same_names(cls, given: Any) -> Any:
        names = [given] if isinstance(given, str) else given
        return {name: name for name in names} if isinstance(names, list) else given

    @model_validator(mode="after")
    def _named(self) -> Join:
        if not self.name:
            sheet = self.files[0].sheet or self.sheet or (self.table or "").rpartition(".")[2].strip('"`')
            object.__setattr__(self, "name", joined_name(self.files[0].path, sheet if isinstance(sheet, str) else ""))
        return self

    def read_with(self, columns: Iterable[str]) -> TableMapping:
        """Return a section that reads these columns of the joined files."""
        written = {name: getattr(self, name) for name in Written.model_fields}
        return TableMapping.model_validate({**written, "columns": {name: name for name in columns}})


def joined_name(path: PurePath | str, sheet: str) -> str:
    """Return what a joined file is called where nothing is stated: its sheet's name, or its own without the ending."""
    return sheet or PurePath(path).name.partition(".")[0].strip("*?_- ") or "joined"


class TableMapping(Written, _Cells):
    """One contract table: its files, their format and its columns."""

    amount_unit: Literal["major", "minor"] = "major"
    source_time_zone: str | None = Field(None, description="the zone that this table's times are written in, where it is not the shop's")
    strip_ids: bool = False
    not_a_member: tuple[str, ...] = Field((), description="codes in the member column that mean: not a member")
    distinct: bool = Field(False, description="the files hold many rows per key: keep the most frequent value of each column")
    keep: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="column of the file -> the only values whose rows count")
    drop: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="column of the file -> values whose rows do not count")
    fill_down: tuple[str, ...] = Field((), description="columns of the file that stand on the first line of an order alone")
    within: str | None = Field(None, description="column of the file whose neighbouring rows of one value are an order, for fill_down")
    cancellations: Literal["mirrored", "kept"] | None = Field(None, description="what becomes of orders that mirror an earlier one")
    replaces: Literal["days", "orders", "members", "all"] = Field(
        "days", description="what lines replace: store days whole, or the same orders of a day; what a members table does: itself, or all"
    )
    join: tuple[Join, ...] = Field((), description="other files whose columns are added, row by row, before anything else")
    not_goods: Literal["in_sales", "left_out"] | None = Field(None, description="what becomes of lines that are no goods (is_goods)")
    columns: dict[str, ColumnSpec] = Field(default_factory=dict)
    values: dict[str, dict[str, str | bool]] = Field(default_factory=dict, description="contract column -> the file's word -> ours")
    attributes: dict[str, ColumnSpec] = Field(default_factory=dict, description="further columns to keep (members only)")
    also_read: tuple[str, ...] = Field((), description="columns that a section of the whole shop needs; no key of a section")

    @field_validator("not_a_member", mode="before")
    @classmethod
    def _codes_are_text(cls, given: Any) -> Any:
        return [str(code) if isinstance(code, int) else code for code in given] if isinstance(given, list) else given

    @field_validator("keep", "drop", mode="before")
    @classmethod
    def _values_are_texts(cls, given: Any) -> Any:
        return _listed(given)

    @field_validator("attributes", mode="before")
    @classmethod
    def _list_of_names(cls, given: Any) -> Any:
        return {str(name): name for name in given} if isinstance(given, list) else given

    @field_validator("source_time_zone")
    @classmethod
    def _a_time_zone(cls, given: str | None) -> str | None:
        return known_zone(given)

    @field_validator("join", mode="before")
    @classmethod
    def _one_join(cls, given: Any) -> Any:
        return [given] if isinstance(given, dict) else given

    @property
    def rows_of_source(self) -> SourceTable | None:
        """The table of a database as it is read: its new rows alone, where only these are asked for and a column tells them."""
        when = self.columns.get("ordered_at")
        source = self.source_table
        if source is None or self.from_day is None or when is None or when.column is None:
            return source
        return replace(source, since=(when.column, self.from_day))

    def of(self, entry: FileEntry) -> TableMapping:
        """Return the section as it goes for the files of one entry: what is stated of them goes before all that the section states."""
        stated = entry.stated
        if not stated:
            return self
        silent = {key: None for key, name in (("format", "time_format"), ("decimal", "decimal")) if name in stated}
        columns = {name: column.model_copy(update=silent) for name, column in self.columns.items()} if silent else self.columns
        return self.model_copy(update={**stated, "columns": columns})

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """The columns of the files that the mapping needs, each once."""
        specs = (*self.columns.values(), *self.attributes.values())
        key = (self.within,) if self.within is not None else ()
        # What `fill_down` lists is read where a column or filter uses it: listed alone, it answers no question on its values.
        named = [name for spec in specs for name in spec.raw_columns]
        return tuple(dict.fromkeys([*named, *self.keep, *self.drop, *key, *self.also_read]))


class Answers(_Frozen):
    """What a shop answered to the questions that its receipts raise (`plausibility/`).

    `ignore` lists questions whose answer is "it is right as it is": `"state:Status"` of one column, `"state"` of all columns of the kind.
    """

    ignore: tuple[str, ...] = ()

    @field_validator("ignore")
    @classmethod
    def _known_kinds(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [key for key in given if key.partition(":")[0] not in set(QuestionKind)]
        if unknown:
            kinds = ", ".join(QuestionKind)
            raise ValueError(
                tr("there is no question {key}; a key is one of {kinds}, or such a word:COLUMN", key=repr(unknown[0]), kinds=kinds)
            )
        return given


class SideTable(_Frozen):
    """A section of the whole shop that reads files of its own; what it says of their writing is what a table's section may say."""

    @classmethod
    def known_keys(cls) -> tuple[str, ...]:
        """The keys that a section may have: its own, and those of its files' writing."""
        own = [name for name in cls.model_fields if name != "table"]
        return (*own, *(name for name in WRITING if name not in own))


WRITING = (
    "files", "format", "encoding", "delimiter", "quote", "header", "skip_rows", "decimal", "thousands", "time_format", "sheet",
    "member", "unfold", "url", "table", "query",
)  # fmt: skip


def _with_table(given: Any, own: tuple[str, ...], columns: list[Any]) -> Any:
    """Return a section whose keys about files are a table of their own that reads these columns as they are."""
    if not isinstance(given, dict) or not {"files", "url"} & set(given):
        return given
    read = {name: {"column": name} for name in columns if isinstance(name, str)}
    writing = {key: value for key, value in given.items() if key not in own}
    return {**{key: value for key, value in given.items() if key in own}, "table": {**writing, "columns": read}}


class CurrencyRates(SideTable):
    """How amounts in other currencies become the mapping's: its units per unit of theirs, always the same or by day (in files).

    A rate by day holds until the next one. `columns` names the columns of the files where they are not day, currency and rate.
    """

    table: TableMapping | None = None
    column: str = Field(description="column of the lines' files that names each row's currency")
    rates: dict[str, str] = Field(default_factory=dict)
    columns: dict[Literal["day", "currency", "rate"], str] = Field(default_factory=dict)
    empty: str | None = Field(None, description="the currency of rows whose cell is empty")

    @model_validator(mode="before")
    @classmethod
    def _files_are_a_table(cls, given: Any) -> Any:
        columns = given.get("columns") if isinstance(given, dict) else None
        named = columns if isinstance(columns, dict) else {}
        return _with_table(given, ("column", "rates", "columns", "empty"), [named.get(name, name) for name in ("day", "currency", "rate")])

    @field_validator("rates", mode="before")
    @classmethod
    def _rates_are_texts(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {key: str(rate) if isinstance(rate, int | float) and not isinstance(rate, bool) else rate for key, rate in given.items()}

    @model_validator(mode="after")
    def _one_source(self) -> CurrencyRates:
        if bool(self.rates) == bool(self.table):
            raise ValueError(tr('the rates stand either here, rates = { USD = "0.92" }, or in `files` with columns day, currency and rate'))
        return self

    def named(self, name: Literal["day", "currency", "rate"]) -> str:
        """The files' column of this name."""
        return self.columns.get(name, name)


class Identities(SideTable):
    """Files whose rows each name one person by several ids; the ids of one person become one member."""

    table: TableMapping
    ids: tuple[str, ...] = Field(min_length=1, description="columns of ids; an id is the same in whichever of them it stands")
    member_id: str | None = Field(None, description="the column of `ids` whose value stays; none = the id that sorts first")
    merge_members: bool = Field(False, description="two member numbers tied by another id are one person; false = a conflict, not tied")
    largest_person: int = Field(20, ge=2, description="more ids than this are no person: the import is refused")
    not_an_id: tuple[str, ...] = Field((), description="values that stand for no id")

    @model_validator(mode="before")
    @classmethod
    def _files_are_a_table(cls, given: Any) -> Any:
        ids = given.get("ids") if isinstance(given, dict) else None
        own = ("ids", "member_id", "merge_members", "largest_person", "not_an_id")
        return _with_table(given, own, list(ids) if isinstance(ids, list) else [])

    @field_validator("not_an_id", mode="before")
    @classmethod
    def _texts(cls, given: Any) -> Any:
        return [str(value) if isinstance(value, int) else value for value in given] if isinstance(given, list) else given

    @model_validator(mode="after")
    def _several(self) -> Identities:
        if len(set(self.ids)) < 2:
            raise ValueError(tr('an identity needs two columns of ids at least, such as ids = ["member_no", "phone"]'))
        if self.member_id is not None and self.member_id not in self.ids:
            raise ValueError(tr("member_id is {name}, which is none of `ids`", name=repr(self.member_id)))
        return self


class ResultTable(_Frozen):
    """A result that each night writes back to the shop's systems: what, where, and how (`toolkit.results`)."""

    result: Literal["members", "audience", "next_best", "contacts"]
    to: str = Field(description="env:CRM_DB, keyring:SERVICE/USER, an address without a password, or a file that ends in .parquet")
    table: str | None = None
    mode: Literal["replace", "merge"] = "replace"
    name: str = Field("", description="the audience, or the campaign's id")
    columns: tuple[str, ...] = ()
    for_contact: bool = Field(True, description="an audience and contacts hold those who may be contacted, and nobody else")

    @field_validator("to")
    @classmethod
    def _no_secret(cls, given: str) -> str:
        if has_secret(given):
            raise ValueError(
                tr('the address carries a password or a key, which no mapping may hold; keep it in the environment: to = "env:CRM_DB"')
            )
        return given

    @model_validator(mode="after")
    def _named(self) -> ResultTable:
        if self.result in ("audience", "contacts") and not self.name:
            raise ValueError(tr("an audience, or the contacts of a campaign, need a `name`"))
        return self
