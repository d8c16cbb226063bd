"""Pages that are made while the site is built: each question with an answer from the demo, and the glossary in both languages.

The examples come from the workspace named by TOOLKIT_DOCS_WORKSPACE, by default the demo's; an empty name leaves them out. What the demo
cannot answer, for want of a table, is answered by a small simulated shop, and the page says so.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

import toolkit as tk
from toolkit import language, rendering
from toolkit.answer import Answer
from toolkit.charts import offline
from toolkit.errors import ToolkitError
from toolkit.questions_page import held_cell
from toolkit.registry import STEPS, Question, all_questions
from toolkit.workspace import Workspace

ROOT = Path(__file__).parents[1]
WORKSPACE = os.environ.get("TOOLKIT_DOCS_WORKSPACE", str(ROOT / "demo" / "workspace"))
NEEDED = {
    "portrait.member": {"member_id": ("2199", "00000042")},
    "targeting.buyers": {"goods": ("FLUID MILK PRODUCTS", "Milk")},
    "differentiation.allocate": {"budget": (2000, 2000)},
    "differentiation.plan": {"campaign": ("autumn", "autumn")},
}
"""Question -> what it cannot be asked without: in the demo, in the simulated shop."""


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of the questions, the glossary, and the examples that pages link to."""
    asked = all_questions()
    pages = {f"questions/{item.name}.md": _question_page(item) for item in asked}
    pages["questions/index.md"] = _index(asked)
    pages["glossary.md"] = _glossary(asked)
    pages["python.md"] = _python()
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    for path in sorted((ROOT / "examples").rglob("*")):
        if path.is_file() and path.suffix in {".csv", ".toml", ".py", ".md"} and "__pycache__" not in path.parts and path.suffix != ".md":
            files.append(File.generated(config, str(path.relative_to(ROOT)), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Lead links that leave the folder of the docs to what the site holds of them; of source files only the name stays."""
    markdown = re.sub(r"\]\((?:\.\./)+examples/", f"]({'../' * page.file.src_uri.count('/')}examples/", markdown)
    return re.sub(r"\[([^\]]+)\]\((?:\.\./)+(?:toolkit|tests|benchmarks|[A-Z]+\.md)[^)]*\)", r"\1", markdown)


def on_page_content(html: str, page: Any, config: Any, files: Files) -> str:
    """Put the answer where the page of a question has its place for it."""
    return re.sub(r"<p>@@answer ([\w.]+)@@</p>", lambda found: _example(found[1]), html)


def on_post_build(config: Any) -> None:
    """Throw the simulated shop away."""
    if _simulated.cache_info().currsize:
        shutil.rmtree(_simulated().path.parent, ignore_errors=True)
        _simulated.cache_clear()


def _index(asked: list[Question]) -> str:
    lines = [
        "# The questions",
        "",
        f"{len(asked)} questions, in the order of the loop. Each page has the call, an answer, and what its columns mean.",
        "",
    ]
    for step in STEPS:
        lines += [f"## {step.capitalize()}", "", "| question | call |", "|---|---|"]
        lines += [f"| [{item.text}]({item.name}.md) | `{item.example()}` |" for item in asked if item.step == step] + [""]
    return "\n".join(lines)


def _python() -> str:
    lines = [
        "# Python",
        "",
        "`import toolkit as tk` is the door. Questions are called by step and name: [all of them](questions/index.md).",
        "",
    ]
    for name in tk.__all__:
        held = getattr(tk, name)
        if name not in STEPS and not name.startswith("_"):
            lines += [
                f"## {name}",
                "",
                f"::: {held.__module__}.{held.__name__}",
                "    options: {show_root_heading: false, show_root_toc_entry: false}",
                "",
            ]
    return "\n".join(lines)


def _question_page(item: Question) -> str:
    lines = [f"# {item.text}", "", f"{_chinese(item.text)} · `{item.name}`", "", f"@@answer {item.name}@@", "", "## What it does", ""]
    function = item.function
    options = "    options: {show_root_heading: false, show_root_toc_entry: false, show_signature: false, heading_level: 3}"
    lines += [f"::: {function.__module__}.{function.__name__}", options, ""]
    for declared in item.tables:
        lines += [
            "## Columns",
            "",
            f"{declared.rows[:1].upper()}{declared.rows[1:]}.",
            "",
            "| column | heading | what it holds |",
            "|---|---|---|",
        ]
        for column in declared.columns:
            lines.append(f"| `{column.name}` | {column.label} {language_of_label(column.label)} | {held_cell(column)} |")
        lines.append("")
    return "\n".join(lines)


def language_of_label(label: str) -> str:
    """Return the heading of a column in Chinese, '' where it is the same."""
    with language.speaking("zh"):
        said = language.label(label)
    return "" if said == label else said


def _chinese(text: str) -> str:
    with language.speaking("zh"):
        return language.tr(text)


def _glossary(asked: list[Question]) -> str:
    terms: dict[str, tuple[str, str, set[str]]] = {}
    for item in asked:
        for column in (column for declared in item.tables for column in declared.columns):
            chinese = language_of_label(column.label)
            if chinese:
                kept = terms.setdefault(column.label, (chinese, column.meaning, set()))
                terms[column.label] = (kept[0], kept[1] or column.meaning, kept[2] | {item.name})
    lines = [
        "# Glossary 术语表",
        "",
        "The headings of all answers, as both languages call them.",
        "",
        "| term | 中文 | meaning | in |",
        "|---|---|---|---|",
    ]
    for term, (chinese, meaning, names) in sorted(terms.items(), key=lambda pair: pair[0].casefold()):
        where = ", ".join(f"[{name}](questions/{name}.md)" for name in sorted(names)[:3])
        lines.append(f"| {term} | {chinese} | {meaning.replace('|', '/')} | {where} |")
    return "\n".join(lines)


def _example(name: str) -> str:
    if not WORKSPACE:
        return ""
    answer, told = _answer(name)
    if answer is None:
        return f"<p>{told}</p>"
    picture = f'<div class="docs-chart">{offline.svg_picture(answer.chart)}</div>' if answer.chart is not None else ""
    body = rendering.body_html(answer)
    return (
        f'<div class="highlight"><pre><code>{answer.call}</code></pre></div>'
        f'<div class="docs-answer">{rendering.head_html(answer)}{picture}{body}</div><p class="docs-told">{told}</p>'
    )


def _answer(name: str) -> tuple[Answer | None, str]:
    """Ask the demo, and where it has nothing to say the simulated shop; with the sentence that says which."""
    item = next(one for one in all_questions() if one.name == name)
    told = ""
    for place, (workspace, shop) in enumerate(
        ((_demo, "The demo's receipts (The Complete Journey)."), (_simulated, "A simulated shop: the demo's receipts have no such table."))
    ):
        try:
            answer = item(workspace(), **{key: values[place] for key, values in NEEDED.get(name, {}).items()})
        except ToolkitError as error:
            told = str(error)
            continue
        if not answer.table.is_empty():
            return answer, shop
        told = answer.headline
    return None, told


@cache
def _demo() -> Workspace:
    return tk.open(WORKSPACE)


@cache
def _simulated() -> Workspace:
    folder = Path(tempfile.mkdtemp(prefix="toolkit-docs-"))
    made = tk.simulated_shop(folder / "shop", members=600, years=2, seed=0)
    tk.import_receipts(str(made.mapping), str(folder / "workspace"))
    return tk.open(str(folder / "workspace"))
