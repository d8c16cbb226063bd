"""What a tier changes: members who just reached its threshold against those who just missed it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.errors import unknown_name
from toolkit.language import tr, value
from toolkit.models.discontinuity import Bunching, Jump, bunching_at, jump_at, placebo_jumps
from toolkit.portrait.membership.standing import Rules, counted, held_on, tier_rules
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

EFFECT, NO_EFFECT, DOUBTED, FEW = value("told"), value("none beyond chance"), value("not to be claimed"), value("too few near")
PLACEBO, CUT = value("no cut-off, for comparison"), value("cut-off")
JUMPS = c.table(
    "one row per cut-off, then its placebos: places that are no cut-off, where nothing should change",
    c.text("tier"),
    c.text("kind"),
    c.number("threshold", "Cut-off", "currency units, orders or points", hidden_by=None),
    c.members("member_count", "Members near", "within the bandwidth on both sides; who was looked at several times counts each time"),
    c.money("below_spend", "Spend just below", "fitted, of the days after"),
    c.money("above_spend", "Spend just above", "fitted, of the days after"),
    *c.interval(c.money("change_spend", "Change", "robust to what curves, bias taken off", null="too few members near")),
    c.share("holding_change", "Change of who holds it", "share of holders above less below", null="no table tiers"),
    c.number("bandwidth", "Bandwidth", "how far from the cut-off members are compared", hidden_by=None),
    c.index("crowd_index", "Crowding (1 = none)", "members just above over just below", null="of a placebo, or too few"),
    c.number("crowd_p", "p-value of crowding", hidden_by=None, null="of a placebo, or too few"),
    c.text("reading", "How to read it"),
)  # fmt: skip


@question(
    "review",
    "What does a tier change?",
    words=(
        "effect of a tier on spend, do members buy more once they are gold",
        "does the membership tier pay, regression discontinuity at the cut-off",
        "what does the upgrade change",
        "会员等级有效果吗 升级后消费变化 断点回归",
    ),
    tables=JUMPS,
    figures=c.interval(c.money("tier_change_spend", "Change at the cut-off")),
)
def tier_effect(view: View, *, tier: str | None = None) -> Finding:
    """Return what changes at each tier's cut-off in the quarter after it was given: one row per cut-off, and placebos.

    Members who just reached a threshold are like those who just missed it, but for the tier. What they spend after the day on which tiers
    were given is fitted on each side with lines near the cut-off. An effect is told where its robust interval leaves out zero, members do
    not crowd on one side (who can choose the side are not alike), and not half of the placebos leave out zero too. It is that of reaching
    the threshold, for members near it; nothing is said of others.

    Parameters
    ----------
    tier
        One tier; without it all above the lowest.

    Raises
    ------
    UnknownName
        There is no such tier.

    Notes
    -----
    Source: `models.jump_at`, `models.bunching_at`, `models.placebo_jumps`. Days on which tiers were given: those on which most stretches of
    the table `tiers` begin, else ends of windows that do not overlap; up to membership.most_reviews of them that can be followed for
    membership.outcome_days. The rows of one member are taken together.

    Example
    -------
    >>> tk.review.tier_effect(ws, tier="gold").table                    # doctest: +SKIP
    """
    rules = tier_rules(view)
    if isinstance(rules, str):
        headline = view.say("{where}, what a tier changes is not measured: the rules of the tiers are not known.")
        return unmeasured(JUMPS, headline, view.say("Needed: {rules}.", rules=rules), ask_next=[("portrait.tiers", {})])
    wanted = [name for name, need in zip(rules.tiers, rules.thresholds, strict=True) if need > 0]
    if tier is not None and tier not in wanted:
        raise unknown_name("tier", tier, wanted, where=tr("The table tier_rules"))
    looks = _looks(view, rules)
    if not looks:
        headline = view.say("{where}, what a tier changes is not measured: the receipts are too short.")
        days = rules.window_days + view.settings.membership.outcome_days
        return unmeasured(JUMPS, headline, view.say("Needed: receipts of {days} days.", days=days), ask_next=[("portrait.tiers", {})])
    rows = pl.concat([_followed(view, rules, day) for day in looks])
    found = {name: _at(view, rules, rows, name) for name in wanted if tier in (None, name)}
    table = JUMPS.of(pl.concat([frame for frame, _ in found.values()]), view)
    cuts = [row for row in table.rows() if row["kind"] == CUT]
    best = max(cuts, key=lambda row: (row["reading"] == EFFECT, row["reading"] != FEW, row["member_count"] or 0))
    return Finding(
        headline=_headline(view, best),
        table=table,
        chart=lambda: _chart(view, table),
        notes=_notes(view, rules, looks, best, table),
        ask_next=[("portrait.tiers", {"show": "near", "top": 0}), ("differentiation.replay_rules", {}), ("portrait.benefits", {})],
        figures={name.replace("change", "tier_change", 1): best[name] for name in ("change_spend", "change_spend_low", "change_spend_high")}
        if best["reading"] in (EFFECT, NO_EFFECT)
        else {},
    )  # fmt: skip


def _looks(view: View, rules: Rules) -> list[date]:
    """The days on which tiers were given that have a whole window before and the days of the outcome after them, latest first."""
    ahead = timedelta(days=view.settings.membership.outcome_days)
    first, last = view.first_day + timedelta(days=rules.window_days), view.as_of - ahead + timedelta(days=1)
    table = view.workspace.table("tiers")
    begun = table.select("valid_from").collect()["valid_from"] if table is not None else pl.Series([], dtype=pl.Date)
    often = begun.value_counts(sort=True).filter(pl.col("count") >= 0.02 * begun.len())["valid_from"].to_list() if begun.len() else []
    days = sorted((day for day in often if first <= day <= last), reverse=True)
    if not days and first <= last:
        days = [last - timedelta(days=place * ahead.days) for place in range(view.settings.membership.most_reviews)]
    chosen: list[date] = []
    for day in days:
        if day >= first and (not chosen or day + ahead <= chosen[-1]) and len(chosen) < view.settings.membership.most_reviews:
            chosen.append(day)
    return chosen


def _followed(view: View, rules: Rules, day: date) -> pl.DataFrame:
    """Members of a look: what was counted up to the day before, the spend of the days from it on, and the tier held 30 days later."""
    until = day + timedelta(days=view.settings.membership.outcome_days - 1)
    inside = pl.col("ordered_at").dt.date().is_between(day, until)
    after = (
        view.chain.orders.filter(inside, pl.col("member_code").is_not_null())
        .group_by("member_code")
        .agg(pl.col("amount").sum().alias("outcome"))
        .collect()
    )
    people = view.members.select("member_code", "member_id").join(counted(view, rules, day - timedelta(days=1)), on="member_code")
    held = held_on(view, min(day + timedelta(days=1), view.as_of))
    tiers = held[0] if held is not None else pl.DataFrame(schema={"member_id": pl.String, "held": pl.String})
    return (
        people.join(after, on="member_code", how="left").join(tiers, on="member_id", how="left")
        .select("member_code", "counted", pl.col("outcome").fill_null(0), "held", pl.lit(day).alias("day"))
    )  # fmt: skip


def _at(view: View, rules: Rules, rows: pl.DataFrame, name: str) -> tuple[pl.DataFrame, Jump | None]:
    place = rules.tiers.index(name)
    cut = rules.thresholds[place]
    money, units = view.minor_units, view.minor_units if rules.measure == "sales" else 1
    # Between the cut-off below and the one above, whose jumps are others.
    low = rules.thresholds[place - 1] if place else 0
    high = rules.thresholds[place + 1] if place + 1 < len(rules.thresholds) else None
    near = rows.filter(pl.col("counted") >= max(low, 1), pl.lit(True) if high is None else pl.col("counted") < high)
    x, y, who = near["counted"].to_numpy(), near["outcome"].to_numpy(), near["member_code"].to_numpy()
    jump = jump_at(x, y, cut, groups=who)
    crowd = None
    if jump:  # of the latest look alone: the members of several are not independent
        latest = near.filter(pl.col("day") == pl.col("day").max())["counted"].to_numpy()
        crowd = bunching_at(latest, cut, min(1.5 * jump.bandwidth, cut / 2))
    holds = near["held"].is_in(list(rules.tiers[place:])).fill_null(False).to_numpy().astype(float) if near["held"].count() else None
    holding = _holding(x, holds, cut, jump) if holds is not None and jump else None
    fakes = placebo_jumps(x, y, cut, groups=who) if jump else []
    misled = sum(fake.is_told for _, fake in fakes)
    is_doubted = bool(crowd and crowd.p_value < view.settings.membership.doubted_crowd) or (bool(fakes) and misled * 2 > len(fakes))
    reading = FEW if jump is None else DOUBTED if is_doubted else EFFECT if jump.is_told else NO_EFFECT
    parts = [_row(name, CUT, cut / units, jump, money, units, crowd, reading, holding)]
    parts += [
        _row(name, PLACEBO, where / units, fake, money, units, None, EFFECT if fake.is_told else NO_EFFECT, None) for where, fake in fakes
    ]
    return pl.DataFrame(parts, infer_schema_length=None).cast(pl.Schema({key: JUMPS.schema[key] for key in parts[0]})), jump  # type: ignore[arg-type]


def _holding(x: np.ndarray, holds: np.ndarray, cut: float, jump: Jump) -> float | None:
    """How much more of those just above hold the tier: the means of the nearer half of the bandwidth."""
    above, below = (x >= cut) & (x < cut + jump.bandwidth / 2), (x < cut) & (x >= cut - jump.bandwidth / 2)
    return float(holds[above].mean() - holds[below].mean()) if above.any() and below.any() else None


def _row(
    tier: str, kind: str, cut: float, jump: Jump | None, money: int, units: int, crowd: Bunching | None, reading: str, holding: float | None
) -> dict[str, object]:
    return {
        "tier": tier, "kind": kind, "threshold": cut, "member_count": 0 if jump is None else jump.n_below + jump.n_above,
        "below_spend": jump and jump.below / money, "above_spend": jump and jump.above / money,
        "change_spend": jump and jump.corrected / money, "change_spend_low": jump and jump.low / money,
        "change_spend_high": jump and jump.high / money, "holding_change": holding, "bandwidth": jump and jump.bandwidth / units,
        "crowd_index": crowd and crowd.ratio, "crowd_p": crowd and crowd.p_value, "reading": reading,
    }  # fmt: skip


def _headline(view: View, row: c.Row) -> str:
    return view.say(
        "{where}, reaching {tier} [few?cannot be judged: too few members are near its cut-off][told?goes with {change:money} "
        "[more?more|less] in the {membership.outcome_days} days after (95% interval {change_spend_low} to {change_spend_high}; "
        "{member_count:member} near it)][none?shows no change beyond chance in the {membership.outcome_days} days after (95% interval "
        "{change_spend_low} to {change_spend_high}; {member_count:member} near it)][doubted?cannot be judged: members "
        "are not alike on both sides of its cut-off].",
        row, few=row["reading"] == FEW, told=row["reading"] == EFFECT, none=row["reading"] == NO_EFFECT, doubted=row["reading"] == DOUBTED,
        more=(row["change_spend"] or 0) > 0, change=abs(row["change_spend"] or 0.0),
    )  # fmt: skip


def _notes(view: View, rules: Rules, looks: list[date], best: c.Row, table: AnswerTable) -> list[str | Note]:
    notes: list[str | Note] = [
        view.say(
            "Tiers were looked at on {days:day} ({last} the latest); counted over {window} days before, followed for "
            "{membership.outcome_days} days after.",
            days=len(looks), last=looks[0], window=rules.window_days,
        ),
        tr("It speaks of members near the cut-off alone: what the tier does for those far above it, nobody can tell from this."),
    ]  # fmt: skip
    if best["reading"] == DOUBTED:
        text = view.say(
            "Members crowd on one side of the cut-off of {tier} ({crowd_index} times as many just above as just below), or places that are "
            "no cut-off show changes too: no effect is claimed.",
            best,
        )
        notes.append(Note(text, "FAIL"))
    elif best["reading"] != FEW:
        fakes = [row for row in table.rows() if row["kind"] == PLACEBO]
        misled = sum(row["reading"] == EFFECT for row in fakes)
        text = view.say(
            "Members do not crowd at the cut-off (p = {p:.2f}); {misled} of {fakes} places that are no cut-off show a change.",
            p=best["crowd_p"] if best["crowd_p"] is not None else 1.0, misled=misled, fakes=len(fakes),
        )  # fmt: skip
        notes.append(Note(text, "PASS" if misled * 20 <= max(len(fakes), 1) * 10 else "REVIEW"))
    holding = best["holding_change"]
    if holding is None:
        notes.append(
            Note(
                tr("Who really got the tier is not known without the table `tiers`: the change is that of reaching the threshold."),
                "REVIEW",
            )
        )
    elif holding < 0.5:
        text = view.say(
            "Only {holding:share} more of those just above hold the tier: it does not follow the rule, and its own effect is larger.",
            holding=holding,
        )
        notes.append(Note(text, "REVIEW"))
    return notes


def _chart(view: View, table: AnswerTable) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    drawn = table.frame.drop_nulls("change_spend").with_columns(
        pl.format("{} {}", "tier", pl.col("threshold").round(0).cast(pl.Int64)).alias("label")
    )
    return ranges(
        drawn, label="label", value="change_spend", low="change_spend_low", high="change_spend_high", n="member_count", kind="money",
        reference=0.0, value_title=tr("Change"), title=tr("What changes at a tier's cut-off"),
        subtitle=view.say("with 95% intervals; the others are no cut-offs"),
    )  # fmt: skip
