"""An audience as files for the people who address it: CSV, XLSX, Parquet, and a manifest that says what they are.

Only members who may be contacted go out (`contactable` of the members table; unknown is no). No cell can run as a formula when the file is
opened in a spreadsheet.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import polars as pl

import toolkit
from toolkit.atomic import broken_off, private_file, written_together
from toolkit.audience.audience import Audience
from toolkit.audience.words import in_words
from toolkit.audit import record
from toolkit.disk import told_in_words
from toolkit.errors import BadValue, DataError, UnknownName, unknown_name
from toolkit.integrity import seal_now
from toolkit.language import tr
from toolkit.roles import require_role
from toolkit.scope.traits import trait_columns, with_traits
from toolkit.scope.view import View
from toolkit.wording import listing

Format = Literal["csv", "xlsx", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "xlsx", "parquet")
_LONG_AGO = datetime(2000, 1, 1)
MOST_SHEET_ROWS = 1_048_575
"""Rows of a sheet of Excel, without the head."""
_RUNS = r"^\s*[=+\-@\t\r|%＝＋－＠]"
"""How a cell begins that a spreadsheet may take for a formula or a command, blanks before it and full-width signs included."""


@dataclass(frozen=True)
class Export:
    """The files that were written, and who is not in them."""

    files: tuple[Path, ...]
    manifest: Path
    member_count: int
    not_contactable: int
    unknown_contactable: int
    guarded_cells: int
    columns: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What was written and who was left out."""
        left = []
        if self.not_contactable:
            left.append(tr("{not_contactable:,} who must not be contacted", not_contactable=self.not_contactable))
        if self.unknown_contactable:
            left.append(tr("{unknown_contactable:,} of whom it is not known (unknown is no)", unknown_contactable=self.unknown_contactable))
        without = tr("; left out: {left}", left=listing(left)) if left else ""
        guard = (
            tr(" {guarded_cells:,} cells of the CSV begin with ' so that they cannot run as formulas.", guarded_cells=self.guarded_cells)
            if self.guarded_cells
            else ""
        )
        return tr("{member_count:,} members exported{without}.{guard}", member_count=self.member_count, without=without, guard=guard)


@told_in_words
def export_audience(
    view: View,
    audience: Audience,
    folder: str | Path,
    *,
    formats: Sequence[Format] = FORMATS,
    columns: Sequence[str] = (),
    for_contact: bool = True,
    replace_it: bool = False,
    beside: pl.DataFrame | None = None,
) -> Export:
    """Write the members of an audience in the view's scope as files, with a manifest beside them.

    Parameters
    ----------
    formats
        csv (UTF-8 with a mark, so that Excel reads it), xlsx, parquet.
    columns
        Columns of the members table and its traits beside `member_id`; lists are written as `a; b`.
    for_contact
        Whether the files are for addressing people: then only contactable members are in them. False = for analysis: all members with
        their `contactable`, and the manifest says that nobody may be addressed from it.
    replace_it
        Whether files of the same name are replaced.
    beside
        Further columns by `member_id`, such as the offer that a campaign makes to each.

    Raises
    ------
    DataError
        The shop does not say who may be contacted, or nobody is left.
    UnknownName
        A column or a format that does not exist.
    BadValue
        Files of that name are there already, or more members than a sheet has rows.
    """
    with written_together(Path(folder)) as part:
        wanted = {"formats": formats, "columns": columns, "for_contact": for_contact, "replace_it": replace_it, "beside": beside}
        export = write_export(view, audience, part, Path(folder), **wanted)
    record_export(view, audience, export, for_contact=for_contact)
    return export


