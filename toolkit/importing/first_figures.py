"""The figures of receipts before they are in: how many orders by how many members, of which days, worth how much.

They are counted in the workspace that a check makes and throws away, by the importer itself: what is shown is what an import would bring.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from toolkit import wording
from toolkit.importing.goods import products_that_are_no_goods
from toolkit.importing.progress import Progress
from toolkit.importing.run import ImportReport, import_receipts
from toolkit.language import tr
from toolkit.sources.mapping import Mapping
from toolkit.workspace import Workspace


@dataclass(frozen=True)
class FirstFigures:
    """What receipts amount to; sales in minor units, net of returns.

    >>> print(FirstFigures(9_000, 3_412, 3_412, 1_207, 2, 6_120_400, date(2025, 5, 5), date(2025, 5, 14), "EUR", 2))
    3,412 orders by 1,207 members, 2025-05-05 to 2025-05-14, €61,204: does that look right?
    """

    lines: int
    orders: int
    member_orders: int
    members: int
    stores: int
    sales: int
    first_day: date
    last_day: date
    currency: str
    minor_digits: int

    @property
    def told(self) -> str:
        """The figures in one line."""
        sales = wording.money(self.sales / 10**self.minor_digits, self.currency)
        orders, members = wording.some(self.orders, "order"), wording.some(self.members, "member")
        told = {"orders": orders, "members": members, "first_day": self.first_day, "last_day": self.last_day, "sales": sales}
        if self.member_orders == self.orders:
            return tr("{orders} by {members}, {first_day} to {last_day}, {sales}", **told)
        of_members = wording.count(self.member_orders)
        return tr("{orders}, {of_members} of them by {members}, {first_day} to {last_day}, {sales}", of_members=of_members, **told)

    def __str__(self) -> str:
        """Ask whether the figures are what the shop expects."""
        return tr("{figures}: does that look right?", figures=self.told)


@dataclass(frozen=True)
class Trial:
    """What an import would do: its report, and the first figures."""

    report: ImportReport
    figures: FirstFigures | None
    replaced: tuple[str, ...] = ()  # what it would replace in the workspace, in sentences


def first_figures(workspace: Workspace, import_id: str = "") -> FirstFigures | None:
    """Return the first figures of a workspace's lines, or None where it has none; orders are what the mart calls so.

    With an import's id, of the lines that it brought alone.
    """
    manifest = workspace.manifest
    files = [file for file in manifest.line_files if not import_id or file.path.startswith(f"lines/{import_id}/part-")]
    if not files:
        return None
    lines = pl.scan_parquet(workspace.data_files([file.path for file in files]))
    no_goods = products_that_are_no_goods(workspace)
    amount = pl.col("amount")
    lines = lines.with_columns(
        paid=pl.when(~pl.col("product_code").is_in(no_goods.implode())).then(amount).otherwise(0) if len(no_goods) else amount
    )
    pays = (pl.col("paid") > 0) & (pl.col("quantity_milli") >= 0)
    orders = lines.group_by("order_code").agg(
        pays.any().alias("is_order"), pl.col("member_code").first(), amount.sum(), pl.col("paid").sum()
    )
    counted, stores = pl.collect_all([_sums(orders), lines.select(pl.col("store_code").n_unique())], engine="streaming")
    if counted["worthless"].item():  # rare: an even exchange, or a receipt cancelled in itself
        taken_back = _taken_back(lines, orders.filter(pl.col("is_order") & (pl.col("paid") == 0)))
        counted = _sums(orders.with_columns(pl.col("is_order") & ~pl.col("order_code").is_in(taken_back.implode()))).collect(
            engine="streaming"
        )
    return FirstFigures(
        lines=sum(file.rows for file in files),
        stores=stores.item(),
        first_day=min(file.first_day for file in files),
        last_day=max(file.last_day for file in files),
        currency=manifest.currency,
        minor_digits=manifest.minor_digits,
        **counted.drop("worthless").row(0, named=True),
    )


def _sums(orders: pl.LazyFrame) -> pl.LazyFrame:
    bought, named = pl.col("is_order"), pl.col("is_order") & pl.col("member_code").is_not_null()
    return orders.select(
        orders=bought.sum(),
        member_orders=named.sum(),
        members=pl.col("member_code").filter(named).n_unique(),
        sales=pl.col("amount").sum(),
        worthless=(bought & (pl.col("paid") == 0)).sum(),
    )


def _taken_back(lines: pl.LazyFrame, worthless: pl.LazyFrame) -> pl.Series:
    """Return the orders of those worth nothing that take back all that they sell, product by product (`toolkit.mart.orders`)."""
    codes = worthless.select("order_code").collect(engine="streaming")["order_code"]
    paid, quantity = pl.col("paid").sum(), pl.col("quantity_milli").filter(pl.col("paid") != 0).sum()
    products = lines.filter(pl.col("order_code").is_in(codes.implode())).group_by("order_code", "product_code").agg(paid, quantity)
    left = products.group_by("order_code").agg(((pl.col("paid") != 0) | (pl.col("quantity_milli") != 0)).any().alias("is_left"))
    return left.filter(~pl.col("is_left")).select("order_code").collect(engine="streaming")["order_code"]


def try_receipts(source: Mapping | str | Path, workspace: Path | None = None, *, progress: Progress | None = None) -> Trial:
    """Return what an import of a mapping would do, with the first figures; nothing is kept.

    With a workspace, it is that of an import into it: what it would replace is told.

    Raises: as `import_receipts`, but for open questions, which are in the report, and days that would lose most of their lines.
    """
    told: list[str] = []
    with tempfile.TemporaryDirectory(prefix="toolkit-check-") as folder:
        beside = Path(folder) / "workspace"
        if workspace is not None and (workspace / "manifest.json").exists():
            Workspace(workspace).sketch(beside)
        report = import_receipts(source, beside, allow_shrinking=True, accept_defaults=True, announce=told.append, progress=progress)
        return Trial(
            report,
            first_figures(Workspace(report.workspace), report.records[0].import_id),
            tuple(one for one in told if one not in report.records[0].notes),
        )
