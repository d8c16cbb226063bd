"""The mapping: how a shop's own files, names and codes become the contract's tables.

A mapping is a TOML file: a few lines about the shop, then one section per contract table (`[lines]` and what else there is), each with
its files and a `columns` section that says where every contract column comes from. `toolkit map FILES` proposes one. Everything about
the format of the files is optional: it is detected, and what was detected is printed. An unknown key is a fault; all faults of a mapping
are reported together.

A section `[answers]` says what was answered to the questions that the values raise (`plausibility/`): `ignore = ["state:Status"]` lists
those whose answer is "it is right as it is", by the question's word and the column, or by the word alone for every column.

`source = "till"` names where the receipts come from (without it: the mapping's name). An import replaces store days of its own source only.
`[[results]]` names what each night writes back (`specs.ResultTable`), one section a table.
`replaces = "orders"` in [lines] is for files that bring only new and changed orders: of a store's day they replace the same orders alone.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as MappingABC
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from toolkit.errors import MappingError, nearest
from toolkit.language import tr, trn
from toolkit.schemas import CONTRACT, MONEY_COLUMNS, closed_words, required_columns
from toolkit.sources.databases.addresses import placed, without_secrets
from toolkit.sources.specs import (
    Answers,
    ColumnSpec,
    CurrencyRates,
    FileEntry,
    Identities,
    Join,
    ResultTable,
    SideTable,
    TableMapping,
    known_zone,
)
from toolkit.sources.spellings import FOLDS

DAYS_SINCE = re.compile(r"days since (\d{4}-\d{2}-\d{2})")
TIME_WORDS = ("iso", "epoch_s", "epoch_ms", "epoch_us", "excel")
NO_MINOR_UNIT = frozenset(["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"])
"""Currencies that ISO 4217 lists without a minor unit."""
LONGEST = 200  # of what a sentence repeats of a mapping


SHOP_KEYS = (
    "name", "source", "currency", "minor_digits", "time_zone", "source_time_zone", "answers", "fold_ids", "currency_rates", "identities",
    "results",
)  # fmt: skip
SIDE_TABLES: dict[str, type[SideTable]] = {"currency_rates": CurrencyRates, "identities": Identities}
"""Sections of the whole shop that may read files of their own."""
SHARED = ("amount", "discount_amount", "coupon_amount")
"""Columns of lines that a value of the whole order can be shared out to."""


class Since(BaseModel):
    """What an import of a night looks at: no key of a mapping, set by `importing.since`."""

    model_config = ConfigDict(frozen=True)

    days: dict[str, date] = Field(default_factory=dict, description="file of lines -> the first day whose receipts are looked at")
    not_after: date = Field(description="receipts of later days are of a clock that is off")


class Mapping(BaseModel):
    """How one shop's files become the contract's tables."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "receipts"
    source: str = Field("", description="where the receipts come from: till, app, ...; empty = the mapping's name")
    currency: str
    minor_digits: int = Field(ge=0, le=4)
    time_zone: str | None = None
    source_time_zone: str | None = None
    tables: dict[str, TableMapping]
    answers: Answers = Answers()
    fold_ids: tuple[str, ...] = ()  # of member ids, in all tables alike: see `spellings.py`
    currency_rates: CurrencyRates | None = None
    identities: Identities | None = None
    results: tuple[ResultTable, ...] = ()
    folder: Path
    label: str = "mapping"
    since: Since | None = None

    @property
    def source_name(self) -> str:
        """The source that the receipts belong to: what is replaced by an import is of the same source."""
        return self.source.strip() or self.name.strip() or "receipts"

    @field_validator("time_zone", "source_time_zone")
    @classmethod
    def _known_zone(cls, given: str | None) -> str | None:
        return known_zone(given)

    def zone_of_times(self, table: str) -> str | None:
        """Return the zone that the times of a table are written in; None = the shop's own."""
        return self.tables[table].source_time_zone or self.source_time_zone

    @field_validator("fold_ids")
    @classmethod
    def _known_folds(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [word for word in given if word not in FOLDS]:
            known = ", ".join(map(repr, FOLDS))
            raise ValueError(tr("spellings cannot be folded by {word}; known: {known}", word=repr(unknown[0]), known=known))
        return given

    def side_table(self, name: str) -> Mapping:
        """Return a mapping whose one table is that of a section of the whole shop, under the section's name."""
        return self.model_copy(update={"tables": {name: getattr(self, name).table}})


def read_mapping(path: Path | str) -> Mapping:
    """Return the mapping in a TOML file.

    Raises: `MappingError` with one sentence per fault, all faults at once.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        said = tr("There is no mapping file {path}; `toolkit map FILES > {name}` proposes one.", path=path, name=path.name)
        raise MappingError(said) from None
    except UnicodeDecodeError as error:
        said = tr("{path} is not UTF-8 at byte {byte}; a TOML file must be UTF-8: save it as such.", path=path, byte=error.start)
        raise MappingError(said) from None
    return mapping_from_text(text, folder=path.parent, label=path.name)


def with_first_rows(mapping: Mapping, rows: int) -> Mapping:
    """Return a mapping that looks at no more than so many rows of each table of a database."""
    tables = {name: table.model_copy(update={"first_rows": rows}) for name, table in mapping.tables.items()}
    return mapping.model_copy(update={"tables": tables})


def mapping_from_text(text: str, *, folder: Path | str, label: str = "mapping") -> Mapping:
    """Return the mapping in a TOML text; relative files start at `folder`.

    Raises: `MappingError` with one sentence per fault, all faults at once.

    >>> text = '''
    ... currency = "EUR"
    ... [lines]
    ... files = "bons.csv"
    ... columns = {member_id = "Kunde", order_id = ["Kasse", "Bon"], store_id = {value = "1"}, product_id = "Artikel",
    ...            ordered_at = "Datum", quantity = "Menge", amount = "Umsatz"}
    ... '''.replace("\\n           ", "")
    >>> mapping_from_text(text, folder=".").tables["lines"].columns["order_id"].join
    ('Kasse', 'Bon')
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(tr("{label} is not valid TOML: {error}.", label=label, error=error)) from None
    except ValueError:
        raise MappingError(tr("{label} holds a number that is longer than any number here is; write it as a text.", label=label)) from None
    except RecursionError:
        raise MappingError(tr("{label} nests lists or sections deeper than a mapping ever does; write it flatter.", label=label)) from None
    faults: list[str] = []
    shop = {key: value for key, value in given.items() if key not in CONTRACT}
    faults += _unknown(label, shop, [*SHOP_KEYS, *CONTRACT])
    tables = {name: _read_table(label, name, placed(given[name], folder), faults) for name in CONTRACT if name in given}
    if "lines" not in given:
        faults.append(tr("{label} has no section [lines]: the receipt lines are the one table that is needed.", label=label))
    shop = {key: value for key, value in shop.items() if key in SHOP_KEYS}
    for name in [name for name in SIDE_TABLES if name in shop]:
        shop[name] = _read_side_table(label, name, placed(shop[name], folder), faults)
    lines = tables.get("lines")
    if lines is not None and isinstance(rates := shop.get("currency_rates"), CurrencyRates):
        tables["lines"] = lines.model_copy(update={"also_read": (rates.column,)})
    if "minor_digits" not in shop:
        shop["minor_digits"] = _minor_digits(label, shop.get("currency"), faults)
    if faults:
        tables = {}
    try:
        mapping = Mapping.model_validate({"currency": "", **shop, "tables": tables, "folder": Path(folder), "label": label})
    except ValidationError as error:
        raise MappingError("\n".join([*faults, *_sentences(label, "", error)])) from None
    if faults:
        raise MappingError("\n".join(faults))
    return mapping


def _read_side_table(label: str, name: str, given: Any, faults: list[str]) -> SideTable | None:
    where = f"{label} [{name}]"
    section = SIDE_TABLES[name]
    if not isinstance(given, MappingABC):
        faults.append(tr("{where} must be a section with keys, but {given} came.", where=where, given=shortened(given)))
        return None
    faults += _unknown(where, given, section.known_keys())
    try:
        return section.model_validate({key: value for key, value in given.items() if key in section.known_keys()})
    except ValidationError as error:
        faults += [fault.replace(f"{where} table.", f"{where} ").replace("'table'", "'files'") for fault in _sentences(label, name, error)]
        return None


def _read_table(label: str, name: str, given: Any, faults: list[str]) -> TableMapping | None:
    where = f"{label} [{name}]"
    if not isinstance(given, MappingABC):
        faults.append(tr("{where} must be a section with `files` and `columns`, but {given} came.", where=where, given=shortened(given)))
        return None
    known_keys = [key for key in TableMapping.model_fields if key not in ("also_read", "first_rows", "from_day")]
    faults += _unknown(where, given, known_keys)
    columns = given.get("columns", {})
    if isinstance(columns, MappingABC):
        contract = CONTRACT[name].columns()
        faults += _unknown(f"{label} [{name}.columns]", columns, list(contract))
        missing = [column for column in required_columns(name) if column not in columns]
        if missing:
            said = trn("{where} does not say where {columns} comes from.", "{where} does not say where {columns} come from.",
                       len(missing), where=f"{label} [{name}.columns]", columns=", ".join(missing))  # fmt: skip
            faults.append(said)
    if given.get("attributes") and name != "members":
        faults.append(tr("{where} has `attributes`, but only [members] can keep further columns.", where=where))
    known = {key: value for key, value in given.items() if key in known_keys}
    try:
        table = TableMapping.model_validate(known)
    except ValidationError as error:
        faults += _sentences(label, name, error)
        return None
    for column, spec in table.columns.items():
        faults += _misused(f"{label} [{name}.columns] {column}", name, column, spec)
    for column, words in table.values.items():
        faults += _bad_values(f"{label} [{name}.values] {column}", name, table.columns.get(column), column, words)
    for section, listed in (("keep", table.keep), ("drop", table.drop)):
        faults += [
            tr("{where} {column} lists no value; write the values as a list of texts.", where=f"{label} [{name}.{section}]", column=column)
            for column, values in listed.items()
            if not values
        ]
    if table.distinct and not CONTRACT[name].primary_key():
        faults.append(tr("{where} has `distinct`, but a row of this table has no key to put rows together by; leave it out.", where=where))
    if table.cancellations and name != "lines":
        faults.append(tr("{where} has `cancellations`, but only [lines] holds orders.", where=where))
    replaced = {"lines": ("days", "orders"), "members": ("members", "all")}
    if "replaces" in known and table.replaces not in replaced.get(name, ()):
        faults.append(
            tr(
                '{where} has `replaces`; [lines] takes "days" or "orders", [members] takes "members" (the files bring only new and changed '
                'ones) or "all" (who is not in them is off the table).',
                where=where,
            )
        )
    if table.not_goods and name != "lines":
        faults.append(tr("{where} has `not_goods`, but only [lines] holds what was sold.", where=where))
    if bool(table.fill_down) != (table.within is not None):
        faults.append(
            tr("{where} needs `fill_down` (the columns) and `within` (the order's column) together; only one was stated.", where=where)
        )
    for written in (table, *table.files):
        faults += _bad_time(f"{where} time_format", written.time_format)
    faults += _repeated_joins(where, table)
    return table


def _repeated_joins(where: str, table: TableMapping) -> list[str]:
    """Return the faults of files that are joined twice, or to themselves."""
    names = [join.name for join in table.join]
    faults = [
        tr("{where} join: two joins are named {name}; give each a `name` of its own.", where=where, name=repr(name))
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    said = [((join.files, join.sheet, join.member, join.unfold), tuple(join.on.items())) for join in table.join]
    faults += [
        tr("{where} join: {file} is joined twice by the same key; name it once.", where=where, file=read[0][0])
        for read, on in dict.fromkeys(said)
        if said.count((read, on)) > 1
    ]
    return faults


def _bad_values(where: str, table: str, spec: ColumnSpec | None, column: str, words: MappingABC[str, str | bool]) -> list[str]:
    """Return the faults of a value map: a column that takes no words, or words that the column does not take."""
    rule = CONTRACT[table].columns().get(column)
    if rule is None:
        return _unknown(where.removesuffix(f" {column}"), [column], list(CONTRACT[table].columns()))
    if not (rule.dtype == pl.String or rule.dtype == pl.Boolean) or column.endswith("_id"):
        return [tr("{where} is no column of words: a value map cannot make it.", where=where)]
    if spec is None or spec.column is None:
        return [tr("{where} maps the values of one column of the file, which [{table}.columns] must name.", where=where, table=table)]
    closed = closed_words(table, column)
    known = {*closed, *(("true", "false", True, False) if rule.dtype == pl.Boolean else ())}
    wrong = [word for word in words.values() if (word not in known if closed else not isinstance(word, str) or not word)]
    if wrong and not closed:
        return [tr("{where} must give a text for each value, but {word} came.", where=where, word=repr(wrong[0]))]
    return [
        tr("{where} must give {first} or {second} for each value, but {word} came.", where=where, word=repr(word), **_two(closed))
        for word in wrong[:1]
    ]


def _two(closed: Sequence[str]) -> dict[str, str]:
    return {"first": repr(closed[0]), "second": repr(closed[1])}


def _misused(where: str, table: str, column: str, spec: ColumnSpec) -> list[str]:
    """Return the faults of a spec that is well formed but cannot make this column."""
    faults = _bad_time(f"{where}.format", spec.format)
    numeric = column in MONEY_COLUMNS or column in ("quantity", "on_hand", "service_life_days")
    if (spec.add or spec.subtract or spec.multiply or spec.divide or spec.rate) and not numeric:
        faults.append(tr("{where} is not a number: add, subtract, multiply, divide and rates cannot make it.", where=where))
    if spec.is_shared and not (table == "lines" and column in SHARED):
        faults.append(tr("{where} is no money of a line: a value of the whole order cannot be shared out to make it.", where=where))
    if (spec.true_if or spec.false_if) and CONTRACT[table].columns()[column].dtype != pl.Boolean:
        faults.append(tr("{where} is not a yes or no: true_if and false_if cannot make it.", where=where))
    if spec.join and numeric:
        faults.append(
            tr(
                "{where} is a number: it cannot be joined from several columns; use {{ add = [...] }} or {{ multiply = [...] }}.",
                where=where,
            )
        )
    if spec.unit and column not in MONEY_COLUMNS:
        faults.append(tr("{where} is not money: it has no `unit`.", where=where))
    return faults


def _bad_time(where: str, given: str | None) -> list[str]:
    if given is None or given in TIME_WORDS or "%" in given or DAYS_SINCE.fullmatch(given):
        return []
    words = ", ".join([*TIME_WORDS, '"days since 2017-01-01"'])
    return [f'{where} is {given!r}; it must be one of {words}, or a pattern with % signs such as "%d.%m.%Y %H:%M".']


def did_you_mean(name: str, known: Iterable[str], otherwise: str = ".") -> str:
    """Return the end of a sentence on a name that is not known."""
    near = nearest(name, known)
    return f"; did you mean '{near[0]}'?" if near else otherwise


def shortened(given: Any, written: Callable[[Any], str] = repr) -> str:
    """Return what came as it is written, the beginning of what is long; a password in it is hidden."""
    text = without_secrets(written(given))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _unknown(where: str, given: Iterable[str], known: Sequence[str]) -> list[str]:
    listed = f"; known: {', '.join(known)}."
    unknown = [key for key in given if key not in known]
    return [
        tr("{where} has no key '{key}'", where=where, key=shortened(key, str)) + did_you_mean(key[:LONGEST], known, listed)
        for key in unknown
    ]


def _sentences(label: str, table: str, error: ValidationError) -> list[str]:
    faults = []
    for fault in error.errors():
        if fault["type"] == "extra_forbidden" and len(fault["loc"]) == 1:
            continue  # already said, with the nearest name
        path = ".".join(str(part) for part in fault["loc"])
        parts = {"files": FileEntry, "join": Join}
        known = next((parts[key] for key in parts if key in fault["loc"]), ColumnSpec).model_fields
        where = f"{label} [{table}]" if table else label
        if fault["type"] == "extra_forbidden":
            faults.append(f"{where} has no key '{path}'{did_you_mean(str(fault['loc'][-1]), known)}")
        elif fault["type"] == "missing":
            faults.append(tr("{where} needs '{path}'.", where=where, path=path))
        else:
            message = fault["msg"].removeprefix("Value error, ")
            message = message[0].lower() + message[1:]
            said = tr("{where} {path}: {message}; {given} came.", where=where, path=path, message=message, given=shortened(fault["input"]))
            faults.append(said if path else f"{where}: {message}.")
    return faults


def _minor_digits(label: str, currency: Any, faults: list[str]) -> int:
    """Return how many decimals a currency has; 2 stands in where the fault is already noted."""
    if not isinstance(currency, str):
        faults.append(tr('{label} needs the currency of the amounts as an ISO code, such as currency = "EUR".', label=label))
        return 2
    from babel.numbers import is_currency

    if not is_currency(currency):
        faults.append(
            tr(
                "{label} currency {currency} is no ISO 4217 code (EUR, USD, CNY, JPY, ...); for an own code state minor_digits too.",
                label=label, currency=repr(currency),
            )
        )  # fmt: skip
        return 2
    return minor_digits_of(currency)


def minor_digits_of(currency: str) -> int:
    """Return how many decimals amounts in an ISO 4217 currency have.

    >>> minor_digits_of("JPY"), minor_digits_of("EUR"), minor_digits_of("KWD")
    (0, 2, 3)
    """
    from babel.numbers import get_currency_precision

    if currency in NO_MINOR_UNIT:
        return 0
    # The tables of the locale project show no decimals for some currencies whose receipts do carry them (RSD, IQD): never fewer than two.
    return max(2, get_currency_precision(currency))
