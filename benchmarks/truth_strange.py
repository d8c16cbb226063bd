"""Forecasts and slipping on shops unlike ours, through the front door: mapping -> import -> question, against what really came.

    python -m benchmarks.truth_strange [SHOP ...] [--months] [--cdnow FOLDER]      --months: all twelve month-ends

One row a shop and figure, over the days asked: the least and the most of promised over received, how often it lay within the bar, was out
of it under a headline that says that it cannot be told, was out of it without, and was refused; how often the page said PASS, and how
often that was wrong; and two plain references. Ends with 1 where a bar is missed or a figure could not be measured, and where more than
one PASS in twenty was wrong. Bars: docs/DEFINITIONS.md section 5.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

import toolkit as tk
from benchmarks.real_shops import cdnow, journey
from benchmarks.strange_shops import MONTHS, STRANGE, StrangeShop, imported, person, received, strange_shop
from toolkit.answer import Answer
from toolkit.errors import ToolkitError
from toolkit.registry import all_questions
from toolkit.settings import Settings
from toolkit.workspace import Workspace

BARS: dict[str, tuple[float, float]] = {
    "buy in 28 days": (0.85, 1.15),
    "spend in 91 days": (0.85, 1.15),
    "spend in 365 days": (0.85, 1.15),
    "slipping stay away": (0.75, 1.0),
    "slipping come as usual": (0.0, 0.10),
}
WHERE_A_YEAR_FOLLOWS = {"spend in 365 days"}
"""No row of a shop that is asked on no day with a year after it, or only where it may be refused; a moved holiday excuses no year, only one
season seen does."""
FORECASTS = {
    "buy in 28 days": ("expected_buyers", 28, 0, "P(buys"),
    "spend in 91 days": ("expected_spend", 91, 1, "Expected spend in 91 days"),
    "spend in 365 days": ("expected_spend_year", 365, 1, "Expected spend in 365 days"),
}
"""Figure -> its name in the answer, its days, its place in `received`, and how its note begins."""
OF_TASTES = {"targeting.niches", "portrait.personas", "targeting.decision_tree", "targeting.due_again"}
"""Pages that say PASS of what goods tell of members: nothing, in these shops."""
MOST_WRONG = 0.05
LEAST_NAMED, YEAR = 20, timedelta(days=364)


@dataclass(frozen=True)
class Cell:
    """One figure of one shop on one day; `references`: promised over received, too.

    `claim`: PASS, CANNOT TELL, REFUSED (rightly), NO FIGURE (refused without a reason: missed) or nothing.
    """

    figure: str
    value: float | None
    claim: str = ""
    references: dict[str, float] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """What the cell counts as: within, said, missed, refused."""
        if self.value is None:
            return "missed" if self.claim == "NO FIGURE" else "refused"
        low, high = BARS[self.figure]
        if low <= self.value <= high:
            return "within"
        return "said" if self.claim == "CANNOT TELL" else "missed"


def plain_references(shop: StrangeShop, as_of: date, days: int, place: int, first: date) -> dict[str, float]:
    """Return what the same weeks of a year ago, and these at this year's level, promise over what came; nothing without a year."""
    ago, truth = as_of - YEAR, received(shop, as_of, days, first_day=first)[place]
    if (ago - first).days < 91 or not truth:
        return {}
    then = received(shop, ago, days, first_day=first)[place]

    def level(end: date) -> float:
        quarter = shop.lines.filter(pl.col("day").is_between(max(first, end - timedelta(days=90)), end))
        return float(quarter["amount"].sum()) if place else quarter["member"].n_unique()

    return {"level x growth": then * level(as_of) / level(ago) / truth, "a year ago": then / truth} if level(ago) else {}


def may_be_refused(shop: StrangeShop, as_of: date, first: date) -> bool:
    """Say whether a forecast may be refused: members could not be followed for the least days of history, by the shop's truth."""
    since = [shop.lines.filter(pl.col("day").is_between(first, as_of))["day"].min()]
    for fact in ("new_ids_on", "gap_until"):
        if isinstance(place := shop.facts.get(fact), int):
            since += [day for day in [shop.first_day + timedelta(days=place)] if day <= as_of]
    return (as_of - max(since)).days + 1 < Settings().lifetime_value.minimum_history_days  # type: ignore[type-var, operator]


