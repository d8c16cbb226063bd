"""The shops of benchmarks/golden.py: the rows they are made of, the scopes they are asked in, and how each question is asked there.

The village is typed by rule: the members of tests/portrait/village.py (v000-v239), those of tests/targeting/pantry.py (p000-p149) and what
neither has: consent, tiers, costs, stores, campaigns with a planted effect, events, targets and stock, so that every question has something
to say. Its tables are written by tests/shop.py. The demo is The Complete Journey.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl

Call = dict[str, Any]


@dataclass(frozen=True)
class Shop:
    """A shop: how its workspace is made (and the same in another currency), its scopes, and its words for the parameters of `CALLS`."""

    build: Callable[[Path], None]
    build_abroad: Callable[[Path], None]
    scopes: dict[str, Call]
    words: Call
    campaigns: tuple[str, ...]
    is_large: bool  # its workspaces are kept between runs; its variants are asked of the chain alone

    def ways(self, question: str) -> dict[str, Call]:
        """Return the ways to ask a question, by a name for each; the first is the question as it stands, with what it cannot do without."""
        if question.startswith("review.") and question not in ("review.sales_targets", "review.lessons", "review.programme"):
            needed = {"campaign_id": self.campaigns[0]}
            others = [{"campaign_id": one} for one in self.campaigns[1:]]
        else:
            needed, others = CALLS_NEED.get(question, {}), []
        asked = [{}, *others, *CALLS.get(question, [])]
        calls = {}
        for more in asked:
            given = {key: self._word(value) for key, value in {**needed, **more}.items()}
            name = ",".join(f"{key}={_slug(value)}" for key, value in more.items())
            calls[f"{question}~{name}" if name else question] = given
        return calls

    def _word(self, value: Any) -> Any:
        return self.words[value[1:]] if isinstance(value, str) and value.startswith("$") else value


def _slug(value: Any) -> str:
    return "".join(sign if sign.isalnum() or sign in "._-" else "-" for sign in str(value).strip("$"))


CALLS_NEED: dict[str, Call] = {
    "portrait.member": {"member_id": "$member"},
    "targeting.buyers": {"goods": "$good"},
    "differentiation.allocate": {"budget": "$budget"},
    "differentiation.plan": {"campaign": "$plan"},
}
"""Question -> what it cannot be asked without. `$name`: the shop's own word."""

