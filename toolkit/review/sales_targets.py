"""Sales against target: store by store, with an address for the gap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.errors import BadValue
from toolkit.language import later, tr
from toolkit.registry import question
from toolkit.review.measures.gap_parts import KINDS, Gap, gap_of, gap_table
from toolkit.review.measures.sentences import together
from toolkit.review.measures.silent_stores import silence_notes, silent_stores
from toolkit.review.measures.store_months import (
    DRIVERS,
    last_whole_month,
    month_earlier,
    month_period,
    month_words,
    store_sales,
    targets_of,
    year_earlier,
)
from toolkit.scope.period import Period
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.wording import capital, share, some

if TYPE_CHECKING:
    import altair as alt

By = Literal["drivers", "members", "months"]
_MONTHS = 12


@question(
    "review",
    "Are the stores on target, and where does the gap come from?",
    words=(
        "sales against target by store and month",
        "which store is behind plan, target, budget, and why",
        "members times orders times units times price",
        "did we reach the sales target last month",
        "销售目标 达成 差距 完成率",
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
        without a member. `members`: into new, back, lost, more, less, switched between stores, and receipts without a member. `months`: one
        row per store and month of the last year, without parts.
    against
        Month of comparison: `year` = the same month a year before, `month` = the month before; empty = the first of them that the receipts
        hold in whole.

    Returns
    -------
    Answer
        Table columns: `level` (chain, region, store), `place`, `member_count` (who bought there in either month), `target_sales`, `sales`,
        `gap_sales` (sales - target), `sales_before`, `asked_sales` (target - month of comparison, as a minus), then the parts, in currency
        units: gap = asked + parts. A store without a target has null gap and is not in the sums. By months: `month`, `store_id`,
        `target_sales`, `sales`, `gap_sales`, `target_rate` (sales / target).

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
            tr(
                "review.sales_targets: month is {start:%Y-%m}, but the receipts go from {first_day} to {as_of}.",
                start=whole.start,
                first_day=view.first_day,
                as_of=view.as_of,
            )
        )
    now = Period(whole.start, min(whole.end, view.as_of))
    if by == "months":
        return _months(view, whole)
    before = _before(view, now, against)
    gap = gap_of(view, whole, now, before, by)
    table = gap_table(view, gap)
    return Finding(
        headline=_headline(view, gap),
        table=table,
        chart=(lambda: _chart(view, gap, table)) if gap.stores.height and (gap.has_targets or gap.before) else None,
        notes=_notes(view, gap),
        ask_next=[
            ("review.sales_targets", {"month": f"{whole.start:%Y-%m}", "by": other})
            for other in ("drivers", "members", "months")
            if other != by
        ],
        figures=_figures(view, gap),
    )


def _before(view: View, now: Period, against: str | None) -> Period | None:
    """The month of comparison: the one asked for, or the first that the receipts hold in whole (a closed first day apart)."""
    found = {"year": year_earlier(now), "month": month_earlier(now)}
    candidates = [found[against]] if against else [*found.values()]
    return next((period for period in candidates if (view.first_day - period.start).days <= 1), None)


def _figures(view: View, gap: Gap) -> dict[str, float]:
    figures = {"sales": gap.total("sales") / view.minor_units}
    if gap.has_targets:
        figures |= {"gap_sales": gap.total("gap") / view.minor_units, "stores_behind": float(gap.stores.filter(pl.col("gap") < 0).height)}
        if gap.total("target"):
            figures["target_rate"] = gap.total("sales") / gap.total("target")
    return figures


def _headline(view: View, gap: Gap) -> str:
    sales, n = gap.total("sales"), some(gap.store_count, "store")
    opening = tr("{where}, {month} brought {sales}", where=where(view), month=gap.words, sales=view.money(sales))
    if gap.stores.is_empty():
        return tr("{where}, {month} had neither receipts nor targets.", where=where(view), month=gap.words)
    change = gap.total("sales") - gap.total("sales_before")
    if not gap.has_targets:
        if gap.before is None:
            return tr("{opening} (n = {n}); {why}, and there is no month to compare with.", opening=opening, n=n, why=gap.why)
        said = tr(
            "{opening}, {more} than {before} (n = {n}); {why}.",
            opening=opening,
            more=_more(view, change),
            before=gap.before_words,
            n=n,
            why=gap.why,
        )
        return together(said, _address(view, gap, change))
    behind = gap.total("gap")
    said = tr(
        _BEHIND if behind < 0 else _AHEAD,
        opening=opening,
        gap=view.money(abs(behind)),
        target=view.money(gap.total("target")),
        rate=share(gap.total("sales") / gap.total("target") if gap.total("target") else None),
        n=n,
    )
    if gap.before is None:
        worst = gap.counted.sort("gap", "store_id", descending=[behind > 0, False]).row(0, named=True)
        return tr("{said}; most of it in {spot} ({gap}).", said=said, spot=_spot(gap, worst["store_id"]), gap=view.money(worst["gap"]))
    steps = tr(
        "{said}: the target asked for {asked} than {before}, sales came to {change}.",
        said=said,
        asked=_more(view, -gap.total("asked")),
        before=gap.before_words,
        change=_more(view, change),
    )
    return together(steps, _address(view, gap, behind))


_BEHIND = later("{opening}, {gap} behind the target of {target} ({rate} of it; n = {n})")
_AHEAD = later("{opening}, {gap} ahead of the target of {target} ({rate} of it; n = {n})")


def _more(view: View, amount: int) -> str:
    return tr(later("{amount} more") if amount >= 0 else later("{amount} less"), amount=view.money(abs(amount)))


def _address(view: View, gap: Gap, way: int) -> str:
    """The largest part of the gap's own direction over all stores, and the store where a part is largest."""
    sign = 1 if way > 0 else -1
    parts = {**DRIVERS, **KINDS, "asked": later("what the target asked for beyond it")}
    said = ""
    overall = gap.largest_overall(sign)
    if overall is not None:
        said = tr("The largest part: {part} ({amount}).", part=tr(parts[overall[0]]), amount=_signed(view, overall[1]))
    found = gap.largest(sign)
    if found is None or gap.counted.height < 2:
        return said
    place, part, amount = found
    single = tr(
        "The largest in a single store: {spot}, {part} ({amount}).",
        spot=_spot(gap, place),
        part=tr(parts[part]),
        amount=_signed(view, amount),
    )
    return together(said, single)


