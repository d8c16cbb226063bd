"""Tables of members that leave as frames, which carry no notes: who may have them, that it is on record, and what is to be known."""

from __future__ import annotations

import warnings

import polars as pl

from toolkit.audit import record
from toolkit.disk import told_in_words
from toolkit.edits import edit_notes
from toolkit.roles import DOCUMENT, require_role
from toolkit.workspace import Workspace


@told_in_words
def handed_out(ws: Workspace, frame: pl.DataFrame, what: str) -> pl.DataFrame:
    """Return a table of members to who may have it.

    Where people have roles (documents/roles.toml), the audit log says who took how many. Documents that were changed by hand are a
    `UserWarning`, since a frame has no notes.

    Raises
    ------
    NotAllowed
        Who asks may see figures alone.
    """
    require_role(ws, "marketer", what)
    if ws.document(DOCUMENT):
        record(ws.path, "took members", members=frame.height, columns=frame.columns)
    for note in edit_notes(ws.path):
        warnings.warn(note, stacklevel=3)
    return frame
