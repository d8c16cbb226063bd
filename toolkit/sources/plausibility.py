"""What the values of a mapped file leave open: questions for a person, asked before any figure is believed.

A column can have the right name and hold something else: a rate for money, a card level for the member, an order's total on every line.
`toolkit map` writes the questions down, `toolkit check` prints them, an import refuses while one stands open. A question that was answered
"it is right as it is" is a line of the mapping: `ignore = ["currency:Currency"]` in its section `[answers]` (see `specs.Answers`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import polars as pl

from toolkit.language import later, tr
from toolkit.sources.columns.matching import quoted
from toolkit.sources.columns.rates import discount_of_rate, per_order
from toolkit.sources.columns.vocabulary import plain
from toolkit.sources.convert import Typed
from toolkit.sources.mapping import Mapping
from toolkit.sources.records.source_file import SAMPLE_RECORDS, SourceFile, scan
from toolkit.sources.specs import Answers, TableMapping

CURRENCY_WORDS = (
    "currency", "ccy", "wahrung", "waehrung", "devise", "moneda", "valuta", "moeda", "waluta",
    "币种", "货币", "幣別", "通貨", "валюта", "통화",
)  # fmt: skip
STATE_WORDS = (
    "status", "statut", "orderstate", "paymentstate", "linestate", "linetype", "lineitemtype", "transactiontype", "transtype", "trxtype",
    "doctype", "documenttype", "receipttype", "recordtype", "saletype", "salestype", "belegart", "bontyp", "vorgangsart",
    "estadopedido", "estadodelpedido",
    "状态", "狀態", "状態", "交易类型", "交易類型", "单据类型", "单据状态", "行类型", "ステータス", "取引区分", "статус", "상태",
)  # fmt: skip
HAPPENED_WORDS = (
    "cancelled", "canceled", "cancellation", "cancelat", "iscancel", "voided", "isvoid", "voidflag", "voidreason", "refund", "storno",
    "storniert", "annule", "anulad", "cancelad", "rembours",
    "退款", "取消", "作废", "作廢", "キャンセル", "返金", "отмен", "возврат", "취소", "환불",
)  # fmt: skip
"""Names of what happens to few orders: an empty cell beside a filled one is as telling as two values."""
OF_PEOPLE = ("marital", "civil", "member", "customer", "loyal", "会员", "會員", "顾客", "客户", "会員", "顧客")
"""A state of the person, not of the order."""
NAMED_RATE = ("discountrate", "discrate", "rabattsatz", "pct", "percent", "prozent", "porcent", "折扣率", "割引率")
NOTHING = r"(?i)^(0+([.,]0*)?|-|n|no|false|f|nein|non|否|无|無|いいえ)$"
MOST_STATES = 30
FEW_DISCOUNTS, MANY_DISCOUNTS = 5, 10
TINY = 20  # a discount of less than a twentieth of the amounts, line after line
FEW_VALUES, MANY_ORDERS = 5, 100
FEWEST_ORDERS, NEARLY_ALL = 3, 0.95
LINES_READ = 5_000
MOST_COLUMNS = 300
Text = TypeVar("Text", pl.Expr, pl.Series)


@dataclass(frozen=True)
class Question:
    """What the values of a column leave open: what is doubted, two of its cells, and the line that says it is right as it is."""

    kind: str
    column: str
    cells: tuple[str, ...]
    doubt: str  # a message of the catalogue, with places for column, cells and `write`
    write: str = ""  # the line of the mapping that says what it is instead

    @property
    def key(self) -> str:
        """How a mapping names the question."""
        return f"{self.kind}:{self.column}"

    @property
    def line(self) -> str:
        """The line of `[answers]` that says: it is right as it is."""
        return answer_line([self])

    @property
    def sentence(self) -> str:
        """The doubt in the reader's language."""
        return tr(self.doubt, column=self.column, cells=tr(", ").join(map(repr, self.cells)), write=self.write)

    def __str__(self) -> str:
        return tr("{doubt} Where it is right as it is, write under [answers] in the mapping: {line}", doubt=self.sentence, line=self.line)


def answer_line(questions: Iterable[Question]) -> str:
    """Return the line of `[answers]` that says of all these questions: it is right as it is."""
    return f"ignore = [{', '.join(quoted(question.key) for question in questions)}]"


