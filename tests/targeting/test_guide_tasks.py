"""Tasks of guides: as many places each, nobody who may not be called, held out by chance, frozen once, shared out where a guide left."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.strange_shops import imported, strange_shop
from toolkit.audit import read_audit
from toolkit.errors import BadValue, WorkspaceError
from toolkit.importing import import_receipts
from toolkit.ledger.guide_lists import freeze_lists, list_folder, lists_between, read_lists
from toolkit.ledger.history import contacted
from toolkit.personal.forget import forget
from toolkit.review.guide_calls import NOTHING_YET, guide_calls
from toolkit.review.measures.guide_effect import episodes_of
from toolkit.scope.view import open_view
from toolkit.targeting.giving_out import give_out_tasks
from toolkit.targeting.guide_tasks import guide_tasks
from toolkit.targeting.guides import GONE, guides
from toolkit.targeting.measures.books import Books, books
from toolkit.targeting.measures.task_places import lists_of, placed, with_guides
from toolkit.targeting.measures.task_reasons import BIRTHDAY, task_reasons
from toolkit.workspace import Workspace

DAY = date(2024, 4, 1)


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
            "birthday": ["1980-04-03" if n % 50 == 0 else "5.4.1990" if n % 50 == 1 else "1990-09-01" for n in range(len(ids))],
        }
    )
    members.write_csv(folder / "members.csv")
    (folder / "guides.csv").write_text("guide_id,name,store_id,left_on\nG0,=Ann,S0,\nG1,Ben,S1,\nG2,Cleo,S1,2024-02-01\n", "utf-8")
    with (folder / "strange.toml").open("a", encoding="utf-8") as mapping:
        for name, columns in (("members", members.columns), ("guides", ["guide_id", "name", "store_id", "left_on"])):
            named = "".join(f'{column} = "{column}"\n' for column in columns if column != "birthday")
            mapping.write(f'[{name}]\nfiles = "{name}.csv"\n[{name}.columns]\n{named}')
            mapping.write('[members.attributes]\nbirthday = "birthday"\n' if name == "members" else "")
    import_receipts(folder / "strange.toml", folder / "ws")
    return Workspace(folder / "ws")


def test_each_guide_has_the_same_places_and_those_of_who_left_are_shared_out(ws: Workspace) -> None:
    answer = guide_tasks(ws, per_day=4)
    calls = answer.table.filter(~pl.col("is_held"))
    assert dict(calls.group_by("guide_id").len().iter_rows()) == {"G0": 4, "G1": 4}
    assert answer.figures["most_to_fewest"] == 1
    people = open_view(ws).population.select("member_id", "contactable", own="guide_id")
    listed = answer.table.join(people, on="member_id")
    assert listed["contactable"].all()
    assert set(listed.filter(pl.col("guide_before").is_not_null())["own"]) <= {"G2"}
    assert calls["todo"].null_count() == 0
    assert answer.table.filter("is_held")["todo"].null_count() == answer.figures["held_count"]
    reasons = task_reasons(open_view(ws), DAY).filter(pl.col("reason") == BIRTHDAY)
    born = open_view(ws).population.filter(pl.col("birthday") != "1990-09-01")
    assert set(reasons["member_code"]) == set(born["member_code"])


def test_books_say_who_left_and_name_nobody_by_chance(ws: Workspace) -> None:
    answer = guides(ws)
    assert answer.table.filter(pl.col("guide_id") == "G2")["standing"].item() == GONE
    assert answer.figures["stands_out_count"] == 0
    assert any("A guide has left (G2)" in note.text for note in answer.notes)


def test_given_out_once_whole_and_private(ws: Workspace, tmp_path: Path) -> None:
    first = give_out_tasks(ws, tmp_path / "one", per_day=4, held_share=0.3)
    again = give_out_tasks(ws, tmp_path / "two", per_day=9, held_share=0.0)  # as it was frozen, whatever else is asked for
    names = [sorted(path.name for path in (tmp_path / one).iterdir()) for one in ("one", "two")]
    assert names[0] == names[1] == sorted(["2024-04-01-S0.xlsx", "2024-04-01-S0-G0.csv", "2024-04-01-S1.xlsx", "2024-04-01-S1-G1.csv"])
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in names[0])
    assert {stat.S_IMODE(path.stat().st_mode) for path in first.files} == {0o600}
    listed = pl.concat([pl.read_csv(path, schema_overrides={"member_id": pl.String}) for path in first.files if path.suffix == ".csv"])
    frozen = read_lists(ws, DAY)
    assert first.tasks == again.tasks == listed.height == 8
    assert not set(listed["member_id"]) & set(frozen.filter(pl.col("arm") == "control")["member_id"])
    assert [entry.did for entry in read_audit(ws.path).entries][-3:] == ["froze guide lists", "exported", "exported"]
    assert guide_tasks(ws, per_day=1).figures["task_count"] == 8
    with pytest.raises(BadValue, match="already"):
        give_out_tasks(ws, tmp_path / "one")
    with pytest.raises(BadValue, match="not given out then"):
        give_out_tasks(ws, tmp_path / "three", day="2024-03-30")
    with pytest.raises(BadValue, match="2026-12-01"):
        give_out_tasks(ws, tmp_path / "three", day="tomorrow")
    # the next days leave these members alone, and campaigns know that they were called
    tomorrow = lists_of(open_view(ws), books(open_view(ws)), DAY + timedelta(days=1), per_day=4, held_share=0.3, seed=0)  # type: ignore[arg-type]
    assert not set(tomorrow.tasks["member_id"]) & set(frozen["member_id"])
    assert contacted(ws, DAY, DAY, as_of=date(2024, 3, 31)).height == 8
    assert guide_calls(ws).table["verdict"].to_list() == [NOTHING_YET]


def test_a_forgotten_member_is_on_no_list_and_damage_is_told(ws: Workspace, tmp_path: Path) -> None:
    give_out_tasks(ws, tmp_path / "lists", per_day=4, held_share=0.3)
    gone = read_lists(ws, DAY).filter(pl.col("arm") == "treated")["member_id"][0]
    forget(ws, gone)
    again = Workspace(ws.path)
    assert gone not in read_lists(again, DAY)["member_id"]
    hashes = list_folder(again, DAY) / "hashes.json"
    assert json.loads(hashes.read_text())["forgotten"]["treated"] == 1
    before = hashes.read_text()
    hashes.write_text(before.replace('"members.parquet": "', '"members.parquet": "0'))
    with pytest.raises(WorkspaceError):
        read_lists(again, DAY)
    assert lists_between(again, DAY, DAY)[1] == [DAY]
    hashes.write_text(before)


def test_what_is_missing_or_out_of_range_is_said(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="per_day is 0"):
        guide_tasks(ws, per_day=0)
    bare = imported(strange_shop("steady", members=60), tmp_path, as_of=date(2024, 3, 31), first_day=date(2023, 9, 1))
    assert "no `guide_id` column" in guide_tasks(bare).headline
    assert "no `guide_id` column" in guides(bare).headline
    assert "no day's lists" in guide_calls(bare).headline


def people(count: int, guide: str | None = "a", store: str = "s") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "member_id": [f"{guide}{number:03d}" for number in range(count)], "guide_id": [guide] * count, "home_store_id": [store] * count,
            "spend_before": np.arange(count, 0, -1.0), "reason": "due again", "goods": None, "product": None, "detail": None,
        },
        schema_overrides=dict.fromkeys(("guide_id", "goods", "product", "detail"), pl.String),
    )  # fmt: skip


def test_places_are_taken_down_the_list_and_the_first_are_compared_whatever_was_drawn() -> None:
    free = pl.concat([people(60), people(3, "b"), people(40, None), people(9, "gone")])
    known = pl.DataFrame(
        {"guide_id": ["a", "b", "gone"], "store_id": ["s", "s", "s"], "left_on": [None, None, date(2024, 1, 1)]},
        schema_overrides={"left_on": pl.Date},
    )
    owned, homeless = with_guides(free, Books(pl.DataFrame(), known), most=30)
    assert (homeless, owned.filter(pl.col("guide_before") == "gone").height) == (0, 9)
    assert set(owned["guide_id"]) == {"a", "b"}
    lists = [placed(owned, DAY + timedelta(days=number), 5, 0.3, 0) for number in range(40)]
    for one in lists:
        counts = one.filter(pl.col("arm") == "treated").group_by("guide_id").len()
        assert dict(counts.iter_rows()) == {"a": 5, "b": 5}
        assert dict(one.filter("is_compared").group_by("guide_id").len().iter_rows()) == {"a": 5, "b": 5}
    rows = pl.concat(lists).filter("is_compared")
    assert 0.2 < rows.filter(pl.col("arm") == "control").height / rows.height < 0.4
    assert lists[0].equals(placed(owned.sample(fraction=1, shuffle=True, seed=1), DAY, 5, 0.3, 0))
    alone = Books(pl.DataFrame(), known.with_columns(left_on=pl.lit(date(2024, 1, 1))))
    assert with_guides(free, alone, most=30)[1] == free.height


def test_outcomes_are_counted_from_the_day_for_two_weeks_of_the_first_places(ws: Workspace) -> None:
    view = open_view(ws, as_of=date(2024, 3, 31))
    day = date(2024, 3, 10)
    earlier = open_view(ws, as_of=day - timedelta(days=1))
    found = books(earlier)
    assert found is not None
    tasks = lists_of(earlier, found, day, per_day=20, held_share=0.3, seed=3).tasks
    freeze_lists(ws, day, tasks, as_of=earlier.as_of, drawn={"per_day": 20, "held_share": 0.3, "seed": 3})
    rows = episodes_of(view, day).rows
    assert rows.height == tasks.filter("is_compared").height
    one = rows.sort("spend", descending=True).row(0, named=True)
    lines = strange_shop("steady", members=500).lines.filter(pl.col("member") == one["member_id"])
    inside = lines.filter(pl.col("day").is_between(day, day + timedelta(days=13)))
    assert one["spend"] == pytest.approx(inside["amount"].sum())
    past = lines.filter(pl.col("day").is_between(day - timedelta(days=91), day - timedelta(days=1)))
    assert one["past_spend"] == pytest.approx(past["amount"].sum())
    assert replace(episodes_of(open_view(ws, as_of=date(2024, 3, 20)), day), rows=rows).running == tasks.height
