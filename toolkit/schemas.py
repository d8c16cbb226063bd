"""The vocabulary of tables: what a shop hands over (the contract) and what the workspace keeps.

The contract schemas are declared with dataframely, once: column, type, nullability, rule. Import, `toolkit check`, the starter mapping and
the documentation all read them from here. `ContractColumn` metadata says which columns are required and what each one means.

Inside the workspace ids are integer codes (the dictionaries are tables of their own), money is Int64 minor units and quantities are
Int64 thousandths, so that every sum is exact whatever the order of the rows.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from toolkit import membership_schemas as membership

REQUIRED = {"required": True}


class Lines(dy.Schema):
    """One row per receipt line, as the shop hands it over (after mapping)."""

    line_id = dy.String(nullable=True, metadata={"means": "the shop's own id of the line; duplicates are set aside"})
    member_id = dy.String(nullable=True, metadata={**REQUIRED, "means": "who bought; null = not a member"})
    order_id = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "the receipt or order the line belongs to"})
    store_id = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "where it was bought"})
    product_id = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "what was bought"})
    ordered_at = dy.Datetime(nullable=False, time_unit="us", metadata={**REQUIRED, "means": "when, in the shop's local time"})
    quantity = dy.Float64(nullable=False, metadata={**REQUIRED, "means": "how many (or how much); negative = return"})
    amount = dy.Float64(nullable=False, metadata={**REQUIRED, "means": "what the shop received for the line, in currency units"})
    discount_amount = dy.Float64(nullable=False, min=0, metadata={"means": "what the shop took off the shelf price of the line; >= 0"})
    coupon_amount = dy.Float64(nullable=False, min=0, metadata={"means": "face value of coupons on the line; >= 0"})
    channel = dy.String(nullable=True, metadata={"means": "how it was bought: store, app, online, ..."})
    guide_id = dy.String(nullable=True, metadata={"means": "the guide (shop assistant) who served; kept by order"})
    is_goods = dy.Bool(
        nullable=True, metadata={"means": "no = the line is shipping, a fee, a gift card, ...; kept by product; empty = goods"}
    )


class Products(dy.Schema):
    """One row per product."""

    product_id = dy.String(primary_key=True, min_length=1, metadata={**REQUIRED, "means": "the product"})
    category = dy.String(nullable=True, metadata={**REQUIRED, "means": "the category the shop manages it in; null = none stated"})
    department = dy.String(nullable=True, metadata={"means": "the level above the category"})
    brand = dy.String(nullable=True, metadata={"means": "the brand"})
    name = dy.String(nullable=True, metadata={"means": "what it is called"})
    unit_cost = dy.Float64(nullable=True, min=0, metadata={"means": "what one unit costs the shop, in currency units"})
    service_life_days = dy.Int64(nullable=True, min=1, metadata={"means": "days until it is used up or replaced"})
    launched_on = dy.Date(nullable=True, metadata={"means": "first day on sale"})
    own_brand = dy.Bool(nullable=True, metadata={"means": "the shop's own brand"})
    counted = dy.Bool(nullable=True, metadata={"means": "false = sold by weight or volume: never counted as units"})
    is_goods = dy.Bool(
        nullable=True, metadata={"means": "no = shipping, a fee, a gift card, a deposit, ...: in sales alone; empty = goods"}
    )


class Members(dy.Schema):
    """One row per member of the programme. Any further column is kept as an attribute."""

    member_id = dy.String(primary_key=True, min_length=1, metadata={**REQUIRED, "means": "the member"})
    joined_on = dy.Date(nullable=True, metadata={"means": "the day they joined"})
    tier = dy.String(nullable=True, metadata={"means": "card level"})
    home_store_id = dy.String(nullable=True, metadata={"means": "the store they are registered with"})
    contactable = dy.Bool(nullable=True, metadata={"means": "may be contacted; null = not known, treated as no"})
    referred_by = dy.String(nullable=True, metadata={"means": "member_id of who brought them"})
    guide_id = dy.String(nullable=True, metadata={"means": "the guide (shop assistant) in whose book they are"})
    joined_channel = dy.String(nullable=True, metadata={"means": "where they joined: store, app, website, ..."})
    joined_campaign = dy.String(nullable=True, metadata={"means": "the campaign through which they joined"})


class Stores(dy.Schema):
    """One row per store."""

    store_id = dy.String(primary_key=True, min_length=1, metadata={**REQUIRED, "means": "the store"})
    name = dy.String(nullable=True, metadata={"means": "what it is called"})
    region = dy.String(nullable=True, metadata={"means": "the region it is reported in"})
    format = dy.String(nullable=True, metadata={"means": "kind of store"})


class Campaigns(dy.Schema):
    """One row per campaign."""

    campaign_id = dy.String(primary_key=True, min_length=1, metadata={**REQUIRED, "means": "the campaign"})
    starts_on = dy.Date(nullable=False, metadata={**REQUIRED, "means": "first day"})
    ends_on = dy.Date(nullable=False, metadata={**REQUIRED, "means": "last day"})
    name = dy.String(nullable=True, metadata={"means": "what it is called"})
    method = dy.String(
        nullable=True,
        metadata={
            "means": "coupon, full_reduction, discount, member_day, service, nth_piece, bundle, gift, extra_points, welcome_gift or "
            "referral_reward"
        },
    )
    cost_fixed = dy.Float64(nullable=True, min=0, metadata={"means": "fixed cost in currency units"})
    cost_per_contact = dy.Float64(nullable=True, min=0, metadata={"means": "cost of one contact in currency units"})
    randomised = dy.Bool(nullable=True, metadata={"means": "whether chance alone decided who was treated and who was control"})

    @dy.rule()
    def ends_after_start(cls) -> pl.Expr:  # noqa: N805
        """The last day is not before the first."""
        return pl.col("ends_on") >= pl.col("starts_on")


class Contacts(dy.Schema):
    """One row per campaign x member."""

    campaign_id = dy.String(nullable=False, min_length=1, primary_key=True, metadata={**REQUIRED, "means": "the campaign"})
    member_id = dy.String(nullable=False, min_length=1, primary_key=True, metadata={**REQUIRED, "means": "the member"})
    arm = dy.String(nullable=False, regex="^(treated|control)$", metadata={**REQUIRED, "means": "treated or control"})
    touchpoint = dy.String(nullable=True, metadata={"means": "message, mail, app push, ..."})
    contacted_at = dy.Datetime(nullable=True, time_unit="us", metadata={"means": "when they were contacted"})
    opened_at = dy.Datetime(nullable=True, time_unit="us", metadata={"means": "when they opened it"})
    clicked_at = dy.Datetime(nullable=True, time_unit="us", metadata={"means": "when they clicked"})


class Redemptions(dy.Schema):
    """One row per redemption."""

    campaign_id = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "the campaign"})
    member_id = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "the member"})
    redeemed_at = dy.Datetime(nullable=False, time_unit="us", metadata={**REQUIRED, "means": "when"})
    order_id = dy.String(nullable=True, metadata={"means": "the order it was redeemed in"})
    value = dy.Float64(nullable=True, min=0, metadata={"means": "its value in currency units"})


class Events(dy.Schema):
    """One row per behaviour event."""

    member_id = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "the member"})
    occurred_at = dy.Datetime(nullable=False, time_unit="us", metadata={**REQUIRED, "means": "when"})
    kind = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "view, search, cart, favourite, service, ..."})
    touchpoint = dy.String(nullable=True, metadata={"means": "where it happened"})
    product_id = dy.String(nullable=True, metadata={"means": "the product looked at"})
    category = dy.String(nullable=True, metadata={"means": "the category looked at"})


class Feedback(dy.Schema):
    """One row per opinion that a member gave after a purchase."""

    member_id = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "the member"})
    given_at = dy.Datetime(nullable=False, time_unit="us", metadata={**REQUIRED, "means": "when"})
    rating = dy.Float64(nullable=False, metadata={**REQUIRED, "means": "the grade; more is better"})
    reason = dy.String(nullable=True, metadata={"means": "what they said it was for"})


class Services(dy.Schema):
    """One row per case of a member: a complaint, a repair, a question."""

    member_id = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "the member"})
    occurred_at = dy.Datetime(nullable=False, time_unit="us", metadata={**REQUIRED, "means": "when it was opened"})
    kind = dy.String(nullable=False, min_length=1, metadata={**REQUIRED, "means": "complaint, repair, question, ..."})
    solved = dy.Bool(nullable=True, metadata={"means": "whether it was solved as the member wished; empty = not known"})


class SalesTargets(dy.Schema):
    """One row per store x month."""

    store_id = dy.String(primary_key=True, min_length=1, metadata={**REQUIRED, "means": "the store"})
    month = dy.Date(primary_key=True, metadata={**REQUIRED, "means": "first day of the month"})
    target_amount = dy.Float64(nullable=False, min=0, metadata={**REQUIRED, "means": "sales target in currency units"})


class Stock(dy.Schema):
    """One row per store x product x day."""

    store_id = dy.String(primary_key=True, min_length=1, metadata={**REQUIRED, "means": "the store"})
    product_id = dy.String(primary_key=True, min_length=1, metadata={**REQUIRED, "means": "the product"})
    counted_on = dy.Date(primary_key=True, metadata={**REQUIRED, "means": "the day"})
    on_hand = dy.Float64(nullable=False, metadata={**REQUIRED, "means": "how many were there"})


class Traffic(dy.Schema):
    """One row per store x hour."""

    store_id = dy.String(primary_key=True, min_length=1, metadata={**REQUIRED, "means": "the store"})
    counted_at = dy.Datetime(
        primary_key=True, time_unit="us", metadata={**REQUIRED, "means": "when the hour began, in the shop's local time"}
    )
    visitors = dy.Int64(nullable=False, min=0, metadata={**REQUIRED, "means": "who came in within the hour"})


CONTRACT: dict[str, type[dy.Schema]] = {
    "lines": Lines,
    "products": Products,
    "members": Members,
    "stores": Stores,
    "campaigns": Campaigns,
    "contacts": Contacts,
    "redemptions": Redemptions,
    "events": Events,
    "feedback": Feedback,
    "services": Services,
    "sales_targets": SalesTargets,
    "stock": Stock,
    "traffic": Traffic,
    **membership.MEMBERSHIP,
}

MONEY_COLUMNS = membership.MONEY | frozenset(
    {"amount", "discount_amount", "coupon_amount", "unit_cost", "cost_fixed", "cost_per_contact", "value", "target_amount"}
)
"""Contract columns in currency units: Int64 minor units once they are in the workspace."""


def required_columns(table: str) -> list[str]:
    """Return the contract columns that a table cannot do without, in contract order."""
    columns = CONTRACT[table].columns()
    return [name for name, column in columns.items() if (column.metadata or {}).get("required")]


def optional_columns(table: str) -> list[str]:
    """Return the contract columns that a table may leave out, in contract order."""
    columns = CONTRACT[table].columns()
    return [name for name, column in columns.items() if not (column.metadata or {}).get("required")]


def closed_words(table: str, column: str) -> tuple[str, ...]:
    """Return the only words that a contract column takes, or none where it takes any.

    >>> closed_words("contacts", "arm"), closed_words("campaigns", "randomised"), closed_words("lines", "channel")
    (('treated', 'control'), ('yes', 'no'), ())
    """
    rule = CONTRACT[table].columns()[column]
    pattern = str(getattr(rule, "regex", None) or "^()$")
    return ("yes", "no") if rule.dtype == pl.Boolean else tuple(filter(None, pattern.removeprefix("^(").removesuffix(")$").split("|")))


def meaning(table: str, column: str) -> str:
    """Return what a contract column means, in words."""
    return str((CONTRACT[table].columns()[column].metadata or {}).get("means", ""))


REPLACING = """\
## What an import replaces

