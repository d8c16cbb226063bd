"""Which column is which: by its name in the vocabulary, held against what it contains."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import polars as pl

from toolkit.schemas import CONTRACT
from toolkit.sources.columns.contents import Contents
from toolkit.sources.columns.vocabulary import SURE, plain, score, vocabulary, words_for
from toolkit.sources.styles.times import swap, time_style

NUMBERS = ("quantity", "amount", "discount_amount", "coupon_amount", "unit_price", "unit_cost")
MONEY_OF_GOODS = ("amount", "discount_amount", "coupon_amount", "unit_price")
OF_DELIVERY = (
    "freight",
    "shipping",
    "postage",
    "versandkosten",
    "fracht",
    "fraisdeport",
    "frete",
    "运费",
    "運費",
    "送料",
    "доставк",
    "배송비",
)
"""Parts of the names of money that is paid for the way and not for the goods."""
HELPERS = ("unit_price", "clock", "till")
HEAVY_SHARE = 0.2
MOST_ARMS = 10
BARE = ("id", "no", "nr", "num", "number", "code", "key", "编号", "编码", "番号")
TELLING = ("quantity", "amount", "order_id", "ordered_at", "unit_price")
CAMPAIGN_TABLES = {"contacts": ("campaign_id", "member_id", "arm"), "campaigns": ("campaign_id", "starts_on", "ends_on")}
GUIDE_TABLES = {"guide_calls": ("member_id", "called_on", "outcome"), "guides": ("guide_id", "left_on")}
KEYS = {"products": "product_id", "members": "member_id", "stores": "store_id"}


@dataclass(frozen=True)
class Guess:
    """A proposed contract column: raw columns or TOML text, with a comment where it is a guess, and options of the table."""

    name: str
    columns: tuple[str, ...] = ()
    text: str = ""
    comment: str = ""
    options: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether numbers are read from the raw columns."""
        return self.name in NUMBERS and bool(self.columns)


def guess_table(contents: Contents, has_lines: bool, *, may_be_lines: bool = True) -> str | None:
    """Return which contract table a file looks like, or None."""
    for table, telling in {**CAMPAIGN_TABLES, **GUIDE_TABLES}.items():
        columns = match_columns(table, contents)
        if all(column in columns for column in telling):
            return table
    lines = match_columns("lines", contents) if may_be_lines else {}
    if sum(column in lines for column in TELLING) >= 2 and not (has_lines and len(lines) < 3):
        return "lines"
    fitting = {}
    for table, key in KEYS.items():
        columns = match_columns(table, contents)
        cells = contents.texts(columns[key]) if key in columns else None
        if cells is not None and cells.n_unique() >= 0.9 * cells.len():  # its key is nearly unique
            fitting[table] = len(columns)
    return max(fitting, key=lambda table: fitting[table], default=None)


def match_columns(table: str, contents: Contents) -> dict[str, str]:
    """Return the best raw column for each contract column (and helper) of a table; a raw column serves once, better names first."""
    wanted = [*CONTRACT[table].columns(), *(HELPERS if table == "lines" else ())]
    scores = []
    for column in wanted:
        for position, name in enumerate(contents.names):
            points = score(contents.own_name(name), words_for(table, column))
            if points and _may_be(column, name, contents):
                scores.append((points, -position, column, name))
    columns: dict[str, str] = {}
    for _, _, column, name in sorted(scores, key=lambda item: (-item[0], -item[1])):
        if column not in columns and name not in columns.values():
            columns[column] = name
    return columns


def _may_be(column: str, name: str, contents: Contents) -> bool:
    """Return whether what a raw column contains can be this contract column."""
    if column in MONEY_OF_GOODS and any(word in plain(name) for word in OF_DELIVERY):
        return False
    if column in NUMBERS:
        return contents.is_number(name) and not (contents.is_text(name) and _looks_like_code(contents, name))
    if column in ("arm", "outcome"):
        return 0 < contents.texts(name).n_unique() <= MOST_ARMS
    if column in ("ordered_at", "joined_on", "starts_on", "ends_on", "contacted_at", "called_on", "left_on"):
        return contents.is_time(name)
    cells = contents.texts(name)
    if column == "clock":
        return bool(cells.len()) and bool(cells.head(50).str.contains(r"^\d{1,2}(:\d{2}){0,2}( ?[AaPp][Mm])?$|^\d{3,6}$").all())
    return column != "member_id" or cells.len() > 0


def _looks_like_code(contents: Contents, name: str) -> bool:
    cells = contents.texts(name).head(200)
    return bool(cells.len()) and bool((cells.str.contains(r"^0\d{3,}$") | cells.str.contains(r"^\d{11,}$")).all())


