"""Tiers: who holds which, who is near the next, and who will fall."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.errors import require_rows
from toolkit.language import tr, value
from toolkit.portrait.membership.standing import Rules, counted, held_on, placed, shown, tier_rules
from toolkit.portrait.membership.tables import names
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.phrases import list_cut_short
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

NO_TIER = value("(none stated)")
TIERS = c.table(
    "one row per tier, lowest first",
    c.text("tier"),
    c.number("threshold", "From", "what the tier needs: currency units, orders or points", hidden_by=None),
    c.members("member_count", "Members who hold it"),
    c.share("member_share", "Share of members", "in scope"),
    c.members("near_count", "Near it", "hold a lower one and lack at most membership.near_share of its threshold"),
    c.members("falls_count", "Fall from it", "hold it and count less than it needs: they lose it at the next look"),
    c.money("sales", "Sales", "of the window of the rules, by who holds it"),
    c.share("sales_share", "Share of sales", "of members in scope", null="nothing was sold"),
)
MEMBERS = c.table(
    "one row per member near a tier (or about to fall from one), least lacking first, to be kept as an audience",
    c.text("member_id", "Member"),
    c.text("tier"),
    c.text("tier_next", "Tier in question", "the one that is near, or that they fall from"),
    c.number("counted", "Counted so far", "currency units, orders or points", hidden_by=None),
    c.number("lacking", "Lacking", "to the threshold", hidden_by=None),
    c.number("lost_soon", "Of it runs out", "within 30 days: it leaves the window", hidden_by=None),
    c.flag("reachable", "May be contacted", null="the shop does not say who may be contacted"),
)
_SOON_DAYS = 30


@question(
    "portrait",
    "Who is near the next tier, and who will fall?",
    words=(
        "members near a tier, members about to be upgraded",
        "who loses their tier, who falls back",
        "how many members hold each tier",
        "即将升级的会员 即将降级 会员等级分布 保级",
    ),
    tables=(TIERS, MEMBERS),
    figures=(c.members("near_members", "Near a tier"), c.members("falling_members", "About to fall")),
)
def tiers(view: View, *, show: Literal["tier", "near", "falls"] = "tier", top: int = 100) -> Finding:
    """Return the tiers with their members, or the members near a tier (or about to fall from one) as a list.

    What counts is summed over the window of `tier_rules` up to as_of. A member holds the tier that the table `tiers` says, else the one
    that the rules give. Near: lacks at most membership.near_share of the next threshold. Falls: counts less than the tier held needs, so
    that the next look takes it away.

    Parameters
    ----------
    show
        `tier`, or the members: `near`, `falls`.
    top
        Rows of a list of members at most; 0 = all, as an audience needs.

    Raises
    ------
    BadValue
        `top` is below 0.

    Example
    -------
    >>> tk.Audience.from_answer("near gold", tk.portrait.tiers(ws, show="near", top=0))   # doctest: +SKIP
    """
    require_rows("portrait.tiers", top)
    declared = TIERS if show == "tier" else MEMBERS
    rules = tier_rules(view)
    if isinstance(rules, str):
        headline = view.say("{where}, who is near a tier is not measured: the rules of the tiers are not known.")
        return unmeasured(
            declared, headline, view.say("Needed: {rules}.", rules=rules), ask_next=[("portrait.contribution", {"by": "tier"})]
        )
    people, notes = standing(view, rules)
    near, falls = (people.filter(flag) for flag in ("near", "falls"))
    listed = near if show == "near" else falls
    table = declared.of(_tier_rows(view, rules, people) if show == "tier" else _list(view, rules, listed, show, top), view)
    return Finding(
        headline=view.say(
            "{where}, {near:member} [one?lacks|lack] at most {membership.near_share:.0%} of what the next tier needs, and {falls:member} "
            "count[alone?s] less than the tier that they hold needs.",
            near=near.height, one=near.height == 1 and view.least <= 1, falls=falls.height, alone=falls.height == 1 and view.least <= 1,
        ),
        table=table,
        chart=(lambda: _chart(view, table)) if show == "tier" else None,
        notes=[*notes, *_notes(view, rules, show, top, listed)],
        ask_next=[
            ("portrait.tiers", {"show": "near" if show != "near" else "falls", "top": 0}),
            ("review.tier_effect", {}),
            ("portrait.contribution", {"by": "tier", "measure": "margin"}),
        ],
        figures={"near_members": float(near.height), "falling_members": float(falls.height)},
    )  # fmt: skip


def standing(view: View, rules: Rules) -> tuple[pl.DataFrame, list[str | Note]]:
    """Return one row per member in scope: member_code, member_id, `tier` held, `counted`, `soon`, `next`, `need`, flags `near`, `falls`."""
    people = view.members.select("member_code", "member_id").join(counted(view, rules, view.as_of), on="member_code", how="left")
    people = people.join(_ending(view, rules), on="member_code", how="left").with_columns(pl.col("counted", "soon").fill_null(0))
    notes: list[str | Note] = []
    found = held_on(view, view.as_of)
    by_rule = placed(rules, pl.col("counted"))
    if found is None:
        people = people.with_columns(by_rule.alias("tier"))
        notes.append(tr("The table `tiers` was not handed over: members hold what the rules give them, so nobody falls."))
    else:
        held, overlaps = found
        people = people.join(held, on="member_id", how="left").rename({"held": "tier"})
        strange = people.filter(pl.col("tier").is_not_null() & ~pl.col("tier").is_in(list(rules.tiers)))
        if strange.height:
            text = view.say(
                "{strange:member} hold[one?s] a tier that the rules do not name ({listed}), perhaps one that was renamed: they are near "
                "none and fall from none.",
                strange=strange.height, one=strange.height == 1, listed=names(sorted(strange["tier"].unique())),
            )  # fmt: skip
            notes.append(Note(text, "REVIEW"))
        if overlaps:
            text = view.say("Of {overlaps:member} two stretches of tiers overlap: the one that began last counts.", overlaps=overlaps)
            notes.append(Note(text, "REVIEW"))
    ladder = pl.DataFrame({"tier": list(rules.tiers), "step": list(range(len(rules.tiers))), "own_need": list(rules.thresholds)})
    people = people.join(ladder, on="tier", how="left", maintain_order="left")
    is_known = pl.col("step").is_not_null() | pl.col("tier").is_null()
    step = pl.col("step").fill_null(-1)
    following = pl.DataFrame({"following": list(range(len(rules.tiers))), "next": list(rules.tiers), "need": list(rules.thresholds)})
    people = people.with_columns(pl.when(is_known).then(step + 1).cast(pl.Int64).alias("following"))
    people = people.join(following, on="following", how="left", maintain_order="left")
    share = view.settings.membership.near_share
    near = (pl.col("counted") < pl.col("need")) & (pl.col("need") - pl.col("counted") <= share * pl.col("need")) & (pl.col("need") > 0)
    falls = ((pl.col("counted") < pl.col("own_need")) & (pl.col("own_need") > 0)).fill_null(False)
    return people.with_columns(near.fill_null(False).alias("near"), falls.alias("falls")).sort("member_id"), notes


def _ending(view: View, rules: Rules) -> pl.DataFrame:
    """What leaves the window of the rules within 30 days."""
    days = min(_SOON_DAYS, rules.window_days)
    end = view.as_of - timedelta(days=rules.window_days - days)
    short = Rules(rules.tiers, rules.thresholds, rules.measure, days)
    return counted(view, short, end).rename({"counted": "soon"})


def _tier_rows(view: View, rules: Rules, people: pl.DataFrame) -> pl.DataFrame:
    units = view.minor_units if rules.measure == "sales" else 1
    sales = counted(view, Rules(rules.tiers, rules.thresholds, "sales", rules.window_days), view.as_of).rename({"counted": "amount"})
    people = people.join(sales, on="member_code", how="left").with_columns(pl.col("amount").fill_null(0), pl.col("tier").fill_null(NO_TIER))
    total = int(people["amount"].sum())
    held = people.group_by("tier").agg(
        pl.len().cast(pl.Int64).alias("member_count"), pl.col("falls").sum().cast(pl.Int64).alias("falls_count"), pl.col("amount").sum()
    )
    near = people.filter("near").group_by(pl.col("next").alias("tier")).agg(pl.len().cast(pl.Int64).alias("near_count"))
    known = pl.DataFrame(
        {"tier": list(rules.tiers), "threshold": [one / units for one in rules.thresholds], "place": list(range(len(rules.tiers)))}
    )
    rows = known.join(held, on="tier", how="full", coalesce=True).join(near, on="tier", how="left").sort("place", "tier", nulls_last=True)
    return rows.select(
        "tier", "threshold", pl.col("member_count").fill_null(0),
        (pl.col("member_count").fill_null(0) / max(people.height, 1)).alias("member_share"),
        pl.col("near_count").fill_null(0), pl.col("falls_count").fill_null(0), view.major(pl.col("amount").fill_null(0)).alias("sales"),
        (pl.col("amount").fill_null(0) / total if total > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
    )  # fmt: skip


def _list(view: View, rules: Rules, members: pl.DataFrame, show: str, top: int) -> pl.DataFrame:
    units = view.minor_units if rules.measure == "sales" else 1
    may = pl.col("contactable").fill_null(False) if view.has_column("members", "contactable") else pl.lit(None, pl.Boolean)
    people = view.members.with_columns(may.alias("reachable")).select("member_code", "reachable")
    need = pl.col("need") if show == "near" else pl.col("own_need")
    rows = (
        members.with_columns((need - pl.col("counted")).alias("short"))
        .sort("short", "member_id")
        .join(people, on="member_code", maintain_order="left")
    )
    rows = rows.head(top) if top else rows
    return rows.select(
        "member_id", "tier", (pl.col("next") if show == "near" else pl.col("tier")).alias("tier_next"), pl.col("counted") / units,
        (pl.col("short") / units).alias("lacking"), (pl.col("soon") / units).alias("lost_soon"), "reachable",
    )  # fmt: skip


def _notes(view: View, rules: Rules, show: str, top: int, members: pl.DataFrame) -> list[str | Note]:
    steps = [f"{tier}: {shown(view, rules, need)}" for tier, need in zip(rules.tiers, rules.thresholds, strict=True)]
    notes: list[str | Note] = [view.say("Counted over {days} days up to {as_of}; {steps}.", days=rules.window_days, steps=names(steps, 8))]
    if view.first_day > view.as_of - timedelta(days=rules.window_days - 1):
        text = view.say(
            "The receipts start on {first_day}, within the window of the rules: what was bought before does not count here.",
            first_day=view.first_day,
        )
        notes.append(Note(text, "REVIEW"))
    if show != "tier":
        notes += list_cut_short(view, members.height, top)
        notes.append(tr("Who is near may buy what lacks by themselves: hold some out before you judge what a word to them did."))
    return notes


def _chart(view: View, table: AnswerTable) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    measures = {"member_share": tr("share of members"), "sales_share": tr("share of sales")}
    return measured_bars(
        table.frame,
        label="tier",
        measures=measures,
        n="member_count",
        title=tr("Members and sales by tier"),
        subtitle=view.say("{place}, {as_of}"),
    )
