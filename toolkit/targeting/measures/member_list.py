"""Members listed by name: the answer that an audience is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from toolkit import columns as c
from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.columns import Column, Table, table
from toolkit.errors import UnknownName, nearest
from toolkit.language import in_every_language, tr, word
from toolkit.scope.period import Period
from toolkit.scope.phrases import not_measured
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import opening


def member_table(*columns: Column) -> Table:
    """Declare a list of members: `member_id`, the columns given, and whether each may be contacted."""
    reachable = c.flag("reachable", "May be contacted", null="the shop does not say who may be contacted")
    return table("one row per member, to be kept as an audience", c.text("member_id", "Member"), *columns, reachable)


def listed(
    view: View,
    declared: Table | None,
    members: pl.DataFrame,
    said: str,
    period: Period,
    *,
    by: str = "sales",
    notes: Sequence[str | Note] = (),
    ask_next: Sequence[tuple[str, Mapping[str, object]]] = (),
) -> Finding:
    """Return members as an answer that `Audience.from_answer` takes: all of them, one row per member, largest `by` first, ties by id.

    In: `member_code` and the columns to show; those named `sales` or ending in `_sales` are minor units. Out: `member_id`, these columns
    (money in currency units) and `reachable` (null where the shop does not say who may be contacted). `said` ends the sentence
    "812 members ...".
    """
    money = [name for name in members.columns if name == "sales" or name.startswith("sales_") or name.endswith("_sales")]
    ids = view.population.select("member_code", "member_id", *(["contactable"] if view.has_column("members", "contactable") else []))
    reachable = pl.col("contactable").fill_null(False) if "contactable" in ids.columns else pl.lit(None, pl.Boolean)
    frame = (
        members.with_columns(view.major(name).alias(name) for name in money)
        .join(ids, on="member_code", how="inner")
        .sort(by, "member_id", descending=[True, False], nulls_last=True)
        .select("member_id", pl.all().exclude("member_id", "member_code", "contactable"), reachable.alias("reachable"))
    )
    count, reach = frame.height, int(frame["reachable"].sum() or 0)
    told = tr("{members} {said}", members=wording.some(count, "member"), said=said) if count else tr("no member {said}", said=said)
    contact = tr("; {reach:,} of them may be contacted", reach=reach) if count and "contactable" in ids.columns else ""
    missing = [] if "contactable" in ids.columns else [not_measured(view, "members", "contactable", tr("who may be contacted"))]
    keep = [
        tr(
            "Keep them as an audience: `tk.save_audience(ws, tk.Audience.from_answer('NAME', answer))`, or `toolkit audience save "
            "WORKSPACE NAME --from CALL`."
        )
    ] * bool(count)
    return Finding(
        headline=tr("{about}, {told}{contact}.", about=opening(view, period), told=told, contact=contact),
        table=declared.of(frame, view) if declared else frame,
        notes=[*notes, *missing, *keep],
        ask_next=ask_next,
        figures={"members_in_all": count},
    )


def the_row(asked: str, rows: Sequence[str] | Mapping[str, str], *, where: str) -> str:
    """Return the row of a table that `members=` names, in any case and any language.

    `rows` are names as the data have them; those that are no words of ours come each with what the reader sees.

    Raises
    ------
    UnknownName
        There is no such row; the nearest is named, and all where they are few.
    """
    shown = rows if isinstance(rows, Mapping) else {row: word(row) for row in rows}
    wanted = " ".join(asked.split()).casefold()
    for row, seen in shown.items():
        if wanted in (name.casefold() for name in (row, seen, *in_every_language(word, row))):
            return row
    names = list(dict.fromkeys(shown.values()))
    near = nearest(asked, names)
    guess = tr("; did you mean '{near}'?", near=near[0]) if near else tr(".")
    listing = tr(" The rows are: {rows}.", rows=tr(", ").join(repr(name) for name in names)) if len(names) <= 12 else ""
    raise UnknownName(
        tr(
            "{where}: members is '{asked}', but the table has no such row{guess}{listing}",
            where=where,
            asked=asked,
            guess=guess,
            listing=listing,
        )
    )