def write_export(
    view: View,
    audience: Audience,
    part: Path,
    folder: Path,
    *,
    formats: Sequence[Format],
    columns: Sequence[str],
    for_contact: bool,
    replace_it: bool,
    beside: pl.DataFrame | None,
) -> Export:
    """Write the files of an export into `part`, which become those of `folder` together with others; they are returned as they will be."""
    require_role(view.workspace, "marketer", tr("exporting members"))
    _check_formats(formats)
    rows = exported_rows(view, audience, columns=columns, for_contact=for_contact, beside=beside)
    table, shown = rows.table, rows.table.columns
    stem = _stem(audience, view)
    paths = {form: part / f"{stem}.{form}" for form in dict.fromkeys(formats)}
    manifest = part / f"{stem}.manifest.json"
    unfinished = broken_off(folder)
    there = [path.name for path in (*paths.values(), manifest) if (folder / path.name).exists() and path.name not in unfinished]
    if there and not replace_it:
        raise BadValue(tr("{folder} has {there} already. Choose another folder, or say replace.", folder=folder, there=", ".join(there)))
    safe, guarded_cells = guarded(table)
    ways = {"csv": lambda part: write_csv_file(safe, part), "xlsx": lambda part: _write_xlsx(table, part), "parquet": table.write_parquet}
    for form, path in paths.items():
        ways[form](private_file(path))
    export = Export(
        tuple(paths.values()), manifest, table.height,
        rows.not_contactable, rows.unknown_contactable,
        guarded_cells if "csv" in paths else 0,
    )  # fmt: skip
    told = json.dumps(_manifest(view, audience, export, shown, for_contact), indent=1, ensure_ascii=False)
    private_file(manifest).write_text(told, "utf-8", newline="\n")
    return replace(export, files=tuple(folder / path.name for path in export.files), manifest=folder / manifest.name, columns=tuple(shown))


def record_export(view: View, audience: Audience, export: Export, *, for_contact: bool) -> None:
    """Note in the audit log what went out."""
    record(
        view.workspace.path, "exported", audience=audience.name, version=audience.version, scope=view.place, columns=list(export.columns),
        purpose="contact" if for_contact else "analysis", members=export.member_count,
        files=[path.resolve() for path in (*export.files, export.manifest)],
    )  # fmt: skip


@dataclass(frozen=True)
class ExportedRows:
    """The rows that may leave, before they are files or a table of a database, and how many may not."""

    table: pl.DataFrame
    not_contactable: int
    unknown_contactable: int


def exported_rows(
    view: View, audience: Audience, *, columns: Sequence[str] = (), for_contact: bool = True, beside: pl.DataFrame | None = None
) -> ExportedRows:
    """Return the rows of an audience in the view's scope that may leave; parameters and faults as those of `export_audience`."""
    check_columns(view, columns)
    if for_contact and not view.has_column("members", "contactable"):
        raise DataError(
            tr(
                "The members table has no `contactable` column, so nobody is known to be contactable and nobody is exported. "
                "Import the column; or export for analysis (for_contact=False, --analysis), which must not be used to "
                "address people."
            )
        )
    ids = audience.members(view)
    frame = with_traits(view, columns)
    chosen = frame.filter(pl.col("member_id").is_in(ids))
    if beside is not None:
        chosen = chosen.drop(beside.columns[1:], strict=False).join(beside, on="member_id", how="left", maintain_order="left")
    consent = chosen["contactable"] if "contactable" in chosen.columns else pl.Series([None] * chosen.height, dtype=pl.Boolean)
    if for_contact:
        chosen = chosen.filter(consent.fill_null(False))
    if chosen.is_empty():
        raise DataError(
            tr(
                "No member of '{name}' in {place} may be exported: {ids:,} belong to it, none is contactable.",
                name=audience.name,
                place=view.place,
                ids=len(ids),
            )
        )
    consent_shown = ["contactable"] if not for_contact and "contactable" in frame.columns else []
    shown: list[str] = list(dict.fromkeys(["member_id", *(beside.columns[1:] if beside is not None else ()), *columns, *consent_shown]))
    table = chosen.select(shown).with_columns(
        pl.col(name).cast(pl.List(pl.String)).list.join("; ") for name in shown if isinstance(chosen.schema[name], pl.List)
    )
    return ExportedRows(
        table,
        int((~consent).fill_null(False).sum()) if for_contact else 0,
        int(consent.null_count()) if for_contact else 0,
    )


def _check_formats(formats: Sequence[str]) -> None:
    if not formats:
        raise BadValue(tr("No format was given; {formats} are known.", formats=", ".join(FORMATS)))
    for form in formats:
        if form not in FORMATS:
            raise unknown_name("format", form, FORMATS, where="An export")


