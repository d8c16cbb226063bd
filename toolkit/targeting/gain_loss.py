"""Gain and loss: who and what made sales change between two periods, adding up exactly to the change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable, Table
from toolkit.errors import BadValue
from toolkit.language import later, tr, value, word
from toolkit.registry import question
from toolkit.scope.feasts import feast_notes
from toolkit.scope.hiding import unmeasured
from toolkit.scope.period import Period
from toolkit.scope.sales import not_goods_notes
from toolkit.scope.view import View
from toolkit.targeting.measures.compared import period_against
from toolkit.targeting.measures.member_list import listed, member_table, the_row
from toolkit.targeting.measures.period_sales import NO_ORDER, NON_MEMBERS, PARTS, by_cell, by_member, merged_few, with_parts
from toolkit.wording import clauses

if TYPE_CHECKING:
    import altair as alt

By = Literal["members", "category", "store"]
MEANINGS = {
    value("first-time"): value("first order ever in this period"),
    value("back"): value("had ordered before, but not in the period before"),
    value("lost"): value("ordered in the period before, not in this one"),
    value("more"): value("ordered in both, spent more"),
    value("less"): value("ordered in both, spent less"),
    value("same"): value("ordered in both, spent the same"),
    NO_ORDER: value("ordered in neither: refunds, or receipts without goods, alone"),
    NON_MEMBERS: value("receipts without a member"),
}
_TOO_FEW = value("too few members to show apart")
_NAME = "targeting.gain_loss"
_HERE = {
    "first-time": later("had their first order ever"),
    "back": later("came back: they had ordered before, but not from {before}"),
    "lost": later("did not order, but had from {before}"),
    "more": later("spent more than from {before}"),
    "less": later("spent less than from {before}"),
    "same": later("spent the same as from {before}"),
    NO_ORDER: later("had refunds or receipts without goods alone, as from {before}"),
}
_IN_CATEGORY = {
    "first-time": later("bought {cell} and had their first order ever"),
    "back": later("bought {cell} and had ordered before, but nothing from {before}"),
    "lost": later("ordered nothing, but had bought {cell} from {before}"),
    "more": later("spent more on {cell} than from {before}"),
    "less": later("spent less on {cell} than from {before}"),
    value("switched in"): later("bought {cell}, but not from {before}, when they ordered other things"),
    value("switched out"): later("ordered, but did not buy {cell}, as they had from {before}"),
    NO_ORDER: later("ordered nothing in either period, with a refund of {cell}"),
}
_IN_STORE = {
    "first-time": later("bought in store {cell} and had their first order ever"),
    "back": later("bought in store {cell} and had ordered before, but nothing from {before}"),
    "lost": later("ordered nothing, but had bought in store {cell} from {before}"),
    "more": later("spent more in store {cell} than from {before}"),
    "less": later("spent less in store {cell} than from {before}"),
    "switched in": later("bought in store {cell}, but not from {before}, when they ordered other things"),
    "switched out": later("ordered, but did not buy in store {cell}, as they had from {before}"),
    NO_ORDER: later("ordered nothing in either period, with a refund in store {cell}"),
}
_STAYED = {
    "lost": later("[is_first?{member_count:member}|{member_count}] who stayed away took {amount:money}"),
    "more": later("[is_first?{member_count:member}|{member_count}] who spent more added {amount:money}"),
    "less": later("[is_first?{member_count:member}|{member_count}] who spent less cost {amount:money}"),
}
_PART_LABELS = {"first_time_sales": "of it: first-time", "no_order_sales": "no order in either", "non_member_sales": "Sales to non-members"}
_SUMS = (
    c.members(meaning="who bought in either period"),
    c.money("sales_before", "Sales before"),
    c.money("sales", "Sales"),
    c.money("change_sales", "Change of sales", "sales less sales before"),
)
_CELL_PARTS = (
    *[
        c.money(
            f"{part}_sales", _PART_LABELS.get(f"{part}_sales", part.replace("_", " ")), "a part of the change", null="of too few members"
        )
        for part in PARTS
    ],
    c.money("few_sales", "few, together", "parts of too few members, so that a row still adds up"),
)
KINDS = c.table("one row per kind of member, and one for non-members", c.text("group"), c.text("meaning"), _SUMS)
BY_CATEGORY = c.table("one row per category, largest change first", c.text("category"), _SUMS, _CELL_PARTS)
BY_STORE = c.table("one row per store, largest change first", c.text("store_id", "Store"), _SUMS, _CELL_PARTS)
LISTED = member_table(
    c.money("sales_before", "Sales before", "there"),
    c.money("sales", "Sales", "there"),
    c.money("change_sales", "Change of sales", "there"),
)
_TABLES: dict[By, Table] = {"members": KINDS, "category": BY_CATEGORY, "store": BY_STORE}


@question(
    "targeting",
    "Whom and what did we gain and lose since the period before?",
    words=(
        "gain and loss of sales between two periods",
        "first-time (new), lost, more, less and switched members by category or store",
        "what did we gain and lose against last quarter, last month, last year",
        "why did sales change, where did the change come from",
        "得失分析 销售变化 新增流失",
    ),
    tables=(KINDS, BY_CATEGORY, BY_STORE, LISTED),
    figures=(
        c.money("change_sales", "Change of sales"),
        c.members("first_time_members", "First-time members"),
        c.members("lost_members", "Lost members"),
        c.count("members_in_all", "Members in all"),
    ),
)
def gain_loss(view: View, *, by: By = "members", against: str | None = None, members: str | None = None) -> Finding:
    """Return what made sales change between two periods; the parts add up exactly to the change.

    Parameters
    ----------
    by
        `members`: one row per kind of member (first-time, back, lost, more, less, same, no order, non-members). `category` or `store`: one
        row each, with the change split by kind; who kept shopping in the scope but began or stopped buying there has *switched* in or out.
        Rows with fewer members than scope.minimum_members are put together.
    against
        The period to compare with, 'FIRST..LAST'; empty = the same number of days just before; 'year' = 52 weeks earlier.
    members
        Lists members instead, for an audience: a kind ('lost'), or with `by` a kind and where ('lost: COFFEE', 'switched out: 367').

    Raises
    ------
    BadValue, UnknownName
        `against` is no period, overlaps with this one, or does not lie before it; no such kind, category or store.

    Example
    -------
    >>> tk.targeting.gain_loss(ws, by="category", period="91d").table   # doctest: +SKIP
    """
    before = period_against(view, against, _NAME)
    if before.start < view.first_day:
        return _unmeasured(view, LISTED if members else _TABLES[by], before)
    known = by_member(view, view.period, before)
    if members:
        return _list(view, known, before, by, members)
    kinds = KINDS.of(_kinds(view, known), view)
    shown, notes = (kinds, []) if by == "members" else _cells(view, known, before, by)
    named = {"first_time": "first-time", "lost": "lost"}
    counts = {name: row["member_count"] for name, kind in named.items() if (row := kinds.find(group=kind))}
    return Finding(
        headline=_headline(view, kinds, known, before),
        table=shown,
        chart=(lambda: _chart(view, shown.frame, by, before)) if shown.height else None,
        notes=[*_notes(view, before), *feast_notes(view, before), *notes, *(not_goods_notes(view) if by == "category" else [])],
        ask_next=[("targeting.gain_loss", {"by": other}) for other in _TABLES if other != by],
        figures={
            "change_sales": (int(known["now"].sum()) - int(known["before"].sum())) / view.minor_units,
            **{f"{name}_members": count for name, count in counts.items()},
        },
    )


def _list(view: View, known: pl.DataFrame, before: Period, by: By, asked: str) -> Finding:
    """The members of one kind, in the scope or in one category or store."""
    if by == "members":
        kind = the_row(asked, list(_HERE), where=_NAME)
        chosen, did = known.filter(pl.col("kind") == kind), view.say(_HERE[kind], before=before)
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
        sentences = _IN_STORE if by == "store" else _IN_CATEGORY
        kind = the_row(kind.replace("_", " "), list(sentences), where=_NAME)
        parts = with_parts(view, view.period, before, by, known)
        cell = the_row(cell, parts["cell"].unique().sort().to_list(), where=_NAME)
        chosen = parts.filter((pl.col("cell") == cell) & (pl.col("part") == kind.replace(" ", "_").replace("-", "_")))
        did = view.say(sentences[kind], cell=cell, before=before)
    return listed(
        view,
        LISTED,
        chosen.drop_nulls("member_code").select(
            "member_code",
            pl.col("before").alias("sales_before"),
            pl.col("now").alias("sales"),
            (pl.col("now") - pl.col("before")).alias("change_sales"),
        ),
        did,
        view.period,
        by="sales" if kind in ("first-time", "back", "switched in") else "sales_before",
        notes=_notes(view, before)[1:],
        ask_next=[("targeting.gain_loss", {"by": by})],
    )


def _some_cell(view: View, by: By) -> str:
    return str(view.categories["category"].first() if by == "category" else view.stores["store_id"].first())


def _kinds(view: View, members: pl.DataFrame) -> pl.DataFrame:
    """The table of kinds; those with too few members go into one row, with the smallest other kind while they are too few."""
    sums = members.group_by("kind").agg(pl.col("member_code").count().alias("members"), pl.col("before", "now").sum())
    meanings = pl.DataFrame({"kind": list(MEANINGS), "meaning": list(MEANINGS.values())})
    table = meanings.join(sums, on="kind", how="inner", maintain_order="left")
    together, total = list[str](), 0
    for name, count in table.filter(pl.col("kind") != NON_MEMBERS).sort("members").select("kind", "members").iter_rows():
        if total >= view.least or (not together and count >= view.least):
            break
        together.append(name)
        total += count
    label = tr(" or ").join(word(name) for name in MEANINGS if name in together)
    is_few = pl.col("kind").is_in(together)
    table = table.with_columns(
        pl.when(is_few).then(pl.lit(label)).otherwise("kind").alias("group"),
        pl.when(is_few).then(pl.lit(_TOO_FEW)).otherwise("meaning").alias("meaning"),
        pl.when(pl.col("kind") != NON_MEMBERS).then("members").alias("members"),
    )
    is_member = pl.col("members").is_not_null().any()
    totals = (pl.when(is_member).then(pl.col("members").sum()).alias("member_count"), pl.col("before", "now").sum())
    return _in_major(view, table.group_by("group", "meaning", maintain_order=True).agg(*totals))


def _cells(view: View, known: pl.DataFrame, before: Period, by: By) -> tuple[AnswerTable, list[str]]:
    cells, notes = merged_few(view, by_cell(view, view.period, before, by, known), by)
    names = {"cell": "category" if by == "category" else "store_id"}
    parts = [view.major(column.name).alias(column.name) for column in _CELL_PARTS]
    return _TABLES[by].of(_in_major(view, cells.with_columns(parts)).rename(names), view), notes


def _in_major(view: View, table: pl.DataFrame) -> pl.DataFrame:
    """The sums of both periods in currency units, with their difference."""
    return table.with_columns(
        view.major("before").alias("sales_before"),
        view.major("now").alias("sales"),
        view.major(pl.col("now") - pl.col("before")).alias("change_sales"),
    ).drop("before", "now")


def _headline(view: View, kinds: AnswerTable, known: pl.DataFrame, before: Period) -> str:
    """Kinds that are put together in the table are not told apart in the sentence either."""
    sales, change = int(known["now"].sum()), int(known["now"].sum()) - int(known["before"].sum())
    shown = {row["group"]: row for row in kinds.rows() if row["member_count"] or row["group"] == NON_MEMBERS}
    first, back = (shown.get(name, {"member_count": 0, "change_sales": 0.0}) for name in ("first-time", "back"))
    parts = list[str]()
    if "first-time" in shown or "back" in shown:
        parts.append(
            view.say(
                "{n:few} members who ordered [first?for the first time[back? or came back]|again after a pause] brought {amount:money}",
                n=first["member_count"] + back["member_count"], first="first-time" in shown, back="back" in shown,
                amount=abs(first["change_sales"] + back["change_sales"]),
            )
        )  # fmt: skip
    for kind, sentence in _STAYED.items():
        if row := shown.get(kind):
            parts.append(view.say(sentence, row, is_first=not parts, amount=abs(row["change_sales"])))  # the noun is understood later on
    if other := shown.get(NON_MEMBERS):
        moved = other["change_sales"]
        parts.append(view.say("non-members [grew?added|took] {amount:money}", grew=moved >= 0, amount=abs(moved)))
    return view.say(
        "{where}, sales from {period} are {sales:minor}, [up?up {size:minor}|[down?down {size:minor}|unchanged]] on {before}[: {parts}].",
        sales=sales, size=abs(change), up=change > 0, down=change < 0, before=before, parts=clauses(parts),
    )  # fmt: skip


def _notes(view: View, before: Period) -> list[str | Note]:
    notes: list[str | Note] = [tr("The parts add up exactly to the change; returns are subtracted where they were made.")]
    if before.days != view.period.days:
        longer = view.say(
            "The periods differ in length ({before} and {now} days): part of the change is that.", before=before.days, now=view.period.days
        )
        notes.append(Note(longer, "REVIEW"))
    if (before.start - view.first_day).days < 182:
        away = view.say(
            "The receipts start on {first_day}: who was away for longer than since then reads as first-time, not as back.",
            first_day=view.first_day,
        )
        notes.append(Note(away, "REVIEW"))
    notes.append(
        tr("Lost means: no order here in this period (a refund alone is none). Some of them will come again; seasons move all parts.")
    )
    if view.scope.is_place:
        notes.append(tr("A member counts as first-time when their first order in the whole chain is in this period."))
    return notes


def _unmeasured(view: View, table: Table, before: Period) -> Finding:
    headline = view.say(
        "{where}, gain and loss are not measured: the receipts start on {first_day}, but the period to compare with is {before} "
        "(n = {members:member}).",
        first_day=view.first_day, before=before, members=view.members.height,
    )  # fmt: skip
    advice = view.say(
        "Gain and loss: the receipts start on {first_day}, but the period to compare with is {before}. Choose a shorter period or a later "
        "as_of.",
        first_day=view.first_day, before=before,
    )  # fmt: skip
    return unmeasured(table, headline, advice)


def _chart(view: View, table: pl.DataFrame, by: By, before: Period) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    if by != "members":
        table = table.sort(pl.col("change_sales").abs(), descending=True).head(15).sort("change_sales", descending=True)
    return ranked_bars(
        table,
        label=table.columns[0],
        value="change_sales",
        n="member_count",
        kind="money",
        ranked=False,
        title=view.say("Gain and loss: {place}") if by == "members" else view.say("Gain and loss by {by:word}: {place}", by=by),
        subtitle=view.say("{period} against {before}", before=before),
        value_title=view.say("Change of sales, {currency}"),
    )