def forecasts(shop: StrangeShop, answer: Answer, as_of: date, first: date) -> Iterable[Cell]:
    """Give the forecasts of an answer with what the page claims of them."""
    for name, (figure, days, place, opening) in FORECASTS.items():
        if as_of + timedelta(days=days) > shop.lines["day"].max():  # type: ignore[operator]
            continue
        promised, truth = answer.figures.get(figure), received(shop, as_of, days, first_day=first)[place]
        note = next((note for note in answer.notes if note.text.startswith(opening)), None)
        untold = "One season was seen" if figure == "expected_spend_year" else "cannot be told"
        claim = "CANNOT TELL" if untold in answer.headline else "PASS" if note and note.verdict == "PASS" else ""
        value = promised / truth if promised is not None and truth else None
        refused = "REFUSED" if may_be_refused(shop, as_of, first) else "NO FIGURE"
        yield Cell(name, value, claim if value is not None else refused, plain_references(shop, as_of, days, place, first))


def slipping_of(shop: StrangeShop, ws: Workspace, as_of: date, settings: dict | None = None) -> Iterable[Cell]:
    """Give the shares of those called slipping who do not buy in the coming quarter, and who buy within their own usual pause."""
    named = tk.targeting.slipping(ws, top=0, settings=settings or {"calendar": {"holidays": shop.holidays}}).table.select(
        person("member_id")
    )
    away = back = None
    if named.height >= LEAST_NAMED:
        days = shop.lines.select(person(), "day").unique().sort("person", "day")
        pause = (pl.col("day") - pl.col("day").shift(1).over("person")).dt.total_days()
        usual = days.filter(pl.col("day") <= as_of).with_columns(pause=pause).group_by("person").agg(pl.col("pause").median())
        coming = (
            days.filter(pl.col("day") > as_of).group_by("person").agg((pl.col("day").min() - pl.lit(as_of)).dt.total_days().alias("wait"))
        )
        told = named.join(usual, on="person", how="left").join(coming, on="person", how="left")
        stays_away = (pl.col("wait").is_null() | (pl.col("wait") > 91)).mean()
        away, back = told.select(stays_away, back=(pl.col("wait") <= pl.col("pause")).fill_null(False).mean()).row(0)
    for name, value in (("slipping stay away", away), ("slipping come as usual", back)):
        yield Cell(name, value, "" if value is not None else "REFUSED")


def other_passes(ws: Workspace) -> Iterable[Cell]:
    """Give what the other pages that need no parameter say PASS of; right or not is known where they speak of tastes alone."""
    for question in all_questions():
        if question.name == "portrait.lifetime_value" or question.step == "review":
            continue
        with suppress(ToolkitError):
            for _ in (note for note in question(ws).notes if note.verdict == "PASS"):
                yield Cell(question.name, None, "WRONG" if question.name in OF_TASTES else "UNJUDGED")


def measure(shop: StrangeShop, panel: float = 1.0) -> list[Cell]:
    """Return every figure of a shop on every day it is asked, and on the last of them what its other pages say PASS of.

    With `panel` below 1 forecasts are learned as a large shop's are: from that share of the members, as of the last Sunday.
    """
    cells: list[Cell] = []
    settings: dict = {"calendar": {"holidays": shop.holidays}}
    for place, (as_of, history) in enumerate(shop.asked, 1):
        is_last = place == len(shop.asked)
        first = max(shop.first_day, as_of - timedelta(days=history - 1)) if history else shop.first_day
        with tempfile.TemporaryDirectory() as folder:
            ws = imported(shop, Path(folder), as_of=as_of, first_day=first, goods=is_last)
            if panel < 1:
                settings["lifetime_value"] = {"panel_members": max(100, int(panel * ws.codes("member").height))}
            answer = tk.portrait.lifetime_value(ws, settings=settings)
            cells += [*forecasts(shop, answer, as_of, first), *slipping_of(shop, ws, as_of, settings)]
            cells += other_passes(ws) if is_last and panel == 1 else []
    return cells


def _ends(values: Sequence[float]) -> str:
    return f"{min(values):5.2f} {max(values):5.2f}" if values else f"{'-':>5} {'-':>5}"