CALLS: dict[str, list[Call]] = {
    "portrait.figure": [
        *({"by": by} for by in ("month", "week", "category", "segment", "store")), *({"metric": name} for name in ("members", "repeat_rate")),
        {"metric": "first_time_members", "by": "quarter", "against": "year"},
    ],
    "portrait.rfm": [{"show": "scores"}],
    "portrait.movement": [{"since": "$since"}],
    "portrait.contribution": [{"by": by} for by in ("heavy", "orders", "attach", "loyal", "members")],
    "portrait.spending_power": [{"by": "order_value"}, {"by": "price_tier"}],
    "portrait.habits": [{"by": by} for by in ("when", "channel", "hour", "category")],
    "portrait.lifecycle": [{"since": "$since"}],
    "portrait.personas": [{"by": "taste"}, {"by": "group"}],
    "portrait.lifetime_value": [{"by": "segment"}, {"by": "stage"}],
    "portrait.stores": [{"by": "region"}, {"rank_by": "repeat_rate"}],
    "portrait.why": [{"by": "store"}, {"metric": "order_value", "by": "segment"}, {"metric": "units", "by": "category"}],
    "targeting.slipping": [{"top": 5}],
    "targeting.loyalty": [{"by": "tier"}],
    "targeting.drill": [{"by": "segment, category", "most": 4}],
    "targeting.gain_loss": [{"by": "category"}, {"by": "store"}, {"members": "less"}, {"against": "year"}],
    "targeting.paths": [{"show": "node"}, {"show": "route", "by": "department"}],
    "targeting.path_members": [{"first": "$good"}, {"stopped": True}],
    "targeting.entry_goods": [{"by": "product"}],
    "targeting.due_again": [{"show": "good"}, {"by": "product", "top": 20}, {"good": "$good", "top": 0}],
    "targeting.journey": [{"show": "last_touch"}, {"show": "segment"}, {"show": "joining"}],
    "targeting.looked_not_bought": [{"show": "member"}],
    "targeting.niches": [{"niche": "$niche", "top": 20}, {"niche": "$niche", "show": "product"}],
    "targeting.buyers": [{"without": "$other", "least_days": 2}],
    "targeting.core_members": [{"members": "core"}, {"members": "steady"}],
    "targeting.core_goods": [{"level": "product"}, {"members": "$good"}],
    "targeting.bought_together": [{"level": "product"}, {"goods": "$good"}, {"rank": "strength"}],
    "targeting.liked_together": [{"level": "product"}, {"rank": "strength"}],
    "targeting.attach": [
        {"goods": "$good", "with_goods": "$other"}, {"goods": "$good", "by": "segment"},
        {"goods": "$good", "with_goods": "$other", "members": "without"},
    ],
    "targeting.units_per_order": [{"by": "segment"}, {"by": "store"}, {"by": "hour"}],
    "targeting.cross_shop": [{"of": "channel"}, {"of": "store"}, {"first": "$good", "second": "$other", "members": "$both"}],
    "targeting.decision_tree": [{"category": "$switched"}, {"category": "$switched", "by": "brand"}],
    "differentiation.matrix": [{"lifecycle": True}],
    "differentiation.full_reduction": [{"thresholds": "5, 10, 20", "reductions": "1, 2", "repeat": "every", "budget": "$budget"}],
    "differentiation.coupon": [{"value": "1, 2", "minimum": "0, 5", "reach": 0.5}],
    "differentiation.discount": [{"category": "$good", "depth": 0.2}],
    "differentiation.member_day": [{"weekday": "wed", "every_weeks": 2}],
    "differentiation.service": [{"touch": "after_sale"}, {"trade_in": 0.5}],
    "differentiation.offers": [{"compare": "full_reduction 10/2, coupon 1 from 5, member_day wed 10%", "budget": "$budget"}],
    "differentiation.allocate": [{"candidates": "coupon 1 from 5, full_reduction 10/2", "most_contacts": 50}],
    "differentiation.goods_for": [{"purpose": one} for one in ("win_back", "trade_up", "clear_stock", "launch")] + [{"level": "product"}],
    "differentiation.next_best": [{"member_id": "$member"}, {"top": 5}],
    "differentiation.holdout": [{"control_share": 0.3, "days": 14, "lift": 0.2, "shares": [0.1], "lengths": [28]}],
    "differentiation.global_control": [{"try_share": 0.1}],
    "review.effect": [{"by": by} for by in ("outcome", "segment", "touchpoint", "store", "category")] + [{"outcome": "margin"}],
    "review.money": [{"by": "category"}],
    "review.checks": [{"outcome": "orders"}],
    "review.process": [{"by": "store"}, {"by": "touchpoint"}],
    "review.sales_targets": [{"by": "members"}, {"by": "months"}, {"against": "month", "month": "$month"}],
    "review.lessons": [{"by": "method"}, {"by": "category"}, {"outcome": "margin"}],
    "review.programme": [{"by": "contacts"}],
}  # fmt: skip
"""Question -> further ways to ask it."""

LAST = date(2024, 6, 30)
C0, C1 = (LAST - timedelta(days=120), LAST - timedelta(days=93)), (LAST - timedelta(days=40), LAST - timedelta(days=13))
DEPARTMENTS = {"FRESH MILK": "FOOD", "BREAD": "FOOD", "SOAP": "HOME", "CAT FOOD": "HOME", "YOGHURT": "FOOD", "WINE": "FOOD"}


def build_village(path: Path) -> None:
    """Write the village, teach it what its first campaign taught, and set a global control."""
    _village(path, "EUR", 2)


def build_village_abroad(path: Path) -> None:
    """Write the village with a hundred times the amounts in a currency without decimals, so that the stored figures are the same."""
    _village(path, "JPY", 0)


def _village(path: Path, currency: str, minor_digits: int) -> None:
    import toolkit as tk
    from tests.shop import make_workspace

    lines = _village_lines()
    if minor_digits == 0:
        lines = lines.with_columns((pl.col("amount", "discount_amount", "coupon_amount") * 100).round())
    make_workspace(path, lines, _village_tables(lines), minor_digits=minor_digits)
    _relabel(path, currency)
    tk.write_lessons(str(path), "C0")
    tk.set_global_control(str(path), 0.05, since="2024-03-01", seed=3)


