"""Measure the bars of DEFINITIONS.md section 2 and print them: one function a part, each prints its lines and returns its figures.

    python benchmarks/truth_targeting.py            all parts
    python benchmarks/truth_targeting.py slipping   one part

Data: simulated shops whose truth is known, in a temporary folder. Exit code 1 if a bar fails.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from toolkit.models.pairs import Baskets
    from toolkit.workspace import Workspace


def slipping_recovered(folder: Path, *, members: int = 2000, seed: int = 1) -> dict[str, float]:
    """Return how targeting.slipping stands against the lapse dates of a simulated shop, half a year before its end.

    `precision`: members called slipping who had left for good. `recall`: of those who had left at least 14 days before, were seen
    within the last 182 and had a habit, how many are called. `recall_all`: the same with those who left within the last 14 days.
    `expected_stay_away`: of those called, the sum of 1 - P(buys), beside `stayed_away`, who did not buy in the next 28 days.
    """
    from toolkit.importing import import_receipts
    from toolkit.scope.view import open_view
    from toolkit.simulated import simulated_shop
    from toolkit.targeting.measures.rhythm import slipping_members
    from toolkit.workspace import Workspace

    simulated_shop(folder / "shop", members=members, years=2, seed=seed)
    import_receipts(folder / "shop" / "mapping.toml", folder / "ws")
    truth = pl.scan_parquet(folder / "shop" / "truth" / "members").select("member_id", "lapse_on").collect()
    ws = Workspace(folder / "ws")
    day = ws.last_day - timedelta(days=182)  # type: ignore[operator]
    view = open_view(ws, as_of=day)
    found = (
        slipping_members(view)
        .filter(pl.col("is_slipping").is_not_null() & (pl.col("recency_days") <= 182))
        .join(view.population.select("member_code", "member_id"), on="member_code")
        .join(truth, on="member_id")
    )
    later = open_view(ws).orders.filter(pl.col("is_order") & pl.col("member_code").is_not_null())
    after = later.filter(pl.col("ordered_at").dt.date().is_between(day + timedelta(days=1), day + timedelta(days=28)))
    bought = after.select("member_code").unique().collect()
    left = pl.col("lapse_on").is_not_null() & (pl.col("lapse_on") <= day)
    habit = pl.col("past_rate") >= view.settings.activity.slipping_least_rate
    called = found.filter("is_slipping")
    gone = found.filter(left & habit)
    long_gone = gone.filter(pl.col("lapse_on") <= day - timedelta(days=14))
    return {
        "judged": found.height,
        "called": called.height,
        "precision": called.filter(left).height / max(called.height, 1),
        "recall": long_gone.filter("is_slipping").height / max(long_gone.height, 1),
        "recall_all": gone.filter("is_slipping").height / max(gone.height, 1),
        "expected_stay_away": float((1 - called["purchase_probability"]).sum()),
        "stayed_away": float(called.join(bought, on="member_code", how="anti").height),
    }


def slipping(folder: Path) -> list[tuple[str, float, float | None]]:
    """Bars: none stated in figures; ours: precision and recall on lapse dates at least .75, forecast of staying away within a quarter."""
    rows: list[tuple[str, float, float | None]] = []
    shops = [slipping_recovered(folder / str(seed), seed=seed) for seed in (1, 2, 3)]
    for number, found in enumerate(shops, start=1):
        rows += [(f"slipping, shop {number}: {name.replace('_', ' ')}", value, None) for name, value in found.items()]
    for name, least in (("precision", 0.75), ("recall", 0.75)):
        rows.append((f"slipping, mean of the shops: {name}", sum(found[name] for found in shops) / len(shops), least))
    promised, came = (sum(found[name] for found in shops) for name in ("expected_stay_away", "stayed_away"))
    rows.append(("slipping: 1 - deviation of those expected to stay away", 1 - abs(promised / came - 1), 0.75))
    return rows


def pairs_recovered(*, seeds: int = 5, least_share: float = 0.02) -> dict[str, float]:
    """Return how the test of goods that go together stands on the Complete Journey's baskets with the goods dealt again at random.

    `found_by_chance`: most pairs called in any of `seeds` deals, where there are none. Then 30 pairs are planted at lift 2 into each deal
    (the second good is added to baskets with the first until it is there twice as often as by chance): `planted_found` and
    `called_falsely`, shares over all deals. Planted are categories in `least_share` to a fifth of the baskets: of rarer ones, so few
    baskets hold both that no test could tell twice as many from chance among 41,000 pairs. `power` is the share that the test can find at
    best, from the expected counts alone: P(X reaches the count that Benjamini-Hochberg asks for), X Poisson at twice the expected count;
    `found_of_findable` is the share found of the pairs whose power is .9 or more; `count_for_90` the least expected count of these.
    """
    from toolkit.models.pairs import associated_pairs, chance_of

    journey = _journey_baskets()
    most = planted_found = called = false = 0
    planted: list[tuple[float, float, bool]] = []  # expected count, power, found
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        dealt = _as_baskets(journey.basket * journey.good_count + rng.permutation(journey.good), journey.good_count)
        most = max(most, associated_pairs(dealt)[0].height)
        chance = chance_of(dealt)
        usual = rng.permutation(
            np.flatnonzero((chance.good_counts >= least_share * dealt.basket_count) & (chance.good_counts <= 0.2 * dealt.basket_count))
        )
        pairs = {(int(a), int(b)) for a, b in usual[:60].reshape(30, 2)}
        keys = [dealt.basket * dealt.good_count + dealt.good]
        for first, second in pairs:
            holding = dealt.basket[dealt.good == first]
            without = np.setdiff1d(holding, dealt.basket[dealt.good == second], assume_unique=True)
            expected = float(chance.expected_with(first)[second])
            wanted = 2 * expected - (len(holding) - len(without))
            keys.append(without[rng.random(len(without)) < wanted / len(without)] * dealt.good_count + second)
        made = _as_baskets(np.concatenate(keys), dealt.good_count)
        found, tested = associated_pairs(made)
        names = {frozenset(row) for row in found.select("first", "second").iter_rows()}
        hits = sum(frozenset(pair) in names for pair in pairs)
        bound, now = 0.05 * max(found.height, 1) / tested, chance_of(made)
        for first, second in sorted(pairs):
            expected = float(chance.expected_with(first)[second])
            able = pairs_power(2 * expected, float(now.expected_with(first)[second]), bound)
            planted.append((expected, able, frozenset((first, second)) in names))
        planted_found, called, false = planted_found + hits, called + len(names), false + len(names) - hits
    return {
        "found_by_chance": float(most),
        "planted_found": planted_found / (30 * seeds),
        "called_falsely": false / max(called, 1),
        "power": sum(able for _, able, _ in planted) / len(planted),
        "found_of_findable": sum(hit for _, able, hit in planted if able >= 0.9) / max(sum(able >= 0.9 for _, able, _ in planted), 1),
        "count_for_90": min((expected for expected, able, _ in planted if able >= 0.9), default=float("nan")),
    }


def pairs_power(mean: float, expected: float, bound: float) -> float:
    """Return the probability that a pair seen `mean` times on average, where chance makes `expected`, reaches a p-value of `bound`."""
    from scipy.stats import poisson

    needed = poisson.isf(bound, expected) + 1  # P(X > isf) <= bound
    return float(poisson.sf(max(needed, 5) - 1, mean))  # 5 baskets with both are needed to be shown


def pairs_in_simulated_shop(folder: Path, *, members: int = 2000, seed: int = 1) -> dict[str, float]:
    """Return what bought_together finds of the pairs planted in a simulated shop, where tastes put other goods together too."""
    from toolkit.importing import import_receipts
    from toolkit.scope.view import open_view
    from toolkit.simulated import simulated_shop
    from toolkit.targeting.measures.goods import window_of
    from toolkit.targeting.measures.pairs import found_pairs
    from toolkit.workspace import Workspace

    simulated_shop(folder / "shop", members=members, years=2, seed=seed)
    import_receipts(folder / "shop" / "mapping.toml", folder / "ws")
    truth = pl.scan_parquet(folder / "shop" / "truth" / "pairs*").collect()
    view = open_view(Workspace(folder / "ws"))
    figures: dict[str, float] = {}
    for level in ("category", "product"):
        names = (
            dict(view.categories.select("category_code", "category").iter_rows())
            if level == "category"
            else dict(view.workspace.codes("product").select("code", "id").iter_rows())
        )
        found = found_pairs(view, window_of(view), level, "order")
        called = {frozenset((names[a], names[b])) for a, b in found.pairs.select("first", "second").iter_rows()}
        planted = [frozenset(row) for row in truth.filter(pl.col("kind") == level).select("first", "second").iter_rows()]
        figures[f"{level} planted_found"] = sum(pair in called for pair in planted) / max(len(planted), 1)
        figures[f"{level} called"] = float(len(called))
    return figures


def pairs(folder: Path) -> list[tuple[str, float, float | None]]:
    """Bars: at most 5 pairs where there are none; of 30 planted at lift 2, 90% found, at most 10% false."""
    found = pairs_recovered()
    rows: list[tuple[str, float, float | None]] = [
        ("pairs: 5 less the most called where there are none", 5 - found["found_by_chance"], 0),
        ("pairs: planted at lift 2 and found", found["planted_found"], 0.90),
        ("pairs: share called that are true", 1 - found["called_falsely"], 0.90),
    ]
    rare = pairs_recovered(seeds=2, least_share=0.002)
    rows += [
        ("pairs: planted and found, goods in 0.2% of baskets or more", rare["planted_found"], None),
        ("pairs: the same, what any such test could find (power)", rare["power"], None),
        ("pairs: the same, found of those with power .9 or more", rare["found_of_findable"], 0.90),
        ("pairs: the same, least count by chance with power .9", rare["count_for_90"], None),
    ]
    return rows + [(f"pairs, simulated shop: {name}", value, None) for name, value in pairs_in_simulated_shop(folder).items()]


def _journey_baskets() -> Baskets:
    from benchmarks.receipts import journey_goods

    lines = journey_goods()
    count = int(lines["good"].max()) + 1  # type: ignore[arg-type]
    return _as_baskets(lines["basket"].to_numpy() * count + lines["good"].to_numpy(), count)


def _as_baskets(keys: np.ndarray, count: int) -> Baskets:
    from toolkit.models.pairs import Baskets

    distinct = np.unique(keys)
    return Baskets(distinct // count, distinct % count, count)


def _simulated(folder: Path, *, members: int, seed: int, **settings: float) -> tuple[Path, Path]:
    """Return (shop, workspace) of a simulated shop of two years, imported."""
    from toolkit.importing import import_receipts
    from toolkit.simulated import simulated_shop

    simulated_shop(folder / "shop", members=members, years=2, seed=seed, **settings)
    import_receipts(folder / "shop" / "mapping.toml", folder / "ws")
    return folder / "shop", folder / "ws"


def due_recovered(folder: Path, *, members: int = 3000, seed: int = 1) -> dict[str, float]:
    """Return how targeting.due_again stands against the needs of a simulated shop, half a year before its end.

    `listed`: needs for goods with a stated life in the list; `promised`, `bought`: sum of probabilities, and purchases here in the 28 days
    after; `calibration_error`: mean distance of the two over tenths of the list; `overdue_promised`, `overdue_bought`: the same of needs
    whose window has passed. `window_cover`: of the goods living up to 75 days that were bought in the last 30 days, and again here later,
    how many within the window (70% are meant). `due_error_days`: median distance of the window's middle from the day the next need arose.
    `wait_error`: after one year of receipts, median relative error of the usual wait against the true one, over goods living 100 days or
    more; `closed_error`: the same of the closed gaps alone.
    """
    from toolkit.scope.view import open_view
    from toolkit.targeting.measures.due_list import due_list
    from toolkit.targeting.measures.due_rhythms import due_rhythms
    from toolkit.workspace import Workspace

    shop, workspace = _simulated(folder, members=members, seed=seed)
    ws = Workspace(workspace)
    day = ws.last_day - timedelta(days=182)  # type: ignore[operator]
    truth = pl.scan_parquet(shop / "truth" / "durables").collect()
    met_here = truth.filter(pl.col("order_id").is_not_null())
    soon = met_here.filter(pl.col("met_on").is_between(day + timedelta(days=1), day + timedelta(days=28)))

    def listed_at(within: int) -> pl.DataFrame:
        view = open_view(ws, as_of=day, settings={"sequences": {"due_within_days": within}})
        rhythms = due_rhythms(view).filter(pl.col("life_days").is_not_null()).select(category_code="good_code", life_days="life_days")
        names = view.categories.select("category_code", "category")
        rows = due_list(view).join(rhythms, on="category_code").join(names, on="category_code")
        return rows.join(view.population.select("member_code", "member_id"), on="member_code")

    keys = ["member_id", "category"]
    judged = listed_at(28).join(soon.select(keys).unique().with_columns(pl.lit(1).alias("hit")), on=keys, how="left")
    judged = judged.with_columns(pl.col("hit").fill_null(0))
    tenths = judged.sort("purchase_probability").with_row_index("n").group_by(pl.col("n") * 10 // judged.height)
    apart = tenths.agg((pl.col("purchase_probability").mean() - pl.col("hit").mean()).abs().alias("apart"))["apart"]
    late = judged.filter(pl.col("due_to") < day)
    fresh = listed_at(182).filter((pl.col("life_days") <= 75) & (pl.col("last_bought_on") > day - timedelta(days=30)))
    after = pl.col("met_on") > pl.col("last_bought_on")
    needs = fresh.join(truth.select(*keys, "due_on", "met_on", "order_id"), on=keys).filter(after).sort("met_on")
    middle = pl.col("due_from") + (pl.col("due_to") - pl.col("due_from")) / 2
    first_need = needs.group_by(keys, maintain_order=True).first()
    error = first_need.select((middle - pl.col("due_on")).dt.total_days().abs().median()).item()
    following = needs.filter(pl.col("order_id").is_not_null()).group_by(keys, maintain_order=True).first()
    inside = following.select(pl.col("met_on").is_between("due_from", "due_to").mean()).item()
    # A year in, long gaps are mostly open; purchases of the first half-year have had their time to be repeated by the end.
    start = ws.first_day
    view = open_view(ws, as_of=start + timedelta(days=364))  # type: ignore[operator]
    again = met_here.sort(*keys, "met_on").with_columns(
        (pl.col("met_on").shift(-1).over(keys) - pl.col("met_on")).dt.total_days().alias("gap")
    )
    early = again.filter(pl.col("met_on") < start + timedelta(days=182)).drop_nulls("gap")  # type: ignore[operator]
    usual = early.group_by("category").agg(pl.col("gap").median())
    waits = due_rhythms(view).filter((pl.col("life_days") >= 100) & ~pl.col("is_pooled"))
    waits = waits.rename({"good_code": "category_code"})
    waits = waits.join(view.categories.select("category_code", "category"), on="category_code").join(usual, on="category")
    wait, closed = ((waits[name] / waits["gap"] - 1).abs().median() for name in ("again_days", "closed_gap_days"))
    return {
        "listed": float(judged.height),
        "promised": float(judged["purchase_probability"].sum()),
        "bought": float(judged["hit"].sum()),
        "calibration_error": float(apart.mean()),  # type: ignore[arg-type]
        "overdue_promised": float(late["purchase_probability"].sum()),
        "overdue_bought": float(late["hit"].sum()),
        "window_judged": float(following.height),
        "window_cover": float(inside),
        "due_error_days": float(error),
        "wait_error": float(wait),  # type: ignore[arg-type]
        "closed_error": float(closed),  # type: ignore[arg-type]
    }


def due(folder: Path) -> list[tuple[str, float, float | None]]:
    """Bars: none stated in figures; ours: promised within a quarter of bought, calibration error at most .06, windows hold 60 to 80%."""
    shops = [due_recovered(folder / str(seed), seed=seed) for seed in (1, 2)]
    rows: list[tuple[str, float, float | None]] = []
    for number, found in enumerate(shops, start=1):
        rows += [(f"due, shop {number}: {name.replace('_', ' ')}", value, None) for name, value in found.items()]
        rows.append((f"due, shop {number}: 1 - deviation of promised purchases", 1 - abs(found["promised"] / found["bought"] - 1), 0.75))
        rows.append((f"due, shop {number}: .06 less calibration error", 0.06 - found["calibration_error"], 0))
        rows.append((f"due, shop {number}: .10 less distance of cover from .70", 0.10 - abs(found["window_cover"] - 0.70), 0))
    return rows


def windows_held(ws: Workspace, day: date) -> float:
    """Return what share of later purchases fell into the windows of due_again, as they stood on `day`: of goods bought in the four days up to
    it, and again within 182 days. Nothing after `day` had a part in the windows."""
    from toolkit.mart.baskets import read_baskets
    from toolkit.scope.view import open_view
    from toolkit.targeting.measures.due_list import due_list

    fresh = due_list(open_view(ws, as_of=day, settings={"sequences": {"due_within_days": 182}}))
    fresh = fresh.filter(pl.col("last_bought_on") > day - timedelta(days=4))
    keys = ["member_code", "category_code"]
    later = []
    for part in read_baskets(ws, open_view(ws).mart):
        orders = part.orders.with_row_index("order").select("order", "member_code", pl.col("ordered_at").dt.date().alias("met_on"))
        after = orders.filter(pl.col("met_on").is_between(day + timedelta(days=1), day + timedelta(days=182)))
        later.append(part.goods.filter("is_bought").join(after, on="order").group_by(keys).agg(pl.col("met_on").min()))
    met = fresh.join(pl.concat(later), on=keys)
    return float(met.select(pl.col("met_on").is_between("due_from", "due_to").mean()).item())


def windows(folder: Path) -> list[tuple[str, float, float | None]]:
    """Bars: 70% are meant; ours: 60 to 80% where no service life is stated. A simulated shop of two years, its lives taken away."""
    from toolkit.workspace import Workspace

    _, path = _simulated(folder, members=3000, seed=1)
    ws = Workspace(path)
    stated = path / ws.manifest.tables["products"]
    pl.read_parquet(stated).drop("service_life_days").write_parquet(stated)
    rows: list[tuple[str, float, float | None]] = []
    for back in (350, 183):
        day = ws.last_day - timedelta(days=back)  # type: ignore[operator]
        held = windows_held(ws, day)
        rows.append((f"windows without stated lives on {day}: hold", held, None))
        rows.append((f"windows without stated lives on {day}: .10 less distance from .70", 0.10 - abs(held - 0.70), 0))
    return rows


def niches_recovered(folder: Path, *, members: int = 4000, seed: int = 1, **settings: float) -> dict[str, float]:
    """Return what targeting.niches finds of the niches planted in a simulated shop.

    `planted`: niches planted. `found`: those with a group made of nothing but their categories and not called unstable; `found_stable`: of
    these, with a stable one (the test by halves is blind, so that a niche with few members in either half stays open). `recall`: of the
    planted members with 20 or more shopping days, those in a group of `found`; `precision`: of the members of these groups, those planted in that niche (the
    others may have the taste by themselves). `stable`, `not_stable`, `unmeasured`: groups by verdict.
    """
    from toolkit.scope.view import open_view
    from toolkit.targeting.measures.niche_groups import NOT_STABLE, STABLE, niche_groups, niche_members
    from toolkit.workspace import Workspace

    shop, workspace = _simulated(folder, members=members, seed=seed, **settings)
    view = open_view(Workspace(workspace))
    planted = pl.scan_parquet(shop / "truth" / "niches").collect()
    names = dict(view.categories.select("category_code", "category").iter_rows())
    groups, inside = niche_groups(view), niche_members(view)
    regular = view.population.filter(pl.col("day_count") >= 20).select("member_id", "member_code")
    found = sure = hits = members_inside = whole = 0
    for niche in planted["niche"].unique().sort():
        mine = planted.filter(niche=niche)
        wanted = set(mine["category"])
        held = groups.filter(pl.col("status") != NOT_STABLE).select("group", "category_codes", "status").rows()
        ours = [group for group, codes, _ in held if {names[code] for code in codes} <= wanted]
        sure += any(group in ours and status == STABLE for group, _, status in held)
        chosen = inside.filter(pl.col("group").is_in(ours)).select("member_code").unique().join(regular, on="member_code")
        people = regular.filter(pl.col("member_id").is_in(mine["member_id"].unique().to_list()))
        found += bool(ours)
        hits += chosen.join(people, on="member_code", how="semi").height
        members_inside += chosen.height
        whole += people.height
    return {
        "planted": float(planted["niche"].n_unique()),
        "found": float(found),
        "found_stable": float(sure),
        "recall": hits / max(whole, 1),
        "precision": hits / max(members_inside, 1),
        "stable": float(groups.filter(status=STABLE).height),
        "not_stable": float(groups.filter(status=NOT_STABLE).height),
        "unmeasured": float(groups.filter(~pl.col("status").is_in([STABLE, NOT_STABLE])).height),
    }


def niches(folder: Path) -> list[tuple[str, float, float | None]]:
    """Bars: none stated in figures; ours, where other tastes are even (taste_spread .3): 7 of 8 found, recall .60, precision .85."""
    usual = niches_recovered(folder / "usual")
    even = niches_recovered(folder / "even", taste_spread=0.3, niche_share=0.2)
    rows: list[tuple[str, float, float | None]] = [(f"niches, usual shop: {name}", value, None) for name, value in usual.items()]
    least = {"found": 7, "recall": 0.60, "precision": 0.85}
    return rows + [(f"niches, even tastes: {name}", value, least.get(name)) for name, value in even.items()]


def looks_recovered(folder: Path, *, members: int = 3000, seed: int = 1) -> dict[str, float]:
    """Return what targeting.looked_not_bought finds of the wishes planted in a simulated shop: goods looked at again and never bought.

    `recall`: members with a wish, active through the window, who are listed with it; `precision`: cases listed that are wishes (the others
    looked twice by chance; cases of a cart left behind aside, which `carts_recovered` judges); `reason_right`: wishes whose reason is `price` where the member's quality level lets them look at dearer goods
    than they buy, `range` where it does not.
    """
    from toolkit.scope.view import open_view
    from toolkit.targeting.looked_not_bought import PRICE, RANGE
    from toolkit.targeting.looked_not_bought import looks as looks_of
    from toolkit.workspace import Workspace

    shop, workspace = _simulated(folder, members=members, seed=seed)
    view = open_view(Workspace(workspace))
    truth = pl.scan_parquet(shop / "truth" / "members").collect()
    active = pl.col("lapse_on").is_null() & (pl.col("active_from") <= view.period.start)
    here = truth.filter(pl.col("wish_category").is_not_null() & active)
    left = pl.read_parquet(shop / "truth" / "carts" / "*.parquet").filter(pl.col("order_id").is_null())
    cases = (
        looks_of(view)
        .filter("is_wanting")
        .join(view.population.select("member_code", "member_id"), on="member_code")
        .join(view.categories.select("category_code", "category"), on="category_code")
        .join(truth.select("member_id", "wish_category", "quality_level"), on="member_id")
        .join(left, on=["member_id", "category"], how="anti")
    )
    wishes = cases.filter((pl.col("wish_category") == pl.col("category")).fill_null(False))
    expected = pl.when(pl.col("quality_level") < 2).then(pl.lit(PRICE)).otherwise(pl.lit(RANGE))
    return {
        "listed": float(cases.height),
        "recall": here.join(wishes, on="member_id", how="semi").height / max(here.height, 1),
        "precision": wishes.height / max(cases.height, 1),
        "reason_right": float(wishes.select((pl.col("reason") == expected).mean()).item() or 0),
    }


def looks(folder: Path) -> list[tuple[str, float, float | None]]:
    """Bars: none stated in figures; ours: recall .85, precision .75. The reason is for the record: a level dearer is hardly dearer in a
    category of five products."""
    found = looks_recovered(folder)
    least = {"recall": 0.85, "precision": 0.75}
    return [(f"looked, not bought: {name.replace('_', ' ')}", value, least.get(name)) for name, value in found.items()]


def carts_recovered(folder: Path, *, members: int = 3000, seed: int = 1) -> dict[str, float]:
    """Return what targeting.journey and targeting.looked_not_bought make of the carts that a simulated shop's members left behind.

    `planted`: share of the window's carts that became no order; `shown`: one less the share of visits with a cart that journey sees end in
    an order the same day; `no_order_that_day`: of the carts left behind, those on a day without any order (an order of another cart hides
    the others). Members by category with a cart left in the window and no purchase of the category since, from the shop's own files:
    `left`, and `left_two_days` if they looked at it again; `recall`: of these, listed as wanting; `precision`: of the listed, those with
    such a cart or a wish; `bought_since`: listed although the receipts show the category on or after the day of the last look.
    """
    from toolkit.scope.view import open_view
    from toolkit.targeting.journey import journey
    from toolkit.targeting.looked_not_bought import looks as looks_of
    from toolkit.workspace import Workspace

    shop, workspace = _simulated(folder, members=members, seed=seed)
    view = open_view(Workspace(workspace))
    inside = pl.col("carted_on").is_between(view.period.start, view.as_of)
    carts = pl.read_parquet(shop / "truth" / "carts" / "*.parquet").filter(inside).with_columns(is_left=pl.col("order_id").is_null())
    table = journey(Workspace(workspace)).table
    in_cart, ordered = (table.filter(step=step)["visit_count"].sum() for step in ("cart", "order the same day"))
    lines = pl.read_parquet(shop / "lines" / "*.parquet").filter(pl.col("member_id").is_not_null() & (pl.col("quantity") > 0))
    bought = lines.with_columns(day=pl.col("ordered_at").dt.date()).join(
        pl.read_parquet(shop / "products.parquet").select("product_id", "category"), on="product_id"
    )
    days = bought.select("member_id", carted_on="day").unique()
    last = bought.group_by("member_id", "category").agg(pl.col("day").max().alias("last_day"))
    left = carts.filter("is_left").join(last, on=["member_id", "category"], how="left", validate="m:1")
    since = left.filter(pl.col("last_day").is_null() | (pl.col("carted_on") > pl.col("last_day")))
    again = pl.col("viewed_again_on") <= view.as_of
    pairs = since.group_by("member_id", "category").agg(
        pl.concat([pl.col("carted_on"), pl.col("viewed_again_on").filter(again)]).n_unique().alias("days"), pl.col("carted_on").min()
    )
    settings = view.settings.sequences
    due = pairs.filter(
        (pl.col("days") >= settings.look_least_days) & (pl.col("carted_on") <= view.as_of - timedelta(days=settings.look_before_days))
    )
    cases = (
        looks_of(view)
        .filter("is_wanting")
        .join(view.population.select("member_code", "member_id"), on="member_code")
        .join(view.categories.select("category_code", "category"), on="category_code")
    )
    wishes = pl.read_parquet(shop / "truth" / "members" / "*.parquet").select("member_id", category="wish_category").drop_nulls()
    right = pl.concat([pairs.select("member_id", "category"), wishes]).unique()
    since_last = cases.join(last, on=["member_id", "category"]).filter(pl.col("last_day") >= pl.col("last_looked_on"))
    return {
        "carts": float(carts.height),
        "planted": carts["is_left"].mean(),  # type: ignore[dict-item]
        "shown": 1 - float(ordered) / float(in_cart),  # type: ignore[arg-type]
        "no_order_that_day": left.join(days, on=["member_id", "carted_on"], how="anti").height / left.height,
        **{f"planted_tier_{tier}": carts.filter(price_tier=tier)["is_left"].mean() for tier in range(3)},  # type: ignore[dict-item]
        "left": float(pairs.height),
        "left_two_days": float(due.height),
        "recall": due.join(cases, on=["member_id", "category"], how="semi").height / max(due.height, 1),
        "precision": cases.join(right, on=["member_id", "category"], how="semi").height / max(cases.height, 1),
        "listed": float(cases.height),
        "bought_since": float(since_last.height),
    }


def carts(folder: Path) -> list[tuple[str, float, float | None]]:
    """Bars: none stated in figures; ours, set after looking: the share left behind within 8 points of the planted one (a member who orders
    the same category that day hides a cart), recall .90, precision .85. Who is listed follows from the looks, so that recall is a check
    that none is lost, not of a guess."""
    found = carts_recovered(folder)
    least = {"recall": 0.90, "precision": 0.85}
    rows = [(f"carts: {name.replace('_', ' ')}", value, least.get(name)) for name, value in found.items()]
    return [*rows, ("carts: 1 - distance of shown from planted", 1 - abs(found["shown"] - found["planted"]), 0.92)]


ENTRY_MAPPING = """name = "newcomers"
currency = "EUR"
[lines]
files = "lines.csv"
[lines.columns]
order_id = "order"
member_id = "member"
store_id = "store"
product_id = "sku"
ordered_at = "time"
quantity = "qty"
amount = "amount"
[products]
files = "products.csv"
[products.columns]
product_id = "sku"
category = "sku"
"""


def newcomers(folder: Path, *, stores: int, planted: float, seed: int, members: int = 2000) -> Workspace:
    """Return a shop in which one store in four and December keep members 2.5 times as well, and sell three goods each far more than others
    do; who begins with `planted` is worth so many times as much. 30 goods, receipts of 22 months, through mapping and import."""
    from toolkit.importing import import_receipts
    from toolkit.workspace import Workspace

    rng = np.random.default_rng(seed)
    begins = date(2022, 6, 1)
    store, begun = rng.integers(0, stores, members), rng.integers(120, 580, members)
    days = [begins + timedelta(days=int(day)) for day in begun]
    december = np.array([day.month == 12 for day in days])
    likely = np.full((members, 30), 0.15)
    likely[:, 0] = 0.3
    likely[:, 1:4] = np.where(store % 4 == 0, 0.6, 0.1)[:, None]
    likely[:, 4:7] = np.where(december, 0.6, 0.05)[:, None]
    has = rng.random((members, 30)) < likely
    has[~has.any(axis=1), 29] = True
    kept = np.where(store % 4 == 0, 2.5, 1.0) * np.where(december, 2.5, 1.0) * np.where(has[:, 0], planted, 1.0)
    who, good = np.nonzero(has)
    came = np.flatnonzero(rng.random(members) < 0.75)
    later = np.round(rng.lognormal(2.5, 1, len(came)) * kept[came], 2) + 0.01
    rows = [
        (f"a{m}", f"M{m}", f"S{store[m]}", f"G{g:02d}", days[m], round(float(rng.gamma(4, 1)), 2) + 0.5)
        for m, g in zip(who, good, strict=True)
    ]
    rows += [(f"b{m}", f"M{m}", f"S{store[m]}", "G29", days[m] + timedelta(days=int(rng.integers(3, 85))), float(paid))
             for m, paid in zip(came, later, strict=True)]  # fmt: skip
    ends = (begins, begins + timedelta(days=680))
    rows += [(f"c{number}", "M-old", "S0", "G29", day, 5.0) for number, day in enumerate(ends)]
    lines = pl.DataFrame(rows, schema=["order", "member", "store", "sku", "day", "amount"], orient="row")
    folder.mkdir(parents=True)
    lines.select("order", "member", "store", "sku", time=pl.format("{} 12:00:00", "day"), qty=pl.lit(1), amount="amount").write_csv(
        folder / "lines.csv"
    )
    pl.DataFrame({"sku": [f"G{g:02d}" for g in range(30)]}).write_csv(folder / "products.csv")
    (folder / "mapping.toml").write_text(ENTRY_MAPPING, "utf-8")
    import_receipts(folder / "mapping.toml", folder / "ws")
    return Workspace(folder / "ws")


def entry(folder: Path, *, seeds: int = 6) -> list[tuple[str, float, float | None]]:
    """Bars, ours: where a better store and December sell some goods more, a false entry good is claimed in at most 5% of the shops (none of
    6); a good that doubles later spend is found in 9 of 10; its interval holds 2 in 8 of 10 at least (it is drawn to 1)."""
    from toolkit.targeting.entry_goods import LESS, MORE, entry_goods

    rows: list[tuple[str, float, float | None]] = []
    for stores, words in ((4, "4 stores"), (150, "150 small stores")):
        false, found, covered = 0, 0, 0
        for seed in range(seeds):
            plain = entry_goods(newcomers(folder / f"plain{stores}-{seed}", stores=stores, planted=1.0, seed=seed)).table
            false += plain["reading"].is_in([MORE, LESS]).any()
            sown = entry_goods(newcomers(folder / f"sown{stores}-{seed}", stores=stores, planted=2.0, seed=seed)).table
            row = sown.filter(pl.col("good") == "G00").row(0, named=True)
            found += row["reading"] == MORE
            covered += row["worth_index_low"] <= 2 <= row["worth_index_high"]
        rows.append((f"entry goods, {words}: shops without a false claim", 1 - false / seeds, 0.95))
        rows.append((f"entry goods, {words}: planted good found", found / seeds, 0.9))
        rows.append((f"entry goods, {words}: its interval holds the truth", covered / seeds, 0.8))
    return rows


PARTS: dict[str, Callable[[Path], list[tuple[str, float, float | None]]]] = {
    "slipping": slipping,
    "pairs": pairs,
    "due": due,
    "windows": windows,
    "niches": niches,
    "looks": looks,
    "carts": carts,
    "entry": entry,
}
"""Part -> its measurement: (what, measured, smallest value that passes or None for the record)."""


def main() -> int:
    """Print every figure beside its bar; 1 if one is missed."""
    missed = 0
    for name in sys.argv[1:] or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            for what, value, least in PARTS[name](Path(folder)):
                verdict = "" if least is None else "PASS" if value >= least else "FAIL"
                missed += verdict == "FAIL"
                print(f"{what:60} {value:10.3f}  {'' if least is None else f'>= {least:g}':10} {verdict}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
