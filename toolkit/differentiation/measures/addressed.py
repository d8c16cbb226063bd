"""Who may be addressed by an offer, and what is to be said of those who may not."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from toolkit.answer import Note
from toolkit.language import tr
from toolkit.ledger.history import contacted
from toolkit.scope.view import View


def addressable(view: View) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the members in scope who may be addressed (`member_code`), and how many may not: `barred`, `tired` (contacted too often)."""
    members = view.members
    allowed = members.filter(pl.col("contactable").fill_null(False)) if "contactable" in members.columns else members
    settings = view.settings.offers
    seen = contacted(view.workspace, view.as_of - timedelta(days=settings.rest_days - 1), view.as_of, as_of=view.as_of)
    tired = seen.filter(pl.col("contact_count") >= settings.most_contacts)
    rested = allowed.join(tired, on="member_id", how="anti", maintain_order="left")
    return rested.select("member_code"), {"barred": members.height - allowed.height, "tired": allowed.height - rested.height}


def length_note(view: View) -> str:
    """Return how long a campaign the figures speak of."""
    return view.say(
        "Figures are for a campaign as long as the period, {days} days; for a shorter one give its length, such as period=28.",
        days=view.period.days,
    )


def contact_notes(view: View, left_out: dict[str, int]) -> list[str | Note]:
    """Return who is not addressed, and why."""
    notes = list[str | Note]()
    if left_out["barred"]:
        notes.append(
            view.say("{n:member} who may not be contacted, or of whom the shop does not know, take no part.", n=left_out["barred"])
        )
    if left_out["tired"]:
        notes.append(
            view.say(
                "{n:member} contacted {offers.most_contacts} times or more in the last {offers.rest_days} days take no part (settings "
                "offers.most_contacts, offers.rest_days).",
                n=left_out["tired"],
            )
        )
    if not view.has_column("members", "contactable"):
        notes.append(tr("The members table has no `contactable` column: everybody is taken to be reachable."))
    return notes
