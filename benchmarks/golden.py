"""Goldens: every answer and its chart, in six scopes and every language, written to files and compared byte for byte.

    python benchmarks/golden.py write FOLDER                        every question on every shop
    python benchmarks/golden.py check FOLDER --shops village --questions 'portrait.*'
    python benchmarks/golden.py compare BEFORE AFTER
    make golden [BASE=<git revision>]                               the revision (HEAD, if none) against the working tree

`check` writes into a temporary folder and compares with FOLDER, restricted to the same choice: the inner loop of a rebuilding that must not
change a figure. `--questions` takes names with wildcards, separated by commas, such as `targeting.core*` or `review.*~by=store`.

A file is FOLDER/shop/question[~parameters]/scope.language.json: `Answer.to_dict()` with its keys in their order, the chart's spec last, a
top-level key a line. A question that raises is {"error": type, "message": text}. Names that altair counts up or takes from a hash
(`param_7`, `data-5f…`) are numbered by their place in the spec, since they depend on what was drawn before.

Scopes: `chain`, one `store`, a `week`, a small `audience`, an `early` as_of, and `abroad`: the chain with its money in another currency.
What is asked, and of which shops, is in golden_shops.py. On the large shop (`demo`) variants of a question are asked of the chain alone.

`--tree FOLDER` runs the toolkit of another checkout (the rows, scopes and parameters stay those of this script); of the toolkit only the
registry, the language and the errors are imported, so that modules may move. Polars works on one thread: sums of floats depend on the order
in which threads finish. A workspace is made anew for each run, since a mart that other code made must not be read; the demo's receipts (not
its mart) are kept in ~/.cache/retail-member-toolkit/golden while the importer's source is the same.
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ONE_THREAD = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
CACHE = Path.home() / ".cache" / "retail-member-toolkit" / "golden"
ABOVE_THE_IMPORTER = ("portrait", "targeting", "differentiation", "review", "apps", "charts", "batch")
"""Folders of the toolkit that have no part in an import."""
SHOWN_DIFFERENCES = 5
"""Differences told of one file."""
COUNTED_NAME = re.compile(r"\bdata-[0-9a-f]{32}(?![0-9a-f])|\b(?:view|param|selector|concat|layer)_\d+(?!\d)")


def main() -> int:
    """Do what the command line says; 1 where something differs."""
    args = _arguments()
    if args.command == "write":
        write(args.folder, args)
        return 0
    if args.command == "compare":
        return told(args.before, args.after, _chosen(args))
    if args.command == "check":
        with tempfile.TemporaryDirectory(prefix="golden-") as fresh:
            write(Path(fresh), args)
            return told(args.folder, Path(fresh), _chosen(args))
    return against(args.base, args)


def _arguments() -> argparse.Namespace:
    choice = argparse.ArgumentParser(add_help=False)
    choice.add_argument("--shops", default="village,demo", help="village, demo")
    choice.add_argument("--questions", default="*", help="names with wildcards, separated by commas")
    choice.add_argument("--scopes", default="chain,store,week,audience,early,abroad")
    choice.add_argument("--languages", default="en,zh")
    choice.add_argument("--tree", type=Path, default=ROOT, help="the checkout whose toolkit answers")
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("write", parents=[choice]).add_argument("folder", type=Path)
    commands.add_parser("check", parents=[choice]).add_argument("folder", type=Path)
    compare = commands.add_parser("compare", parents=[choice])
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    commands.add_parser("against", parents=[choice]).add_argument("base", help="a git revision")
    return parser.parse_args()


def _chosen(args: argparse.Namespace) -> list[str]:
    """Return the patterns of the files, relative to a folder of goldens, that a choice covers."""
    return [
        f"{shop}/{question}{ending}/{scope}.{language}.json"
        for shop in args.shops.split(",")
        for question in args.questions.split(",")
        for ending in (("",) if question.endswith("*") or "~" in question else ("", "~*"))
        for scope in args.scopes.split(",")
        for language in args.languages.split(",")
    ]


# Writing


def write(folder: Path, args: argparse.Namespace) -> None:
    """Write the chosen answers into `folder`."""
    _prepare(args.tree)
    from golden_shops import SHOPS

    from toolkit.registry import all_questions

    patterns = re.compile("|".join(fnmatch.translate(pattern) for pattern in _chosen(args)))
    begun = time.process_time()
    for shop_name in args.shops.split(","):
        shop = SHOPS[shop_name]
        with tempfile.TemporaryDirectory(prefix="golden-shop-") as made:
            workspaces = Path(made)
            if shop.is_large:
                _copy_of_kept(shop, shop_name, workspaces / shop_name, args.tree)
            else:
                shop.build(workspaces / shop_name)
            count = 0
            for scope in shop.scopes:
                if scope not in args.scopes.split(","):
                    continue
                path = workspaces / shop_name
                if scope == "abroad":
                    path = workspaces / f"{shop_name}-abroad"
                for question in all_questions():
                    for way, given in shop.ways(question.name).items():
                        if shop.is_large and "~" in way and scope != "chain":
                            continue
                        for language in args.languages.split(","):
                            file = f"{shop_name}/{way}/{scope}.{language}.json"
                            if not patterns.match(file):
                                continue
                            if not path.exists():
                                shop.build_abroad(path)
                            answer = captured(question, path, {**shop.scopes[scope], **given}, language)
                            (folder / file).parent.mkdir(parents=True, exist_ok=True)
                            (folder / file).write_text(as_text(answer), encoding="utf-8")
                            count += 1
                print(f"{shop_name}, {scope}: {count} answers, {time.process_time() - begun:.0f} s of processor time", flush=True)


def _prepare(tree: Path) -> None:
    """Let `toolkit` be the one of `tree` and `tests` the one beside this script, on one thread."""
    for name in ONE_THREAD:
        os.environ[name] = "1"
    sys.path[:0] = [str(tree.resolve())]
    import toolkit

    if not Path(toolkit.__file__ or "").is_relative_to(tree.resolve()):
        raise SystemExit(f"toolkit was loaded from {toolkit.__file__}, not from {tree}.")
    rows = types.ModuleType("tests")
    rows.__path__ = [str(ROOT / "tests")]
    sys.modules["tests"] = rows


def _copy_of_kept(shop: Any, name: str, path: Path, tree: Path) -> None:
    """Copy the shop's receipts from the cache, importing them if no checkout with the same source has."""
    source = hashlib.sha256()
    for file in sorted((tree / "toolkit").rglob("*")):
        inside = file.relative_to(tree)
        if file.suffix in (".py", ".toml") and inside.parts[1] not in ABOVE_THE_IMPORTER:
            source.update(inside.as_posix().encode() + file.read_bytes())
    kept = CACHE / f"{name}-{source.hexdigest()[:16]}"
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as unfinished:
            shop.build(Path(unfinished) / "ws")
            shutil.rmtree(Path(unfinished) / "ws" / "mart", ignore_errors=True)
            if not kept.exists():
                (Path(unfinished) / "ws").rename(kept)
    shutil.copytree(kept, path)


