"""What can go wrong, in words a person can act on.

Every error that reaches a user is a `ToolkitError`. Its text is one sentence (or one per fault) that says where, what was needed, what
came and what to do. The command line prints it without a traceback and ends with exit code 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from toolkit import language
from toolkit.language import is_text, later, plain, tr

LONGEST_LINE = 1_000
"""Characters of a line of a message: longer ones echo what came, and nobody reads a page of it."""
MOST_LINES = 40
"""Lines of a message, which lists all faults of an input."""


def shorten(text: str, most: int = 80) -> str:
    """Return what came as a message quotes it: its middle left out where it is longer than `most`, and how long it was.

    >>> shorten("tea " * 1000, 24)
    'tea tea tea ... tea (4,000 characters)'
    """
    said = plain(text)
    if len(said) <= most:
        return said
    return tr(
        "{start} ... {end} ({length:,} characters)",
        start=said[: most * 2 // 3 - 4].rstrip(),
        end=said[-(most // 4) :].strip(),
        length=len(said),
    )


def quoted(value: object, most: int = 100) -> str:
    """Return a value that came as Python writes it, shortened; a whole number of some thousand digits Python refuses to write.

    >>> quoted("tea"), quoted(10**5000)
    ("'tea'", 'a number beyond all bounds')
    """
    try:
        return shorten(repr(value), most)
    except ValueError:
        return tr("a number beyond all bounds")


class ToolkitError(Exception):
    """Base of all errors that are meant for a person: nothing in it moves a terminal's cursor, and no line of it is without end."""

    def __init__(self, sentence: str = "") -> None:
        lines = plain(str(sentence)).split("\n")
        more = [tr("... and {faults:,} more like these.", faults=len(lines) - MOST_LINES)] if len(lines) > MOST_LINES else []
        super().__init__("\n".join([*(shorten(line, LONGEST_LINE) for line in lines[:MOST_LINES]), *more]))

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the sentence alone. Where it was raised helps nobody but us; `sys.last_traceback` has it."""
        return [f"{type(self).__name__}: {self}"]


def checked_text(text: str, name: str) -> str:
    """Return a text that was given as `name`, if it can be written down at all: half of a character (a lone surrogate) cannot.

    Raises: `BadValue`.
    """
    if not is_text(text):
        raise BadValue(
            tr(
                "{name} is {text}, which has half of a character in it: give text that can be written.",
                name=name,
                text=shorten(ascii(text)),
            )
        )
    return text


class MappingError(ToolkitError):
    """The mapping file does not describe the receipts that were found."""


class DataError(ToolkitError):
    """The data cannot be used as it is: a missing column, a table without rows, an impossible value."""


class ImportRefused(ToolkitError):
    """The import would lose receipts that the workspace already holds, or bring those of `sources` a second time."""

    def __init__(self, sentence: str, sources: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.sources = sources


class WorkspaceError(ToolkitError):
    """The folder is no workspace, is from a newer version, is locked, or is damaged."""


class StateMoved(WorkspaceError):
    """What was being read was replaced by newer receipts: the same question has an answer from the new state."""


class UnknownName(ToolkitError):
    """A question, parameter, column, store or setting that does not exist."""


class BadValue(ToolkitError):
    """A parameter or setting whose value is out of its range or of another type."""


class NameTaken(BadValue):
    """A name that is in use already; what stands there is kept."""


class NotAllowed(ToolkitError):
    """The role of who is at work does not hold it (`toolkit.roles`)."""


class OwnQuestionFailed(ToolkitError):
    """A question of a shop's own raised something that is no sentence, or gave what is no answer."""


class TooFewMembers(ToolkitError):
    """A scope with fewer members than may be spoken of (the minimum n)."""


def require_rows(name: str, top: int) -> None:
    """Refuse a number of rows below 0; `name` is the question that was asked.

    Raises
    ------
    BadValue
        It is below 0.
    """
    if top < 0:
        raise BadValue(tr("{name}: top is {top}; a number of rows was needed, or 0 for all.", name=name, top=top))


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
    names, word = sorted(str(name) for name in known), shorten(word)
    near = nearest(word, names)
    guess = tr("; did you mean '{near}'?", near=near[0]) if near else tr(".")
    listed = tr(" Known: {names}.", names=tr(", ").join([*names[:30], *["..."] * (len(names) > 30)])) if names else ""
    if where:
        return UnknownName(tr("{where} has no {what} '{word}'", where=where, what=language.word(what), word=word) + guess + listed)
    return UnknownName(tr("There is no {what} '{word}'", what=language.word(what), word=word) + guess + listed)


_NEEDED = {
    "greater_than": later("a value over {gt} was needed"),
    "greater_than_equal": later("a value of {ge} or more was needed"),
    "less_than": later("a value under {lt} was needed"),
    "less_than_equal": later("a value of {le} or less was needed"),
    "finite_number": later("a finite number was needed"),
    "literal_error": later("one of {expected} was needed"),
    "string_too_short": later("a text of {min_length} or more characters was needed"),
    "string_too_long": later("a text of {max_length} or fewer characters was needed"),
    "too_short": later("{min_length} or more values were needed"),
    "too_long": later("{max_length} or fewer values were needed"),
    "missing": later("a value was needed"),
    "extra_forbidden": later("there is no such key"),
    "int": later("a whole number was needed"),
    "float": later("a number was needed"),
    "bool": later("yes or no (true or false) was needed"),
    "string": later("a text was needed"),
    "date": later("a day as YYYY-MM-DD was needed"),
    "datetime": later("a time as YYYY-MM-DD hh:mm was needed"),
    "list": later("a list was needed"),
    "tuple": later("a list was needed"),
    "dict": later("a table of names and values was needed"),
    "mapping": later("a table of names and values was needed"),
    "model": later("a table of names and values was needed"),
}
"""What a model of ours asked for, by pydantic's type of the error, or by the first word of it (`int_parsing`, `int_type`)."""


def fault_words(fault: Mapping[str, Any]) -> str:
    """Return in words what was needed, from an error of pydantic's (an item of `ValidationError.errors()`): part of a sentence.

    A kind of error that has no words of ours keeps pydantic's, in English.

    >>> fault_words({"type": "greater_than_equal", "ctx": {"ge": 1.0}, "msg": "Input should be greater than or equal to 1"})
    'a value of 1 or more was needed'
    """
    context = fault.get("ctx") or {}
    if fault["type"] == "value_error":  # raised by a validator of ours, in its own words
        return str(context.get("error", fault["msg"]))
    words = _NEEDED.get(fault["type"]) or _NEEDED.get(fault["type"].split("_")[0])
    if words is None:
        return fault["msg"][:1].lower() + fault["msg"][1:]
    shown = {name: f"{value:g}" if isinstance(value, float) else value for name, value in context.items()}
    if "expected" in shown:
        shown["expected"] = str(shown["expected"]).replace(" or ", ", ").replace(", ", tr(", "))
    return tr(words, **shown)