The lines of a store's day are replaced whole by a later import of the same **source**. What is replaced is said before it \
happens; `toolkit check MAPPING --workspace WORKSPACE` says it without doing it, `toolkit info WORKSPACE` lists the sources.

| in the mapping | meaning |
|---|---|
| `source = "till"` (top) | where the receipts come from; without it the mapping's `name`. Till and app, store and online each \
have their own |
| `replaces = "orders"` (`[lines]`) | the files bring only new and changed orders (incremental exports, nights that end after \
midnight): of a store's day they replace orders of the same id alone; the others stay |
| `replaces = "members"` (`[members]`) | the files bring only new and changed members; the others stay as they are |
| `replaces = "all"` (`[members]`) | who is not in the files is off the members table; without either word they stay on it and may no \
longer be contacted, at once |
| `ignore = ["same_receipts:till"]` (`[answers]`) | these orders are others than those of source till, though they look the same |

An import asks, and changes nothing, where less than half of a source's orders come again on the store days that it would replace \
(`--replace` says that it is right), and where a tenth of its orders is there under another source. The same order is one with the \
same id, store and day and the same time, total or member; or with the same store, time of day, total and member under another id. \
A store's day is the calendar day of the order's earliest line. Days of `events` and `redemptions` are replaced within their \
source, too. Within one import, an order that an earlier file holds line by line is set aside (a file and its copy, or its zip; \
exports of overlapping periods)."""

