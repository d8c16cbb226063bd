"""Lessons: what each reviewed campaign measured, kept with the campaign and read by the next plan."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import polars as pl

from toolkit.atomic import written_beside
from toolkit.disk import told_in_words
from toolkit.errors import DataError, WorkspaceError
from toolkit.language import tr
from toolkit.ledger.folder import campaign_folder, campaigns_folder
from toolkit.roles import require_role
from toolkit.wording import listing
from toolkit.workspace import Workspace

LESSONS = pl.Schema(
    {
        "campaign_id": pl.String,
        "method": pl.String,
        "offer": pl.String,  # null = the campaign had one offer, or the tables do not say
        "segment": pl.String,  # null = all segments together
        "category": pl.String,  # null = all goods
        "outcome": pl.String,  # amount, margin or orders
        "effect": pl.Float64,  # per treated member over the window: currency units; orders
        "standard_error": pl.Float64,
        "base": pl.Float64,  # expected without the campaign, same unit
        "effect_share": pl.Float64,  # effect / base; null where the base is not above 0
        "effect_share_se": pl.Float64,
        "treated_count": pl.Int64,
        "control_count": pl.Int64,
        "randomised": pl.Boolean,  # null = not known
        "verdict": pl.String,
        "starts_on": pl.Date,
        "ends_on": pl.Date,
        "as_of": pl.Date,  # of the review: the day from which the lesson is known
    }
)
"""One row per campaign x method x offer x segment x category x outcome."""

OUTCOMES = ("amount", "margin", "orders")
_DIGEST = "toolkit.sha256"
"""Key of a lessons file's metadata: the digest of its rows."""
_NEEDED = ("campaign_id", "method", "outcome", "verdict", "starts_on", "ends_on", "as_of")
_KEYS = ("method", "offer", "segment", "category", "outcome")


@told_in_words
def write_lessons(ws: Workspace, campaign_id: str, lessons: pl.DataFrame) -> Path:
    """Keep the lessons of one review below campaigns/<id>/review/, one file per `as_of`, and return the file.

    A review of the same campaign as of the same day replaces its lessons; one as of another day stands beside them.

    Raises
    ------
    DataError
        Columns are missing or of another kind, a needed value is empty, rows of another campaign or of several days, or a row twice.
    """
    require_role(ws, "marketer", tr("keeping lessons"))
    frame = _checked(campaign_id, lessons)
    folder = campaign_folder(ws, campaign_id) / "review"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"lessons-{frame['as_of'][0] if frame.height else 'none'}.parquet"
    with written_beside(path) as part:
        frame.write_parquet(part, metadata={_DIGEST: _digest(frame)})
    return path


def read_lessons(ws: Workspace, before: date | None = None) -> pl.DataFrame:
    """Return the lessons known by a day (None = all): schema LESSONS, sorted; empty where there are none.

    A lesson is known from the `as_of` of its review on. Of a campaign reviewed several times the latest review known by then counts.
    """
    files = [_read(path) for path in sorted(campaigns_folder(ws).glob("*/review/lessons-*.parquet"))]
    lessons = pl.concat(files) if files else pl.DataFrame(schema=LESSONS)
    if before is not None:
        lessons = lessons.filter(pl.col("as_of") <= before)
    latest = pl.col("as_of") == pl.col("as_of").max().over("campaign_id")
    return lessons.filter(latest).sort("starts_on", "campaign_id", *_KEYS, nulls_last=False)


def _read(path: Path) -> pl.DataFrame:
    """Return the lessons of one file, which carries their digest (files of earlier toolkits do not)."""
    try:
        frame, digest = pl.read_parquet(path), pl.read_parquet_metadata(path).get(_DIGEST)
        intact = digest in (None, _digest(frame))
    except (pl.exceptions.PolarsError, OSError):
        intact = False
    if not intact:
        raise WorkspaceError(
            tr(
                "{file} is not what was written: it is damaged, or another program changed it. Remove it, and write the lessons of "
                "campaign '{campaign_id}' again.",
                file=path,
                campaign_id=path.parent.parent.name,
            )
        )
    return frame


def _digest(frame: pl.DataFrame) -> str:
    return hashlib.sha256(frame.write_csv().encode()).hexdigest()


def _checked(campaign_id: str, lessons: pl.DataFrame) -> pl.DataFrame:
    where = tr("The lessons of campaign '{campaign_id}'", campaign_id=campaign_id)
    missing = [name for name in LESSONS if name not in lessons.columns]
    unknown = [name for name in lessons.columns if name not in LESSONS]
    if missing or unknown:
        faults = [tr("have no column {missing}", missing=tr(", ").join(missing))] * bool(missing) + [
            tr("have a column {unknown} that is not theirs", unknown=tr(", ").join(unknown))
        ] * bool(unknown)
        raise DataError(tr("{where} {said}; LESSONS lists what was needed.", where=where, said=listing(faults)))
    try:
        frame = lessons.select(pl.col(name).cast(dtype) for name, dtype in LESSONS.items())
    except pl.exceptions.PolarsError as error:
        raise DataError(tr("{where} have a column of another kind: {error}", where=where, error=str(error).splitlines()[0])) from None
    empty = [name for name in _NEEDED if frame[name].null_count()]
    if empty:
        raise DataError(tr("{where} have rows without {empty}, which every lesson needs.", where=where, empty=tr(", ").join(empty)))
    if (others := frame.filter(pl.col("campaign_id") != campaign_id)).height:
        raise DataError(
            tr(
                "{where} hold rows of campaign '{campaign_id}'. Write each campaign by itself.",
                where=where,
                campaign_id=others["campaign_id"][0],
            )
        )
    if (wrong := frame.filter(~pl.col("outcome").is_in(OUTCOMES))).height:
        raise DataError(
            tr(
                "{where} have the outcome '{outcome}'; one of {outcomes} was needed.",
                where=where,
                outcome=wrong["outcome"][0],
                outcomes=tr(", ").join(OUTCOMES),
            )
        )
    if frame["as_of"].n_unique() > 1:
        raise DataError(tr("{where} are of {days} days; those of one review have one as_of.", where=where, days=frame["as_of"].n_unique()))
    if frame.select(_KEYS).is_duplicated().any():
        raise DataError(tr("{where} say the same method, offer, segment, category and outcome twice.", where=where))
    return frame.sort(*_KEYS, nulls_last=False)
