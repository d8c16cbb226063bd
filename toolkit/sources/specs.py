"""What a mapping says about one table: its files, their format, and where each column comes from."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

QUESTION_KINDS = ("currency", "state", "discount", "member_spelling", "few_members", "order_total")
ONE_OF = ("column", "join", "value", "add", "multiply", "true_if", "false_if")


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
            raise ValueError("a condition needs `equals` or `starts_with`, a list of texts")
        return self


class ColumnSpec(_Frozen):
    """Where one contract column comes from: exactly one of column, join, value, add (and subtract), multiply, true_if, false_if."""

    column: str | None = None
    join: tuple[str, ...] = Field((), description="several columns read as one: ids joined by '|', dates and times by a space")
    value: str | int | float | bool | None = None
    add: tuple[str, ...] = ()
    subtract: tuple[str, ...] = ()
    multiply: tuple[str, ...] = ()
    true_if: tuple[Condition, ...] = ()
    false_if: tuple[Condition, ...] = ()
    unit: Literal["major", "minor"] | None = None
    sign: Literal[1, -1] = 1
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

    @model_validator(mode="after")
    def _one_source(self) -> ColumnSpec:
        given = [key for key in ONE_OF if getattr(self, key) not in (None, ())]
        if given == [] and self.subtract:
            given = ["add"]
        if len(given) != 1:
            came = " and ".join(given) or "none of them"
            raise ValueError(f"a column comes from exactly one of {', '.join(ONE_OF)}, but {came} was stated")
        return self

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """The columns of the file that this one is made from."""
        conditions = tuple(condition.column for condition in (*self.true_if, *self.false_if))
        single = (self.column,) if self.column is not None else ()
        return tuple(dict.fromkeys((*single, *self.join, *self.add, *self.subtract, *self.multiply, *conditions)))


def _listed(given: Any) -> Any:
    """Return a section of values by column with every value as a text: `status = "paid"` is a list of one, 1 is "1"."""
    if not isinstance(given, dict):
        return given
    lists = {column: values if isinstance(values, list) else [values] for column, values in given.items()}
    return {
        column: [str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else value for value in values]
        for column, values in lists.items()
    }


class TableMapping(_Frozen):
    """One contract table: its files, their format (detected where it is not stated) and its columns."""

    files: tuple[str, ...] = Field(min_length=1)
    format: Literal["parquet", "csv"] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str = '"'
    header: bool = True
    skip_rows: int | None = Field(None, ge=0, description="lines above the header that are not data")
    decimal: Literal[".", ","] | None = None
    thousands: str | None = None
    amount_unit: Literal["major", "minor"] = "major"
    time_format: str | None = None
    strip_ids: bool = False
    not_a_member: tuple[str, ...] = Field((), description="codes in the member column that mean: not a member")
    distinct: bool = Field(False, description="the files hold many rows per key: keep the most frequent value of each column")
    keep: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="column of the file -> the only values whose rows count")
    drop: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="column of the file -> values whose rows do not count")
    fill_down: tuple[str, ...] = Field((), description="columns of the file that stand on the first line of an order alone")
    within: str | None = Field(None, description="column of the file whose neighbouring rows of one value are an order, for fill_down")
    cancellations: Literal["mirrored", "kept"] | None = Field(None, description="what becomes of orders that mirror an earlier one")
    columns: dict[str, ColumnSpec] = Field(default_factory=dict)
    values: dict[str, dict[str, str | bool]] = Field(default_factory=dict, description="contract column -> the file's word -> ours")
    attributes: dict[str, ColumnSpec] = Field(default_factory=dict, description="further columns to keep (members only)")

    @field_validator("files", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        return [given] if isinstance(given, str) else given

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
        return {name: name for name in given} if isinstance(given, list) else given

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, given: str | None) -> str | None:
        if given is not None:
            try:
                "".encode(given)
            except LookupError:
                raise ValueError(f"Python knows no encoding {given!r}; usual ones are utf-8, gb18030, cp1252, shift_jis, utf-16") from None
        return given

    @field_validator("delimiter", "quote", "thousands")
    @classmethod
    def _one_character(cls, given: str | None) -> str | None:
        if given is not None and given != "whitespace" and len(given.encode()) > 1:
            raise ValueError('one plain character was needed (or delimiter = "whitespace" for columns set apart by spaces)')
        return given

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """The columns of the files that the mapping needs, each once."""
        specs = (*self.columns.values(), *self.attributes.values())
        key = (self.within,) if self.within is not None else ()
        # What `fill_down` lists is read where a column or filter uses it: listed alone, it answers no question on its values.
        return tuple(dict.fromkeys([*(name for spec in specs for name in spec.raw_columns), *self.keep, *self.drop, *key]))


class Answers(_Frozen):
    """What a shop answered to the questions that its receipts raise (`plausibility.py`).

    `ignore` lists questions whose answer is "it is right as it is": `"state:Status"` of one column, `"state"` of all columns of the kind.
    """

    ignore: tuple[str, ...] = ()

    @field_validator("ignore")
    @classmethod
    def _known_kinds(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [key for key in given if key.partition(":")[0] not in QUESTION_KINDS]
        if unknown:
            raise ValueError(f"there is no question {unknown[0]!r}; a key is one of {', '.join(QUESTION_KINDS)}, or such a word:COLUMN")
        return given
