"""Who takes part in a campaign: the audience with segment and scores, and who is left out of it, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import polars as pl

from toolkit.audience import members_of_scope
from toolkit.audience.viewers import admit
from toolkit.differentiation.measures.cells import member_cells
from toolkit.language import value
from toolkit.ledger.campaigns import LEFT_OUT
from toolkit.ledger.definition import Definition
from toolkit.ledger.global_control import read_global_control
from toolkit.ledger.history import BUSY, busy, contacted
from toolkit.scope.minimum import shop_settings
from toolkit.scope.traits import with_traits
from toolkit.scope.view import View, open_view
from toolkit.settings import Settings, read_settings
from toolkit.workspace import Workspace

FROM_TRAITS = ("segment", "r_score", "f_score", "m_score", "promo_dependence", "coupon_affinity", "recency_days")
"""Traits of the portrait that are frozen; its `segment` is kept as `rfm_segment`."""
FROM_MART = ("order_count_91d", "amount_28d", "amount_91d", "amount_prev_91d", "amount_365d")
"""Features of the mart that are frozen: orders, and spend in minor units."""
BALANCED = (
    "r_score", "f_score", "m_score", "promo_dependence", "coupon_affinity", "recency_days", "order_count_91d", "amount_28d", "amount_91d",
    "amount_prev_91d",
)  # fmt: skip
"""Scores on which the arms are made alike."""


@dataclass(frozen=True)
class Enrolment:
    """The audience of a campaign in the view of its scope.

    `everybody`: one row per member, sorted by member_id: `member_id`, `segment` (of `member_cells`), `offer` (its name, or "do nothing"),
    `touchpoint`, `store_id`, the scores, and `reason` (why left out; null = takes part). `in_other_campaigns`: see `ledger.history.busy`.
    """

    view: View
    definition: Definition
    everybody: pl.DataFrame
    in_other_campaigns: pl.DataFrame

    @cached_property
    def members(self) -> pl.DataFrame:
        """Those who take part."""
        return self.everybody.filter(pl.col("reason").is_null()).drop("reason")

    @cached_property
    def left_out(self) -> pl.DataFrame:
        """Those who do not (schema LEFT_OUT)."""
        return self.everybody.filter(pl.col("reason").is_not_null()).select(LEFT_OUT.names())

    def left_out_count(self, reason: str) -> int:
        """Members left out for one reason."""
        return self._left_out_counts.get(reason, 0)

    @cached_property
    def _left_out_counts(self) -> dict[str, int]:
        return dict(self.left_out.group_by("reason").len().iter_rows())


GLOBAL, NOT_CONTACTABLE, UNKNOWN, RESTING, BUSY_NOW, NOTHING = (
    value("in the global control"),
    value("must not be contacted"),
    value("not known to be contactable"),
    value("contacted often enough lately"),
    value("in another campaign at the time"),
    value("do nothing"),
)
"""Reasons why somebody is left out."""


def campaign_view(workspace: Workspace, definition: Definition, *, as_of: str | None = None, settings: Settings | None = None) -> View:
    """Return the view of a campaign's audience on the day its arms are fixed.

    Raises
    ------
    UnknownName, BadValue, DataError
        Its store, region, audience, settings or the day cannot be used.
    NotAllowed
        Who asks may not ask of its audience (`audience.viewers`).
    """
    shop = settings or shop_settings(workspace)
    view = open_view(
        workspace,
        store_id=definition.store_id,
        region=definition.region,
        as_of=as_of,
        settings=read_settings(definition.settings, base=shop),
        **members_of_scope(workspace, definition.audience),
    )
    admit(view, definition.audience or None)
    return view


def enrol(view: View, definition: Definition) -> Enrolment:
    """Return who takes part in a campaign and who does not: the first reason that holds, in this order.

    In the global control; must not be contacted, or not known to be (where the shop says who may be); contacted by `offers.most_contacts`
    campaigns within `offers.rest_days` before it starts; in an arm of another campaign whose window meets this one; of a segment that gets
    "do nothing". All reasons are known before the arms are drawn, so leaving out does not bias the comparison.
    """
    members = _with_scores(view, definition)
    offers = view.settings.offers
    first = definition.starts_on - timedelta(days=offers.rest_days)
    lately = contacted(view.workspace, first, definition.starts_on - timedelta(days=1), as_of=view.as_of)
    resting = lately.filter(pl.col("contact_count") >= offers.most_contacts)["member_id"]
    if definition.ends_on >= definition.starts_on:
        others = busy(
            view.workspace, definition.starts_on, definition.ends_on, as_of=view.as_of, apart_from=definition.campaign_id
        ).join(members.select("member_id"), on="member_id", how="semi")  # fmt: skip
    else:
        others = pl.DataFrame(schema=BUSY)
    consent = pl.col("contactable") if "contactable" in members.columns else pl.lit(True)
    reason = (
        pl.when(read_global_control(view.workspace).holds(members["member_id"])).then(pl.lit(GLOBAL))
        .when(~consent).then(pl.lit(NOT_CONTACTABLE))
        .when(consent.is_null()).then(pl.lit(UNKNOWN))
        .when(pl.col("member_id").is_in(resting.implode())).then(pl.lit(RESTING))
        .when(pl.col("member_id").is_in(others["member_id"].implode())).then(pl.lit(BUSY_NOW))
        .when(pl.col("offer") == NOTHING).then(pl.lit(NOTHING))
    )  # fmt: skip
    everybody = members.with_columns(reason=reason).drop("contactable", strict=False)
    return Enrolment(view, definition, everybody, others)


def _with_scores(view: View, definition: Definition) -> pl.DataFrame:
    """The audience with segment, offer, touchpoint, store and scores; `contactable` where the shop has it."""
    scores = view.remembered((__name__, "scores"), lambda: _scores(view))
    named = scores["segment"].unique().to_list()
    offers = {one: definition.offer_name_for(one) for one in named}
    touchpoints = {one: definition.touchpoint_for(one) for one in named}
    return scores.select(
        "member_id",
        "segment",
        pl.col("segment").replace_strict(offers, return_dtype=pl.String).alias("offer"),
        pl.col("segment").replace_strict(touchpoints, return_dtype=pl.String).alias("touchpoint"),
        pl.exclude("member_id", "segment"),
    )


def _scores(view: View) -> pl.DataFrame:
    """The audience with segment, store, scores and consent, whatever it is offered; sorted by member_id."""
    inside = view.members.select("member_id", "member_code", *FROM_MART)
    cells = member_cells(view).rename({"segment": "cell"})
    traits = with_traits(view, FROM_TRAITS)
    store = next(name for name in ("usual_store_id", "home_store_id") if name in traits.columns)
    consent = ["contactable"] if view.has_column("members", "contactable") else []
    scored = (
        inside.join(cells, on="member_code", how="left", maintain_order="left")
        .join(traits.select("member_id", *FROM_TRAITS, store, *consent), on="member_id", how="left", maintain_order="left")
        .rename({"segment": "rfm_segment", "cell": "segment"})
    )
    return scored.select(
        "member_id",
        "segment",
        (pl.lit(view.scope.store_id) if view.scope.store_id is not None else pl.col(store)).cast(pl.String).alias("store_id"),
        *("sensitivity", "power", "stage", "rfm_segment"),
        *(name for name in FROM_TRAITS if name != "segment"),
        *FROM_MART,
        *consent,
    ).sort("member_id")
