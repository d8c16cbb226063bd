"""What tills write: lines of the sale and of its payment among the goods, heads once an order, sales below zero."""

from __future__ import annotations

from tests.sources.presets.layouts.door import Layout, names, table
from tests.sources.presets.layouts.platforms import GOODS


def _lightspeed() -> str:
    header = names(
        "Date,Receipt Number,Line Type,Customer Code,Customer Name,Note,Quantity,Subtotal,Sales Tax,Discount,Loyalty,Total,Paid,Details,"
        "Register,User,Status,Sku,AccountCodeSale,AccountCodePurchase"
    )
    rows = []
    for number in range(18):
        head = {"Date": f"2025-07-{1 + number:02d} 16:4{number % 10}:00", "Receipt Number": 300 + number}
        state = {6: "Voided", 13: "Parked"}.get(number, "Completed")
        lines, total = [], 0.0
        for line in range(1 + number % 3):
            name, sku, price = GOODS[(number + line) % 4]
            quantity = -1 if number == 9 else 2
            total += float(price) * quantity
            amount = f"{float(price) * quantity:.2f}"
            lines.append(
                head | {"Line Type": "Sale Line", "Quantity": quantity, "Discount": "0.00", "Total": amount, "Details": name, "Sku": sku}
            )
        sale = {
            "Line Type": "Sale",
            "Customer Code": f"LC-{number % 5}" if number % 4 else "",
            "Quantity": 2 * len(lines),
            "Total": f"{total:.2f}",
        }
        paid = {"Line Type": "Payment", "Paid": f"{total:.2f}", "Total": "0.00", "Quantity": 1, "Details": "Cash"}
        for row in (head | sale | {"Register": f"Till {number % 2}", "Status": state, "Discount": "0.00"}, *lines, head | paid):
            rows += [[row.get(name, "") for name in header]]
    return table(header, rows)


LIGHTSPEED = Layout(
    "Lightspeed Retail sales history (X-Series)",
    _lightspeed(),
    """SELECT l."Receipt Number" AS order_id, s."Register" AS store, s."Customer Code" AS member, l."Total" AS amount, l."Quantity" AS quantity,
              CAST(l."Date" AS TIMESTAMP) AS moment
       FROM raw l JOIN raw s ON s."Receipt Number" = l."Receipt Number" AND s."Line Type" = 'Sale'
       WHERE l."Line Type" = 'Sale Line' AND s."Status" = 'Completed'""",
    otherwise=((r"2025-07-(\d\d) (\d\d:\d\d):00", r"\1/07/2025 \2"), (r"(?<=,)(-?\d+)\.(\d\d)(?=,)", r'"\1,\2"')),
    state=("Completed", "Status"),
)


def _odoo() -> str:
    header = names(
        "Order Ref,Date,Customer,Point of Sale,Order Lines/Product,Order Lines/Quantity,Order Lines/Unit Price,Order Lines/Discount (%),"
        "Order Lines/Subtotal w/o Tax,Order Lines/Subtotal,Status"
    )
    rows = []
    for number in range(20):
        state = {7: "Cancelled", 16: "New"}.get(number, "Posted" if number % 3 else "Paid")
        for line in range(1 + number % 4):
            name, sku, price = GOODS[(number + line) % 4]
            quantity, percent = 1 + line, 10 if number % 5 == 0 else 0
            net = float(price) * quantity * (1 - percent / 100)
            head = [
                f"Shop/{number:04d}",
                f"2025-08-{1 + number:02d} 12:{number:02d}:11",
                f"Kim {number % 6}" if number % 3 else "",
                "Centre",
            ]
            cells = [f"[{sku}] {name}", f"{quantity}.0", price, f"{percent}.0", f"{net / 1.19:.2f}", f"{net:.2f}"]
            rows.append([*head, *cells, state] if line == 0 else ["", "", "", "", *cells, ""])
    return table(header, rows)


ODOO = Layout(
    "Odoo point of sale orders, with their lines",
    _odoo(),
    """WITH numbered AS (SELECT *, count(nullif("Order Ref", '')) OVER (ORDER BY line) AS nth FROM raw)
    SELECT h."Order Ref" AS order_id, h."Point of Sale" AS store, h."Customer" AS member, l."Order Lines/Subtotal" AS amount,
           l."Order Lines/Quantity" AS quantity, CAST(h."Date" AS TIMESTAMP) AS moment
    FROM numbered l JOIN numbered h ON h.nth = l.nth AND h."Order Ref" <> '' WHERE h."Status" IN ('Paid', 'Posted')""",
    otherwise=((r"2025-08-(\d\d) (\d\d:\d\d:\d\d)", r"\1.08.2025 \2"), (r"(?<=,)(\d+)\.(\d\d?)(?=,|\n)", r'"\1,\2"')),
    state=("Posted", "Status"),
)


def _ls_central() -> str:
    header = names(
        "Store No.,POS Terminal No.,Transaction No.,Line No.,Receipt No.,Item No.,Item Category Code,Date,Time,Quantity,Price,Net Amount,"
        "VAT Amount,Discount Amount,Customer No."
    )
    rows = []
    for number in range(24):
        for line in range(1 + number % 2):
            _, sku, price = GOODS[(number + line) % 4]
            quantity = -1 if number == 11 else 1 + line
            net, tax = float(price) * quantity, round(float(price) * quantity * 0.21, 2)
            place = [f"S00{1 + number % 2}", f"P000{1 + number % 3}", 900 + number // 3]
            day, at = f"2025-09-{1 + number % 20:02d}", f"{10 + number % 9}:3{number % 10}:00"
            member = f"MC{number % 7:04d}" if number % 5 else ""
            rows.append(
                [
                    *place,
                    10000 * (line + 1),
                    f"R{number}",
                    sku,
                    "FOOD",
                    day,
                    at,
                    -quantity,
                    price,
                    f"{-net:.2f}",
                    f"{-tax:.2f}",
                    "0.00",
                    member,
                ]
            )
    return table(header, rows)


LS_CENTRAL = Layout(
    "LS Central sales entries",
    _ls_central(),
    """SELECT "Store No." || '|' || "POS Terminal No." || '|' || "Transaction No." AS order_id, "Store No." AS store, "Customer No." AS member,
              -CAST("Net Amount" AS DECIMAL(12, 2)) - CAST("VAT Amount" AS DECIMAL(12, 2)) AS amount, -CAST("Quantity" AS INT) AS quantity,
              CAST("Date" || ' ' || "Time" AS TIMESTAMP) AS moment FROM raw""",
    otherwise=((r"2025-09-(\d\d)", r"\1.09.2025"), (r"(?<=,)(-?\d+)\.(\d\d)(?=,|\n)", r'"\1,\2"')),
)
