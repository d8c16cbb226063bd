"""Sales against target: store by store, with an address for the gap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.errors import BadValue
from toolkit.language import later, tr
from toolkit.registry import question
from toolkit.review.measures.gap_parts import BY_DRIVERS, BY_MEMBERS, KINDS, Gap, gap_of, gap_table
from toolkit.review.measures.sentences import together
from toolkit.review.measures.silent_stores import silence_notes, silent_stores
from toolkit.review.measures.store_months import (
    DRIVERS,
    fiscal_notes,
    last_whole_month,
    month_period,
    month_words,
    store_sales,
    targets_of,
)
from toolkit.scope.calendar import period_before, year_before
from toolkit.scope.feasts import feast_notes
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.wording import capital, listing

if TYPE_CHECKING:
    import altair as alt

By = Literal["drivers", "members", "months"]
_MONTHS = 12

MONTHS = c.table(
    "one row per store and month",
    c.day("month"),
    c.text("store_id", "Store"),
    c.money("target_sales", "Target", null="no target"),
    c.money("sales", null="too few members bought"),
    c.money("gap_sales", "Sales less target"),
    c.share("target_rate", "Of the target", "sales / target"),
)
_SOLD = c.table("one row per store: a month's sales", c.text("store_id"), c.members("members"), c.count("sales"))


@question(
    "review",
    "Are the stores on target, and where does the gap come from?",
    words=(
        "sales against target by store and month",
        "which store is behind plan, target, budget, and why; are we behind target",
        "members times orders times units times price",
        "did we reach the sales target last month",
        "销售目标 达成 差距 完成率",
    ),
    tables=(BY_DRIVERS, BY_MEMBERS, MONTHS),
    figures=(
        c.money("month_sales", "Sales of the month"),
        c.money("gap_sales", "Sales less target"),
        c.count("stores_behind", "Stores behind"),
        c.share("month_target_rate", "Of the target of the month"),
    ),
)
def sales_targets(view: View, *, month: str | None = None, by: By = "drivers", against: Literal["year", "month"] | None = None) -> Finding:
    """Return sales against target, store by store, in parts that add up to the gap to the cent.

    A target says nothing of members or baskets. So the gap is taken in two steps: what the target asked for beyond a month of comparison,
    and what has changed since that month, split by what moved it.

    Parameters
    ----------
    month
        The month, '2026-03'; empty = the last whole month up to as_of. A month that is still running is compared as far as it is seen,
        with as many days of its target and of the month of comparison.
    by
        `drivers`: the change split into members who bought, orders per member, units per order, money per unit, returns, and receipts
        without a member. `members`: into first-time, back, lost, more, less, switched between stores, no order in either, and receipts
        without a member. `months`: one row per store and month of the last year, without parts.
    against
        Month of comparison: `year` = the same month a year before, `month` = the month before; empty = the first of them that the receipts
        hold in whole.

    Raises
    ------
    BadValue
        `month` is no month, or begins after as_of or before the receipts.

    Notes
    -----
    The split of members x orders x units x money per unit is Shapley's (`models.shapley`): no residual, no factor first.

    Example
    -------
    >>> tk.review.sales_targets(ws, month="2024-11").table              # doctest: +SKIP
    """
    whole = month_period(month or last_whole_month(view.as_of))
    if whole.start > view.as_of or whole.end < view.first_day:
        raise BadValue(
            view.say(
                "review.sales_targets: month is {start:%Y-%m}, but the receipts go from {first_day} to {as_of}.",
                start=whole.start,
                first_day=view.first_day,
            )
        )
    now = Period(whole.start, min(whole.end, view.as_of))
    if by == "months":
        return _months(view, whole)
    gap = gap_of(view, whole, now, _before(view, now, against), by)
    shown = gap_table(view, gap)
    return Finding(
        headline=_headline(view, gap),
        table=shown,
        chart=(lambda: _chart(view, gap, shown.frame)) if gap.stores.height and (gap.has_targets or gap.before) else None,
        notes=[*_notes(view, gap), *fiscal_notes(view)],
        ask_next=[
            ("review.sales_targets", {"month": f"{whole.start:%Y-%m}", "by": other})
            for other in ("drivers", "members", "months")
            if other != by
        ],
        figures=_figures(view, gap),
    )


def _before(view: View, now: Period, against: str | None) -> Period | None:
    """The month of comparison: the one asked for, or the first that the receipts hold in whole (a closed first day apart)."""
    earlier = {"year": year_before(now), "month": period_before(now)}
    candidates = [earlier[against]] if against else [*earlier.values()]
    return next((period for period in candidates if (view.first_day - period.start).days <= 1), None)


def _figures(view: View, gap: Gap) -> dict[str, float | None]:
    figures: dict[str, float | None] = {"month_sales": gap.total("sales") / view.minor_units}
    if gap.has_targets:
        target = gap.total("target")
        figures |= {"gap_sales": gap.total("gap") / view.minor_units, "stores_behind": float(gap.stores.filter(pl.col("gap") < 0).height)}
        figures["month_target_rate"] = gap.total("sales") / target if target else None
    return figures


def _headline(view: View, gap: Gap) -> str:
    sales, target = gap.total("sales"), gap.total("target")
    change = sales - gap.total("sales_before")
    fields = {
        "month": gap.words, "sales": sales, "stores": gap.store_count, "why": gap.why, "before": gap.before_words if gap.before else "",
        "change": abs(change), "grew": change >= 0,
    }  # fmt: skip
    if gap.stores.is_empty():
        return view.say("{where}, {month} had neither receipts nor targets.", fields)
    if not gap.has_targets:
        sentence = view.say(
            "{where}, {month} brought {sales:minor}[before?, {change:minor} [grew?more|less] than {before}] (n = {stores:store}); "
            "{why}[before?|, and there is no month to compare with].",
            fields,
        )
        return sentence if gap.before is None else together(sentence, _address(view, gap, change))
    behind, asked = gap.total("gap"), -gap.total("asked")
    worst = gap.counted.sort("gap", "store_id", descending=[behind > 0, False]).row(0, named=True)
    sentence = view.say(
        "{where}, {month} brought {sales:minor}, {gap:minor} [behind?behind|ahead of] the target of {target:minor} ({rate:share} of it; n "
        "= {stores:store})[before?: the target asked for {asked:minor} [asked_more?more|less] than {before}, sales came to {change:minor} "
        "[grew?more|less]|; most of it in {spot} ({worst:minor})].",
        fields, gap=abs(behind), behind=behind < 0, target=target, rate=sales / target if target else None, asked=abs(asked),
        asked_more=asked >= 0, spot=_spot(view, gap, worst["store_id"]), worst=worst["gap"],
    )  # fmt: skip
    return sentence if gap.before is None else together(sentence, _address(view, gap, behind))


def _address(view: View, gap: Gap, way: int) -> str:
    """The largest part of the gap's own direction over all stores, and the store where a part is largest."""
    sign, parts = 1 if way > 0 else -1, {**DRIVERS, **KINDS, "asked": later("what the target asked for beyond it")}
    overall, single = gap.largest_overall(sign), gap.largest(sign)
    sentence = ""
    if overall is not None:
        part, amount = overall
        sentence = view.say("The largest part: {part} ([gained?+]{amount:minor}).", part=tr(parts[part]), amount=amount, gained=amount > 0)
    if single is None or gap.counted.height < 2:
        return sentence
    place, part, amount = single
    in_store = view.say(
        "The largest in a single store: {spot}, {part} ([gained?+]{amount:minor}).",
        spot=_spot(view, gap, place), part=tr(parts[part]), amount=amount, gained=amount > 0,
    )  # fmt: skip
    return together(sentence, in_store)