def guess_columns(table: str, contents: Contents) -> list[Guess]:
    """Return the proposed columns of a table in contract order."""
    columns = match_columns(table, contents)
    guesses = {}
    for column in CONTRACT[table].columns():
        if column in columns:
            name = columns[column]
            comment = "" if score(contents.own_name(name), words_for(table, column)) >= SURE else "guessed from part of the name"
            options = time_options(contents, (name,)) if column == "joined_on" else ()
            guesses[column] = Guess(column, (name,), comment=comment, options=options)
    if table == "lines":
        _complete_lines(guesses, columns, contents)
    return [guesses[column] for column in CONTRACT[table].columns() if column in guesses]


def _complete_lines(guesses: dict[str, Guess], columns: dict[str, str], contents: Contents) -> None:
    """Add what receipts say in more than one column, or not at all."""
    if "member_id" in guesses:
        guesses["member_id"] = replace(guesses["member_id"], options=_nobody(columns["member_id"], contents))
    if "ordered_at" in guesses:
        guesses["ordered_at"] = _time(columns, guesses["ordered_at"], contents)
    if "store_id" not in guesses:
        guesses["store_id"] = Guess("store_id", text='{ value = "1" }', comment="guessed: no column looks like a store, so one store")
    if "amount" not in guesses and "unit_price" in columns and "quantity" in columns:
        factors = (columns["unit_price"], columns["quantity"])
        text = f"{{ multiply = [{', '.join(map(quoted, factors))}] }}"
        guesses["amount"] = Guess("amount", factors, text, "guessed: no column holds the money of a line, so unit price x quantity")
    if "amount" not in guesses and "unit_price" in columns and "quantity" not in columns:
        guesses["amount"] = Guess("amount", (columns["unit_price"],), comment="guessed: the price of a line, as no column is a quantity")
    if "quantity" not in guesses and "amount" in guesses:
        guesses["quantity"] = Guess("quantity", text="{ value = 1 }", comment="guessed: no column looks like a quantity, so one a line")
    for column in ("amount", "discount_amount", "coupon_amount"):
        if column in guesses and guesses[column].columns == (columns.get(column),) and _is_in_cents(columns[column], contents):
            text = f'{{ column = {quoted(columns[column])}, unit = "minor" }}'
            guesses[column] = replace(guesses[column], text=text, comment="guessed from the name: money in the smallest unit")
    for column in ("discount_amount", "coupon_amount"):
        if column in guesses and _is_negative(columns[column], contents):
            text = f"{{ column = {quoted(columns[column])}, sign = -1 }}"
            guesses[column] = replace(guesses[column], text=text, comment="written as negative numbers")
    order = _order(columns, guesses, contents)
    if order is not None:
        guesses["order_id"] = order


def quoted(text: str) -> str:
    """Return a text as TOML writes it, whatever is in it."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in plain) + '"'


def _nobody(name: str, contents: Contents) -> tuple[str, ...]:
    """Propose the codes that mean "no member": known ones, or ask about one that far too many rows carry."""
    cells = contents.texts(name)
    counts = cells.value_counts(sort=True, name="times")
    nobody = {word.casefold() for word in vocabulary()["helpers"]["nobody"]}
    usual = float(counts["times"].median() or 0)  # type: ignore[arg-type]
    common = counts.filter((pl.col("times") > 3 * usual) & (pl.col("times") >= 0.01 * cells.len()))[cells.name].to_list()
    # A word says it by itself; a number such as 0 may be a member like any other and must stand out.
    codes = [
        code for code in counts[cells.name].to_list() if code.casefold() in nobody and (code in common or not code.lstrip("-").isdigit())
    ]
    if codes:
        return (f"not_a_member = [{', '.join(map(quoted, codes))}]  # guessed: check that nobody has this code",)
    if counts.height <= 20 or counts["times"][0] < HEAVY_SHARE * cells.len():
        return ()
    share = counts["times"][0] / cells.len()
    return (f"# TODO not_a_member = [{quoted(counts[cells.name][0])}]  # {share:.0%} of the sample carry this code: is it a member?",)


def _time(columns: dict[str, str], guess: Guess, contents: Contents) -> Guess:
    """Propose the time, with the clock's column where the date has none."""
    (name,) = guess.columns
    cells = contents.texts(name)
    style = contents.time_style(name).formats[:1]
    has_clock = bool(cells.str.contains(r"\d:\d\d").any() or cells.str.contains(r"^\d{12,14}$").any())
    if not has_clock and "clock" in columns and style != ("excel",):
        guess = replace(guess, columns=(name, columns["clock"]))
    elif not has_clock and style not in (("excel",), ("epoch_s",), ("epoch_ms",)):
        guess = replace(guess, comment="days without a time of day: weekday habits only")
    return replace(guess, options=time_options(contents, guess.columns))


