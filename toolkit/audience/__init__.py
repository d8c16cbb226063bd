"""Audiences: named members, kept as text in the workspace, with their size, sales, reach, overlaps, and their export."""

from toolkit.audience.audience import Audience
from toolkit.audience.export import Export, export_audience
from toolkit.audience.profile import Profile, Refreshed, overlaps, profile, refreshed
from toolkit.audience.saved import (
    as_audience,
    load_audience,
    members_of_scope,
    members_then,
    save_audience,
    saved_audiences,
    saved_names,
    view_of,
)
from toolkit.audience.selection import AudienceLike, read_selection
from toolkit.audience.words import in_words

__all__ = [
    "Audience",
    "AudienceLike",
    "Export",
    "Profile",
    "Refreshed",
    "as_audience",
    "export_audience",
    "in_words",
    "load_audience",
    "members_of_scope",
    "members_then",
    "overlaps",
    "profile",
    "read_selection",
    "refreshed",
    "save_audience",
    "saved_audiences",
    "saved_names",
    "view_of",
]
