"""Why a figure changed: its change taken apart exactly, by what it is a product of and by where it lies. An account, not a cause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import polars as pl
from pydantic import BeforeValidator

from toolkit import columns as c
from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable, Column, Table
from toolkit.errors import BadValue, DataError
from toolkit.language import later, tr, word
from toolkit.portrait.figures import FIGURES, Figure, figure_named
from toolkit.portrait.measures.addresses import OF_MEMBERS, Pair, amount_of, fewer, parts_of_ratio, parts_of_sum, pooled, side_of
from toolkit.portrait.measures.drivers import SCALE, Driver, drivers_of, with_quantities
from toolkit.portrait.measures.figure_sums import Of, groups_of, sums_of
from toolkit.registry import question
from toolkit.scope.calendar import read_against
from toolkit.scope.hiding import unmeasured
from toolkit.scope.period import Period
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

Explained = Literal["sales", "member_sales", "orders", "order_value", "units", "margin", "returns"]
By = Literal["driver", "store", "region", "category", "tier", "segment", "channel"]
_ADDRESSES: tuple[Of, ...] = ("store", "category", "segment")
_WORDS: dict[str, str] = {
    "store": later("store"), "region": later("region"), "category": later("category"), "tier": later("tier"),
    "segment": later("segment"), "channel": later("channel"),
}  # fmt: skip
_KEYS = {of: c.text("store_id", "Store") if of == "store" else c.text(of) for of in _WORDS}
_BARS = 20
_SHARE = c.share("part_share", "Share of the change", null="nothing changed in all", hidden_by="buyer_count")


def _part(asked: Figure, name: str, label: str, meaning: str = "", **given: Any) -> Column:
    return Column(name, asked.column.kind, label, meaning, dtype=pl.Float64, **given)


def _driver_table(asked: Figure) -> Table:
    return c.table(
        "one row per driver, largest part first",
        c.text("driver", "Driver", "the figure is their product, or a sum of such"),
        c.members("buyer_count", "Buyers", "members who ordered, in the period with fewer of them"),
        c.number("driver_before", "Before", hidden_by="buyer_count"), c.number("driver_now", "Now", hidden_by="buyer_count"),
        _part(asked, "part", "Part of the change", "all together the change", hidden_by="buyer_count"), _SHARE,
    )  # fmt: skip


def _address_table(asked: Figure, by: str, *, of_audience: bool) -> Table:
    hidden = None if asked.is_open and not of_audience and by not in ("tier", "segment") else "buyer_count"
    split: dict[str, tuple[tuple[str, str], ...]] = {
        "order_value": (("own_part", "By its own figure"), ("weight_part", "By its weight")),
        **dict.fromkeys(OF_MEMBERS, (("members_part", "By members who ordered"), ("rest_part", "By all else"))),
    }
    return c.table(
        f"one row per {by}, largest part first",
        _KEYS[by],
        c.members("buyer_count", "Buyers", "members who ordered, in the period with fewer of them"),
        _part(asked, "figure_before", "Before", null="nothing was ordered there", hidden_by=hidden),
        _part(asked, "figure_now", "Now", null="nothing was ordered there", hidden_by=hidden),
        _part(asked, "part", "Part of the change", "all together the change", hidden_by=hidden), _SHARE.of(hidden_by=hidden),
        *(_part(asked, name, label, hidden_by="buyer_count") for name, label in split.get(asked.name, ())),
    )  # fmt: skip


@question(
    "portrait",
    "Why did a figure change?",
    words=(
        "why did sales go up or down, what drove the change",
        "drivers of sales: members, frequency, order value",
        "where does the change of sales come from: store, category, segment",
        "why is the order value lower than last month",
        "销售为什么下降 变化原因 归因 驱动因素",
    ),
    tables=(_driver_table(FIGURES["sales"]), *(_address_table(FIGURES["sales"], by, of_audience=False) for by in _KEYS),
            _address_table(FIGURES["order_value"], "store", of_audience=False)),
)  # fmt: skip
def why(
    view: View, *, metric: Annotated[Explained, BeforeValidator(figure_named)] = "sales", by: By = "driver", against: str | None = None
) -> Finding:
    """Return the change of a figure between two periods as parts that add up to it, to the cent: one row per driver or per address.

    Sales are members who ordered x orders per member x order value, beside the same of non-members and receipts that are no orders; other
    figures have drivers of their own. By store, region, category, tier, segment or channel it is told where the change lies. The parts say
    where it lies and nothing of what caused it.

    Parameters
    ----------
    metric
        `sales`, `member_sales`, `orders`, `order_value`, `units`, `margin` or `returns`, by name or as people call it.
    by
        `driver`; or the address: `store`, `region`, `category`, `tier`, `segment`, `channel`.
    against
        What it is compared with: empty = the period before; 'year' = a year earlier; 'FIRST..LAST'.

    Raises
    ------
    BadValue
        The figure cannot be taken apart so, or `against` is no period before this one.
    DataError
        The shop's tables do not hold what would part it.

    Notes
    -----
    A product is taken apart by Shapley's value: no driver comes first, nothing is left over. The part of a group in an order value is its
    own change at its mean weight, and the change of its weight. Cents are given to the largest fractions.

    Example
    -------
    >>> tk.portrait.why(ws, by="store", period="28d").table            # doctest: +SKIP
    """
    asked = FIGURES[metric]
    if not _has(asked, by):
        raise BadValue(
            tr(
                "portrait.why: {figure} of categories do not add up, since an order holds several: choose another `by`.",
                figure=tr(asked.words),
            )
        )
    if metric == "margin" and not view.has_column("products", "unit_cost"):
        raise DataError(view.missing("products", "unit_cost", tr(asked.words)))
    before = read_against(against, view.period, view.as_of, name="portrait.why")
    declared = _driver_table(asked) if by == "driver" else _address_table(asked, by, of_audience=view.scope.audience is not None)
    if before.start < view.first_day:
        return unmeasured(
            declared,
            view.say("{where}, the change of {figure} {window:in} is not measured: the receipts start on {first_day}.",
                     figure=tr(asked.words), window=view.period, first_day=view.first_day),
            view.say("Choose a shorter period, or one that is compared with days from {first_day} on.", first_day=view.first_day),
        )  # fmt: skip
    sides = with_quantities(sums_of(view, [asked], [before, view.period], None))
    then, now = (side_of(sides, place) for place in (0, 1))
    shown = _drivers(view, asked, declared, then, now) if by == "driver" else _addresses(view, asked, declared, by, before)
    return Finding(
        headline=_headline(view, asked, by, shown, then, now, before),
        table=shown,
        chart=(lambda: _chart(view, asked, by, shown)) if shown.height else None,
        notes=[*(_lies(view, asked, before) if by == "driver" else []), *_notes(asked, by)],
        ask_next=[("portrait.why", {"metric": metric, "by": other, **({"against": against} if against else {})})
                  for other in ("driver", *_ADDRESSES) if other != by and _has(asked, other)],
    )  # fmt: skip


def _has(asked: Figure, by: str) -> bool:
    """Whether the parts of a figure by such an address add up to it: an order is in several categories."""
    return by != "category" or (asked.by_category and asked.name != "orders")


def _unit(view: View, asked: Figure) -> int:
    """Whole parts in one unit as it is shown."""
    return (view.minor_units if asked.column.kind == "money" else 1) * SCALE.get(asked.name, 1)


def _drivers(view: View, asked: Figure, declared: Table, then: Mapping[str, Any], now: Mapping[str, Any]) -> AnswerTable:
    if asked.name == "order_value" and not (then["orders"] and now["orders"]):
        return declared.empty()
    found = drivers_of(asked.name, then, now)
    total, unit = sum(driver.part for driver in found), _unit(view, asked)
    rows = [
        {
            "driver": driver.name, "buyer_count": fewer(then, now), "driver_before": _shown_as(view, driver, driver.before),
            "driver_now": _shown_as(view, driver, driver.now), "part": driver.part / unit,
            "part_share": driver.part / total if total else None,
        }
        for driver in sorted(found, key=lambda one: -abs(one.part))
        if driver.before or driver.now or driver.part
    ]  # fmt: skip
    return declared.of(pl.DataFrame(rows, schema={name: declared.schema[name] for name in rows[0]}), view) if rows else declared.empty()


_IN_MINOR = (
    "order value of members",
    "order value of non-members",
    "receipts that are no orders",
    "sales with known cost",
    "sales before returns",
)


def _shown_as(view: View, driver: Driver, size: float) -> float:
    """A driver as a person reads it: its quantities are minor units and thousandths."""
    if driver.name == "sales per unit":
        return size * 1_000 / view.minor_units
    if driver.name in ("units per order", "margin share"):
        return size / 1_000
    return size / view.minor_units if driver.name in _IN_MINOR else size


def _addresses(view: View, asked: Figure, declared: Table, by: By, before: Period) -> AnswerTable:
    sums = with_quantities(sums_of(view, [asked], [before, view.period], groups_of(view, by)))  # type: ignore[arg-type]
    groups = sums["group"].unique().sort().to_list()
    if not groups:
        return declared.empty()
    sides = [{row["group"]: row for row in sums.filter(pl.col("window") == place).iter_rows(named=True)} for place in (0, 1)]
    nothing = dict.fromkeys(sums.columns, 0)
    pairs: list[Pair] = [(sides[0].get(group, nothing), sides[1].get(group, nothing)) for group in groups]
    if declared.by_name["part"].hidden_by:
        groups, pairs = pooled(groups, pairs, view.least)
    parts, split = parts_of_ratio(pairs) if asked.name == "order_value" else parts_of_sum(asked.name, pairs)
    unit, total = _unit(view, asked), float(sum(parts))
    frame = pl.DataFrame(
        {
            _KEYS[by].name: groups,
            "buyer_count": [fewer(*pair) for pair in pairs],
            "figure_before": [amount_of(asked.name, pair[0]) / unit for pair in pairs],
            "figure_now": [amount_of(asked.name, pair[1]) / unit for pair in pairs],
            "part": [part / unit for part in parts],
            "part_share": [part / total if total else None for part in parts],
            **{name: [one / unit for one in given] for name, given in split.items()},
        },
        schema_overrides={"part_share": pl.Float64, "buyer_count": pl.Int64},
    ).with_columns(pl.col(pl.Float64).fill_nan(None))
    shown = declared.of(frame, view)
    return shown.cut(shown.frame.sort(pl.col("part").abs(), _KEYS[by].name, descending=[True, False], nulls_last=True))


def _text(view: View, asked: Figure, amount: float) -> str:
    return wording.column_text(amount, asked.column, view.currency)


def _headline(
    view: View, asked: Figure, by: str, shown: AnswerTable, then: Mapping[str, Any], now: Mapping[str, Any], before: Period
) -> str:  # fmt: skip
    was, is_ = (amount_of(asked.name, side) / _unit(view, asked) for side in (then, now))
    rows = [row for row in shown.rows() if row["part"] is not None]
    if not rows or was != was or is_ != is_ or (view.scope.audience is not None and 0 < fewer(then, now) < view.least):
        return view.say("{where}, {figure} {window:in}: not measured.", figure=tr(asked.words), window=view.period)
    key = "driver" if by == "driver" else _KEYS[by].name
    names = [word(row[key]) if by == "driver" else wording.value_of(key, row[key]) for row in rows[:2]]
    return view.say(
        "{where}, {figure} {window:in}: {now}, [same?as much as|{size} [more?more|less] than] {before:in} ({was}[, {change}])[same?|; the "
        "largest part[by? by {by}] is {first}: {part}[ (n = {n})][second?, then {second}: {second_part}]].",
        figure=tr(asked.words), window=view.period, same=is_ == was, more=is_ > was, size=_text(view, asked, abs(is_ - was)),
        change=wording.change(is_ / was - 1) if was > 0 and is_ != was else "", was=_text(view, asked, was), now=_text(view, asked, is_),
        before=before,
        by=tr(_WORDS.get(by, "")), first=names[0], part=_signed(view, asked, rows[0]["part"]),
        n=wording.some(rows[0]["buyer_count"], "member") if rows[0]["buyer_count"] else "",
        second=names[1] if len(names) > 1 else "", second_part=_signed(view, asked, rows[1]["part"]) if len(rows) > 1 else "",
    )  # fmt: skip


def _signed(view: View, asked: Figure, part: float) -> str:
    return ("+" if part > 0 else "") + _text(view, asked, part)


def _lies(view: View, asked: Figure, before: Period) -> list[str]:
    """One sentence on where the change lies: of each kind of address the one with most of it."""
    told = []
    for by in _ADDRESSES:
        if not _has(asked, by):
            continue
        if by == "store" and (view.scope.store_id is not None or view.stores.height < 2):
            continue
        declared = _address_table(asked, by, of_audience=view.scope.audience is not None)
        rows = [row for row in _addresses(view, asked, declared, by, before).rows() if row["part"]]
        if rows:
            name = wording.value_of(_KEYS[by].name, rows[0][_KEYS[by].name])
            told.append(tr("by {by} in {name} ({part})", by=tr(_WORDS[by]), name=name, part=_signed(view, asked, rows[0]["part"])))
    return [tr("Most of it lies {told}.", told=wording.listing(told))] if told else []


def _notes(asked: Figure, by: str) -> list[str | Note]:
    notes: list[str | Note] = [
        tr(
            "The parts add up to the change; they say where it lies, not what caused it: a part moves with all that happened in both "
            "periods."
        )
    ]
    if by == "driver":
        shapley = tr(
            "A product is taken apart by Shapley's value: no driver comes first, and nothing is left over; of a side without orders all is "
            "the number of members."
        )
        notes.append(shapley)
    elif asked.name == "order_value":
        notes.append(tr("A part is the change of its own figure at its mean weight, and the change of its weight among the orders."))
    if by in ("store", "channel", "region", "category"):
        notes.append(tr("A member counts in every {by} they order in.", by=tr(_WORDS[by])))
    return notes


def _chart(view: View, asked: Figure, by: str, shown: AnswerTable) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    heading = tr("Part of the change") + (f", {view.currency}" if asked.column.kind == "money" else "")
    return ranked_bars(
        shown.frame.drop_nulls("part").head(_BARS), label="driver" if by == "driver" else _KEYS[by].name, value="part", ranked=False,
        kind="money2" if asked.name == "order_value" else "money" if asked.column.kind == "money" else "count", value_title=heading,
        title=tr("What the change of {figure} is made of", figure=tr(asked.words)), subtitle=view.say("{place}, {period}"),
    )  # fmt: skip
