# Written by toolkit/stubs.py from the registry: after a change of a question, make stubs.
# fmt: off
from datetime import date
from pathlib import Path
from toolkit.answer import Answer
from toolkit.audience import AudienceLike
from toolkit.settings import Settings
from toolkit.workspace import Workspace
from typing import Any
from typing import Literal
from toolkit.portrait.rfm import rfm_scores as rfm_scores
from toolkit.portrait.measures.scorecard import save_scorecard as save_scorecard
from toolkit.portrait.traits import traits as traits

def overview(
    workspace: Workspace | str | Path,
    *,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def scoreboard(
    workspace: Workspace | str | Path,
    *,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def figure(
    workspace: Workspace | str | Path,
    *,
    metric: Literal['sales', 'member_sales', 'member_sales_share', 'orders', 'order_value', 'units_per_order', 'units', 'sales_per_member', 'orders_per_member', 'visits_per_member', 'margin', 'margin_share', 'returns', 'return_share', 'discount_share', 'members', 'first_time_members', 'buyers', 'repeat_rate', 'active_members', 'active_share', 'lapsing_members', 'lapsed_members', 'goods_sold', 'goods_sold_share'] = 'sales',
    by: Literal['total', 'day', 'week', 'month', 'quarter', 'year', 'store', 'region', 'category', 'tier', 'segment', 'channel'] = 'total',
    against: str | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def why(
    workspace: Workspace | str | Path,
    *,
    metric: Literal['sales', 'member_sales', 'orders', 'order_value', 'units', 'margin', 'returns'] = 'sales',
    by: Literal['driver', 'store', 'region', 'category', 'tier', 'segment', 'channel'] = 'driver',
    against: str | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def rfm(
    workspace: Workspace | str | Path,
    *,
    show: Literal['grid', 'scores'] = 'grid',
    segment_map: str | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def segments(
    workspace: Workspace | str | Path,
    *,
    segment_map: str | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def movement(
    workspace: Workspace | str | Path,
    *,
    since: date | str | None = None,
    segment_map: str | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def contribution(
    workspace: Workspace | str | Path,
    *,
    by: Literal['decile', 'heavy', 'orders', 'attach', 'loyal', 'tier', 'members'] = 'decile',
    measure: Literal['sales', 'margin'] = 'sales',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def pareto(
    workspace: Workspace | str | Path,
    *,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def quadrants(
    workspace: Workspace | str | Path,
    *,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def spending_power(
    workspace: Workspace | str | Path,
    *,
    by: Literal['spend_per_month', 'order_value', 'price_tier'] = 'spend_per_month',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def price_sensitivity(
    workspace: Workspace | str | Path,
    *,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def habits(
    workspace: Workspace | str | Path,
    *,
    by: Literal['when'] | Literal['channel', 'weekday', 'hour', 'store', 'category'] | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def lifecycle(
    workspace: Workspace | str | Path,
    *,
    since: date | str | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def personas(
    workspace: Workspace | str | Path,
    *,
    by: Literal['persona', 'taste', 'group'] = 'persona',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def lifetime_value(
    workspace: Workspace | str | Path,
    *,
    by: Literal['decile', 'segment', 'stage'] = 'decile',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def stores(
    workspace: Workspace | str | Path,
    *,
    by: Literal['store', 'region'] = 'store',
    rank_by: Literal['sales', 'sales_change', 'active_share', 'repeat_rate', 'order_value', 'units_per_order', 'member_sales_share'] = 'sales',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def member(
    workspace: Workspace | str | Path,
    *,
    member_id: str | int,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def joiners(
    workspace: Workspace | str | Path,
    *,
    by: Literal['store', 'channel', 'campaign', 'referrer', 'month'] = 'channel',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def card_share(
    workspace: Workspace | str | Path,
    *,
    by: Literal['store', 'month', 'guide'] = 'store',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def referrals(
    workspace: Workspace | str | Path,
    *,
    show: Literal['generation', 'referrer'] = 'generation',
    top: int = 100,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def funnel_to_member(
    workspace: Workspace | str | Path,
    *,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def tiers(
    workspace: Workspace | str | Path,
    *,
    show: Literal['tier', 'near', 'falls'] = 'tier',
    top: int = 100,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def points(
    workspace: Workspace | str | Path,
    *,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def benefits(
    workspace: Workspace | str | Path,
    *,
    by: Literal['benefit', 'tier', 'month'] = 'benefit',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def paid_membership(
    workspace: Workspace | str | Path,
    *,
    show: Literal['term', 'length', 'month', 'member'] = 'term',
    top: int = 100,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def stored_value(
    workspace: Workspace | str | Path,
    *,
    show: Literal['part', 'age', 'month', 'dormant', 'below'] = 'part',
    top: int = 100,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...
