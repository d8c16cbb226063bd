"""Members listed by what they bought, against brute force; each list is the row of the table it stands for, and makes an audience."""

from __future__ import annotations

import re
from datetime import timedelta

import polars as pl
import pytest
from typer.testing import CliRunner

from tests.shop import AS_OF, make_workspace, random_lines, random_products
from tests.targeting.pantry import pantry_lines, pantry_products
from toolkit.audience import Audience, load_audience, refreshed, save_audience
from toolkit.cli.shell import app
from toolkit.errors import BadValue, UnknownName
from toolkit.scope.view import open_view
from toolkit.targeting import attach, buyers, core_goods, core_members, cross_shop, gain_loss
from toolkit.workspace import Workspace

FEW = {"scope": {"minimum_members": 1}}


@pytest.fixture(scope="module")
def pantry(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    cards = pl.DataFrame({"member_id": ["p000", "p001", "p002"], "contactable": [True, False, None]})
    path = tmp_path_factory.mktemp("pantry") / "ws"
    return make_workspace(path, pantry_lines(), {"products": pantry_products(), "members": cards})


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    path = tmp_path_factory.mktemp("mixed") / "ws"
    return make_workspace(path, random_lines(7, lines=1500), {"products": random_products()}, partitions=3)


def ids(answer) -> set[str]:
    assert answer.figures["members_in_all"] == answer.table.height == answer.table["member_id"].n_unique()
    return set(answer.table["member_id"])


def taken(days: int, store: str | None = None) -> pl.DataFrame:
    """Lines of members in the window, with their category."""
    lines = random_lines(7, lines=1500).join(random_products(), on="product_id").with_columns(day=pl.col("ordered_at").dt.date())
    lines = lines.filter(pl.col("member_id").is_not_null(), pl.col("day") > AS_OF - timedelta(days=days))
    return lines.filter(pl.col("store_id") == store) if store else lines


def days_with(lines: pl.DataFrame, chosen: pl.Expr) -> dict[str, int]:
    bought = lines.filter(chosen).group_by("member_id", "order_id", "day", "product_id").agg(pl.col("quantity").max())
    return dict(bought.filter(pl.col("quantity") > 0).group_by("member_id").agg(pl.col("day").n_unique()).iter_rows())


@pytest.mark.parametrize(("days", "scope"), [(365, {}), (91, {"period": "91d"}), (60, {"period": "60d", "store_id": "s1"})])
@pytest.mark.parametrize("least", [1, 3])
def test_buyers_by_brute_force(mixed: Workspace, days: int, scope: dict, least: int) -> None:
    lines = taken(days, scope.get("store_id"))
    wanted = days_with(lines, (pl.col("category") == "a") | (pl.col("product_id") == "p05"))
    unwanted = days_with(lines, pl.col("category") == "b")
    found = buyers(mixed, goods=["A", "p05"], without="b", least_days=least, settings=FEW, **scope)
    assert ids(found) == {member for member, count in wanted.items() if count >= least and member not in unwanted}
    assert dict(found.table.select("member_id", "day_count").iter_rows()) == {m: wanted[m] for m in ids(found)}
    anything = buyers(mixed, goods="a", settings=FEW, **scope).table
    amounts = dict(lines.filter(pl.col("category") == "a").group_by("member_id").agg(pl.col("amount").sum().round(2)).iter_rows())
    assert dict(anything.select("member_id", pl.col("sales").round(2)).iter_rows()) == {m: amounts[m] for m in anything["member_id"]}


def test_who_bought_but_not_that(mixed: Workspace) -> None:
    lines = taken(20)
    everybody, unwanted = days_with(lines, pl.lit(True)), days_with(lines, pl.col("category") == "c")
    assert ids(buyers(mixed, without="c", period="20d", settings=FEW)) == set(everybody) - set(unwanted)


def test_what_is_said(pantry: Workspace) -> None:
    answer = buyers(pantry, goods="PASTA", without=["WINE", "TEA"], least_days=2)
    assert "bought PASTA on 2 days or more and no WINE or TEA" in answer.headline
    everybody = buyers(pantry, goods="salt", period="30d", audience="member_id LIKE 'p%'")
    assert any("it chooses nobody out" in str(note) for note in everybody.notes)
    assert "1 of them may be contacted" in buyers(pantry, goods="salt").headline
    assert "no member bought PASTA on 300 days" in buyers(pantry, goods="PASTA", least_days=300).headline


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"goods": "PASTTA"}, "did you mean 'PASTA'"),
        ({}, "neither came"),
        ({"goods": []}, "neither came"),
        ({"goods": "PASTA", "without": "pasta"}, "nobody bought it and did not"),
        ({"goods": "PASTA", "least_days": 0}, "1 or more days"),
        ({"good": "PASTA"}, "did you mean 'goods'"),
    ],
)
def test_slips(pantry: Workspace, given: dict, said: str) -> None:
    with pytest.raises((BadValue, UnknownName), match=said):
        buyers(pantry, **given)


