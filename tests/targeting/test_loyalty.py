"""Loyalty: regularity by eye, not frequency under another name, tiers against behaviour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.portrait.ladder import ladder_lines, lines_of, shop_of
from tests.portrait.pictures import spec_of
from tests.shop import make_workspace
from toolkit.audience import Audience
from toolkit.scope.view import open_view
from toolkit.targeting import loyalty
from toolkit.targeting.measures.loyal_traits import MOST_REGULAR, loyal_traits
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """c: by the clock every 10 days; p: at random, about as often; f: four visits only. gold goes to random ones of c and p, spend too."""
    rng = np.random.default_rng(2)
    orders: list[tuple] = []
    tiers = {}
    for number in range(60):
        spend = 10.0 + number % 30
        orders += [(f"c{number:02d}", day, "s1", 1, spend) for day in range(number % 10, 360, 10)]
        orders += [(f"p{number:02d}", int(day), "s2", 1, spend) for day in np.unique(rng.integers(0, 360, 36))]
        orders += [(f"f{number:02d}", 30 * step, "s1", 1, 5.0) for step in range(4)]
        tiers |= {f"{kind}{number:02d}": "gold" if number % 30 >= 20 else "silver" for kind in "cp"}
    cards = pl.DataFrame({"member_id": list(tiers), "tier": list(tiers.values())})
    path: Path = tmp_path_factory.mktemp("loyalty") / "ws"
    return make_workspace(path, lines_of(orders), {"members": cards})


def test_regularity_by_eye(ws: Workspace) -> None:
    view = open_view(ws)
    found = loyal_traits(view).join(view.population.select("member_code", "member_id"), on="member_code")
    kind = found["member_id"].str.slice(0, 1)
    assert set(found.filter(kind == "c")["regularity"]) == {MOST_REGULAR}
    assert 0.6 < found.filter(kind == "p")["regularity"].median() < 2.5  # as chance would
    assert found.filter(kind == "f")["loyalty_score"].null_count() == 60  # three pauses: not measured


def test_levels_are_audiences_and_add_up(ws: Workspace) -> None:
    answer = loyalty(ws)
    view = open_view(ws)
    assert int(answer.table["member_count"].sum()) == 180
    for who, count in answer.table.select("who", "member_count").iter_rows():
        assert len(Audience("x", where=who).members(view)) == count
    assert answer.table["loyalty"].to_list()[-1] == "not measured"
    assert any(note.verdict == "NOT MEASURED" and "60 members" in note.text for note in answer.notes)
    assert "come clearly more regularly" in answer.headline
    assert spec_of(answer)


def test_tiers_against_behaviour(ws: Workspace) -> None:
    answer = loyalty(ws, by="tier")
    rows = {row["tier"]: row for row in answer.table.to_dicts()}
    assert rows["gold"]["member_count"] == 40
    assert rows["gold"]["above_count"] == 0  # nothing is above gold
    assert rows["silver"]["below_count"] == 0
    assert abs(rows["silver"]["above_count"] - rows["gold"]["below_count"]) <= 4  # as many cards of each kind, ties together
    assert rows["no tier"]["judged_count"] == 0
    above = Audience("x", where="against_card = 'above their card'").members(open_view(ws))
    assert len(above) == rows["silver"]["above_count"]
    assert sum(member[0] == "c" for member in above) > len(above) / 2  # steadier than their card says
    assert spec_of(answer)


def test_without_tiers(tmp_path: Path) -> None:
    ladder = shop_of(tmp_path, ladder_lines())
    answer = loyalty(ladder, by="tier", settings={"scope": {"minimum_members": 1}})
    assert answer.notes[0].verdict == "NOT MEASURED"
    assert "no `tier` column" in answer.notes[0].text
    assert "loyalty is not measured" in loyalty(ladder, settings={"scope": {"minimum_members": 1}}).headline


def test_too_few_are_hidden(ws: Workspace) -> None:
    answer = loyalty(ws, audience="member_id LIKE 'c%' OR member_id IN ('f01', 'f02')")
    row = answer.table.row(by_predicate=pl.col("loyalty") == "not measured", named=True)
    assert (row["member_count"], row["sales"]) == (None, None)


def test_partitions_and_row_order_do_not_matter(ws: Workspace, tmp_path: Path) -> None:
    lines = pl.concat(
        [
            lines_of([(f"m{who}", day, "s1", 1, 9.0) for day in range(who, 300, 7 + who)]).with_columns(
                order_id=pl.format("{}-{}", pl.lit(f"m{who}"), "order_id")
            )
            for who in range(12)
        ]
    )
    tables = [
        loyal_traits(open_view(make_workspace(tmp_path / name, frame, partitions=parts))).sort("tenure_days").drop("member_code")
        for name, frame, parts in (("one", lines, 1), ("two", lines.sample(fraction=1, shuffle=True, seed=1), 4))
    ]
    assert tables[0].equals(tables[1])
