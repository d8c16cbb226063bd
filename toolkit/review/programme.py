"""Programme: the membership as a whole - what it is worth, all campaigns on one timeline, and how often members are contacted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr
from toolkit.registry import question, question_text
from toolkit.review.lessons import few_of
from toolkit.review.measures.case import ARMS
from toolkit.review.measures.model_reasons import reason_text
from toolkit.review.measures.pressure import Programme, campaign_rows, contact_days, pressure, programme_effect
from toolkit.scope.sales import ratio, totals
from toolkit.scope.view import View
from toolkit.wording import capital, listing

if TYPE_CHECKING:
    import altair as alt

By = Literal["campaign", "contacts"]
_MANY = 6

CAMPAIGNS = c.table(
    "one row per campaign that began by as_of",
    c.text("campaign_id", "Campaign"),
    c.text("name"),
    c.text("method"),
    c.day("starts_on", "From"),
    c.day("ends_on", "To"),
    c.flag("randomised"),
    *[column.of("of the chain") for column in ARMS],
    c.count("overlap_count", "Others in the same days", "other campaigns with a day in common", hidden_by=None),
    c.share("overlap_share", "Also in another", "of its treated in scope: also treated by those others", null="too few members"),
)
CONTACTS = c.table(
    "one row per number of contacts",
    c.text("contacts", "Contacts in four weeks", "the most a member ever got within offers.rest_days days; 6 and more together"),
    c.members(),
    c.share("member_share", "Share of members"),
    c.members("lately_count", "Lately", "with so many in the last such days up to as_of"),
)


@question(
    "review",
    "What is the whole programme worth, and how often do we contact members?",
    words=(
        "value of the membership programme as a whole, all campaigns together",
        "timeline of all campaigns, overlaps, contact pressure",
        "how many messages do members get, who was never contacted",
        "会员体系 整体价值 触达频次 活动日历",
    ),
    tables=(CAMPAIGNS, CONTACTS),
    figures=(
        c.count("campaign_count", "Campaigns"),
        c.share("over_contacted_member_share", "Share contacted too often"),
        c.members("never_contacted_members", "Never contacted"),
        c.money("programme_effect_spend", "Effect of the programme"),
    ),
)
def programme(view: View, *, by: By = "campaign") -> Finding:
    """Return the programme at a glance: one row per campaign on the timeline, or per number of contacts.

    Parameters
    ----------
    by
        `campaign`: all campaigns that began by as_of, with whom they share their days. `contacts`: how many members got how many contacts.

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
    shown = _contact_table(view, members) if by == "contacts" else CAMPAIGNS.of(campaigns.select(CAMPAIGNS.schema.names()), view)
    over = members.filter(pl.col("most") > view.settings.offers.most_contacts).height
    return Finding(
        headline=_headline(view, campaigns, members, whole),
        table=shown,
        chart=(lambda: _contact_chart(view, shown.frame)) if by == "contacts" else (lambda: _timeline(view, shown.frame)),
        notes=[*_notes(view, campaigns, members, whole), *_strangers(view, days, members)],
        ask_next=[
            ("review.programme", {"by": "contacts" if by == "campaign" else "campaign"}),
            ("review.lessons", {}),
            ("differentiation.global_control", {}),
        ],
        figures={
            "campaign_count": campaigns.height,
            "over_contacted_member_share": None if 0 < over < view.least else over / max(members.height, 1),
            "never_contacted_members": members.filter(pl.col("contact_count") == 0).height,
            "programme_effect_spend": whole.effect.estimate,
        },
    )


def _contact_table(view: View, members: pl.DataFrame) -> AnswerTable:
    """Members by the most contacts they got; rows with too few members join the next lower one."""
    counts = [members.filter(pl.col("most").clip(0, _MANY) == number).height for number in range(_MANY + 1)]
    lately = [members.filter(pl.col("lately").clip(0, _MANY) == number).height for number in range(_MANY + 1)]
    top = max((number for number, count in enumerate(counts) if count), default=0)
    while top > 1 and sum(counts[top:]) < view.least:
        top -= 1
    last = str(top) if not sum(counts[top + 1 :]) and top < _MANY else f"{top} and more"
    frame = pl.DataFrame(
        {
            "contacts": [*[str(number) for number in range(top)], last],
            "member_count": [*counts[:top], sum(counts[top:])],
            "lately_count": [*lately[:top], sum(lately[top:])],
        }
    )
    return CONTACTS.of(frame.with_columns((pl.col("member_count") / max(members.height, 1)).alias("member_share")), view)


def _headline(view: View, campaigns: pl.DataFrame, members: pl.DataFrame, whole: Programme) -> str:
    sums, effect = totals(view), whole.effect
    low, high = effect.low or 0.0, effect.high or 0.0
    return view.say(
        "{where}, [audience?{members:member} brought {sales:minor} from {period}|members brought {sales:minor} from {period}, {part:share} "
        "of sales (n = {members:few})]. [told?All campaigns together [gain?brought {amount:money}][loss?cost {amount:money}][none?show no "
        "effect] per member and 28 days (95% interval {low:money} to {high:money}; {treated:few} against {control:few} never "
        "contacted).|What the programme adds to that cannot be said: {reason}.] {campaigns:campaign} so far; {lately:few} members were "
        "contacted in the last {offers.rest_days} days.",
        audience=view.scope.audience is not None, members=members.height, sales=sums.member_sales,
        part=ratio(sums.member_sales, sums.sales), told=effect.measured, gain=low > 0, loss=high < 0,
        none=low <= 0 <= high, amount=abs(effect.estimate or 0.0), low=low, high=high, treated=effect.treated_count,
        control=effect.control_count, reason=reason_text(effect.reason), campaigns=campaigns.height,
        lately=members.filter(pl.col("lately") > 0).height,
    )  # fmt: skip


