"""`toolkit map` on exports whose lines are spread over files, or whose discounts are rates: from the files alone to the right sums."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from toolkit.importing import check_receipts, import_receipts
from toolkit.sources.columns.proposal import propose_mapping
from toolkit.workspace import Workspace


def written(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text.strip() + "\n", "utf-8")


def proposed(folder: Path, more: str = "") -> str:
    text = propose_mapping(sorted(folder.glob("*.csv"))) + more
    (folder / "mapping.toml").write_text(text, "utf-8")
    return text


def live(folder: Path) -> pl.DataFrame:
    import_receipts(folder / "mapping.toml", folder / "ws", accept_defaults=True)
    workspace = Workspace(folder / "ws")
    return pl.concat([pl.read_parquet(workspace.path / file.path) for file in workspace.manifest.line_files])


def cents(folder: Path, query: str) -> int:
    return int(duckdb.sql(query.replace("@", f"{folder}/")).fetchall()[0][0])


def test_a_header_and_its_items(tmp_path: Path) -> None:
    written(
        tmp_path,
        orders="order_id,customer_id,order_date,shop\n" + "\n".join(f"{n},M{n % 12:02d},2025-03-{n:02d},S1" for n in range(1, 25)),
        order_items="order_id,product_id,unit_price,quantity\n"
        + "\n".join(f"{n},{sku},{price},2" for n in range(1, 25) for sku, price in (("A", 3), ("B", 4))),
    )
    text = proposed(tmp_path)
    assert "TODO" not in text
    assert "left out" not in text
    lines = live(tmp_path)
    assert (lines.height, lines["order_code"].n_unique(), lines["member_code"].n_unique(), lines["amount"].sum()) == (48, 24, 12, 33600)


@pytest.fixture
def northwind(tmp_path: Path) -> Path:
    """The columns of Northwind's tables, with rates of discount."""
    draw = random.Random(1)
    orders = ["orderID,customerID,employeeID,orderDate,requiredDate,shippedDate,shipVia,freight,shipCountry"]
    details = ["orderID,productID,unitPrice,quantity,discount"]
    for number in range(10248, 10348):
        orders.append(f"{number},C{number % 20:04d},{number % 9},1996-07-{number % 28 + 1:02d},1996-08-01,1996-07-20,3,{number % 50}.38,DE")
        rates = [0, 0, 0.05, 0.1, 0.15, 0.2, 0.25]
        goods = draw.sample(range(1, 31), draw.randint(1, 4))
        details += [f"{number},{product},{product}.45,{draw.randint(1, 40)},{draw.choice(rates)}" for product in goods]
    products = ["productID,productName,supplierID,categoryID,unitPrice,unitsInStock"]
    products += [f"{number},Good {number},1,{number % 8},{number}.45,{number * 3}" for number in range(1, 31)]
    written(tmp_path, orders="\n".join(orders), order_details="\n".join(details), products="\n".join(products))
    return tmp_path


def test_rates_are_taken_off_price_times_quantity(northwind: Path) -> None:
    text = proposed(northwind)
    assert "TODO" not in text
    assert "[products.columns]" in text
    lines = live(northwind)
    for column, factor in (("amount", "(1 - discount)"), ("discount_amount", "discount")):
        exact = f"round(unitPrice::decimal(12, 4) * quantity * {factor.replace('discount', 'discount::decimal(6, 4)')} * 100)"
        assert lines[column].sum() == cents(northwind, f"select sum({exact}) from '@order_details.csv'")
    assert not check_receipts(northwind / "mapping.toml").questions


def test_an_invoice_is_no_line_where_its_lines_are_there_and_its_money_is_shared_out(tmp_path: Path) -> None:
    invoices = [f"{n},{n % 7},2009-01-{n:02d} 00:00:00,Oslo,{n}.98,0.1{n % 10}" for n in range(1, 29)]
    lines = [f"{n}{place},{n},{100 + place},{place}.99,{place % 3 + 1}" for n in range(1, 29) for place in range(1, n % 4 + 2)]
    written(
        tmp_path,
        Invoice="\n".join(["InvoiceId,CustomerId,InvoiceDate,BillingCity,Total,Discount Amount", *invoices]),
        InvoiceLine="\n".join(["InvoiceLineId,InvoiceId,Sku,UnitPrice,Quantity", *lines]),
    )
    text = proposed(tmp_path)
    assert 'discount_amount = { per_order = "Discount Amount", by = ["UnitPrice", "Quantity"] }' in text
    stored = live(tmp_path)
    assert stored.height == len(lines)
    assert stored["discount_amount"].sum() == cents(tmp_path, "select sum(\"Discount Amount\"::decimal(9, 2)) * 100 from '@Invoice.csv'")
    assert stored["amount"].sum() == cents(tmp_path, "select sum(UnitPrice::decimal(9, 2) * Quantity) * 100 from '@InvoiceLine.csv'")


def test_a_total_of_the_invoice_is_shared_out_where_lines_have_no_money(tmp_path: Path) -> None:
    invoices = [f"{n},{n % 7},2009-01-{n:02d} 00:00:00,{n}.98" for n in range(1, 29)]
    lines = [f"{n},{100 + place},{place}" for n in range(1, 29) for place in range(1, n % 4 + 2)]
    written(
        tmp_path,
        bons="\n".join(["bonnr,kundennr,datum,betrag", *invoices]),
        positionen="\n".join(["bonnr,artikelnr,menge", *lines]),
    )
    assert 'amount = { per_order = "betrag", by = ["menge"] }' in proposed(tmp_path)
    stored = live(tmp_path)
    assert stored.height == len(lines)
    assert stored["amount"].sum() == sum(n * 100 + 98 for n in range(1, 29))


