"""A budget shared out over segments: under assumptions, and from lessons."""

from __future__ import annotations

import itertools
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from tests.shop import AS_OF, make_workspace, random_lines, random_products
from toolkit.differentiation.allocate import allocate
from toolkit.differentiation.measures import expected
from toolkit.differentiation.measures.addressed import addressable
from toolkit.differentiation.measures.cells import member_cells
from toolkit.differentiation.measures.expected import expected_pairs
from toolkit.differentiation.measures.past import Past
from toolkit.differentiation.measures.replays import read_offers, replay_offer
from toolkit.differentiation.offers import offers
from toolkit.errors import BadValue
from toolkit.ledger.lessons import LESSONS
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

SETTINGS = {"scope": {"minimum_members": 2}, "offers": {"margin_share": 0.5, "cost_per_contact": 0.01, "response_share": 0.9}}
OFFERS = "full_reduction 8/1, coupon 1 from 6, discount 5% on a, member_day wed 5%"
ASKED = {"as_of": AS_OF, "settings": SETTINGS}


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    lines = random_lines(11, lines=4_000, members=60)
    members = pl.DataFrame(
        {"member_id": [f"m{number:02d}" for number in range(60)], "contactable": [number % 5 > 0 for number in range(60)]}
    )
    return make_workspace(tmp_path_factory.mktemp("allocate") / "ws", lines, {"products": random_products(), "members": members})


def pairs_of(ws: Workspace) -> expected.Expected:
    view = open_view(ws, **ASKED)
    members, _ = addressable(view)
    cells = member_cells(view).select("member_code", "segment")
    return expected_pairs(Past(view, members.join(cells, on="member_code", maintain_order="left")), read_offers(OFFERS))


@pytest.mark.parametrize("budget", [0.5, 2, 5, 1000])
def test_no_other_allocation_is_better(ws: Workspace, budget: float) -> None:
    answer = allocate(ws, budget=budget, candidates=OFFERS, **ASKED)
    pairs = pairs_of(ws)
    worth = np.nan_to_num(pairs.net, nan=-1e9)
    # The best for each sum of costs, segment by segment: every combination that is worth keeping.
    front = [(0.0, 0.0)]
    for segment in range(len(pairs.segments)):
        gained = [(0.0, 0.0), *[(pairs.cost[segment, o], worth[segment, o]) for o in range(len(pairs.offers)) if worth[segment, o] > 0]]
        sums = sorted((a + c, -(b + d)) for (a, b), (c, d) in itertools.product(front, gained) if a + c <= budget * 100)
        front, most = [], -1.0
        for cost, lost in sums:
            if -lost > most:
                front.append((cost, -lost))
                most = -lost
    best = max(value for _, value in front) / 100
    assert answer.figures["expected_net_amount"] == pytest.approx(best, abs=1e-6)
    assert answer.table["net_amount"].sum() == pytest.approx(best, abs=1e-6)
    assert answer.table["cost_amount"].sum() <= budget + 1e-9
    assert answer.table.height == len(pairs.segments)
    assert answer.table["segment"].is_unique().all()
    answer.chart.to_dict()


def test_what_it_says(ws: Workspace) -> None:
    answer = allocate(ws, budget=1, candidates=OFFERS, **ASKED)
    said = " ".join(str(note) for note in answer.notes)
    assert set(answer.table["basis"].drop_nulls()) <= {"assumption"}
    assert "no lesson is known" in said
    assert "may not be contacted" in said
    assert "of budget would bring" in said
    assert "chance of a gain" in answer.headline
    sure = answer.table.filter(pl.col("offer") != "do nothing")
    assert (sure["net_low_amount"] <= sure["net_amount"]).all()
    assert (sure["net_amount"] <= sure["net_high_amount"]).all()
    assert allocate(ws, budget=1, candidates=OFFERS, seed=0, **ASKED).table.equals(answer.table)
    few = allocate(ws, budget=1000, candidates=OFFERS, most_contacts=5, **ASKED)
    assert few.table["contact_count"].sum() <= 5


def test_nothing_pays(ws: Workspace) -> None:
    poor = {"scope": {"minimum_members": 2}, "offers": {"margin_share": 0.05, "cost_per_contact": 5.0}}
    answer = allocate(ws, budget=50, candidates="discount 50%, full_reduction 2/1", as_of=AS_OF, settings=poor)
    assert "doing nothing is best" in answer.headline
    assert set(answer.table["offer"]) == {"do nothing"}
    assert answer.table["cost_amount"].sum() == 0


@pytest.mark.parametrize(("given", "said"), [({"budget": 0}, "nothing to spend"), ({"budget": -5}, "budget is -5"),
                                             ({"budget": 5, "most_contacts": 0}, "most_contacts is 0"),
                                             ({"budget": 5, "candidates": "voucher 5"}, "no known method")])  # fmt: skip