def open_questions(mapping: Mapping, typed: Typed, lines: pl.LazyFrame) -> tuple[Question, ...]:
    """Return what the receipts of a mapping leave open and its `[answers]` do not answer.

    `lines` are the converted lines that are kept (`Typed.kept`, or a copy of it). Columns with a telling name are read to their end, of
    the others a sample.
    """
    spec = mapping.tables["lines"]
    used = {name for table in mapping.tables.values() if table.files == spec.files for name in table.raw_columns}
    used |= {name.removeprefix(f"{join.name}.") for join in spec.join for name in used}
    files = (*typed.files, *typed.joined)
    names = dict.fromkeys(name for file in files for name, dtype in file.schema.items() if not dtype.is_nested())
    telling = [name for name in names if name not in used and _is_telling(name)]
    sampled = [name for name in names if name not in telling and (name in spec.raw_columns or len(names) <= MOST_COLUMNS)]
    values = _sample(typed, sampled) | _every_value(files, telling)
    questions = [*_column_questions(spec, used, values), *_line_questions(spec, lines, typed.rows_in, mapping.minor_digits)]
    return tuple(question for question in questions if not is_answered(question, mapping.answers))


def questions_of_sample(spec: TableMapping, sample: pl.DataFrame) -> tuple[Question, ...]:
    """Return what a sample of raw records (all columns, as text) leaves open where a section of lines reads it."""
    values = {name: _filled(sample[name]) for name in sample.columns}
    raw = {name: column.raw_columns for name, column in spec.columns.items()}
    ids = [
        pl.concat_str(map(pl.col, raw[name]), separator="|").alias(name) if raw.get(name) else pl.lit("").alias(name)
        for name in ("member_id", "order_id", "store_id", "product_id")
    ]
    amount = spec.columns["amount"].column if "amount" in spec.columns else None
    cents = (_number(pl.col(amount)) * 100).round().cast(pl.Int64, strict=False) if amount else pl.lit(None, pl.Int64)
    lines = sample.lazy().select(*ids, cents.alias("amount"), pl.lit(0).alias("quantity_milli"))
    member = pl.col("member_id").str.strip_chars() if spec.strip_ids else pl.col("member_id")
    nobody = member.str.strip_chars().is_in(["", *spec.not_a_member])
    lines = lines.with_columns(pl.when(~nobody).then(member).alias("member_id"))
    return (*_column_questions(spec, set(spec.raw_columns), values), *_line_questions(spec, lines, sample.height, 2))


def is_answered(question: Question, answers: Answers) -> bool:
    """Return whether the mapping says that it is right as it is: of this column, or of all of the kind."""
    return question.key in answers.ignore or question.kind in answers.ignore


# -- what is read


def _is_telling(name: str) -> bool:
    return any(word in plain(name) for word in (*CURRENCY_WORDS, *STATE_WORDS, *HAPPENED_WORDS))


def _raw_texts(file: SourceFile, names: Iterable[str]) -> pl.LazyFrame:
    there = [name for name in names if name in file.schema]
    records = scan([file], there, with_broken=bool(file.dialect))
    if file.dialect:
        records = records.filter(pl.col("broken").is_null())
    return records.select(pl.col(name).cast(pl.String, strict=False) for name in there)


