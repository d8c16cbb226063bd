"""Guides whose truth is known: their calls, their books, their lists; parts of `benchmarks.truth_guides`.

Calls: members of ten guides with their own pace and purses (log-normal, from even to very unequal), listed over 20 days by the same function
that makes the lists of a shop; half of those on a list are reached, and come so much more often within the two weeks. Books: 48 guides in
12 stores of unlike level who were given unlike members. Lists: a shop by its receipts, imported, with guides, one of whom has left.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

import toolkit as tk
from benchmarks.strange_shops import MAPPING, Habits, StrangeShop, imported, receipts
from toolkit.importing import import_receipts
from toolkit.ledger.guide_lists import freeze_lists
from toolkit.models.book_index import book_index
from toolkit.review.measures.guide_effect import call_effect, drawn_effects, episodes_of
from toolkit.scope.view import open_view
from toolkit.targeting.measures.book_members import index_of, people_of
from toolkit.targeting.measures.books import Books
from toolkit.targeting.measures.books import books as books_of
from toolkit.targeting.measures.task_places import WINDOW_DAYS, lists_of, placed
from toolkit.workspace import Workspace

Bar = tuple[str, float, float | None, float | None]
_EMPTY = ("guide_before", "goods", "product", "detail")


def trial(
    rng: np.random.Generator,
    *,
    lift: float | np.ndarray,
    purses: float,
    guides: int = 10,
    days: int = 20,
    book: int = 250,
    held: float = 0.1,
) -> tuple[pl.DataFrame, float]:
    """Return the episodes of a trial (`truth` = what a call truly brings) and their mean: `lift` = how much oftener those reached come."""
    count = guides * book
    lifts = np.broadcast_to(lift, guides)
    guide, pace = np.repeat(np.arange(guides), book), rng.gamma(1.5, 1 / 1.5, count) * 0.5
    purse, rest, seed = np.exp(rng.normal(3.3, 0.5, count)), np.zeros(count), int(rng.integers(1_000_000_000))
    parts = list[pl.DataFrame]()
    for number in range(days):
        free = np.flatnonzero((rng.random(count) < 0.15) & (rest <= 0))
        past_orders = rng.poisson(pace * 6.5)
        past = past_orders * purse * np.exp(rng.normal(0, 0.3, count))
        wanted = pl.DataFrame(
            {
                "member_id": [f"m{one:05d}" for one in free], "guide_id": [f"g{one}" for one in guide[free]], "store_id": "s",
                "reason": np.where(rng.random(len(free)) < 0.5, "due again", "slipping away"), "spend_before": past[free], "row": free,
                **dict.fromkeys(_EMPTY),
            },
            schema_overrides=dict.fromkeys(_EMPTY, pl.String),
        )  # fmt: skip
        rows = placed(wanted, date(2024, 1, 1) + timedelta(days=number), 8, held, seed).join(
            wanted.select("member_id", "row"), on="member_id", maintain_order="left"
        )
        rest -= 1
        at, on_list = rows["row"].to_numpy(), (rows["arm"] == "treated").to_numpy()
        rest[at] = WINDOW_DAYS
        is_reached = on_list & (rng.random(len(at)) < 0.5)
        orders = rng.poisson(pace[at] * np.where(is_reached, 1 + lifts[guide[at]], 1.0))
        owner = np.repeat(np.arange(len(at)), orders)
        spend = np.bincount(owner, np.exp(rng.normal(np.log(purse[at][owner]), purses)), len(at))
        keep = rows["is_compared"].to_numpy()
        parts.append(
            rows.select("guide_id", "reason", "spend_before").with_columns(
                treated=pl.Series(on_list), spend=pl.Series(spend), came=pl.Series((orders > 0).astype(float)),
                truth=pl.Series(pace[at] * lifts[guide[at]] * 0.5 * purse[at] * np.exp(purses**2 / 2)),
                past_spend=pl.Series(past[at]), past_orders=pl.Series(past_orders[at].astype(float)),
            ).filter(pl.Series(keep))
        )  # fmt: skip
    episodes = pl.concat(parts)
    return episodes, float(episodes.filter("treated")["truth"].mean() or 0)  # type: ignore[arg-type]


def by_guide(draws: int = 60) -> Iterator[Bar]:
    """Yield how often the drawn-in interval of a guide's own effect holds it, where guides differ and where they do not."""
    rng = np.random.default_rng(11)
    for name, spread in (("alike", 0.0), ("unlike", 0.4)):
        hits, own = list[bool](), list[float]()
        for _ in range(draws):
            lifts = np.maximum(0.5 + spread * rng.standard_normal(8), 0)
            episodes, _ = trial(rng, lift=lifts, purses=0.6, guides=8, days=40, held=0.2)
            effects = [call_effect(rows) for (_,), rows in sorted(episodes.partition_by("guide_id", as_dict=True).items())]
            truth = episodes.filter("treated").group_by("guide_id").agg(pl.col("truth").mean()).sort("guide_id")["truth"].to_list()
            low, high = np.quantile(drawn_effects(effects), [0.025, 0.975], axis=0)
            hits += [bool(one) for one in (low <= truth) & (truth <= high)]
            own += [float(one) for one in (high - low) / np.array([(one.high or 0) - (one.low or 0) for one in effects])]
        yield f"calls by guide, guides {name}: 95% interval holds the guide's own effect, of {len(hits)}", _mean(hits), 0.9, None
        yield f"calls by guide, guides {name}: its width beside that of the guide alone", float(np.mean(own)), None, None


