"""A store's week on one A4 page: six figures with change and target, three things to do with names and goods, what worked last time.

Nothing is worked out here that a question does not say too: figures are `portrait.scoreboard`'s, goals `review.goals`', things to
do `review.agenda`'s, goods `differentiation.goods_for`'s and `targeting.due_again`'s, what worked `review.lessons`'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup

from toolkit import wording
from toolkit.answer import ANSWER_MIME, Answer
from toolkit.batch.figures import STORE_PAGE
from toolkit.charts.sparkline import spark_line
from toolkit.errors import ToolkitError, shorten
from toolkit.language import later, tr
from toolkit.ledger.campaigns import known_campaigns, members_of
from toolkit.ledger.global_control import read_global_control
from toolkit.models.shares import wilson
from toolkit.portrait.figures import FIGURES
from toolkit.portrait.measures.figure_values import change_of, change_said, figure_values
from toolkit.portrait.measures.goal_list import goals_here
from toolkit.portrait.scoreboard import compared_with
from toolkit.registry import find_question
from toolkit.rendering import kept
from toolkit.review.agenda import GROUP_PLACES, LESS, members_at_stake
from toolkit.review.goals import main_goal, target_text
from toolkit.review.measures.goal_pace import Pace, paces
from toolkit.review.measures.store_months import last_whole_month, month_period
from toolkit.roles import role_of
from toolkit.scope.period import Period
from toolkit.scope.view import View, open_view
from toolkit.workspace import Workspace, opened

SHOWN = ("sales", "member_sales", "active_members", "first_time_members", "repeat_rate", "order_value")
_RANKED = ("sales", "active_members", "repeat_rate", "order_value")
"""Those that an index shows of many stores side by side."""
MOST_THINGS, MOST_NAMES, MOST_GOODS = 3, 9, 3
_LONGEST = 24
"""Characters of a name or of goods: what is longer is cut, for the page is one page."""
_SILENT_DAYS = 7
_EARLIEST_DAY = 7
"""Day of a month from which it is told against its target; before, the month that ended is."""
_NEW = later("{member_count:member} came for the first time in the last {days} days and not since: ask them back.")
_NEW_DAYS = 28


@dataclass(frozen=True)
class Figure:
    """A figure in words: its change ("" = not measured) and whether that is up (1) or down (-1), its target ("" = none), its line."""

    label: str
    value: str
    change: str
    turn: int
    target: str
    line: str


@dataclass(frozen=True)
class Task:
    """A thing to do: the sentence, whom to call and what is at stake with each, how many more there are, goods; or nothing but goods."""

    todo: str
    names: tuple[tuple[str, str], ...] = ()
    more: int = 0
    goods: tuple[str, ...] = ()
    is_goods: bool = False


@dataclass(frozen=True)
class StorePage:
    """What stands on the page; it shows itself in a notebook, and its figures travel with it for the index of a set."""

    store: str
    store_id: str
    under: str
    warning: str
    figures: tuple[Figure, ...]
    compared: str
    tasks: tuple[Task, ...]
    unnamed: str
    awaited: tuple[str, ...]
    worked: str
    told: Mapping[str, Any]
    guides: str = ""

    def html(self) -> str:
        """Return the page as HTML that stands alone, everything that came from data escaped."""
        from toolkit.batch.html import TEMPLATES, environment

        style = Markup((TEMPLATES / "sheet.css").read_text("utf-8"))
        return environment().get_template("sheet.html.j2").render(page=self, style=style, kept=lambda text: Markup(kept(text)))

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display({"text/html": self.html(), "text/plain": self.told["headline"]}, raw=True, metadata={ANSWER_MIME: dict(self.told)})


def store_page(
    workspace: Workspace | str | Path,
    *,
    store_id: str = "",
    store_label: str = "",
    as_of: str | None = None,
    period: str | None = None,
    settings: Mapping[str, Any] | None = None,
    names: bool = True,
) -> StorePage:
    """Return a store's week on one page.

    Parameters
    ----------
    store_id, store_label
        The store, and what it is called; empty = the chain, of which nobody is named.
    as_of, period, settings
        As of every question.
    names
        Whether members are named. They are only where the role of who makes the page may see them, who may be contacted, and who is in
        no control.

    Raises
    ------
    TooFewMembers
        The store has fewer members than figures may speak of.

    Example
    -------
    >>> tk.store_page(ws, store_id="367").tasks[0].todo              # doctest: +SKIP
    """
    ws = opened(workspace)
    scope = {"store_id": store_id or None, "as_of": as_of or None, "period": period or None, "settings": dict(settings or {})}
    view = open_view(ws, **scope)  # type: ignore[arg-type]

    def ask(name: str, **given: Any) -> Answer:
        return find_question(name)(ws, **{**scope, **given})

    board = ask("portrait.scoreboard")
    goals = _goals(view)
    values, changes, lines = _values(view, board)
    agenda = ask("review.agenda", top=0)
    people, unnamed = _callable(view) if names and store_id else (None, "")
    tasks, awaited = [*_tasks(view, agenda, ask, people)], _awaited(ask) if store_id else ()
    if awaited and len(tasks) < MOST_THINGS:
        tasks.append(
            Task(tr("Have on the shelf what members are about to need (how many of them within 28 days):"), goods=awaited, is_goods=True)
        )
        awaited = ()
    figures = {name: values[name] for name in dict.fromkeys((*_RANKED, *SHOWN)) if values[name] is not None}
    figures |= {f"{name}_change": change for name, change in changes.items() if change is not None}
    figures |= _of_goal([*goals.values()])
    figures |= _interval(board)
    figures |= {name: agenda.figures[name] for name in ("at_stake_spend",) if name in agenda.figures}
    label = store_label or (tr("Store {store_id}", store_id=store_id) if store_id else tr("The chain"))
    return StorePage(
        store=label,
        store_id="" if store_id in label else store_id,
        under=view.say("As of {as_of}, figures {period:in}; {members:member}", members=view.members.height),
        warning=_silence(view),
        figures=tuple(_figures(view, lines, values, changes, goals)),
        compared=board.notes[0].text,
        tasks=tuple(tasks),
        unnamed=unnamed,
        awaited=awaited,
        worked=find_question("review.lessons")(ws, as_of=view.as_of, settings=scope["settings"]).headline,
        guides=_guides(ask) if names and store_id else "",
        told={
            "name": STORE_PAGE,
            "headline": board.headline,
            "figures": figures,
            "spark": list(board.finding.spark),
            "currency": board.currency,
            "as_of": view.as_of.isoformat(),
            "period": [view.period.start.isoformat(), view.period.end.isoformat()],
            "tasks": [task.todo for task in tasks],
        },
    )


def _values(view: View, board: Answer) -> tuple[dict[str, float | None], dict[str, float | None], pl.DataFrame]:
    """The figures of the page, their changes and their lines: the scoreboard's, and in the same windows the sales of all."""
    values: dict[str, float | None] = {name: board.figures.get(name) for name in SHOWN}
    changes: dict[str, float | None] = {name: board.figures.get(f"{name}_change") for name in SHOWN}
    other, _ = compared_with(view)
    windows = [Period(*ends) for ends in board.table.select("starts_on", "ends_on").iter_rows()]
    sales = figure_values(view, FIGURES["sales"], [*windows, *([other] if other else [])])["sales"]
    values["sales"] = sales[0]
    if other:
        changes["sales"] = pl.select(change_of(FIGURES["sales"], pl.lit(sales[0]), pl.lit(sales[-1]))).item()
    reaches = pl.col("starts_on") >= view.first_day
    lines = board.table.with_columns(sales.head(len(windows))).with_columns(pl.when(reaches).then("sales").alias("sales"))
    return values, changes, lines.reverse()