def _sample(typed: Typed, names: Sequence[str]) -> dict[str, pl.Series]:
    """Return columns of the first records of the first, the middle and the last file, row by row."""
    numbers = sorted({0, len(typed.files) // 2, len(typed.files) - 1}) if typed.files and names else []
    starts = [_raw_texts(typed.files[number], names).head(SAMPLE_RECORDS) for number in numbers]
    sample = pl.concat(starts, how="diagonal").collect() if starts else pl.DataFrame()
    return {name: _filled(sample[name]) for name in sample.columns}


def _every_value(files: Sequence[SourceFile], names: Sequence[str]) -> dict[str, pl.Series]:
    """Return the different values of columns in all files: a currency or a refund may come late."""
    values: dict[str, list[pl.Series]] = {}
    for file in files if names else ():
        texts = _raw_texts(file, names)
        found = texts.select(pl.all().unique().implode()).collect(engine="streaming")
        for column in found:
            values.setdefault(column.name, []).append(_filled(column.explode()))
    return {name: pl.concat(parts).unique().sort() for name, parts in values.items()}


def _filled(cells: pl.Series) -> pl.Series:
    return cells.str.strip_chars().replace("", None)


def _number(text: Text) -> Text:
    """Return text as a number where it plainly is one, without a sign of money or percent."""
    bare = text.str.replace_all(r"[%\s€$£¥￥]", "").str.replace("−", "-", literal=True).str.replace(",", ".", literal=True)
    return bare.cast(pl.Float64, strict=False)


# -- questions of one column


def _column_questions(spec: TableMapping, used: set[str], values: dict[str, pl.Series]) -> list[Question]:
    questions = []
    for name, cells in values.items():
        if name not in used and (question := _currency(name, cells) or _state(name, cells)):
            questions.append(question)
    amount = spec.columns["amount"].column if "amount" in spec.columns else None
    for column in ("discount_amount", "coupon_amount"):
        name = spec.columns[column].column if column in spec.columns and not spec.columns[column].rate else None
        in_minor = name and (spec.columns[column].unit or spec.amount_unit) == "minor"
        if name in values and not in_minor and (question := _rate(name, values[name], values.get(amount or ""))):
            factors = [factor for factor in spec.columns["amount"].multiply if isinstance(factor, str)] if "amount" in spec.columns else []
            questions.append(replace(question, write=discount_of_rate(column, str(name), values[str(name)], amount or "...", factors)))
    return questions


def _currency(name: str, cells: pl.Series) -> Question | None:
    """Doubt amounts of several currencies."""
    codes = cells.drop_nulls().str.to_uppercase().unique().sort()
    is_named = any(word in plain(name) for word in CURRENCY_WORDS) and _number(codes).is_null().any()
    if codes.len() < 2 or not (is_named or (codes.len() <= MOST_STATES and _are_currencies(codes))):
        return None
    doubt = later(
        "The column '{column}' names several currencies ({cells}), but all amounts are added up as one: import each by itself, or convert "
        'them: write the section [currency_rates] with column = "{column}" and, for each of the others, what one unit of it is worth in '
        "the currency of the mapping, such as rates = {{ USD = 0.92 }}."
    )
    return Question("currency", name, tuple(codes.head(2)), doubt)


def _are_currencies(codes: pl.Series) -> bool:
    from babel.numbers import is_currency

    return bool(codes.str.contains("^[A-Z]{3}$").all()) and all(map(is_currency, codes))


def _state(name: str, cells: pl.Series) -> Question | None:
    """Doubt rows that are of different states and all counted."""
    word = plain(name)
    if any(part in word for part in OF_PEOPLE):
        return None
    states = cells.drop_nulls().unique().sort()
    if any(part in word for part in HAPPENED_WORDS):
        happened = states.filter(~states.str.contains(NOTHING))
        examples = [*happened.head(2), *states.filter(states.str.contains(NOTHING)).head(1)]
        if happened.is_empty() or (len(examples) < 2 and not cells.has_nulls()):
            return None
    elif any(part in word for part in STATE_WORDS) and 2 <= states.len() <= MOST_STATES:
        examples = states.to_list()
    else:
        return None
    doubt = later(
        "The column '{column}' looks like a state of orders or lines ({cells}) and is not used: what was cancelled, refunded or voided "
        "is counted as sold. Say which rows count: in the mapping, under [lines.drop] or [lines.keep], this column and its values."
    )
    return Question("state", name, tuple([*examples, ""][:2]), doubt)


def _rate(name: str, cells: pl.Series, amounts: pl.Series | None) -> Question | None:
    """Doubt a discount that is read as money and looks like a rate (0.2) or a percentage (20)."""
    numbers = _number(cells).abs()
    is_given = (numbers > 0).fill_null(False)
    given = numbers.filter(is_given)
    if given.is_empty():
        return None
    is_rate = bool(cells.str.contains("%", literal=True).any())
    if any(word in plain(name) for word in NAMED_RATE) or "%" in name:
        is_rate |= float(given.max()) <= 100  # type: ignore[arg-type]
    steps = given.len() >= MANY_DISCOUNTS and given.n_unique() <= MOST_STATES
    if given.len() >= FEW_DISCOUNTS and float(given.max()) <= 1 and float(given.min()) < 1:  # type: ignore[arg-type]
        beside = _number(amounts).abs().filter(is_given).drop_nulls() if amounts is not None else pl.Series([], dtype=pl.Float64)
        is_tiny = beside.len() > 0 and float(beside.median()) >= TINY * float(given.median())  # type: ignore[arg-type]
        is_rate |= is_tiny or (steps and _multiples(given * 20))
    elif steps and float(given.max()) < 100:  # type: ignore[arg-type]
        is_rate |= _multiples(given / 5)
    if not is_rate:
        return None
    doubt = later(
        "The column '{column}' is read as the money of a discount, but its values ({cells}) look like rates or percents. Where the "
        "amount is what they left, write {write}; where they are not taken off yet, less_rate makes the amount and times_rate the discount."
    )
    return Question("discount", name, tuple(cells.filter(is_given).unique(maintain_order=True).head(2)), doubt)


def _multiples(parts: pl.Series) -> bool:
    return bool(((parts - parts.round()).abs() < 1e-9).all())


# -- questions of lines


def _line_questions(spec: TableMapping, lines: pl.LazyFrame, rows: int, digits: int) -> list[Question]:
    first = lines.select("member_id", "store_id", "order_id", "product_id", "quantity_milli", "amount").head(LINES_READ).collect()
    members = first["member_id"].drop_nulls().unique()
    if first.height == LINES_READ and (members.dtype == pl.String or members.len() <= FEW_VALUES):  # numbers have no spelling
        members = lines.select(pl.col("member_id").drop_nulls().unique()).collect(engine="streaming").to_series()
    column = ", ".join(spec.columns["member_id"].raw_columns) if "member_id" in spec.columns else ""
    questions = [_spelling(column, members), _few_members(column, members, lines), _order_total(spec, first, lines, rows, digits)]
    return [question for question in questions if question]


def _spelling(column: str, members: pl.Series) -> Question | None:
    """Doubt ids that are the same but for capitals, blanks or an ending .0."""
    if members.dtype != pl.String:
        return None
    plainly = members.str.to_lowercase().str.replace_all(r"\s", "").str.replace(r"^(\d+)\.0+$", "${1}")
    if plainly.n_unique() == members.len():
        return None
    twins = pl.DataFrame({"id": members, "plainly": plainly}).sort("plainly", "id").filter(pl.col("plainly").is_duplicated())
    doubt = later(
        "Ids of the column '{column}' differ by capitals, blanks or an ending .0 alone ({cells}), and each spelling counts as a member of "
        'its own. Where they are one, write at the top of the mapping: fold_ids = ["case", "blanks", "decimal"].'
    )
    return Question("member_spelling", column, tuple(twins["id"].head(2)), doubt)


def _few_members(column: str, members: pl.Series, lines: pl.LazyFrame) -> Question | None:
    """Doubt members of whom there are a handful in many orders."""
    if not 0 < members.len() <= FEW_VALUES:
        return None
    orders = lines.filter(pl.col("member_id").is_not_null()).select(pl.struct("store_id", "order_id").n_unique()).collect().item()
    if orders < MANY_ORDERS:
        return None
    doubt = later(
        "The column '{column}' has very few values ({cells}) for so many orders: is it a card level or a group? Name the column of the "
        "member's own number."
    )
    return Question("few_members", column, tuple(map(str, members.sort().head(2))), doubt)


def _order_total(spec: TableMapping, first: pl.DataFrame, lines: pl.LazyFrame, rows: int, digits: int) -> Question | None:
    """Doubt an amount that all lines of an order share while orders differ."""
    amount = spec.columns["amount"].column if "amount" in spec.columns else None
    if amount is None:
        return None
    orders = _orders_of_several(first.lazy())
    if orders.height < FEWEST_ORDERS and first.height == LINES_READ:  # lines of an order lie far apart: whole orders are drawn by their ids
        orders = _orders_of_several(lines.filter(pl.col("order_id").hash() % max(1, rows // LINES_READ) == 0))
    same = orders.filter(pl.col("least") == pl.col("most"))
    if same.height < max(FEWEST_ORDERS, NEARLY_ALL * orders.height) or same["least"].n_unique() < 2:
        return None
    cells = tuple(f"{cents / 10**digits:.{digits}f}" for cents in same["least"].unique().sort().head(2))
    doubt = later(
        "All lines of an order carry the same amount ({cells}), order for order: the column '{column}' looks like the order's total, which "
        "would be added up once a line. Name the column of the line's own amount, or have the total shared out: {write}"
    )
    return Question("order_total", amount, cells, doubt, per_order("amount", amount))


def _orders_of_several(lines: pl.LazyFrame) -> pl.DataFrame:
    """Return least and most amount of a line for each order of several goods."""
    orders = lines.filter(pl.col("amount") > 0).group_by("store_id", "order_id")
    several = pl.struct("product_id", "quantity_milli").n_unique() > 1
    least_and_most = orders.agg(pl.col("amount").min().alias("least"), pl.col("amount").max().alias("most"), several.alias("several"))
    return least_and_most.filter("several").collect()