def _notes(view: View, campaigns: pl.DataFrame, members: pl.DataFrame, whole: Programme) -> list[str | Note]:
    most, notes = view.settings.offers.most_contacts, list[str | Note]()
    if campaigns.is_empty():
        notes.append(
            Note(tr("No campaign is known: neither the ledger nor a campaigns table has one that began by as_of."), "NOT MEASURED")
        )
    notes += _control_notes(view, whole)
    over, everybody = members.filter(pl.col("most") > most).height, max(members.height, 1)
    if campaigns.height:
        text = view.say(
            "{over:member}[many? ({part:share})] once got more than {offers.most_contacts} contacts within {offers.rest_days} days "
            "(settings offers.most_contacts, offers.rest_days), {now:few} in the last {offers.rest_days}.[over? Let plans leave them in "
            "peace.]",
            over=over, many=not 0 < over < view.least, part=over / everybody, now=members.filter(pl.col("lately") > most).height,
        )  # fmt: skip
        notes.append(Note(capital(text), "REVIEW" if over else "PASS"))
    never, cards = members.filter(pl.col("contact_count") == 0), view.has_column("members", "contactable")
    may = never.join(view.population.select("member_id", "contactable"), on="member_id", how="left")["contactable"] if cards else None
    text = view.say(
        "{never:member}[many? ({part:share})] were never contacted[cards?, of whom {may:few} may be contacted].",
        never=never.height, many=not 0 < never.height < view.least, part=never.height / everybody, cards=cards,
        may=0 if may is None else int(may.fill_null(False).sum()),
    )  # fmt: skip
    notes.append(capital(text))
    busy = campaigns.filter(pl.col("overlap_share") > view.settings.review.overlap_difference)
    if busy.height:
        text = view.say(
            "{campaigns:campaign} shared members with others of the same days ({listed}): their effects mix. Draw campaigns of the same "
            "weeks from each other's members apart.",
            campaigns=busy.height, listed=few_of(busy["campaign_id"].to_list()),
        )  # fmt: skip
        notes.append(Note(text, "REVIEW"))
    untold = campaigns.filter(~pl.col("randomised").fill_null(False)).height
    if untold:
        text = view.say(
            "{untold} of {campaigns:campaign} held nobody out at random: what they did is hard to tell.",
            untold=untold,
            campaigns=campaigns.height,
        )
        notes.append(Note(text, "REVIEW"))
    changed = campaigns.filter(~pl.col("intact").fill_null(True))["campaign_id"].to_list()
    if changed:
        text = view.say("Files of {changed} were changed after launch: their contacts are not counted.", changed=listing(changed))
        notes.append(Note(text, "FAIL"))
    notes.append(tr("A contact without a time counts on its campaign's first day. Members are those with a receipt in scope or a contact."))
    return notes


def _strangers(view: View, days: pl.DataFrame, members: pl.DataFrame) -> list[Note]:
    unknown = days.select("member_id").unique().join(members.select("member_id"), on="member_id", how="anti").height
    text = view.say(
        "{unknown:contacted id} with neither a card nor a receipt by as_of [one?is|are] not counted.", unknown=unknown, one=unknown == 1
    )
    return [Note(text, "REVIEW")] if unknown else []


def _control_notes(view: View, whole: Programme) -> list[str | Note]:
    control = whole.control
    if not control.share or control.since is None:
        unknown = tr(
            "What the programme adds: nobody is held out of all campaigns, so nothing shows what members would do "
            "without it. Members buy more than non-members because those who buy more join. Set a global control: "
            "`toolkit campaign global-control WORKSPACE --share 0.02`."
        )
        known = view.say(
            "What can be said: who brings the sales ('{contribution}'), and what each randomised campaign added ('{lessons}').",
            contribution=question_text("portrait.contribution"),
            lessons=question_text("review.lessons"),
        )
        return [Note(unknown, "NOT MEASURED"), known]
    since = {"since": control.since}
    notes: list[str | Note] = [
        view.say(
            "{part:share} of members are in the global control since {since}; spend is counted from then on.", since, part=control.share
        )
    ]
    if whole.spoiled:
        text = view.say(
            "{spoiled:member} of the global control were contacted after all since {since}: what the programme adds is understated.",
            since,
            spoiled=whole.spoiled,
        )
        notes.append(Note(capital(text), "REVIEW"))
    if view.scope.is_place or view.scope.audience is not None:
        notes.append(tr("Spend of the programme's effect is that of the members in scope, across the chain."))
    return notes


def _timeline(view: View, campaigns: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.timeline import timeline

    named = pl.concat_str(
        "campaign_id", pl.when(pl.col("name").fill_null("") != "").then(pl.lit(" ") + pl.col("name")).otherwise(pl.lit(""))
    )
    return timeline(
        campaigns.drop_nulls(["starts_on", "ends_on"]).with_columns(named.alias("label"), pl.col("method").str.replace_all("_", " ")),
        label="label", start="starts_on", end="ends_on", group="method", n="treated_count", n_title=tr("Treated"),
        title=view.say("All campaigns: {place}"), subtitle=view.say("begun by {as_of}"),
    )  # fmt: skip


def _contact_chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    return ranked_bars(
        table, label="contacts", value="member_share", n="member_count", kind="share1", ranked=False, value_title=tr("Share of members"),
        title=view.say("Contact pressure: {place}"),
        subtitle=view.say("most contacts within {offers.rest_days} days, up to {as_of}"),
    )  # fmt: skip
