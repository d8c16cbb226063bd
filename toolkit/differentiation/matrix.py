"""The matrix: which method, message and goods for which members, by price sensitivity and spending power."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.differentiation.measures.cells import member_cells, segment_of
from toolkit.differentiation.measures.measured import best_method, lessons_known, measured_methods, said
from toolkit.differentiation.planning.playbook import Playbook, playbook_of
from toolkit.language import tr, value, word
from toolkit.portrait.measures.levels import LEVELS, UNKNOWN, in_order
from toolkit.portrait.measures.stages import STAGES
from toolkit.portrait.measures.takings import by_group, takings
from toolkit.registry import question
from toolkit.scope.phrases import not_measured, sales_basis, where
from toolkit.scope.view import View
from toolkit.wording import share, some

if TYPE_CHECKING:
    import altair as alt

_AXES = ("sensitivity", "power")
_ADVICE = ("method", "message", "goods", "purpose")
_MEASURES = ("member_share", "order_count", "sales", "sales_share")
_UNSURE_SHOWN = 8
NO_ADVICE = value("no advice")


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
    said = pl.concat_str(
        pl.lit("measured in "), "campaigns", pl.lit(", randomised, n = "), pl.col("lesson_member_count"), pl.lit(", "), "outcome"
    )
    rule = pl.concat_str(pl.lit("playbook: "), pl.col("rule"))
    return table.with_columns(
        pl.when(other).then(text).otherwise("message").alias("message"),
        pl.when(decided).then("lesson_method").otherwise("method").alias("method"),
        pl.when(decided).then(said).otherwise(rule).alias("basis"),
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
        Each cell by stage of the lifecycle too: new, slipping, lapsed and returned members have advice of their own.

    Returns
    -------
    Answer
        Table columns: (`stage`,) `sensitivity`, `power` (low, mid, high, not measured); `member_count`, `member_share` (0..1);
        `order_count`, `sales` (currency units), `sales_share` (0..1) of the period in the scope; `method`, `message`, `goods` (kind of
        goods), `purpose` (for `goods_for`); `basis` (which rule or lesson says so); `effect_share`, `effect_share_low`, `effect_share_high`
        (of the lesson, as a share of what was expected without; null = not measured); `who` (the cell as an audience). Figures of cells
        with fewer members than scope.minimum_members are null.

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
    table = _shown(cells, keys)
    shown, few = _hidden(view, table)
    largest = table.filter(pl.all_horizontal(pl.col(name) != UNKNOWN for name in _AXES)).sort("sales", descending=True, nulls_last=True)
    return Finding(
        headline=_headline(view, largest.filter(pl.col("member_count") >= view.settings.scope.minimum_members), shown, members.height),
        table=shown,
        chart=lambda: _chart(view, shown, lifecycle),
        notes=_notes(view, advice, members, shown, lifecycle) + few,
        ask_next=_next(shown, largest, lifecycle),
        figures={
            "cells": shown.height,
            "measured_cells": float(cells["is_measured"].fill_null(False).sum()),
            "not_measured_member_share": _unknown_share(table),
        },
    )


def _shown(cells: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    who = [
        pl.when(pl.col(name).is_null()).then(pl.lit(f"{trait} IS NULL")).otherwise(pl.concat_str(pl.lit(f"{trait} = '"), name, pl.lit("'")))
        for name, trait in (("stage", "stage"), ("sensitivity", "promo_level"), ("power", "spending_power"))
        if name in keys
    ]
    lesson = ("effect_share", "effect_share_low", "effect_share_high")
    made = cells.with_columns(pl.concat_str(*who, separator=" AND ").alias("who")).select(
        *keys, "member_count", *_MEASURES, *_ADVICE, "basis", *lesson, "who"
    )
    kinds = {
        text: word(text) for text in made["goods"].drop_nulls().unique()
    }  # of our playbook; elsewhere `goods` are the shop's own names
    made = in_order(made.with_columns(pl.col("goods").replace(kinds)), *_AXES)
    return in_order(made, "stage", order=(*STAGES, UNKNOWN)) if "stage" in keys else made


def _hidden(view: View, table: pl.DataFrame) -> tuple[pl.DataFrame, list[str | Note]]:
    """Figures of small cells left out; of one small cell alone the next one's too, since it could be reckoned back from the whole."""
    least = view.settings.scope.minimum_members
    small = table["member_count"] < least
    if not small.any():
        return table, []
    if small.sum() == 1 and table.height > 1:
        rest = table.with_row_index("place").filter(~small).sort("member_count", "place")
        small = small | pl.Series(range(table.height)).eq(int(rest["place"][0]))
    note = tr(
        "{cells}: figures are not shown, for fewer than {least} members or so that those cannot be reckoned back.",
        cells=some(int(small.sum()), "cell"),
        least=least,
    )
    shown = table.with_columns(pl.when(~small).then(pl.col(name)).alias(name) for name in _MEASURES)
    return shown, [note]


