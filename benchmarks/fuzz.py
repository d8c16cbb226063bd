"""Questions asked with hostile values: nothing but an answer or a sentence comes back, in time and in memory. Prints a table.

    python -m benchmarks.fuzz [--calls 0] [--seed 0] [--seconds 30]

A shop whose names are hostile (`<!--<script>`, ESC, text that turns its direction) is asked every registered question, with a hostile value
for one parameter after the other; beside it every other door that takes text: audiences, plain words, calls, settings, folders, commands.
It runs in a process of its own whose memory is capped. A call survives where it gives an `Answer` (of the declared kind, with nothing in it
that moves a terminal) or a `ToolkitError` of less than 5,000 characters. It is lost where it raises anything else, takes longer than
`--seconds`, takes the memory, or ends the process. `--calls` = so many, drawn by the seed; 0 = all.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MOST_MEMORY = 3 * 1024**3
"""Bytes beside what the process holds when it begins."""
LONGEST_SENTENCE = 5_000
ODD = "\x1b\x00\x07\x9b\u202e\u2066\u2028\ud800"
NAMES = [
    "<!--<script>",
    "\x1b[2J\x1b]0;owned\x07",
    "\u202eeltit",
    "a'b\"c`d",
    "=1+1",
    "{0.__class__}",
    "%s%n",
    "店 一",
    "\u2028\u2029",
    "-",
]

TEXTS = [
    " ", "\x00", "\x1b[2J", "\ud800", "\u202eabc", "\u2028", "<!--<script>", "x" * 100_000, "漢" * 50_000, "' OR 1=1 --", "{0}{name}{__class__}",
    "%s%n%d", "../../etc/passwd", "nan", "-1", "1e400", "9" * 5_000, "0", "null", "[" * 5_000, "a,b" * 1_000, "0000-00-00", "9999-12-31",
    "0001-01-01..9999-12-31", "99999999d", "\t\n", "=cmd|' /C calc'!A0", "e\u0301" * 40, "portrait.rfm", "\U0001f600",
]  # fmt: skip
VALUES: list[Any] = [
    *TEXTS, -1, 0, 1, 10**13, 10**30, 10**5_000, float("nan"), float("inf"), -float("inf"), 5e-324, 0.5, True, b"x", [], [[]], {}, {"a": {"b": 1}},
    {"scope": {"minimum_members": -1}}, {"rfm": {"fm_cuts": ["x"]}}, {"scope": {"period_days": 10**9}}, ["\ud800"], ["x"] * 10_000, [None],
    [float("nan")], date.min, date.max, datetime(2024, 1, 1), object(), range(5), ("m01", "m02"), {1: 2}, {"\ud800": 1},
]  # fmt: skip
EXPRESSIONS = [
    "lpad(member_id, 100000000, 'x') = 'a'", "CAST(" * 60 + "order_count" + " AS INT)" * 60 + " > 1", "NOT (" * 60 + "TRUE" + ")" * 60,
    "member_id IN (" + ", ".join(f"'m{number}'" for number in range(100_000)) + ")", "repeat(member_id, 1000000000) = 'a'",
    "replace(replace(replace(member_id, 'm', 'mmmmmmmmm'), 'm', 'mmmmmmmmm'), 'm', 'mmmmmmmm') = 'a'", "member_id RLIKE '((a{0,99}){0,99}){0,99}'",
    "member_id LIKE '" + "%m" * 400 + "'", "order_count > " + "9" * 30, "order_count = 1" + " OR order_count = 1" * 5_000,
    "member_id IN (SELECT 1)", "order_count / (order_count - order_count) > 0", "substr(member_id, -99999999999, 5) = 'a'",
    "order_count::decimal(99, 9) > 1", "order_count > ALL(order_count)", "generate_series(1, 100000000000) IS NULL", "COLUMNS('.*') > 1",
    "power(order_count, 99999) > 1", "round(order_count, 2147483648) > 1", "quantile_cont(order_count, 7) > 1", "left(member_id, 99999999999) = 'a'",
    "order_count > 1 AND member_id = '\ud800'", "orders > 1; DROP TABLE members", "member_id = '\x1b[2J'", "\u202e", "'", "((((", "x" * 5_000_000,
]  # fmt: skip


def hostile_shop(folder: Path) -> Path:
    """Make a small shop whose stores, products, categories, channels and some members have hostile names; return its workspace."""
    import polars as pl

    from tests.shop import make_workspace, random_lines, random_products

    def hostile(column: str) -> pl.Expr:
        return pl.concat_str(pl.col(column), pl.col(column).rank("dense").cast(pl.Int64).map_elements(_name, return_dtype=pl.String))

    lines = random_lines(7, lines=1_500, members=40, days=300)
    products = random_products().with_columns(hostile("product_id"), hostile("category"), name=hostile("product_id"))
    lines = lines.with_columns(hostile("store_id"), hostile("product_id"), hostile("channel"))
    stores = lines.select("store_id").unique().sort("store_id")
    stores = stores.with_columns(
        name=pl.col("store_id"),
        region=pl.concat_str(pl.lit("<!--<script>\x1b[2J"), pl.col("store_id").str.head(2)),
        format=pl.lit("\u202e"),
    )
    make_workspace(folder, lines, {"products": products, "stores": stores})
    return folder


def _name(number: int) -> str:
    return NAMES[(number - 1) % len(NAMES)]


def calls(workspace: Path) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """Give every call: the promise it belongs to, how it is named, and what makes it."""
    import toolkit as tk
    from toolkit.audience import Audience, load_audience, save_audience
    from toolkit.conversation import interpret
    from toolkit.registry import SCOPE_PARAMETERS, all_questions, ask_again
    from toolkit.settings import read_settings
    from toolkit.workspace import Workspace

    ws = tk.open(str(workspace))
    for question in all_questions():
        for name in (*SCOPE_PARAMETERS, *question.parameters):
            for place, value in enumerate(VALUES):
                yield "questions", f"{question.name} {name} value {place}", _bound(question, ws, **{name: value})
    first = all_questions()[0]
    for place, text in enumerate([*EXPRESSIONS, *TEXTS]):
        yield "conditions", f"audience {place}", _bound(first, ws, audience=text)
        yield "conditions", f"Audience(where) {place}", _bound(_as_sentence, Audience, "x", where=text)
        yield "doors", f"plain words {place}", _bound(_as_sentence, interpret, ws, text[:20_000])
    for place, value in enumerate(VALUES):
        text = value if isinstance(value, str) else repr(place)
        yield "doors", f"settings {place}", _bound(_as_sentence, read_settings, {"scope": value})
        yield "doors", f"name of an audience {place}", _bound(_as_sentence, save_audience, ws, Audience(text, where="order_count > 0"))
        yield "doors", f"saved audience {place}", _bound(_as_sentence, load_audience, ws, text)
        yield "doors", f"a call {place}", _bound(ask_again, ws, text)
        yield "doors", f"a workspace {place}", _bound(_as_sentence, Workspace, text)
        for command in (["ask", str(workspace), text], ["answer", str(workspace), text], ["answer", str(workspace), first.name, "--set", text],
                        ["audience", "show", str(workspace), text], ["answer", str(workspace), first.name, "--set", f"as_of={text}"],
                        ["info", text], ["answer", text, first.name]):  # fmt: skip
            yield "commands", f"{command[0]} {place}", _bound(_command, command)


def _bound(function: Callable[..., Any], *given: Any, **named: Any) -> Callable[[], Any]:
    return lambda: function(*given, **named)


def _as_sentence(function: Callable[..., Any], *given: Any, **named: Any) -> str:
    function(*given, **named)
    return ""


def _command(arguments: list[str]) -> str:
    from typer.testing import CliRunner

    from toolkit.cli.shell import app
    from toolkit.errors import ToolkitError

    found = CliRunner().invoke(app, arguments)
    if found.exception is not None and not isinstance(found.exception, SystemExit | ToolkitError):
        raise found.exception
    return found.output + (str(found.exception) if isinstance(found.exception, ToolkitError) else "")


def fault_of(made: Callable[[], Any]) -> str:
    """Make a call and say what is wrong with what came back; '' where all is well."""
    from toolkit import rendering
    from toolkit.answer import Answer
    from toolkit.errors import ToolkitError

    try:
        found = made()
        if isinstance(found, Answer):
            page = rendering.page_html(found)
            said = rendering.text(found) + found.to_json() + page
            if "<!--<script" in page:
                return "a page holds a raw tag of a name"
        elif isinstance(found, str):
            said = found
        else:
            return f"gave {type(found).__name__}"
    except ToolkitError as error:
        said = str(error)
        if not said.strip() or len(said) > LONGEST_SENTENCE:
            return f"a sentence of {len(said):,} characters"
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is none of ours
        return f"{type(error).__name__}: {str(error)[:200]}"
    odd = sorted({f"U+{ord(letter):04X}" for letter in said} & {f"U+{ord(letter):04X}" for letter in ODD})
    return f"raw characters {', '.join(odd)}" if odd else ""


def work(workspace: Path, count: int, seed: int, start: int, only: str) -> None:
    """Make the calls from number `start` on, one line of JSON for each on standard output (in a process of its own)."""
    import toolkit.cli.shell  # noqa: F401 - what is imported is not counted against the memory

    made = [one for one in calls(workspace) if only in one[0]]
    if count:
        made = random.Random(seed).sample(made, min(count, len(made)))
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MOST_MEMORY, held + MOST_MEMORY))
    out, sys.stdout, sys.stderr = sys.stdout, open("/dev/null", "w"), sys.stderr  # noqa: SIM115 - it lives as long as the process
    for number, (promise, name, call) in enumerate(made):
        if number < start:
            continue
        print(json.dumps({"number": number, "promise": promise, "name": name, "of": len(made)}), file=out, flush=True)
        print(json.dumps({"fault": fault_of(call)}), file=out, flush=True)


def run(workspace: Path, *, count: int = 0, seed: int = 0, seconds: float = 30, only: str = "") -> tuple[dict[str, list[int]], list[str]]:
    """Return tried and survived calls for each promise, and the calls that were lost; the process is started anew where one ends it."""
    tally: dict[str, list[int]] = {}
    lost, start, total = list[str](), 0, None
    while total is None or start < total:
        command = [sys.executable, "-m", "benchmarks.fuzz", "--work", str(workspace), "--calls", str(count), "--seed", str(seed)]
        process = subprocess.Popen(
            [*command, "--start", str(start), "--only", only], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        asked, fault, patience = None, "", max(300.0, seconds)
        while True:
            line = process.stdout.readline() if select.select([process.stdout], [], [], patience)[0] else None
            if not line:
                fault = f"took over {seconds:.0f} s" if line is None else f"ended the process ({process.wait()})"
                break
            told = json.loads(line)
            if "number" in told:
                asked, start, total, patience = told, told["number"] + 1, told["of"], seconds
                continue
            _count(tally, lost, asked, told["fault"])
            asked = None
            if start == total:
                break
        if asked is not None:
            _count(tally, lost, asked, fault)
        process.kill()
        process.wait()
        if total is None:
            raise RuntimeError(f"the calls did not begin: {fault}")
        if asked is None and start < total:
            raise RuntimeError(f"the process ended between two calls: {fault}")
    return tally, lost


def _count(tally: dict[str, list[int]], lost: list[str], asked: Any, fault: str) -> None:
    row = tally.setdefault(asked["promise"], [0, 0])
    row[0] += 1
    row[1] += not fault
    if fault:
        lost.append(f"{asked['name']}: {fault}")


PROMISES = {
    "questions": "a hostile value gives an answer or a sentence",
    "conditions": "a hostile condition gives an answer or a sentence",
    "doors": "hostile text at any other door gives a sentence",
    "commands": "a hostile argument of a command gives a sentence",
}


def promises(*, count: int = 0, seed: int = 0, seconds: float = 30, only: str = "") -> list[tuple[str, int, int]]:
    """Return a row for each promise: its words, how often it was tried, and how often it was kept; what was lost is printed."""
    with tempfile.TemporaryDirectory(prefix="toolkit-fuzz-") as folder:
        tally, lost = run(hostile_shop(Path(folder) / "workspace"), count=count, seed=seed, seconds=seconds, only=only)
    for line in lost:
        print(f"    lost: {line}", flush=True)
    return [(PROMISES[name], tally[name][0], tally[name][1]) for name in PROMISES if name in tally]


def main() -> int:
    """Run, print the table, and return 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=0, help="so many calls, drawn by the seed; 0 = all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=30, help="what one call may take")
    parser.add_argument("--only", default="", help=f"one of {', '.join(PROMISES)}")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--start", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work, given.calls, given.seed, given.start, given.only)
        return 0
    begun = time.perf_counter()
    rows = promises(count=given.calls, seed=given.seed, seconds=given.seconds, only=given.only)
    print(f"{'promise':55}{'tried':>8}{'survived':>10}{'lost':>6}")
    for words, tried, survived in rows:
        print(f"{words:55}{tried:>8,}{survived:>10,}{tried - survived:>6,}")
    print(f"{time.perf_counter() - begun:.0f} s")
    return int(any(tried != survived for _, tried, survived in rows))


if __name__ == "__main__":
    sys.exit(main())