def calls(draws: int = 500) -> Iterator[Bar]:
    """Yield how often intervals hold the planted effect of calls, and how often an effect is claimed where there is none."""
    held = {0.8: list[bool](), 0.95: list[bool]()}
    false = list[bool]()
    for name, purses, guides in (("even purses", 0.6, 10), ("very unequal purses", 1.2, 10), ("very unequal, four guides", 1.2, 4)):
        for lift in (0.0, 0.5):
            rng = np.random.default_rng([round(10 * purses), guides, round(10 * lift)])
            own = {share: list[bool]() for share in held}
            found = list[bool]()
            for _ in range(draws):
                episodes, truth = trial(rng, lift=lift, purses=purses, guides=guides)
                for share, hits in own.items():
                    effect = call_effect(episodes, confidence=share)
                    if effect.low is not None and effect.high is not None:
                        hits.append(effect.low <= truth <= effect.high)
                        if share == 0.95:
                            found.append(effect.low > 0 or effect.high < 0)
            for share, hits in own.items():
                held[share] += hits
                yield (
                    f"calls, {name}, lift {lift:.0%} of those reached: {share:.0%} interval holds, of {len(hits)}",
                    _mean(hits),
                    None,
                    None,
                )
            if lift:
                yield f"calls, {name}: planted effect claimed", _mean(found), None, None
            else:
                false += found
                yield f"calls, {name}: an effect claimed that is none (A/A)", _mean(found), None, None
    for share, hits in held.items():
        yield f"calls, all shops: {share:.0%} interval holds the planted effect, of {len(hits)}", _mean(hits), share - 0.03, share + 0.03
    # What is told of so many shops errs itself: twice its error is let pass.
    most = 0.05 + 2 * np.sqrt(0.05 * 0.95 / max(len(false), 1))
    yield f"calls, all shops: an effect claimed that is none (A/A), of {len(false)}", _mean(false), None, round(float(most), 3)


def _mean(hits: list[bool]) -> float:
    return float(np.mean(hits)) if hits else float("nan")


