"""Multiplied points: double or triple points on everything, at what a point costs the shop in the end."""

from __future__ import annotations

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.differentiation.measures.amounts import read_budget
from toolkit.differentiation.measures.past import Past
from toolkit.differentiation.methods.method import BEST_NET
from toolkit.differentiation.methods.side_by_side import no_replay, offers_method, offers_table, past_of, tell_offers, with_response
from toolkit.errors import BadValue
from toolkit.expressions import divide_half_up
from toolkit.language import tr
from toolkit.ledger.offer import Offer, plain
from toolkit.models.point_lots import point_lots, redemption
from toolkit.models.replay_members import MILLI, replay_extra_points
from toolkit.portrait.membership.points import point_worth
from toolkit.portrait.membership.tables import known_rows, needed
from toolkit.registry import question
from toolkit.scope.view import View


def _entries(view: View) -> pl.DataFrame | None:
    return view.remembered((__name__, "entries"), lambda: known_rows(view, "points"))


def burnt_share(view: View) -> float | None:
    """Return the share of outstanding points that will be burnt; None where no point was burnt yet."""

    def learned() -> float | None:
        entries = _entries(view)
        assert entries is not None
        lots = entries.select(pl.col("member_id").alias("member"), "day", "kind", "points").sort("day", maintain_order=True)
        forecast = redemption(point_lots(lots), view.as_of, view.settings.membership.points_ahead_days)
        return None if forecast is None else forecast.share

    return view.remembered((__name__, "burnt"), learned)


def _needs(past: Past, offer: Offer | None) -> str | None:
    view, entries = past.view, _entries(past.view)
    if entries is None or entries.filter(pl.col("kind") == "earned").is_empty():
        return needed("points")
    if point_worth(view, entries)[0] is None:
        return tr("what a point is worth (column `value` of the table `points`, or setting membership.point_value)")
    return None


def replayed_points(past: Past, times: float) -> pl.DataFrame:
    """Return `times` as many points as `reckon` takes it: one row per group of `past`; none where the points are not known."""
    view, entries = past.view, _entries(past.view)
    worth = None if entries is None else point_worth(view, entries)[0]
    if entries is None or worth is None:
        return no_replay(past)
    inside = pl.col("day").is_between(view.period.start, view.period.end) & (pl.col("kind") == "earned")
    earned = entries.filter(inside).group_by("member_id").agg(pl.col("points").sum().alias("point_count"))
    orders = pl.col("order_count").cast(pl.Int64)
    people = view.population.select(
        "member_code",
        "member_id",
        pl.when(orders > 0).then(divide_half_up(pl.col("amount"), pl.when(orders > 0).then(orders))).alias("usual_amount"),
    ).join(earned, on="member_id", how="left")
    baskets = past.baskets.group_by("member_code").agg(pl.len().cast(pl.Int64).alias("order_count"), pl.col("amount").sum())
    members = (
        past.members.join(people, on="member_code", how="left", maintain_order="left")
        .join(baskets, on="member_code", how="left", maintain_order="left")
        .with_columns(pl.col("order_count", "amount", "point_count").fill_null(0))
    )
    rate = int(members["point_count"].sum()) / max(int(members["amount"].sum()), 1)
    cost = worth * view.minor_units * (share if (share := burnt_share(view)) is not None else 1.0)
    more = round((times - 1) * MILLI)
    counted = replay_extra_points(members, more_milli=more, point_cost=cost, rate=rate, by=past.by)
    return with_response(past, past.with_margin(counted), pl.lit(rate * more / MILLI * cost)).with_columns(pl.lit(times).alias("times"))


EXTRA_POINTS = offers_method(
    offers_table("baskets of the period: all get them", "members without a basket in the period, who came before"),
    replay=lambda past, offer: replayed_points(past, offer.times or 2.0),
    proposed=lambda past: replayed_points(past, 2.0),
    text=lambda view, cell: f"extra_points {plain(cell['times'])}x",
    keys=("times",),
    needs=_needs,
)


@question(
    "differentiation",
    "What would double points cost us?",
    words=(
        "double points, triple points, multiplied points for members",
        "what does a points multiplier cost, extra points campaign",
        "多倍积分 双倍积分 积分加倍 三倍积分",
    ),
    tables=EXTRA_POINTS.table,
    figures=BEST_NET,
)
def extra_points(view: View, *, times: str | float | list[float] = "2, 3", budget: float | None = None) -> Finding:
    """Return what more points on everything would have cost: one row per multiple, largest net first.

    Accounting: every basket of the period gets them anyway, since points need no decision of the member. A member's points of the period
    are multiplied and rounded to whole ones; a point costs what burnt ones are worth (portrait.points), times the share that will be
    burnt. Within reach are members who came before and had no basket in the period: they would come with their usual one.

    Parameters
    ----------
    times
        How many times as many points, one or several ("2, 3"): 2 = double.
    budget
        Most that it may cost over a window like the period, in currency units; empty = no limit.

    Raises
    ------
    BadValue
        A multiple that is not above 1 and up to 20, a budget of nothing.

    Example
    -------
    >>> tk.differentiation.extra_points(ws, times=2).headline      # doctest: +SKIP
    """
    spend = read_budget(budget, "differentiation.extra_points")
    given = [part.strip() for part in times.split(",")] if isinstance(times, str) else times if isinstance(times, list) else [times]
    try:
        multiples = sorted({float(one) for one in given})
    except ValueError:
        raise BadValue(tr("times is '{given}'; multiples such as 2 or '2, 3' were needed.", given=str(times))) from None
    offers = [Offer(name=f"{one}x", method="extra_points", times=one) for one in multiples]
    past, left_out = past_of(view)
    notes = list[str | Note]()
    if _needs(past, None) is None:
        share, entries = burnt_share(view), _entries(view)
        assert entries is not None
        notes.append(
            view.say(
                "A point costs what burnt ones are worth, {worth:.4f} {currency}[known?, times the {share:.0%} of points that will be "
                "burnt|; none was burnt so far, so each is counted in full].",
                worth=point_worth(view, entries)[0], known=share is not None, share=share or 0.0,
            )
        )  # fmt: skip
    return tell_offers(
        past, left_out, EXTRA_POINTS, offers, spend, called=tr("multiple of points"), notes=notes,
        ask_next=[("portrait.points", {}), ("differentiation.replay_rules", {})],
    )  # fmt: skip
