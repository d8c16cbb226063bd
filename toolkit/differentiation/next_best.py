"""One to one: the next goods and the offer for each member, with the reason in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.differentiation.matrix import NO_ADVICE, advice_table
from toolkit.differentiation.measures.cells import member_cells
from toolkit.differentiation.measures.next_goods import NEW, next_goods
from toolkit.errors import UnknownName, nearest, require_rows
from toolkit.language import tr
from toolkit.portrait.price_sensitivity import sensitivity_traits
from toolkit.registry import question
from toolkit.scope.phrases import not_measured, without_categories
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

_CHART_GOODS = 15
_AXES = ("stage", "sensitivity", "power")
NEXT_BEST = c.table(
    "one row per member, likeliest purchase first",
    c.text("member_id", "Member"),
    c.text("goods", null="nothing was bought with a category, or all of it just now"),
    c.text("reason"),
    c.share("purchase_probability", "Probability of a purchase", "of these goods, within playbook.ahead_days"),
    c.text("product", meaning="the one they last took of the goods", null="none"),
    c.text("second_goods"),
    c.text("second_reason", "Why second"),
    c.text("new_goods", "New to them", "never bought", null="nothing goes with theirs"),
    c.text("new_reason", "Why new"),
    c.text("method"),
    c.text("message"),
    c.text("offer_reason", "Why this offer"),
    c.text("segment"),
    c.text("stage", null="not measured"),
    c.flag("reachable", "May be contacted", null="the shop does not say who may be contacted"),
)


def next_best_table(view: View, members: pl.DataFrame) -> pl.DataFrame:
    """Return what to offer each of some members next: one row per member, in the order they came; columns as `next_best`.

    In: rows of `view.members` or `view.population`. One pass over columns, however many members: a contact list of a whole chain.
    """
    named = _named(view, next_goods(view).join(members.select("member_code"), on="member_code", how="semi", maintain_order="left"))
    picked = {
        slot: named.filter(pl.col("slot") == slot).select("member_code", *[pl.col(name).alias(f"{kind}{name}") for name in names])
        for slot, kind, names in (
            ("1", "", ("goods", "reason", "purchase_probability", "product")),
            ("2", "second_", ("goods", "reason")),
            (NEW, "new_", ("goods", "reason")),
        )
    }
    reachable = pl.col("contactable").fill_null(False) if "contactable" in members.columns else pl.lit(None, pl.Boolean)
    rows = members.select("member_code", "member_id", reachable.alias("reachable"))
    for table in (*picked.values(), _offers(view, members)):
        rows = rows.join(table, on="member_code", how="left", maintain_order="left")
    return rows.select(NEXT_BEST.schema.names())


def _named(view: View, rows: pl.DataFrame) -> pl.DataFrame:
    """The goods by name, and why, in words (of `language.labels.VALUES`)."""
    names = dict(view.categories.select(pl.col("category_code").cast(pl.Int64), "category").iter_rows())

    def called(column: str, table: dict[int, str]) -> pl.Expr:
        return pl.col(column).cast(pl.Int64).replace_strict(table, default=None, return_dtype=pl.String)

    days, elapsed, wait = pl.col("day_count"), pl.col("elapsed_days"), pl.col("wait_days").round().cast(pl.Int64)
    last = pl.concat_str(pl.lit("last "), elapsed, pl.lit(" days ago"))
    rhythm = pl.concat_str(pl.lit("usually needed again after about "), wait, pl.lit(" days, "), last)
    taste = pl.concat_str(pl.lit("bought on "), days, pl.lit(" days, "), pl.col("affinity_index").round(1).cast(pl.String),
                          pl.lit(" times as often as others, "), last)  # fmt: skip
    once = pl.concat_str(pl.lit("bought once, "), elapsed, pl.lit(" days ago"))
    goes = pl.concat_str(
        pl.lit("never bought; goes with "), called("partner_code", names), pl.lit(", which they buy: in one basket at least "),
        pl.col("attach_index").round(1).cast(pl.String), pl.lit(" times as often as by chance"),
    )  # fmt: skip
    reason = (
        pl.when("is_due").then(pl.concat_str(pl.lit("due again: "), rhythm))
        .when(days > 1).then(taste)
        .when(days == 1).then(once)
        .when(pl.col("attach_index") > 0).then(goes)
        .otherwise(pl.lit("never bought, but many members buy it"))
    )  # fmt: skip
    return rows.select(
        "member_code",
        "slot",
        called("category_code", names).alias("goods"),
        reason.alias("reason"),
        "purchase_probability",
        "product",
    )


def _offers(view: View, members: pl.DataFrame) -> pl.DataFrame:
    """Method and message of each member. The coupon trait decides between coupon and discount, where nothing is measured."""
    advice = advice_table(view)
    coupon = sensitivity_traits(view).select("member_code", "coupon_level")
    cells = member_cells(view).join(members.select("member_code"), on="member_code", how="semi", maintain_order="left")
    cells = cells.join(coupon, on="member_code", how="left", maintain_order="left")
    cells = cells.join(advice.drop("segment"), on=_AXES, how="left", maintain_order="left", nulls_equal=True)
    guess = ~pl.col("is_measured").fill_null(False)
    to_coupon = guess & (pl.col("method") == "discount") & (pl.col("coupon_level") == "high")
    to_discount = guess & (pl.col("method") == "coupon") & (pl.col("coupon_level") == "low") & (pl.col("sensitivity") == "high")
    why = pl.when(to_coupon).then(pl.lit("; a coupon, since they use coupons often")).when(to_discount).then(
        pl.lit("; a discount, since they hardly use coupons")).otherwise(pl.lit(""))  # fmt: skip
    return cells.select(
        "member_code",
        pl.when(to_coupon).then(pl.lit("coupon")).when(to_discount).then(pl.lit("discount")).otherwise("method").alias("method"),
        "message",
        pl.concat_str("segment", pl.lit(", "), pl.col("stage").fill_null("stage not measured"), pl.lit("; "),
                      pl.col("basis").fill_null("no advice in the playbook"), why).alias("offer_reason"),
        "segment", "stage",
    )  # fmt: skip


@question(
    "differentiation",
    "What should we offer each member next, and why?",
    words=(
        "next best offer, next best product for each member",
        "one to one recommendation, personal goods and offer",
        "what will this member buy next, recommend something to a member",
        "一对一 千人千面 推荐",
        "给每个会员推荐什么",
    ),
    minimum=False,
    tables=NEXT_BEST,
    figures=(
        c.members("members_in_all", "Members in all"),
        c.share("with_goods_share", "Share with goods to offer"),
        c.share("mean_probability", "Mean probability"),
    ),
)
def next_best(view: View, *, member_id: str | int | None = None, top: int = 100) -> Finding:
    """Return the next goods and the offer for each member: one row per member, likeliest purchase first.

    Goods: categories that the member has not just bought (settings playbook.recent_days, playbook.recent_wait_share), by the probability
    of a purchase in the next quarter (playbook.ahead_days): own taste shrunk to the shop's, own pace, and the list of what is due again;
    and one that they never bought and that goes with their own. Offer: the cell of the matrix, or the lesson that outranks it.

    Parameters
    ----------
    member_id
        One member alone, as the shop writes the id.
    top
        Rows of the table at most; 0 = all members in scope.

    Raises
    ------
    UnknownName
        No member in scope has this id.
    BadValue
        `top` is below 0, or the playbook is faulty.

    Notes
    -----
    Measured on the Complete Journey: goods not bought within 28 days that were bought in the next quarter, 72% (first choice) against 63%
    with the most popular goods not bought lately (benchmarks/truth_differentiation.py).

    Example
    -------
    >>> tk.differentiation.next_best(ws, member_id="0012").table        # doctest: +SKIP
    """
    require_rows("differentiation.next_best", top)
    members = view.members if member_id is None else _one(view, str(member_id))
    everybody = next_best_table(view, members).sort("purchase_probability", "member_id", descending=[True, False], nulls_last=True)
    table = NEXT_BEST.of(everybody, view)
    return Finding(
        headline=_headline_of_one(view, table) if member_id is not None else _headline(view, table),
        table=table.cut(table.frame.head(top)) if top else table,
        chart=(lambda: _chart(view, table)) if member_id is None and table.frame["goods"].count() else None,
        notes=[*without_categories(view), *_notes(view, table, top, member_id is not None)],
        ask_next=[("portrait.member", {"member_id": str(member_id)}), ("differentiation.matrix", {})]
        if member_id is not None
        else [("differentiation.matrix", {"lifecycle": True}), ("targeting.due_again", {})],
        figures={
            "members_in_all": table.height,
            "with_goods_share": table.frame["goods"].count() / max(table.height, 1),
            "mean_probability": float(table.frame["purchase_probability"].mean() or 0),  # type: ignore[arg-type]
        },
    )


def _one(view: View, wanted: str) -> pl.DataFrame:
    member = view.members.filter(pl.col("member_id") == wanted)
    if member.height:
        return member
    near = nearest(wanted, view.members["member_id"].head(20_000).to_list(), most=3)
    raise UnknownName(
        view.say(
            "differentiation.next_best: no member with receipts in {place} has the id '{wanted}'[near?; did you mean {near}?|.]",
            wanted=wanted, near=tr(" or ").join(repr(name) for name in near),
        )
    )  # fmt: skip


def _headline_of_one(view: View, table: AnswerTable) -> str:
    member = table.row()
    return view.say(
        "Member {member_id}: [goods?{goods} next ({reason}; P = {purchase_probability})|no goods, for nothing was bought with a category, "
        "or all of it just now]; offer: {method:word} ({offer_reason}).",
        member, method=(member["method"] or NO_ADVICE).replace("_", " "),
    )  # fmt: skip


def _headline(view: View, table: AnswerTable) -> str:
    known = table.frame.drop_nulls("goods")
    if known.is_empty():
        return view.say(
            "{where}, no next goods for {members:member}: nothing bought with a category, or all of it just now.", members=table.height
        )
    mean = float(known["purchase_probability"].mean() or 0)  # type: ignore[arg-type]
    goods, first = known.group_by("goods").len().sort("len", "goods", descending=[True, False]).row(0)
    return view.say(
        "{where}, {known:few} of {members:member} have next goods of their own, most often {goods} ({first:member}); in "
        "{playbook.ahead_days} days {mean:share} of them are expected to buy the goods named, with or without an offer.",
        known=known.height, members=table.height, goods=goods, first=first, mean=mean,
    )  # fmt: skip


def _notes(view: View, table: AnswerTable, top: int, is_one: bool) -> list[str | Note]:
    notes: list[str | Note] = [
        view.say(
            "Not offered: what a member bought within {playbook.recent_days} days, or within {playbook.recent_wait_share:.0%} of its usual "
            "wait (stated service life, own rhythm, or the shop's)."
        ),
        tr("The probability says who buys, not who buys because of the offer: only a campaign with a holdout tells that."),
        tr("Offers are those of the matrix; a lesson outranks the playbook only where it was randomised."),
    ]
    if top and table.height > top:
        notes.append(view.say("The table lists {top} of {members} members; top=0 lists all.", top=top, members=table.height))
    if not view.has_column("members", "contactable"):
        notes.append(not_measured(view, "members", "contactable", tr("who may be contacted")))
    elif not is_one:
        notes.append(
            view.say(
                "{reachable:member} of {members:few} may be contacted; export an audience to write lists.",
                reachable=int(table.frame["reachable"].sum()), members=table.height,
            )
        )  # fmt: skip
    if not view.has_column("lines", "discount_amount"):
        notes.append(not_measured(view, "lines", "discount_amount", tr("price sensitivity")))
    missing = table.frame["goods"].null_count()
    if missing and not is_one:
        sentence = view.say("{missing:member} bought nothing with a category, or all of it just now: no goods.", missing=missing)
        notes.append(Note(sentence, "NOT MEASURED"))
    return notes


def _chart(view: View, table: AnswerTable) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    counted = table.frame.drop_nulls("goods").group_by("goods").agg(pl.len().cast(pl.Int64).alias("member_count"))
    shown = counted.filter(pl.col("member_count") >= view.least).sort("member_count", "goods", descending=[True, False]).head(_CHART_GOODS)
    return ranked_bars(
        shown, label="goods", value="member_count", kind="count", title=view.say("Next goods: {place}"),
        subtitle=view.say("as of {as_of}, members whose first choice it is"), value_title=tr("Members"),
    )  # fmt: skip
