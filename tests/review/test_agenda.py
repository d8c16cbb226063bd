"""review.agenda: groups that do not overlap, each as large as its audience, money counted again, and what the loop waits for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from benchmarks.strange_shops import imported, strange_shop
from toolkit.errors import BadValue
from toolkit.language import speaking
from toolkit.ledger.global_control import set_global_control
from toolkit.portrait import overview
from toolkit.review import agenda
from toolkit.scope.view import open_view
from toolkit.targeting import slipping
from toolkit.targeting.measures.rhythm import slipping_members
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return imported(
        strange_shop("steady", members=700), tmp_path_factory.mktemp("steady"), as_of=date(2024, 3, 31), first_day=date(2022, 6, 1)
    )


def addressed(table: pl.DataFrame) -> pl.DataFrame:
    return table.drop_nulls("who")


def test_each_group_is_as_large_as_the_audience_that_its_row_names(shop: Workspace) -> None:
    rows = addressed(agenda(shop).table)
    assert rows.height >= 2
    for who, count in rows.select("who", "member_count").iter_rows():
        assert overview(shop, audience=who).table["member_count"][0] == count
    both = " AND ".join(f"({who})" for who in rows["who"].head(2))
    with pytest.raises(Exception, match="0 members"):
        overview(shop, audience=both)


def test_most_money_stands_first_and_slipping_is_counted_as_on_its_own_page(shop: Workspace) -> None:
    answer = agenda(shop)
    rows = addressed(answer.table)
    assert rows["at_stake_spend"].is_sorted(descending=True)
    assert answer.figures["at_stake_spend"] == pytest.approx(rows["at_stake_spend"].sum())
    theirs = slipping(shop)
    ours = rows.filter(pl.col("task") == "slipping away")
    assert ours["member_count"][0] == theirs.figures["members_in_all"]
    assert ours["at_stake_spend"][0] == pytest.approx(theirs.figures["slipping_spend"])


def test_chance_does_not_add_up_to_money_at_stake(shop: Workspace) -> None:
    """Where one member would expect more and another less by chance, the group expects neither."""
    row = addressed(agenda(shop).table).filter(pl.col("task") == "not seen for long").row(0, named=True)
    view = open_view(shop, audience=row["who"])
    members = slipping_members(view).join(view.members, on="member_code", how="semi")
    net = float((members["spend_before"] - members["expected_spend"]).sum()) / 100
    assert row["at_stake_spend"] == pytest.approx(net)
    assert row["at_stake_spend"] <= row["spend_before"]


def test_small_groups_are_no_row(shop: Workspace) -> None:
    least = int(addressed(agenda(shop).table)["member_count"].min()) + 1  # type: ignore[arg-type]
    fewer = agenda(shop, settings={"scope": {"minimum_members": least}})
    assert addressed(fewer.table).height == addressed(agenda(shop).table).height - 1


def test_what_the_loop_waits_for(tmp_path: Path) -> None:
    receipts = strange_shop("steady", members=200)
    ws = imported(receipts, tmp_path, as_of=date(2024, 3, 31), first_day=date(2023, 6, 1))
    assert agenda(ws).table.filter(pl.col("who").is_null()).is_empty()  # no campaign, nothing to learn
    (ws.path / "documents" / "plans").mkdir(parents=True)
    (ws.path / "documents" / "plans" / "spring.toml").write_text('campaign_id = "spring"\n', "utf-8")
    draft = agenda(ws).table.filter(pl.col("task") == "draft to launch").row(0, named=True)
    assert (draft["question"], draft["subject"]) == ("differentiation.plan", "spring")
    assert "1 draft waits" in draft["todo"]
    set_global_control(ws, 0.1, since=date(2024, 4, 1))
    assert "nobody held out" not in agenda(ws).table["task"]


def test_wrong_top_and_the_other_language(shop: Workspace) -> None:
    with pytest.raises(BadValue, match="top is -1"):
        agenda(shop, top=-1)
    assert agenda(shop, top=1).table.height == 1
    assert any("top=0 lists all" in str(note) for note in agenda(shop, top=1).notes)
    with speaking("zh"):
        assert "要做" in agenda(shop).headline