def shop_of_books(
    rng: np.random.Generator, *, size: int, good: int, lift: float, sales: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return outcome, book, place and kind by member, and which of 48 books are truly good."""
    stores, each = 12, 4
    book = np.repeat(np.arange(stores * each), rng.integers(size // 2, 2 * size - size // 2, stores * each))
    level = rng.normal(0, 1, len(book)) + rng.normal(0, 0.6, stores * each)[book]  # guides were given unlike members
    kind = np.searchsorted(np.quantile(level, np.arange(1, 25) / 25), level)
    is_good = np.zeros(stores * each, dtype=bool)
    is_good[rng.choice(stores * each, good, replace=False)] = True
    pace = np.exp(rng.normal(0, 0.25, stores))[book // each] / (1 + np.exp(0.6 - 0.9 * level)) * np.where(is_good[book], 1 + lift, 1)
    came = rng.random(len(book)) < np.minimum(pace, 0.98)
    outcome = came * np.exp(rng.normal(3.5 + 0.3 * level, 0.9)) if sales else came.astype(float)
    if sales:
        outcome = np.minimum(outcome, np.quantile(outcome[outcome > 0], 0.99))
    return outcome, book, book // each, kind, is_good


def books(draws: int = 300) -> Iterator[Bar]:
    """Yield how often nobody is named where guides differ in nothing, and how many of the planted good ones are found."""
    rng = np.random.default_rng(7)
    for sales in (False, True):
        word = "sales" if sales else "who came"
        for size in (60, 300):
            nobody = [
                not book_index(*shop_of_books(rng, size=size, good=0, lift=0, sales=sales)[:4]).stands_out.any() for _ in range(draws)
            ]
            yield f"guides, {word}, books of {size}: nothing planted, nobody named, of {draws} shops", _mean(nobody), 0.9, None
    for size, lift, least in ((150, 0.4, None), (400, 0.2, None), (400, 0.4, 0.8)):
        found, named, false, ranks = 0, 0, 0, list[bool]()
        for _ in range(draws // 3):
            *given, is_good = shop_of_books(rng, size=size, good=4, lift=lift, sales=False)
            index = book_index(*given)
            found += int((index.stands_out & is_good).sum())
            false += int((index.stands_out & ~is_good).sum())
            named += int(index.stands_out.sum())
            ranks += [bool(one) for one in index.rank_low[is_good] <= 4]
        yield f"guides, books of {size}: good by {lift:.0%} found, of {4 * (draws // 3)}", found / (4 * (draws // 3)), least, None
        yield f"guides, books of {size}, good by {lift:.0%}: named falsely, of {named}", false / max(named, 1), None, 0.1 if least else None
        yield (
            f"guides, books of {size}, good by {lift:.0%}: rank interval reaches the first four",
            _mean(ranks),
            0.9 if least else None,
            None,
        )


def real(draws: int = 200) -> Iterator[Bar]:
    """Yield how often nobody is named where the members of The Complete Journey are dealt out to guides by chance (if it is there)."""
    folder = Path(os.environ.get("ASKING_WORKSPACE", "demo/workspace"))
    if not (folder / "manifest.json").exists():
        return
    view, rng = open_view(Workspace(folder)), np.random.default_rng(1)
    nobodys = view.population.select("member_code", "member_id", guide_id=pl.lit(None, pl.String))
    nowhere = pl.DataFrame(schema={"guide_id": pl.String, "store_id": pl.String})
    people = people_of(view, Books(nobodys, nowhere)).drop("store_id")
    for measure in ("came", "sales"):
        for guides, places in ((20, 5), (60, 15)):
            nobody = list[bool]()
            for _ in range(draws):
                dealt = rng.integers(0, guides, people.height)
                own = people.with_columns(
                    guide_id=pl.Series([f"g{one:02d}" for one in dealt]), store_id=pl.Series([f"s{one % places}" for one in dealt])
                )
                nobody.append(not index_of(own, measure)[1].stands_out.any())
            what = f"guides, real receipts dealt out to {guides} by chance, {measure}: nobody named, of {draws}"
            yield what, _mean(nobody), 0.9, None


def lists(days: int = 9) -> Iterator[Bar]:
    """Yield how even the lists of a shop's guides are, and what is told of calls that change nothing and of calls that bring an order."""
    with tempfile.TemporaryDirectory() as place:
        folder, end, first = Path(place), date(2024, 10, 31), date(2024, 9, 2)
        lines = receipts(Habits(members=6000))
        shop = StrangeShop("guides", lines, lines["day"].min())  # type: ignore[arg-type]
        ws = imported(shop, folder, as_of=end, first_day=date(2022, 6, 1))
        _with_guides(ws, folder)
        ws = Workspace(ws.path)
        most = list[float]()
        for number in range(days):
            day = first + timedelta(days=number)
            view = open_view(ws, as_of=day - timedelta(days=1))
            found = books_of(view)
            assert found is not None
            tasks = lists_of(view, found, day, per_day=4, held_share=0.25, seed=1).tasks
            freeze_lists(ws, day, tasks, as_of=view.as_of, drawn={"per_day": 4, "held_share": 0.25, "seed": 1})
            counts = tasks.filter(pl.col("arm") == "treated").group_by("guide_id").len()["len"]
            most.append(int(counts.max()) / int(counts.min()))  # type: ignore[arg-type]
        yield f"lists: tasks of the guide with most to those with fewest, first of {days} days", most[0], None, 1.0
        yield f"lists: the same, mean of {days} days (later ones may run out of members)", float(np.mean(most)), None, None
        usual = tk.review.guide_calls(ws)
        row = usual.table.row(0, named=True)
        yield "lists: calls that change nothing, 95% interval holds 0", float(row["effect_low"] <= 0 <= row["effect_high"]), 1, None
        planted = _planted(ws, shop.lines, folder, end, first)
        row = tk.review.guide_calls(Workspace(ws.path)).table.row(0, named=True)
        yield f"lists: planted {planted:.2f} a member on a list; told", row["effect"], None, None
        yield "lists: 95% interval holds what was planted", float(row["effect_low"] <= planted <= row["effect_high"]), 1, None


def _with_guides(ws: Workspace, folder: Path) -> None:
    """Give the shop three guides a store, one of whom has left, and consent."""
    ids = open_view(ws).population.select("member_id").with_columns(number=pl.col("member_id").str.slice(1).cast(pl.Int64))
    store = pl.format("S{}", pl.col("number") % 4)
    members = ids.with_columns(guide_id=pl.concat_str(store, pl.lit("-"), (pl.col("number") // 4 % 3).cast(pl.String)), contactable=True)
    members.drop("number").write_csv(folder / "members.csv")
    guides = pl.DataFrame({"guide_id": [f"S{one}-{other}" for one in range(4) for other in range(3)]})
    left = pl.when(pl.col("guide_id") == "S0-2").then(pl.lit("2024-08-01")).alias("left_on")
    guides.with_columns(pl.col("guide_id").str.head(2).alias("store_id"), left).write_csv(folder / "guides.csv")
    text = MAPPING.format(source="strange")
    for name, columns in (("members", ("member_id", "guide_id", "contactable")), ("guides", ("guide_id", "store_id", "left_on"))):
        text += f'[{name}]\nfiles = "{name}.csv"\n[{name}.columns]\n' + "".join(f'{one} = "{one}"\n' for one in columns)
    (folder / "strange.toml").write_text(text, "utf-8")
    import_receipts(folder / "strange.toml", ws.path)


def _planted(ws: Workspace, lines: pl.DataFrame, folder: Path, end: date, first: date) -> float:
    """Bring in an order of 30 for six of ten members on a list, within two weeks; return what that is a member on a list."""
    rng, view = np.random.default_rng(3), open_view(ws, as_of=end)
    listed = episodes_of(view, first).rows.filter("treated").select("member_id", "store_id", "day")
    chosen = listed.filter(pl.Series(rng.random(listed.height) < 0.6))
    on = chosen["day"] + pl.Series(rng.integers(0, WINDOW_DAYS, chosen.height)).cast(pl.Duration("ms")) * 86_400_000
    extra = pl.DataFrame(
        {
            "order": [f"X{number}" for number in range(chosen.height)], "member": chosen["member_id"], "store": chosen["store_id"],
            "sku": "P1", "time": on.cast(pl.Date).dt.strftime("%Y-%m-%d") + " 12:00:00", "qty": 1, "amount": 30.0,
        }
    )  # fmt: skip
    seen = lines.filter(pl.col("day").is_between(date(2022, 6, 1), end)).drop("day", "source")
    pl.concat([seen.select(extra.columns), extra.cast(seen.select(extra.columns).schema)]).write_csv(folder / "strange.csv")
    import_receipts(folder / "strange.toml", ws.path)
    return 30.0 * chosen.height / listed.height
