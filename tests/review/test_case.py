"""A campaign laid open: who counts, in which arm, over which days; and what is left out with a count."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.review.fair import ENDS, FIRST, IDS, LAST, STARTS, Fair, fair, lines_of
from toolkit.errors import DataError, UnknownName
from toolkit.review.measures.case import open_case
from toolkit.review.measures.outcome import outcomes
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def plain() -> Fair:
    return fair()


@pytest.fixture(scope="module")
def ws(plain: Fair, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return plain.write(tmp_path_factory.mktemp("fair"))


def test_arms_and_days(ws: Workspace) -> None:
    case = open_case(open_view(ws), "F")
    assert (case.treated_count, case.control_count, case.control) == (200, 200, "own")
    assert (case.seen.start, case.seen.end) == (STARTS, ENDS)
    assert case.after is not None
    assert (case.after.start, case.after.days) == (ENDS + timedelta(days=1), 28)
    assert case.is_randomised
    assert case.history_days == (STARTS - FIRST).days
    assert case.members["member_id"].to_list() == IDS
    assert case.members.filter(pl.col("redemption_count") > 0).height == 20
    assert case.name == "campaign F 'Fair'"


@pytest.mark.parametrize("scope", [{}, {"store_id": "s1"}])
def test_outcomes_are_those_of_a_sum_by_hand(plain: Fair, ws: Workspace, scope: dict) -> None:
    case = open_case(open_view(ws, **scope), "F")
    made = outcomes(case, case.seen)
    day = pl.col("ordered_at").dt.date()
    lines = plain.lines.filter(day.is_between(STARTS, ENDS), pl.col("store_id") == "s1" if scope else pl.lit(True))
    byhand = lines.group_by("member_id").agg(
        pl.col("amount").sum(), (pl.col("amount") - 4 * pl.col("quantity")).sum().alias("margin"), pl.col("order_id").n_unique().alias("orders"),
        pl.col("quantity").sum().alias("units"),
    )  # fmt: skip
    joined = made.frame.join(byhand, on="member_id", how="left", suffix="_byhand").fill_null(0)
    for name in ("amount", "margin", "orders", "units"):
        assert joined[name].to_list() == pytest.approx(joined[f"{name}_byhand"].to_list()), name
    assert made.costs.basis == "measured"
    assert made.frame["active"].to_list() == (made.frame["orders"] > 0).cast(float).to_list()


def test_a_store_holds_who_ordered_there_before_the_start(ws: Workspace) -> None:
    case = open_case(open_view(ws, store_id="s1"), "F")
    assert case.members["member_id"].to_list() == IDS[::2]


def test_an_audience_is_read_as_of_the_day_before(plain: Fair, ws: Workspace) -> None:
    case = open_case(open_view(ws, audience="order_count >= 25"), "F")
    before = plain.lines.filter(pl.col("ordered_at").dt.date() < STARTS).group_by("member_id").agg(pl.col("order_id").n_unique())
    assert case.members["member_id"].to_list() == sorted(before.filter(pl.col("order_id") >= 25)["member_id"])


def test_nothing_after_as_of_is_seen(ws: Workspace) -> None:
    day = STARTS + timedelta(days=9)
    case = open_case(open_view(ws, as_of=day), "F")
    assert case.is_running
    assert case.seen.end == day
    assert case.after is None
    later = open_case(open_view(ws), "F")
    assert outcomes(case, case.seen).frame["amount"].to_list() == outcomes(later, case.seen).frame["amount"].to_list()


def test_two_arms_and_unknown_ids_are_left_out_and_counted(plain: Fair, tmp_path: Path) -> None:
    contacts = plain.tables["contacts"]
    odd = pl.concat(
        [
            contacts,
            contacts.head(3).with_columns(
                pl.when(pl.col("arm") == "treated").then(pl.lit("control")).otherwise(pl.lit("treated")).alias("arm")
            ),
            contacts.head(2).with_columns(member_id=pl.Series(["nobody1", "nobody2"])),
        ]
    )
    cards = pl.concat([plain.tables["members"], pl.DataFrame({"member_id": ["card"], "contactable": [True]})])
    odd = pl.concat([odd, contacts.head(1).with_columns(pl.lit("card").alias("member_id"), pl.lit("treated").alias("arm"))])
    fresh = lines_of(
        [("nobody1", "x1", "s1", "jam", STARTS, 3, 10.0)]
    )  # first seen in the window: to keep it would be to choose by outcome
    made = Fair(pl.concat([plain.lines, fresh]), plain.treated, 0.0, {**plain.tables, "contacts": odd, "members": cards})
    case = open_case(open_view(made.write(tmp_path)), "F")
    assert case.counts["two_arms"] == 3
    assert case.counts["unknown"] == 2
    assert case.counts["no_receipt_before"] == 1
    assert case.members.height == 398
    card = case.members.filter(pl.col("member_id") == "card")
    assert card["member_code"].to_list() == [None]
    place = case.members["member_id"].to_list().index("card")
    assert outcomes(case, case.seen).frame.row(place) == ("card", 0.0, 0.0, 0.0, 0.0, 0.0)
    assert case.past.column("spend_91d")[place] == 0


def test_without_a_control_the_others_stand_in(plain: Fair, tmp_path: Path) -> None:
    contacts = plain.tables["contacts"].filter(pl.col("arm") == "treated")
    control = [name for name, one in zip(IDS, plain.treated, strict=True) if not one]
    cards = plain.tables["members"].with_columns((pl.col("member_id") != control[0]).alias("contactable"))
    case = open_case(
        open_view(Fair(plain.lines, plain.treated, 0.0, {**plain.tables, "contacts": contacts, "members": cards}).write(tmp_path)), "F"
    )
    assert case.control == "others"
    assert not case.is_randomised
    assert case.members.filter(~pl.col("treated"))["member_id"].to_list() == control[1:]


def test_neighbours_are_found(plain: Fair, tmp_path: Path) -> None:
    other = plain.tables["campaigns"].with_columns(
        pl.lit("G").alias("campaign_id"), pl.lit(ENDS).alias("starts_on"), pl.lit(LAST).alias("ends_on")
    )
    contacts = plain.tables["contacts"].head(40).with_columns(pl.lit("G").alias("campaign_id"), pl.lit("treated").alias("arm"))
    tables = {
        **plain.tables,
        "campaigns": pl.concat([plain.tables["campaigns"], other]),
        "contacts": pl.concat([plain.tables["contacts"], contacts]),
    }
    case = open_case(open_view(Fair(plain.lines, plain.treated, 0.0, tables).write(tmp_path)), "F")
    assert case.neighbours["campaign_id"].to_list() == ["G"]
    assert case.members.filter("elsewhere")["member_id"].to_list() == IDS[:40]


def test_a_campaign_before_the_receipts_is_reviewed_if_it_was_randomised(plain: Fair, tmp_path: Path) -> None:
    early = plain.tables["campaigns"].with_columns(
        pl.lit(FIRST - timedelta(days=7)).alias("starts_on"), pl.lit(FIRST + timedelta(days=20)).alias("ends_on")
    )
    case = open_case(open_view(Fair(plain.lines, plain.treated, 0.0, {**plain.tables, "campaigns": early}).write(tmp_path)), "F")
    assert case.seen.start == FIRST
    assert case.history_days == 0
    assert case.too_few is None
    unsure = early.with_columns(pl.lit(None, pl.Boolean).alias("randomised"))
    case = open_case(open_view(Fair(plain.lines, plain.treated, 0.0, {**plain.tables, "campaigns": unsure}).write(tmp_path / "2")), "F")
    assert case.too_few is not None
    assert "before the receipts" in case.too_few


def test_what_cannot_be_opened_is_said(plain: Fair, ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'F'"):
        open_case(open_view(ws), "f")
    with pytest.raises(DataError, match="nothing to review yet"):
        open_case(open_view(ws, as_of=STARTS - timedelta(days=1)), "F")
    past = plain.tables["campaigns"].with_columns(pl.lit(date(2023, 1, 1)).alias("starts_on"), pl.lit(date(2023, 2, 1)).alias("ends_on"))
    gone = Fair(plain.lines, plain.treated, 0.0, {**plain.tables, "campaigns": past}).write(tmp_path)
    with pytest.raises(DataError, match="before the receipts start"):
        open_case(open_view(gone), "F")


def test_late_contacts_count_as_treated(plain: Fair, tmp_path: Path) -> None:
    late = plain.tables["contacts"].with_columns(
        pl.when(pl.col("member_id") == IDS[int(plain.treated.argmax())]).then(pl.lit(datetime(2024, 7, 2, 9))).otherwise("contacted_at").alias("contacted_at")
    )  # fmt: skip
    case = open_case(open_view(Fair(plain.lines, plain.treated, 0.0, {**plain.tables, "contacts": late}).write(tmp_path)), "F")
    assert case.counts["late_contact"] == 1
    assert case.treated_count == 200
