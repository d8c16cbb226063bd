"""What an offer is replayed on: the audience's baskets of the window, what they bought by category, and the margin of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from toolkit.answer import Note
from toolkit.language import tr
from toolkit.mart.margins import Margin
from toolkit.mart.windows import pieces_of_orders, window_sums
from toolkit.scope.phrases import made_where
from toolkit.scope.view import View

BASIS_POINTS = 10_000


@dataclass(frozen=True)
class Past:
    """The past of the members in scope over `view.period`; all frames carry the columns `by` of `groups`, money in minor units."""

    view: View
    groups: pl.DataFrame | None = None
    """`member_code` and the columns to group members by; members it leaves out take no part. None = one group."""

    @property
    def by(self) -> list[str]:
        """The columns that members are grouped by."""
        return [] if self.groups is None else [name for name in self.groups.columns if name != "member_code"]

    @cached_property
    def members(self) -> pl.DataFrame:
        """One row per member in scope: `member_code`, `is_contacted` (may be contacted, or the shop does not say) and the groups."""
        members = self.view.members
        told = pl.col("contactable").fill_null(False) if "contactable" in members.columns else pl.lit(True)
        return self._grouped(members.select("member_code", told.alias("is_contacted")))

    @cached_property
    def orders(self) -> pl.DataFrame:
        """One row per order of a member in the window: `member_code`, `day`, `is_order`, `amount`."""
        inside = self.view.orders.filter(pl.col("member_code").is_not_null() & self.view.period.holds())
        wanted = inside.select("member_code", pl.col("ordered_at").dt.date().alias("day"), "is_order", "amount")
        return self._grouped(wanted.collect(engine="streaming"))

    @cached_property
    def baskets(self) -> pl.DataFrame:
        """The orders that an offer could have met: something was bought, and paid for."""
        return self.orders.filter(pl.col("is_order") & (pl.col("amount") > 0))

    @cached_property
    def categories(self) -> pl.DataFrame:
        """What members bought in the window: one row per member x category.

        `member_code`, `category_code`, `orders`, `amount`, `costed_amount` and `costed_margin_milli` (see `window_sums`).
        """
        view = self.view
        keys = ("member", "category", "store") if view.scope.is_place else ("member", "category")
        bought = window_sums(view.workspace, view.mart, view.period.start, view.period.end, by=keys, members=view.members)
        if view.scope.is_place:
            places = view.orders.select("store_code").unique().collect()
            sums = ["orders", "amount", "costed_amount", "costed_margin_milli"]
            bought = bought.join(places, on="store_code", how="semi").group_by("member_code", "category_code").agg(pl.col(sums).sum())
        wanted = ["member_code", "category_code", "orders", "amount", "costed_amount", "costed_margin_milli"]
        return self._grouped(bought.select(wanted).sort("member_code", "category_code"))

    @cached_property
    def pieces(self) -> pl.DataFrame:
        """Goods that members bought in whole pieces in the window: one row per order and product (see `pieces_of_orders`)."""
        view = self.view
        bought = pieces_of_orders(view.workspace, view.mart, view.period.start, view.period.end, self.members)
        if view.scope.is_place:
            bought = bought.join(view.orders.select("store_code").unique().collect(), on="store_code", how="semi", maintain_order="left")
        return self._grouped(bought.filter(pl.col("category_code").is_not_null()))

    @cached_property
    def sales(self) -> int:
        """Sales of the baskets, minor units."""
        return int(self.baskets["amount"].sum())

    @cached_property
    def margin(self) -> Margin:
        """The margin of what the members bought in the window: measured, else the setting's, else not known."""
        everybody = self.view.remembered((__name__, "margin"), lambda: Past(self.view)._margin)
        # Where no cost is known at all, no part has one.
        return everybody if self.groups is None or everybody.basis != "measured" else self._margin

    def minor(self, amount: float | None) -> int:
        """Return currency units as whole minor units; none is 0."""
        return round((amount or 0) * self.view.minor_units)

    @property
    def _margin(self) -> Margin:
        sums = self.categories.select(pl.col("amount").clip(0, None), "costed_amount", "costed_margin_milli").sum().row(0)
        if sums[1] > 0:
            return Margin(sums[2] / 1000 / sums[1], "measured", min(sums[1] / max(sums[0], 1), 1.0))
        assumed = self.view.settings.offers.margin_share
        return Margin(assumed, "not known" if assumed is None else "assumed")

    def margins(self, *keys: str) -> pl.DataFrame:
        """Return `keys` (of `by` and `category_code`) and `margin_share` by group; where a group's is not known, that of all members."""
        kept = pl.col("costed_margin_milli").sum() / 1000 / pl.col("costed_amount").sum()
        margin = pl.when(pl.col("costed_amount").sum() > 0).then(kept).fill_null(self._fallback).alias("margin_share")
        return self.categories.group_by(keys).agg(margin).sort(keys)

    def with_margin(self, replayed: pl.DataFrame) -> pl.DataFrame:
        """Return a replay with the `margin_share` of its group."""
        return self._with_margin_of(self.by, replayed)

    def with_category_margin(self, replayed: pl.DataFrame) -> pl.DataFrame:
        """Return a replay with the `margin_share` of its `category_code`."""
        return self._with_margin_of(["category_code"], replayed)

    def with_category(self, replayed: pl.DataFrame) -> pl.DataFrame:
        """Return a replay by `category_code` with the `category`'s name."""
        names = self.view.categories.select("category_code", "category")
        return replayed.join(names, on="category_code", how="left", maintain_order="left")

    def _with_margin_of(self, keys: list[str], replayed: pl.DataFrame) -> pl.DataFrame:
        if not keys or self.margin.basis != "measured":
            return replayed.with_columns(self._fallback.alias("margin_share"))
        joined = replayed.join(self.margins(*keys), on=keys, how="left", maintain_order="left")
        return joined.with_columns(pl.col("margin_share").fill_null(self._fallback))

    @property
    def _fallback(self) -> pl.Expr:
        return pl.lit(self.margin.share, pl.Float64)

    def _grouped(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame if self.groups is None else frame.join(self.groups, on="member_code", maintain_order="left")


def basis_points(share: float | None) -> int:
    """Return a share (0..1; none is 0) in basis points."""
    return round((share or 0) * BASIS_POINTS)


def reach_bp(view: View) -> int:
    """Return setting offers.reach_share in basis points."""
    return basis_points(view.settings.offers.reach_share)


def contact_cost(view: View) -> tuple[float, str | Note]:
    """Return what one contact costs, in minor units, and the sentence that says where that is from."""
    stated = view.settings.offers.cost_per_contact
    if stated is not None:
        return stated * view.minor_units, view.say("A contact costs {offers.cost_per_contact:money} (setting offers.cost_per_contact).")
    # Each of a plan's sentences asks anew, since it may be said in another language; the table is read once.
    known = view.remembered((__name__, "contact costs", view.workspace.written_at()), lambda: _contact_costs(view))
    if known.len():
        middle = float(str(known.median()))
        return middle, view.say("A contact costs {cost:minor}: the middle one of {n:campaign} of the shop.", cost=middle, n=known.len())
    unknown = tr("What a contact costs is not known and counted as nothing: say what one costs (cost_per_contact).")
    return 0.0, Note(unknown, "REVIEW")


def _contact_costs(view: View) -> pl.Series:
    """What a contact cost in each campaign of the shop's table that says so, minor units."""
    campaigns = view.workspace.table("campaigns")
    if campaigns is None or not view.has_column("campaigns", "cost_per_contact"):
        return pl.Series(dtype=pl.Int64)
    known = campaigns.filter(pl.col("starts_on") <= view.as_of).select(pl.col("cost_per_contact").drop_nulls()).collect()
    return known["cost_per_contact"]


def contacts_unpriced(view: View) -> bool:
    """Return whether nothing says what a contact costs, so that contacts are counted as nothing."""
    return isinstance(contact_cost(view)[1], Note)


def accounting_notes(past: Past, assumed: str) -> list[str | Note]:
    """Return what every replay must say: that it is accounting, what is `assumed` (a sentence), and the margin it rests on."""
    view = past.view
    return [
        view.say(
            "This is accounting on {baskets:basket} of members {made_where}, {period}, as they were: what the offer would have been paid "
            "for, not a forecast of what it changes.[ {unpaid:receipt} without a paid basket (returns, coupons alone; {lost}) are left "
            "out.] Purchases of non-members are not in it.",
            baskets=past.baskets.height, made_where=made_where(view), unpaid=past.orders.height - past.baskets.height,
            lost=view.money(int(past.orders["amount"].sum()) - past.sales),
        ),
        Note(assumed, "REVIEW"),
        margin_note(view, past.margin),
    ]  # fmt: skip


def margin_note(view: View, margin: Margin) -> str | Note:
    """Return where the margin comes from, or what is missing."""
    if margin.basis == "measured":
        sentence = view.say(
            "Margin: {margin:share} of sales, from the unit costs of {known:.0%} of them[in_part?; the rest is taken to be alike]."
            "[is_thin? State more unit costs.]",
            margin=margin.share, known=margin.known_share, in_part=margin.known_share <= 0.995, is_thin=margin.known_share < 0.5,
        )  # fmt: skip
        return Note(sentence, "REVIEW") if margin.known_share < 0.5 else sentence
    if margin.basis == "assumed":
        return Note(
            view.say(
                "Margin: {margin:share} of sales is assumed (setting offers.margin_share): no unit cost is known.", margin=margin.share
            ),
            "REVIEW",
        )
    unknown = tr(
        "No margin is known, so money is in sales and no net is given: the products table has no `unit_cost`. Import it, or assume a "
        "margin (setting offers.margin_share, such as 0.25)."
    )
    return Note(unknown, "NOT MEASURED")


def break_even_note(view: View, cost: float, sales: float, what: str) -> list[str | Note]:
    """Return by how much sales must rise to pay a cost, at the margins of setting offers.break_even_margins; nothing without sales."""
    if sales <= 0:
        return []
    rises = [
        view.say("{cost:share} at a margin of {margin:.0%}", cost=cost / (margin * sales), margin=margin)
        for margin in view.settings.offers.break_even_margins
    ]
    return [
        view.say(
            "Break-even of {what} for assumed margins: sales of {sales:minor} must rise by {rises}.",
            what=what, sales=sales, rises=tr(", ").join(rises),
        )
    ]  # fmt: skip
