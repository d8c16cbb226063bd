"""A starter mapping from the files themselves: column names in many languages, checked against what the columns hold.

What is proposed is a TOML text for a person to read: every guess carries a comment, what could not be decided is a commented TODO line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from toolkit.errors import DataError
from toolkit.language import later, tr
from toolkit.schemas import CONTRACT, closed_words, meaning, required_columns
from toolkit.sources.columns.contents import Contents, contents_in, contents_of
from toolkit.sources.columns.identities import identity_lines
from toolkit.sources.columns.matching import MOST_ARMS, Guess, guess_columns, guess_table, match_columns, quoted
from toolkit.sources.columns.order_fields import filled_sample, order_fields
from toolkit.sources.columns.partners import JoinedLines, joined_lines
from toolkit.sources.columns.rates import per_order, rate_lines
from toolkit.sources.columns.words import foreign_words, value_map
from toolkit.sources.columns.writing import differences, files_of, head, one_or_list, parts_named
from toolkit.sources.databases.addresses import SourceTable
from toolkit.sources.plausibility import Question, answer_line, questions_of_sample
from toolkit.sources.plausibility.names import is_called
from toolkit.sources.presets.known import Preset, find_preset, missing_files
from toolkit.sources.presets.tried import Files, contradicted_currency, left_open, stated_currency, tried_sections
from toolkit.sources.question_kinds import QuestionKind
from toolkit.sources.records.shelf import look_at_source, parts_of
from toolkit.sources.specs import TableMapping

OF_THE_KEY = 0.95
"""Share of a key's rows that must say the same for a column to be the key's."""
CURRENCY_SIGNS = {
    "€": "EUR", "£": "GBP", "¥": "CNY", "￥": "CNY", "元": "CNY", "円": "JPY", "₩": "KRW", "₹": "INR", "zł": "PLN", "R$": "BRL", "₽": "RUB",
    "$": "USD",
}  # fmt: skip
CODES = frozenset(
    {
        *CURRENCY_SIGNS.values(), "CHF", "SEK", "NOK", "DKK", "CZK", "HUF", "RON", "BGN", "AUD", "CAD", "NZD", "SGD", "HKD", "TWD", "THB",
        "MYR", "IDR", "VND", "PHP", "ZAR", "MXN", "ARS", "CLP", "COP", "AED", "SAR", "ILS", "EGP", "UAH", "KWD", "ISK",
    }
)  # fmt: skip
"""Codes of currencies that are no words."""
CURRENCY_OF_SCRIPT = {"chinese": "CNY", "japanese": "JPY", "korean": "KRW", "cyrillic": "RUB"}

NO_CURRENCY_SAID = later("  # guessed: nothing in the files says which; it sets how many decimals amounts have")


def propose_mapping(files: Sequence[Path | str], sources: Sequence[SourceTable] = ()) -> str:
    """Return a mapping as TOML text for these files and tables of databases: `toolkit map FILES > mapping.toml`.

    Files with the same columns become one table. Comments say what was guessed and what is still to do.

    Raises: `DataError` where there is no file with a row in it.
    """
    parts = [part for path in files for part in parts_of(Path(path))]
    everything = [contents for path, sheet in parts if (contents := contents_of(path, sheet)) is not None]
    everything += [contents for source in sources if (contents := contents_in(look_at_source(source))) is not None]
    if not everything and sources:
        raise DataError(tr("{source} is empty: give the table of the receipts.", source=", ".join(map(str, sources))))
    if not everything:
        raise DataError(tr("None of the {count} files holds a row; give the receipts' files.", count=len(files)))
    groups: dict[tuple[str, ...], list[Contents]] = {}
    for contents in everything:
        groups.setdefault(contents.names, []).append(contents)
    sections: dict[str, list[str]] = {}
    questions: list[Question] = []
    remarks: list[str] = []
    answered: list[str] = []
    currency = time_zone = ""
    firsts = [group[0] for group in groups.values()]
    presets = {names: find_preset(group[0], firsts) for names, group in groups.items()}
    partners = {names: preset.partners(groups[names][0], firsts) for names, preset in presets.items() if preset is not None}
    taken = {partner.names for others in partners.values() for partner in others.values()}
    joined = joined_lines([group for names, group in groups.items() if presets[names] is None and names not in taken])
    for names, group in groups.items():
        preset = presets[names]
        if names in taken:
            continue
        if preset is None and (incomplete := missing_files(group[0], firsts)):
            said = tr("{file} looks like {name}, which comes in several files: give the one with the columns {columns} too.",
                      file=group[0].file.title, name=incomplete[0], columns=", ".join(incomplete[1]))  # fmt: skip
            remarks.append(said)
        if preset is not None:
            remarks.append(_recognised(preset))
            if contradicted := contradicted_currency(preset, group):
                remarks.append(contradicted)
            currency = currency or stated_currency(preset, group) or ("" if contradicted else preset.currency)
            time_zone = time_zone or preset.time_zone
            if preset.table:
                found = Files(group, {name: groups[partner.names] for name, partner in partners[names].items()})
                sections.setdefault(preset.table, _known_section(preset, found))
                sections[preset.table] += [f"# TODO {sentence}" for sentence in left_open(preset, group)]
                answered += preset.answered(group[0].names)
                questions += _questions(sections, preset.table, group[0], answered)
            continue
        if joined and group is joined.group:
            sections["lines"] = _joined_section(joined)
            questions += _questions(sections, "lines", joined.everything)
            continue
        table = guess_table(group[0], "lines" in sections, may_be_lines=joined is None)
        partner = next((partner for partner in joined.partners if group is partner.group), None) if joined else None
        if joined and partner:
            goods = match_columns("lines", joined.contents).get("product_id")
            if goods in partner.on and "products" not in sections:
                sections["products"] = _guessed_section("products", group, known=[Guess("product_id", (partner.on[goods],))])
            continue
        if table is None or table in sections:
            why = "looks like none of the tables" if table is None else f"looks like another [{table}], with other columns"
            name = group[0].file.title + (f" and {len(group) - 1} more" if len(group) > 1 else "")
            remarks.append(f"{name} {why}; it is left out. Its columns: {', '.join(group[0].names[:20])}")
            continue
        sections[table] = _guessed_section(table, group)
        questions += _questions(sections, table, group[0])
    lines = _opening(everything, currency, time_zone, remarks, "lines" in sections)
    lines += [line for table in CONTRACT for line in sections.get(table, [])]
    if answered:
        why = tr("known of this export: it is right as it is")
        lines += ["", "[answers]", f"ignore = [{', '.join(map(quoted, answered))}]  # {why}"]
    if questions:
        lines += ["", "# " + tr("TODO where all that is asked above is right as it is:"), *([] if answered else ["# [answers]"])]
        every = answer_line(questions).replace("[", f"[{', '.join(map(quoted, answered))}, ", 1) if answered else answer_line(questions)
        lines.append(f"# {every}")
    return "\n".join(lines) + "\n"


def _recognised(preset: Preset) -> str:
    doubt = tr("Its shape is known from documentation, no real file has confirmed it: look at the first figures.")
    parts = [f"recognised: {preset.name}", preset.note, "" if preset.confirmed or not preset.table else doubt]
    return ". ".join(part.rstrip(".") for part in parts if part)


def _questions(sections: dict[str, list[str]], table: str, contents: Contents, answered: Sequence[str] = ()) -> list[Question]:
    """Return what a proposed section of lines leaves open, each a TODO beside its column; a discount that is doubted becomes one itself."""
    if table not in ("lines", "products"):
        return []
    specs = _read_sections(sections[table])  # products and stores read from the files of the lines are in it
    contents = replace(contents, sample=filled_sample(contents.sample, specs[table]))
    asked = _asked(table, specs, contents, answered)
    doubted = {question.column for question in asked if question.kind == QuestionKind.DISCOUNT}
    for column in ("discount_amount", "coupon_amount"):
        if table == "lines" and column in specs[table].columns and (rate := specs[table].columns[column].column) in doubted:
            lines = rate_lines(specs[table], contents, column, str(rate))
            sections[table] = [new for line in sections[table] for new in lines.get(line.partition(" = ")[0], _as_it_is)(line)]
    if doubted:
        specs = _read_sections(sections[table])
        asked = _asked(table, specs, contents, answered)
    sections[table] = _beside(table, sections[table], specs[table], asked)
    return asked


def _read_sections(lines: Sequence[str]) -> dict[str, TableMapping]:
    return {name: TableMapping.model_validate(section) for name, section in tomllib.loads("\n".join(lines)).items()}


def _asked(table: str, specs: dict[str, TableMapping], contents: Contents, answered: Sequence[str]) -> list[Question]:
    used = [name for spec in specs.values() for name in spec.raw_columns]
    is_goods_said = any("is_goods" in spec.columns for spec in specs.values())
    spec = specs[table].of(specs[table].files[0])  # the contents are those of the first file
    elsewhere = [name for name in spec.raw_columns if name not in contents.names]  # of joined files: `check` asks about those
    sample = contents.sample.with_columns(pl.lit(None, pl.String).alias(name) for name in elsewhere)
    asked = questions_of_sample(spec, sample, table=table, used=used, is_goods_said=is_goods_said)
    return [question for question in asked if question.key not in answered]


def _as_it_is(line: str) -> list[str]:
    return [line]


def _beside(table: str, lines: Sequence[str], spec: TableMapping, questions: Sequence[Question]) -> list[str]:
    """Return the section with each question below the line of its column; of a column that is not read, below the columns."""
    contract = {", ".join(column.raw_columns): name for name, column in reversed(spec.columns.items())}
    starts = [number for number, line in enumerate(lines) if line.startswith(f"[{table}.columns]")]
    ends = [number for number, line in enumerate(lines) if starts and number > starts[0] and line.startswith("[")]
    end = (ends[0] if ends else len(lines)) - 1
    while end > 0 and not lines[end].strip():
        end -= 1
    beside: dict[int, list[str]] = {}
    for question in questions:
        own = f"{contract.get(question.column)} = "
        place = next((n for n, line in enumerate(lines) if line.startswith(("# TODO " + own, own)) and starts[0] < n <= end), end)
        beside.setdefault(place, []).append(f"# TODO {question.sentence}")
    return [text for number, line in enumerate(lines) for text in (line, *beside.get(number, ()))]


def _opening(everything: Sequence[Contents], currency: str, time_zone: str, remarks: Iterable[str], has_lines: bool) -> list[str]:
    lines = [
        "# A mapping proposed by `toolkit map`; read the comments, then: toolkit check THIS_FILE",
        *(f"# {remark}" for remark in remarks),
    ]
    why = ""
    if not currency:
        currency, why = _currency(everything)
    source_table, path = everything[0].file.source, everything[0].file.path
    name = ("receipts" if source_table else path.resolve().parent.name) or "receipts"
    source = tr(
        "the receipts' source as well: an import replaces days of its own source only; another one is stated by {line}",
        line='source = "app"',
    )
    lines += ["", f"name = {quoted(name)}  # {source}", f'currency = "{currency}"{why}']
    if time_zone:
        lines.append(f"time_zone = {quoted(time_zone)}")
    elif any(contents.has_zone for contents in everything):
        lines.append(
            '# TODO time_zone = "Europe/Berlin"  # the times carry a zone or count seconds since 1970: the shop\'s own zone is needed'
        )
    if not has_lines:
        lines += [
            "",
            "# TODO no file looks like receipt lines; [lines] is the one table that is needed:",
            "# [lines]",
            '# files = "..."',
            "# [lines.columns]",
        ]
        lines += [f'# {column} = ""  # {meaning("lines", column)}' for column in required_columns("lines")]
    return lines


def _currency(everything: Sequence[Contents]) -> tuple[str, str]:
    for contents in everything:
        for name in contents.names:
            stated = contents.texts(name).unique().to_list() if is_called(name, "currency") else []
            if len(stated) == 1 and stated[0].upper() in CODES:
                return stated[0].upper(), tr("  # the column '{column}' says so", column=name)
    for contents in everything:
        named = {part for name in contents.names if contents.is_number(name) for part in re.split(r"[\W_]+", name.upper()) if part in CODES}
        if len(named) == 1:
            return named.pop(), tr("  # guessed from the names of columns")
    for contents in everything:
        for sign, code in CURRENCY_SIGNS.items():
            if any(sign in text for text in contents.numeric_texts()):
                return code, tr("  # guessed from {what}", what=sign)
    for contents in everything:
        if contents.script in CURRENCY_OF_SCRIPT:
            return CURRENCY_OF_SCRIPT[contents.script], tr("  # guessed from the script of the columns' names")
    return "EUR", tr(NO_CURRENCY_SAID)


def _known_section(preset: Preset, files: Files) -> list[str]:
    sections = tried_sections(preset, files).replace('files = "FILES"\n', "", 1).replace('"FILES"', parts_named(files.group))
    for name, group in files.joined.items():
        sections = sections.replace(quoted(f"FILES:{name}"), parts_named(group))
    _, _, body = sections.strip("\n").partition("\n")
    return [*head(preset.table, files.group), *body.splitlines()]


def _joined_section(joined: JoinedLines) -> list[str]:
    """Return a section of lines that others are joined to."""
    joins = []
    for partner in joined.partners:
        same = all(name == column for name, column in partner.on.items())
        on = one_or_list(list(partner.on)) if same else f"{{ {', '.join(f'{quoted(a)} = {quoted(b)}' for a, b in partner.on.items())} }}"
        comment = tr("guessed: all values of the one stand in the other") if partner.is_guess else tr("guessed by the names of the columns")
        opening = ["", "[[lines.join]]", *head("lines", partner.group)[2:]]
        joins += [*opening, f"on = {on}  # {comment}"]
    return _guessed_section("lines", [joined.contents, *joined.group[1:]], joins, joined)


def _guessed_section(
    table: str, group: Sequence[Contents], joins: Sequence[str] = (), joined: JoinedLines | None = None, known: Sequence[Guess] = ()
) -> list[str]:
    contents, names = group[0], {guess.name for guess in known}
    first_line = order_fields(contents) if table == "lines" and not joined else None
    if first_line is not None:
        contents = replace(contents, sample=filled_sample(contents.sample, first_line))
    guesses = [*known, *(guess for guess in guess_columns(table, contents) if guess.name not in names)]
    if joined:
        contents = joined.everything
        guesses += _of_orders(guesses, joined)
    own = joined.group if joined else group
    ways = differences(table, own, [guess for guess in guesses if set(guess.columns) <= set(own[0].names)])
    lines = head(table, group, ways)
    if first_line is not None:
        why = tr("They stand on the first line of an order alone: the lines below take them over.")
        lines += [f"fill_down = [{', '.join(map(quoted, first_line.fill_down))}]  # {why}", f"within = {quoted(str(first_line.within))}"]
    decimal = [] if any("decimal" in way for way in ways) else _decimal(contents, guesses)
    if decimal is None:
        lines.append('# TODO decimal = ","  # or ".": the sample does not prove which; the import looks at every row')
    else:
        lines += decimal
    own_times = any("time_format" in way for way in ways)
    lines += [option for guess in guesses for option in guess.options if not (own_times and "time_format" in option)]
    side, taken = _side_tables(group, guesses) if table == "lines" and not joins else ([], set())
    unused = [name for name in contents.names if name not in _raw(guesses)]
    if table == "members" and unused:
        lines.append(f"attributes = [{', '.join(map(quoted, unused))}]")
    lines += [*joins, "", f"[{table}.columns]", *map(_column_line, guesses)]
    missing = [column for column in required_columns(table) if column not in {guess.name for guess in guesses}]
    lines += [f'# TODO {column} = ""  # {meaning(table, column)}; none of: {", ".join(unused[:12])}' for column in missing]
    rest = [name for name in unused if name not in taken]
    if rest and table != "members":
        lines.append(f"# not used: {', '.join(rest)}")
    member = next((guess.columns[0] for guess in guesses if guess.name == "member_id" and len(guess.columns) == 1), None)
    people = identity_lines(contents, member, files_of(group, ways)) if table == "members" and member else []
    return lines + _value_maps(table, contents, guesses) + side + people


def _of_orders(guesses: Sequence[Guess], joined: JoinedLines) -> list[Guess]:
    """Return the money that stands once for the whole order, shared out by price x quantity where the lines have no such money."""
    named = {guess.name for guess in guesses}
    columns = match_columns("lines", joined.contents)
    by = [columns[name] for name in ("unit_price", "quantity") if name in columns]
    comment = tr("guessed: it stands for the whole order, so it is shared out over its lines")
    rest = [(name, column) for name, column in joined.of_orders.items() if name not in named]
    return [Guess(name, (column,), per_order(name, column, by).partition(" = ")[2], comment) for name, column in rest]


def _value_maps(table: str, contents: Contents, guesses: Sequence[Guess]) -> list[str]:
    """Return [TABLE.values] for the columns that take a closed set of words, where the file has others; a doubtful one as a TODO."""
    maps = []
    for guess in guesses:
        if len(guess.columns) != 1 or guess.text or not closed_words(table, guess.name):
            continue
        foreign = foreign_words(table, guess.name, contents.texts(guess.columns[0]).unique().sort().to_list())
        if 0 < len(foreign) <= MOST_ARMS:
            line, sure = value_map(table, guess.name, foreign, {})
            maps.append(f"{line}  # guessed from the words" if sure else f"# TODO {line}  # which is which?")
    return ["", f"[{table}.values]", *maps] if maps else []


def _raw(guesses: Iterable[Guess]) -> set[str]:
    return {name for guess in guesses for name in guess.columns}


def _decimal(contents: Contents, guesses: Iterable[Guess]) -> list[str] | None:
    """Return the line that states the decimal sign, none where none is needed, or None where it is not proved."""
    sign = contents.decimal(guess.columns[0] for guess in guesses if guess.is_number)
    return None if sign is None else [f'decimal = "{sign}"'] if sign else []


def _side_tables(group: Sequence[Contents], guesses: Sequence[Guess]) -> tuple[list[str], set[str]]:
    """Return [products] and [stores] read from the receipts, where they carry a category or a region; and the columns that takes."""
    lines: list[str] = []
    taken: set[str] = set()
    for table, column, needed in (("products", "product_id", "category"), ("stores", "store_id", "region")):
        key = next((guess for guess in guesses if guess.name == column and len(guess.columns) == 1), None)
        extra = [guess for guess in guess_columns(table, group[0]) if guess.name != column and guess.columns[0] not in _raw(guesses)]
        if key is None:
            continue
        extra = [guess for guess in extra if _belongs_to(group[0], guess.columns[0], key.columns[0])]
        if not any(guess.name == needed for guess in extra):
            continue
        lines += [*head(table, group), *(_decimal(group[0], extra) or [])]
        lines += ["distinct = true  # read from the receipts: the most frequent value of each column"]
        lines += ["", f"[{table}.columns]", _column_line(key), *map(_column_line, extra)]
        taken |= _raw(extra)
    return lines, taken


def _belongs_to(contents: Contents, column: str, key: str) -> bool:
    """Return whether a column says the same in (nearly) all rows of a key: a state of orders is no region of stores."""
    rows = contents.sample.select(pl.col(key).alias("key"), pl.col(column).alias("value")).drop_nulls()
    counts = rows.group_by("key", "value").len().group_by("key").agg(pl.col("len").max().alias("most"), pl.col("len").sum().alias("rows"))
    several = counts.filter(pl.col("rows") > 1)
    return several.is_empty() or int(several["most"].sum()) >= OF_THE_KEY * int(several["rows"].sum())


def _column_line(guess: Guess) -> str:
    return f"{guess.name} = {guess.text or one_or_list(guess.columns)}" + (f"  # {guess.comment}" if guess.comment else "")
