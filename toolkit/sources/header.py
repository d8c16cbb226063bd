"""A starter mapping from the files themselves: column names in many languages, checked against what the columns hold.

What is proposed is a TOML text for a person to read: every guess carries a comment, what could not be decided is a commented TODO line.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.errors import DataError
from toolkit.schemas import meaning, required_columns
from toolkit.sources.exports import Export, find_export
from toolkit.sources.glance import Glance, glance_at
from toolkit.sources.guess import Guess, guess_columns, guess_table

CURRENCY_SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "¥": "CNY",
    "￥": "CNY",
    "元": "CNY",
    "円": "JPY",
    "₩": "KRW",
    "₹": "INR",
    "zł": "PLN",
    "R$": "BRL",
    "₽": "RUB",
    "$": "USD",
}
CURRENCY_OF_SCRIPT = {"chinese": "CNY", "japanese": "JPY", "korean": "KRW", "cyrillic": "RUB"}
MOST_FILES_LISTED = 6
TABLE_ORDER = ("lines", "products", "members", "stores", "campaigns", "contacts", "redemptions", "events", "sales_targets", "stock")


@dataclass
class _Section:
    table: str
    text: list[str] = field(default_factory=list)


def propose_mapping(files: Sequence[Path | str]) -> str:
    """Return a mapping as TOML text for these files: `toolkit map FILES > mapping.toml`.

    Files with the same columns become one table. Comments say what was guessed and what is still to do.

    Raises: `DataError` where there is no file with a row in it.
    """
    glances = [glance for path in files if (glance := glance_at(Path(path))) is not None]
    if not glances:
        raise DataError(f"None of the {len(files)} files holds a row; give the receipts' files.")
    groups: dict[tuple[str, ...], list[Glance]] = {}
    for glance in glances:
        groups.setdefault(glance.names, []).append(glance)
    sections: dict[str, list[str]] = {}
    remarks: list[str] = []
    currency = ""
    for group in groups.values():
        export = find_export(group[0])
        if export is not None:
            remarks.append(f"recognised: {export.name}" + (f". {export.note}" if export.note else ""))
            currency = currency or export.currency
            if export.table and export.table not in sections:
                sections[export.table] = _known_section(export, group)
            continue
        table = guess_table(group[0], "lines" in sections)
        if table is None or table in sections:
            told = "looks like none of the tables" if table is None else f"looks like another [{table}], with other columns"
            remarks.append(f"{_names(group)} {told}; it is left out. Its columns: {', '.join(group[0].names[:20])}")
            continue
        sections[table] = _guessed_section(table, group)
    return (
        "\n".join([*_opening(glances, currency, remarks, sections), *(line for table in TABLE_ORDER for line in sections.get(table, []))])
        + "\n"
    )


def _opening(glances: Sequence[Glance], currency: str, remarks: Iterable[str], sections: dict[str, list[str]]) -> list[str]:
    lines = [
        "# A mapping proposed by `toolkit map`; read the comments, then: toolkit check THIS_FILE",
        *(f"# {remark}" for remark in remarks),
    ]
    why = ""
    if not currency:
        currency, why = _currency(glances)
    lines += ["", f'name = "{_escaped(Path(glances[0].path).resolve().parent.name or "receipts")}"', f'currency = "{currency}"{why}']
    if any(glance.has_zone for glance in glances):
        lines.append(
            '# TODO time_zone = "Europe/Berlin"  # the times carry a zone or count seconds since 1970: the shop\'s own zone is needed'
        )
    if "lines" not in sections:
        lines += [
            "",
            "# TODO no file looks like receipt lines; [lines] is the one table that is needed:",
            "# [lines]",
            '# files = "..."',
            "# [lines.columns]",
        ]
        lines += [f'# {column} = ""  # {meaning("lines", column)}' for column in required_columns("lines")]
    return lines


def _currency(glances: Sequence[Glance]) -> tuple[str, str]:
    for glance in glances:
        for sign, code in CURRENCY_SIGNS.items():
            if any(sign in text for text in glance.numeric_texts()):
                return code, f"  # guessed from {sign}"
    for glance in glances:
        if glance.script in CURRENCY_OF_SCRIPT:
            return CURRENCY_OF_SCRIPT[glance.script], f"  # guessed from the {glance.script} column names"
    return "EUR", "  # guessed: nothing in the files says which; it sets how many decimals amounts have"


def _files(group: Sequence[Glance]) -> str:
    paths = [glance.path for glance in group]
    folders, endings = {path.parent for path in paths}, {"".join(path.suffixes) for path in paths}
    if len(paths) > MOST_FILES_LISTED and len(folders) == 1 and len(endings) == 1:
        return f'"{_escaped((paths[0].parent / ("*" + endings.pop())).as_posix())}"  # check that the pattern finds these files only'
    shown = [f'"{_escaped(Path(os.path.normpath(path)).as_posix())}"' for path in paths]
    return shown[0] if len(shown) == 1 else "[" + ", ".join(shown) + "]"


def _known_section(export: Export, group: Sequence[Glance]) -> list[str]:
    files = _files(group)
    more = export.more.replace("FILES", files).strip().splitlines() if export.more else []
    body = export.body.strip("\n").splitlines()
    body = ["", *body] if body[0].startswith("[") else body
    return ["", f"[{export.table}]", f"files = {files}", *_format_lines(group[0]), *body, *(["", *more] if more else [])]


def _format_lines(glance: Glance) -> list[str]:
    """Return what was detected about the text, written down so that a person sees it and the import does not detect it again."""
    if glance.dialect is None:
        return []
    delimiter = {"\t": "\\t", "\x01": "\\u0001"}.get(glance.dialect.delimiter, glance.dialect.delimiter)
    lines = [f'encoding = "{glance.encoding}"', f'delimiter = "{delimiter}"']
    if not glance.has_header:
        lines.append("header = false  # the first row holds values: columns are column_1, column_2, ...")
    return lines


def _guessed_section(table: str, group: Sequence[Glance]) -> list[str]:
    glance = group[0]
    guesses, unused = guess_columns(table, glance)
    lines = ["", f"[{table}]", f"files = {_files(group)}", *_format_lines(glance)]
    decimal = glance.decimal(guess.columns[0] for guess in guesses if guess.is_number and guess.columns)
    if decimal:
        lines.append(f'decimal = "{decimal}"')
    elif decimal is None:
        lines.append('# TODO decimal = ","  # or ".": the sample does not prove which; the import looks at every row')
    lines += [option for guess in guesses for option in guess.options]
    lines += ["", f"[{table}.columns]"]
    lines += [_column_line(guess) for guess in guesses]
    stated = {guess.name for guess in guesses}
    for column in required_columns(table):
        if column not in stated:
            lines.append(f'# TODO {column} = ""  # {meaning(table, column)}; none of: {", ".join(unused[:12])}')
    side, taken = _side_tables(glance, group, guesses) if table == "lines" else ([], set())
    unused = [name for name in unused if name not in taken]
    if unused and table != "members":
        lines.append(f"# not used: {', '.join(unused)}")
    lines += side
    if table == "members" and unused:
        lines.insert(lines.index(f"[{table}.columns]") - 1, f"attributes = [{', '.join(_quoted(name) for name in unused)}]")
    return lines


def _side_tables(glance: Glance, group: Sequence[Glance], guesses: Sequence[Guess]) -> tuple[list[str], set[str]]:
    """Return [products] and [stores] read from the receipts, where they carry a category or a region; and the columns that takes."""
    lines: list[str] = []
    taken: set[str] = set()
    key = {guess.name: guess for guess in guesses}
    for table, column, needed in (("products", "product_id", "category"), ("stores", "store_id", "region")):
        if column not in key or len(key[column].columns) != 1:
            continue
        extra = [
            guess
            for guess in guess_columns(table, glance)[0]
            if guess.name != column and guess.columns[0] not in {c for k in guesses for c in k.columns}
        ]
        if not any(guess.name == needed for guess in extra):
            continue
        sign = glance.decimal(guess.columns[0] for guess in extra if guess.is_number)
        decimal = [f'decimal = "{sign}"'] if sign else []
        lines += [
            "",
            f"[{table}]",
            f"files = {_files(group)}",
            *_format_lines(glance),
            *decimal,
            "distinct = true  # read from the receipts: the most frequent value of each column",
        ]
        lines += ["", f"[{table}.columns]", _column_line(key[column]), *(_column_line(guess) for guess in extra)]
        taken |= {guess.columns[0] for guess in extra}
    return lines, taken


def _column_line(guess: Guess) -> str:
    if guess.text:
        value = guess.text
    elif len(guess.columns) == 1:
        value = _quoted(guess.columns[0])
    else:
        value = "[" + ", ".join(_quoted(name) for name in guess.columns) + "]"
    return f"{guess.name} = {value}" + (f"  # {guess.comment}" if guess.comment else "")


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in plain)


def _names(group: Sequence[Glance]) -> str:
    return group[0].path.name + (f" and {len(group) - 1} more" if len(group) > 1 else "")
