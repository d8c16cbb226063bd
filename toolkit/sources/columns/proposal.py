"""A starter mapping from the files themselves: column names in many languages, checked against what the columns hold.

What is proposed is a TOML text for a person to read: every guess carries a comment, what could not be decided is a commented TODO line.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.schemas import CONTRACT, closed_words, meaning, required_columns
from toolkit.sources.columns.contents import Contents, contents_of
from toolkit.sources.columns.matching import MOST_ARMS, Guess, guess_columns, guess_table, quoted
from toolkit.sources.columns.order_fields import filled_sample, order_fields
from toolkit.sources.columns.words import foreign_words, value_map
from toolkit.sources.plausibility import Question, answer_line, questions_of_sample
from toolkit.sources.presets.known import Preset, find_preset, missing_files
from toolkit.sources.presets.tried import Files, contradicted_currency, left_open, stated_currency, tried_sections
from toolkit.sources.specs import TableMapping

CURRENCY_SIGNS = {
    "€": "EUR", "£": "GBP", "¥": "CNY", "￥": "CNY", "元": "CNY", "円": "JPY", "₩": "KRW", "₹": "INR", "zł": "PLN", "R$": "BRL", "₽": "RUB",
    "$": "USD",
}  # fmt: skip
CURRENCY_OF_SCRIPT = {"chinese": "CNY", "japanese": "JPY", "korean": "KRW", "cyrillic": "RUB"}
MOST_FILES_LISTED = 6


def propose_mapping(files: Sequence[Path | str]) -> str:
    """Return a mapping as TOML text for these files: `toolkit map FILES > mapping.toml`.

    Files with the same columns become one table. Comments say what was guessed and what is still to do.

    Raises: `DataError` where there is no file with a row in it.
    """
    everything = [contents for path in files if (contents := contents_of(Path(path))) is not None]
    if not everything:
        raise DataError(f"None of the {len(files)} files holds a row; give the receipts' files.")
    groups: dict[tuple[str, ...], list[Contents]] = {}
    for contents in everything:
        groups.setdefault(contents.names, []).append(contents)
    sections: dict[str, list[str]] = {}
    questions: list[Question] = []
    remarks: list[str] = []
    answered: list[str] = []
    currency = ""
    firsts = [group[0] for group in groups.values()]
    presets = {group[0].names: find_preset(group[0], firsts) for group in groups.values()}
    partners = {names: preset.partners(groups[names][0], firsts) for names, preset in presets.items() if preset is not None}
    taken = {partner.names for joined in partners.values() for partner in joined.values()}
    for names, group in groups.items():
        preset = presets[names]
        if names in taken:
            continue
        if preset is None and (incomplete := missing_files(group[0], firsts)):
            said = tr("{file} looks like {name}, which comes in several files: give the one with the columns {columns} too.",
                      file=group[0].file.path.name, name=incomplete[0], columns=", ".join(incomplete[1]))  # fmt: skip
            remarks.append(said)
        if preset is not None:
            remarks.append(_recognised(preset))
            if contradicted := contradicted_currency(preset, group):
                remarks.append(contradicted)
            currency = currency or stated_currency(preset, group) or ("" if contradicted else preset.currency)
            if preset.table:
                found = Files(group, {name: groups[partner.names] for name, partner in partners[names].items()})
                sections.setdefault(preset.table, _known_section(preset, found))
                sections[preset.table] += [f"# TODO {sentence}" for sentence in left_open(preset, group)]
                answered += preset.answered(group[0].names)
                questions += _questions(sections, preset.table, group[0], answered)
            continue
        table = guess_table(group[0], "lines" in sections)
        if table is None or table in sections:
            why = "looks like none of the tables" if table is None else f"looks like another [{table}], with other columns"
            name = group[0].file.path.name + (f" and {len(group) - 1} more" if len(group) > 1 else "")
            remarks.append(f"{name} {why}; it is left out. Its columns: {', '.join(group[0].names[:20])}")
            continue
        sections[table] = _guessed_section(table, group)
        questions += _questions(sections, table, group[0])
    lines = _opening(everything, currency, remarks, "lines" in sections)
    lines += [line for table in CONTRACT for line in sections.get(table, [])]
    if answered:
        why = tr("known of this export: it is right as it is")
        lines += ["", "[answers]", f"ignore = [{', '.join(map(quoted, answered))}]  # {why}"]
    if questions:
        lines += ["", *(f"# TODO {question.sentence}" for question in questions)]
        lines += ["# TODO where all of that is right as it is:"]
        every = answer_line(questions).replace("[", f"[{', '.join(map(quoted, answered))}, ", 1) if answered else answer_line(questions)
        lines += [*([] if answered else ["# [answers]"]), f"# {every}"]
    return "\n".join(lines) + "\n"


def _recognised(preset: Preset) -> str:
    doubt = tr("Its shape is known from documentation, no real file has confirmed it: look at the first figures.")
    parts = [f"recognised: {preset.name}", preset.note, "" if preset.confirmed or not preset.table else doubt]
    return ". ".join(part.rstrip(".") for part in parts if part)


def _questions(sections: dict[str, list[str]], table: str, contents: Contents, answered: Sequence[str] = ()) -> list[Question]:
    """Return what a proposed section of lines leaves open; a discount that is doubted becomes a TODO of the section."""
    if table != "lines":
        return []
    section = tomllib.loads("\n".join(sections["lines"]))["lines"]
    spec = TableMapping.model_validate(section)
    sample = filled_sample(contents.sample, spec)
    elsewhere = [name for name in spec.raw_columns if name not in sample.columns]  # of joined files: `check` asks about those
    sample = sample.with_columns(pl.lit(None, pl.String).alias(name) for name in elsewhere)
    questions = [question for question in questions_of_sample(spec, sample) if question.key not in answered]
    doubted = {question.column for question in questions if question.kind == "discount"}
    for column in ("discount_amount", "coupon_amount"):
        if column in spec.columns and spec.columns[column].column in doubted:
            sections["lines"] = [f"# TODO {line}" if line.startswith(f"{column} = ") else line for line in sections["lines"]]
    return questions


def _opening(everything: Sequence[Contents], currency: str, remarks: Iterable[str], has_lines: bool) -> list[str]:
    lines = [
        "# A mapping proposed by `toolkit map`; read the comments, then: toolkit check THIS_FILE",
        *(f"# {remark}" for remark in remarks),
    ]
    why = ""
    if not currency:
        currency, why = _currency(everything)
    name = everything[0].file.path.resolve().parent.name or "receipts"
    lines += ["", f"name = {quoted(name)}", f'currency = "{currency}"{why}']
    if any(contents.has_zone for contents in everything):
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
        for sign, code in CURRENCY_SIGNS.items():
            if any(sign in text for text in contents.numeric_texts()):
                return code, f"  # guessed from {sign}"
    for contents in everything:
        if contents.script in CURRENCY_OF_SCRIPT:
            return CURRENCY_OF_SCRIPT[contents.script], f"  # guessed from the {contents.script} column names"
    return "EUR", "  # guessed: nothing in the files says which; it sets how many decimals amounts have"


def _files(group: Sequence[Contents]) -> str:
    paths = [contents.file.path for contents in group]
    folders, endings = {path.parent for path in paths}, {"".join(path.suffixes) for path in paths}
    if len(paths) > MOST_FILES_LISTED and len(folders) == 1 and len(endings) == 1:
        return f"{quoted((paths[0].parent / ('*' + endings.pop())).as_posix())}  # check that the pattern finds these files only"
    return _one_or_list([Path(os.path.normpath(path)).as_posix() for path in paths])


def _one_or_list(texts: Sequence[str]) -> str:
    return quoted(texts[0]) if len(texts) == 1 else "[" + ", ".join(map(quoted, texts)) + "]"


def _head(table: str, group: Sequence[Contents]) -> list[str]:
    """Return a section's files and what was detected about their text, so that a person sees it and the import does not detect it again."""
    lines = ["", f"[{table}]", f"files = {_files(group)}"]
    dialect = group[0].file.dialect
    if dialect is None:
        return lines
    encoding = "utf-8" if dialect.encoding in ("utf-8", "utf-8-sig", "ascii") else dialect.encoding
    delimiter = {"\t": "\\t", "\x01": "\\u0001"}.get(dialect.delimiter, dialect.delimiter)
    lines += [f'encoding = "{encoding}"', f'delimiter = "{delimiter}"']
    titles = {contents.file.dialect.above for contents in group if contents.file.dialect}
    if dialect.above and len(set(map(len, titles))) == 1:
        shown = next((cells for line in dialect.above if (cells := " ".join(re.split(r"[,;|\t ]+", line)).strip())), "")
        comment = tr("title lines above the header: {lines}; without this the header is found by its names", lines=quoted(shown[:60]))
        lines.append(f"skip_rows = {len(dialect.above)}  # {comment}")
    if any(contents.file.totals for contents in group):
        lines.append("# " + tr("a total stands below the rows: it is set aside and counted"))
    if not dialect.header:
        lines.append("header = false  # the first row holds values: columns are column_1, column_2, ...")
    return lines


