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

def agenda(
    workspace: Workspace | str | Path,
    *,
    top: int = 5,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def effect(
    workspace: Workspace | str | Path,
    *,
    campaign_id: str | int = '',
    outcome: Literal['amount', 'margin', 'orders', 'order_value', 'units', 'units_per_order', 'active'] = 'amount',
    by: Literal['estimator', 'outcome', 'segment', 'offer', 'method', 'touchpoint', 'store', 'category'] = 'estimator',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def money(
    workspace: Workspace | str | Path,
    *,
    campaign_id: str | int = '',
    by: Literal['total', 'category'] = 'total',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def verdict(
    workspace: Workspace | str | Path,
    *,
    campaign_id: str | int = '',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def checks(
    workspace: Workspace | str | Path,
    *,
    campaign_id: str | int = '',
    outcome: Literal['amount', 'margin', 'orders', 'order_value', 'units', 'units_per_order', 'active'] = 'amount',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def migration(
    workspace: Workspace | str | Path,
    *,
    campaign_id: str | int = '',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def habits_after(
    workspace: Workspace | str | Path,
    *,
    campaign_id: str | int = '',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def process(
    workspace: Workspace | str | Path,
    *,
    campaign_id: str | int = '',
    by: Literal['day', 'store', 'touchpoint'] = 'day',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def wall(
    workspace: Workspace | str | Path,
    *,
    by: Literal['hour', 'store'] = 'hour',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def goals(
    workspace: Workspace | str | Path,
    *,
    month: str | None = None,
    show: Literal['goals', 'gap'] = 'goals',
    metric: Literal['sales', 'member_sales', 'member_sales_share', 'orders', 'order_value', 'units_per_order', 'units', 'sales_per_member', 'orders_per_member', 'visits_per_member', 'margin', 'margin_share', 'returns', 'return_share', 'discount_share', 'members', 'first_time_members', 'buyers', 'repeat_rate', 'active_members', 'active_share', 'lapsing_members', 'lapsed_members', 'goods_sold', 'goods_sold_share'] | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def alerts(
    workspace: Workspace | str | Path,
    *,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def guide_calls(
    workspace: Workspace | str | Path,
    *,
    by: Literal['all', 'reason', 'guide'] = 'all',
    measure: Literal['sales', 'came'] = 'sales',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def sales_targets(
    workspace: Workspace | str | Path,
    *,
    month: str | None = None,
    by: Literal['drivers', 'members', 'months'] = 'drivers',
    against: Literal['year', 'month'] | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def lessons(
    workspace: Workspace | str | Path,
    *,
    by: Literal['method', 'segment', 'category'] = 'segment',
    outcome: Literal['amount', 'margin', 'orders'] = 'amount',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def programme(
    workspace: Workspace | str | Path,
    *,
    by: Literal['campaign', 'contacts'] = 'campaign',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def tier_effect(
    workspace: Workspace | str | Path,
    *,
    tier: str | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...
