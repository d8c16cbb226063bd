"""A choice as the query of an address, and back: a view can be bookmarked, mailed, and returned to with the browser's own Back."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from toolkit.apps.pages.choice import SCOPE_FIELDS, Choice
from toolkit.registry import all_questions

_OWN = "own."
LONGEST = 8_000
"""Characters of a query that every browser and proxy takes; a longer view is not kept in the address."""


def query_of(choice: Choice, start: Choice) -> str:
    """Return what differs from how the app opens, as a query; '' = nothing, or more than an address holds.

    >>> query_of(Choice(store_id="367", own={"by": "hour"}), Choice())
    'store_id=367&own.by=hour'
    """
    given = [("question", choice.question)] if choice.question != start.question else []
    given += [(name, getattr(choice, name)) for name in SCOPE_FIELDS if getattr(choice, name) != getattr(start, name)]
    given += [(f"{_OWN}{name}", value) for name, value in choice.own.items()]
    given += [("against", choice.against)] if choice.against else []
    query = urlencode(given)
    return query if len(query) <= LONGEST else ""


def choice_of(query: str, start: Choice) -> Choice:
    """Return the choice that a query stands for. What no app writes is left out; what a person got wrong is told by the blockers.

    >>> choice_of("?store_id=367&own.by=hour&token=x", Choice()).own
    {'by': 'hour'}
    """
    given = dict(parse_qsl(query.lstrip("?")[:LONGEST], keep_blank_values=True))
    own = {name.removeprefix(_OWN): value for name, value in given.items() if name.startswith(_OWN) and value}
    known = {question.name for question in all_questions()}
    question = given.get("question", start.question)
    scope = {name: str(given.get(name, getattr(start, name))) for name in SCOPE_FIELDS}
    return Choice(
        question=question if question in known else start.question, own=own if own else start.own, against=given.get("against", ""), **scope
    )
