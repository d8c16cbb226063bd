"""Which campaign is meant where a time is named and no campaign: those that ran then."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from toolkit.conversation.parameters import Filled
from toolkit.conversation.pieces import Taken
from toolkit.language import tr
from toolkit.ledger.campaigns import known_campaigns
from toolkit.workspace import Workspace

_MOST = 4
_THE_LAST = re.compile(
    r"\b(last|latest|most recent|recent|previous|past|running|current|ongoing|this|now|today|just)\b"
    r"|上次|上一|最近|刚|当前|这次|本次|正在|现在|目前|进行中"
)
"""Words that say which campaign: the one that ran last."""


def campaign_of(taken: Taken, made: Filled, ws: Workspace) -> list[dict[str, Any]] | str:
    """Return the parameters once for each campaign that began in the time that a sentence names; a sentence where none did.

    Where no time is named, the latest ones are to choose from; empty where the last one is meant, which a question takes by itself.
    """
    times = taken.islands("period", "since")
    known = known_campaigns(ws)
    rest = {name: value for name, value in made.given.items() if name != "period"}
    if not times:
        if _THE_LAST.search(taken.sentence.low):
            return []
        return [{**rest, "campaign_id": campaign_id} for campaign_id in known["campaign_id"].tail(_MOST)]
    span = times[0].value
    began = known.filter(pl.col("starts_on").is_between(span.start, span.end))
    ran = began if began.height else known.filter((pl.col("starts_on") <= span.end) & (pl.col("ends_on") >= span.start))
    if ran.is_empty():
        return tr("No campaign ran from {start} to {end}.", start=span.start, end=span.end)
    return [{**rest, "campaign_id": campaign_id} for campaign_id in ran["campaign_id"].tail(_MOST)]
