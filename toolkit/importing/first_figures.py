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
from toolkit.expressions import makes_order
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


def first_figures(workspace: Workspace, import_id: str = "") -> FirstFigures | None:
    """Return the first figures of a workspace's lines, or None where it has none; orders are those of `expressions.makes_order`.

    With an import's id, of the lines that it brought alone.
    """
    manifest = workspace.manifest
    files = [file for file in manifest.line_files if not import_id or file.path.startswith(f"lines/{import_id}/part-")]
    if not files:
        return None
    lines = pl.scan_parquet([workspace.path / file.path for file in files])
    counts = makes_order(pl.col("quantity_milli"), pl.col("amount"))
    orders = lines.group_by("order_code").agg(counts.any().alias("is_order"), pl.col("member_code").first(), pl.col("amount").sum())
    bought, named = pl.col("is_order"), pl.col("is_order") & pl.col("member_code").is_not_null()
    sums = orders.select(
        orders=bought.sum(),
        member_orders=named.sum(),
        members=pl.col("member_code").filter(named).n_unique(),
        sales=pl.col("amount").sum(),
    )
    counted, stores = pl.collect_all([sums, lines.select(pl.col("store_code").n_unique())], engine="streaming")
    return FirstFigures(
        lines=sum(file.rows for file in files),
        stores=stores.item(),
        first_day=min(file.first_day for file in files),
        last_day=max(file.last_day for file in files),
        currency=manifest.currency,
        minor_digits=manifest.minor_digits,
        **counted.row(0, named=True),
    )


def try_receipts(source: Mapping | str | Path, *, progress: Progress | None = None) -> Trial:
    """Return what an import of a mapping would do, with the first figures; nothing is kept.

    Raises: as `import_receipts`, but for open questions, which are in the report.
    """
    with tempfile.TemporaryDirectory(prefix="toolkit-check-") as folder:
        report = import_receipts(source, Path(folder) / "workspace", accept_defaults=True, progress=progress)
        return Trial(report, first_figures(Workspace(report.workspace), report.records[0].import_id))