def _interval(board: Answer) -> dict[str, float]:
    """The 95% interval of the repeat rate (Wilson), a share of the buyers of the period."""
    rate, count = board.table.row(0, named=True)["repeat_rate"], board.table["buyer_count"][0]
    if rate is None or not count:
        return {}
    low, high = wilson(pl.lit(rate * count), pl.lit(float(count)))
    return pl.select(low.alias("repeat_rate_low"), high.alias("repeat_rate_high")).row(0, named=True)


def _figures(
    view: View, lines: pl.DataFrame, values: Mapping[str, float | None], changes: Mapping[str, float | None], goals: Mapping[str, Pace]
) -> Iterator[Figure]:
    for name in SHOWN:
        figure, change = FIGURES[name], changes[name]
        called = wording.capital(tr(figure.words))
        yield Figure(
            label=called,
            value=wording.column_text(values[name], figure.column, view.currency),
            change=change_said(figure, change),
            turn=0 if change is None or abs(change) < 0.0005 else 1 if change > 0 else -1,
            target=target_text(view, goals[name]) if name in goals else "",
            line=spark_line(lines[name].to_list(), label=tr("{figure}, the last 13 weeks", figure=called)),
        )


def _goals(view: View) -> dict[str, Pace]:
    """The goals of the month that can be told, by figure."""
    month = f"{view.as_of:%Y-%m}" if view.as_of.day >= _EARLIEST_DAY else last_whole_month(view.as_of)
    standing = paces(view, goals_here(view, month), month_period(month))
    return {one.wanted.figure: one for one in standing if one.so_far_rate is not None and not 0 < (one.count or 0) < view.least}


def _of_goal(standing: list[Pace]) -> dict[str, float]:
    """What stands beside the sales of an index: how far the first goal is."""
    first = main_goal(standing) if standing else None
    return {"target_rate": first.so_far_rate} if first and first.so_far_rate is not None and first.wanted.figure == "sales" else {}


