"""What interrupts the receipts: a store, channel or source that falls silent, days without any, a day on which members were given new ids.

Seen from members alone each looks like people leaving. It is found once for a state of the receipts and said in every answer it touches.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import polars as pl

from toolkit import wording
from toolkit.language import later, tr

if TYPE_CHECKING:
    from toolkit.scope.view import View

LEAST_DAYS, LEAST_PAUSE, TIMES_USUAL = 20, 14, 3
"""A place that had receipts on so many days is silent after so many days without, and so many times its usual pause (99 in 100)."""
LATE_MEMBERS_DAYS = 91
"""Who last came to a place within these days before it fell silent was with it until then."""
NEW_SHARE, LEAST_NEW, SETTLED_DAYS = 0.5, 30, 91
"""Ids were given anew where within a week from a day half of the buyers are new, and in the four weeks before at most half that share."""
LEVEL = (0.5, 2.0)
HANDED_OVER_DAYS = 31
"""A source that ends while another begins within these days was given another name: no receipts are missing."""

LONG_GAP_DAYS, SAME_SEASON_DAYS = 28, 45
"""Days without any receipts over which no forecast learns, unless the shop closed so near the same day of another year."""

SILENT = ("store", "source", "channel")
"""What falls silent, in the order in which it explains that a member is not seen."""

_SCHEMA = {"kind": pl.String, "code": pl.UInt32, "since": pl.Date, "until": pl.Date, "usual_days": pl.Int64, "share": pl.Float64}


def interruptions(view: View) -> pl.DataFrame:
    """Return what interrupts the receipts up to the view's date, for the whole chain; made once and kept beside the mart.

    Columns: `kind` ('store', 'channel' or 'source' that is silent, 'gap' of all receipts, 'ids' given anew), `code` (of the store or
    channel; of a source its place among `Workspace.source_lines`),
    `since` (the last day with receipts, or the day of the new ids), `until` (the first day with receipts again; null = still silent),
    `usual_days` (what 99 in 100 of its pauses do not exceed), `share` (of new ids among the week's buyers).
    """
    return view.chainwide("interruptions", _found)


def _found(chain: View) -> pl.DataFrame:
    day = pl.col("ordered_at").dt.date().alias("day")
    places = pl.collect_all(
        [chain.orders.select(pl.col(code).alias("code"), day).unique().drop_nulls() for code in ("store_code", "channel_code")],
        engine="streaming",
    )
    parts = [_silent(kind, frame, chain) for kind, frame in zip(("store", "channel"), places, strict=True) if frame["code"].n_unique() > 1]
    parts += [_silent_sources(chain), _gaps(places[0].select("day").unique()), _new_ids(chain)]
    return pl.concat([part.select(pl.col(name).cast(dtype) for name, dtype in _SCHEMA.items()) for part in parts])


def _pauses(days: pl.DataFrame) -> pl.DataFrame:
    return days.sort("code", "day").with_columns(pause=(pl.col("day") - pl.col("day").shift(1).over("code")).dt.total_days())


def _silent(kind: str, days: pl.DataFrame, chain: View) -> pl.DataFrame:
    of_place = (
        _pauses(days)
        .group_by("code")
        .agg(pl.len().alias("days"), pl.col("day").max().alias("since"), pl.col("pause").quantile(0.99, "higher").alias("usual_days"))
        .sort("code")
    )
    away = (pl.lit(chain.as_of) - pl.col("since")).dt.total_days()
    longest = pl.max_horizontal(pl.lit(LEAST_PAUSE), TIMES_USUAL * pl.col("usual_days"))
    silent = of_place.filter((pl.col("days") >= LEAST_DAYS) & (away > longest))
    return silent.with_columns(kind=pl.lit(kind), until=pl.lit(None, pl.Date), share=pl.lit(None, pl.Float64))


def _seen(chain: View) -> list[pl.LazyFrame]:
    """Return the lines of every source up to the view's date, where there are several; else nothing."""
    lines = chain.workspace.source_lines()
    end = datetime.combine(chain.as_of + timedelta(days=1), time())
    return [frame.filter(pl.col("ordered_at") < end) for frame in lines.values()] if len(lines) > 1 else []


def _silent_sources(chain: View) -> pl.DataFrame:
    """Sources that fall silent while none begins; the orders do not say where they come from, the files of their lines do."""
    parts = [
        frame.select(pl.lit(code, pl.UInt32).alias("code"), pl.col("ordered_at").dt.date().alias("day")).unique()
        for code, frame in enumerate(_seen(chain))
    ]
    if not parts:
        return pl.DataFrame(schema=_SCHEMA)
    days = pl.concat(pl.collect_all(parts, engine="streaming"))
    silent, begins = _silent("source", days, chain), days.group_by("code").agg(pl.col("day").min().alias("begins_on"))
    near = (pl.col("begins_on") - pl.col("since")).dt.total_days().abs() <= HANDED_OVER_DAYS
    handed_over = silent.join(begins.rename({"code": "other"}), how="cross").filter(near & (pl.col("other") != pl.col("code")))
    return silent.join(handed_over, on="code", how="anti")


def _gaps(days: pl.DataFrame) -> pl.DataFrame:
    pauses = _pauses(days.with_columns(code=pl.lit(0))).drop_nulls("pause")
    usual = pl.col("pause").quantile(0.99, "lower")
    long = pauses.filter((pl.len() >= LEAST_DAYS) & (pl.col("pause") > pl.max_horizontal(pl.lit(LEAST_PAUSE), TIMES_USUAL * usual)))
    since = pl.col("day") - pl.duration(days=pl.col("pause"))
    usual_days = int(pauses["pause"].quantile(0.99, "lower") or 0) if pauses.height else 0
    return long.select(
        kind=pl.lit("gap"), code=pl.lit(None), since=since, until=pl.col("day"), usual_days=pl.lit(usual_days), share=pl.lit(None)
    )


def _new_ids(chain: View) -> pl.DataFrame:
    bought = chain.orders.filter("is_order", pl.col("member_code").is_not_null()).select("member_code", pl.col("ordered_at").dt.date())
    buyers = bought.unique().rename({"ordered_at": "day"}).with_columns(is_new=pl.col("day") == pl.col("day").min().over("member_code"))
    daily = (
        buyers.group_by("day").agg(pl.len().alias("buyers"), pl.col("is_new").sum().alias("new")).collect(engine="streaming").sort("day")
    )
    empty = pl.DataFrame(schema=_SCHEMA)
    if daily.is_empty():
        return empty
    calendar = pl.DataFrame({"day": pl.date_range(chain.first_day, chain.as_of, eager=True)})
    daily = calendar.join(daily, on="day", how="left", maintain_order="left").with_columns(
        pl.col("buyers", "new").fill_null(0).cast(pl.Int64)
    )
    ahead, back = (
        [pl.col(name).cum_sum().shift(-6) - pl.col(name).cum_sum().shift(1).fill_null(0) for name in ("buyers", "new")],
        [pl.col(name).cum_sum().shift(1) - pl.col(name).cum_sum().shift(29).fill_null(0) for name in ("buyers", "new")],
    )
    weeks = daily.with_row_index("place").with_columns(
        week=ahead[0], week_new=ahead[1], before=back[0], before_new=back[1], today=pl.col("new") / pl.col("buyers")
    )
    share, usual = pl.col("week_new") / pl.col("week"), pl.col("before_new") / pl.col("before")
    found = weeks.with_columns(share=share, usual=usual).filter(
        (pl.col("place") >= SETTLED_DAYS)
        & (pl.col("week_new") >= LEAST_NEW)
        & (pl.col("share") >= NEW_SHARE)
        & (pl.col("today") >= NEW_SHARE)
        & (pl.col("usual") <= pl.col("share") / 2)
        & (4 * pl.col("week") / pl.col("before")).is_between(*LEVEL)
    )
    if found.is_empty():
        return empty
    first = found.sort(pl.col("share") - pl.col("usual"), "day", descending=[True, False]).row(0, named=True)
    row = {"kind": "ids", "code": None, "since": first["day"], "until": None, "usual_days": None, "share": first["share"]}
    return pl.DataFrame([row], schema=_SCHEMA)


def cut_off(view: View) -> pl.DataFrame:
    """Return the members of the chain who may be there although they are not seen: one row each, sorted by member.

    Columns: `member_code`; `kind`, `code` and `since` as in `interruptions`.

    They came to a store, through a channel or by a source until it fell silent and nowhere since, or under an id that was replaced: that
    they left is not known. Made once and kept beside the mart: several parts of one answer ask for it.
    """
    return view.chainwide("cut_off", _cut_off)


def _cut_off(chain: View) -> pl.DataFrame:
    found = interruptions(chain).select("kind", "code", "since")
    silent, new_ids = found.filter(pl.col("kind").is_in(SILENT)), found.filter(pl.col("kind") == "ids").head(1)
    if silent.is_empty() and new_ids.is_empty():
        return pl.DataFrame(schema={"member_code": pl.UInt32, "kind": pl.String, "code": pl.UInt32, "since": pl.Date})
    orders = chain.orders.filter("is_order", pl.col("member_code").is_not_null())
    last = orders.group_by("member_code").agg(
        *(pl.col(f"{kind}_code").sort_by("ordered_at").last().alias(kind) for kind in ("store", "channel")),
        pl.col("ordered_at").max().dt.date().alias("last_on"),
    )
    if (silent["kind"] == "source").any():
        by_source = [
            frame.filter(pl.col("member_code").is_not_null() & (pl.col("amount") > 0))
            .group_by("member_code")
            .agg(pl.col("ordered_at").max(), pl.lit(code, pl.UInt32).alias("source"))
            for code, frame in enumerate(_seen(chain))
        ]
        latest = pl.concat(by_source).group_by("member_code").agg(pl.col("source").sort_by("ordered_at").last())
        last = last.join(latest, on="member_code", how="left")
    had = pl.col("last_on") >= pl.col("since") - pl.duration(days=LATE_MEMBERS_DAYS)
    columns = ("member_code", "kind", "code", "since")
    parts = [
        last.join(silent.lazy().filter(pl.col("kind") == kind), left_on=kind, right_on="code", coalesce=False).filter(had).select(columns)
        for kind in SILENT
        if (silent["kind"] == kind).any()
    ]
    parts.append(last.join(new_ids.lazy(), how="cross").filter(had & (pl.col("last_on") < pl.col("since"))).select(columns))
    return pl.concat(parts).unique("member_code", keep="first", maintain_order=True).collect().sort("member_code")


def still_told(view: View, orders: pl.LazyFrame) -> pl.LazyFrame:
    """Return orders (`order_code`) without those of sources that fell silent.

    What such a source told of a member will not be told again: a past with it and a present without it read as if half of the habit were
    gone. So what is expected, and what it is measured against, is of the sources that still speak.
    """
    silent = interruptions(view).filter(pl.col("kind") == "source")["code"].to_list()
    if not silent:
        return orders
    lines = list(view.workspace.source_lines().values())
    return orders.join(pl.concat([lines[code].select("order_code") for code in silent]).unique(), on="order_code", how="anti")


def new_ids_on(view: View) -> date | None:
    """Return the day on which members were given new ids; None = no such day was found."""
    return interruptions(view).filter(pl.col("kind") == "ids")["since"].min()  # type: ignore[return-value]


def anew_since(view: View) -> date | None:
    """Return the first day after the last long gap of all receipts; None = there was none.

    Across it pauses of members are not known and sums are none: a forecast that learns from them promises less than comes while the gap
    is near, and once more a year later, when the gap looks like a season. A gap that comes again every year is one, and is left.
    """
    gaps = interruptions(view).filter(pl.col("kind") == "gap").select("since", "until")
    apart = (pl.col("since") - pl.col("since_other")).dt.total_days().abs()
    of_year = apart % 365
    yearly = gaps.join(gaps, how="cross", suffix="_other").filter(
        (apart > 180) & (pl.min_horizontal(of_year, 365 - of_year) <= SAME_SEASON_DAYS)
    )
    long = gaps.filter((pl.col("until") - pl.col("since")).dt.total_days() > LONG_GAP_DAYS)
    return long.join(yearly, on="since", how="anti")["until"].max()  # type: ignore[return-value]


_STORE = later(
    "Store {store} has had no receipts since {since}[usual? (before, 99 in 100 of its pauses were at most {usual:day})]. [who?{who:member} "
    "came there until then and nowhere since: they|Its members] are not known to have left; it was closed, or its receipts are missing."
)
_CHANNEL = later(
    "The channel {channel} has had no receipts since {since}[usual? (before, 99 in 100 of its pauses were at most {usual:day})]: it was "
    "closed, or its receipts are missing.[who? {who:member} came through it until then and nowhere since: they are not known to have left.]"
)
_SOURCE = later(
    "The source {source} has brought no receipts since {since}[usual? (before, 99 in 100 of its pauses were at most {usual:day})]: its "
    "export stopped, or what it stood for was closed. Totals since then are too low.[who? {who:member} were in it until then and nowhere "
    "since: they are not known to have left.]"
)
_GAP = later(
    "There are no receipts at all between {since} and {until}: pauses of members across these days are not known.[anew? What is expected "
    "of members is learned from the receipts since {anew} alone.]"
)
_IDS = later(
    "From {since} on {share:share} of the week's buyers were new while their number stayed level: members were probably given new ids that "
    "day. Who came before and after is not tied together, so new, leaving and returning members are wrong across it; an identity table in "
    "the mapping ties them."
)


def interruption_notes(view: View) -> list[str]:
    """Return a sentence for each interruption that touches the scope, the worst of each kind first; at most three stores by name."""
    found = interruptions(view)
    if found.is_empty():
        return []
    inside = cut_off(view).join(view.members.select("member_code"), on="member_code", how="semi")
    notes = [*_store_notes(view, found.filter(pl.col("kind") == "store"), inside)]
    channels = dict(view.workspace.codes("channel").iter_rows()) if (found["kind"] == "channel").any() else {}
    of_sources = found.filter(pl.col("kind") == "source")["since"].to_list()
    for row in found.filter(pl.col("kind") != "store").iter_rows(named=True):
        kind, since = row["kind"], row["since"]
        who = inside.filter(pl.col("kind") == kind, pl.col("code") == row["code"]).height if kind in SILENT else 0
        counted = {"since": since, "usual": row["usual_days"], "who": who if who >= view.least else None}
        # A channel that ends with the source that brings it is one thing; a store's page hears of what its members were in.
        if kind == "channel" and since not in of_sources and (who or not view.scope.is_place):
            notes.append(view.say(_CHANNEL, channel=channels[row["code"]], **counted))
        elif kind == "source" and (who or not view.scope.is_place):
            notes.append(view.say(_SOURCE, source=list(view.workspace.source_lines())[row["code"]], **counted))
        elif kind == "gap":
            notes.append(view.say(_GAP, since=since, until=row["until"], anew=row["until"] if row["until"] == anew_since(view) else None))
        elif kind == "ids":
            notes.append(view.say(_IDS, since=since, share=row["share"]))
    return notes


def _store_notes(view: View, silent: pl.DataFrame, inside: pl.DataFrame) -> list[str]:
    if silent.is_empty():
        return []
    stores = silent.rename({"code": "store_code"}).join(view.stores, on="store_code")
    if view.scope.store_id is not None:
        stores = stores.filter(pl.col("store_id") == view.scope.store_id)
    elif view.scope.region is not None:
        stores = stores.filter(pl.col("region") == view.scope.region)
    alone = inside.filter(pl.col("kind") == "store").group_by(pl.col("code").alias("store_code")).agg(pl.len().alias("who"))
    stores = stores.join(alone, on="store_code", how="left").sort(pl.col("who").fill_null(0), "store_id", descending=[True, False])
    told = [
        view.say(
            _STORE, store=row["store_id"], since=row["since"], usual=row["usual_days"],
            who=row["who"] if (row["who"] or 0) >= view.least else None,
        )
        for row in stores.head(3).iter_rows(named=True)
    ]  # fmt: skip
    more = stores.height - len(told)
    return [*told, tr("{more} have fallen silent too.", more=wording.some(more, "store"))] if more > 0 else told
