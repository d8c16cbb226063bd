"""Declared tables: the same columns and types always, and the rule of the minimum number of members."""

from __future__ import annotations

import polars as pl
import pytest

from toolkit import columns as c


class Ten:
    least = 10
    rounded_to = 1


GROUPS = c.table(
    "one row per group",
    c.text("group"),
    c.members(),
    c.money("sales", "Sales", "of the window"),
    c.members("quiet_count", "Quiet", null="too few to show"),
    c.share("quiet_share", "Quiet", hidden_by="quiet_count"),
)


def groups(**columns: list[object]) -> pl.DataFrame:
    return pl.DataFrame({"group": ["a", "b", "c"], **columns}, strict=False)


def test_what_a_frame_lacks_is_null_and_everything_has_its_type() -> None:
    shown = GROUPS.of(groups(member_count=[12, 30, 11]), Ten)
    assert shown.frame.schema == GROUPS.schema == GROUPS.empty().frame.schema
    assert shown.frame["sales"].to_list() == [None, None, None]


def test_an_undeclared_column_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="Column extra is not declared"):
        GROUPS.of(groups(extra=[1, 2, 3]), Ten)


def test_too_few_members_are_hidden_with_all_that_speaks_of_them() -> None:
    frame = groups(member_count=[9, 10, 0], sales=[5.0, 6.0, 0.0], quiet_count=[3, 1, 0], quiet_share=[0.3, 0.1, None])
    shown = GROUPS.of(frame, Ten)
    assert shown.frame.rows() == [("a", None, None, None, None), ("b", 10, 6.0, None, None), ("c", 0, 0.0, 0, None)]
    assert shown.few_rows == 1  # rows that cannot speak at all; a smaller count inside a row is told by its null


def test_a_shop_may_let_figures_speak_of_one_member() -> None:
    class One:
        least = 1
        rounded_to = 1

    assert GROUPS.of(groups(member_count=[1, 2, 3]), One).frame["member_count"].to_list() == [1, 2, 3]


def test_rows_of_too_few_can_be_left_out_and_are_counted() -> None:
    dropped = c.table("one row per good", c.text("group"), c.members(), few="drop").of(groups(member_count=[9, 10, 0]), Ten)
    assert dropped.frame["group"].to_list() == ["b", "c"]
    assert dropped.few_rows == 1


def test_returns_say_units_meanings_and_nulls() -> None:
    written = c.returns((GROUPS,))
    assert "One row per group:" in written
    assert "`sales` (currency units): of the window" in written
    assert "`quiet_count`: null: too few to show" in written


def test_an_interval_is_three_columns() -> None:
    assert [one.name for one in c.interval(c.index("lift"))] == ["lift", "lift_low", "lift_high"]