def _village_lines() -> pl.DataFrame:
    from tests.portrait.village import village_lines
    from tests.targeting.pantry import pantry_lines

    lines = pl.concat(
        [
            village_lines().with_columns(
                pl.when(pl.col("order_id").str.ends_with("5")).then(pl.lit("app")).otherwise(pl.lit("till")).alias("channel")
            ),
            pantry_lines(),
        ],
        how="diagonal",
    ).with_columns(store_id=pl.when(pl.col("member_id").str.ends_with("7")).then(pl.lit("s3")).otherwise("store_id"))
    day = pl.col("ordered_at").dt.date()
    treated = pl.col("member_id").is_between(pl.lit("v100"), pl.lit("v159"))
    extra = [  # on every third day of a campaign a treated member takes soap with the order
        lines.filter(
            treated & day.is_between(*window) & (pl.col("product_id").str.starts_with("milk")) & (day.dt.day() % 3 == 0)
        ).with_columns(product_id=pl.lit("soap-cheap"), amount=pl.lit(3.0), discount_amount=pl.lit(0.5), coupon_amount=pl.lit(0.0))
        for window in (C0, C1)
    ]
    return pl.concat([lines, *extra])


def _village_tables(lines: pl.DataFrame) -> dict[str, pl.DataFrame]:
    from tests.portrait.village import village_products
    from tests.targeting.pantry import pantry_products

    ids = lines["member_id"].drop_nulls().unique().sort().to_list()
    place = dict(zip(ids, range(len(ids)), strict=True))
    products = pl.concat([village_products(), pantry_products()], how="diagonal").with_columns(
        name=pl.coalesce("name", pl.col("product_id").str.to_titlecase()),
        brand=pl.coalesce("brand", pl.when(pl.col("product_id").str.ends_with("dear")).then(pl.lit("Crown")).otherwise(pl.lit("Plain"))),
        department=pl.col("category").replace_strict(DEPARTMENTS, default="GENERAL"),
        unit_cost=pl.when(pl.col("product_id").str.ends_with("dear")).then(350).otherwise(60).cast(pl.Int64),
        own_brand=pl.col("product_id").str.ends_with("cheap"),
        service_life_days=pl.when(pl.col("category").is_in(["SOAP", "OIL"])).then(30).cast(pl.Int64),
        launched_on=pl.when(pl.col("product_id").is_in(["nuts", "wine"])).then(pl.lit(LAST - timedelta(days=60))),
    )
    members = pl.DataFrame(
        {
            "member_id": ids,
            "joined_on": [date(2023, 3, 1) + timedelta(days=number) for number in range(len(ids))],
            "tier": [("gold", "silver", "basic")[number % 3] for number in range(len(ids))],
            "contactable": [{0: False, 5: None}.get(number % 10, True) for number in range(len(ids))],
            "referred_by": [ids[number - 1] if number % 12 == 1 else None for number in range(len(ids))],
            # The small audience: forty members of the campaigns, ten beside.
            "club": ["yes" if one[:3] in ("v10", "v11", "v16", "v17", "p00") else "no" for one in ids],
        }
    )
    stores = pl.DataFrame(
        {
            "store_id": ["s1", "s2", "s3"],
            "name": ["Harbour", "Hill", "Market"],
            "region": ["north", "south", "south"],
            "format": ["city", "city", "big"],
        }
    )
    windows = (C0, C1)
    campaigns = pl.DataFrame(
        {
            "campaign_id": ["C0", "C1", "C2"], "name": ["Spring coupon", "June reductions", "Late call"],
            "method": ["coupon", "full_reduction", "discount"],
            "starts_on": [C0[0], C1[0], LAST - timedelta(days=6)], "ends_on": [C0[1], C1[1], LAST + timedelta(days=14)],
            "cost_fixed": [500, 500, 0], "cost_per_contact": [5, 5, 5], "randomised": [True, None, False],
        }
    )  # fmt: skip
    arms = [(one, "treated" if one < "v160" else "control") for one in ids if "v100" <= one < "v220"]
    told = [
        {
            "campaign_id": name, "member_id": who, "arm": arm,
            "touchpoint": ("app", "mail")[place[who] % 2] if arm == "treated" else None,
            "contacted_at": datetime.combine(window[0], time(9)) if arm == "treated" else None,
            "opened_at": datetime.combine(window[0], time(11)) if arm == "treated" and place[who] % 3 else None,
            "clicked_at": datetime.combine(window[0], time(12)) if arm == "treated" and place[who] % 3 == 1 else None,
        }
        for name, window in zip(("C0", "C1"), windows, strict=True)
        for who, arm in arms
    ]  # fmt: skip
    told += [{"campaign_id": "C2", "member_id": f"p{who:03d}", "arm": "treated", "touchpoint": "mail"} for who in range(40)]
    contacts = pl.DataFrame(told, infer_schema_length=None).with_columns(
        pl.col("contacted_at", "opened_at", "clicked_at").cast(pl.Datetime("us"))
    )
    redemptions = pl.DataFrame(
        [
            {
                "campaign_id": name,
                "member_id": who,
                "redeemed_at": datetime.combine(window[0] + timedelta(days=place[who] % 14), time(12)),
                "value": 50,
            }
            for name, window in zip(("C0", "C1"), windows, strict=True)
            for who, arm in arms
            if arm == "treated" and place[who] % 2
        ]
    ).with_columns(pl.col("redeemed_at").cast(pl.Datetime("us")))
    events = pl.DataFrame(
        [
            {
                "member_id": who, "occurred_at": datetime.combine(LAST - timedelta(days=(number * 5 + week * 7) % 84), time(8 + number % 9)),
                "kind": ("view", "search", "cart", "favourite")[(number + week) % 4],
                "touchpoint": ("app", "web")[number % 2],
                "product_id": ("tea", "wine", "soap-dear", "bread-dear")[(number + 2 * week) % 4],
            }
            for number, who in enumerate(ids)
            if number % 2 == 0
            for week in range(1 + number % 5)
        ]
    ).with_columns(pl.col("occurred_at").cast(pl.Datetime("us")), pl.lit(None, pl.String).alias("category"))  # fmt: skip
    targets = pl.DataFrame(
        [
            {"store_id": store, "month": date(2024, month, 1), "target_amount": 100 * (1500 + 100 * month + 50 * number)}
            for number, store in enumerate(("s1", "s2", "s3"))
            for month in range(1, 8)
        ]
    )
    stock = pl.DataFrame(
        [
            {
                "store_id": store,
                "product_id": good,
                "counted_on": LAST - timedelta(days=back),
                "on_hand": float((len(good) * 40 + 7 * back) % 90),
            }
            for store, good, back in product(("s1", "s2", "s3"), products["product_id"].to_list()[:28], (0, 14))
        ]
    )
    tables = {"products": products, "members": members, "stores": stores, "campaigns": campaigns, "contacts": contacts}
    return {**tables, "redemptions": redemptions, "events": events, "sales_targets": targets, "stock": stock}