def _spot(gap: Gap, place: str) -> str:
    return tr("the smaller stores together") if place in gap.merged else tr("store {place}", place=place)


def _signed(view: View, amount: int) -> str:
    return f"{'+' if amount > 0 else ''}{view.money(amount)}"


def _notes(view: View, gap: Gap) -> list[str | Note]:
    notes: list[str | Note] = []
    if not gap.has_targets:
        notes.append(
            Note(
                tr("{why}. Import the table sales_targets (store_id, month, target_amount).", why=capital(gap.why)),
                "NOT MEASURED",
            )
        )
    if gap.before is None:
        notes.append(
            Note(
                tr(
                    "What moved sales: neither the same month a year before nor the month before is whole in the receipts, which "
                    "start on {first_day}.",
                    first_day=view.first_day,
                ),
                "NOT MEASURED",
            )
        )
    else:
        notes.append(
            tr(
                "The parts add up to the cent: gap = what the target asked for beyond {before} + what changed since.",
                before=gap.before_words,
            )
        )
        if gap.before.days != gap.now.days:
            notes.append(
                Note(
                    tr("The months have {now} and {before} days: part of the change is that.", now=gap.now.days, before=gap.before.days),
                    "REVIEW",
                )
            )
        if gap.by == "drivers":
            notes.append(
                tr(
                    "Members x orders per member x units per order x money per unit, split by Shapley's rule store by store and "
                    "added up: who buys in two stores counts in both. Units are counted goods; goods by weight or volume are in "
                    "money per unit."
                )
            )
    if gap.now.end < gap.whole.end:
        notes.append(
            Note(
                tr(
                    "The month is seen up to {end}: {seen} of {whole} days of the target are counted, each alike. Busy days "
                    "still to come are not weighed.",
                    end=gap.now.end,
                    seen=gap.now.days,
                    whole=gap.whole.days,
                ),
                "REVIEW",
            )
        )
    if gap.untargeted:
        stores, few = some(len(gap.untargeted), "store"), _few(gap.untargeted)
        said = (
            tr("{stores} without a target ({few}): not in the gap.", stores=stores, few=few)
            if gap.untargeted_sales is None
            else tr(
                "{stores} without a target ({few}) sold {amount}: not in the gap.",
                stores=stores,
                few=few,
                amount=view.money(gap.untargeted_sales),
            )
        )
        notes.append(Note(said, "REVIEW"))
    if gap.unsold:
        notes.append(
            Note(
                tr(
                    "{stores} with a target ({few}) had no receipt in the month.",
                    stores=some(len(gap.unsold), "store"),
                    few=_few(gap.unsold),
                ),
                "REVIEW",
            )
        )
    silent = silent_stores(view, gap.now.start, gap.now.end)
    notes += [Note(sentence, "REVIEW") for sentence in silence_notes(silent, gap.now.end)]
    notes += list(gap.notes)
    if view.scope.audience is not None:
        notes.append(Note(tr("Targets are of everybody's sales, so an audience has none: only the change is shown."), "NOT MEASURED"))
    return notes


def _few(names: tuple[str, ...]) -> str:
    return wording.listing(names) if len(names) <= 6 else tr("{names}, ...", names=tr(", ").join(names[:5]))


