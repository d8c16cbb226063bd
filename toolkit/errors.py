"""What can go wrong, in words a person can act on.

Every error that reaches a user is a `ToolkitError`. Its text is one sentence (or one per fault) that says where, what was needed, what
came and what to do. The command line prints it without a traceback and ends with exit code 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from toolkit import language
from toolkit.language import tr


class ToolkitError(Exception):
    """Base of all errors that are meant for a person."""


class MappingError(ToolkitError):
    """The mapping file does not describe the receipts that were found."""


class DataError(ToolkitError):
    """The data cannot be used as it is: a missing column, a table without rows, an impossible value."""


class ImportRefused(ToolkitError):
    """The import would lose receipts that the workspace already holds."""


class WorkspaceError(ToolkitError):
    """The folder is no workspace, is from a newer version, is locked, or is damaged."""


class UnknownName(ToolkitError):
    """A question, parameter, column, store or setting that does not exist."""


class BadValue(ToolkitError):
    """A parameter or setting whose value is out of its range or of another type."""


class NameTaken(BadValue):
    """A name that is in use already; what stands there is kept."""


class TooFewMembers(ToolkitError):
    """A scope with fewer members than may be spoken of (the minimum n)."""


def nearest(word: str, known: Iterable[object], *, most: int = 1) -> list[str]:
    """Return the known names that look like `word`, nearest first.

    >>> nearest("stroe_id", ["store_id", "region"])
    ['store_id']
    """
    names = [str(name) for name in known]
    folded = {name.casefold(): name for name in names}
    return [folded[match] for match in get_close_matches(word.casefold(), list(folded), n=most, cutoff=0.6)]


def unknown_name(what: str, word: str, known: Iterable[object], *, where: str = "") -> UnknownName:
    """Build the sentence for a name that does not exist, with the nearest one that does.

    >>> print(unknown_name("parameter", "stroe_id", ["store_id", "region"], where="portrait.rfm"))
    portrait.rfm has no parameter 'stroe_id'; did you mean 'store_id'? Known: region, store_id.
    """
    names = sorted(str(name) for name in known)
    near = nearest(word, names)
    guess = tr("; did you mean '{near}'?", near=near[0]) if near else tr(".")
    listed = tr(" Known: {names}.", names=", ".join(names[:30]) + (", ..." if len(names) > 30 else "")) if names else ""
    if where:
        return UnknownName(tr("{where} has no {what} '{word}'", where=where, what=language.word(what), word=word) + guess + listed)
    return UnknownName(tr("There is no {what} '{word}'", what=language.word(what), word=word) + guess + listed)
