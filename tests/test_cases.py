"""Small receipts of strangers, each of a kind of fault: they come in with the right value, or the door asks the question that is missing.

The right values were counted by hand; the inputs are in tests/data/cases. Mixed rhythms are in tests/portrait/test_mixed_rhythm.py.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import toolkit as tk
from toolkit.errors import DataError, MappingError
from toolkit.importing import check_receipts, import_receipts
from toolkit.models.repurchase import gaps, propose_r_edges
from toolkit.portrait.measures.shopping_days import member_days
from toolkit.scope.view import open_view
from toolkit.sources.columns.proposal import propose_mapping
from toolkit.sources.mapping_text import with_lines
from toolkit.workspace import Workspace

CASES = Path(__file__).parent / "data" / "cases"


def imported(folder: Path, case: str, change: dict[str, str] | None = None, more: str = "") -> Workspace:
    """A case as its mapping says, with texts of the mapping replaced and lines put at its end."""
    shutil.copytree(CASES / case, folder / case)  # makes the folder
    mapping = folder / case / "mapping.toml"
    text = mapping.read_text("utf-8")
    for old, new in (change or {}).items():
        assert old in text
        text = text.replace(old, new)
    mapping.write_text(text + more, "utf-8")
    import_receipts(mapping, folder / "ws")
    return Workspace(folder / "ws")


def mapped(folder: Path, case: str, *files: str) -> str:
    """What `toolkit map` proposes for the files of a case."""
    return propose_mapping([CASES / case / name for name in files or ["lines.csv"]])


def stored_lines(ws: Workspace) -> pl.DataFrame:
    return pl.concat(pl.read_parquet(ws.path / file.path) for file in ws.manifest.line_files)


def sums(ws: Workspace) -> tuple[int, int, int, float]:
    """Lines, orders, members and sales, from the files of the workspace."""
    lines = stored_lines(ws)
    return (
        lines.height,
        lines["order_code"].n_unique(),
        lines["member_code"].drop_nulls().n_unique(),
        lines["amount"].sum() / 100,
    )


def test_a_date_that_can_be_read_in_two_ways_is_asked_about() -> None:
    with pytest.raises(MappingError, match="may be day-month or month-day") as refused:
        check_receipts(CASES / "ambiguous-date" / "mapping.toml")
    assert "%d/%m/%Y" in str(refused.value)
    assert "%m/%d/%Y" in str(refused.value)


def test_arms_in_the_shops_own_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Every row of \[contacts\] is set aside"):
        imported(tmp_path / "refused", "arm-labels")
    unread = check_receipts(CASES / "arm-labels" / "mapping.toml").records[-1]
    assert (unread.table, unread.rows_in, unread.rows_rejected) == ("contacts", 60, 60)
    (words,) = [note for note in unread.notes if "treated" in note]
    assert "'Treatment'" in words
    assert "control" in words
    ws = imported(tmp_path, "arm-labels", more='\n[contacts.values]\narm = { Treatment = "treated", Control = "control" }\n')
    arms = ws.table("contacts").collect()["arm"].value_counts(sort=True)
    assert dict(arms.iter_rows()) == {"treated": 30, "control": 30}
    assert "n = 30 treated, 30 held out" in tk.review.effect(ws, campaign_id="june").headline
    # M01 to M30 were treated, M31 to M60 were not: chance, as the table says, did not do that.
    findings = dict(tk.review.checks(ws, campaign_id="june").table.select("check", "finding").iter_rows())
    assert "the arms can be told from" in findings["Assignment"]
    assert "the order of the member ids" in findings["Assignment"]


def test_an_order_that_its_mirror_cancels_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="look like cancellations of others"):
        imported(tmp_path / "asked", "cancelled-order")
    ws = imported(tmp_path, "cancelled-order", {'files = "lines.csv"': 'files = "lines.csv"\ncancellations = "mirrored"'})
    figures = tk.portrait.overview(ws).figures
    assert (figures["orders"], figures["sales"], figures["order_value"]) == (20, 2000, 100)
    assert figures["repeat_rate"] == pytest.approx(5 / 15)
    assert sums(ws)[2] == 15  # five members have no order left


def test_members_whose_first_order_is_of_the_last_day(tmp_path: Path) -> None:
    answer = tk.portrait.lifetime_value(imported(tmp_path, "first-order-today"))
    assert "not measured" in answer.headline


def test_known_columns_with_other_dates(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="reads none of the first 24 cells"):
        check_receipts(CASES / "known-name-other-dates" / "mapping.toml")
    shutil.copytree(CASES / "known-name-other-dates", tmp_path / "case")
    (tmp_path / "case" / "mapping.toml").write_text(mapped(tmp_path, "known-name-other-dates"), "utf-8")
    (record,) = import_receipts(tmp_path / "case" / "mapping.toml", tmp_path / "ws").records[:1]
    assert (record.rows_in, record.rows_kept) == (24, 24)


def test_an_offset_in_the_time(tmp_path: Path) -> None:
    assert imported(tmp_path, "offset-like-shopify").first_day == date(2025, 6, 1)


def test_a_pair_at_the_least_number_of_baskets_is_shown(tmp_path: Path) -> None:
    table = tk.targeting.bought_together(imported(tmp_path, "pair-boundary"), level="product").table
    assert table.select("goods", "goods_with" if "goods_with" in table.columns else "goes_with", "both_count").rows() in (
        [("A", "B", 20)],
        [("B", "A", 20)],
    )


def test_one_person_of_three_spellings_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="differ by capitals, blanks"):
        imported(tmp_path, "same-person-ids")
    assert not (tmp_path / "ws").exists()


def test_no_order_holds_two_goods(tmp_path: Path) -> None:
    assert tk.targeting.bought_together(imported(tmp_path, "single-good-orders"), level="product").table.is_empty()


def test_a_steady_shop_has_the_edges_of_its_rhythm_at_any_time(tmp_path: Path) -> None:
    shutil.copytree(CASES / "steady-shop", tmp_path / "case")
    subprocess.run([sys.executable, "make.py"], cwd=tmp_path / "case", check=True, capture_output=True)
    import_receipts(tmp_path / "case" / "mapping.toml", tmp_path / "ws")
    for day in ("2022-12-31", "2023-06-30", "2023-12-31", "2024-12-30"):
        view = open_view(Workspace(tmp_path / "ws"), as_of=day)
        edges = propose_r_edges(gaps(member_days(view), as_of=view.as_of)).days
        # .8 and .9 of an exponential gap of 30 days: 48 and 69.
        assert edges[0] == pytest.approx(48, rel=0.20)
        assert edges[1] == pytest.approx(69, rel=0.21)


def test_names_of_stores_that_are_no_names(tmp_path: Path) -> None:
    ws = imported(tmp_path, "store-names")
    table = tk.portrait.stores(ws, as_of="2025-03-15").table
    assert table.height == 11
    assert {"None", "1e5", "{{ x }}", "../up", "two\nlines", "测试店", "</script><b>x"} <= set(table["store_id"])
    assert set(table["sales"]) == {150.0}


def test_ties_are_never_split(tmp_path: Path) -> None:
    scores = tk.portrait.rfm_scores(imported(tmp_path, "ties")).group_by("order_count").agg(pl.col("f_score").unique(), pl.len())
    assert sorted(scores.rows()) == [(1, [2], 60), (2, [4], 30), (9, [5], 10)]


def test_lines_above_the_header_and_a_total_below(tmp_path: Path) -> None:
    shutil.copytree(CASES / "title-lines", tmp_path / "case")
    text = mapped(tmp_path, "title-lines")
    (tmp_path / "case" / "mapping.toml").write_text(text, "utf-8")
    assert "TODO" not in text.split("[lines]")[1]
    import_receipts(tmp_path / "case" / "mapping.toml", tmp_path / "ws")
    lines, _, _, sales = sums(Workspace(tmp_path / "ws"))
    assert (lines, sales) == (24, 252)


def test_two_currencies_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="several currencies"):
        imported(tmp_path, "two-currencies")


def test_times_in_utc_fall_on_the_shops_own_day(tmp_path: Path) -> None:
    lines = stored_lines(imported(tmp_path, "utc-order-day"))
    assert set(lines["ordered_at"].dt.month()) == {6}
    assert (lines["ordered_at"].dt.hour() == 0).sum() == 24


def test_an_order_header_and_its_items_are_mapped_whole(tmp_path: Path) -> None:
    text = mapped(tmp_path, "header-detail", "orders.csv", "order_items.csv")
    assert "[[lines.join]]" in text
    (tmp_path / "mapping.toml").write_text(text, "utf-8")
    import_receipts(tmp_path / "mapping.toml", tmp_path / "ws")
    assert sums(Workspace(tmp_path / "ws")) == (48, 24, 12, 336)


def test_a_discount_that_is_a_rate_becomes_money_or_a_question(tmp_path: Path) -> None:
    shutil.copytree(CASES / "discount-rate", tmp_path / "case")
    (tmp_path / "case" / "mapping.toml").write_text(mapped(tmp_path, "discount-rate"), "utf-8")
    import_receipts(tmp_path / "case" / "mapping.toml", tmp_path / "ws")
    assert stored_lines(Workspace(tmp_path / "ws"))["discount_amount"].sum() == 20 * (8000 / 0.8 - 8000)


def test_who_only_gives_back_is_lost(tmp_path: Path) -> None:
    answer = tk.targeting.gain_loss(imported(tmp_path, "gain-loss-returns"), as_of="2025-06-30")
    rows = answer.table.select("group", "member_count", "sales_before", "sales").rows()
    assert rows == [("first-time", 13, 0, 121), ("lost", 12, 1200, -1200), ("more", 12, -240, 480)]


def test_one_person_of_three_spellings_is_one_member_once_it_is_said(tmp_path: Path) -> None:
    ws = imported(tmp_path, "same-person-ids", {'currency = "EUR"': 'currency = "EUR"\nfold_ids = ["case", "blanks"]'})
    assert sums(ws)[2] == 12
    assert tk.portrait.overview(ws).figures["repeat_rate"] == 1


def test_two_currencies_come_in_by_a_rate(tmp_path: Path) -> None:
    more = '\n[currency_rates]\ncolumn = "currency"\nrates = { JPY = "0.0061" }\n'
    assert sums(imported(tmp_path, "two-currencies", more=more))[3] == 10 * 100 + 10 * round(15000 * 0.0061, 2)


ASKED_CASES = (
    ("return-flag", "state:退货标志", "", (87, 35, 13, 700.42)),
    ("type-codes", "state:trx type", '[lines.drop] "trx type" = ["R"]', (86, 38, 14, 952.3)),
    ("estado", "state:Estado", "", (94, 38, 14, 786.43)),
    ("leading-zeros", "member_spelling:customer id", "", (149, 60, 12, 1346.21)),
    ("order-discount", "order_total:order discount", "", (151, 60, 14, 1550.55)),
    ("price-and-discount", "amount:unit price, qty", "", (96, 44, 14, 895.46)),
    ("payment-lines", "no_goods:sku", '[lines.drop] sku = ["900001"]', (116, 44, 13, 1246.64)),
    ("joined-to-payments", "repeated:receipt", '[lines.drop] tender = ["VOUCHER"]', (146, 60, 14, 1523.77)),
    ("unsigned-returns", "amount:amount", "", (107, 44, 14, 747.8)),
    ("tax-alone", "tax:Betrag", "", (99, 44, 14, 1102.23)),
    ("guest-mail", "one_card:email", "", (152, 60, 13, 1471.35)),
)
"""Case, the question that is missing, the line that answers it ("" = the one that it proposes), and what is right then."""


@pytest.mark.parametrize(("case", "key", "line", "right"), ASKED_CASES)
def test_the_one_question_that_is_missing_is_asked_and_its_line_is_right(
    tmp_path: Path, case: str, key: str, line: str, right: tuple[int, int, int, float]
) -> None:
    shutil.copytree(CASES / case, tmp_path / "case")
    mapping = tmp_path / "case" / "mapping.toml"
    mapping.write_text(mapped(tmp_path, case), "utf-8")
    (question,) = check_receipts(mapping).questions
    assert question.key == key
    mapping.write_text(with_lines(mapping.read_text("utf-8"), line or question.write), "utf-8")
    import_receipts(mapping, tmp_path / "ws")
    assert sums(Workspace(tmp_path / "ws")) == right


def test_a_rate_that_is_paid_is_not_taken_off(tmp_path: Path) -> None:
    shutil.copytree(CASES / "paid-share", tmp_path / "case")
    (tmp_path / "case" / "mapping.toml").write_text(mapped(tmp_path, "paid-share"), "utf-8")
    import_receipts(tmp_path / "case" / "mapping.toml", tmp_path / "ws")
    lines = stored_lines(Workspace(tmp_path / "ws"))
    assert (lines["amount"].sum(), lines["discount_amount"].sum()) == (107983, 4629)


def test_the_discount_of_an_order_is_counted_once(tmp_path: Path) -> None:
    shutil.copytree(CASES / "order-discount", tmp_path / "case")
    text = mapped(tmp_path, "order-discount")
    mapping = tmp_path / "case" / "mapping.toml"
    mapping.write_text(with_lines(text, '[lines.columns] discount_amount = { per_order = "order discount" }'), "utf-8")
    import_receipts(mapping, tmp_path / "ws")
    assert stored_lines(Workspace(tmp_path / "ws"))["discount_amount"].sum() == 18719


def test_the_bare_id_of_records_is_the_order(tmp_path: Path) -> None:
    orders = [
        {"id": 500 + n, "date": f"2025-03-{1 + n % 28:02d} 10:00:00", "store": "s1", "customer": f"M{n % 7}" if n % 4 else None,
         "items": [{"sku": f"P{line}", "qty": 1, "amount": 5.5} for line in range(1 + n % 3)]}
        for n in range(40)
    ]  # fmt: skip
    (tmp_path / "orders.json").write_text(json.dumps(orders), "utf-8")
    (tmp_path / "mapping.toml").write_text(propose_mapping([tmp_path / "orders.json"]), "utf-8")
    import_receipts(tmp_path / "mapping.toml", tmp_path / "ws")
    assert sums(Workspace(tmp_path / "ws"))[:3] == (sum(1 + n % 3 for n in range(40)), 40, 7)


def test_a_currency_in_the_header_or_in_a_column_is_the_shops(tmp_path: Path) -> None:
    header = "receipt,date,store,customer id,sku,quantity,"
    rows = "".join(f"R{n},2025-03-{1 + n % 28:02d} 10:00,s{'S' * (n % 2)},M{n % 9},P{n % 5},1,12.50" + "{end}\n" for n in range(60))
    for name, column, end in (("header", "amount (CHF)", ""), ("column", "amount,currency", ",CHF")):
        (tmp_path / f"{name}.csv").write_text(header + column + "\n" + rows.replace("{end}", end), "utf-8")
        text = propose_mapping([tmp_path / f"{name}.csv"])
        assert 'currency = "CHF"' in text
    mapping = tmp_path / "other.toml"
    mapping.write_text(text.replace('currency = "CHF"', 'currency = "EUR"'), "utf-8")
    assert {question.key for question in check_receipts(mapping).questions} == {"currency:currency"}


def test_stores_that_differ_by_capitals_alone_are_asked_about(tmp_path: Path) -> None:
    rows = "".join(f"R{n},2025-03-{1 + n % 28:02d} 10:00,{'Bonn' if n % 3 else 'BONN '},M{n % 9},P{n % 5},1,{n}.50\n" for n in range(60))
    (tmp_path / "a.csv").write_text("receipt,date,store,customer id,sku,quantity,amount\n" + rows, "utf-8")
    (tmp_path / "mapping.toml").write_text(propose_mapping([tmp_path / "a.csv"]), "utf-8")
    assert [question.key for question in check_receipts(tmp_path / "mapping.toml").questions] == ["spelling:store"]
