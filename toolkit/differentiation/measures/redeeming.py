"""Who redeems a coupon: measured on the shop's past coupons where there are some, else the member's coupon affinity, else assumed."""

from __future__ import annotations

import polars as pl

from toolkit.answer import Note
from toolkit.language import tr
from toolkit.portrait.measures.levels import UNKNOWN
from toolkit.portrait.price_sensitivity import sensitivity_traits
from toolkit.scope.view import View

_PULL = 20
"""Contacts by which the rate of a level is pulled to that of all: a level of few contacts says little by itself."""


def redeem_chances(view: View) -> tuple[pl.DataFrame, str | Note]:
    """Return the chance that each member of the chain redeems one coupon (`member_code`, `chance` 0..1), and the sentence on its basis."""
    traits = sensitivity_traits(view).select("member_code", "coupon_affinity", pl.col("coupon_level").fill_null(UNKNOWN).alias("level"))
    sent = _sent(view)
    settings = view.settings.offers
    if sent is not None and sent.height >= settings.redemption_contacts:
        contacts = sent.join(view.population.select("member_code", "member_id"), on="member_id").join(traits, on="member_code")
        overall = float(str(contacts["redeemed"].mean() or 0))
        count, used = pl.len(), pl.col("redeemed").sum()
        rates = contacts.group_by("level").agg(((used + _PULL * overall) / (count + _PULL)).alias("chance"))
        levels = tr("; ").join(
            view.say("{level:word} affinity {chance:share}", level=level, chance=chance)
            for level, chance in rates.sort("chance", "level", descending=True).iter_rows()
        )
        chances = traits.join(rates, on="level", how="left", maintain_order="left").with_columns(pl.col("chance").fill_null(overall))
        return chances.select("member_code", "chance"), view.say(
            "Who redeems is measured: past coupons, {n:contact}, {overall:share} redeemed ({levels}).",
            n=contacts.height, overall=overall, levels=levels,
        )  # fmt: skip
    if traits["coupon_affinity"].null_count() < traits.height:
        own_affinity = tr(
            "Who redeems: each member with their coupon affinity, the share of their shopping days with a coupon; how often they use one "
            "that is sent to them is not measured."
        )
        return traits.select("member_code", pl.col("coupon_affinity").fill_null(0.0).alias("chance")), Note(own_affinity, "REVIEW")
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