def check_columns(view: View, columns: Sequence[str]) -> None:
    """Raise `UnknownName` with every column that is neither of the members table nor a trait, and the nearest that is."""
    known = [*view.readable.columns, *trait_columns(view)]
    wrong = [name for name in columns if name not in known]
    if wrong:
        raise UnknownName("\n".join(str(unknown_name("column", name, known, where="The members table")) for name in wrong))


def _stem(audience: Audience, view: View) -> str:
    name = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in audience.name)[:60].strip("-") or "audience"
    version = f"-v{audience.version}" if audience.version else ""
    return f"{name}{version}-{view.as_of}"


def guarded(table: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return a table with a ' before every text cell and head that a spreadsheet could run, and how many they are."""
    texts = [name for name, dtype in table.schema.items() if dtype in (pl.String, pl.Categorical, pl.Enum)]
    runs = {name: table[name].cast(pl.String).str.contains(_RUNS).fill_null(False) for name in texts}
    guarded = table.with_columns(
        pl.when(runs[name])
        .then(pl.concat_str(pl.lit("'"), pl.col(name).cast(pl.String)))
        .otherwise(pl.col(name).cast(pl.String))
        .alias(name)
        for name in texts
    )
    heads = pl.Series(table.columns).str.contains(_RUNS)
    guarded = guarded.rename({name: f"'{name}" for name, odd in zip(table.columns, heads, strict=True) if odd})
    return guarded, sum(int(starts_formula.sum()) for starts_formula in runs.values()) + int(heads.sum())


def write_csv_file(table: pl.DataFrame, path: Path) -> None:
    """Write a table that is guarded as CSV. Every text is quoted: a sheet set to another separator then does not cut a cell where a formula
    would begin."""
    table.write_csv(path, include_bom=True, quote_style="non_numeric")


def _write_xlsx(table: pl.DataFrame, path: Path) -> None:
    from xlsxwriter import Workbook  # slow to load, and only needed here

    if table.height > MOST_SHEET_ROWS:
        raise BadValue(
            tr(
                "{members:,} members do not fit a sheet of {most_sheet_rows:,} rows. Export them as csv or parquet.",
                members=table.height,
                most_sheet_rows=MOST_SHEET_ROWS,
            )
        )
    never = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "constant_memory": True}
    with Workbook(str(path), never) as book:
        book.set_properties({"created": _LONG_AGO})  # the same members give the same file: no clock
        sheet, day = book.add_worksheet("members"), book.add_format({"num_format": "yyyy-mm-dd"})
        bold = book.add_format({"bold": True})
        for place, name in enumerate(table.columns):
            sheet.write_string(0, place, name, bold)
        for number, row in enumerate(table.iter_rows(), start=1):
            for place, value in enumerate(row):
                if isinstance(value, bool):
                    sheet.write_boolean(number, place, value)
                elif isinstance(value, (int, float)):
                    sheet.write_number(number, place, value)
                elif value is not None and hasattr(value, "isoformat"):
                    sheet.write_datetime(number, place, value, day)
                elif value is not None:
                    sheet.write_string(number, place, str(value)[:32_767])
        sheet.freeze_panes(1, 1)


def _manifest(view: View, audience: Audience, export: Export, columns: list[str], for_contact: bool) -> dict[str, object]:
    """What the files are: enough to make them again."""
    return {
        "audience": audience.name,
        "version": audience.version or None,
        "where": audience.where,
        "chosen_by": audience.call or None,
        "in_words": in_words(audience),
        "purpose": "contact" if for_contact else tr("analysis: nobody may be addressed from these files"),
        "scope": view.place,
        "as_of": view.as_of.isoformat(),
        "data_version": view.workspace.manifest.data_version,
        "settings": view.settings.changed(),
        "currency": view.currency,
        "member_count": export.member_count,
        "left_out": {"not_contactable": export.not_contactable, "contactable_unknown": export.unknown_contactable},
        "guarded_cells": export.guarded_cells,
        "columns": columns,
        "files": {path.name: seal_now(path).sha256 for path in export.files},
        "toolkit": toolkit.__version__,
    }
