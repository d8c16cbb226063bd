"""portrait.traits: one row per member, the same for any order of the lines, partitions and files, and usable as an audience."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from tests.portrait.ladder import FEW
from tests.portrait.village import village_lines, village_products
from tests.shop import make_workspace
from toolkit.portrait import lifecycle, traits
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace


def test_one_row_per_member_sorted(ladder: Workspace) -> None:
    found = traits(ladder)
    assert found.columns[0] == "member_id"
    assert found["member_id"].to_list() == [*(f"m{number}" for number in range(10)), "r"]
    assert traits(open_view(ladder)).equals(found)


def test_row_order_partitions_and_files_do_not_matter(village: Workspace, tmp_path: Path) -> None:
    lines = village_lines().sample(fraction=1, shuffle=True, seed=3)
    again = make_workspace(tmp_path / "ws", lines, {"products": village_products()}, partitions=3, files=2)
    assert_frame_equal(traits(again), traits(village), check_exact=True)


def test_only_what_as_of_sees(village: Workspace) -> None:
    early = traits(village, as_of="2023-12-31")
    assert early.height == 230  # the ten who came in the last 40 days are not there yet
    assert early["stage"].null_count() == 0
    assert "new" not in early.filter(pl.col("member_id") == "v060")["stage"].to_list()


def test_an_audience_from_traits(village: Workspace) -> None:
    chosen = traits(village).filter(pl.col("stage") == "lapsed")["member_id"].to_list()
    answer = lifecycle(village, audience=chosen, settings=FEW)
    assert answer.headline.startswith(f"Among a list of {len(chosen)} members, 0 of {len(chosen)} members are with us")