def _unknown_share(table: pl.DataFrame) -> float:
    unknown = pl.any_horizontal(pl.col(name) == UNKNOWN for name in _AXES)
    total = int(table["member_count"].sum())
    return float(table.filter(unknown)["member_count"].sum()) / total if total else 0.0


def _headline(view: View, largest: pl.DataFrame, shown: pl.DataFrame, n: int) -> str:
    spoken = largest.filter(pl.col("sales_share").is_not_null())
    if spoken.is_empty():
        return tr(
            "{where}, {members}: no cell of price sensitivity and spending power has sales that can be spoken of.",
            where=where(view),
            members=some(n, "member"),
        )
    best = spoken.row(0, named=True)
    stage = tr("stage {stage}, ", stage=word(best["stage"])) if "stage" in best else ""
    measured = int(shown["effect_share"].is_not_null().sum())
    decided = (
        tr(
            "in {measured} of {cells} a measured lesson decides, in the others the playbook",
            measured=measured,
            cells=some(shown.height, "cell"),
        )
        if measured
        else tr("nothing is measured yet, so the playbook decides throughout")
    )
    return tr(
        "{where}, of {members} those with {stage}sensitivity {sensitivity} and power {power} bring most: "
        "{cell_members}, {sales_share} of the sales; for them: {method}, {goods}; {decided}.",
        where=where(view),
        members=some(n, "member"),
        stage=stage,
        sensitivity=word(best["sensitivity"]),
        power=word(best["power"]),
        cell_members=some(best["member_count"], "member"),
        sales_share=share(best["sales_share"]),
        method=word((best["method"] or NO_ADVICE).replace("_", " ")),
        goods=best["goods"],
        decided=decided,
    )


def _notes(view: View, advice: pl.DataFrame, members: pl.DataFrame, shown: pl.DataFrame, lifecycle: bool) -> list[str | Note]:
    book = playbook_of(view)
    source = book.source if _own(view) else tr("built in")
    notes: list[str | Note] = [
        tr(
            "Playbook: {title} ({source}). It is a rule of thumb, not a measurement.",
            title=word(book.title) or tr("no title"),
            source=source,
        ),
        sales_basis(view),
    ]
    if not view.has_column("lines", "discount_amount"):
        notes.append(not_measured(view, "lines", "discount_amount", tr("price sensitivity")))
    unknown = members.filter(pl.any_horizontal(pl.col(name).is_null() for name in _AXES)).height
    if unknown:
        notes.append(
            Note(
                tr(
                    "{unknown} of {members:,} without one of the levels (no order in a year).",
                    unknown=some(unknown, "member"),
                    members=members.height,
                ),
                "NOT MEASURED",
            )
        )
    if not lifecycle:
        rows = advice.filter(pl.col("stage").is_not_null()).select("stage", *_AXES, pl.col("basis").alias("own"))
        base = advice.filter(pl.col("stage").is_null()).select(*_AXES, pl.col("basis").alias("usual"))
        special = rows.join(base, on=_AXES, nulls_equal=True).filter(pl.col("own") != pl.col("usual"))
        apart = members.join(special, on=["stage", *_AXES], how="semi", nulls_equal=True).height
        if apart:
            notes.append(
                tr("{members} of them are in a stage with advice of its own: ask by stage of life too.", members=some(apart, "member"))
            )
    return notes + _lesson_notes(view, advice, set(shown.select(pl.concat_str(pl.lit("sensitivity "), "sensitivity",
                                                   pl.lit(", power "), "power")).to_series()))  # fmt: skip