@pytest.mark.parametrize(
    "given",
    [
        {"of": "category", "first": "PASTA", "second": "WINE", "third": "TEA"},
        {"of": "channel"},
        {"of": "store", "store_id": "s1"},
        {"of": "category", "first": "WINE", "second": "SAUCE", "period": "20d"},
    ],
)
def test_every_combination_lists_its_members(pantry: Workspace, given: dict) -> None:
    table = cross_shop(pantry, settings=FEW, **given).table
    seen: set[str] = set()
    for row in table.iter_rows(named=True):
        if given.get("store_id"):
            break
        found = cross_shop(pantry, settings=FEW, members=row["group"].lower(), **given)
        assert len(ids(found)) == row["member_count"]
        assert found.table["sales"].sum() == pytest.approx(row["sales"])
        assert not seen & ids(found)
        seen |= ids(found)
    with pytest.raises(UnknownName, match="no such row"):
        cross_shop(pantry, of="channel", members="till onyl")


def test_groups_of_the_core(pantry: Workspace) -> None:
    for row in core_members(pantry).table.iter_rows(named=True):
        assert len(ids(core_members(pantry, members=row["group"]))) == row["member_count"]
    core = core_members(pantry, members="core")
    heavy = {f"p{number:03d}" for number in range(30)}
    assert ids(core) <= heavy
    goods = core_goods(pantry).table
    for row in goods.iter_rows(named=True):
        assert len(ids(core_goods(pantry, members=row["goods"]))) == row["core_buyer_count"]
    mine = Audience.from_answer("core", core)
    assert ids(buyers(pantry, without="WINE", audience=mine)) == ids(core) - ids(core_goods(pantry, members="WINE"))


def test_with_and_without(pantry: Workspace) -> None:
    having = attach(pantry, goods="PASTA", with_goods="SAUCE", members="with")
    lacking = attach(pantry, goods="PASTA", with_goods="SAUCE", members="without")
    assert ids(having) | ids(lacking) == ids(buyers(pantry, goods="PASTA"))
    assert not ids(having) & ids(lacking)
    assert int(having.table["both_count"].sum()) == attach(pantry, goods="PASTA", with_goods="SAUCE").table["both_count"][0]
    with pytest.raises(BadValue, match="needs with_goods"):
        attach(pantry, goods="PASTA", members="with")


@pytest.mark.parametrize("by", ["members", "category", "store"])
@pytest.mark.parametrize("scope", [{}, {"store_id": "s1"}])
def test_gained_and_lost_are_the_row_they_stand_for(mixed: Workspace, by: str, scope: dict) -> None:
    given = {"by": by, "period": "40d", "settings": FEW, **scope}
    table = gain_loss(mixed, **given).table
    if by == "members":
        for row in table.filter(pl.col("group") != "non-members").iter_rows(named=True):
            found = gain_loss(mixed, members=row["group"], **given)
            assert len(ids(found)) == row["member_count"]
            assert found.table["change_sales"].sum() == pytest.approx(row["change_sales"])
        return
    for row in table.iter_rows(named=True):
        listed = 0
        for kind in ("first-time", "back", "lost", "more", "less", "switched in", "switched out"):
            found = gain_loss(mixed, members=f"{kind}: {row[table.columns[0]]}", **given)
            assert found.table["change_sales"].sum() == pytest.approx(row[f"{re.sub('[ -]', '_', kind)}_sales"])
            listed += len(ids(found))
        assert listed == row["member_count"]


def test_slips_in_gain_and_loss(mixed: Workspace) -> None:
    with pytest.raises(UnknownName, match="did you mean 'lost'"):
        gain_loss(mixed, members="lots")
    with pytest.raises(BadValue, match="a kind and a category were needed, such as 'lost: "):
        gain_loss(mixed, by="category", members="lost")
    with pytest.raises(UnknownName, match="did you mean 's1'"):
        gain_loss(mixed, by="store", members="lost: S11")


def test_kept_asked_again_and_refreshed(pantry: Workspace) -> None:
    answer = buyers(pantry, goods="WINE", period="30d", as_of=str(AS_OF - timedelta(days=60)))
    kept = save_audience(pantry, Audience.from_answer("wine lately", answer))
    assert set(load_audience(pantry, "wine lately").member_ids or ()) == ids(answer)
    now = buyers(pantry, goods="WINE", period="30d")
    found = refreshed(open_view(pantry), kept.name, now=Audience.from_answer(kept.name, now))
    assert set(found.came) == ids(now) - ids(answer)
    said = CliRunner().invoke(app, ["audience", "refresh", str(pantry.path), "wine lately"])
    assert found.sentence in said.output


def test_saved_from_the_shell(pantry: Workspace) -> None:
    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["audience", "save", str(pantry.path), *words])
        return done.output if done.exception is None else str(done.exception)

    assert "Saved version 1 of 'pasta'" in run("pasta", "--from", "targeting.buyers(goods='PASTA', without='WINE')")
    assert load_audience(pantry, "pasta").call == "tk.targeting.buyers(ws, goods='PASTA', without='WINE')"
    assert "did you mean 'PASTA'" in run("other", "--from", "targeting.buyers(goods='PASTTA')")
    assert "is no call of a question" in run("other", "--from", "targeting.buyers('PASTA')")
    assert "did you mean 'targeting.buyers'" in run("other", "--from", "targeting.buyer(goods='PASTA')")
    assert "Saved version 1 of 'fading'" in run("fading", "--from", "targeting.slipping")  # all of them: top=0


def test_a_period_that_equals_the_default_is_still_asked_for(pantry: Workspace) -> None:
    assert ids(buyers(pantry, goods="PASTA", period="91d")) == ids(buyers(pantry, goods="PASTA", period="2024-04-01..2024-06-30"))
    assert "2024-04-01" in buyers(pantry, goods="PASTA", period=91).headline
