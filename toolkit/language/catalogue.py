"""Gathers the messages from the source into the catalogue of each language, and compiles it: `make messages`.

python -m toolkit.language.catalogue            update toolkit.po, say what is not translated, write toolkit.mo
python -m toolkit.language.catalogue --check    change nothing; end with 1 where a message is missing, unused or not compiled
"""

from __future__ import annotations

import ast
import importlib
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_javascript
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from toolkit.language import DOMAIN, FOLDER, LANGUAGES, SOURCE
from toolkit.language.labels import VALUES

PACKAGE = FOLDER.parent
DASHBOARDS = PACKAGE.parent / "dashboards"
# Calls that hold a text, by the name of the function: (place of the text, its context). `trn` has a second one, for all but 1.
_CALLS: dict[str, tuple[int, str | None]] = {
    "tr": (0, None),
    "trn": (0, None),
    "later": (0, None),
    "question": (1, None),
    "some": (1, "counted"),
    "counted": (0, "counted"),
    "value": (0, "value"),
    "say": (0, None),
}
_NOUN = re.compile(r"\{[\w.]+:([a-z][a-z -]{2,})(?:\|[a-z -]+)?\}")
"""A noun after its number within a message, `{orders:order}`; what else a field may say is in NOT_NOUNS."""
NOT_NOUNS = frozenset("money share days count number index score flag text minor change few in word".split())  # noqa: SIM905
# Texts in TOML files that are shown as they are: file -> keys
_TOML = {
    "portrait/measures/persona_rules.toml": ("name", "meaning"),
    "portrait/segment_maps/ten.toml": ("name", "meaning"),
    "portrait/segment_maps/eight.toml": ("english", "meaning"),
    "differentiation/planning/playbook.toml": ("title", "name", "method", "message", "goods"),
}
Found = tuple[str, int, str | tuple[str, ...], str | None]


def main(arguments: list[str] | None = None) -> int:
    """Update or check the catalogue of every language."""
    checked = "--check" in (sys.argv[1:] if arguments is None else arguments)
    gathered = template()
    faults = [fault for code in LANGUAGES if code != SOURCE for fault in _one(code, gathered, checked)]
    for fault in faults:
        print(fault)
    return int(bool(faults))


def template() -> Catalog:
    """Return the catalogue of every message in the source, without translations."""
    made = Catalog(domain=DOMAIN, project="retail-member-toolkit", fuzzy=False)
    for name, _line, message, context in messages():
        made.add(message, locations=[(name, 0)], context=context)
    return made


def messages() -> Iterator[Found]:
    """Yield (file, line, message, context) of every text in the package that a person reads."""
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix == ".py" and FOLDER not in path.parents:
            yield from _of_python(path)
        elif path.suffix in (".j2", ".html"):
            yield from _of_template(path)
    for path in sorted(DASHBOARDS.rglob("*.html*")):
        yield from _of_template(path)
    for text in _of_scripts():
        yield "dashboards", 0, text, "script"
    for path in sorted((PACKAGE.parent / "notebooks").glob("*.ipynb")):
        for text in _of_notebook(path):
            yield "notebooks", 0, text, None
    for heading in sorted(_headings()):
        yield "columns.py", 0, heading, "column"
    for text in sorted(_of_contract()):
        yield "schemas.py", 0, text, None
    for text in VALUES:
        yield "language/labels.py", 0, text, "value"
    for name, keys in _TOML.items():
        for text in sorted(set(_texts(tomllib.loads((PACKAGE / name).read_text("utf-8")), keys))):
            yield name, 0, text, "value"


def _headings() -> set[str]:
    """The labels of every column and figure that is declared, and of the members table. By name: they lie above the language."""
    questions = importlib.import_module("toolkit.registry").all_questions()
    members = importlib.import_module("toolkit.scope.member_columns").MEMBER_COLUMNS
    columns = [column for item in questions for table in item.tables for column in table.columns]
    figures = [column for item in questions for column in item.figures.values()]
    plain_label = importlib.import_module("toolkit.columns").plain_label
    contract = {plain_label(column) for schema in _contract().values() for column in schema.columns()}
    return {column.label for column in (*columns, *figures, *members.values())} | contract


def _of_contract() -> set[str]:
    """What each column of the contract means."""
    meaning = importlib.import_module("toolkit.schemas").meaning
    return {meaning(table, column) for table, schema in _contract().items() for column in schema.columns()}


def _contract() -> dict[str, Any]:
    return importlib.import_module("toolkit.schemas").CONTRACT


