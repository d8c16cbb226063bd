"""Which column is which: by its name in the vocabulary, held against what it contains."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

from toolkit.schemas import CONTRACT
from toolkit.sources.glance import Glance, plain

SURE, LIKELY = 2.0, 1.0
NUMBERS = ("quantity", "amount", "discount_amount", "coupon_amount", "unit_price", "unit_cost")
HEAVY_SHARE = 0.2
TELLING = ("quantity", "amount", "order_id", "ordered_at", "unit_price")


@dataclass(frozen=True)
class Guess:
    """A proposed contract column: raw columns or TOML text, with a comment where it is a guess, and options of the table."""

    name: str
    columns: tuple[str, ...] = ()
    text: str = ""
    comment: str = ""
    options: tuple[str, ...] = ()
    is_number: bool = False


@cache
def vocabulary() -> dict[str, dict[str, list[str]]]:
    """Return vocabulary.toml: table -> contract column -> names, best first, as `plain` writes them."""
    words = tomllib.loads((files("toolkit.sources") / "vocabulary.toml").read_text("utf-8"))
    return {
        table: {column: [plain(word) or word for word in given] for column, given in columns.items()} for table, columns in words.items()
    }


def score(column: str, name: str, words: list[str]) -> float:
    """Return how well a raw name fits: 2 and more = a known name (better names more), 1 = a known name is part of it, 0 = not at all."""
    own = plain(name)
    known = [
        own,
        *(
            own.removesuffix(unit)
            for unit in ("eur", "usd", "gbp", "chf", "cny", "元", "in", "yuan", "kg")
            if own.endswith(unit) and own != unit
        ),
    ]
    for word in known:
        if word in words:
            return SURE + 1 - words.index(word) / len(words)
    parts = [word for word in words if (len(word) >= 4 or (not word.isascii() and len(word) >= 2)) and word in own]
    return LIKELY + max(len(word) for word in parts) / (10 * len(own)) if parts else 0.0


def _words(table: str, column: str) -> list[str]:
    given = vocabulary().get(table, {}).get(column, [])
    return given or (vocabulary()["lines"].get(column, []))


def guess_table(glance: Glance, has_lines: bool) -> str | None:
    """Return which contract table a file looks like, or None."""
    found = {table: _matches(table, glance) for table in ("lines", "products", "members", "stores")}
    lines = found["lines"]
    if sum(column in lines for column in TELLING) >= 2 and not (has_lines and len(lines) < 3):
        return "lines"
    others = {"products": "product_id", "members": "member_id", "stores": "store_id"}
    fitting = {
        table: len(found[table]) for table, key in others.items() if key in found[table] and _nearly_unique(glance, found[table][key])
    }
    return max(fitting, key=lambda table: fitting[table]) if fitting else None


def _nearly_unique(glance: Glance, column: str) -> bool:
    cells = glance.texts(column)
    return cells.n_unique() >= 0.9 * cells.len()


def _matches(table: str, glance: Glance) -> dict[str, str]:
    """Return the best raw column for each contract column (and helper) of a table; a raw column serves once, better names first."""
    wanted = [column for column in CONTRACT[table].columns() if _words(table, column)]
    if table == "lines":
        wanted += ["unit_price", "clock", "till"]
    scores = []
    for column in wanted:
        words = _words(table, column) if column in CONTRACT[table].columns() else vocabulary()["helpers"][column]
        for position, name in enumerate(glance.names):
            points = score(column, name, words)
            if points and _holds(column, name, glance):
                scores.append((points, -position, column, name))
    found: dict[str, str] = {}
    for _, _, column, name in sorted(scores, key=lambda item: (-item[0], -item[1])):
        if column not in found and name not in found.values():
            found[column] = name
    return found


def _holds(column: str, name: str, glance: Glance) -> bool:
    """Return whether what a raw column contains can be this contract column."""
    if column in NUMBERS:
        return glance.is_number(name) and not (glance.dtypes[name] == pl.String and _looks_like_code(glance, name))
    if column in ("ordered_at", "joined_on"):
        return glance.is_time(name)
    if column == "clock":
        cells = glance.texts(name).head(50)
        return bool(cells.len()) and bool(cells.str.contains(r"^\d{1,2}(:\d{2}){0,2}( ?[AaPp][Mm])?$|^\d{3,6}$").all())
    return column != "member_id" or glance.texts(name).len() > 0


def _looks_like_code(glance: Glance, name: str) -> bool:
    cells = glance.texts(name).head(200)
    return bool(cells.len()) and bool((cells.str.contains(r"^0\d{3,}$") | cells.str.contains(r"^\d{11,}$")).all())


def guess_columns(table: str, glance: Glance) -> tuple[list[Guess], list[str]]:
    """Return the proposed columns of a table in contract order, and the raw columns that are left."""
    found = _matches(table, glance)
    guesses = _line_guesses(found, glance) if table == "lines" else []
    if not guesses:
        guesses = [_plain_guess(table, column, found[column], glance) for column in CONTRACT[table].columns() if column in found]
    used = {name for guess in guesses for name in guess.columns}
    return guesses, [name for name in glance.names if name not in used]


def _plain_guess(table: str, column: str, name: str, glance: Glance) -> Guess:
    points = score(column, name, _words(table, column))
    comment = "" if points >= SURE else "guessed from part of the name"
    return Guess(
        column,
        (name,),
        comment=comment,
        is_number=column in NUMBERS,
        options=_time_options(glance, (name,)) if column == "joined_on" else (),
    )


def _line_guesses(found: dict[str, str], glance: Glance) -> list[Guess]:
    made = {column: _plain_guess("lines", column, found[column], glance) for column in CONTRACT["lines"].columns() if column in found}
    if "member_id" in made:
        made["member_id"] = _member(made["member_id"], glance)
    if "ordered_at" in made:
        made["ordered_at"] = _time(found, made["ordered_at"], glance)
    if "store_id" not in made:
        made["store_id"] = Guess("store_id", text='{ value = "1" }', comment="guessed: no column looks like a store, so one store")
    if "amount" not in made and "unit_price" in found and "quantity" in found:
        product = (found["unit_price"], found["quantity"])
        text = f"{{ multiply = [{', '.join(_toml(name) for name in product)}] }}"
        made["amount"] = Guess(
            "amount", product, text, "guessed: no column holds the money of a line, so unit price x quantity", is_number=True
        )
    if "quantity" not in made and "amount" in made:
        made["quantity"] = Guess("quantity", text="{ value = 1 }", comment="guessed: no column looks like a quantity, so one a line")
    for column in ("discount_amount", "coupon_amount"):
        if column in made:
            made[column] = _positive(made[column], glance)
    order = _order(found, made, glance)
    if order is not None:
        made["order_id"] = order
    return [made[column] for column in CONTRACT["lines"].columns() if column in made]


def _toml(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _member(guess: Guess, glance: Glance) -> Guess:
    """Propose the codes that mean "no member": known ones, and ask about one that far too many rows carry."""
    cells = glance.texts(guess.columns[0])
    counts = cells.value_counts(sort=True, name="times")
    nobody = set(vocabulary_words("nobody"))
    usual = float(counts["times"].median() or 0)  # type: ignore[arg-type]
    common = counts.filter((pl.col("times") > 3 * usual) & (pl.col("times") >= 0.01 * cells.len()))[cells.name].to_list()
    # A word says it by itself; a number such as 0 may be a member like any other and must stand out.
    codes = [
        code for code in counts[cells.name].to_list() if code.casefold() in nobody and (code in common or not code.lstrip("-").isdigit())
    ]
    options = []
    if codes:
        options.append(f"not_a_member = [{', '.join(_toml(code) for code in codes)}]  # guessed: check that nobody has this code")
    elif counts.height > 20 and counts["times"][0] >= HEAVY_SHARE * cells.len():
        share = counts["times"][0] / cells.len()
        options.append(
            f"# TODO not_a_member = [{_toml(counts[cells.name][0])}]  # {share:.0%} of the sample carry this code: is it a member?"
        )
    return Guess(guess.name, guess.columns, comment=guess.comment, options=tuple(options))


def vocabulary_words(helper: str) -> list[str]:
    """Return the words of a helper list as they are written."""
    words = tomllib.loads((files("toolkit.sources") / "vocabulary.toml").read_text("utf-8"))
    return [word.casefold() for word in words["helpers"][helper]]


def _time(found: dict[str, str], guess: Guess, glance: Glance) -> Guess:
    """Propose the time, with the clock's column where the date has none."""
    columns = guess.columns
    cells = glance.texts(columns[0])
    has_clock = bool(cells.str.contains(r"\d:\d\d").any()) or cells.str.contains(r"^\d{12,14}$").any()
    comment = guess.comment
    if not has_clock and "clock" in found and glance.time_format(columns[0]).formats[:1] != ("excel",):
        columns = (*columns, found["clock"])
    elif not has_clock and glance.time_format(columns[0]).formats[:1] not in (("excel",), ("epoch_s",), ("epoch_ms",)):
        comment = "days without a time of day: weekday habits only"
    return Guess(guess.name, columns, comment=comment, options=_time_options(glance, columns))


