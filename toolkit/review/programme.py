"""Programme: the membership as a whole - what it is worth, all campaigns on one timeline, and how often members are contacted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.language import later, tr, trn
from toolkit.registry import question, question_text
from toolkit.review.lessons import few_of
from toolkit.review.measures.pressure import Programme, campaign_rows, contact_days, pressure, programme_effect
from toolkit.review.model_reasons import reason_text
from toolkit.scope.phrases import where
from toolkit.scope.sales import ratio, totals
from toolkit.scope.view import View
from toolkit.wording import listing, sentence, share, some

if TYPE_CHECKING:
    import altair as alt

By = Literal["campaign", "contacts"]
_MANY = 6


@question(
    "review",
    "What is the whole programme worth, and how often do we contact members?",
    words=(
        "value of the membership programme as a whole, all campaigns together",
        "timeline of all campaigns, overlaps, contact pressure",
        "how many messages do members get, who was never contacted",
        "会员体系 整体价值 触达频次 活动日历",
    ),
)
def programme(view: View, *, by: By = "campaign") -> Finding:
    """Return the programme at a glance: one row per campaign on the timeline, or per number of contacts.

    Parameters
    ----------
    by
        `campaign`: all campaigns that began by as_of, with whom they share their days. `contacts`: how many members got how many contacts.

    Returns
    -------
    Answer
        By campaign: `campaign_id`, `name`, `method`, `starts_on`, `ends_on`, `randomised`, `treated_count`, `control_count` (of the
        chain), `overlap_count` (other campaigns with a day in common), `overlap_share` (0..1 of its treated members in scope whom those
        treated too). By contacts: `contacts` (campaigns within offers.rest_days days, the most a member ever got; 6 and more together),
        `member_count`, `member_share`, `lately_count` (members with so many in the last such days up to as_of).

    Notes
    -----
    What the programme adds is told by a global control alone (members whom no campaign contacts): Lin's regression of spend since it began.
    Comparing members with non-members tells who joins, not what joining does.

    Example
    -------
    >>> tk.review.programme(ws, by="contacts").table                    # doctest: +SKIP
    """
    days = contact_days(view)
    campaigns, members = campaign_rows(view, days), pressure(view, days)
    whole = programme_effect(view, days)
    table = _campaign_table(campaigns) if by == "campaign" else _contact_table(view, members)
    return Finding(
        headline=_headline(view, campaigns, members, whole),
        table=table,
        chart=(lambda: _contact_chart(view, table)) if by == "contacts" else (lambda: _timeline(view, campaigns)),
        notes=[*_notes(view, campaigns, members, whole), *_strangers(days, members)],
        ask_next=[
            ("review.programme", {"by": "contacts" if by == "campaign" else "campaign"}),
            ("review.lessons", {}),
            ("differentiation.global_control", {}),
        ],
        figures=_figures(view, campaigns, members, whole),
    )


def _campaign_table(campaigns: pl.DataFrame) -> pl.DataFrame:
    named = ["campaign_id", "name", "method", "starts_on", "ends_on", "randomised"]
    return campaigns.select(*named, "treated_count", "control_count", "overlap_count", "overlap_share")


def _contact_table(view: View, members: pl.DataFrame) -> pl.DataFrame:
    """Members by the most contacts they got; rows with too few members join the next lower one."""
    least = view.settings.scope.minimum_members
    counts = [members.filter(pl.col("most").clip(0, _MANY) == number).height for number in range(_MANY + 1)]
    lately = [members.filter(pl.col("lately").clip(0, _MANY) == number).height for number in range(_MANY + 1)]
    top = max((number for number, count in enumerate(counts) if count), default=0)
    while top > 1 and sum(counts[top:]) < least:
        top -= 1
    names = [
        *[str(number) for number in range(top)],
        str(top) if not sum(counts[top + 1 :]) and top < _MANY else f"{top} and more",
    ]
    merged = [*counts[:top], sum(counts[top:])], [*lately[:top], sum(lately[top:])]
    table = pl.DataFrame({"contacts": names, "member_count": merged[0], "lately_count": merged[1]})
    return table.select("contacts", "member_count", (pl.col("member_count") / max(members.height, 1)).alias("member_share"), "lately_count")


def _headline(view: View, campaigns: pl.DataFrame, members: pl.DataFrame, whole: Programme) -> str:
    sums = totals(view)
    part = ratio(sums.member_sales, sums.sales)
    opening = tr(
        later("{where}, members brought {sales} from {period}, {part} of sales (n = {n:,})")
        if view.scope.audience is None
        else later("{where}, {members} brought {sales} from {period}"),
        where=where(view),
        members=some(members.height, "member"),
        sales=view.money(sums.member_sales),
        period=view.period,
        part=share(part),
        n=members.height,
    )
    effect = whole.effect
    if effect.estimate is None or effect.low is None or effect.high is None:
        added = tr("What the programme adds to that cannot be said: {reason}.", reason=reason_text(effect.reason))
    else:
        said = (
            later("All campaigns together brought {amount} per member and 28 days ({span}; {n}).")
            if effect.low > 0
            else later("All campaigns together cost {amount} per member and 28 days ({span}; {n}).")
            if effect.high < 0
            else later("All campaigns together show no effect per member and 28 days ({span}; {n}).")
        )
        added = tr(
            said,
            amount=_money(view, abs(effect.estimate)),
            span=tr("95% interval {low} to {high}", low=_money(view, effect.low), high=_money(view, effect.high)),
            n=tr("{treated:,} against {control:,} never contacted", treated=effect.treated_count, control=effect.control_count),
        )
    rest = view.settings.offers.rest_days
    lately = members.filter(pl.col("lately") > 0).height
    return tr(
        "{opening}. {added} {campaigns} so far; {lately:,} members were contacted in the last {rest} days.",
        opening=opening,
        added=added,
        campaigns=some(campaigns.height, "campaign"),
        lately=lately,
        rest=rest,
    )


def _money(view: View, value: float) -> str:
    return view.money(value * view.minor_units)


def _notes(view: View, campaigns: pl.DataFrame, members: pl.DataFrame, whole: Programme) -> list[str | Note]:
    settings, notes = view.settings.offers, list[str | Note]()
    if campaigns.is_empty():
        notes.append(
            Note(tr("No campaign is known: neither the ledger nor a campaigns table has one that began by as_of."), "NOT MEASURED")
        )
    notes += _control_notes(view, whole)
    over = members.filter(pl.col("most") > settings.most_contacts).height
    now = members.filter(pl.col("lately") > settings.most_contacts).height
    said = tr(
        "{members} ({part}) once got more than {most_contacts} contacts within {rest_days} days (settings "
        "offers.most_contacts, offers.rest_days), {now:,} in the last {rest_days}",
        members=some(over, "member"),
        part=share(over / max(members.height, 1)),
        most_contacts=settings.most_contacts,
        rest_days=settings.rest_days,
        now=now,
    )
    if campaigns.height:
        notes.append(Note(tr("{said}. Let plans leave them in peace.", said=said), "REVIEW") if over else Note(sentence(said), "PASS"))
    never = members.filter(pl.col("contact_count") == 0)
    quiet = tr(
        "{members} ({part}) were never contacted",
        members=some(never.height, "member"),
        part=share(never.height / max(members.height, 1)),
    )
    if view.has_column("members", "contactable"):
        cards = view.population.select("member_id", "contactable")
        may = never.join(cards, on="member_id", how="left")["contactable"].fill_null(False).sum()
        quiet += tr(", of whom {may:,} may be contacted", may=int(may))
    notes.append(sentence(quiet))
    busy = campaigns.filter(pl.col("overlap_share") > view.settings.review.overlap_difference)
    if busy.height:
        notes.append(
            Note(
                tr(
                    "{campaigns} shared members with others of the same days ({listed}): their effects mix. Draw campaigns of "
                    "the same weeks from each other's members apart.",
                    campaigns=some(busy.height, "campaign"),
                    listed=few_of(busy["campaign_id"].to_list()),
                ),
                "REVIEW",
            )
        )
    untold = campaigns.filter(~pl.col("randomised").fill_null(False)).height
    if untold:
        notes.append(
            Note(
                tr(
                    "{untold} of {campaigns} held nobody out at random: what they did is hard to tell.",
                    untold=untold,
                    campaigns=some(campaigns.height, "campaign"),
                ),
                "REVIEW",
            )
        )
    changed = campaigns.filter(~pl.col("intact").fill_null(True))["campaign_id"].to_list()
    if changed:
        notes.append(
            Note(tr("Files of {changed} were changed after launch: their contacts are not counted.", changed=listing(changed)), "FAIL")
        )
    notes.append(tr("A contact without a time counts on its campaign's first day. Members are those with a receipt in scope or a contact."))
    return notes


def _strangers(days: pl.DataFrame, members: pl.DataFrame) -> list[Note]:
    unknown = days.select("member_id").unique().join(members.select("member_id"), on="member_id", how="anti").height
    said = trn(
        "{unknown:,} contacted id with neither a card nor a receipt by as_of is not counted.",
        "{unknown:,} contacted ids with neither a card nor a receipt by as_of are not counted.",
        unknown,
        unknown=unknown,
    )
    return [Note(said, "REVIEW")] if unknown else []


def _control_notes(view: View, whole: Programme) -> list[str | Note]:
    control = whole.control
    if not control.share or control.since is None:
        unknown = tr(
            "What the programme adds: nobody is held out of all campaigns, so nothing shows what members would do "
            "without it. Members buy more than non-members because those who buy more join. Set a global control: "
            "`toolkit campaign global-control WORKSPACE --share 0.02`."
        )
        can = tr(
            "What can be said: who brings the sales ('{contribution}'), and what each randomised campaign added ('{lessons}').",
            contribution=question_text("portrait.contribution"),
            lessons=question_text("review.lessons"),
        )
        return [Note(unknown, "NOT MEASURED"), can]
    notes: list[str | Note] = [
        tr(
            "{share} of members are in the global control since {since}; spend is counted from then on.",
            share=share(control.share),
            since=control.since,
        )
    ]
    if whole.spoiled:
        notes.append(
            Note(
                tr(
                    "{members} of the global control were contacted after all since {since}: what the programme adds is understated.",
                    members=some(whole.spoiled, "member"),
                    since=control.since,
                ),
                "REVIEW",
            )
        )
    if view.scope.is_place or view.scope.audience is not None:
        notes.append(tr("Spend of the programme's effect is that of the members in scope, across the chain."))
    return notes


def _figures(view: View, campaigns: pl.DataFrame, members: pl.DataFrame, whole: Programme) -> dict[str, float]:
    most = view.settings.offers.most_contacts
    found = {
        "campaign_count": campaigns.height,
        "over_contacted_member_share": members.filter(pl.col("most") > most).height / max(members.height, 1),
        "never_contacted_members": members.filter(pl.col("contact_count") == 0).height,
    }
    return found | ({"programme_effect_spend": whole.effect.estimate} if whole.effect.estimate is not None else {})


def _timeline(view: View, campaigns: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.timeline import timeline

    named = pl.concat_str(
        "campaign_id", pl.when(pl.col("name").fill_null("") != "").then(pl.lit(" ") + pl.col("name")).otherwise(pl.lit(""))
    )
    return timeline(
        campaigns.drop_nulls(["starts_on", "ends_on"]).with_columns(named.alias("label"), pl.col("method").str.replace_all("_", " ")),
        label="label", start="starts_on", end="ends_on", group="method", n="treated_count", n_title=tr("Treated"),
        title=tr("All campaigns: {place}", place=view.place), subtitle=tr("begun by {as_of}", as_of=view.as_of),
    )  # fmt: skip


def _contact_chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    return ranked_bars(
        table, label="contacts", value="member_share", n="member_count", kind="share1", ranked=False, value_title=tr("Share of members"),
        title=tr("Contact pressure: {place}", place=view.place),
        subtitle=tr("most contacts within {rest_days} days, up to {as_of}", rest_days=view.settings.offers.rest_days, as_of=view.as_of),
    )  # fmt: skip
