"""The holdout in money, recomputed by brute force from the receipt lines; and the global control."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta

import polars as pl
import pytest

import toolkit as tk
from tests.differentiation.club import club_lines
from tests.shop import AS_OF
from toolkit.differentiation.measures.visible import measure_spread
from toolkit.errors import BadValue, UnknownName
from toolkit.models.power import smallest_lift
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace


def test_the_table_by_brute_force(club: Workspace) -> None:
    answer = tk.differentiation.holdout(club, control_share=0.25, days=28, lift=0.3)
    spread = measure_spread(open_view(club), [28]).spread(28, 0.25)
    row = answer.table.filter(pl.col("control_share") == 0.25).row(0, named=True)
    noise = (1.959964 + 0.841621) ** 2 * spread.unexplained
    assert spread.cv**2 * (1 - spread.rho**2) < spread.unexplained < spread.cv**2
    lift = row["smallest_lift_share"]
    assert lift == pytest.approx(math.sqrt(noise * (0.75 + 0.25 * (1 + lift) ** 2) / (300 * 0.25 * 0.75)), rel=1e-5)
    assert row["needed_count"] == math.ceil(round(noise * (0.75 + 0.25 * 1.3**2) / (0.09 * 0.25 * 0.75), 3))
    assert (row["control_count"], row["treated_count"]) == (75, 225)
    assert row["forgone_sales"] == pytest.approx(75 * spread.mean * 0.3 / 100)
    assert answer.table["control_share"].to_list() == [0.05, 0.1, 0.2, 0.25, 0.3, 0.5]
    lifts = dict(answer.table.select("control_share", "smallest_lift_share").iter_rows())
    assert lifts[0.1] > lifts[0.2] > lifts[0.3]
    assert "25% of 300 members for 28 days" in answer.headline
    assert answer.chart is not None


def test_a_plan_and_its_holdout_rest_on_the_same_noise(club: Workspace) -> None:
    starts_on = AS_OF + timedelta(days=1)
    draft = {"campaign_id": "same", "starts_on": starts_on, "ends_on": starts_on + timedelta(days=27), "audience": "contactable"}
    offer = {"offers": {"ten": "full_reduction 60/10"}, "offer_of": {"*": "ten"}}
    planned = tk.differentiation.plan(club, campaign={**draft, **offer, "control_share": 0.2})
    held = tk.differentiation.holdout(club, audience="contactable", control_share=0.2, days=28)
    noise = measure_spread(open_view(club, audience="contactable"), [28]).spread(28, 0.2).unexplained
    control_share = planned.figures["control_count"] / 225  # 15 are in another campaign at the time
    assert planned.figures["smallest_lift_share"] == pytest.approx(smallest_lift(225, noise, control_share))
    assert held.figures["smallest_lift_share"] == pytest.approx(smallest_lift(240, noise, 0.2))
    taking_part = tk.differentiation.holdout(club, audience="contactable", control_share=control_share, days=28, members=225)
    assert taking_part.figures["smallest_lift_share"] == pytest.approx(planned.figures["smallest_lift_share"], rel=0.02)
    assert "of 225 members for 28 days" in taking_part.headline


def test_only_the_lengths_asked_for_are_looked_at(club: Workspace) -> None:
    every = tk.differentiation.holdout(club, control_share=0.25, days=28, lift=0.19).table
    alone = tk.differentiation.holdout(club, control_share=0.25, days=28, lift=0.19, lengths=()).table
    assert alone.drop("needed_days").equals(every.drop("needed_days"))
    typed = tk.differentiation.holdout(club, shares="0.1, 0.3", lengths="14、56")  # as a page and a shell hand it over
    assert typed.table.equals(tk.differentiation.holdout(club, shares=(0.1, 0.3), lengths=(14, 56)).table)
    days = dict(every.select("control_share", "needed_days").iter_rows())
    seen = dict(every.select("control_share", "smallest_lift_share").iter_rows())
    assert days[0.25] is not None
    assert alone["needed_days"].to_list() == [28 if (seen[share] or 1) <= 0.19 else None for share in alone["control_share"]]


def test_the_spread_by_brute_force(club: Workspace) -> None:
    since = AS_OF - timedelta(days=91)
    found = measure_spread(open_view(club), [28, 91])
    lines = club_lines().with_columns(day=pl.col("ordered_at").dt.date())
    later = lines.filter(pl.col("day").is_between(since + timedelta(days=1), since + timedelta(days=28)))
    spent = later.group_by("member_id").agg((100 * pl.col("amount")).round().cast(pl.Int64).sum().alias("amount"))
    members = lines.filter(pl.col("day") <= since).select("member_id").unique().join(spent, on="member_id", how="left")
    amounts = members["amount"].fill_null(0).to_numpy()
    assert (found.since, found.spread(28, 0.2).member_count) == (since, members.height)
    assert found.spread(28, 0.2).mean == pytest.approx(amounts.mean())
    assert found.spread(28, 0.2).cv == pytest.approx(amounts.std(ddof=1) / amounts.mean())
    assert 0.5 < found.spread(28, 0.2).rho < 1


def test_an_audience_is_followed_forwards(club: Workspace) -> None:
    """Members chosen for having come little lately: looked at backwards they bought little, followed forwards they are back to normal."""
    quiet = open_view(club, audience="order_count_28d <= 2")
    forwards = measure_spread(quiet, [28]).spread(28, 0.2)
    assert forwards.mean > 1.1 * float(quiet.members["amount_28d"].mean())  # type: ignore[arg-type]


def test_a_list_of_ids_is_said_to_be_one(club: Workspace) -> None:
    answer = tk.differentiation.holdout(club, audience=[f"m{n:03d}" for n in range(100)])
    assert any("list of ids" in note.text for note in answer.notes)


def test_too_small_and_too_short_are_said(club: Workspace) -> None:
    small = tk.differentiation.holdout(club, audience=[f"m{n:03d}" for n in range(12)])
    assert [note.verdict for note in small.notes] == ["NOT MEASURED"]
    assert "30 were needed" in small.notes[0].text
    few = tk.differentiation.holdout(club, audience=[f"m{n:03d}" for n in range(60)], control_share=0.1)
    assert any(note.verdict == "FAIL" and "smaller than its holdout" in note.text for note in few.notes)
    assert "makes an arm too small to be reviewed (6)" in few.headline
    assert few.table["smallest_lift_share"].null_count() == 4  # 3, 6, 12 and 18 held out
    assert few.chart is not None
    early = tk.differentiation.holdout(club, as_of=str(AS_OF - timedelta(days=330)))
    assert "days of receipts were needed" in early.notes[0].text
    middle = tk.differentiation.holdout(club, as_of=str(AS_OF - timedelta(days=270)))
    assert middle.table["smallest_lift_share"].null_count() == 1  # 91 days are too long to measure there, 28 are not; 5% are 15 members


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"control_share": 0}, "control_share is 0"),
        ({"control_share": 1.2}, "control_share is 1.2"),
        ({"days": 0}, "days is 0"),
        ({"days": 400}, "days is 400"),
        ({"lengths": (28, 400)}, "days is 400"),
        ({"lift": 0}, "lift is 0"),
        ({"lift": float("nan")}, "lift is nan"),
        ({"days": "many"}, "days is 'many'"),
        ({"members": 0}, "members is 0"),
        ({"shares": "0.1, many"}, "shares is '0.1, many'"),
    ],
)
def test_a_slip_is_a_sentence(club: Workspace, given: dict, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        tk.differentiation.holdout(club, **given)
    with pytest.raises(UnknownName, match="did you mean 'control_share'"):
        tk.differentiation.holdout(club, controlshare=0.2)


def test_the_global_control(copy_of_club: Callable[..., Workspace]) -> None:
    ws = copy_of_club()
    none = tk.differentiation.global_control(ws)
    assert "no global control is set" in none.headline
    tried = tk.differentiation.global_control(ws, try_share=0.1)
    assert "would hold" in tried.headline
    control = tk.set_global_control(ws, 0.1)
    assert control.since == AS_OF
    answer = tk.differentiation.global_control(ws)
    held = int(control.holds(tk.members(ws)["member_id"]).sum())
    assert answer.figures["global_control_count"] == held
    assert answer.table.filter(pl.col("group") == "in the global control")["member_count"].to_list() == [held]
    assert answer.table["sales_91d"].sum() == pytest.approx(tk.members(ws)["amount_91d"].sum())
    with pytest.raises(BadValue, match="try_share is 0"):
        tk.differentiation.global_control(ws, try_share=0.8)