def _silence(view: View) -> str:
    last = view.orders.select(pl.col("ordered_at").max()).collect().item()
    if last is None or (days := (view.as_of - last.date()).days) < _SILENT_DAYS:
        return ""
    return view.say(
        "The last receipt is of {day}, {days} days before {as_of}: closed, or did receipts not arrive?", day=last.date(), days=days
    )


def _tasks(view: View, agenda: Answer, ask: Callable[..., Answer], people: pl.DataFrame | None) -> Iterator[Task]:
    """Groups with money at stake, most first; then who came once and is new; of the chain also what the loop waits for."""
    stakes, rows = members_at_stake(view), agenda.table.head(MOST_THINGS)
    for row in rows.iter_rows(named=True):
        place = GROUP_PLACES.get(row["task"], -1)
        inside = stakes.filter(pl.col("place") == place).sort("stake", "member_code", descending=[True, False], nulls_last=True)
        yield _task(view, row["todo"], inside, people, _goods(ask, row["who"], "add_one_more" if row["task"] == LESS else "win_back"))
    new = view.members.filter(pl.col("order_count") == 1, pl.col("first_ordered_on") > view.as_of - timedelta(days=_NEW_DAYS))
    if rows.height < MOST_THINGS and new.height >= view.least:
        todo = view.say(_NEW, {"member_count": new.height}, days=_NEW_DAYS)
        yield _task(view, todo, new.sort("first_ordered_on", "member_code", descending=[True, False]), people)


def _task(view: View, todo: str, who: pl.DataFrame, people: pl.DataFrame | None, goods: tuple[str, ...] = ()) -> Task:
    if people is None:
        return Task(todo, goods=goods)
    named = who.join(people, on="member_code", maintain_order="left")
    shown = tuple(_called(view, row) for row in named.head(MOST_NAMES).iter_rows(named=True))
    return Task(todo, shown, named.height - len(shown), goods)


def _called(view: View, row: Mapping[str, Any]) -> tuple[str, str]:
    name, member_id = row.get("name"), row["member_id"]
    called = f"{shorten(str(name), _LONGEST)} ({shorten(member_id, 14)})" if name and name != member_id else shorten(member_id, _LONGEST)
    return called, view.money(row["stake"]) if (row.get("stake") or 0) > 0 else ""


def _callable(view: View) -> tuple[pl.DataFrame | None, str]:
    """Whom the store may call (member_code, member_id, name), or why nobody: consent, no control, and this is their store, so one call."""
    if role_of(view.workspace) == "viewer":
        return None, tr("Names are shown to those whose role may see members.")
    if "contactable" not in view.population.columns:
        return None, tr("Nobody is named: the shop has not said which members may be contacted.")
    running = known_campaigns(view.workspace, up_to=view.as_of).filter(pl.col("ends_on") >= view.as_of)["campaign_id"].to_list()
    held = members_of(view.workspace, running).filter(pl.col("arm") == "control")["member_id"]
    at_home = pl.col("home_store_code").is_in(view.stores.filter(pl.col("store_id") == view.scope.store_id)["store_code"].implode())
    may = pl.col("contactable").fill_null(False) & ~pl.col("member_id").is_in(held.implode())
    people = view.members.filter(at_home & may)
    people = people.filter(~read_global_control(view.workspace).holds(people["member_id"]))
    return people.select("member_code", "member_id", *(["name"] if "name" in people.columns else [])), ""


def _goods(ask: Callable[..., Answer], audience: str | None, purpose: str) -> tuple[str, ...]:
    if audience is None:
        return ()
    try:
        goods = ask("differentiation.goods_for", audience=audience, purpose=purpose, top=MOST_GOODS).table
    except ToolkitError:  # nothing can be said of them: the page says nothing
        return ()
    return tuple(shorten(name, _LONGEST) for name in goods["goods"])


def _guides(ask: Callable[..., Answer]) -> str:
    """How many tasks the guides of the store have; nothing where members are in no guide's book."""
    try:
        answer = ask("targeting.guide_tasks")
    except ToolkitError:
        return ""
    return answer.headline if answer.figures.get("task_count") else ""


def _awaited(ask: Callable[..., Answer]) -> tuple[str, ...]:
    """Goods that members of the store are due for, most expected buyers first."""
    try:
        goods = ask("targeting.due_again", show="good").table
    except ToolkitError:
        return ()
    awaited = goods.filter(pl.col("expected_buyers") >= 1).sort("expected_buyers", "category", descending=[True, False]).head(5)
    return tuple(
        tr("{goods} (about {count:,})", goods=shorten(row["category"] or row["product"], _LONGEST), count=round(row["expected_buyers"]))
        for row in awaited.iter_rows(named=True)
    )
