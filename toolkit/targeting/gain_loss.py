"""Gain and loss: who and what made sales change between two periods, adding up exactly to the change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.errors import BadValue
from toolkit.language import later, tr, value, word
from toolkit.registry import question
from toolkit.scope.period import Period, read_period
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.targeting.measures.member_list import listed, the_row
from toolkit.targeting.measures.period_sales import NON_MEMBERS, PARTS, by_cell, by_member, merged_few, with_parts
from toolkit.wording import some

if TYPE_CHECKING:
    import altair as alt

By = Literal["members", "category", "store"]
MEANINGS = {
    value("new"): value("first order ever in this period"),
    value("back"): value("had ordered before, but not in the period before"),
    value("lost"): value("ordered in the period before, not in this one"),
    value("more"): value("ordered in both, spent more"),
    value("less"): value("ordered in both, spent less"),
    value("same"): value("ordered in both, spent the same"),
    NON_MEMBERS: value("receipts without a member"),
}
_TOO_FEW = value("too few members to show apart")
_NAME = "targeting.gain_loss"
_SAID = {
    "new": later("had their first order ever"),
    "back": later("came back: they had ordered before, but not from {before}"),
    "lost": later("did not order, but had from {before}"),
    "more": later("spent more than from {before}"),
    "less": later("spent less than from {before}"),
    "same": later("spent the same as from {before}"),
}
_SAID_OF_CATEGORY = {
    "new": later("bought {cell} and had their first order ever"),
    "back": later("bought {cell} and had ordered before, but nothing from {before}"),
    "lost": later("ordered nothing, but had bought {cell} from {before}"),
    "more": later("spent more on {cell} than from {before}"),
    "less": later("spent less on {cell} than from {before}"),
    value("switched in"): later("bought {cell}, but not from {before}, when they ordered other things"),
    value("switched out"): later("ordered, but did not buy {cell}, as they had from {before}"),
}
_SAID_OF_STORE = {
    "new": later("bought in store {cell} and had their first order ever"),
    "back": later("bought in store {cell} and had ordered before, but nothing from {before}"),
    "lost": later("ordered nothing, but had bought in store {cell} from {before}"),
    "more": later("spent more in store {cell} than from {before}"),
    "less": later("spent less in store {cell} than from {before}"),
    "switched in": later("bought in store {cell}, but not from {before}, when they ordered other things"),
    "switched out": later("ordered, but did not buy in store {cell}, as they had from {before}"),
}
_COLUMNS = [*[f"{part}_sales" for part in PARTS], "few_sales"]


@question(
    "targeting",
    "Whom and what did we gain and lose since the period before?",
    words=(
        "gain and loss of sales between two periods",
        "new, lost, more, less and switched members by category or store",
        "what did we gain and lose against last quarter, last month, last year",
        "why did sales change, where did the change come from",
        "得失分析 销售变化 新增流失",
    ),
)
def gain_loss(view: View, *, by: By = "members", against: str | None = None, members: str | None = None) -> Finding:
    """Return what made sales change between two periods; the parts add up exactly to the change.

    Parameters
    ----------
    by
        `members`: one row per kind of member (new, back, lost, more, less, same, non-members). `category` or `store`: one row each, with
        the change split by kind; who kept shopping in the scope but began or stopped buying there has *switched* in or out. Rows with
        fewer members than scope.minimum_members are put together.
    against
        The period to compare with, 'FIRST..LAST'; empty = the same number of days just before; 'year' = 52 weeks earlier.
    members
        Lists members instead, for an audience: a kind ('lost'), or with `by` a kind and where ('lost: COFFEE', 'switched out: 367').

    Returns
    -------
    Answer
        Table columns: `group` and `meaning`, or `category`, or `store_id`; `member_count` (who bought in either period); `sales_before`,
        `sales`, `change_sales` (currency units; change = sales - sales_before). By category or store also `new_sales`, `back_sales`,
        `lost_sales`, `more_sales`, `less_sales`, `switched_in_sales`, `switched_out_sales`, `non_member_sales`: parts of the change. A part
        of fewer members than scope.minimum_members is null, and in `few_sales` together with others, so that a row still adds up. With
        `members`: `member_id`, `sales_before`, `sales`, `change_sales` (there), `reachable`.

    Raises
    ------
    BadValue, UnknownName
        `against` is no period, overlaps with this one, or does not lie before it; no such kind, category or store.

    Example
    -------
    >>> tk.targeting.gain_loss(ws, by="category", period="91d").table   # doctest: +SKIP
    """
    before = _against(view, against)
    if before.start < view.first_day:
        return _unmeasured(view, before)
    known = by_member(view, view.period, before)
    if members:
        return _list(view, known, before, by, members)
    kinds_table = _member_table(view, known)
    if by == "members":
        table = kinds_table
        notes: list[str | Note] = []
    else:
        cells = by_cell(view, view.period, before, by, known)
        cells, said = merged_few(view, cells, by)
        notes = [*said]
        table = _cell_table(view, cells, by)
    change = int(known["now"].sum()) - int(known["before"].sum())
    shown = set(kinds_table["group"])  # what is put together in the table is not told apart in the sentence
    kinds = {row["kind"]: row for row in _kinds(known).iter_rows(named=True) if row["kind"] in shown}
    sales = int(known["now"].sum())
    return Finding(
        headline=_headline(view, kinds, before, sales, change),
        table=table,
        chart=(lambda: _chart(view, table, by, before)) if table.height else None,
        notes=[*_notes(view, before), *notes],
        ask_next=[("targeting.gain_loss", {"by": other}) for other in ("members", "category", "store") if other != by],
        figures={
            "change_sales": change / view.minor_units,
            **{f"{name}_members": kinds[name]["members"] for name in ("new", "lost") if name in kinds},
        },
    )


def _list(view: View, known: pl.DataFrame, before: Period, by: By, asked: str) -> Finding:
    """The members of one kind, in the scope or in one category or store."""
    if by == "members":
        kind = the_row(asked, list(_SAID), where=_NAME)
        chosen, said = known.filter(pl.col("kind") == kind), tr(_SAID[kind], before=before)
    else:
        kind, _, cell = (part.strip() for part in asked.replace("：", ":").partition(":"))
        if not cell:
            raise BadValue(
                tr(
                    "{name}: members is '{asked}'; a kind and a {by} were needed, such as 'lost: {some_cell}'.",
                    name=_NAME,
                    asked=asked,
                    by=word(by),
                    some_cell=_some_cell(view, by),
                )
            )
        sentences = _SAID_OF_STORE if by == "store" else _SAID_OF_CATEGORY
        kind = the_row(kind.replace("_", " "), list(sentences), where=_NAME)
        parts = with_parts(view, view.period, before, by, known)
        cell = the_row(cell, parts["cell"].unique().sort().to_list(), where=_NAME)
        chosen = parts.filter((pl.col("cell") == cell) & (pl.col("part") == kind.replace(" ", "_")))
        said = tr(sentences[kind], cell=cell, before=before)
    return listed(
        view,
        None,
        chosen.drop_nulls("member_code").select(
            "member_code",
            pl.col("before").alias("sales_before"),
            pl.col("now").alias("sales"),
            (pl.col("now") - pl.col("before")).alias("change_sales"),
        ),
        said,
        view.period,
        by="sales" if kind in ("new", "back", "switched in") else "sales_before",
        notes=_notes(view, before)[1:],
        ask_next=[("targeting.gain_loss", {"by": by})],
    )


def _some_cell(view: View, by: By) -> str:
    return str(view.categories["category"].first() if by == "category" else view.stores["store_id"].first())


def _against(view: View, against: str | None) -> Period:
    if against in (None, ""):
        return view.period.before()
    if against == "year":
        return view.period.year_before()
    if ".." not in str(against):
        raise BadValue(
            tr(
                "targeting.gain_loss: against is '{against}'; 'year', or a period such as '2026-01-01..2026-03-31', was needed.",
                against=against,
            )
        )
    found = read_period(against, view.as_of, 1)
    if found.end >= view.period.start:
        raise BadValue(
            tr(
                "targeting.gain_loss: against is {found}, but it must end before this period, {period}, starts.",
                found=found,
                period=view.period,
            )
        )
    return found


def _kinds(members: pl.DataFrame) -> pl.DataFrame:
    person = pl.col("member_code").is_not_null()
    return members.group_by("kind").agg(person.sum().cast(pl.Int64).alias("members"), pl.col("before", "now").sum())


def _member_table(view: View, members: pl.DataFrame) -> pl.DataFrame:
    found = pl.DataFrame({"group": list(MEANINGS), "meaning": list(MEANINGS.values())})
    table = found.join(_kinds(members), left_on="group", right_on="kind", how="inner", maintain_order="left")
    least = view.settings.scope.minimum_members
    few = (pl.col("group") != NON_MEMBERS) & (pl.col("members") < least)
    if table.filter(few).height:  # kinds with too few members go into one row, with the smallest other kind while they are too few
        ranked = table.filter(pl.col("group") != NON_MEMBERS).sort("members")["group"].to_list()
        held, total = [], 0
        for name in ranked:
            count = int(table.filter(pl.col("group") == name)["members"].item())
            if total >= least or (not held and count >= least):
                break
            held.append(name)
            total += count
        said = tr(" or ").join(word(name) for name in MEANINGS if name in held)
        table = table.with_columns(
            pl.when(pl.col("group").is_in(held)).then(pl.lit(said)).otherwise("group").alias("group"),
            pl.when(pl.col("group").is_in(held)).then(pl.lit(_TOO_FEW)).otherwise("meaning").alias("meaning"),
        )
        table = table.group_by("group", "meaning", maintain_order=True).agg(pl.col("members", "before", "now").sum())
    return table.select(
        "group",
        "meaning",
        pl.when(pl.col("group") != NON_MEMBERS).then("members").alias("member_count"),
        view.major("before").alias("sales_before"),
        view.major("now").alias("sales"),
        view.major(pl.col("now") - pl.col("before")).alias("change_sales"),
    )


def _cell_table(view: View, cells: pl.DataFrame, by: By) -> pl.DataFrame:
    name = "category" if by == "category" else "store_id"
    return cells.select(
        pl.col("cell").alias(name),
        "member_count",
        view.major("before").alias("sales_before"),
        view.major("now").alias("sales"),
        view.major(pl.col("now") - pl.col("before")).alias("change_sales"),
        *[view.major(column).alias(column) for column in _COLUMNS],
    )


_CAME = {
    ("new", "back"): later("{n} new or returning members brought {money}"),
    ("new",): later("{n} new members brought {money}"),
    ("back",): later("{n} returning members brought {money}"),
}
_STAYED = {
    "lost": later("{n} who stayed away took {money}"),
    "more": later("{n} who spent more added {money}"),
    "less": later("{n} who spent less cost {money}"),
}


def _headline(view: View, kinds: dict[str, dict], before: Period, sales: int, change: int) -> str:
    said = []
    came = tuple(name for name in ("new", "back") if name in kinds)
    for names, sentence in ((came, _CAME.get(came, "")), *(((name,), sentence) for name, sentence in _STAYED.items() if name in kinds)):
        members = sum(kinds[name]["members"] for name in names)
        if names and members >= view.settings.scope.minimum_members:
            amount = view.money(abs(sum(kinds[name]["now"] - kinds[name]["before"] for name in names)))
            count = some(members, "member") if not said and names != came else tr("{members:,}", members=members)  # the noun is understood
            said.append(tr(sentence, n=count, money=amount))
    if other := kinds.get(NON_MEMBERS):
        moved = other["now"] - other["before"]
        amount = view.money(abs(moved))
        said.append(tr("non-members added {money}", money=amount) if moved >= 0 else tr("non-members took {money}", money=amount))
    size = view.money(abs(change))
    way = tr("unchanged") if change == 0 else tr("up {size}", size=size) if change > 0 else tr("down {size}", size=size)
    parts = tr(": {said}", said=wording.clauses(said)) if said else ""
    return tr(
        "{where}, sales from {period} are {sales}, {way} on {before}{parts}.",
        where=where(view),
        period=view.period,
        sales=view.money(sales),
        way=way,
        before=before,
        parts=parts,
    )


def _notes(view: View, before: Period) -> list[str | Note]:
    notes: list[str | Note] = [tr("The parts add up exactly to the change; returns are subtracted where they were made.")]
    if before.days != view.period.days:
        notes.append(
            Note(
                tr(
                    "The periods differ in length ({before} and {now} days): part of the change is that.",
                    before=before.days,
                    now=view.period.days,
                ),
                "REVIEW",
            )
        )
    if (before.start - view.first_day).days < 182:
        notes.append(
            Note(
                tr(
                    "The receipts start on {first_day}: who was away for longer than since then reads as new, not as back.",
                    first_day=view.first_day,
                ),
                "REVIEW",
            )
        )
    notes.append(tr("Lost means: no receipt here in this period. Some of them will come again; seasons move all parts."))
    if view.scope.is_place:
        notes.append(tr("A member counts as new when their first order in the whole chain is in this period."))
    return notes


def _unmeasured(view: View, before: Period) -> Finding:
    said = tr("the receipts start on {first_day}, but the period to compare with is {before}", first_day=view.first_day, before=before)
    return Finding(
        headline=tr(
            "{where}, gain and loss are not measured: {said} (n = {members}).",
            where=where(view),
            said=said,
            members=some(view.members.height, "member"),
        ),
        table=pl.DataFrame(schema={"group": pl.String, "member_count": pl.Int64, "sales": pl.Float64}),
        notes=[Note(tr("Gain and loss: {said}. Choose a shorter period or a later as_of.", said=said), "NOT MEASURED")],
    )


def _chart(view: View, table: pl.DataFrame, by: By, before: Period) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    label = {"members": "group", "category": "category", "store": "store_id"}[by]
    shown = table
    if by != "members":
        shown = table.sort(pl.col("change_sales").abs(), descending=True).head(15).sort("change_sales", descending=True)
    return ranked_bars(
        shown,
        label=label,
        value="change_sales",
        n="member_count",
        kind="money",
        ranked=False,
        title=tr("Gain and loss: {place}", place=view.place)
        if by == "members"
        else tr("Gain and loss by {by}: {place}", by=word(by), place=view.place),
        subtitle=tr("{period} against {before}", period=view.period, before=before),
        value_title=tr("Change of sales, {currency}", currency=view.currency),
    )
