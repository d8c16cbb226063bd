"""Sentences by rule that name each thing of the shop once: what is to be recognised, and as what."""

from __future__ import annotations

from tests.conversation.shop import CAMPAIGNS, CATEGORIES, NAMES, STORES, TIERS

_STORES = ("how is {} doing", "which members carry the sales in {}", "{}的会员怎么样", "who is slipping away in {}?")
_GOODS = ("who bought {}", "what goes with {}", "买{}的人还买什么", "谁买过{}")
_CAMPAIGNS = ("did {} pay", "{}的效果怎么样", "can we trust the result of {}")
_TIERS = ("how are {} members doing", "{}会员怎么样")


def name_cases() -> list[tuple[str, str, str]]:
    """Return (sentence, parameter, value) for every name and id, in several sentences each."""
    found = []
    for store_id, (name, region) in STORES.items():
        for form in _STORES:
            found += [(form.format(name), "store_id", store_id), (form.format(name.upper()), "store_id", store_id)]
            found.append((form.format(f"{store_id}店" if form[0] == "{" else f"store {store_id}"), "store_id", store_id))
        found.append((f"how are things in the {region}", "region", region))
    for form in _GOODS:
        found += [(form.format(name if name != "COUPON" else f"'{name}'"), "goods", name) for name in CATEGORIES]
        found += [(form.format(name if name != "last month" else f"'{name}'"), "goods", f"p{place}") for place, name in enumerate(NAMES)]
    for form in _CAMPAIGNS:
        for campaign_id, (name, _, _) in CAMPAIGNS.items():
            spoken = f"活动{campaign_id}" if form[0] == "{" else f"campaign {campaign_id}"
            found += [(form.format(name), "campaign_id", campaign_id), (form.format(spoken), "campaign_id", campaign_id)]
    for form in _TIERS:
        found += [(form.format(tier), "audience", f"tier = '{tier}'") for tier in TIERS]
    return found
