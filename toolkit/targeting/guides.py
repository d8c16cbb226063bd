"""Guides: the members in each guide's book, what they brought, and who stands out for the members they were given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr, value
from toolkit.models.book_index import BookIndex
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.view import View
from toolkit.targeting.measures.book_members import index_of, people_of
from toolkit.targeting.measures.books import Books, books, in_place, served_orders
from toolkit.wording import listing

if TYPE_CHECKING:
    import altair as alt

STANDS_OUT, LIKE_OTHERS, NOT_COMPARED = value("stands out"), value("not told apart from colleagues"), value("nothing to compare with")
GONE = value("has left")
GUIDES = c.table(
    "one row per guide; by store where nobody stands out, since an order of chance would be no order",
    c.text("guide_id", "Guide"),
    c.text("name", "Name", null="the table `guides` does not say"),
    c.text("store_id", "Store", null="not known"),
    c.members("member_count", "Members in the book"),
    c.members("active_count", "Came", "ordered in the period"),
    c.members("slipping_count", "Slipping away", "as `targeting.slipping` judges"),
    c.money("sales", "Sales of the book", "of its members in the period, wherever they bought and whoever served"),
    c.money("served_sales", "Sales served", "of the period's receipts that name the guide", null="lines name no guides", hidden_by=None),
    c.members("judged_count", "Compared members", "had ordered before the period"),
    *c.interval(
        c.index("book_index", "Index", "1 = what like members of the same store brought with colleagues; shrunk", null="cannot be compared")
    ),
    c.count("rank_first", "Rank from", "with 95% probability no better than this; 1 = best", null="cannot be compared"),
    c.count("rank_last", "Rank to", "and no worse than this", null="cannot be compared"),
    c.text("standing", "Standing"),
)


@question(
    "targeting",
    "How do the guides' books stand, and does any guide stand out?",
    words=(
        "members and sales of each guide's book",
        "which guide is the best, compare shop assistants fairly",
        "how many members does each guide look after",
        "导购 业绩 对比 名下会员 专属会员 活跃",
        "哪个导购做得最好",
    ),
    tables=GUIDES,
    figures=(
        c.count("guide_count", "Guides"),
        c.members("in_books", "Members in books"),
        c.members("bookless", "Members in nobody's book"),
        c.count("stands_out_count", "Guides who stand out"),
    ),
)
def guides(view: View, *, measure: Literal["came", "sales"] = "came") -> Finding:
    """Return each guide's book: members, how many came and slip away, sales, and an index for the members they were given.

    The index sets what a book's members did in the period against what members like them (as long since the last order, as many orders or
    as much spent in the year before) did with colleagues of the same store. It is drawn towards 1 as far as chance explains how guides
    differ; ranks have intervals; and only who is above colleagues beyond chance is named, corrected for the number of guides.

    Parameters
    ----------
    measure
        What is compared: `came` (members who ordered in the period) or `sales` (a member's largest 1% count as the rest's limit, so that
        one large purchase makes no guide).

    Notes
    -----
    `guide_id` is of the day of the export: who was taken into a book because they came counts for that guide. A guide alone in a store
    cannot be told from the store. Nobody is named for being below: a low index has causes that no receipt tells.

    Source: indirect standardisation and empirical Bayes: `toolkit.models.book_index`.

    Example
    -------
    >>> tk.targeting.guides(ws, measure="sales").table                  # doctest: +SKIP
    """
    found = books(view)
    if found is None or found.guides.is_empty():
        headline = view.say("{where}, guides' books are not measured: the members table has no `guide_id` column, or nobody is in a book.")
        advice = tr("Import it: `guide_id` says whose member each is; the table `guides` says where they work and who has left.")
        return unmeasured(GUIDES, headline, advice, ask_next=[("targeting.slipping", {})])
    rows, index = _rows(view, found, measure)
    table = GUIDES.of(rows, view)
    best = rows.filter(pl.col("standing") == STANDS_OUT)["guide_id"].to_list()
    bookless = view.members.join(found.members.filter(pl.col("guide_id").is_null()), on="member_code", how="semi").height
    return Finding(
        headline=view.say(
            "{where}, {guides} guides have {members:member} in their books; [best?beyond chance above colleagues with like members "
            "{window:in}: {best}|no guide's book stands out beyond chance {window:in}, so there is no order of rank].",
            guides=rows.height, members=int(rows["member_count"].sum() or 0), best=listing(best[:5]) if best else None,
            window=view.period,
        ),
        table=table,
        chart=(lambda: _chart(view, table, measure)) if table.frame["book_index"].count() > 1 else None,
        notes=_notes(view, found, rows, index, bookless, measure),
        ask_next=[("targeting.guide_tasks", {}), ("review.guide_calls", {}), ("targeting.guides", {"measure": "sales"})],
        figures={
            "guide_count": float(rows.height), "in_books": float(rows["member_count"].sum() or 0), "bookless": float(bookless),
            "stands_out_count": float(len(best)),
        },
    )  # fmt: skip


def _rows(view: View, found: Books, measure: str) -> tuple[pl.DataFrame, BookIndex]:
    people = people_of(view, found)
    ids, index = index_of(people, measure)
    told = pl.DataFrame(
        {
            "guide_id": ids, "book_index": index.shrunk, "book_index_low": index.low, "book_index_high": index.high,
            "rank_first": index.rank_low, "rank_last": index.rank_high, "is_best": index.stands_out,
        },
        schema_overrides={"guide_id": pl.String},
    ).with_columns(pl.col(pl.Float64).fill_nan(None)).with_columns(pl.col("rank_first", "rank_last").cast(pl.Int64))  # fmt: skip
    counted = people.drop_nulls("guide_id").group_by("guide_id").agg(
        pl.len().cast(pl.Int64).alias("member_count"), pl.col("came").sum().cast(pl.Int64).alias("active_count"),
        pl.col("is_slipping").fill_null(False).sum().cast(pl.Int64).alias("slipping_count"), pl.col("spent").sum().alias("sales"),
        (pl.col("before_count") > 0).sum().cast(pl.Int64).alias("judged_count"),
    )  # fmt: skip
    rows = found.guides.join(counted, on="guide_id", how="left").join(told, on="guide_id", how="left")
    rows = in_place(view, rows.join(_served(view), on="guide_id", how="left"))
    standing = (
        pl.when(pl.col("left_on").is_not_null()).then(pl.lit(GONE)).when(pl.col("is_best").fill_null(False)).then(pl.lit(STANDS_OUT))
        .when(pl.col("book_index").is_not_null()).then(pl.lit(LIKE_OTHERS)).otherwise(pl.lit(NOT_COMPARED))
    )  # fmt: skip
    counts = ("member_count", "active_count", "slipping_count", "judged_count", "sales")
    rows = rows.with_columns(standing.alias("standing"), pl.col(*counts).fill_null(0)).with_columns(
        view.major("sales").alias("sales"), view.major("served_sales").alias("served_sales")
    )
    first = pl.when(pl.col("standing") == STANDS_OUT).then(pl.col("book_index")).otherwise(0.0)
    return rows.sort(first, "store_id", "guide_id", descending=[True, False, False], nulls_last=True).select(GUIDES.schema.names()), index


def _served(view: View) -> pl.DataFrame:
    served = served_orders(view.chain)
    if served is None:
        return pl.DataFrame(schema={"guide_id": pl.String, "served_sales": pl.Int64})
    inside = pl.col("day").is_between(view.period.start, view.period.end)
    return served.filter(inside).group_by("guide_id").agg(pl.col("amount").sum().alias("served_sales")).collect(engine="streaming")


def _notes(view: View, found: Books, rows: pl.DataFrame, index: BookIndex, bookless: int, measure: str) -> list[str | Note]:
    what = {"came": tr("who came"), "sales": tr("what they spent")}[measure]
    notes: list[str | Note] = [
        view.say(
            "The index compares {what} with members of the same store who were like them before the period, in colleagues' books; true "
            "differences between guides are about {spread:.0%}.",
            what=what, spread=index.between,
        ),
        tr("Nobody is named for being below: holidays, shifts and whom they were given are not on receipts. Ask them first."),
    ]  # fmt: skip
    gone = rows.filter(pl.col("standing") == GONE)
    if gone.height:
        inferred = found.gone.filter("is_inferred", pl.col("guide_id").is_in(gone["guide_id"].implode())).height
        notes.append(
            Note(
                view.say(
                    "[one?A guide has|{gone} guides have] left ({names}) with {members:member}: `targeting.guide_tasks` shares these out "
                    "to colleagues"
                    "[inferred?; of {inferred} it is read from {membership.guide_silent_days} days without a receipt of theirs].",
                    gone=gone.height, one=gone.height == 1, names=listing(gone["guide_id"].to_list()[:5]),
                    members=int(gone["member_count"].sum() or 0),
                    inferred=inferred or None,
                ),
                "REVIEW",
            )
        )  # fmt: skip
    alone = rows.filter(pl.col("standing") == NOT_COMPARED).height
    if alone:
        notes.append(
            Note(
                view.say(
                    "Of [one?a guide|{alone} guides] nothing can be told: alone in a store, or too few of their members had ordered.",
                    alone=alone,
                    one=alone == 1,
                ),
                "NOT MEASURED",
            )
        )
    if bookless:
        notes.append(Note(view.say("{count:member} in scope are in no guide's book.", count=bookless), "REVIEW"))
    known = found.guides.join(found.members.select("guide_id").drop_nulls().unique(), on="guide_id", how="semi")
    if known.height and found.guides["served_count"].sum() and not known["served_count"].sum():
        text = tr("No guide of the lines is a guide of the members table: are they written differently, as 7 and 007?")
        notes.append(Note(text, "REVIEW"))
    if not view.workspace.has_column("lines", "guide_id"):
        notes.append(Note(tr("Who served: the lines have no `guide_id` column."), "NOT MEASURED"))
    return notes


def _chart(view: View, table: AnswerTable, measure: str) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    shown = table.frame.drop_nulls("book_index").head(30)
    title = {"came": tr("Members who came, against like members of colleagues"), "sales": tr("Sales, against like members of colleagues")}
    return ranked_bars(
        shown, label="guide_id", value="book_index", low="book_index_low", high="book_index_high", n="judged_count", kind="index",
        ranked=False, title=title[measure], subtitle=view.say("{place}, {period}"), value_title=tr("Index, 1 = like colleagues"),
    )  # fmt: skip
