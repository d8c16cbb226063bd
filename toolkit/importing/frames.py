"""A frame as receipts: polars, pandas, pyarrow, DuckDB and whatever else Narwhals knows, through the same door as files."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from toolkit.errors import BadValue, DataError, MappingError, ToolkitError, unknown_name
from toolkit.importing.door import Door
from toolkit.importing.open_points import OpenPoint
from toolkit.importing.run import import_receipts
from toolkit.language import later, tr
from toolkit.schemas import CONTRACT
from toolkit.sources.columns.proposal import NO_CURRENCY_SAID
from toolkit.sources.mapping import mapping_from_text
from toolkit.wording import NO_CURRENCY
from toolkit.workspace import Workspace

_TABLES = ("lines", "products", "members", "stores")
_NAME = "receipts.parquet"
_WITHOUT = {"product_id": '{ value = "goods" }', "quantity": "{ value = 1 }"}
"""What stands for columns that a frame may lack: then nothing can be told by goods, and a line is one unit."""
_UTC = ("UTC", "Etc/UTC", "GMT", "Zulu")
_NOT_A_FRAME = later("tk.from_frame takes a frame of polars, pandas, pyarrow or DuckDB, one row a receipt line; {kind} is none.")


def from_frame(
    frame: Any,
    workspace: str | Path | None = None,
    *,
    currency: str | None = None,
    time_zone: str | None = None,
    mapping: str = "",
    accept_defaults: bool = False,
    **columns: str,
) -> Workspace:
    """Return a workspace of the receipts in a frame: one row a line, read through the same door as files.

    Parameters
    ----------
    frame
        Of polars (eager or lazy), pandas, pyarrow, DuckDB (a relation), or anything else that Narwhals reads.
    workspace
        Its folder, made if it is not there; empty = a temporary one that goes when Python ends.
    currency
        ISO code of the amounts; empty = what signs, codes or Chinese, Japanese, Korean names of columns say; where nothing says it, amounts
        have two decimals and no sign (ISO code XXX).
    time_zone
        The shop's own zone, for times that carry another one. Times without a zone are the shop's; a zone other than UTC is the shop's own.
    mapping
        Lines of a mapping, for what the door asks: `'[lines.drop]\\nstatus = ["void"]'`.
    accept_defaults
        Go on where the values leave a question open.
    **columns
        Column of the contract = column of the frame: `member_id="card"`. What is not named is guessed from names and values, as
        `toolkit map` does it; without a product all goods are one.

    Raises
    ------
    UnknownName
        No such column in the contract, or in the frame.
    BadValue
        What was given is no frame.
    DataError, MappingError
        The receipts leave a question open (all at once, each with what to pass), or cannot be read.

    Example
    -------
    >>> import polars as pl
    >>> lines = pl.DataFrame({"card": ["a", "b"], "day": ["2026-01-02 09:30", "2026-01-03 10:00"], "paid": [4.5, 7.0]})
    >>> from_frame(lines, member_id="card", ordered_at="day", amount="paid", currency="EUR").last_day
    datetime.date(2026, 1, 3)
    """
    lines = _named(_as_polars(frame), columns)
    if lines.is_empty():
        raise DataError(tr("The frame has no row: one row a receipt line was needed."))
    path = Path(workspace).absolute() if workspace is not None else _temporary()
    with tempfile.TemporaryDirectory(prefix="toolkit-frame-") as folder:
        file = Path(folder) / _NAME
        _plain(lines).write_parquet(file)
        door = Door(path)
        door.choose([file])
        _settle(door, lines, columns, currency=currency, time_zone=time_zone, mapping=mapping)
        is_new = not (path / "manifest.json").exists()
        try:
            import_receipts(mapping_from_text(door.text, folder=door.folder, label=tr("The frame")), path, accept_defaults=accept_defaults)
        except ToolkitError as error:
            if is_new:
                shutil.rmtree(path, ignore_errors=True)
            raise _told(door, error) from None
    return Workspace(path)


def _as_polars(frame: Any) -> pl.DataFrame:
    if isinstance(frame, pl.DataFrame | pl.LazyFrame):
        return frame.lazy().collect(engine="streaming")
    try:
        return nw.from_native(frame).lazy().collect("polars").to_native()
    except TypeError:
        raise BadValue(tr(_NOT_A_FRAME, kind=type(frame).__name__)) from None
    except ModuleNotFoundError as error:
        raise BadValue(
            tr("The frame is handed over through {package}, which is not installed: `pip install {package}`.", package=error.name)
        ) from None
    except Exception as error:  # what pyarrow, pandas or DuckDB cannot hand over, each in its own kind of error
        said = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise DataError(tr("The frame cannot be read ({fault}): give each column one kind of value.", fault=said)) from error


def _named(lines: pl.DataFrame, columns: dict[str, str]) -> pl.DataFrame:
    """The frame with the columns that were given called as the contract calls them; another one of that name is left out."""
    known = {name for table in _TABLES for name in CONTRACT[table].columns()}
    for contract, own in columns.items():
        if contract not in known:
            raise unknown_name("column", contract, known, where=tr("The contract"))
        if own not in lines.columns:
            raise unknown_name("column", str(own), lines.columns, where=tr("The frame"))
    taken = [name for name in columns if name in lines.columns and name not in columns.values()]
    again = [pl.col(own).alias(name) for name, own in columns.items()]
    rest = pl.exclude(*columns.values(), *taken) if columns else pl.all()
    return lines.select(*again, rest)


def _plain(lines: pl.DataFrame) -> pl.DataFrame:
    """The frame as a file of receipts holds it: words for categories, ids that pandas made fractions whole, no lists within a row."""
    kept = []
    for name, dtype in lines.schema.items():
        column = pl.col(name)
        if dtype.is_nested() or dtype == pl.Object:
            continue
        if dtype in (pl.Categorical, pl.Enum):
            column = column.cast(pl.String)
        elif dtype.is_decimal():
            column = column.cast(pl.Float64)
        elif dtype.is_float():
            column = column.fill_nan(None)
            values = lines[name].drop_nulls().drop_nans()
            if name.endswith("_id") and (values == values.round()).all() and (values.abs().max() or 0) < 2**53:  # type: ignore[operator]
                column = column.cast(pl.Int64)
        kept.append(column)
    return lines.select(kept)


def _settle(door: Door, lines: pl.DataFrame, columns: dict[str, str], *, currency: str | None, time_zone: str | None, mapping: str) -> None:
    """Write into the mapping what was given, and what a frame says by itself."""
    for name in columns:
        if name in CONTRACT["lines"].columns():
            door.take(name, name)
    for name, value in _WITHOUT.items():
        left = [line for line in door.text.splitlines() if not line.startswith(f"# TODO {name} ")]
        if len(left) < len(door.text.splitlines()):
            door.rewrite("\n".join(left))
            door.write(f"{name} = {value}")
    if currency or tr(NO_CURRENCY_SAID) in door.text:  # in a file, a person reads the guess and mends it; here nobody does
        door.write(f'currency = "{currency or NO_CURRENCY}"', "")
    zones = {dtype.time_zone for dtype in lines.dtypes if isinstance(dtype, pl.Datetime) and dtype.time_zone}
    own = sorted(zone for zone in zones if zone not in _UTC)
    if zone := time_zone or (own[0] if len(own) == 1 else None):
        door.write(f'time_zone = "{zone}"', "")
    elif zones:
        raise MappingError(
            tr(
                'The times are in {zones}: pass time_zone=, the shop\'s own, such as time_zone="Europe/Berlin".',
                zones=", ".join(sorted(zones)),
            )
        )
    if mapping:
        door.write(mapping)


def _told(door: Door, error: ToolkitError) -> ToolkitError:
    """The error as whoever has a frame can act on it: each open question with what to pass."""
    door.look()
    if not door.points:
        return error
    return DataError("\n".join(_asked(point) for point in door.points))


def _asked(point: OpenPoint) -> str:
    return tr(
        "{sentence}. Pass the line to write as mapping='...', or accept_defaults=True where it is right as it is.",
        sentence=point.sentence.rstrip("."),
    )


def _temporary() -> Path:
    folder, owner = tempfile.mkdtemp(prefix="toolkit-"), os.getpid()

    def gone() -> None:
        if os.getpid() == owner:  # a forked kernel ends before the process that made it
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(gone)
    return Path(folder) / "workspace"