def row_of(shop: str, figure: str, cells: Sequence[Cell]) -> str:
    """Return a row of the table; MISSED and NOT MEASURED are what end the script with 1."""
    count = {state: sum(cell.state == state for cell in cells) for state in ("within", "said", "missed", "refused")}
    passes = [cell for cell in cells if cell.claim == "PASS"]
    references = [[cell.references[name] for cell in cells if name in cell.references] for name in ("level x growth", "a year ago")]
    fault = "MISSED" if count["missed"] else "NOT MEASURED" if count["refused"] == len(cells) else ""
    return (
        f"{shop:16} {figure:23} {_ends([cell.value for cell in cells if cell.value is not None])}  "
        f"{count['within']:2} {count['said']:2} {count['missed']:2} {count['refused']:2}  "
        f"{len(passes):2} {sum(cell.state != 'within' for cell in passes):2}  {_ends(references[0])}  {_ends(references[1])}  {fault}"
    ).rstrip()


HEADER = f"{'shop':16} {'figure':23} {'least':>5} {'most':>5}  in sd ms rf  PS wr  {'level x grow':>11}  {'a year ago':>11}"


def summary(rows: Sequence[str], cells: Sequence[tuple[str, Cell]]) -> tuple[list[str], int]:
    """Return the last lines, and what the script ends with."""
    missed, unmeasured = (sum(row.endswith(fault) for row in rows) for fault in ("MISSED", "NOT MEASURED"))
    passes = [(shop, cell) for shop, cell in cells if cell.claim in ("PASS", "WRONG")]
    wrong = [(shop, cell) for shop, cell in passes if cell.state != "within"]
    unjudged = [f"{shop}: {cell.figure}" for shop, cell in cells if cell.claim == "UNJUDGED"]
    share = len(wrong) / len(passes) if passes else 0.0
    told = [
        f"{len(rows)} figures: {missed} miss their bar, {unmeasured} could not be measured",
        f"said that it cannot be told: {sum(cell.claim == 'CANNOT TELL' for _, cell in cells)} of {len(cells)} answers",
        f"PASS was said {len(passes)} times and wrong {len(wrong)} times ({share:.1%}; at most {MOST_WRONG:.0%})"
        + "".join(f"; {shop}: {cell.figure}" + (f" {cell.value:.2f}" if cell.value is not None else "") for shop, cell in wrong),
        f"other pages said PASS of what has no truth here {len(unjudged)} times" + "".join(f"; {one}" for one in unjudged),
    ]
    return told, int(missed > 0 or unmeasured > 0 or share > MOST_WRONG)


def table(shops: Iterable[StrangeShop | None], panel: float = 1.0) -> int:
    """Print the table; return what the script ends with. A shop that is not there (None) is a figure not measured."""
    rows: list[str] = []
    cells: list[tuple[str, Cell]] = []
    print(
        "in = within the bar, sd = out of it and said that it cannot be told, ms = missed, rf = refused or too few; PS = PASS said, wr = wrong\n"
    )
    print(HEADER)
    for shop in shops:
        measured = measure(shop, panel) if shop is not None else []
        for figure in BARS:
            of_figure = [cell for cell in measured if cell.figure == figure]
            if figure in WHERE_A_YEAR_FOLLOWS and all(cell.claim == "REFUSED" for cell in of_figure):
                continue
            rows.append(row_of(shop.name if shop is not None else "not installed", figure, of_figure))
            print(rows[-1], flush=True)
        cells += [(shop.name, cell) for cell in measured if shop is not None]
    told, code = summary(rows, cells)
    print("\n" + "\n".join(told))
    return code


def main(arguments: list[str] | None = None) -> int:
    """Measure the shops named, or all of them."""
    parser = argparse.ArgumentParser(description="Forecasts and slipping on shops unlike ours.")
    parser.add_argument("shops", nargs="*", default=["complete_journey", "cdnow", *STRANGE])
    parser.add_argument("--cdnow", type=Path, help="folder with lifetimes' CDNOW files (default: the installed lifetimes)")
    parser.add_argument("--months", action="store_true", help="ask at all twelve month-ends with 22 months behind them")
    parser.add_argument("--panel", type=float, default=1.0, help="learn as a large shop does: from this share of the members, once a week")
    chosen = parser.parse_args(arguments)
    asked = {"asked": MONTHS} if chosen.months else {}
    real = {"complete_journey": journey, "cdnow": lambda: cdnow(chosen.cdnow)}
    shops = (real[name]() if name in real else replace(strange_shop(name), **asked) for name in chosen.shops)
    return table(shops, chosen.panel)


if __name__ == "__main__":
    sys.exit(main())
