"""Fitted models as text and back, figure for figure: what was learned once is read again the next day.

JSON and no pickle: a workspace that comes from elsewhere must not be able to run anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

from toolkit.models.btyd import BtydFit
from toolkit.models.calibration import Calibration
from toolkit.models.future_spend import SpendModel
from toolkit.models.gamma_gamma import GammaGammaFit
from toolkit.models.glm import Regression
from toolkit.models.lifetime_value import LifetimeModels
from toolkit.models.moving_days import YearBefore
from toolkit.models.next_purchase import PurchaseModel
from toolkit.models.reasons import Reason, Why
from toolkit.models.season import Season
from toolkit.models.trees import Trees

_KINDS: dict[str, Callable[..., Any]] = {
    kind.__name__: kind
    for kind in (
        BtydFit, Calibration, GammaGammaFit, LifetimeModels, PurchaseModel, Reason, Regression, Season, SpendModel, Trees, YearBefore,
    )
}  # fmt: skip


def fit_as_text(models: LifetimeModels | None) -> str:
    """Return models as JSON text.

    >>> read_fit(fit_as_text(None)) is None
    True
    """
    return json.dumps(_plain(models))


def read_fit(text: str) -> LifetimeModels | None:
    """Return the models that `fit_as_text` wrote: every figure is the same to the last bit."""
    return _whole(json.loads(text))


def _plain(thing: Any) -> Any:
    if is_dataclass(thing):
        return {"kind": type(thing).__name__, **{one.name: _plain(getattr(thing, one.name)) for one in fields(thing)}}
    if isinstance(thing, Why):
        return {"kind": "Why", "is": thing.name}
    if isinstance(thing, date):
        return {"kind": "date", "is": thing.isoformat()}
    if isinstance(thing, dict):
        return {"kind": "dict", "is": {name: _plain(one) for name, one in thing.items()}}
    if isinstance(thing, tuple | list):
        return [_plain(one) for one in thing]
    return thing.item() if hasattr(thing, "item") else thing  # of numpy's numbers the plain one


def _whole(plain: Any) -> Any:
    if isinstance(plain, list):
        return tuple(_whole(one) for one in plain)
    if not isinstance(plain, dict):
        return plain
    kind = plain["kind"]
    if kind == "Why":
        return Why[plain["is"]]
    if kind == "date":
        return date.fromisoformat(plain["is"])
    if kind == "dict":
        return {name: _whole(one) for name, one in plain["is"].items()}
    parts = {name: _whole(one) for name, one in plain.items() if name != "kind"}
    return Reason(parts["why"], **parts["figures"]) if kind == "Reason" else _KINDS[kind](**parts)
