"""Members who did not come again, by what befell them last: a list to act on."""

from __future__ import annotations

from typing import Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding
from toolkit.errors import require_rows
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.phrases import list_cut_short
from toolkit.scope.view import View
from toolkit.targeting.measures.leaving import PART, WhyLeft, why_left_of
from toolkit.targeting.measures.member_list import member_table
from toolkit.targeting.measures.touched import WORDS
from toolkit.targeting.why_low import in_scope

MEMBERS = member_table(
    c.day("lost_on", "Last order"),
    c.text("cause", "Largest cause", null="none that was found"),
    c.share("cause_share", "Its part", "of this loss, by `targeting.why_low`"),
    c.money("spend_before", "Spend before", "of a quarter, at the pace of the half year up to the last order"),
)
Cause = Literal["any", "goods", "returns", "feedback", "services", "stock", "prices", "store", "deals", "asked", "offer"]


@question(
    "targeting",
    "Who did not come again, and what befell them last?",
    words=(
        "members lost after a bad rating, an unsolved case or a price rise",
        "lost members by cause",
        "who left because of a product",
        "流失会员 名单 按原因",
    ),
    tables=MEMBERS,
    figures=(c.count("members_in_all", "Members in all"), c.money("lost_spend", "Spend before")),
)
def lost_members(view: View, *, cause: Cause = "any", top: int = 100) -> Finding:
    """Return the members of `targeting.why_low` who did not come again and were not seen since: one row each, most spend before first.

    Parameters
    ----------
    cause
        Only those whom this cause touched last, where it was found; `any` = all who were lost.
    top
        Rows of the table at most; 0 = all, as an audience needs.

    Raises
    ------
    BadValue
        `top` is below 0.

    Example
    -------
    >>> tk.Audience.from_answer("rated badly", tk.targeting.lost_members(ws, cause="feedback", top=0))   # doctest: +SKIP
    """
    require_rows("targeting.lost_members", top)
    found = why_left_of(view)
    if found is None or (cause != "any" and cause not in found.found):
        why = found.missing.get(cause) if found else None
        headline = view.say(
            "{where}, nobody is known to be lost for this: {cause:word} [is_missing?is not measured|loses no more members than chance].",
            cause=WORDS.get(cause, cause), is_missing=found is None or why,
        ) if cause != "any" else view.say("{where}, who was lost cannot be told yet.")  # fmt: skip
        advice = view.say("Ask `targeting.why_low` what was found[; needed: {why}].", why=why)
        return unmeasured(MEMBERS, headline, advice, ask_next=[("targeting.why_low", {})])
    members = _members(view, found, cause)
    spend = float(members["spend_before"].sum())
    return Finding(
        headline=view.say(
            "{where}, {lost:member} did not come again and [single?was|were] not seen since[cause? ({cause:word})][is_enough?: "
            "{spend:money} a quarter before].",
            lost=members.height, single=members.height == 1 and view.least <= 1, cause=WORDS.get(cause), spend=spend,
            is_enough=members.height >= view.least,
        ),
        table=MEMBERS.of(members.head(top) if top else members, view),
        notes=[
            view.say(
                "Last orders of {start} to {end}, followed by none. What befell them last goes with staying away more than chance; of a "
                "single member nobody knows why.",
                start=found.window.start, end=found.window.end,
            ),
            *list_cut_short(view, members.height, top),
        ],
        ask_next=[("differentiation.goods_for", {}), ("targeting.why_low", {})],
        figures={"members_in_all": float(members.height), "lost_spend": spend if members.height >= view.least else None},
    )  # fmt: skip


def _members(view: View, found: WhyLeft, cause: Cause) -> pl.DataFrame:
    parts = [f"{PART}{name}" for name in found.found]
    lost = in_scope(view, found).filter("lost")
    if cause != "any":
        lost = lost.filter(pl.col(f"{PART}{cause}") > 0)
    reachable = pl.col("contactable").fill_null(False) if view.has_column("members", "contactable") else pl.lit(None, pl.Boolean)
    people = view.population.with_columns(reachable.alias("reachable")).select("member_code", "member_id", "last_ordered_on", "reachable")
    unseen = lost.join(people, on="member_code").filter(pl.col("last_ordered_on") == pl.col("day"))
    largest = pl.max_horizontal(*parts) if parts else pl.lit(0.0)
    words = [pl.when(pl.col(part) == largest).then(pl.lit(WORDS[name])) for part, name in zip(parts, found.found, strict=True)]
    return unseen.select(
        "member_id",
        pl.col("day").alias("lost_on"),
        pl.when(largest > 0).then(pl.coalesce(words) if words else pl.lit(None, pl.String)).alias("cause"),
        pl.when(largest > 0).then(largest).alias("cause_share"),
        view.major("at_stake").alias("spend_before"),
        "reachable",
    ).sort("spend_before", "member_id", descending=[True, False])