def time_options(contents: Contents, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the time format to write down, or what could not be decided."""
    if all(contents.file.schema[name].is_temporal() for name in columns):
        return ()
    if len(columns) == 1:
        style = contents.time_style(columns[0])
    else:
        parts = [pl.col(name).str.strip_chars() for name in columns]
        style = time_style(contents.sample.select(pl.concat_str(parts, separator=" ")).to_series().drop_nulls())
    if not style.formats:
        return (f'# TODO time_format = "%d.%m.%y"  # {style.doubt}',)
    form = style.formats[0]
    if style.twins:
        other = swap(style.formats, style.twins)[0]
        return (f'# TODO time_format = "{form}"  # or "{other}": the sample does not prove which; the import looks at every row',)
    return (f'time_format = "{form}"',) if len(style.formats) == 1 and form != "iso" else ()


def _is_in_cents(name: str, contents: Contents) -> bool:
    """Return whether a column is called after the smallest unit of money and holds whole numbers."""
    parts = re.split(r"[^\w]|_", name.casefold())
    called = any(part in ("cent", "cents", "minor", "pence", "centimes", "centavos", "centimos", "céntimos", "分") for part in parts)
    return called and not contents.texts(name).str.contains(r"[.,]\d{1,2}$").any()


def _is_negative(name: str, contents: Contents) -> bool:
    """Return whether a discount is written as a negative number (nearly) wherever there is one."""
    cells = contents.texts(name)
    negative = int(cells.str.contains(r"^[-−(]|-$").sum())
    nothing = int(cells.str.contains(r"^[^1-9]*$").sum())
    return bool(negative) and negative >= 0.9 * (cells.len() - nothing)


def _order(columns: dict[str, str], guesses: dict[str, Guess], contents: Contents) -> Guess | None:
    """Propose what makes an order: the receipt number, with store, till and day where numbers start again."""
    if "order_id" not in columns and (bare := _bare_order(contents, guesses)):
        return Guess("order_id", (bare,), comment="guessed: its numbers repeat on lines of one member and time")
    if "order_id" not in columns:
        if "member_id" not in guesses or "ordered_at" not in guesses:
            return None
        parts = tuple(dict.fromkeys((*guesses["member_id"].columns, *guesses["ordered_at"].columns)))
        return Guess(
            "order_id", parts, comment="guessed: there is no receipt number, so one order a member and time; non-members have none"
        )
    number = columns["order_id"]
    if _one_order(contents, (number,), guesses):
        return guesses["order_id"]
    day = guesses["ordered_at"].columns[:1] if "ordered_at" in guesses else ()
    extras = [*(columns[name] for name in ("store_id", "till") if name in columns), *day]
    for count in range(1, len(extras) + 1):
        wider = tuple(dict.fromkeys((*extras[:count], number)))
        if _one_order(contents, wider, guesses):
            return Guess("order_id", wider, comment="the receipt number alone repeats")
    return Guess("order_id", (number,), comment="TODO the same number stands for several members or days in the sample")


def _bare_order(contents: Contents, guesses: dict[str, Guess]) -> str | None:
    """Return a column of a plain name (id, no) whose values are orders: several lines have one, all of one member and one day."""
    taken = {name for guess in guesses.values() for name in guess.columns}
    for name in contents.names:
        cells = contents.texts(name)
        if plain(name) not in BARE or name in taken or cells.n_unique() == cells.len() or cells.n_unique() <= MOST_ARMS:
            continue
        if cells.len() == contents.sample.height and _one_order(contents, (name,), guesses):
            return name
    return None


def _one_order(contents: Contents, columns: tuple[str, ...], guesses: dict[str, Guess]) -> bool:
    """Return whether these columns name one member and one day (nearly) everywhere in the sample."""
    named = [name for key in ("member_id", "ordered_at", "store_id") if key in guesses for name in guesses[key].columns[:1]]
    others = [name for name in named if name not in columns]
    if not others:
        return True
    day = contents.sample.with_columns(pl.col(name).str.slice(0, 10) for name in others)
    orders = day.drop_nulls(list(columns)).group_by(columns).agg(pl.col(name).n_unique() for name in others)
    several = orders.filter(pl.any_horizontal(pl.col(name) > 1 for name in others)).height
    return several <= 0.01 * max(orders.height, 1)
