"""The matrix: which method, message and goods for which members, by price sensitivity and spending power."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.differentiation.measures.cells import member_cells, segment_of
from toolkit.differentiation.measures.measured import best_method, lesson_sentence, lessons_known, measured_methods
from toolkit.differentiation.planning.playbook import Playbook, playbook_of
from toolkit.language import tr, value, word
from toolkit.portrait.measures.levels import LEVELS, UNKNOWN, in_order
from toolkit.portrait.measures.stages import STAGES
from toolkit.portrait.measures.takings import by_group, takings
from toolkit.registry import question
from toolkit.scope.phrases import not_measured, sales_basis
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

_AXES = ("sensitivity", "power")
_ADVICE = ("method", "message", "goods", "purpose")
_MEASURES = ("member_count", "member_share", "order_count", "sales", "sales_share")
_UNSURE_SHOWN = 8
NO_ADVICE = value("no advice")
_COLUMNS = (
    c.text("sensitivity", meaning="low, mid, high, not measured"),
    c.text("power", meaning="low, mid, high, not measured"),
    c.members(null="too few to show, or others could be reckoned back from it"),
    c.share("member_share", "Share of members"),
    c.count("order_count", "Orders", "of the period in the scope"),
    c.money("sales", "Sales"),
    c.share("sales_share", "Share of sales"),
    c.text("method"),
    c.text("message"),
    c.text("goods", meaning="kind of goods"),
    c.text("purpose", meaning="for `goods_for`"),
    c.text("basis", meaning="which rule or lesson says so"),
    c.share("effect_share", "Measured effect", "of the lesson, of what was expected without", null="not measured", hidden_by=None),
    c.share("effect_share_low", "at least (95%)", hidden_by=None),
    c.share("effect_share_high", "at most (95%)", hidden_by=None),
    c.text("who", "As an audience", "the cell as an audience"),
)
CELLS = c.table("one row per cell that has members", *_COLUMNS, note=False)
STAGE_CELLS = c.table("one row per stage and cell that has members", c.text("stage"), *_COLUMNS, note=False)


def advice_table(view: View, playbook: Playbook | None = None) -> pl.DataFrame:
    """Return what is advised for every cell: one row per stage (null = not known), sensitivity and power (null = not measured).

    Columns: `stage`, `sensitivity`, `power`, `segment`, `method`, `message`, `goods`, `purpose`, `basis` (playbook or lesson, in words),
    `is_measured`, and of the lesson that decides `effect_share`, `effect_share_low`, `effect_share_high` (of what was expected without),
    `lesson_member_count`. A lesson that is randomised and supported by its interval outranks the playbook, in every stage alike.
    """
    book = playbook or playbook_of(view)
    segment = pl.concat_str(
        pl.lit("sensitivity "), pl.col("sensitivity").fill_null(UNKNOWN), pl.lit(", power "), pl.col("power").fill_null(UNKNOWN)
    )
    table = book.table().with_columns(segment.alias("segment"))
    best = best_method(_measured(view)).rename({"method": "lesson_method", "member_count": "lesson_member_count"})
    table = table.join(best.drop("supports", "refutes"), on="segment", how="left", maintain_order="left")
    decided = pl.col("lesson_method").is_not_null()
    other = decided & (pl.col("lesson_method") != pl.col("method").fill_null(""))
    text = pl.concat_str(pl.lit("As in "), "campaigns", pl.lit(", where it was measured to work: "), pl.col("lesson_method"), pl.lit("."))
    lesson = pl.concat_str(
        pl.lit("measured in "), "campaigns", pl.lit(", randomised, n = "), pl.col("lesson_member_count"), pl.lit(", "), "outcome"
    )
    rule = pl.concat_str(pl.lit("playbook: "), pl.col("rule"))
    return table.with_columns(
        pl.when(other).then(text).otherwise("message").alias("message"),
        pl.when(decided).then("lesson_method").otherwise("method").alias("method"),
        pl.when(decided).then(lesson).otherwise(rule).alias("basis"),
        decided.alias("is_measured"),
    ).select("stage", *_AXES, "segment", *_ADVICE, "basis", "is_measured",
             "effect_share", "effect_share_low", "effect_share_high", "lesson_member_count")  # fmt: skip


def _measured(view: View) -> pl.DataFrame:
    cells = [segment_of(*pair) for pair in ((a, b) for a in (*LEVELS, None) for b in (*LEVELS, None))]
    return measured_methods(lessons_known(view), cells, confidence=view.settings.playbook.lesson_confidence)


@question(
    "differentiation",
    "Which method and which goods for which members?",
    words=(
        "price sensitivity by spending power matrix",
        "who should get a coupon, a discount, a member day or a service",
        "which offer suits which members, playbook",
        "different marketing for different members",
        "差异化营销 价格敏感度 消费能力 矩阵",
    ),
    tables=(CELLS, STAGE_CELLS),
    figures=(
        c.count("cells", "Groups"),
        c.count("measured_cells", "Groups measured"),
        c.share("not_measured_member_share", "Share not measured"),
    ),
)
def matrix(view: View, *, lifecycle: bool = False) -> Finding:
    """Return the matrix of price sensitivity and spending power: one row per cell that has members, with what is advised for it.

    Sensitivity is promo dependence, power is spend a month, both against the chain's own members (portrait.price_sensitivity,
    portrait.spending_power). The advice is the playbook's (setting playbook.playbook, documents/playbook.toml, or the built-in one), until
    campaigns have measured better: a method that a randomised campaign supports with its 95% interval outranks it. Lessons that were not
    randomised are shown and do not outrank.

    Parameters
    ----------
    lifecycle
        Each cell by stage of the lifecycle too: new, lapsing, lapsed and returned members have advice of their own.

    Raises
    ------
    BadValue
        The playbook cannot be read, or has a gap, an overlap or an unknown name; all faults at once.

    Example
    -------
    >>> tk.differentiation.matrix(ws, lifecycle=True).table             # doctest: +SKIP
    """
    keys: list[str] = ["stage", *_AXES] if lifecycle else [*_AXES]
    advice = advice_table(view)
    members = takings(view).join(member_cells(view), on="member_code", how="left", maintain_order="left")
    held = by_group(view, members, *keys)
    wanted = advice if lifecycle else advice.filter(pl.col("stage").is_null()).drop("stage")
    cells = held.join(wanted, on=keys, how="left", nulls_equal=True)
    counted = _counted(cells, keys)
    shown, hidden = _closed(view, counted, lifecycle)
    known = shown.frame.filter(pl.all_horizontal(pl.col(name) != UNKNOWN for name in _AXES) & pl.col("sales_share").is_not_null())
    largest = shown.cut(known.sort("sales", descending=True, nulls_last=True))
    notes = _notes(view, advice, members, counted, lifecycle)
    if hidden:
        notes.append(
            view.say(
                "{hidden:cell}: figures are not shown, for fewer than {least} members or so that those cannot be reckoned back.",
                hidden=hidden,
            )
        )
    return Finding(
        headline=_headline(view, largest, shown, members.height),
        table=shown,
        chart=lambda: _chart(view, shown, members.height, lifecycle),
        notes=notes,
        ask_next=_next(largest, lifecycle),
        figures={
            "cells": shown.height,
            "measured_cells": float(cells["is_measured"].fill_null(False).sum()),
            "not_measured_member_share": _unknown_share(counted),
        },
    )


def _counted(cells: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    who = [
        pl.when(pl.col(name).is_null()).then(pl.lit(f"{trait} IS NULL")).otherwise(pl.concat_str(pl.lit(f"{trait} = '"), name, pl.lit("'")))
        for name, trait in (("stage", "stage"), ("sensitivity", "promo_level"), ("power", "spending_power"))
        if name in keys
    ]
    table = STAGE_CELLS if "stage" in keys else CELLS
    rows = cells.with_columns(pl.concat_str(*who, separator=" AND ").alias("who")).select(table.schema.names())
    # of our playbook; elsewhere `goods` are the shop's own names
    kinds = {text: word(text) for text in rows["goods"].drop_nulls().unique()}
    rows = in_order(rows.with_columns(pl.col("goods").replace(kinds)), *_AXES)
    return in_order(rows, "stage", order=(*STAGES, UNKNOWN)) if "stage" in keys else rows


def _closed(view: View, counted: pl.DataFrame, lifecycle: bool) -> tuple[AnswerTable, int]:
    """The table as shown, and how many rows are hidden: of one small cell alone the next one is too, since it could be reckoned back."""
    table = STAGE_CELLS if lifecycle else CELLS
    small = counted["member_count"] < view.least
    if small.sum() == 1 and counted.height > 1:
        rest = counted.with_row_index("place").filter(~small).sort("member_count", "place")
        small = small | pl.Series(range(counted.height)).eq(int(rest["place"][0]))
    shown = table.of(counted.with_columns(pl.when(~small).then(pl.col(name)).alias(name) for name in _MEASURES), view)
    return shown, int(small.sum())


def _unknown_share(counted: pl.DataFrame) -> float:
    unknown = pl.any_horizontal(pl.col(name) == UNKNOWN for name in _AXES)
    total = int(counted["member_count"].sum())
    return float(counted.filter(unknown)["member_count"].sum()) / total if total else 0.0


def _headline(view: View, largest: AnswerTable, shown: AnswerTable, n: int) -> str:
    if not largest.height:
        return view.say("{where}, {n:member}: no cell of price sensitivity and spending power has sales that can be spoken of.", n=n)
    best = largest.row()
    return view.say(
        "{where}, of {n:member} those with [stage?stage {stage:word}, ]sensitivity {sensitivity} and power {power} bring most: "
        "{member_count:member}, {sales_share} of the sales; for them: {method:word}, {goods}; [measured?in {measured} of {cells:cell} a "
        "measured lesson decides, in the others the playbook|nothing is measured yet, so the playbook decides throughout].",
        best, n=n, stage=best.get("stage"), method=(best["method"] or NO_ADVICE).replace("_", " "),
        measured=int(shown.frame["effect_share"].is_not_null().sum()), cells=shown.height,
    )  # fmt: skip


def _notes(view: View, advice: pl.DataFrame, members: pl.DataFrame, counted: pl.DataFrame, lifecycle: bool) -> list[str | Note]:
    book = playbook_of(view)
    notes: list[str | Note] = [
        view.say(
            "Playbook: {title} ({source}). It is a rule of thumb, not a measurement.",
            title=word(book.title) or tr("no title"), source=book.source if _own(view) else tr("built in"),
        ),
        sales_basis(view),
    ]  # fmt: skip
    if not view.has_column("lines", "discount_amount"):
        notes.append(not_measured(view, "lines", "discount_amount", tr("price sensitivity")))
    unknown = members.filter(pl.any_horizontal(pl.col(name).is_null() for name in _AXES)).height
    if unknown:
        sentence = view.say("{unknown:member} of {n} without one of the levels (no order in a year).", unknown=unknown, n=members.height)
        notes.append(Note(sentence, "NOT MEASURED"))
    if not lifecycle:
        rows = advice.filter(pl.col("stage").is_not_null()).select("stage", *_AXES, pl.col("basis").alias("own"))
        base = advice.filter(pl.col("stage").is_null()).select(*_AXES, pl.col("basis").alias("usual"))
        special = rows.join(base, on=_AXES, nulls_equal=True).filter(pl.col("own") != pl.col("usual"))
        apart = members.join(special, on=["stage", *_AXES], how="semi", nulls_equal=True).height
        if apart:
            notes.append(view.say("{apart:member} of them are in a stage with advice of its own: ask by stage of life too.", apart=apart))
    segments = counted.select(pl.concat_str(pl.lit("sensitivity "), "sensitivity", pl.lit(", power "), "power")).to_series()
    return notes + _lesson_notes(view, advice, set(segments))


def _own(view: View) -> bool:
    return bool(view.settings.playbook.playbook) or (view.workspace.path / "documents" / "playbook.toml").exists()


def _lesson_notes(view: View, advice: pl.DataFrame, cells: set[str]) -> list[str | Note]:
    measured = _measured(view).filter(pl.col("segment").is_in(sorted(cells)))
    if measured.is_empty():
        return [Note(tr("No campaign has been reviewed up to this day: no lesson outranks the playbook."), "NOT MEASURED")]
    deciding = best_method(measured)
    notes: list[str | Note] = [Note(lesson_sentence(view, row, "decides"), "PASS") for row in deciding.iter_rows(named=True)]
    others = measured.join(deciding, on=["segment", "method", "randomised"], how="anti")
    usual = dict(advice.filter(pl.col("stage").is_null()).select("segment", "method").iter_rows())
    for row in others.head(_UNSURE_SHOWN).iter_rows(named=True):
        if row["randomised"] and row["refutes"]:
            is_advised = usual.get(row["segment"]) == row["method"]
            notes.append(Note(lesson_sentence(view, row, "loses", is_advised=is_advised), "REVIEW"))
        elif not row["randomised"]:
            notes.append(Note(lesson_sentence(view, row, "loose"), "REVIEW"))
        else:
            notes.append(lesson_sentence(view, row, "unsure"))
    if others.height > _UNSURE_SHOWN:
        notes.append(view.say("{more:further lesson} that decide nothing are not listed.", more=others.height - _UNSURE_SHOWN))
    return notes


def _next(largest: AnswerTable, lifecycle: bool) -> list[tuple[str, dict]]:
    if not largest.height:
        return [("portrait.price_sensitivity", {}), ("portrait.spending_power", {})]
    best = largest.row()
    audience = {"audience": best["who"]}
    purpose = {"purpose": best["purpose"]} if best["purpose"] else {}
    return [
        *([] if lifecycle else [("differentiation.matrix", {"lifecycle": True})]),
        ("differentiation.goods_for", {**audience, **purpose}),
        ("differentiation.next_best", audience),
        ("portrait.overview", audience),
    ]


def _chart(view: View, table: AnswerTable, n: int, lifecycle: bool) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.heatmap import heatmap

    subtitle = view.say("{period}, n = {n:member}", n=n)
    drawn = table.frame.with_columns(pl.col("method").fill_null(NO_ADVICE).str.replace_all("_", " "))
    order = [level for level in (*LEVELS, UNKNOWN) if level != UNKNOWN or UNKNOWN in {*drawn["sensitivity"], *drawn["power"]}]
    if lifecycle:
        drawn = drawn.with_columns(pl.concat_str("sensitivity", pl.lit(" / "), "power").alias("cell"))
        return heatmap(
            drawn.drop_nulls("sales_share"), column="cell", row="stage", value="sales_share", n="member_count", kind="share",
            value_title=tr("Share of sales"), column_title=tr("Price sensitivity / spending power"), row_title=tr("Stage"),
            column_order=[f"{a} / {b}" for a in order for b in order if f"{a} / {b}" in set(drawn["cell"])],
            row_order=[*STAGES, UNKNOWN], title=view.say("Who brings the sales, by cell and stage: {place}"), subtitle=subtitle,
        )  # fmt: skip
    return heatmap(
        drawn.drop_nulls("sales_share"), column="power", row="sensitivity", value="sales_share", name="method", n="member_count",
        kind="share", value_title=tr("Share of sales"), column_title=tr("Spending power"), row_title=tr("Price sensitivity"),
        column_order=order, row_order=order[::-1], title=view.say("Which method for whom: {place}"), subtitle=subtitle,
    )  # fmt: skip
