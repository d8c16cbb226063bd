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

def activity(
    workspace: Workspace | str | Path,
    *,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def slipping(
    workspace: Workspace | str | Path,
    *,
    top: int = 100,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def loyalty(
    workspace: Workspace | str | Path,
    *,
    by: Literal['level', 'tier'] = 'level',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def drill(
    workspace: Workspace | str | Path,
    *,
    by: str | list[str] = 'value, stage',
    most: int = 8,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def gain_loss(
    workspace: Workspace | str | Path,
    *,
    by: Literal['members', 'category', 'store'] = 'members',
    against: str | None = None,
    members: str | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def cohorts(
    workspace: Workspace | str | Path,
    *,
    most_months: int = 24,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def paths(
    workspace: Workspace | str | Path,
    *,
    show: Literal['flow', 'node', 'route'] = 'flow',
    by: Literal['auto', 'category', 'department'] = 'auto',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def path_members(
    workspace: Workspace | str | Path,
    *,
    first: str = '',
    second: str = '',
    third: str = '',
    stopped: bool = False,
    entered_with: str = '',
    recent: bool = False,
    by: Literal['auto', 'category', 'department'] = 'auto',
    top: int = 100,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def entry_goods(
    workspace: Workspace | str | Path,
    *,
    by: Literal['category', 'department', 'product'] = 'category',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def why_low(
    workspace: Workspace | str | Path,
    *,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def guides(
    workspace: Workspace | str | Path,
    *,
    measure: Literal['came', 'sales'] = 'came',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def looked_not_bought(
    workspace: Workspace | str | Path,
    *,
    show: Literal['category', 'member'] = 'category',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def guide_tasks(
    workspace: Workspace | str | Path,
    *,
    per_day: int = 10,
    held_share: float = 0.1,
    seed: int = 0,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def losing_goods(
    workspace: Workspace | str | Path,
    *,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def lost_members(
    workspace: Workspace | str | Path,
    *,
    cause: Literal['any', 'goods', 'returns', 'feedback', 'services', 'stock', 'prices', 'store', 'deals'] = 'any',
    top: int = 100,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def due_again(
    workspace: Workspace | str | Path,
    *,
    show: Literal['member', 'good'] = 'member',
    by: Literal['category', 'product'] = 'category',
    good: str = '',
    top: int = 200,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def journey(
    workspace: Workspace | str | Path,
    *,
    show: Literal['funnel', 'last_touch', 'segment', 'joining'] = 'funnel',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def niches(
    workspace: Workspace | str | Path,
    *,
    niche: str = '',
    show: Literal['member', 'product'] = 'member',
    top: int = 500,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def buyers(
    workspace: Workspace | str | Path,
    *,
    goods: str | list[str] | None = None,
    without: str | list[str] | None = None,
    least_days: int = 1,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def core_members(
    workspace: Workspace | str | Path,
    *,
    members: str | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def core_goods(
    workspace: Workspace | str | Path,
    *,
    level: Literal['category', 'product'] = 'category',
    members: str | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def bought_together(
    workspace: Workspace | str | Path,
    *,
    level: Literal['category', 'product'] = 'category',
    goods: str | None = None,
    rank: Literal['volume', 'strength'] = 'volume',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def liked_together(
    workspace: Workspace | str | Path,
    *,
    level: Literal['category', 'product'] = 'category',
    goods: str | None = None,
    rank: Literal['volume', 'strength'] = 'volume',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def attach(
    workspace: Workspace | str | Path,
    *,
    goods: str = '',
    with_goods: str | None = None,
    by: Literal['goods', 'segment'] = 'goods',
    members: Literal['with', 'without'] | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def units_per_order(
    workspace: Workspace | str | Path,
    *,
    by: Literal['total', 'segment', 'store', 'hour'] = 'total',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def cross_shop(
    workspace: Workspace | str | Path,
    *,
    of: Literal['category', 'channel', 'store'] = 'category',
    first: str | None = None,
    second: str | None = None,
    third: str | None = None,
    members: str | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def decision_tree(
    workspace: Workspace | str | Path,
    *,
    category: str = '',
    by: Literal['product', 'name', 'brand'] = 'product',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def switching(
    workspace: Workspace | str | Path,
    *,
    category: str = '',
    by: Literal['product', 'name', 'brand'] = 'product',
    good: str = '',
    against: str | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def assortment(
    workspace: Workspace | str | Path,
    *,
    category: str = '',
    by: Literal['product', 'name', 'brand'] = 'product',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def new_product(
    workspace: Workspace | str | Path,
    *,
    good: str = '',
    show: Literal['source', 'trial'] = 'source',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def revenue_tree(
    workspace: Workspace | str | Path,
    *,
    against: str | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def heavy_light(
    workspace: Workspace | str | Path,
    *,
    category: str = '',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def distribution(
    workspace: Workspace | str | Path,
    *,
    category: str = '',
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...
