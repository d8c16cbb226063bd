"""Which campaign is meant where a time is named and no campaign: those that ran then."""

from __future__ import annotations

from typing import Any

import polars as pl

from toolkit.conversation.parameters import Filled
from toolkit.conversation.pieces import Taken
from toolkit.language import tr
from toolkit.ledger.campaigns import known_campaigns
from toolkit.workspace import Workspace


def campaign_of(taken: Taken, made: Filled, ws: Workspace) -> list[dict[str, Any]] | str:
    """Return the parameters once for each campaign that began in the time that a sentence names; a sentence where none did.

    Empty where no time is named: the question then takes the campaign that it takes by itself.
    """
    times = taken.islands("period", "since")
    if not times:
        return []
    span = times[0].value
    rest = {name: value for name, value in made.given.items() if name != "period"}
    known = known_campaigns(ws)
    began = known.filter(pl.col("starts_on").is_between(span.start, span.end))
    ran = began if began.height else known.filter((pl.col("starts_on") <= span.end) & (pl.col("ends_on") >= span.start))
    if ran.is_empty():
        return tr("No campaign ran from {start} to {end}.", start=span.start, end=span.end)
    return [{**rest, "campaign_id": campaign_id} for campaign_id in ran["campaign_id"].tail(4)]
