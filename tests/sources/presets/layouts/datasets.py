"""Public data sets in the shape that they are published in: receipts given back, rates beside money, no header, no receipt number."""

from __future__ import annotations

from tests.sources.presets.layouts.door import Layout, names, table

SHEETS = (
    ("85123A", "HEART HOLDER", "2.55"),
    ("22752", "NESTING BOXES", "7.65"),
    ("71053", "LANTERN", "3.39"),
    ("POST", "POSTAGE", "18.00"),
)


def _uci(*, second: bool) -> str:
    header = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
    if second:
        header = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"]
    rows = []
    for number in range(30):
        is_back = number % 10 == 9
        for line in range(1 + number % 3):
            code, name, price = SHEETS[(number + line) % 4]
            day, clock = 1 + number % 27, f"{8 + number % 9}:{number % 60:02d}"
            at = f"2010-12-{day:02d} {clock.zfill(5)}:00" if second else f"12/{day}/2010 {clock}"
            member = f"{17850 + number % 6}.0" if number % 4 else ""
            rows.append(
                [f"{'C' if is_back else ''}{536365 + number}", code, name, -1 if is_back else 2 + line, at, price, member, "France"]
            )
    return table(header, rows)


UCI = Layout(
    "UCI Online Retail",
    _uci(second=False),
    """SELECT InvoiceNo AS order_id, '1' AS store, CustomerID AS member, CAST(UnitPrice AS DECIMAL(12, 2)) * CAST(Quantity AS INT) AS amount,
              Quantity AS quantity, strptime(InvoiceDate, '%m/%d/%Y %H:%M') AS moment FROM raw""",
    otherwise=((r"12/(\d+)/2010 (\d+:\d\d)", r"2010-12-\1 \2:00"), (r"12/(\d+)/2010 (\d+:\d\d)", r"\1.12.2010 \2")),
)
UCI_2 = Layout(
    "UCI Online Retail",
    _uci(second=True),
    """SELECT "Invoice" AS order_id, '1' AS store, "Customer ID" AS member, CAST("Price" AS DECIMAL(12, 2)) * CAST("Quantity" AS INT) AS amount,
              "Quantity" AS quantity, CAST("InvoiceDate" AS TIMESTAMP) AS moment FROM raw""",
)


def _superstore() -> str:
    header = names(
        "Row ID,Order ID,Order Date,Ship Date,Ship Mode,Customer ID,Customer Name,Segment,Country,City,State,Postal Code,Region,Product ID,"
        "Category,Sub-Category,Product Name,Sales,Quantity,Discount,Profit"
    )
    rows, number_of_row = [], 0
    for number in range(22):
        for line in range(1 + number % 3):
            number_of_row += 1
            order = [
                f"CA-2016-{152156 + number}",
                f"{1 + number % 12}/{8 + number}/2016",
                f"{1 + number % 12}/{8 + number}/2016",
                "Second Class",
            ]
            who = [f"CG-{12520 + number % 6}", "Claire Gute", "Consumer", "United States", "Henderson", "Kentucky", "42420", "South"]
            good = [f"FUR-BO-1000{(number + line) % 5}", "Furniture", "Bookcases", f'Bush "Somerset" {line}, 3½"']
            rate = (0, 0.2, 0.15)[number % 3]
            rows.append([number_of_row, *order, *who, *good, f"{(line + 1) * 60.5525 * (1 - rate):.4f}", line + 1, rate, "41.9136"])
    return table(header, rows)


SUPERSTORE = Layout(
    "Superstore",
    _superstore(),
    """SELECT "Order ID" AS order_id, '1' AS store, "Customer ID" AS member, round(CAST("Sales" AS DECIMAL(12, 4)), 2) AS amount,
              "Quantity" AS quantity, strptime("Order Date", '%m/%d/%Y') AS moment FROM raw""",
    encoding="cp1252",
    otherwise=((r"(?<=,)(\d+)/(\d+)/2016", r"2016-\1-\2"), (r"(?<=,)(\d+)/(\d+)/2016", r"\2/\1/2016")),
)


def _ta_feng() -> str:
    header = names("TRANSACTION_DT,CUSTOMER_ID,AGE_GROUP,PIN_CODE,PRODUCT_SUBCLASS,PRODUCT_ID,AMOUNT,ASSET,SALES_PRICE")
    rows = [
        [
            f"11/{1 + day}/2000",
            f"{1104905 + (day * 3 + line) % 11:08d}",
            "45-49",
            "115",
            f"1104{day % 5:02d}",
            f"47101990{line:05d}",
            1 + line,
            24,
            30 + line,
        ]
        for day in range(20)
        for line in range(1 + day % 3)
    ]
    return table(header, rows)


TA_FENG = Layout(
    "Ta-Feng",
    _ta_feng(),
    """SELECT CUSTOMER_ID || '|' || TRANSACTION_DT AS order_id, '1' AS store, CUSTOMER_ID AS member, SALES_PRICE AS amount, AMOUNT AS quantity,
              strptime(TRANSACTION_DT, '%m/%d/%Y') AS moment FROM raw""",
    otherwise=((r"11/(\d+)/2000", r"2000-11-\1"), (r"11/(\d+)/2000", r"\1/11/2000")),
)


def _cdnow() -> str:
    rows = [
        [f"{1 + number % 12:05d}", f"1997{1 + number % 6:02d}{1 + number:02d}", 1 + number % 4, f"{11.77 * (1 + number % 4):.2f}"]
        for number in range(28)
    ]
    return table([], rows)


CDNOW = Layout(
    "CDNOW master file",
    _cdnow(),
    """SELECT column_1 || '|' || column_2 AS order_id, '1' AS store, column_1 AS member, column_4 AS amount, column_3 AS quantity,
              strptime(column_2, '%Y%m%d') AS moment FROM raw""",
    has_header=False,
)