def _spot(view: View, gap: Gap, place: str) -> str:
    return view.say("[merged?the smaller stores together|store {store}]", merged=place in gap.merged, store=place)


def _notes(view: View, gap: Gap) -> list[str | Note]:
    notes: list[str | Note] = []
    if not gap.has_targets:
        text = view.say("{why}. Import the table sales_targets (store_id, month, target_amount).", why=capital(gap.why))
        notes.append(Note(text, "NOT MEASURED"))
    if gap.before is None:
        text = view.say(
            "What moved sales: neither the same month a year before nor the month before is whole in the receipts, which start on "
            "{first_day}.",
            first_day=view.first_day,
        )
        notes.append(Note(text, "NOT MEASURED"))
    else:
        notes.append(
            view.say(
                "The parts add up to the cent: gap = what the target asked for beyond {before} + what changed since.",
                before=gap.before_words,
            )
        )
        if gap.before.days != gap.now.days:
            text = view.say(
                "The months have {now} and {before} days: part of the change is that.", now=gap.now.days, before=gap.before.days
            )
            notes.append(Note(text, "REVIEW"))
        notes += feast_notes(view, gap.before, now=gap.now)
        if gap.by == "drivers":
            notes.append(
                tr(
                    "Members x orders per member x units per order x money per unit, split by Shapley's rule store by store and "
                    "added up: who buys in two stores counts in both. Units are counted goods; goods by weight or volume are in "
                    "money per unit."
                )
            )
    if gap.now.end < gap.whole.end:
        text = view.say(
            "The month is seen up to {end}: {seen} of {whole} days of the target are counted, each alike. Busy days still to come are not "
            "weighed.",
            end=gap.now.end, seen=gap.now.days, whole=gap.whole.days,
        )  # fmt: skip
        notes.append(Note(text, "REVIEW"))
    if gap.untargeted:
        text = view.say(
            "{stores:store} without a target ({few})[known? sold {amount:minor}]: not in the gap.",
            stores=len(gap.untargeted), few=_few(gap.untargeted), known=gap.untargeted_sales is not None, amount=gap.untargeted_sales,
        )  # fmt: skip
        notes.append(Note(text, "REVIEW"))
    if gap.unsold:
        text = view.say("{stores:store} with a target ({few}) had no receipt in the month.", stores=len(gap.unsold), few=_few(gap.unsold))
        notes.append(Note(text, "REVIEW"))
    silent = silent_stores(view, gap.now.start, gap.now.end)
    notes += [Note(sentence, "REVIEW") for sentence in silence_notes(view, silent, gap.now.end)]
    notes += list(gap.notes)
    if view.scope.audience is not None:
        notes.append(Note(tr("Targets are of everybody's sales, so an audience has none: only the change is shown."), "NOT MEASURED"))
    return notes


