"""Another cut-off or another rate of points, replayed on the past: who would hold what, and what it would have cost. Accounting alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.errors import BadValue, unknown_name
from toolkit.language import tr, value
from toolkit.portrait.membership.standing import Rules, counted, placed, tier_rules
from toolkit.portrait.membership.tables import known_rows, needed
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

NO_TIER = value("(none stated)")
REPLAY = c.table(
    "one row per tier, lowest first: as the rules are, and as they would be",
    c.text("tier"),
    c.number("threshold", "From", "currency units, orders or points", hidden_by=None),
    c.number("threshold_then", "From then", "as asked for", hidden_by=None),
    c.members("member_count", "Members now", "by the rules on what counts up to as_of"),
    c.members("member_count_then", "Members then"),
    c.money("benefit_cost", "Benefits now", "of the window, by the tier of the rules", null="no cost of benefits is known"),
    c.money(
        "benefit_cost_then", "Benefits then", "at what a member of the tier costs now", null="not known", hidden_by="member_count_then"
    ),
    c.number("point_count", "Points earned", "in the window of sales figures", null="no account of points"),
    c.number("point_count_then", "Points earned then", "the same entries at the other rate", null="no account of points"),
)


@question(
    "differentiation",
    "What would another cut-off or another rate of points do?",
    words=(
        "change the threshold of a tier, replay of the tier rules",
        "what if points were earned at another rate",
        "how many members would hold the tier then",
        "调整等级门槛 调整积分比例 测算",
    ),
    tables=REPLAY,
    figures=(
        c.members("moved_members", "Members in another tier"),
        c.money("benefit_cost_change", "Change of benefits"),
        c.number("point_change", "Change of points earned"),
    ),
)
def replay_rules(view: View, *, tier: str = "", threshold: float = 0.0, rate: float = 1.0) -> Finding:
    """Return who would hold which tier at another cut-off, and how many points would have been earned at another rate: one row per tier.

    It is accounting on what members did: that they would do the same under other rules is not likely, and is assumed. Members who move keep
    their spend; benefits cost what a member of the tier cost in the window.

    Parameters
    ----------
    tier
        The tier whose cut-off changes; empty = the highest.
    threshold
        The other cut-off, in currency units (orders, points); 0 = a tenth lower than now.
    rate
        How many times as many points are earned: 2 = double, 0.5 = half.

    Raises
    ------
    UnknownName
        There is no such tier.
    BadValue
        A threshold below 0, or a rate below 0 or over 100.

    Example
    -------
    >>> tk.differentiation.replay_rules(ws, tier="gold", threshold=800, rate=1.5).table   # doctest: +SKIP
    """
    if threshold < 0 or not 0 <= rate <= 100:
        raise BadValue(
            tr(
                "differentiation.replay_rules: threshold is {threshold} and rate {rate}; 0 or more, and 0 to 100, were needed.",
                threshold=threshold,
                rate=rate,
            )
        )
    rules = tier_rules(view)
    if isinstance(rules, str):
        headline = view.say("{where}, what other rules would do is not measured: the rules of the tiers are not known.")
        return unmeasured(REPLAY, headline, view.say("Needed: {rules}.", rules=rules), ask_next=[("portrait.points", {})])
    if tier and tier not in rules.tiers:
        raise unknown_name("tier", tier, list(rules.tiers), where=tr("The table tier_rules"))
    place = rules.tiers.index(tier) if tier else len(rules.tiers) - 1
    units = view.minor_units if rules.measure == "sales" else 1
    other = round(threshold * units) if threshold else round(0.9 * rules.thresholds[place])
    then = Rules(
        rules.tiers, tuple(other if at == place else need for at, need in enumerate(rules.thresholds)), rules.measure, rules.window_days
    )
    amounts = counted(view, rules, view.as_of)
    people = view.members.select("member_code", "member_id").join(amounts, on="member_code", how="left")
    amount = pl.col("counted").fill_null(0)
    ladder = sorted(zip(then.thresholds, then.tiers, strict=True))
    people = people.with_columns(
        placed(rules, amount).fill_null(NO_TIER).alias("now"),
        placed(Rules(tuple(t for _, t in ladder), tuple(n for n, _ in ladder), then.measure, then.window_days), amount)
        .fill_null(NO_TIER)
        .alias("then"),
    )
    moved = people.filter(pl.col("now") != pl.col("then")).height
    table = REPLAY.of(_rows(view, rules, then, people, rate), view)
    change = _change(table, "benefit_cost"), _change(table, "point_count")
    return Finding(
        headline=view.say(
            "{where}, with {tier} from {threshold:,.0f} on instead of {before:,.0f}, {moved:member} would stand in another "
            "tier[cost?, and benefits would cost {cost:money} [more?more|less] in the window][points?; {points:,.0f} "
            "points [up?more|fewer] would have been "
            "earned].",
            tier=rules.tiers[place], threshold=other / units, before=rules.thresholds[place] / units, moved=moved,
            cost=abs(change[0]) if change[0] else None, more=(change[0] or 0) > 0, points=abs(change[1]) if change[1] else None,
            up=(change[1] or 0) > 0,
        ),
        table=table,
        chart=lambda: _chart(view, table),
        notes=_notes(view, rules, other == rules.thresholds[place]),
        ask_next=[("review.tier_effect", {"tier": rules.tiers[place]}), ("portrait.tiers", {}), ("portrait.points", {})],
        figures={"moved_members": float(moved), "benefit_cost_change": change[0], "point_change": change[1]},
    )  # fmt: skip


def _change(table: AnswerTable, name: str) -> float | None:
    both = table.frame.select(now=pl.col(name), then=pl.col(f"{name}_then")).drop_nulls()
    return float((both["then"] - both["now"]).sum()) if both.height else None


def _rows(view: View, rules: Rules, then: Rules, people: pl.DataFrame, rate: float) -> pl.DataFrame:
    units = view.minor_units if rules.measure == "sales" else 1
    before, after = (people.group_by(pl.col(side).alias("tier")).agg(pl.len().cast(pl.Int64).alias(name))
                     for side, name in (("now", "member_count"), ("then", "member_count_then")))  # fmt: skip
    names = [*rules.tiers, *([NO_TIER] if (people["now"] == NO_TIER).any() or (people["then"] == NO_TIER).any() else [])]
    rows = pl.DataFrame({"tier": names}).join(before, on="tier", how="left").join(after, on="tier", how="left")
    needs = pl.DataFrame(
        {
            "tier": list(rules.tiers),
            "threshold": [n / units for n in rules.thresholds],
            "threshold_then": [n / units for n in then.thresholds],
        }
    )
    rows = rows.join(needs, on="tier", how="left").with_columns(pl.col("member_count", "member_count_then").fill_null(0))
    inside = pl.col("day").is_between(view.period.start, view.period.end)
    for table, column, wanted in (("benefits", "cost", pl.lit(True)), ("points", "points", pl.col("kind") == "earned")):
        name = "benefit_cost" if table == "benefits" else "point_count"
        entries = known_rows(view, table)
        if entries is None or column not in entries.columns:
            continue
        sums = (
            entries.filter(inside, wanted)
            .with_columns(pl.col("member_id").cast(pl.String))
            .join(people.select("member_id", "now"), on="member_id")
            .group_by(pl.col("now").alias("tier")).agg(pl.col(column).sum().cast(pl.Float64).alias(name))
        )  # fmt: skip
        rows = rows.join(sums, on="tier", how="left").with_columns(pl.col(name).fill_null(0.0))
        if table == "points":
            rows = rows.with_columns((pl.col(name) * rate).alias(f"{name}_then"))
        else:
            each = pl.when(pl.col("member_count") > 0).then(pl.col(name) / pl.col("member_count"))
            rows = rows.with_columns(
                view.major(name).alias(name), (each * pl.col("member_count_then") / view.minor_units).alias(f"{name}_then")
            )
    return rows


def _notes(view: View, rules: Rules, same: bool) -> list[str | Note]:
    notes: list[str | Note] = [
        Note(
            tr(
                "Accounting, not a forecast: what members did is counted by other rules. Who is near a cut-off buys towards "
                "it, so that another "
                "one changes what they do; try it on members that chance draws."
            ),
            "REVIEW",
        ),
        view.say(
            "By the rules on what was counted over {days} days up to {as_of}, whatever the table `tiers` says.", days=rules.window_days
        ),
    ]
    if same:
        notes.append(tr("The cut-off is the one there is: only the rate of points differs."))
    for name in ("benefits", "points"):
        if view.workspace.table(name) is None:
            what = tr("what benefits would cost") if name == "benefits" else tr("what points would be earned")
            notes.append(Note(view.say("{what}: needed {table}.", what=what, table=needed(name)), "NOT MEASURED"))
    return notes


def _chart(view: View, table: AnswerTable) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    return measured_bars(
        table.frame, label="tier", measures={"member_count": tr("now"), "member_count_then": tr("then")}, kind="count",
        value_title=tr("Members"), title=tr("Members by tier, now and then"), subtitle=view.say("{place}, {as_of}"),
    )  # fmt: skip