def test_wrong_input(ws: Workspace, given: dict, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        allocate(ws, **given, **ASKED)


def lesson(segment: str | None, method: str, effect: float, error: float, **more: object) -> dict:
    day = AS_OF - timedelta(days=60)
    return {"campaign_id": "c1", "method": method, "offer": None, "segment": segment, "category": None, "outcome": "margin", "effect": 1.0,
            "standard_error": 1.0, "base": 1.0, "effect_share": effect, "effect_share_se": error, "treated_count": 500, "control_count": 500,
            "randomised": True, "verdict": "PASS", "starts_on": day, "ends_on": day, "as_of": day, **more}  # fmt: skip


def test_lessons_go_before_assumptions(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    segments = pairs_of(ws).segments
    rows = [lesson(segments[0], "coupon", 0.30, 0.01), lesson(segments[1], "coupon", -0.10, 0.01), lesson(None, "member_day", 0.9, 0.1, verdict="FAIL"),
            lesson(None, "discount", 0.0, 0.01, campaign_id="c2", randomised=None)]  # fmt: skip
    monkeypatch.setattr(expected, "read_lessons", lambda workspace, before: pl.DataFrame(rows, schema=LESSONS))
    answer = allocate(ws, budget=1e6, candidates=OFFERS, **ASKED)
    found = {row["segment"]: row for row in answer.table.iter_rows(named=True)}
    assert (found[segments[0]]["offer"], found[segments[0]]["basis"]) == ("coupon 1 from 6", "measured")
    assert found[segments[1]]["offer"] != "coupon 1 from 6"
    others = [row["basis"] for name, row in found.items() if name not in segments[:2] and row["basis"]]
    assert others
    assert all(basis.startswith("overall mean") for basis in others)
    said = " ".join(str(note) for note in answer.notes)
    assert "4 lessons" not in said  # one failed
    assert "Effects come from 2 lessons of 1 campaign" in said
    assert "1 lesson not randomised and left out" in said
    # Net of the tested pair: almost .3 of the margin that its members bring now, less its contacts
    pairs = pairs_of(ws)
    place = [offer.method for offer in pairs.offers].index("coupon")
    view = open_view(ws, **ASKED)
    members, _ = addressable(view)
    inside = members.join(member_cells(view).filter(pl.col("segment") == segments[0]), on="member_code")
    sales = view.orders.filter("is_order", pl.col("amount") > 0, view.period.holds()).join(inside.lazy(), on="member_code", how="semi")
    base = 0.5 * sales.select(pl.col("amount").sum()).collect().item()
    assert pairs.net[0, place] == pytest.approx(0.3 * base - inside.height, rel=0.01)


def test_a_discount_whose_goods_few_buy_is_left_out(ws: Workspace) -> None:
    view = open_view(ws, **ASKED)
    members, _ = addressable(view)
    past = Past(view, members.join(member_cells(view).select("member_code", "segment"), on="member_code", maintain_order="left"))
    offer = read_offers("discount 5% on a")[0]
    whole = replay_offer(past, offer)
    buyers = sorted(whole["free_rider_count"])
    assert buyers[0] < buyers[-1]
    kept = replay_offer(past, offer, least_buyers=buyers[-1])
    assert set(kept["free_rider_count"]) == {buyers[-1]}
    settings = {**SETTINGS, "scope": {"minimum_members": buyers[-1]}}
    answer = allocate(ws, budget=1000, candidates="discount 5% on a, coupon 1 from 6", as_of=AS_OF, settings=settings)
    few = sum(count < buyers[-1] for count in buyers) if len(answer.table) == len(buyers) else 0
    assert any("its members buy are left out" in note.text for note in answer.notes) or not few
    beside = offers(ws, compare="discount 5% on a, coupon 1 from 6", **ASKED)
    count = beside.table.filter(pl.col("method") == "discount")["free_rider_count"].item()
    least = {**SETTINGS, "scope": {"minimum_members": count + 1}}
    hidden = offers(ws, compare="discount 5% on a, coupon 1 from 6", as_of=AS_OF, settings=least)
    assert hidden.table["method"].to_list() == ["coupon"]
    assert any(f"fewer than {count + 1} buyers of its goods" in note.text for note in hidden.notes)
    alone = offers(ws, compare="discount 5% on a", as_of=AS_OF, settings=least)
    assert alone.table.is_empty()


def test_contacts_without_a_known_cost_are_said_in_the_first_sentence(ws: Workspace) -> None:
    unpriced = {**SETTINGS, "offers": {"margin_share": 0.5, "response_share": 0.9}}
    assert "contacts, whose cost is not known, count as nothing" in allocate(ws, budget=1000, as_of=AS_OF, settings=unpriced).headline
    assert "cost is not known" in offers(ws, as_of=AS_OF, settings=unpriced).headline
    assert "not known" not in allocate(ws, budget=1000, candidates=OFFERS, **ASKED).headline