def _own(view: View) -> bool:
    return bool(view.settings.playbook.playbook) or (view.workspace.path / "documents" / "playbook.toml").exists()


def _lesson_notes(view: View, advice: pl.DataFrame, cells: set[str]) -> list[str | Note]:
    measured = _measured(view).filter(pl.col("segment").is_in(sorted(cells)))
    if measured.is_empty():
        return [Note(tr("No campaign has been reviewed up to this day: no lesson outranks the playbook."), "NOT MEASURED")]
    deciding = best_method(measured)
    notes: list[str | Note] = [Note(tr("{said} decides.", said=said(row)), "PASS") for row in deciding.iter_rows(named=True)]
    others = measured.join(deciding, on=["segment", "method", "randomised"], how="anti")
    usual = dict(advice.filter(pl.col("stage").is_null()).select("segment", "method").iter_rows())
    for row in others.head(_UNSURE_SHOWN).iter_rows(named=True):
        if row["randomised"] and row["refutes"]:
            still = tr(" and is still advised: choose another method in the playbook") if usual.get(row["segment"]) == row["method"] else ""
            notes.append(Note(tr("{said} loses{still}.", said=said(row), still=still), "REVIEW"))
        elif not row["randomised"]:
            notes.append(Note(tr("{said}: not randomised, so it does not outrank the playbook.", said=said(row)), "REVIEW"))
        else:
            notes.append(tr("{said}: no more than a guess, or another method did better.", said=said(row)))
    if others.height > _UNSURE_SHOWN:
        notes.append(
            tr(
                "{further_lessons} that decide nothing are not listed.",
                further_lessons=some(others.height - _UNSURE_SHOWN, "further lesson"),
            )
        )
    return notes


def _next(shown: pl.DataFrame, largest: pl.DataFrame, lifecycle: bool) -> list[tuple[str, dict]]:
    if largest.is_empty():
        return [("portrait.price_sensitivity", {}), ("portrait.spending_power", {})]
    best = largest.row(0, named=True)
    audience = {"audience": best["who"]}
    purpose = {"purpose": best["purpose"]} if best["purpose"] else {}
    return [
        *([] if lifecycle else [("differentiation.matrix", {"lifecycle": True})]),
        ("differentiation.goods_for", {**audience, **purpose}),
        ("differentiation.next_best", audience),
        ("portrait.overview", audience),
    ]


def _chart(view: View, table: pl.DataFrame, lifecycle: bool) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.heatmap import heatmap

    subtitle = tr("{period}, n = {members}", period=view.period, members=some(int(table["member_count"].sum()), "member"))
    drawn = table.with_columns(pl.col("method").fill_null(NO_ADVICE).str.replace_all("_", " "))
    order = [level for level in (*LEVELS, UNKNOWN) if level != UNKNOWN or UNKNOWN in {*drawn["sensitivity"], *drawn["power"]}]
    if lifecycle:
        drawn = drawn.with_columns(pl.concat_str("sensitivity", pl.lit(" / "), "power").alias("cell"))
        return heatmap(
            drawn.drop_nulls("sales_share"), column="cell", row="stage", value="sales_share", n="member_count", kind="share",
            value_title=tr("Share of sales"), column_title=tr("Price sensitivity / spending power"), row_title=tr("Stage"),
            column_order=[f"{a} / {b}" for a in order for b in order if f"{a} / {b}" in set(drawn["cell"])],
            row_order=[*STAGES, UNKNOWN], title=tr("Who brings the sales, by cell and stage: {place}", place=view.place),
            subtitle=subtitle,
        )  # fmt: skip
    return heatmap(
        drawn.drop_nulls("sales_share"), column="power", row="sensitivity", value="sales_share", name="method", n="member_count",
        kind="share", value_title=tr("Share of sales"), column_title=tr("Spending power"), row_title=tr("Price sensitivity"),
        column_order=order, row_order=order[::-1], title=tr("Which method for whom: {place}", place=view.place), subtitle=subtitle,
    )  # fmt: skip