WHOLE_SHOP = """## What a mapping says of the whole shop

Beside its tables, above the first section or as sections of their own:

```toml
fold_ids = ["case", "blanks", "decimal"]   # member ids that differ by these alone are one, in every table: capitals; blanks anywhere and
                                           # full-width signs; an ending .0; "marks": hyphens and slashes; "zeros": before a number;
                                           # "+86": China's dialling code before a mobile number. The folded spelling is the member's id

[identities]                               # files whose rows each name one person by several ids
files = "crm.csv"                          # encoding, delimiter, ... as in a table's section
ids = ["member_no", "phone", "openid", "card"]   # an id is the same in whichever column it stands; ties run over all rows
member_id = "member_no"                    # the id that stays; without it (or where it is empty) the id that sorts first
merge_members = true                       # two member numbers that share an id are one person; without it they stay apart and are told
largest_person = 20                        # more ids than this are no person: refused, with the id that ties them
not_an_id = ["13900000001"]                # values that tie nobody; empty cells, zeros, null and 13800000000 and the like never do

[currency_rates]                           # amounts of lines in several currencies
column = "Currency"                        # of the lines' files
rates = { USD = "0.92", JPY = "0.0061" }   # units of the mapping's currency per unit; or by day, each rate until the next one:
# files = "rates.csv"                      # with the columns day, currency, rate (others: columns = { day = "Datum", ... })
empty = "EUR"                              # what an empty cell means; without it such rows are set aside
```

A member's lines, contacts, events and the rest all have the id that stays. The workspace remembers who is who: receipts that were imported
before follow, and so do later ones without the section; what a new table says of an id holds from then on. Every money column of a line is
converted exactly and rounded once, half to even. A row without a rate is set aside with its reason."""
_FILES = """## The files of a section

`files` names files, folders or patterns: text (CSV, TSV, ...), Parquet, spreadsheets (.xlsx, .xlsm, .xls, .ods; with the extra
`[spreadsheets]`), JSON and JSON lines; text and JSON also as gzip or in a zip. How a file is written is detected. A section can state it;
an entry of `files` can state it of its own files alone, and goes before the section:

```toml
[lines]
files = ["2023-*.csv", { path = "2025-*.csv", encoding = "gb18030", delimiter = ";", decimal = ",", time_format = "%d.%m.%Y" }]
```

| key | of | meaning |
|---|---|---|
| encoding, delimiter, quote, header, skip_rows | text | how it is written; skip_rows = lines above the header |
| decimal, thousands | text in cells | `","` or `"."` |
| time_format | text in cells | `"%d.%m.%Y %H:%M"` or another pattern; iso, excel, epoch_s, epoch_ms, epoch_us |
| sheet | spreadsheets | name, or number from 1; needed where several sheets have the columns |
| unfold | JSON | the list whose records become rows (`"items"`, its columns are `items.sku`, ...); other fields are repeated |
| member | zip | name or pattern of files in it; without it all that have the columns; `"export.zip/orders.csv"` names one too |
| format | all | `"csv"`, `"parquet"` or `"json"`, where the ending does not tell |

Set aside, with the reason: a row with bytes that are not of the file's encoding, with too many or too few fields, or with an error (`#N/A`)
in a cell that is needed; a total below the rows; a card number of more than 15 digits that a spreadsheet keeps as a number; a line that is
no JSON record."""
MAPPING_PAGE = (
    "# What a mapping can say beside names",
    _FILES,
    "## Files that belong together",
    "Columns of further files are added to the rows of a section before `keep`, `drop` and the columns, which can all use them:",
    """```toml
[[lines.join]]
files = "orders.csv"            # with its own encoding, delimiter, header, skip_rows, sheet, ... where they are not detected
on = "order_id"                 # or ["store", "receipt"], or { order_id = "id" }: column of the section = column of the joined file
# name = "orders"               # (the sheet's or the file's) `orders.status` is its column where the section has a `status` of its own
# match = "number"              # "12.0", "12" and "012" are one key; else keys are texts without the spaces around them
# distinct = true               # it holds a key several times: the most frequent value of each column; else that is a fault
# required = false              # rows without a partner are kept with empty cells; else they are set aside and counted
```""",
    "A later join can use the columns of an earlier one. A join that finds no partner at all is refused with a key of each side. Numbers "
    "of the joined files are read as the section says; a column with another decimal sign has its own `decimal`.",
    "## Order fields on the first line alone",
    "`fill_down` names columns that an export writes on the first line of an order and leaves blank below; `within` the column by which "
    "neighbouring rows are one order (listed in `fill_down` too where it stands on the first line alone). It comes before the joins, "
    "`keep` and `drop`.",
    """```toml
fill_down = ["Email", "Financial Status", "Created at"]
within = "Name"
```""",
    "## Arithmetic",
    "Exact, and rounded once at the end, half away from zero. A rate is a fraction (0.2) unless `rate_unit` says percent or tenths; "
    "a cell with a % sign is a percentage; an empty one is no discount; one below 0 or above 1 sets its row aside. What is given "
    "back took no discount.",
    """```toml
amount = { multiply = ["Price", "Qty"], less_rate = "Discount" }             # price x quantity x (1 - rate)
amount = { multiply = ["Price", "Qty"], subtract = ["Rebate"] }              # price x quantity - rebate
discount_amount = { multiply = ["Price", "Qty"], times_rate = "Discount" }   # price x quantity x rate
discount_amount = { column = "Paid", after_rate = "Discount" }               # what the rate took off to leave Paid
amount = { multiply = ["Net", 1.19], divide = "Pack size" }                  # columns and constants
quantity = { column = "Pieces", divide = 12 }
amount = { column = "Amount", sign_of = "Qty" }                              # what comes back has a quantity below 0, its money has no sign
```""",
    "## Values of a whole order",
    "What stands on every line of an order, or on one of them alone, is shared out over its lines; the shares add up to it to the cent "
    "(the largest remainder). An order whose lines state different values is set aside.",
    """```toml
amount = { per_order = "Total", by = ["Price", "Qty"] }               # by the quantity where `by` is not stated, else equally
discount_amount = { per_order = "Order discount", by = "Line amount" }
amount = { column = "Line amount", less_per_order = "Refunded" }      # a refund, written as 10 or -10, by the amounts of the lines
```""",
)


