# Written by toolkit/stubs.py from the registry: after a change of a question, make stubs.
# fmt: off
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from toolkit.answer import Answer
from toolkit.audience import AudienceLike
from toolkit.ledger.definition import Definition
from toolkit.settings import Settings
from toolkit.workspace import Workspace
from typing import Any
from typing import Literal

def industry_profile(
    workspace: Workspace | str | Path,
    *,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def matrix(
    workspace: Workspace | str | Path,
    *,
    lifecycle: bool = False,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def full_reduction(
    workspace: Workspace | str | Path,
    *,
    thresholds: str | float | list[float] = '',
    reductions: str | float | list[float] = '',
    repeat: Literal['once', 'every'] = 'once',
    budget: float | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def coupon(
    workspace: Workspace | str | Path,
    *,
    value: str | float | list[float] = '',
    minimum: str | float | list[float] = '',
    reach: float = 1.0,
    budget: float | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def discount(
    workspace: Workspace | str | Path,
    *,
    depth: float = 0.1,
    category: str = '',
    top: int = 30,
    budget: float | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def member_day(
    workspace: Workspace | str | Path,
    *,
    weekday: str = '',
    depth: float = 0.1,
    every_weeks: int = 1,
    budget: float | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def service(
    workspace: Workspace | str | Path,
    *,
    touch: Literal['due', 'after_sale'] = 'due',
    trade_in: float = 0.0,
    category: str = '',
    budget: float | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def nth_piece(
    workspace: Workspace | str | Path,
    *,
    nth: int = 2,
    depth: float = 0.5,
    category: str = '',
    top: int = 30,
    budget: float | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def bundle(
    workspace: Workspace | str | Path,
    *,
    goods: str | list[str] = '',
    price: str | float | list[float] = '',
    depth: float = 0.1,
    top: int = 30,
    budget: float | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def gift(
    workspace: Workspace | str | Path,
    *,
    threshold: str | float | list[float] = '',
    value: str | float | list[float] = '',
    product: str = '',
    budget: float | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def extra_points(
    workspace: Workspace | str | Path,
    *,
    times: str | float | list[float] = '2, 3',
    budget: float | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def welcome_gift(
    workspace: Workspace | str | Path,
    *,
    value: str | float | list[float] = '',
    minimum: str | float | list[float] = '',
    budget: float | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def referral_reward(
    workspace: Workspace | str | Path,
    *,
    value: str | float | list[float] = '',
    newcomer: float = 0.0,
    budget: float | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def offers(
    workspace: Workspace | str | Path,
    *,
    compare: str | list[str] = '',
    budget: float | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def allocate(
    workspace: Workspace | str | Path,
    *,
    budget: float,
    candidates: str | list[str] = '',
    most_contacts: int | None = None,
    seed: int = 0,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def goods_for(
    workspace: Workspace | str | Path,
    *,
    purpose: Literal['win_back', 'trade_up', 'add_one_more', 'clear_stock', 'launch'] = 'add_one_more',
    level: Literal['category', 'product'] = 'category',
    top: int = 30,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def next_best(
    workspace: Workspace | str | Path,
    *,
    member_id: str | int | None = None,
    top: int = 100,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def holdout(
    workspace: Workspace | str | Path,
    *,
    control_share: float = 0.2,
    days: int = 28,
    lift: float = 0.05,
    shares: Sequence[float] = (0.05, 0.1, 0.2, 0.3, 0.5),
    lengths: Sequence[int] = (7, 14, 28, 56, 91),
    members: int | None = None,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def global_control(
    workspace: Workspace | str | Path,
    *,
    try_share: float | None = None,
    lift: float = 0.05,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def plan(
    workspace: Workspace | str | Path,
    *,
    campaign: str | dict[str, Any] | Definition,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...

def replay_rules(
    workspace: Workspace | str | Path,
    *,
    tier: str = '',
    threshold: float = 0.0,
    rate: float = 1.0,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Answer: ...
