"""The members of a path: who began with a good, went on to another, or stopped there; to be kept as an audience."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from toolkit import columns as c
from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.errors import BadValue, require_rows, unknown_name
from toolkit.language import in_every_language, tr, value, word
from toolkit.mart.sequences import VISITS
from toolkit.registry import question
from toolkit.scope.view import View
from toolkit.targeting.measures.first_visits import Entrants, entrants, first_good_members
from toolkit.targeting.measures.ways import OTHERS, STOPPED, PlacedBy, placed_ways, ripe_members, ways

_NAMES = (value("first"), value("second"), value("third"))
_PLACE = "place of the shopping day"
MEMBERS = c.table(
    "one row per member on the path, those who began last first",
    c.text("member_id", "Member"),
    c.day("began_on", "First purchase"),
    c.text("first", "First", _PLACE),
    c.text("second", "Second", _PLACE, null="did not come back in time"),
    c.text("third", "Third", _PLACE, null="did not come back in time"),
    c.days("second_after_days", "Days to the second", "since the first", dtype=pl.Int64),
    c.days("third_after_days", "Days to the third", "since the second", dtype=pl.Int64),
    c.money("first_spend", "Spend on the first day"),
    c.days("recency_days", "Days since last order", dtype=pl.Int64),
    c.flag("contactable", "Contactable", null="the shop does not say"),
)


@question(
    "targeting",
    "Which members took this path, and who of them stopped?",
    words=(
        "members of a path, audience of a path",
        "who started with a category and never came back",
        "members whose first purchase was a category or a product",
        "who bought one category first and another second",
        "首单买了 之后没有再来 的会员 名单",
    ),
    tables=MEMBERS,
    figures=(c.count("members_in_all", "Members in all"), c.share("path_member_share", "Share on this path")),
)
def path_members(
    view: View,
    *,
    first: str = "",
    second: str = "",
    third: str = "",
    stopped: bool = False,
    entered_with: str = "",
    recent: bool = False,
    by: PlacedBy = "auto",
    top: int = 100,
) -> Finding:
    """Return the entrants who took a path: one row per member, those who began last first; an audience by `Audience.from_answer`.

    The members, places and waits are those of targeting.paths, so that the counts agree: entrants followed for twice
    sequences.follow_days, each shopping day placed where most of its money went.

    Parameters
    ----------
    first, second, third
        Category or department of the first, second and third shopping day, in any case; empty = any. `did not come back` and `all others`
        as paths shows them are taken too.
    stopped
        Only who did not come back within sequences.follow_days of the last purchase named (of the first, where none is).
    entered_with
        A category, department or product (id or name) that the first shopping day held, be it little of its money: as in entry_goods.
    recent
        Also those who began less than twice sequences.follow_days ago; with `stopped`, once their own days to come back have passed.
    by
        What the places are: `category` or `department`; `auto` = whatever the names given are, as in paths where none is.
    top
        Rows of the table at most; 0 = all, as an audience needs.

    Raises
    ------
    UnknownName
        No such category, department or product; the nearest is named.
    BadValue
        `stopped` after the third purchase, which is not followed; `top` below 0; a product name that several share.

    Example
    -------
    >>> stopped = tk.targeting.path_members(ws, first="COFFEE", stopped=True, top=0)      # doctest: +SKIP
    >>> tk.Audience.from_answer("coffee and gone", stopped)                               # doctest: +SKIP
    """
    require_rows("targeting.path_members", top)
    if stopped and third:
        raise BadValue(
            tr(
                "targeting.path_members: three purchases are followed, so nobody is known to stop after the third. Leave out `third` or "
                "`stopped`."
            )
        )
    steps, by = _read_steps(view, (first, second, third), by)
    new = entrants(view)
    followed = new.members if recent else ripe_members(view, new)
    walked = placed_ways(view, followed, "auto")[1] if by == "auto" else ways(view, followed, by)
    chosen = walked.filter(_on_path(view, steps, stopped))
    if entered_with:
        buyers, entered_with = first_good_members(view, entered_with, "targeting.path_members")
        chosen = chosen.join(buyers, on="member_code", how="semi", maintain_order="left")
    table = _members(view, chosen)
    way = _in_words(view, steps, stopped, entered_with)
    return Finding(
        headline=_headline(view, table, walked.height, way),
        table=MEMBERS.of(table.head(top) if top else table, view),
        notes=_notes(view, new, walked.height, recent, table, top),
        ask_next=[("targeting.paths", {"show": "node"}), ("targeting.entry_goods", {})],
        figures={"members_in_all": float(table.height), "path_member_share": table.height / walked.height if walked.height else 0.0},
    )


def _read_steps(view: View, given: tuple[str, ...], by: PlacedBy) -> tuple[tuple[str, ...], PlacedBy]:
    """The places as the shop writes them, and what they are; `auto` stays where no place says it."""
    ours = {shown.casefold(): name for name in (OTHERS, STOPPED) for shown in in_every_language(word, name)}
    steps = [ours.get(step.strip().casefold(), step.strip()) for step in given]
    named = [step for step in steps if step and step not in (OTHERS, STOPPED)]
    known = {level: _places(view, level) for level in ("category", "department")}
    if by == "auto" and named:
        fits = [level for level, places in known.items() if all(step.casefold() in places for step in named)]
        by = fits[0] if fits else "auto"  # type: ignore[assignment]
    places = {**known["department"], **known["category"]} if by == "auto" else known[by]
    wrong = [step for step in named if step.casefold() not in places]
    if wrong:
        what = tr("category or department") if by == "auto" else word(by)
        raise unknown_name(what, wrong[0], places.values(), where="targeting.path_members")
    if by == "auto" and named:
        raise BadValue(tr("targeting.path_members: {named} mix categories with departments. Name one kind.", named=wording.listing(named)))
    return tuple(step if step in (OTHERS, STOPPED) else places.get(step.casefold(), "") for step in steps), by


def _places(view: View, level: str) -> dict[str, str]:
    """Names of the places by their lower case."""
    return {str(name).casefold(): str(name) for name in view.categories[level].drop_nulls().unique().sort()}


def _on_path(view: View, steps: tuple[str, ...], stopped: bool) -> pl.Expr:
    fits = pl.lit(True)
    for visit, place in enumerate(steps, start=1):
        if place == STOPPED:
            fits &= _stopped_after(view, visit - 1) if visit > 1 else pl.lit(False)
        elif place:
            fits &= pl.col(f"place_{visit}" if place == OTHERS else f"lead_{visit}").eq_missing(place)
    last = max((visit for visit, place in enumerate(steps, start=1) if place and place != STOPPED), default=1)
    return fits & _stopped_after(view, last) if stopped else fits


def _stopped_after(view: View, visit: int) -> pl.Expr:
    """Came that often, had the days to come back, and did not."""
    had_time = pl.col(f"day_{visit}") <= view.as_of - timedelta(days=view.settings.sequences.follow_days)
    return pl.col(f"lead_{visit}").is_not_null() & pl.col(f"lead_{visit + 1}").is_null() & had_time


def _members(view: View, chosen: pl.DataFrame) -> pl.DataFrame:
    known = [name for name in ("contactable",) if name in view.members.columns]
    who = view.members.select("member_code", "member_id", "last_ordered_on", *known)
    return (
        chosen.join(who, on="member_code")
        .sort("day_1", "member_id", descending=[True, False])
        .select(
            "member_id",
            pl.col("day_1").alias("began_on"),
            *[pl.col(f"lead_{visit}").alias(name) for visit, name in enumerate(_NAMES, start=1)],
            *[pl.col(f"gap_{visit}").alias(f"{_NAMES[visit]}_after_days") for visit in range(1, VISITS)],
            view.major("amount_1").alias("first_spend"),
            (pl.lit(view.as_of) - pl.col("last_ordered_on")).dt.total_days().alias("recency_days"),
            *known,
        )
    )


def _in_words(view: View, steps: tuple[str, ...], stopped: bool, entered_with: str) -> str:
    """The path as the end of a sentence about members."""
    parts = [view.say("had {entered_with} in the first basket", entered_with=entered_with)] if entered_with else []
    for name, place in zip(_NAMES, steps, strict=True):
        if place == STOPPED:
            stopped = True
        elif place:
            what = tr("something less common") if place == OTHERS else place
            is_first = name == _NAMES[0]
            parts.append(view.say("[is_first?began with|came the {nth:word} time for] {what}", is_first=is_first, nth=name, what=what))
    if stopped:
        last = max((visit for visit, place in enumerate(steps) if place and place != STOPPED), default=0)
        parts.append(view.say("did not come back within {sequences.follow_days} days of the {nth:word} purchase", nth=_NAMES[last]))
    return wording.clauses(parts)


def _headline(view: View, table: pl.DataFrame, new_count: int, way: str) -> str:
    if not new_count:
        return view.say("{where}, no path can be told: no entrant could be followed.")
    if not way:
        return view.say("{where}, all {new:entrant} are listed: no path was named.", new=new_count)
    is_said = "contactable" in table.columns and table.height > 0
    return view.say(
        "{where}, {members} of {new:entrant} ({share:share}) {way}[is_said?; {reach} of them may be contacted].",
        members=table.height, new=new_count, share=table.height / new_count, way=way, is_said=is_said,
        reach=int(table["contactable"].sum()) if is_said else None,
    )  # fmt: skip


def _notes(view: View, new: Entrants, new_count: int, recent: bool, table: pl.DataFrame, top: int) -> list[str | Note]:
    notes: list[str | Note] = [new.note(view), tr("A purchase counts for the place where most of that day's money went.")]
    if not new_count:
        notes.insert(0, Note(tr("Paths: choose a larger scope or wait for more receipts."), "NOT MEASURED"))
    unripe = new.members.height - new_count
    if not recent and unripe:
        notes.append(
            view.say(
                "[is_few?Fewer than {least} members|{unripe:member}] who began less than {days} days before {as_of} not judged, as "
                "in targeting.paths; `recent=True` takes them in.",
                unripe=unripe, is_few=unripe < view.least, days=2 * view.settings.sequences.follow_days,
            )
        )  # fmt: skip
    if 0 < table.height < view.least:
        notes.append(Note(view.say("Fewer than {least} members: a list to act on, too few to conclude from."), "REVIEW"))
    if top and table.height > top:
        notes.append(
            view.say(
                "The {top} who began last of {members} are shown; ask with top=0 for an audience of all.", top=top, members=table.height
            )
        )
    if "contactable" in table.columns:
        notes.append(tr("Write only to members who are contactable; where the shop does not know, the answer is no."))
    return notes