def captured(question: Any, workspace: Path, given: dict[str, Any], language: str) -> dict[str, Any]:
    """Return an answer and its chart as plain values, or how the question failed."""
    from toolkit.errors import ToolkitError
    from toolkit.language import speaking

    with speaking(language):
        try:
            answer = question(workspace, **given)
            chart = answer.chart
            return {**answer.to_dict(), "chart": None if chart is None else counted_anew(chart.to_dict(validate=False))}
        except ToolkitError as error:
            return {"error": type(error).__name__, "message": str(error).replace(str(workspace), "WORKSPACE")}
        except Exception as error:  # noqa: BLE001 - a fault of ours is an answer too, and must be seen
            print(f"  {question.name} {given} ({language}): {type(error).__name__}: {error}", file=sys.stderr)
            return {"error": type(error).__name__, "message": str(error), "unexpected": True}


def counted_anew(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a chart's spec with the names that altair made numbered by their place in it."""
    numbers: dict[str, str] = {}

    def numbered(match: re.Match[str]) -> str:
        kind = re.split("[-_]", match[0])[0]
        return numbers.setdefault(match[0], f"{kind}_#{len(numbers) + 1}")

    return json.loads(COUNTED_NAME.sub(numbered, json.dumps(spec)))


def as_text(answer: dict[str, Any]) -> str:
    """Return an answer as JSON, a top-level key a line, keys in their order."""
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in answer.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


# Comparing


def told(before: Path, after: Path, patterns: list[str]) -> int:
    """Print how two folders of goldens differ; 1 where they do, 0 where they do not."""
    chosen = re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns))
    files = sorted({path.relative_to(one).as_posix() for one in (before, after) for path in one.rglob("*.json")})
    files = [file for file in files if chosen.match(file)]
    differing = 0
    for file in files:
        found = differences(before / file, after / file)
        if found:
            differing += 1
            print(file)
            for text in found[:SHOWN_DIFFERENCES]:
                print(f"    {text}")
            if len(found) > SHOWN_DIFFERENCES:
                print(f"    … and {len(found) - SHOWN_DIFFERENCES} more")
    print(f"{differing} of {len(files)} answers differ." if files else "There is nothing to compare.")
    return 1 if differing or not files else 0


