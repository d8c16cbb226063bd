"""Who redeems a coupon: measured on the shop's past coupons where there are some, else from the member's coupon days, else assumed."""

from __future__ import annotations

import polars as pl

from toolkit.answer import Note
from toolkit.language import tr
from toolkit.portrait.measures.levels import UNKNOWN, level
from toolkit.portrait.price_sensitivity import sensitivity_traits
from toolkit.scope.view import View

_PULL = 20
"""Contacts by which the rate of a level is pulled to that of all: a level of few contacts says little by itself."""


def redeem_chances(view: View) -> tuple[pl.DataFrame, str | Note]:
    """Return the chance that each member of the chain redeems one coupon (`member_code`, `chance` 0..1), and the sentence on its basis."""
    cuts, settings, sent = view.settings.sensitivity, view.settings.offers, _sent(view)
    # Coupon days in a time, not their share of the shopping days: a coupon is redeemed while it runs, as members come.
    traits = sensitivity_traits(view).select(
        "member_code", "coupon_days_28d", level("coupon_days_28d", cuts.low_share, cuts.high_share).fill_null(UNKNOWN).alias("level")
    )
    if sent is not None and sent.height >= settings.redemption_contacts:
        contacts = sent.join(view.population.select("member_code", "member_id"), on="member_id").join(traits, on="member_code")
        overall = float(str(contacts["redeemed"].mean() or 0))
        count, used = pl.len(), pl.col("redeemed").sum()
        rates = contacts.group_by("level").agg(((used + _PULL * overall) / (count + _PULL)).alias("chance"))
        levels = tr("; ").join(
            view.say("{pace:word} coupon days {chance:share}", pace=pace, chance=chance)
            for pace, chance in rates.sort("chance", "level", descending=True).iter_rows()
        )
        chances = traits.join(rates, on="level", how="left", maintain_order="left").with_columns(pl.col("chance").fill_null(overall))
        return chances.select("member_code", "chance"), view.say(
            "Who redeems is measured: past coupons, {n:contact}, {overall:share} redeemed ({levels}).",
            n=contacts.height, overall=overall, levels=levels,
        )  # fmt: skip
    if traits["coupon_days_28d"].null_count() < traits.height:
        own_pace = tr(
            "Who redeems: each member with the chance that they use any coupon within 28 days, at the pace of their coupon days so far; "
            "how often they use one that is sent to them is not measured."
        )
        # Members without a shopping day are not known to use none: they stand at the mean.
        chance = (1 - (-pl.col("coupon_days_28d")).exp()).alias("chance")
        return traits.select("member_code", chance.fill_null(chance.mean())), Note(own_pace, "REVIEW")
    assumed = view.say(
        "Assumed: {offers.redemption_share:share} of members redeem (setting offers.redemption_share); the lines have no `coupon_amount` "
        "and no past coupon was redeemed."
    )
    return traits.select("member_code", pl.lit(settings.redemption_share).alias("chance")), Note(assumed, "REVIEW")


def _sent(view: View) -> pl.DataFrame | None:
    """Each member that a coupon was sent to by a campaign that ended by as_of: `member_id`, `redeemed`. None without such tables."""
    campaigns, contacts, redemptions = (view.workspace.table(name) for name in ("campaigns", "contacts", "redemptions"))
    if campaigns is None or contacts is None or redemptions is None or not view.has_column("campaigns", "method"):
        return None
    over = campaigns.filter((pl.col("method") == "coupon") & (pl.col("ends_on") <= view.as_of)).select("campaign_id")
    used = redemptions.filter(pl.col("redeemed_at").dt.date() <= view.as_of).select("campaign_id", "member_id").unique()
    used = used.with_columns(pl.lit(True).alias("redeemed"))
    treated = contacts.filter(pl.col("arm") == "treated").join(over, on="campaign_id", how="semi")
    sent = (
        treated.join(used, on=["campaign_id", "member_id"], how="left").select("member_id", pl.col("redeemed").fill_null(False)).collect()
    )
    return sent if sent["redeemed"].any() else None
