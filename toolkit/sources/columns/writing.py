"""What a proposed section says of how its files are written: once where they are written alike, of each file where they are not."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from toolkit.language import tr
from toolkit.schemas import CONTRACT
from toolkit.sources.columns.contents import Contents
from toolkit.sources.columns.matching import Guess, quoted, time_options
from toolkit.sources.databases.addresses import SourceTable

MOST_FILES_LISTED = 6


def one_or_list(texts: Sequence[str]) -> str:
    """Return one text, or several as a list, as TOML writes them."""
    return quoted(texts[0]) if len(texts) == 1 else "[" + ", ".join(map(quoted, texts)) + "]"


def differences(table: str, group: Sequence[Contents], guesses: Sequence[Guess]) -> list[dict[str, str]]:
    """Return for each file what is to be said of it alone: its sheet, and the decimal sign and time format where the files have several."""
    contract = CONTRACT[table].columns() if table else {}
    times = [guess.columns for guess in guesses if guess.name in contract and contract[guess.name].dtype.is_temporal() and not guess.text]
    ways = []
    for contents in group:
        way = {"sheet": contents.file.sheet} if contents.file.sheet else {}
        sign = contents.decimal(guess.columns[0] for guess in guesses if guess.is_number)
        stated = [re.fullmatch('time_format = "(.*)"', option) for columns in times for option in time_options(contents, columns)]
        forms = {match[1] if match else "" for match in stated} or {"iso"}
        is_text = any(contents.is_text(name) for columns in times for name in columns)
        ways.append(
            way
            | ({"decimal": sign} if sign else {})
            | ({"time_format": form} if is_text and len(forms) == 1 and (form := forms.pop()) else {})
        )
    for key in ("sheet", "decimal", "time_format"):
        if len({way[key] for way in ways if key in way}) <= 1 and not (key == "sheet" and any(key not in way for way in ways)):
            for way in ways:
                way.pop(key, None)
    return ways


def files_of(group: Sequence[Contents], ways: Sequence[dict[str, str]]) -> str:
    """Return the files of a section as its `files` names them."""
    if any(contents.file.source for contents in group):
        entries = [
            f"{{ {', '.join(source_lines(contents.file.source))} }}" if contents.file.source else quoted(_name(contents.file.path))
            for contents in group
        ]
        return f"[{', '.join(entries)}]"
    paths = [contents.file.path for contents in group]
    folders, endings = {path.parent for path in paths}, {"".join(path.suffixes) for path in paths}
    if any(ways):
        entries = [(_name(path), way) for path, way in zip(paths, ways, strict=True)]
        texts = [quoted(name) if not way else f"{{ path = {quoted(name)}{''.join(_stated(way))} }}" for name, way in entries]
        return f"[{', '.join(texts)}]"
    if len(paths) > MOST_FILES_LISTED and len(folders) == 1 and len(endings) == 1:
        return f"{quoted((paths[0].parent / ('*' + endings.pop())).as_posix())}  # check that the pattern finds these files only"
    return one_or_list(list(dict.fromkeys(map(_name, paths))))


def source_lines(source: SourceTable) -> list[str]:
    """Return how a mapping names a table of a database, key by key."""
    named = {"url": source.url, "table": source.table, "query": source.query}
    return [f"{key} = {quoted(value)}" for key, value in named.items() if value is not None]


def parts_named(group: Sequence[Contents]) -> str:
    """Return the files of a section beside the first as its `files` names them, each with its sheet or the list that becomes rows."""
    said = [{"sheet": contents.file.sheet, "unfold": contents.file.unfolded} for contents in group]
    return files_of(group, [{key: value for key, value in way.items() if value} for way in said])


def _name(path: Path) -> str:
    return Path(os.path.normpath(path)).as_posix()


def _stated(way: dict[str, str]) -> list[str]:
    return [f", {key} = {quoted(value)}" for key, value in way.items()]


def head(table: str, group: Sequence[Contents], ways: Sequence[dict[str, str]] = ()) -> list[str]:
    """Return a section's files and what was detected about their text, so that a person sees it and the import does not detect it again."""
    ways = ways or differences("", group, ())
    file = group[0].file
    read_from = source_lines(file.source) if file.source and len(group) == 1 else [f"files = {files_of(group, ways)}"]
    lines = ["", f"[{table}]", *read_from]
    dialect = file.dialect
    if file.sheet and not any("sheet" in way for way in ways):
        lines.append(f"sheet = {quoted(file.sheet)}")
    if file.unfolded:
        lines.append(f"unfold = {quoted(file.unfolded)}  # " + tr("a row for each of these; the other fields of a record are repeated"))
    if dialect is None:
        return lines
    dialects = [contents.file.dialect for contents in group if contents.file.dialect and not contents.file.sheet]
    encodings = {"utf-8" if way.encoding in ("utf-8", "utf-8-sig", "ascii") else way.encoding for way in dialects}
    delimiters = {{"\t": "\\t", "\x01": "\\u0001"}.get(way.delimiter, way.delimiter) for way in dialects}
    for key, found in (("encoding", encodings), ("delimiter", delimiters)):
        if len(found) == 1:
            lines.append(f'{key} = "{found.pop()}"')
        elif found:
            lines.append(
                "# "
                + tr("{key}: the files have {found}; each is read as it is written", key=key, found=", ".join(map(repr, sorted(found))))
            )
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