def contract_markdown() -> str:
    """Return the whole contract as Markdown: one section a table, one row a column."""
    parts = [
        "# The data contract",
        "What a shop hands over, after the mapping has renamed its columns. Only `lines` is required; what a missing table or column makes "
        "impossible is said by name. This page is written by `toolkit contract`.",
        "**What an order is**, in every figure: a receipt on which goods were paid for. At least one of its lines of goods has an amount "
        "above 0 and is no return, and its lines do not take back all that they sell. Returns alone, cancelled and empty receipts, goods "
        "given away, and receipts of what is no goods are no orders: they count in sales, and move no date, count or favourite.",
        "**What is no goods** (shipping, fees, gift cards sold or redeemed, deposits, bags, coupons) says `is_goods`, of `products`, or of "
        "`lines` (kept by product: what most of its lines say; `products` has the last word), such as "
        '`is_goods = { false_if = [{ column = "StockCode", equals = ["POST", "BANK CHARGES"] }] }`. It stays in sales, and is in no '
        'order\'s goods, favourites, pairs, categories or units; `not_goods = "left_out"` under `[lines]` leaves its lines out and counts '
        'them (`"in_sales"` is the default).',
    ]
    for table, schema in CONTRACT.items():
        needed = required_columns(table)
        rows = [
            f"| {name} | {_type_name(column)} | {'yes' if name in needed else ''} | {meaning(table, name)} |"
            for name, column in schema.columns().items()
        ]
        heading = str(schema.__doc__ or "").strip().splitlines()[0]
        parts += [f"## {table}", heading, "\n".join(["| column | type | required | meaning |", "|---|---|---|---|", *rows])]
    return "\n\n".join([*parts, *MAPPING_PAGE, REPLACING, WHOLE_SHOP]) + "\n"