def _few(names: tuple[str, ...]) -> str:
    return listing(names) if len(names) <= 6 else tr("{names}, ...", names=tr(", ").join(names[:5]))


def _months(view: View, last: Period) -> Finding:
    """One row per store and month, up to twelve months."""
    months = [last]
    while len(months) < _MONTHS and period_before(months[-1]).end >= view.first_day:
        months.append(period_before(months[-1]))
    rows, hidden = [], 0
    for month in reversed(months):
        frame, few_rows = _month(view, month, last)
        rows.append(frame)
        hidden += few_rows
    frame = pl.concat(rows).sort("month", "store_id")
    gap = pl.col("sales") - pl.col("target")
    shown = MONTHS.of(
        frame.select(
            "month", "store_id", view.major("target").alias("target_sales"), view.major("sales").alias("sales"),
            view.major(gap).alias("gap_sales"), pl.when(pl.col("target") > 0).then(pl.col("sales") / pl.col("target")).alias("target_rate"),
        ),
        view,
    )  # fmt: skip
    judged = frame.drop_nulls(["target", "sales"])
    sales, target = int(judged["sales"].sum()), int(judged["target"].sum())
    headline = view.say(
        "{where}, [judged?{behind} of {judged} store months were behind target, {first} to {last} ({stores:store}, {months:month}); sales "
        "of {sales:minor} are {part:share} of the targets|there are no sales targets for {first} to {last} ({stores:store}, "
        "{months:month}): sales alone are shown].",
        first=month_words(months[-1].start), last=month_words(last.start), stores=frame["store_id"].n_unique(), months=len(months),
        behind=judged.filter(gap < 0).height, judged=judged.height, sales=sales, part=sales / target if target else None,
    )  # fmt: skip
    notes: list[str | Note] = []
    if judged.is_empty():
        notes.append(Note(tr("No sales_targets table speaks of these months."), "NOT MEASURED"))
    if hidden:
        notes.append(
            view.say(
                "{hidden:store month} with fewer than {least} members who bought (setting scope.minimum_members) show no sales.",
                hidden=hidden,
            )
        )
    if last.end > view.as_of:
        notes.append(Note(view.say("The last month is seen up to {as_of}: as many days of its target are counted."), "REVIEW"))
    return Finding(
        headline=headline,
        table=shown,
        chart=(lambda: _month_chart(view, shown.frame)) if judged.height else None,
        notes=notes,
        ask_next=[("review.sales_targets", {"month": f"{last.start:%Y-%m}"})],
    )