def _known_section(preset: Preset, files: Files) -> list[str]:
    sections = tried_sections(preset, files).replace('files = "FILES"\n', "", 1).replace('"FILES"', _files(files.group))
    for name, group in files.joined.items():
        sections = sections.replace(quoted(f"FILES:{name}"), _files(group))
    _, _, body = sections.strip("\n").partition("\n")
    return [*_head(preset.table, files.group), *body.splitlines()]


def _guessed_section(table: str, group: Sequence[Contents]) -> list[str]:
    contents = group[0]
    lines = _head(table, group)
    spec = order_fields(contents) if table == "lines" else None
    if spec is not None:
        contents = replace(contents, sample=filled_sample(contents.sample, spec))
        why = tr("They stand on the first line of an order alone: the lines below take them over.")
        lines += [f"fill_down = [{', '.join(map(quoted, spec.fill_down))}]  # {why}", f"within = {quoted(str(spec.within))}"]
    guesses = guess_columns(table, contents)
    decimal = _decimal(contents, guesses)
    if decimal is None:
        lines.append('# TODO decimal = ","  # or ".": the sample does not prove which; the import looks at every row')
    else:
        lines += decimal
    lines += [option for guess in guesses for option in guess.options]
    side, taken = _side_tables(group, guesses) if table == "lines" else ([], set())
    unused = [name for name in contents.names if name not in _raw(guesses)]
    if table == "members" and unused:
        lines.append(f"attributes = [{', '.join(map(quoted, unused))}]")
    lines += ["", f"[{table}.columns]", *map(_column_line, guesses)]
    missing = [column for column in required_columns(table) if column not in {guess.name for guess in guesses}]
    lines += [f'# TODO {column} = ""  # {meaning(table, column)}; none of: {", ".join(unused[:12])}' for column in missing]
    rest = [name for name in unused if name not in taken]
    if rest and table != "members":
        lines.append(f"# not used: {', '.join(rest)}")
    return lines + _value_maps(table, contents, guesses) + side


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
        if key is None or not any(guess.name == needed for guess in extra):
            continue
        lines += [*_head(table, group), *(_decimal(group[0], extra) or [])]
        lines += ["distinct = true  # read from the receipts: the most frequent value of each column"]
        lines += ["", f"[{table}.columns]", _column_line(key), *map(_column_line, extra)]
        taken |= _raw(extra)
    return lines, taken


def _column_line(guess: Guess) -> str:
    return f"{guess.name} = {guess.text or _one_or_list(guess.columns)}" + (f"  # {guess.comment}" if guess.comment else "")