def _type_name(column: dy.Column) -> str:
    return {"String": "text", "Float64": "number", "Int64": "whole number", "Datetime": "time", "Date": "day", "Bool": "yes or no"}.get(
        type(column).__name__, type(column).__name__
    )


STORED_LINES = pl.Schema(
    {
        "member_code": pl.UInt32,  # null = not a member
        "order_code": pl.Int64,  # consecutive within a file: rows of one order are neighbours, orders of one member are in time order
        "ordered_at": pl.Datetime("us"),  # earliest line of the order: the same for all its lines
        "store_code": pl.UInt32,
        "product_code": pl.UInt32,
        "channel_code": pl.UInt32,  # null = no channel stated
        "quantity_milli": pl.Int64,  # thousandths
        "amount": pl.Int64,  # minor units
        "discount_amount": pl.Int64,
        "coupon_amount": pl.Int64,
    }
)
"""Lines in the workspace, one Parquet file per (import, partition), sorted by (member_code, ordered_at, order_code)."""

ORDER_IDS = pl.Schema({"order_code": pl.Int64, "order_id": pl.String})
"""The shop's own id of each order, one file beside each file of lines; with the column `guide_id` (text) where the lines name guides."""

ORDERS = pl.Schema(
    {
        "member_code": pl.UInt32,  # null = not a member
        "order_code": pl.Int64,
        "ordered_at": pl.Datetime("us"),
        "store_code": pl.UInt32,
        "channel_code": pl.UInt32,
        "is_order": pl.Boolean,  # paid for, with goods in it (toolkit.mart.orders); false = counts in money, not as an order
        "amount": pl.Int64,
        "discount_amount": pl.Int64,
        "promo_amount": pl.Int64,  # amount on discounted lines
        "coupon_amount": pl.Int64,
        "units_milli": pl.Int64,  # counted goods only, returns subtracted
        "line_count": pl.UInt32,
        "gap_days": pl.Int32,  # days since the day of the member's previous order; null for the first, non-members, not is_order
    }
)
"""Mart: one row per order up to as_of."""