def _months(view: View, last: Period) -> Finding:
    """One row per store and month, up to twelve months."""
    rows, hidden, least = [], 0, view.settings.scope.minimum_members
    months = [last]
    while len(months) < _MONTHS and month_earlier(months[-1]).end >= view.first_day:
        months.append(month_earlier(months[-1]))
    has_table = targets_of(view, last) is not None and view.scope.audience is None
    for month in reversed(months):
        seen = Period(month.start, min(month.end, view.as_of))
        shop = store_sales(view, seen)
        few = (pl.col("members") > 0) & (pl.col("members") < least)
        hidden += shop.filter(few).height
        sold = shop.select("store_id", pl.when(~few).then("sales").alias("sales"), pl.lit(True).alias("sold"))
        targets = targets_of(view, month) if has_table else None
        part = targets if targets is not None else pl.DataFrame(schema={"store_id": pl.String, "target": pl.Int64})
        scaled = part.with_columns((pl.col("target") * seen.days // month.days).alias("target"))
        both = scaled.join(sold, on="store_id", how="full", coalesce=True)
        both = both.with_columns(pl.when(pl.col("sold").is_null()).then(0).otherwise("sales").alias("sales"))
        rows.append(both.select(pl.lit(month.start).alias("month"), "store_id", "target", "sales"))
    found = pl.concat(rows).sort("month", "store_id")
    gap = pl.col("sales") - pl.col("target")
    rate = pl.when(pl.col("target") > 0).then(pl.col("sales") / pl.col("target"))
    table = found.select(
        "month", "store_id", view.major("target").alias("target_sales"), view.major("sales").alias("sales"),
        view.major(gap).alias("gap_sales"), rate.alias("target_rate"),
    )  # fmt: skip
    judged = found.drop_nulls(["target", "sales"])
    behind = judged.filter(gap < 0).height
    count = tr(
        "{first} to {last} ({stores}, {months})",
        first=month_words(months[-1].start),
        last=month_words(last.start),
        stores=some(found["store_id"].n_unique(), "store"),
        months=some(len(months), "month"),
    )
    if judged.is_empty():
        headline = tr("{where}, there are no sales targets for {count}: sales alone are shown.", where=where(view), count=count)
    else:
        total, goal = int(judged["sales"].sum()), int(judged["target"].sum())
        headline = tr(
            "{where}, {behind:,} of {judged:,} store months were behind target, {count}; sales of {sales} are {part} of the targets.",
            where=where(view),
            behind=behind,
            judged=judged.height,
            count=count,
            sales=view.money(total),
            part=share(total / goal if goal else None),
        )
    notes: list[str | Note] = [Note(tr("No sales_targets table speaks of these months."), "NOT MEASURED")] if judged.is_empty() else []
    if hidden:
        notes.append(
            tr(
                "{store_months} with fewer than {least} members who bought (setting scope.minimum_members) show no sales.",
                store_months=some(hidden, "store month"),
                least=least,
            )
        )
    if last.end > view.as_of:
        notes.append(Note(tr("The last month is seen up to {as_of}: as many days of its target are counted.", as_of=view.as_of), "REVIEW"))
    return Finding(
        headline=headline,
        table=table,
        chart=(lambda: _month_chart(view, table)) if judged.height else None,
        notes=notes,
        ask_next=[("review.sales_targets", {"month": f"{last.start:%Y-%m}"})],
    )


def _month_chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.heatmap import heatmap

    shown = table.drop_nulls("target_rate")
    shown = shown.with_columns(pl.Series("month", [month_words(day, "%b %y") for day in shown["month"]], dtype=pl.String))
    largest = shown.group_by("store_id").agg(pl.col("sales").sum()).sort("sales", "store_id", descending=[True, False]).head(25)
    shown = shown.join(largest.select("store_id"), on="store_id", how="semi", maintain_order="left")
    return heatmap(
        shown, column="month", row="store_id", value="target_rate", kind="share", value_title=tr("Sales / target"), row_title=tr("Store"),
        row_order=sorted(shown["store_id"].unique().to_list()), title=tr("Sales against target: {place}", place=view.place),
        subtitle=tr("share of the target reached") + (tr("; the 25 largest stores") if table["store_id"].n_unique() > 25 else ""),
    )  # fmt: skip


def _chart(view: View, gap: Gap, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    title = later("Sales less target by store: {place}") if gap.has_targets else later("Change of sales by store: {place}")
    value = "gap_sales" if gap.has_targets else "change_sales"
    shown = table.filter(pl.col("level") == "store")
    shown = shown.with_columns((pl.col("sales") - pl.col("sales_before")).alias("change_sales")) if value == "change_sales" else shown
    shown = shown.drop_nulls(value).sort(pl.col(value).abs(), descending=True).head(20).sort(value, "place")
    return ranked_bars(
        shown, label="place", value=value, kind="money", n="member_count", ranked=False,
        title=tr(title, place=view.place),
        subtitle=gap.words if gap.has_targets else tr("{month} against {before}", month=gap.words, before=gap.before_words),
        value_title=tr(later("Gap, {currency}") if gap.has_targets else later("Change, {currency}"), currency=view.currency),
    )  # fmt: skip