def _month(view: View, month: Period, last: Period) -> tuple[pl.DataFrame, int]:
    """Targets and sales of a month by store, minor units, sales null where too few members bought; and in how many stores these are."""
    seen = Period(month.start, min(month.end, view.as_of))
    sold = _SOLD.of(store_sales(view, seen).select("store_id", "members", "sales"), view)
    has_table = targets_of(view, last) is not None and view.scope.audience is None
    targets = targets_of(view, month) if has_table else None
    part = targets if targets is not None else pl.DataFrame(schema={"store_id": pl.String, "target": pl.Int64})
    scaled = part.with_columns((pl.col("target") * seen.days // month.days).alias("target"))
    shop = sold.frame.select("store_id", "sales", pl.lit(True).alias("sold"))
    both = scaled.join(shop, on="store_id", how="full", coalesce=True)
    both = both.with_columns(pl.when(pl.col("sold").is_null()).then(0).otherwise("sales").alias("sales"))
    return both.select(pl.lit(month.start).alias("month"), "store_id", "target", "sales"), sold.few_rows


def _month_chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.heatmap import heatmap

    shown = table.drop_nulls("target_rate")
    shown = shown.with_columns(pl.Series("month", [month_words(day, "%b %y") for day in shown["month"]], dtype=pl.String))
    largest = shown.group_by("store_id").agg(pl.col("sales").sum()).sort("sales", "store_id", descending=[True, False]).head(25)
    shown = shown.join(largest.select("store_id"), on="store_id", how="semi", maintain_order="left")
    return heatmap(
        shown, column="month", row="store_id", value="target_rate", kind="share", value_title=tr("Sales / target"), row_title=tr("Store"),
        row_order=sorted(shown["store_id"].unique().to_list()), title=view.say("Sales against target: {place}"),
        subtitle=view.say("share of the target reached[many?; the 25 largest stores]", many=table["store_id"].n_unique() > 25),
    )  # fmt: skip


def _chart(view: View, gap: Gap, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    value = "gap_sales" if gap.has_targets else "change_sales"
    stores = table.filter(pl.col("level") == "store").with_columns((pl.col("sales") - pl.col("sales_before")).alias("change_sales"))
    stores = stores.drop_nulls(value).sort(pl.col(value).abs(), descending=True).head(20).sort(value, "place")
    return ranked_bars(
        stores, label="place", value=value, kind="money", n="member_count", ranked=False,
        title=view.say("[gap?Sales less target|Change of sales] by store: {place}", gap=gap.has_targets),
        subtitle=gap.words if gap.has_targets else view.say("{month} against {before}", month=gap.words, before=gap.before_words),
        value_title=view.say("[gap?Gap|Change], {currency}", gap=gap.has_targets),
    )  # fmt: skip
