"""A shop whose names make reading hard: ids that could be of several things, stores that sound alike, two languages, a product `last month`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import tomli_w

from tests.shop import make_workspace
from toolkit.workspace import Workspace

AS_OF = date(2024, 6, 30)
STORES = {"367": ("Harbour", "north"), "406": ("Old Town", "south"), "12": ("Harbor Mall", "north"), "9": ("老城店", "华东")}
CATEGORIES = ("MILK", "CHEESE", "WINE", "CEREAL", "COFFEE", "SOFT DRINKS", "BREAD", "啤酒", "洗衣液", "COUPON", "DOG FOOD", "CAT FOOD")
NAMES = (
    "Whole milk",
    "Gouda",
    "Rioja",
    "Corn flakes",
    "Espresso beans",
    "Cola",
    "Rye bread",
    "青岛啤酒",
    "蓝月亮",
    "Book of coupons",
    "Kibble",
    "last month",
)
CAMPAIGNS = {
    "18": ("Spring sale", date(2024, 3, 5), date(2024, 3, 25)),
    "19": ("Spring mailing", date(2024, 4, 2), date(2024, 4, 20)),
    "C07": ("Summer coupons", date(2024, 6, 1), date(2024, 6, 20)),
    "12": ("双十一大促", date(2023, 11, 5), date(2023, 11, 15)),
}
TIERS = ("gold", "silver", "金卡")
SYNONYMS = {
    "names": {"牛奶": "MILK", "咖啡": "COFFEE", "麦片": "CEREAL", "pop": "SOFT DRINKS", "pet food": ["DOG FOOD", "CAT FOOD"]},
    "words": {"footfall": "receipts"},
}


def conversation_shop(folder: Path, *, products: int = 0) -> Workspace:
    """Return the shop in a workspace; `products`: so many more products, each with a name of its own."""
    start = datetime(2023, 1, 1, 9)
    members = ["10042", "10007", "10100", "anna-1"]
    rows = [
        {
            "member_id": members[number % 4], "order_id": f"o{number}", "store_id": list(STORES)[number % 4],
            "product_id": f"p{number % 12}", "ordered_at": start + timedelta(days=number * 13.64), "quantity": 1.0, "amount": 5.0,
            "discount_amount": 0.0, "coupon_amount": 0.0, "channel": ("store", "app")[number % 2],
        }
        for number in range(41)
    ]  # fmt: skip
    rows[-1]["ordered_at"] = datetime(2024, 6, 30, 20)
    more = range(products)
    tables = {
        "stores": pl.DataFrame([{"store_id": one, "name": name, "region": region} for one, (name, region) in STORES.items()]),
        "products": pl.DataFrame(
            {
                "product_id": [*(f"p{number}" for number in range(12)), *(f"x{number}" for number in more)],
                "category": [*CATEGORIES, *(CATEGORIES[number % 12] for number in more)],
                "name": [*NAMES, *(f"Article {number} of line {number % 977}" for number in more)],
            }
        ),
        "members": pl.DataFrame({"member_id": members, "tier": ["gold", "silver", "金卡", "gold"]}),
        "campaigns": pl.DataFrame(
            [{"campaign_id": one, "name": name, "starts_on": first, "ends_on": last} for one, (name, first, last) in CAMPAIGNS.items()]
        ),
    }
    ws = make_workspace(folder, pl.DataFrame(rows), tables)
    ws.document_file("synonyms.toml").write_text(tomli_w.dumps(SYNONYMS), "utf-8")
    return ws
