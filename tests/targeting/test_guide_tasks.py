"""Tasks of guides: as many places each, nobody who may not be called, and the same members held out every day."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from benchmarks.strange_shops import imported, strange_shop
from toolkit.errors import BadValue
from toolkit.importing import import_receipts
from toolkit.scope.view import open_view
from toolkit.targeting.guide_tasks import day_tasks, guide_tasks
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("guides")
    ws = imported(strange_shop("steady", members=500), folder, as_of=date(2024, 3, 31), first_day=date(2022, 6, 1))
    ids = ws.codes("member")["id"].sort()
    rng = np.random.default_rng(1)
    members = pl.DataFrame(
        {
            "member_id": ids,
            "guide_id": [None if n % 10 == 9 else f"G{n % 3}" for n in range(len(ids))],
            "contactable": rng.random(len(ids)) < 0.8,
        }
    )
    members.write_csv(folder / "members.csv")
    columns = "".join(f'{name} = "{name}"\n' for name in members.columns)
    with (folder / "strange.toml").open("a", encoding="utf-8") as mapping:
        mapping.write(f'[members]\nfiles = "members.csv"\n[members.columns]\n{columns}')
    import_receipts(folder / "strange.toml", folder / "ws")
    return Workspace(folder / "ws")


def test_each_guide_has_the_same_places_and_nobody_is_called_who_may_not_be(ws: Workspace) -> None:
    answer = guide_tasks(ws, per_day=4)
    calls = answer.table.filter(~pl.col("is_held"))
    assert set(calls.group_by("guide_id").len()["len"]) == {4}
    assert answer.figures["guide_count"] == 3
    people = open_view(ws).population.select("member_id", "contactable", "guide_id")
    assert answer.table.join(people, on=["member_id", "guide_id"]).filter("contactable").height == answer.table.height
    assert calls["todo"].null_count() == 0
    assert answer.table.filter("is_held")["todo"].null_count() == answer.figures["held_count"]


def test_the_same_members_are_held_out_on_another_day_and_by_another_length(ws: Workspace) -> None:
    today, earlier = open_view(ws), open_view(ws, as_of=date(2024, 3, 1))
    many = [dict(day_tasks(view, 500, 0.3, 7)[0].select("member_id", "is_held").iter_rows()) for view in (today, earlier)]
    both = set(many[0]) & set(many[1])
    assert len(both) > 5
    assert all(many[0][one] == many[1][one] for one in both)


def test_what_is_missing_or_out_of_range_is_said(ws: Workspace, tmp_path) -> None:
    with pytest.raises(BadValue, match="per_day is 0"):
        guide_tasks(ws, per_day=0)
    bare = imported(strange_shop("steady", members=60), tmp_path, as_of=date(2024, 3, 31), first_day=date(2023, 9, 1))
    assert "no `guide_id` column" in guide_tasks(bare).headline
