"""Amounts of an offer: read from what a person typed, or proposed from the audience's own baskets."""

from __future__ import annotations

import math
from collections.abc import Sequence

import polars as pl

from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.scope.view import View

MOST_AMOUNTS = 30
DEPTH_BP = 1_000
"""Depth of the offers that are proposed: a tenth, the depth for which offers.response_share is stated."""
_MOST_MONEY = 10**12
_ROUND = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
Amounts = str | float | Sequence[float]
"""One amount, a list, or text such as "30, 60, 100"; empty = proposed."""


def read_amounts(given: Amounts, name: str, view: View, *, zero: bool = False) -> list[int]:
    """Return amounts in minor units, sorted, each once; empty where none was given. `zero` allows 0.

    Raises
    ------
    BadValue
        Something is no number, not above 0, finer than the currency, or too many came; all faults are named.
    """
    parts = (
        [part.strip() for part in given.split(",")] if isinstance(given, str) else list(given) if isinstance(given, Sequence) else [given]
    )
    faults, amounts = list[str](), set[int]()
    for part in parts:
        if part == "" and len(parts) == 1:
            return []
        try:
            amount = float(part)
        except ValueError:
            faults.append(view.say("{name}: '{part}' is no number; amounts such as 30 or '30, 60, 100' were needed.", name=name, part=part))
            continue
        minor = amount * view.minor_units
        if zero and amount == 0:
            amounts.add(0)
        elif not (math.isfinite(amount) and amount > 0):
            faults.append(
                view.say("{name}: {part} came; an amount [zero?of 0 or more|above 0] was needed.", name=name, part=str(part), zero=zero)
            )
        elif amount > 1e9:
            faults.append(
                view.say("{name}: {part} is more than any basket; an amount up to 1,000,000,000 was needed.", name=name, part=str(part))
            )
        elif abs(minor - round(minor)) > 1e-6 or round(minor) < 1:
            faults.append(
                view.say(
                    "{name}: {part} is finer than the currency's smallest unit ({unit:g} {currency}).",
                    name=name, part=str(part), unit=1 / view.minor_units,
                )
            )  # fmt: skip
        else:
            amounts.add(round(minor))
    if len(parts) > MOST_AMOUNTS:
        faults.append(view.say("{name}: {count} amounts came; at most {most} fit a grid.", name=name, count=len(parts), most=MOST_AMOUNTS))
    if faults:
        raise BadValue("\n".join(faults))
    return sorted(amounts)


def read_share(given: float, name: str, *, most: float = 1.0) -> int:
    """Return a share above 0 and below (or at) `most` in basis points.

    Raises
    ------
    BadValue
        It is not.
    """
    if not (math.isfinite(given) and 0 < given <= most):
        hint = tr(" For {percent:g}% type {share:g}.", percent=given, share=given / 100) if 1 < given <= 100 else ""
        raise BadValue(
            tr(
                "{name} is {given:g}; a share above 0 and up to {most:g} was needed, such as 0.1 for 10%.{hint}",
                name=name,
                given=given,
                most=most,
                hint=hint,
            )
        )
    return round(given * 10_000)


def read_budget(given: float | None, name: str) -> float | None:
    """Return the budget, in currency units.

    Raises
    ------
    BadValue
        A budget of nothing, or one that is no amount or more than any shop has.
    """
    if given is not None and math.isfinite(given) and given > _MOST_MONEY:
        raise BadValue(
            tr("{name}: the budget is {given:g}; an amount up to {most:,} was needed.", name=name, given=given, most=_MOST_MONEY)
        )
    if given is not None and not (math.isfinite(given) and given > 0):
        raise BadValue(
            tr(
                "{name}: the budget is {given:g}; with nothing to spend there is nothing to choose. Give an amount above 0.",
                name=name,
                given=given,
            )
        )
    return given


def round_amount(minor: float) -> int:
    """Return a round amount near `minor` minor units, at least 1.

    >>> round_amount(5_741), round_amount(0.3)
    (6000, 1)
    """
    if minor <= 1:
        return 1
    size = 10.0 ** math.floor(math.log10(minor))
    return max(1, round(size * min(_ROUND, key=lambda step: abs(math.log(step * size / minor)))))


def proposed_thresholds(amounts: pl.Series, count: int) -> list[int]:
    """Return up to `count` round thresholds over the baskets (minor units): from a quarter below to one in twenty above."""
    ranks = [0.25 + 0.7 * place / max(count - 1, 1) for place in range(count)]
    return sorted({round_amount(float(amounts.quantile(rank, "nearest") or 1)) for rank in ranks})


def proposed_reductions(thresholds: Sequence[int], count: int) -> list[int]:
    """Return up to `count` round reductions: from 5% to 25% of the middle threshold."""
    middle = sorted(thresholds)[len(thresholds) // 2]
    return sorted({round_amount(middle * (0.05 + 0.2 * place / max(count - 1, 1))) for place in range(count)})


def tenths_off(amounts: pl.Series, count: int) -> list[tuple[int, int]]:
    """Return up to `count` pairs of a proposed threshold and a round tenth of it that is below it (minor units)."""
    pairs = [(limit, round_amount(limit / 10)) for limit in proposed_thresholds(amounts, count)]
    return [(limit, saving) for limit, saving in pairs if saving < limit]