def differences(before: Path, after: Path) -> list[str]:
    """Return the differences of two files: where, before, after; rows of a list that differ in the same place are one difference."""
    if not before.exists() or not after.exists():
        return ["only after" if after.exists() else "only before"]
    if before.read_bytes() == after.read_bytes():
        return []
    places: dict[str, list[str]] = {}
    for place, text in _walk(json.loads(before.read_text("utf-8")), json.loads(after.read_text("utf-8")), ""):
        places.setdefault(re.sub(r"\[\d+\]", "[*]", place), []).append(f"{place}: {text}")
    return [texts[0] + (f" (and {len(texts) - 1} more rows)" if len(texts) > 1 else "") for texts in places.values()] or [
        "written otherwise"
    ]


def _walk(before: Any, after: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            inner = f"{place}.{key}" if place else key
            if key not in after:
                yield inner, f"{_short(before[key])} -> (missing)"
            elif key not in before:
                yield inner, f"(missing) -> {_short(after[key])}"
            else:
                yield from _walk(before[key], after[key], inner)
        if list(before) != list(after) and set(before) == set(after):
            yield place, f"order {', '.join(before)} -> {', '.join(after)}"
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield place, f"{len(before)} rows -> {len(after)} rows"
        for number, (left, right) in enumerate(zip_longest(before[: len(after)], after[: len(before)])):
            yield from _walk(left, right, f"{place}[{number}]")
    elif type(before) is not type(after) or before != after:
        yield place, _both(before, after)


def _both(before: Any, after: Any) -> str:
    if isinstance(before, str) and isinstance(after, str):
        same = next((place for place, (left, right) in enumerate(zip_longest(before, after)) if left != right), 0)
        skip = max(0, same - 30)
        before, after = ("…" * bool(skip) + text[skip:] for text in (before, after))
    return f"{_short(before)} -> {_short(after)}"


def _short(value: Any, most: int = 110) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else text[: most - 1] + "…"


# Against a revision


def against(base: str, args: argparse.Namespace) -> int:
    """Compare the toolkit of a git revision with that of the working tree."""
    with tempfile.TemporaryDirectory(prefix="golden-base-") as temporary:
        tree = Path(temporary) / "tree"
        subprocess.run(["git", "-C", str(ROOT), "worktree", "add", "--quiet", "--detach", str(tree), base], check=True)
        try:
            for name, where in (("before", tree), ("after", ROOT)):
                choice = ["--shops", args.shops, "--questions", args.questions, "--scopes", args.scopes, "--languages", args.languages]
                command = [sys.executable, __file__, "write", str(Path(temporary) / name), "--tree", str(where), *choice]
                print(f"{base if name == 'before' else 'the working tree'}:", flush=True)
                subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(where)})
        finally:
            subprocess.run(["git", "-C", str(ROOT), "worktree", "remove", "--force", str(tree)], check=True)
        return told(Path(temporary) / "before", Path(temporary) / "after", _chosen(args))


if __name__ == "__main__":
    sys.exit(main())
