"""Alerts: figures that have left their own seasonal band, in sentences; and as a file that a scheduler can send."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.atomic import write_atomically
from toolkit.columns import AnswerTable, Row
from toolkit.errors import BadValue
from toolkit.language import tr, value
from toolkit.models.own_band import LEAST_PAST, WINDOW, Band, own_band
from toolkit.portrait.figures import FIGURES
from toolkit.portrait.measures.figure_values import figure_values
from toolkit.registry import find_question, question
from toolkit.review.measures.goal_pace import daily
from toolkit.scope.hiding import unmeasured
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.workspace import Workspace

if TYPE_CHECKING:
    import altair as alt

WATCHED = ("sales", "member_sales", "orders", "first_time_members", "returns")
"""Figures whose days add up, so that each has a line of its own to leave."""
ABOVE, BELOW, INSIDE, UNTOLD = value("above its band"), value("below its band"), value("inside its band"), value("cannot be told yet")
ALERTS = c.table(
    f"one row per figure watched: its last {WINDOW} days against its own band",
    c.text("figure", "Figure"),
    c.text("reading", "How it stands"),
    c.number("came", f"The last {WINDOW} days", "in the unit of the figure"),
    c.number("usual", "Usual", "of the same days, by the season", null="cannot be told yet"),
    c.number("usual_low", "from", "the band: it is left by chance at most once a year"),
    c.number("usual_high", "to"),
    c.share("change", "Against the usual", null="cannot be told yet"),
    c.share("smallest_change", "Smallest change that shows", "half the width of the band over the usual", null="cannot be told yet"),
    c.count("out_days", "Days out of it", "0 = inside"),
    c.text("unit", "Unit"),
)


@question(
    "review",
    "Which figures have left their usual band?",
    words=(
        "alerts, anomalies, unusual figures, something is wrong",
        "did sales drop beyond what is usual for the season",
        "which figure is out of its band",
        "预警 异常 指标异常 波动",
    ),
    tables=ALERTS,
    figures=(c.count("alert_count", "Figures out of their band"), c.count("watched_count", "Figures watched")),
)
def alerts(view: View) -> Finding:
    """Return which figures have left their own band: one row per figure watched, those that are out first.

    What is judged are the last 14 days as one sum. What is usual is what the 84 days before them brought, times how the same 14 days of a
    year ago stood to theirs, where that foretold better. The band is 3.2 robust deviations of such windows wide on each side.

    Notes
    -----
    `models.own_band`. A figure leaves its band by chance at most once a year; a fall of a fifth is found within 14 days four times in five
    where chance moves 14 days by less than about 5%: see `smallest_change`. Source and measured rates: DEFINITIONS.md.

    Example
    -------
    >>> tk.review.alerts(ws).figures["alert_count"]                    # doctest: +SKIP
    """
    if view.scope.audience is not None:
        return unmeasured(ALERTS, tr("Alerts are of the chain, a store or a region: an audience has none."), tr("Leave the audience out."))
    window = Period(view.as_of - timedelta(days=WINDOW - 1), view.as_of)
    buyers, first = (int(figure_values(view, FIGURES[name], [window])[name][0] or 0) for name in ("buyers", "first_time_members"))
    few = {"member_sales": buyers, "first_time_members": first}  # figures of members, and how many are behind them
    bands = {name: None if 0 < few.get(name, 0) < view.least else own_band(daily(view, FIGURES[name], view.as_of)) for name in WATCHED}
    rows = pl.DataFrame([_row(name, band) for name, band in bands.items()], infer_schema_length=None)
    shown = ALERTS.of(rows.sort(pl.col("out_days") > 0, descending=True, maintain_order=True), view)
    out = [row for row in shown.rows() if (row["out_days"] or 0) > 0]
    told = [band for band in bands.values() if band]
    sentences = tr("; ").join(alert_words(view, row) for row in out)
    headline = view.say(
        "{where}, [some?{out:figure} of {watched} [one?is|are] outside [one?its|their] usual band: {sentences}|[watched?none of {watched} "
        "figures is outside its usual band|whether a figure has left its usual band cannot be told yet]].",
        some=len(out), out=len(out), one=len(out) == 1, watched=len(told), sentences=sentences,
    )  # fmt: skip
    untold = [tr(FIGURES[name].words) for name, band in bands.items() if band is None]
    notes: list[str | Note] = []
    if untold:
        text = view.say(
            "Not judged: {names}. {days} days of receipts are needed, enough of it each day, and weeks in which the season does not turn "
            "steeply; figures of fewer than {least} members are not shown.",
            names=wording.listing(untold), days=LEAST_PAST + WINDOW,
        )  # fmt: skip
        notes.append(Note(text, "NOT MEASURED"))
    notes.append(tr("A band is left by chance about once a year and figure, or less often; why it was left, the questions below say."))
    return Finding(
        headline=headline,
        table=shown,
        chart=(lambda: _chart(view, shown.frame)) if told else None,
        notes=notes,
        ask_next=[("portrait.why", {"metric": "sales"}), ("review.goals", {}), ("review.agenda", {})],
        figures={"alert_count": float(len(out)), "watched_count": float(len(told))},
    )


def _row(name: str, band: Band | None) -> dict[str, object]:
    figure = FIGURES[name]
    row: dict[str, object] = {"figure": figure.words, "unit": figure.column.kind, "reading": UNTOLD, "out_days": None}
    if band is None:
        return row
    reading = INSIDE if not band.is_out else ABOVE if band.score > 0 else BELOW
    usual = band.usual if band.usual > 0 else None
    return row | {
        "reading": reading, "came": band.came, "usual": band.usual, "usual_low": band.low, "usual_high": band.high,
        "change": band.came / usual - 1 if usual else None, "smallest_change": (band.high - band.usual) / usual if usual else None,
        "out_days": band.since,
    }  # fmt: skip


def alert_words(view: View, row: Row) -> str:
    """Return a row that is out of its band as part of a sentence."""
    figure = next(one for one in FIGURES.values() if one.words == row["figure"])

    def text(amount: float) -> str:
        return wording.column_text(round(amount) if figure.column.kind == "count" else amount, figure.column, view.currency)

    return view.say(
        "{figure} of the last {window} days came to {came}, {change:change} against the usual {usual} ({low} to {high}), for {days:day} "
        "now",
        figure=tr(figure.words), window=WINDOW, came=text(row["came"]), change=row["change"] or 0.0, usual=text(row["usual"]),
        low=text(row["usual_low"]), high=text(row["usual_high"]), days=row["out_days"],
    )  # fmt: skip


def write_alerts(ws: Workspace, path: str | Path, *, stores: bool = False) -> tuple[Path, int]:
    """Write the alerts of the last day as a file that a scheduler can send, and return it with their number; an empty file = none.

    The ending says what it is: .jsonl (a line each), .csv or .parquet. Columns: `as_of`, `store_id` (empty = the chain), `figure`,
    `reading`, `sentence`, `came`, `usual`, `usual_low`, `usual_high`, `change`, `out_days`. `stores`: those of each store as well.

    Raises
    ------
    BadValue
        Another ending.
    """
    target = Path(path)
    if target.suffix not in (".jsonl", ".csv", ".parquet"):
        raise BadValue(tr("{path}: a name that ends in .jsonl, .csv or .parquet was needed.", path=target))
    from toolkit.errors import TooFewMembers
    from toolkit.scope.view import open_view

    places = ["", *(ws.codes("store")["id"].sort().to_list() if stores else [])]
    rows = []
    for store in places:
        try:
            answer = find_question("review.alerts")(ws, store_id=store or None)
        except TooFewMembers:
            continue
        view = open_view(ws, store_id=store or None)
        table = answer.finding.table
        for row in table.rows() if isinstance(table, AnswerTable) else ():
            if (row["out_days"] or 0) > 0:
                kept = {name: row[name] for name in ("came", "usual", "usual_low", "usual_high", "change", "out_days")}
                rows.append(
                    {"as_of": view.as_of.isoformat(), "store_id": store, "figure": row["figure"], "reading": row["reading"],
                     "sentence": f"{view.place}: {alert_words(view, row)}"} | kept
                )  # fmt: skip
    if target.suffix == ".jsonl":
        write_atomically(target, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        return target, len(rows)
    schema = dict.fromkeys(("as_of", "store_id", "figure", "reading", "sentence"), pl.String()) | dict.fromkeys(
        ("came", "usual", "usual_low", "usual_high", "change"), pl.Float64()
    )
    frame = pl.DataFrame(rows, schema={**schema, "out_days": pl.Int64()})
    if target.suffix == ".csv":
        write_atomically(target, frame.write_csv())
    else:
        frame.write_parquet(target)
    return target, len(rows)


def _chart(view: View, rows: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    usual = pl.col("usual")
    drawn = rows.filter(usual > 0).with_columns(
        (pl.col("came") / usual).alias("came"), (pl.col("usual_low") / usual).alias("low"), (pl.col("usual_high") / usual).alias("high"),
        pl.Series("label", [tr(name) for name in rows.filter(usual > 0)["figure"]], dtype=pl.String),
    )  # fmt: skip
    return ranges(
        drawn, label="label", value="came", low="low", high="high", kind="share", value_title=tr("Of the usual"),
        title=view.say("The last days in their usual band: {place}"), subtitle=tr("dot: what came; line: the band of the season"),
    )  # fmt: skip