def test_items_and_goods_that_have_the_price_and_the_category(tmp_path: Path) -> None:
    items = [f"R{n},M{n % 20},S1,{1000 + n % 30},2025-01-{n % 28 + 1:02d} 10:00:00,{n % 3 + 1}" for n in range(100)]
    goods = [f"{1000 + n},cat{n % 4},{n + 1}.10" for n in range(30)]
    written(
        tmp_path,
        items="\n".join(["receipt_no,member_id,store_id,sku,sold_at,qty", *items]),
        products="\n".join(["id,category,price", *goods]),
    )
    text = proposed(tmp_path)
    assert 'on = { "sku" = "id" }  # guessed: all values of the one stand in the other' in text
    assert 'category = "category"' in text
    query = "select sum(price::decimal(9, 2) * qty) * 100 from '@items.csv' join '@products.csv' on sku = id"
    assert live(tmp_path)["amount"].sum() == cents(tmp_path, query)


def test_a_price_without_a_quantity_is_the_money_and_freight_is_not(tmp_path: Path) -> None:
    """The shape of Olist's tables: a state in the header is asked about, and answered by its column."""
    orders = [f"o{n},c{n},{'canceled' if n % 10 == 0 else 'delivered'},2017-10-{n % 28 + 1:02d} 10:56:33" for n in range(60)]
    items = [f"o{n},{place},p{place},s1,{place}8.90,13.29" for n in range(60) for place in range(1, n % 3 + 2)]
    payments = [f"o{n},1,credit_card,99.33" for n in range(60)]
    written(
        tmp_path,
        orders="\n".join(["order_id,customer_id,order_status,order_purchase_timestamp", *orders]),
        items="\n".join(["order_id,order_item_id,product_id,seller_id,price,freight_value", *items]),
        payments="\n".join(["order_id,payment_sequential,payment_type,payment_value", *payments]),
    )
    assert "TODO The column 'order_status' looks like a state" in proposed(tmp_path)
    assert [question.key for question in check_receipts(tmp_path / "mapping.toml").questions] == ["state:order_status"]
    proposed(tmp_path, '[lines.drop]\norder_status = "canceled"\n')
    query = (
        """select sum(price::decimal(9, 2)) * 100 from '@items.csv' join '@orders.csv' using (order_id) where order_status <> 'canceled'"""
    )
    assert live(tmp_path)["amount"].sum() == cents(tmp_path, query)


def test_a_key_of_two_columns(tmp_path: Path) -> None:
    heads = [f"S{store},{n},M{n % 5},2025-01-{n:02d}" for store in range(3) for n in range(1, 20)]
    items = [f"S{store},{n},A{place},2.50" for store in range(3) for n in range(1, 20) for place in range(2)]
    written(
        tmp_path,
        heads="\n".join(["store,receipt_no,member,date", *heads]),
        items="\n".join(["store,receipt_no,sku,amount", *items]),
    )
    assert 'on = ["store", "receipt_no"]' in proposed(tmp_path)
    lines = live(tmp_path)
    assert (lines.height, lines["order_code"].n_unique()) == (114, 57)


def test_files_that_have_nothing_in_common_are_not_joined(tmp_path: Path) -> None:
    written(
        tmp_path,
        orders="order_id,customer_id,order_date\n" + "\n".join(f"X{n},M{n},2025-03-{n:02d}" for n in range(1, 20)),
        order_items="order_id,product_id,unit_price,quantity\n" + "\n".join(f"{n},A,3,2" for n in range(1, 20)),
    )
    assert "[[lines.join]]" not in proposed(tmp_path)


HEADER = "order_no,member,store,sku,time,price,qty,amount,Discount"


def rated(folder: Path, amount: str, rates: list[str], drop: str = "") -> str:
    """Write 60 receipts of price x quantity with rates; return the proposed mapping."""
    rows = []
    for n in range(60):
        price, qty, rate = Decimal(n % 9 + 1), Decimal(n % 3 + 1), rates[n % len(rates)]
        share = Decimal(rate.removesuffix("%")) / (1 if max(map(float, (r.removesuffix("%") for r in rates))) <= 1 else 100)
        money = price * qty * (1 - share) if amount == "after" else price * qty
        rows.append(f"A{n},M{n % 20},S1,P{n},2025-03-{n % 28 + 1:02d} 10:00:00,{price},{qty},{money},{rate}")
    frame = [line.split(",") for line in [HEADER, *rows]]
    keep = [place for place, name in enumerate(frame[0]) if name != drop]
    written(folder, lines="\n".join(",".join(line[place] for place in keep) for line in frame))
    return proposed(folder)


@pytest.mark.parametrize("rates", [["0", "0.2", "0.15"], ["0", "20", "15"], ["0%", "20%", "15%"]], ids=["fraction", "percent", "sign"])
@pytest.mark.parametrize(("amount", "drop"), [("after", ""), ("before", ""), ("after", "price"), ("before", "amount")])
def test_a_rate_becomes_money_whatever_stands_beside_it(tmp_path: Path, rates: list[str], amount: str, drop: str) -> None:
    text = rated(tmp_path, amount, rates, drop)
    assert ("# TODO discount_amount" in text) is (drop == "price")  # nothing proves that the amount is what the rates left
    lines = live(tmp_path)
    shares = [Decimal(rate.removesuffix("%")) / (1 if rates[1].startswith("0.") else 100) for rate in rates]
    given = [(Decimal(n % 9 + 1) * (n % 3 + 1), shares[n % 3]) for n in range(60)]
    assert lines["discount_amount"].sum() == sum(price * share for price, share in given) * 100
    assert lines["amount"].sum() == sum(price * (1 - share) for price, share in given) * 100
    assert not [question for question in check_receipts(tmp_path / "mapping.toml").questions if question.kind == "discount"]