def _time_options(glance: Glance, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the time format to write down, or what could not be decided."""
    from toolkit.sources.times import find_format, swap

    if all(glance.dtypes[name].is_temporal() for name in columns):
        return ()
    if len(columns) == 1:
        found = glance.time_format(columns[0])
    else:
        joined = glance.sample.select(pl.concat_str([pl.col(name).str.strip_chars() for name in columns], separator=" ").alias("text"))[
            "text"
        ]
        found = find_format(joined.drop_nulls())
    if not found.formats:
        return (f'# TODO time_format = "%d.%m.%y"  # {found.doubt}',)
    if found.twins:
        other = swap(found.formats, found.twins)[0]
        return (
            f'# TODO time_format = "{found.formats[0]}"  # or "{other}": the sample does not prove which; the import looks at every row',
        )
    if len(found.formats) != 1 or found.formats == ("iso",):
        return ()
    return (f'time_format = "{found.formats[0]}"',)


def _positive(guess: Guess, glance: Glance) -> Guess:
    """Turn a discount round that is written as a negative number."""
    cells = glance.texts(guess.columns[0])
    negative = int(cells.str.contains(r"^[-−(]|-$").sum())
    nothing = int(cells.str.contains(r"^[^1-9]*$").sum())
    if negative and negative >= 0.9 * (cells.len() - nothing):
        return Guess(
            guess.name, guess.columns, f"{{ column = {_toml(guess.columns[0])}, sign = -1 }}", "written as negative numbers", is_number=True
        )
    return guess


def _order(found: dict[str, str], made: dict[str, Guess], glance: Glance) -> Guess | None:
    """Propose what makes an order: the receipt number, with store, till and day where numbers start again."""
    if "order_id" not in found:
        if "member_id" not in made or "ordered_at" not in made:
            return None
        columns = tuple(dict.fromkeys((*made["member_id"].columns, *made["ordered_at"].columns)))
        return Guess(
            "order_id", columns, comment="guessed: there is no receipt number, so one order a member and time; non-members have none"
        )
    columns = (found["order_id"],)
    comment = made["order_id"].comment
    if _one_order(glance, columns, made):
        return Guess("order_id", columns, comment=comment)
    day = made["ordered_at"].columns[:1] if "ordered_at" in made else ()
    extras = [(found[name],) for name in ("store_id", "till") if name in found] + ([day] if day else [])
    for count in range(1, len(extras) + 1):
        wider = tuple(dict.fromkeys(name for extra in (*extras[:count], columns) for name in extra))
        if _one_order(glance, wider, made):
            return Guess("order_id", wider, comment="the receipt number alone repeats")
    return Guess("order_id", columns, comment="TODO the same number stands for several members or days in the sample")


def _one_order(glance: Glance, columns: tuple[str, ...], made: dict[str, Guess]) -> bool:
    """Return whether these columns name one member and one day (nearly) everywhere in the sample."""
    others = [
        name for key in ("member_id", "ordered_at", "store_id") if key in made for name in made[key].columns[:1] if name not in columns
    ]
    if not others:
        return True
    day = glance.sample.with_columns(pl.col(name).str.slice(0, 10) for name in others)
    orders = day.drop_nulls(list(columns)).group_by(columns).agg(pl.col(name).n_unique() for name in others)
    several = orders.filter(pl.any_horizontal(pl.col(name) > 1 for name in others)).height
    return several <= 0.01 * max(orders.height, 1)
