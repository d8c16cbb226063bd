"""Layouts that need files joined, or an order's values shared out over its lines."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.sources.presets.layouts.door import imported, names, table, todos
from tests.sources.records.test_workbook import write_book
from toolkit.sources.columns.proposal import propose_mapping
from toolkit.sources.presets.known import known_presets

STATES = ("delivered", "shipped", "canceled", "delivered", "unavailable", "delivered")


def _olist(folder: Path) -> list[Path]:
    orders, items, customers = [], [], []
    for number in range(30):
        state = STATES[number % 6]
        orders.append([f"o{number:03d}", f"c{number:03d}", state, f"2018-03-{1 + number % 28:02d} 10:{number:02d}:00", "", "", "", ""])
        customers.append([f"c{number:03d}", f"u{number % 11:02d}", "14409", "franca", "SP"])
        for line in range(1 + number % 3):
            good, seller = f"p{(number + line) % 5}", f"s{number % 3}"
            items.append([f"o{number:03d}", line + 1, good, seller, "2018-03-30 00:00:00", f"{10 + number + line}.90", "8.72"])
    products = [[f"p{number}", ("perfumaria", "artes", "bebes", "", "moveis")[number], "40", "287", "1", "225"] for number in range(5)]
    heads = {
        "olist_orders_dataset.csv": (
            "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,"
            "order_delivered_customer_date,order_estimated_delivery_date",
            orders,
        ),
        "olist_order_items_dataset.csv": ("order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value", items),
        "olist_customers_dataset.csv": (
            "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state",
            customers,
        ),
        "olist_products_dataset.csv": (
            "product_id,product_category_name,product_name_lenght,product_description_lenght,product_photos_qty,product_weight_g",
            products,
        ),
    }
    return _written(folder, heads)


def _northwind(folder: Path) -> list[Path]:
    orders = [
        [10248 + number, f"CUST{number % 7}", 5, f"7/{1 + number}/1996", f"8/{1 + number}/1996", "", 3, "32.38", "France"]
        for number in range(28)
    ]
    details = [
        [10248 + number, 11 + (number + line) % 6, f"{14 + line}.40", 2 + number % 5, (0, 0.05, 0.25)[number % 3]]
        for number in range(28)
        for line in range(1 + number % 3)
    ]
    products = [[11 + number, f"Queso {number}", 5, 1 + number % 3, "1 kg", "21.00", 22, 30, 30, 0] for number in range(6)]
    heads = {
        "orders.csv": ("OrderID,CustomerID,EmployeeID,OrderDate,RequiredDate,ShippedDate,ShipVia,Freight,ShipCountry", orders),
        "order_details.csv": ("OrderID,ProductID,UnitPrice,Quantity,Discount", details),
        "products.csv": (
            "ProductID,ProductName,SupplierID,CategoryID,QuantityPerUnit,UnitPrice,UnitsInStock,UnitsOnOrder,ReorderLevel,Discontinued",
            products,
        ),
    }
    return _written(folder, heads)


def _haiding(folder: Path) -> list[Path]:
    heads, goods = [], []
    for number in range(24):
        key = [f"S{number % 2}", 200 + number // 4, f"P{number % 4}"]
        heads.append([*key, f"2025-11-{1 + number:02d} 09:{number:02d}:00", f"C{number % 5}" if number % 3 else "", "100.00"])
        goods += [
            [*key, line + 1, 7000 + line, f"{1 + line}.0", "9.90", f"{9.9 * (1 + line):.2f}", "0.00"] for line in range(1 + number % 3)
        ]
    files = {
        "buy1.csv": ("STORE,FLOWNO,POSNO,FILDATE,CARDCODE,TOTAL", heads),
        "buy2.csv": ("STORE,FLOWNO,POSNO,ITEMNO,GID,QTY,PRICE,REALAMT,FAVAMT", goods),
    }
    return _written(folder, files)


def _written(folder: Path, heads: dict[str, tuple[str, list]]) -> list[Path]:
    for name, (header, rows) in heads.items():
        (folder / name).write_text(table(names(header), rows), "utf-8")
    return [folder / name for name in heads]


SEVERAL = {
    "Olist": (
        _olist,
        """SELECT count(*), count(DISTINCT seller_id || order_id), count(DISTINCT customer_unique_id), CAST(sum(price) * 100 AS BIGINT),
                  count(*) * 1000, CAST(min(order_purchase_timestamp) AS VARCHAR), CAST(max(order_purchase_timestamp) AS VARCHAR)
           FROM '{folder}/olist_order_items_dataset.csv' JOIN '{folder}/olist_orders_dataset.csv' USING (order_id)
           JOIN '{folder}/olist_customers_dataset.csv' USING (customer_id) WHERE order_status IN ('delivered', 'shipped')""",
    ),
    "Northwind": (
        _northwind,
        """SELECT count(*), count(DISTINCT OrderID), count(DISTINCT CustomerID),
                  CAST(sum(round(CAST(UnitPrice AS DECIMAL(9, 2)) * Quantity * (1 - CAST(Discount AS DECIMAL(4, 2))) * 100)) AS BIGINT),
                  CAST(sum(Quantity) * 1000 AS BIGINT), CAST(min(moment) AS VARCHAR), CAST(max(moment) AS VARCHAR)
           FROM '{folder}/order_details.csv'
           JOIN (SELECT *, strptime(OrderDate, '%m/%d/%Y') AS moment FROM read_csv('{folder}/orders.csv', types = {{'OrderDate': 'VARCHAR'}}))
           USING (OrderID)""",
    ),
    "Haiding 海鼎 till flows (BUY2 with BUY1)": (
        _haiding,
        """SELECT count(*), count(DISTINCT STORE || POSNO || FLOWNO), count(DISTINCT CARDCODE), CAST(sum(CAST(REALAMT AS DECIMAL(9, 2))) * 100 AS BIGINT),
                  CAST(sum(QTY) * 1000 AS BIGINT), CAST(min(FILDATE) AS VARCHAR), CAST(max(FILDATE) AS VARCHAR)
           FROM '{folder}/buy2.csv' JOIN '{folder}/buy1.csv' USING (STORE, POSNO, FLOWNO)""",
    ),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_files_that_belong_together_come_in_right(tmp_path: Path, name: str) -> None:
    write, counted = SEVERAL[name]
    mapping = propose_mapping(write(tmp_path))
    assert f"# recognised: {name}" in mapping
    assert not todos(mapping)
    right = duckdb.sql(counted.format(folder=tmp_path)).fetchall()[0]
    figures = imported(tmp_path, mapping)
    assert figures.lines >= 30
    assert tuple(vars(figures).values()) == right


def test_where_one_of_the_files_is_missing_it_is_asked_for(tmp_path: Path) -> None:
    files = [path for path in _olist(tmp_path) if "orders" not in path.name]
    mapping = propose_mapping(files)
    assert "# recognised: Olist" not in mapping
    assert "looks like Olist, which comes in several files: give the one with the columns order_id, customer_id, order_status" in mapping


def test_discounts_and_refunds_of_shopify_orders_are_shared_out(tmp_path: Path) -> None:
    header = names(
        "Name,Email,Financial Status,Currency,Subtotal,Shipping,Total,Discount Code,Discount Amount,Created at,Lineitem quantity,Lineitem name,"
        "Lineitem price,Cancelled at,Refunded Amount"
    )
    rows = []
    for number in range(20):
        off, back = (5.00 if number % 4 == 0 else 0), (3.33 if number % 6 == 1 else 0)
        for line in range(1 + number % 3):
            row = dict.fromkeys(header, "") | {
                "Name": f"#{number}",
                "Lineitem quantity": 1 + line,
                "Lineitem name": f"good {line}",
                "Lineitem price": "19.99",
            }
            if line == 0:
                state = "partially_refunded" if back else "paid"
                row |= {
                    "Email": f"m{number % 6}@x.example",
                    "Financial Status": state,
                    "Currency": "EUR",
                    "Created at": f"2025-02-{1 + number:02d} 09:00:00",
                }
                row |= {"Discount Amount": f"{off:.2f}", "Refunded Amount": f"{back:.2f}"}
            rows.append(list(row.values()))
    (tmp_path / "orders.csv").write_text(table(header, rows), "utf-8")
    mapping = propose_mapping([tmp_path / "orders.csv"])
    assert "# recognised: Shopify orders, discounts and refunds shared out" in mapping
    assert not todos(mapping)
    right = duckdb.sql(
        f"""SELECT CAST(round(100 * sum("Lineitem price" * "Lineitem quantity" - coalesce("Discount Amount", 0) - coalesce("Refunded Amount", 0))) AS BIGINT)
            FROM '{tmp_path}/orders.csv'"""
    ).fetchall()[0]
    assert right == (imported(tmp_path, mapping).cents,)


def test_sheets_of_a_workbook_that_belong_together_come_in_right(tmp_path: Path) -> None:
    paths = _olist(tmp_path)
    sheets = {path.stem.split("_dataset")[0]: [line.split(",") for line in path.read_text("utf-8").splitlines()] for path in paths}
    mapping = propose_mapping([write_book(tmp_path / "olist.xlsx", sheets)])
    assert "# recognised: Olist" in mapping
    assert not todos(mapping)
    figures = imported(tmp_path, mapping)
    assert tuple(vars(figures).values()) == duckdb.sql(SEVERAL["Olist"][1].format(folder=tmp_path)).fetchall()[0]


def test_the_files_of_a_known_export_are_not_guessed_at(tmp_path: Path) -> None:
    """Files that a known export does not take are proposed beside it, those it takes only once."""
    files = [*_olist(tmp_path), tmp_path / "stores.csv"]
    files[-1].write_text("store_id,region\ns0,north\ns1,south\ns2,west\n", "utf-8")
    mapping = propose_mapping(files)
    assert mapping.count("customers_dataset.csv") == 1
    assert "[stores]" in mapping
    assert imported(tmp_path, mapping).lines >= 30


def test_what_uci_lists_beside_goods_is_no_goods() -> None:
    uci = next(preset for preset in known_presets() if preset.name == "UCI Online Retail")
    assert "\nis_goods = " in uci.sections