MEMBER_CATEGORY = pl.Schema(
    {
        "member_code": pl.UInt32,
        "category_code": pl.UInt32,
        "order_count": pl.UInt32,  # orders in which goods of the category were bought
        "day_count": pl.UInt32,  # distinct shopping days with one
        "amount": pl.Int64,
        "units_milli": pl.Int64,
        "priced_amount": pl.Int64,  # amount of bought (quantity > 0) lines of counted goods ...
        "priced_units_milli": pl.Int64,  # ... and their units: unit price = priced_amount / priced_units
    }
)
"""Mart: one row per member x category up to as_of."""

MEMBER_FEATURES = pl.Schema(
    {
        "member_code": pl.UInt32,
        "first_ordered_on": pl.Date,  # null where the member has no order (refunds alone)
        "last_ordered_on": pl.Date,
        "order_count": pl.UInt32,
        "return_order_count": pl.UInt32,  # receipts that are no orders
        "day_count": pl.UInt32,  # distinct days with an order
        "active_month_count": pl.UInt32,  # distinct calendar months with an order
        "line_count": pl.UInt32,
        "amount": pl.Int64,
        "units_milli": pl.Int64,
        "discount_amount": pl.Int64,
        "promo_amount": pl.Int64,
        "coupon_day_count": pl.UInt32,
        # Day-level sufficient statistics for shrinkage: a shopping day's share in basis points, summed over odd and even calendar days.
        "promo_days_odd": pl.Int64,  # shopping days with a positive amount
        "promo_days_even": pl.Int64,
        "promo_bp_odd": pl.Int64,
        "promo_bp_even": pl.Int64,
        "promo_bp_sq": pl.Int64,
        "coupon_days_odd": pl.Int64,
        "coupon_days_even": pl.Int64,
        "coupon_bp_odd": pl.Int64,
        "coupon_bp_even": pl.Int64,
        "coupon_bp_sq": pl.Int64,
        "repeat_amount": pl.Int64,  # amount of orders after the member's first shopping day
        "amount_28d": pl.Int64,  # the last 28 days up to as_of, as_of included
        "amount_91d": pl.Int64,
        "amount_prev_91d": pl.Int64,  # days 92 to 182 back
        "amount_365d": pl.Int64,
        "order_count_28d": pl.UInt32,
        "order_count_91d": pl.UInt32,
        "order_count_prev_91d": pl.UInt32,
        "order_count_365d": pl.UInt32,
        "day_count_28d": pl.UInt32,
        "day_count_56d": pl.UInt32,
        "day_count_91d": pl.UInt32,
        "gap_days_mean": pl.Float64,  # between shopping days; null below two of them
        "gap_days_std": pl.Float64,  # null below three shopping days
        "last_gap_days": pl.Int32,  # the gap before the last shopping day; null below two
        "store_count": pl.UInt32,
        "home_store_code": pl.UInt32,  # most orders; ties go to the smaller store_id
        "home_store_order_count": pl.UInt32,
        "top_channel_code": pl.UInt32,
        "top_channel_order_count": pl.UInt32,
        "top_weekday": pl.UInt8,  # 1 = Monday ... 7 = Sunday, most orders, ties to the earlier day
        "top_weekday_order_count": pl.UInt32,
        "top_hour_band": pl.UInt8,  # 0 = 00-04, ..., 5 = 20-24
        "top_hour_band_order_count": pl.UInt32,
        "category_count": pl.UInt32,
        "top_category_code": pl.UInt32,  # most money; ties go to the category that sorts first
        "top_category_amount": pl.Int64,
        "priced_amount": pl.Int64,  # bought counted goods ...
        "expected_amount": pl.Int64,  # ... and what they would cost at each category's usual unit price
    }
)
"""Mart: one row per member with at least one line up to as_of."""
