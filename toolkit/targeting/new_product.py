"""A new product's first 13 weeks: who tried it, who bought it again, and what its volume was taken from."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import Table
from toolkit.errors import BadValue
from toolkit.language import later, tr, value
from toolkit.models.new_product import LEAST_TRIERS, bought_again
from toolkit.registry import question
from toolkit.scope.hiding import too_few, unmeasured
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import find_good, labels_of
from toolkit.targeting.measures.launched import BEFORE_DAYS, LEAST_DAYS, WEEKS, Launch, launch_of, newest, volume_source

if TYPE_CHECKING:
    import altair as alt

_NAME = "targeting.new_product"
ALL, TAKEN, GROWN = value("sales to members"), value("taken from the category"), value("the category grew")
_TAKEN_FROM = later("taken from {good}")
SOURCE = c.table(
    "one row for its sales to members, then what they were taken from; taken and grown add up to the first",
    c.text("part", "Where its volume comes from"),
    c.members(meaning="who bought it"),
    c.money("sales", "Sales", "of the first 13 weeks, returns subtracted", null="not measured"),
    c.interval(c.share("sales_share", "Share of its sales", "below 0: the other good gained with it", null="not measured")),
)
TRIAL = c.table(
    "one row per week of the first 13",
    c.count("week", "Week"),
    c.members("trier_count", "Tried it so far"),
    c.share("trial_share", "Trial rate", "of the members who bought the category in these weeks or the 13 before"),
    c.members("watched_count", "Watched so long", "of the triers: seen for so many weeks after their first purchase"),
    c.share("again_share", "Bought again", "so many weeks after the first purchase (Kaplan-Meier)", hidden_by="watched_count"),
    c.share("again_share_low", "from", hidden_by="watched_count"),
    c.share("again_share_high", "to", hidden_by="watched_count"),
)


@question(
    "targeting",
    "Where does the volume of a new product come from?",
    words=(
        "trial and repeat rate of a new product, how did the launch go",
        "source of volume, cannibalisation of a new product",
        "what did the new product take its sales from",
        "新品 试用率 复购率 销量来源 蚕食",
    ),
    tables=(SOURCE, TRIAL),
    figures=(
        c.members("trier_count", "Tried it"),
        c.share("again_share", "Tried and bought again"),
        c.share("taken_share", "Taken from other goods"),
    ),
)
def new_product(view: View, *, good: str = "", show: Literal["source", "trial"] = "source") -> Finding:
    """Return what the first 13 weeks of a new product's sales to members came from, or its trial and repeat week by week.

    New is what was first sold at least 13 weeks after the first receipt. Trial: members who bought it. Repeat: on a later day; who tried
    lately counts as long as they could be seen. Source: who took it on a day against who took something else of the category on one, with
    a like past of 13 weeks (spend by good, visits, week): what the first spend less on each other good afterwards, over what they spend
    more on the product. It is not measured where fewer than 30 of them can be followed for two weeks, or the interval is too wide.

    Parameters
    ----------
    good
        A product; empty = the one that most members tried, of those whose first 13 weeks ended within the past year.
    show
        `source`: what it was taken from. `trial`: trial and repeat by week.

    Raises
    ------
    UnknownName, BadValue
        There is no such product, or it is a category.

    Notes
    -----
    The first purchases are taken to come from where the later ones come. Source: `models.new_product`; DEFINITIONS.md.

    Example
    -------
    >>> tk.targeting.new_product(ws, show="trial").table                # doctest: +SKIP
    """
    table = SOURCE if show == "source" else TRIAL
    code = _code(view, good)
    if code is None:
        headline = view.say("{where}, no product is new: none was first sold 13 weeks or more after the first receipt, and 13 weeks ago.")
        return unmeasured(table, headline, tr("Name a product, or choose another as_of."))
    label = labels_of(view, "product", [code])[code]
    launch = launch_of(view, code)
    if not isinstance(launch, Launch):
        return _not_new(view, table, label, launch)
    first = launch.first_days
    few = too_few(view, table, first.height, view.say("members bought {label}", label=label), window=launch.window)
    if few is not None:
        return few
    trial = _trial(view, launch, first)
    source = volume_source(view, launch)
    shown = (SOURCE if show == "source" else TRIAL).of(_source(view, launch, source) if show == "source" else trial, view)
    again = next((row for row in reversed(trial.rows(named=True)) if row["watched_count"] >= LEAST_TRIERS), None)
    taken = source[0] if source else None
    return Finding(
        headline=view.say(
            "{where}, {triers:member} ({rate:share} of those who buy the category) tried {label} in its first {weeks} weeks, from {start}; "
            "[known?{again:share} of them bought it again within {again_weeks} weeks|how many buy it again cannot be told yet]. "
            "[is_measured?Of its sales {taken:share} ({low:share} to {high:share}) were taken from other goods of the category|What its "
            "sales were taken from is not measured: too few can be followed].",
            label=label, triers=first.height, rate=trial["trial_share"][-1], weeks=trial.height, start=launch.window.start,
            known=again is not None, again=again["again_share"] if again else None, again_weeks=again["week"] if again else None,
            is_measured=taken is not None, taken=taken and taken.share, low=taken and taken.low, high=taken and taken.high,
        ),
        table=shown,
        chart=lambda: _chart(view, shown.frame, label, launch, show),
        notes=_notes(view, launch, source is not None),
        ask_next=[
            (_NAME, {"good": good, "show": "trial" if show == "source" else "source"}),
            ("targeting.switching", {"category": labels_of(view, "category", [launch.category_code])[launch.category_code]}),
        ],
        figures={
            "trier_count": float(first.height),
            "again_share": again["again_share"] if again else None,
            "taken_share": taken.share if taken else None,
        },
    )  # fmt: skip


def _code(view: View, good: str) -> int | None:
    if not good.strip():
        return newest(view)
    known = find_good(view, good, _NAME)
    if known.level == "category":
        raise BadValue(tr("{name}: '{good}' is a category; a product was needed.", name=_NAME, good=good))
    return known.code


def _not_new(view: View, table: Table, label: str, start: date | None) -> Finding:
    headline = view.say(
        "{where}, {label} [start?was first sold on {start}: too near the first or the last receipt to tell how it began|was never sold].",
        label=label, start=start,
    )  # fmt: skip
    advice = view.say(
        "Receipts of {before} days before the first sale and {after} days after it are needed.", before=BEFORE_DAYS, after=LEAST_DAYS
    )
    return unmeasured(table, headline, advice)


def _trial(view: View, launch: Launch, first: pl.DataFrame) -> pl.DataFrame:
    days = launch.days.filter(pl.col("member_code").is_not_null(), "is_bought")
    buyers = days.filter(pl.col("day") <= launch.window.end)["member_code"].n_unique()
    own = days.filter(pl.col("product_code") == launch.code).join(first, on="member_code").filter(pl.col("day") > pl.col("tried_on"))
    again = first.join(own.group_by("member_code").agg(pl.col("day").min().alias("again_on")), on="member_code", how="left")
    gap = again.select((pl.col("again_on").fill_null(view.as_of) - pl.col("tried_on")).dt.total_days())
    weeks = np.arange(1, -(-launch.window.days // 7) + 1)
    share, low, high, watched = bought_again(gap.to_series().to_numpy(), again["again_on"].is_not_null().to_numpy(), 7 * weeks)
    ends = pl.Series([launch.window.start + timedelta(days=int(7 * week - 1)) for week in weeks])
    tried = [int((first["tried_on"] <= end).sum()) for end in ends]
    return pl.DataFrame(
        {
            "week": weeks, "trier_count": tried, "trial_share": np.array(tried) / max(buyers, 1), "watched_count": watched,
            "again_share": share, "again_share_low": low, "again_share_high": high,
        }
    ).fill_nan(None)  # fmt: skip


def _source(view: View, launch: Launch, source: tuple[Any, list[str]] | None) -> pl.DataFrame:
    inside = pl.col("day") <= launch.window.end, pl.col("product_code") == launch.code, pl.col("member_code").is_not_null()
    own = launch.days.filter(*inside)
    sales, count = int(own["amount"].sum()) / view.minor_units, launch.first_days.height
    rows: list[tuple[Any, ...]] = [(ALL, sales, 1.0 if sales > 0 else None, None, None)]
    if source is None:
        rows += [(part, None, None, None, None) for part in (TAKEN, GROWN)]
    else:
        found, names = source
        rows.append((TAKEN, sales * found.share, found.share, found.low, found.high))
        parts = zip(names, found.by_good, found.low_by_good, found.high_by_good, strict=True)
        rows += [
            (tr(_TAKEN_FROM, good=name), sales * share, share, low, high)
            for name, share, low, high in sorted(parts, key=lambda part: -part[1])
        ]
        rows.append((GROWN, sales * (1 - found.share), 1 - found.share, 1 - found.high, 1 - found.low))
    names = ["part", "sales", "sales_share", "sales_share_low", "sales_share_high"]
    frame = pl.DataFrame(rows, orient="row", schema={name: pl.String if name == "part" else pl.Float64 for name in names})
    return frame.with_columns(pl.lit(count, pl.Int64).alias("member_count"))


def _notes(view: View, launch: Launch, is_measured: bool) -> list[str | Note]:
    notes: list[str | Note] = []
    if not is_measured:
        needed = view.say(
            "What it was taken from: {least} members must be followed for two weeks after their first purchase, buy it again clearly more "
            "often than others, and leave an interval narrower than all of its sales.",
            least=LEAST_TRIERS,
        )  # fmt: skip
        notes.append(Note(needed, "NOT MEASURED"))
    else:
        told = tr(
            "Who tries a new product is not drawn by chance: compared are members with a like past who took something else of the "
            "category. First purchases are taken to come from where later ones come; visits to the shop that it brought are not in it."
        )
        notes.append(Note(told, "REVIEW"))
    if launch.window.days < 7 * WEEKS:
        notes.append(
            Note(
                view.say("It was sold for {days} days so far: the weeks that are missing will change this.", days=launch.window.days),
                "REVIEW",
            )
        )
    notes.append(
        tr("New is what these receipts never held before: a product with a new number, or of a season that comes again, looks new.")
    )
    return notes


def _chart(view: View, table: pl.DataFrame, label: str, launch: Launch, show: str) -> alt.Chart | alt.LayerChart:
    title, when = view.say("The first weeks of {label}", label=label), view.say("{place}, {window}", window=launch.window)
    if show == "source":
        from toolkit.charts.ranges import ranges

        return ranges(
            table.slice(1), label="part", value="sales_share", low="sales_share_low", high="sales_share_high", kind="share", reference=0.0,
            title=title, subtitle=when, value_title=tr("Share of its sales"),
        )  # fmt: skip
    from toolkit.charts.lines import lines_over_time

    day = (pl.lit(launch.window.start) + pl.duration(days=7 * pl.col("week"))).alias("day")
    both = [table.select(day, pl.lit(word).alias("line"), pl.col(column).alias("share"))
            for word, column in ((tr("Trial rate"), "trial_share"), (tr("Bought again"), "again_share"))]  # fmt: skip
    return lines_over_time(
        pl.concat(both), time="day", value="share", series="line", kind="share1", title=title, subtitle=when, value_title=tr("Share")
    )