def missing(code: str, gathered: Catalog | None = None) -> list[Message]:
    """Return the messages that a language does not have."""
    known = read(code)
    return [message for message in gathered or template() if message.id and not _has(known, message)]


def _one(code: str, gathered: Catalog, checked: bool) -> list[str]:
    known = read(code)
    wanted = {(message.id if isinstance(message.id, str) else message.id[0], message.context) for message in gathered if message.id}
    faults = [f"{code}: not translated: {message.id!r}" for message in missing(code, gathered)]
    unused = [m for m in known if m.id and (m.id if isinstance(m.id, str) else m.id[0], m.context) not in wanted]
    if checked:
        faults += [f"{code}: not used any more: {message.id!r}" for message in unused]
        return faults if _compiled(known) == _mo(code).read_bytes() else [*faults, f"{code}: {_mo(code).name} is not that of the .po"]
    kept = Catalog(locale=code, domain=DOMAIN, project="retail-member-toolkit", fuzzy=False)
    for message in sorted((m for m in gathered if m.id), key=lambda m: (m.context or "", m.id if isinstance(m.id, str) else m.id[0])):
        before = known.get(message.id, message.context)
        files = sorted({(name, 0) for name, _ in message.locations})
        kept.add(message.id, before.string if before else "", locations=files, context=message.context)
    kept.revision_date = kept.creation_date = known.creation_date
    with _po(code).open("wb") as file:
        write_po(file, kept, width=140, include_lineno=False, omit_header=False)
    _mo(code).write_bytes(_compiled(read(code)))
    print(f"{code}: {len(kept)} messages, {len(faults)} not translated, {len(unused)} left out")
    return faults


def _has(known: Catalog, message: Message) -> bool:
    found = known.get(message.id, message.context)
    return bool(found and (found.string if isinstance(found.string, str) else all(found.string or ())))


def _po(code: str) -> Path:
    return FOLDER / code / "LC_MESSAGES" / f"{DOMAIN}.po"


def _mo(code: str) -> Path:
    return _po(code).with_suffix(".mo")


def read(code: str) -> Catalog:
    """Return the catalogue of a language as its file has it; an empty one where there is none yet."""
    if not _po(code).exists():
        _po(code).parent.mkdir(parents=True, exist_ok=True)
        return Catalog(locale=code, domain=DOMAIN)
    with _po(code).open("rb") as file:
        return read_po(file, locale=code, domain=DOMAIN)


def _compiled(catalogue: Catalog) -> bytes:
    made = BytesIO()
    write_mo(made, catalogue)
    return made.getvalue()


def _of_python(path: Path) -> Iterator[Found]:
    name = path.relative_to(PACKAGE).as_posix()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        if called not in _CALLS:
            continue
        place, context = _CALLS[called]
        wanted = node.args[place : place + (2 if called == "trn" else 1)]
        texts = [one.value for one in wanted if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value]
        if texts and len(texts) == len(wanted):
            yield name, node.lineno, texts[0] if len(texts) == 1 else tuple(texts), context
            for noun in {found for text in texts for found in _NOUN.findall(text)} - NOT_NOUNS:
                yield name, node.lineno, noun, "counted"


def _of_template(path: Path) -> Iterator[Found]:
    from jinja2.ext import babel_extract

    with path.open("rb") as file:
        for line, _name, message, _comments in babel_extract(file, ["tr"], (), {"silent": "false"}):
            yield path.name, line, message if isinstance(message, str) else str((message or [""])[0]), None


def _of_notebook(path: Path) -> Iterator[str]:
    """The headings and paragraphs of a report's notebook (of those that open with parameters and hold no lesson)."""
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            parts = re.split(r"\n\n+", "".join(cell["source"]).strip())
            yield from (re.sub(r"^#+\s+", "", part) for part in parts if path.stem != "start_here")


def _of_scripts() -> Iterator[str]:
    """The texts of the pages' scripts, and those that stand in a page until its scripts run."""
    for path in sorted(DASHBOARDS.rglob("*.js")):
        with path.open("rb") as file:
            yield from (str(message) for _line, _name, message, _comments in extract_javascript(file, {"tr": None}, (), {}))
    for path in sorted(DASHBOARDS.rglob("*.j2")):
        yield from re.findall(r"data-tr>([^<]+)<", path.read_text("utf-8"))


def _texts(node: Any, keys: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, dict):
        for key, inner in node.items():
            if key in keys and isinstance(inner, str):
                yield inner
            else:
                yield from _texts(inner, keys)
    elif isinstance(node, list):
        for inner in node:
            yield from _texts(inner, keys)


if __name__ == "__main__":
    sys.exit(main())
