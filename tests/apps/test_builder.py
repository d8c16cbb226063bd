"""An audience built by clicking and by typing, without a browser."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.portrait.village import village_lines, village_products
from tests.shop import make_workspace
from toolkit.apps.pages.builder import DAY_EDGES, Builder, Draft, Standing, draft_of, query_of, spread
from toolkit.audience import load_audience
from toolkit.errors import BadValue
from toolkit.scope.traits import with_traits
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    lines = village_lines()
    ids = lines["member_id"].drop_nulls().unique().sort()
    members = pl.DataFrame({"member_id": ids, "contactable": [place % 3 != 0 for place in range(ids.len())]})
    return make_workspace(tmp_path_factory.mktemp("builder") / "ws", lines, {"products": village_products(), "members": members})


@pytest.fixture
def village(built: Workspace, tmp_path: Path) -> Workspace:
    """A workspace of its own, its mart built before."""
    standing(Builder(built.path))
    return Workspace(shutil.copytree(built.path, tmp_path / "ws"))


@pytest.fixture
def builder(village: Workspace) -> Builder:
    return Builder(village.path)


def standing(builder: Builder) -> Standing:
    assert isinstance(builder.standing, Standing), builder.standing
    return builder.standing


def seen(builder: Builder) -> pl.DataFrame:
    return with_traits(open_view(Workspace(builder.shop.path)), ["recency_days"])


def test_nothing_asked_is_everybody(builder: Builder) -> None:
    assert standing(builder).member_count == builder.shop.members.height
    assert sum(standing(builder).counts["segment"].values()) == builder.shop.members.height


def test_clicking_and_typing_are_one_text(builder: Builder) -> None:
    counts = standing(builder).counts["segment"]
    first = max(counts, key=lambda name: counts[name])
    builder.toggle("segment", first)
    assert builder.draft.expression == f"segment IN ('{first}')"
    assert standing(builder).member_count == counts[first]
    builder.type(f"segment = '{first}' AND recency_days <= 30")
    assert builder.chosen("segment") == (first,)
    assert builder.span("recency_days") == (None, 30)
    builder.toggle("segment", first)
    assert builder.draft.expression == "recency_days <= 30"
    assert standing(builder).member_count == seen(builder).filter(pl.col("recency_days") <= 30).height


def test_a_brush_is_one_step(builder: Builder) -> None:
    builder.brush({"recency_days": (0, 30), "amount_91d": (5, None)})
    assert builder.draft.expression == "recency_days BETWEEN 0 AND 30 AND amount_91d >= 5"
    builder.back()
    assert builder.draft == Draft()
    assert not builder.can_go_back


def test_a_slip_of_the_pen_is_a_sentence_and_the_controls_stand(builder: Builder) -> None:
    builder.type("recensy_days <= 30")
    assert isinstance(builder.standing, str)
    assert "did you mean 'recency_days'" in builder.standing
    builder.type("amount >")
    assert isinstance(builder.standing, str)
    assert builder.chosen("segment") == ()
    builder.reset()
    assert standing(builder).member_count == builder.shop.members.height


def test_the_members_of_an_answer(builder: Builder) -> None:
    builder.start_from("targeting.slipping(ws, top=0)")
    assert isinstance(builder.standing, Standing | str)
    builder.start_from("os.system('x')")
    assert isinstance(builder.standing, str)


def test_kept_under_a_name_and_told_when_it_is_taken(builder: Builder, village: Workspace) -> None:
    builder.type("recency_days <= 30")
    assert "version 1" in builder.save("recent")
    other = Builder(village.path)
    other.type("recency_days <= 60")
    with pytest.raises(BadValue, match="saved already"):
        other.save("recent")
    assert "version 2" in other.save("recent", replace_it=True)
    assert load_audience(village, "recent", 1).where == "recency_days <= 30"
    assert standing(other).overlap["audience"].to_list() == ["recent"]


def test_the_file_obeys_consent(builder: Builder) -> None:
    name, content, told = builder.file("all of them", "csv")
    assert name.endswith(".csv")
    ids = pl.read_csv(base64.b64decode(content))["member_id"]
    assert 0 < ids.len() < builder.shop.members.height
    assert "must not be contacted" in told


def test_a_draft_in_the_address() -> None:
    draft = Draft("segment = 'a&b' AND amount >= 3", "targeting.slipping(ws, top=0)")
    assert draft_of("?" + query_of(draft)) == draft
    assert query_of(Draft()) == ""


def test_the_spread_holds_every_member_once(builder: Builder) -> None:
    cells = spread(builder.shop)
    assert cells["member_count"].sum() == seen(builder).select("recency_days", "amount_91d").drop_nulls().height
    assert set(cells["across"]) <= set(DAY_EDGES)
    members = seen(builder).select("recency_days", "amount_91d").drop_nulls()
    for row in cells.iter_rows(named=True):  # by brute force; the last cell of a side holds everybody beyond it
        far = (pl.col("recency_days") < row["across_end"]) | (row["across_end"] == cells["across_end"].max())
        high = (pl.col("amount_91d") < row["up_end"]) | (row["up_end"] == cells["up_end"].max())
        inside = members.filter((pl.col("recency_days") >= row["across"]) & (pl.col("amount_91d") >= row["up"]) & far & high)
        assert inside.height == row["member_count"], row