def _relabel(path: Path, currency: str) -> None:
    manifest = path / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text("utf-8")), "currency": currency}, indent=1), encoding="utf-8")


def build_demo(path: Path) -> None:
    """Import The Complete Journey."""
    import toolkit as tk

    tk.import_receipts("complete-journey", path)


def build_demo_abroad(path: Path) -> None:
    """Copy the demo beside `path` and call its money something else: receipts are the same, and nothing converts."""
    shutil.copytree(path.with_name("demo"), path, ignore=shutil.ignore_patterns("mart"))
    _relabel(path, "CNY")


def _plan(starts_on: date, good: str) -> Call:
    return {
        "campaign_id": "golden-1", "starts_on": str(starts_on), "ends_on": str(starts_on + timedelta(days=27)),
        "offers": {"ten off": "full_reduction 10/1 | One off from ten", "good": f"discount 10% on {good}"},
        "offer_of": {"sensitivity high, power low": "good", "*": "ten off"},
        "touchpoints": {"sensitivity high, power low": "mail", "*": "app push"},
        "goals": {"lift": 0.3}, "cost_fixed": 100.0, "cost_per_contact": 0.5,
    }  # fmt: skip


SHOPS = {
    "village": Shop(
        build=build_village,
        build_abroad=build_village_abroad,
        scopes={
            "chain": {},
            "store": {"store_id": "s1"},
            "week": {"period": "7d"},
            "audience": {"audience": "club = 'yes'"},
            "early": {"as_of": str(LAST - timedelta(days=100))},
            "abroad": {},
        },
        words={
            "member": "v105", "budget": 200.0, "since": "2024-03-01", "good": "SOAP", "other": "TEAS", "both": "both SOAP and TEAS",
            "niche": "CAT FOOD", "switched": "YOGHURT", "month": "2024-05", "plan": _plan(LAST + timedelta(days=8), "SOAP"),
        },
        campaigns=("C0", "C1", "C2"),
        is_large=False,
    ),
    "demo": Shop(
        build=build_demo,
        build_abroad=build_demo_abroad,
        scopes={
            "chain": {},
            "store": {"store_id": "367"},
            "week": {"period": "7d"},
            "audience": {"audience": "top_category = 'CAT FOOD'"},
            "early": {"as_of": "2017-06-30"},
            "abroad": {},
        },
        words={
            "member": "1", "budget": 5000.0, "since": "2017-10-01", "good": "YOGURT", "other": "CHEESE", "both": "both YOGURT and CHEESE",
            "niche": "AIR CARE", "switched": "YOGURT", "month": "2017-11", "plan": _plan(date(2018, 1, 9), "YOGURT"),
        },
        campaigns=("18", "26"),
        is_large=True,
    ),
}  # fmt: skip
