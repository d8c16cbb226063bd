"""What of the lines is no goods (`is_goods`): kept in sales and marked by product, or left out, as the mapping says.

The workspace holds goods by product: the products table says so (`is_goods`), else the lines of the product did. A shop that says nothing
of goods pays nothing for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from toolkit.language import tr
from toolkit.sources.convert import Typed
from toolkit.sources.mapping import Mapping
from toolkit.workspace import Workspace

MARKS = "not_goods"
"""The dictionary of the workspace that lists products whose lines say that they are no goods."""


@dataclass(frozen=True)
class GoodsTold:
    """Lines, told apart: those to keep, the marks of products as they will be, and what a person is told."""

    lines: pl.LazyFrame
    marks: pl.DataFrame  # (code, id) of products whose lines are no goods
    out: pl.LazyFrame | None = None  # lines that are left out
    left_out: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def told_apart(
    ws: Workspace, mapping: Mapping, typed: Typed, lines: pl.LazyFrame, products: pl.DataFrame | pl.LazyFrame | None
) -> GoodsTold:
    """Return the lines of an import told apart by what the products table (as it will be) and the lines themselves say of goods.

    A line's own mark counts for the line where what is no goods is left out; kept lines are told apart by product, and a product whose
    lines disagree is what most of them say. Where the products table speaks of a product, it has the last word.
    """
    marks = ws.codes(MARKS)
    stated = _stated(products)
    by_line = "is_goods" in typed.mapped
    if stated["is_goods"].all() and not (by_line and (marks.height or _any_said_no(lines))):
        return GoodsTold(lines, marks)
    said = stated.rename({"product_id": "product", "is_goods": "stated"})
    own = pl.col("is_goods") if by_line else pl.lit(None, pl.Boolean)
    if mapping.tables["lines"].not_goods == "left_out":
        product = pl.col("product_id").cast(pl.String).alias("product")
        keyed = lines.with_columns(product).join(said.lazy(), on="product", how="left", maintain_order="none")
        is_goods = pl.coalesce("stated", own, pl.lit(True))
        out = keyed.filter(~is_goods)
        rows = int(out.select(pl.len()).collect(engine="streaming").item())
        reason = {tr("no goods (not_goods = {left_out})", left_out='"left_out"'): rows} if rows else {}
        return GoodsTold(keyed.filter(is_goods).drop("product", "stated"), marks, out if rows else None, reason)
    # Summed by the ids as they are, which may be numbers: a text for each line would cost more than all the rest.
    by_product = lines.group_by("product_id").agg(
        pl.len().alias("rows"), (~own.fill_null(True)).sum().alias("said_no"), pl.col("amount").sum()
    )
    counted = by_product.collect(engine="streaming").with_columns(pl.col("product_id").cast(pl.String).alias("product"))
    counted = (
        counted.join(said, on="product", how="left")
        .select("product", "stated", "rows", "said_no", "amount")
        .filter((pl.col("said_no") > 0) | (~pl.col("stated")).fill_null(False) | pl.col("product").is_in(marks["id"].implode()))
    )
    counted = counted.with_columns((2 * pl.col("said_no") > pl.col("rows")).alias("mostly_no"))
    if by_line:
        marks = _renewed(marks, counted)
    kept = counted.filter(~pl.coalesce("stated", ~pl.col("mostly_no")))
    return GoodsTold(lines.drop("is_goods", strict=False), marks, notes=tuple(_notes(mapping, counted, kept)))


def _any_said_no(lines: pl.LazyFrame) -> bool:
    """Look at the one column before a pass that reads several."""
    return bool(lines.select((~pl.col("is_goods")).any()).collect(engine="streaming").item())


def products_that_are_no_goods(ws: Workspace) -> pl.Series:
    """Return the codes of a workspace's products that are no goods: as the products table says, else as their lines did."""
    marks = ws.codes(MARKS)["id"]
    stated = _stated(ws.table("products"))
    no = pl.concat([stated.filter(~pl.col("is_goods"))["product_id"], marks.filter(~marks.is_in(stated["product_id"].implode()))])
    return ws.codes("product").filter(pl.col("id").is_in(no.implode()))["code"] if no.len() else pl.Series(dtype=pl.UInt32)


def _stated(products: pl.DataFrame | pl.LazyFrame | None) -> pl.DataFrame:
    """What the products table says: product_id, is_goods (no nulls)."""
    if products is None or "is_goods" not in products.lazy().collect_schema():
        return pl.DataFrame(schema={"product_id": pl.String, "is_goods": pl.Boolean})
    return products.lazy().select("product_id", "is_goods").drop_nulls().collect()


def _renewed(marks: pl.DataFrame, counted: pl.DataFrame) -> pl.DataFrame:
    """The marks with those of the products that these lines speak of as the lines say now."""
    earlier = marks.filter(~pl.col("id").is_in(counted["product"].implode()))["id"]
    ids = pl.concat([earlier, counted.filter("mostly_no")["product"]]).unique().sort()
    return ids.to_frame("id").with_row_index("code").cast(marks.schema)  # type: ignore[arg-type]


def _notes(mapping: Mapping, counted: pl.DataFrame, kept: pl.DataFrame) -> list[str]:
    notes = []
    if kept.height:
        amount = int(kept["amount"].sum()) / 10**mapping.minor_digits
        notes.append(
            tr(
                "{products:,} products are no goods, such as {example}: their {rows:,} lines ({amount:,.2f} {currency}) are in sales, and "
                "no orders, favourites or units are made of them; to leave them out, write in the mapping, under [lines]: "
                "not_goods = {left_out}.",
                products=kept.height, example=repr(kept.sort("rows", "product", descending=[True, False])["product"][0]),
                rows=int(kept["rows"].sum()), amount=amount, currency=mapping.currency, left_out='"left_out"',
            )
        )  # fmt: skip
    split = counted.filter(pl.col("stated").is_null() & (pl.col("said_no") > 0) & (pl.col("said_no") < pl.col("rows")))
    if split.height:
        notes.append(
            tr(
                "is_goods: the lines of {products:,} products disagree, such as {example} ({said_no:,} of {rows:,} lines are no goods); a "
                "product counts as what most of its lines say. [products] can say it by product.",
                products=split.height, example=repr(split.sort("rows", "product", descending=[True, False])["product"][0]),
                **split.sort("rows", "product", descending=[True, False]).select("said_no", "rows").row(0, named=True),
            )
        )  # fmt: skip
    return notes
