"""The state of an app, with no widgets: what is chosen, what stands in the way, and what the answer is.

`answer_of` is the one function from a choice to an `Answer` or a sentence. `State` keeps the choice and the result and tells observers
when they change; a view only links to it, and the tests need no browser.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import traitlets

from toolkit.answer import Answer
from toolkit.apps.pages.access_log import tell_asked
from toolkit.apps.pages.choice import SCOPE_FIELDS, START, Choice
from toolkit.apps.pages.controls import controls_of, in_words
from toolkit.apps.pages.debounce import Soon
from toolkit.audience.viewers import is_viewer
from toolkit.conversation import Call, Dialogue, ToAnswer, Understood, interpret
from toolkit.conversation.wording import understood_as
from toolkit.errors import ToolkitError, nearest
from toolkit.language import tr, word
from toolkit.registry import find_question
from toolkit.scope.period import read_period
from toolkit.scope.view import checked_as_of, chosen_members, open_view
from toolkit.workspace import Workspace

NARROWED = ("segment", "stage", "spending_power", "promo_level", "store_id")
"""Columns of an answer whose values name members: a mark of its chart can be clicked into."""


@dataclass(frozen=True)
class Shop:
    """What the controls of an app need to know of a workspace.

    Attributes
    ----------
    path
        The folder.
    first_day, last_day
        Of the receipts.
    stores
        Id and label of every store, by id.
    regions
        Names; empty if the stores table has none.
    period_days
        Length of the window of sales figures unless another is chosen.
    written_at
        When the workspace was last written; another time means that all of this is old (`fresh`).
    members
        One row per member as a person reads it (`mart.readable`), as of the last day: what an audience speaks about.
    """

    path: Path
    first_day: date
    last_day: date
    stores: Mapping[str, str]
    regions: tuple[str, ...]
    period_days: int
    written_at: int
    members: pl.DataFrame


def read_shop(path: str | Path) -> Shop:
    """Return what the controls need to know of the workspace at `path`.

    Raises
    ------
    WorkspaceError
        No workspace is there.
    DataError
        It has no receipts yet.
    """
    ws = Workspace(path)
    written_at = ws.written_at()
    view = open_view(ws)
    stores = {
        row["store_id"]: f"{row['store_id']}  {row['store_name']}" if row["store_name"] else row["store_id"]
        for row in view.stores.iter_rows(named=True)
    }
    regions = tuple(view.stores["region"].drop_nulls().unique().sort().to_list())
    return Shop(Path(path), view.first_day, view.as_of, stores, regions, view.period.days, written_at, view.readable)


def fresh(shop: Shop) -> Shop:
    """Return the shop as it is now: itself unless receipts came in since it was read."""
    return shop if Workspace(shop.path).written_at() == shop.written_at else read_shop(shop.path)


def blockers(shop: Shop, choice: Choice) -> tuple[str, ...]:
    """Return everything that stands in the way of an answer, each a sentence that says what to do; empty = nothing does."""
    return tuple(_blockers(shop, choice))


def _blockers(shop: Shop, choice: Choice) -> Iterator[str]:
    scope = choice.scope
    if "store_id" in scope and scope["store_id"] not in shop.stores:
        yield tr("There is no store “{store_id}”.{guess}", store_id=scope["store_id"], guess=_guess(scope["store_id"], shop.stores))
    if "region" in scope and scope["region"] not in shop.regions:
        yield tr("There is no region “{region}”.{guess}", region=scope["region"], guess=_guess(scope["region"], shop.regions))
    if "store_id" in scope and "region" in scope:
        yield tr("Choose a store or a region, not both: empty one of them.")
    day = shop.last_day
    try:
        day = checked_as_of(Workspace(shop.path), scope.get("as_of"))
        read_period(scope.get("period"), day, default_days=1)
    except ToolkitError as error:
        yield in_words(str(error), START, fault=True)
    if "audience" in scope:
        try:
            view = open_view(Workspace(shop.path))
            inside = chosen_members(scope["audience"], view)
            if (
                "as_of" not in scope and not inside.any() and not is_viewer(view)
            ):  # of an earlier day these members say nothing: the question itself will
                yield tr(
                    "Nobody is in the audience “{audience}”: widen it, or empty the field to speak of all members.",
                    audience=scope["audience"],
                )
        except ToolkitError as error:
            yield str(error)
    try:
        controls = {control.name: control for control in controls_of(find_question(choice.question))}
    except ToolkitError as error:
        yield str(error)
        return
    for name, control in controls.items():
        fault = control.fault(str(choice.own.get(name, "")))
        if fault:
            yield fault
    for name in choice.own:
        if name not in controls:
            yield tr("This question has no setting “{name}”: reset, and choose again.", name=name)


def _guess(word: str, known: Any) -> str:
    near = nearest(word, known, most=3)
    return (
        tr(" Did you mean {near}?", near=tr(" or ").join(near))
        if near
        else tr(" Choose one from the list, or empty the field for the whole chain.")
    )


def answer_of(shop: Shop, choice: Choice) -> Answer | str:
    """Return the answer to a choice, or the sentence that says why there is none. Reads the workspace afresh; changes nothing."""
    standing = blockers(shop, choice)
    if standing:
        return "\n".join(standing)
    tell_asked(choice.question, choice.given)
    try:
        return find_question(choice.question)(Workspace(shop.path), **choice.given)
    except ToolkitError as error:
        return "\n".join(in_words(line, choice.question, fault=True) for line in str(error).splitlines())


class State(traitlets.HasTraits):
    """The choice and its result; observers are told when one of them changes.

    With `asked=False` nothing is worked out before `ask_first` (or any other move): `result` is None until then.

    Example
    -------
    >>> state = State("demo/workspace")
    >>> state.change(store_id="367"); state.result.headline
    """

    shop: Shop = traitlets.Instance(Shop)  # type: ignore[assignment]
    choice: Choice = traitlets.Instance(Choice)  # type: ignore[assignment]
    result: Answer | str | None = traitlets.Any(None)  # type: ignore[assignment]
    beside: Answer | str | None = traitlets.Any(None)  # type: ignore[assignment]
    busy: bool = traitlets.Bool(False)  # type: ignore[assignment]
    understood: Understood | None = traitlets.Any(None)  # type: ignore[assignment]
    meant: tuple[Call, ...] = traitlets.Any(())  # type: ignore[assignment]

    def __init__(self, workspace: str | Path, start: Choice | None = None, *, asked: bool = True) -> None:
        super().__init__()
        self.shop = read_shop(workspace)
        self.start = start or Choice()
        self._past: list[Choice] = []
        self.soon = Soon()
        self.choice = self.start
        if asked:
            self.ask_first()

    @property
    def blockers(self) -> tuple[str, ...]:
        """What stands in the way of an answer; empty = nothing does."""
        return blockers(self.shop, self.choice)

    @property
    def can_go_back(self) -> bool:
        """Whether there is an earlier choice."""
        return bool(self._past)

    def ask_first(self) -> None:
        """Work out what stands chosen, unless that was done and no receipts came in since."""
        shop = fresh(self.shop)
        if self.result is None or shop is not self.shop:
            self.shop = shop
            self._work_out()

    def change(self, **fields: Any) -> None:
        """Change parts of the choice and recompute; the same choice again costs nothing."""
        self._move(replace(self.choice, **fields))

    def narrow(self, row: Mapping[str, Any]) -> None:
        """Go into the mark of a chart or the cell of a table that a person clicked: the portrait of the members that its row names.

        One member has a card, a store is the scope; outside the portrait the same question is asked of those members.
        """
        if not isinstance(self.result, Answer):
            return
        one = row.get("member_id")
        if isinstance(one, str) and "member_id" in self.result.table.columns and one in self.result.table["member_id"]:
            self.ask("portrait.member", {"member_id": one})
            return
        texts = {value for value in row.values() if isinstance(value, str)}
        for column in NARROWED:
            if column not in self.result.table.columns:
                continue
            known = self.result.table[column].drop_nulls().cast(pl.String).unique()
            found = sorted(value for value in known if value in texts or word(value) in texts)
            if len(found) == 1:
                quoted = found[0].replace("'", "''")
                scope = {"store_id": found[0]} if column == "store_id" else {"audience": f"{column} = '{quoted}'"}
                if self.choice.question.startswith("portrait."):
                    self.ask(START, scope)
                else:
                    self.change(**scope)
                return

    def ask(self, question: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Ask another question in the same scope."""
        self._move(self.choice.asking(question, parameters))

    def ask_in_words(self, text: str) -> None:
        """Ask in plain words, as a follow-up to what is shown; a sentence is the result where nothing can be answered."""
        if not text.strip():
            return
        shown = Dialogue((Call.of(self.choice.question, self.choice.given),))
        understood = interpret(Workspace(self.shop.path), text, shown)
        if isinstance(understood, ToAnswer):
            self.take(understood.calls, understood)
            return
        self.meant = understood.calls
        self.understood = understood
        self.result = understood.said

    def take(self, calls: Sequence[Call], understood: Understood | None = None) -> None:
        """Ask what was understood or offered; of two side by side the second is offered where the page cannot show it beside the first."""
        first, *others = calls
        self.choice = replace(self.choice, against="") if self.choice.against else self.choice
        beside = str(others[0].parameters.get("audience", "")) if others else ""
        given = first.parameters
        if given.keys() & {"store_id", "region"}:  # one place alone
            given = {"store_id": "", "region": "", **given}
        choice = replace(self.choice.asking(first.name, given), against=beside)
        self.understood = understood or understood_as(calls, "", Dialogue())
        self._move(choice, meant=() if beside else tuple(others))

    @property
    def asked(self) -> list[Call]:
        """What was asked on this page so far."""
        return [Call.of(choice.question, choice.given) for choice in (*self._past, self.choice)]

    @property
    def understood_call(self) -> Call | None:
        """What stands chosen, where it was asked in words: None before, and once another question was chosen by a button."""
        asked = self.understood
        if not isinstance(asked, ToAnswer) or asked.calls[0].name != self.choice.question:
            return None
        return Call.of(self.choice.question, self.choice.given)

    def without(self, parameter: str) -> None:
        """Take a part of the choice away: of the scope, or of the question's own."""
        if parameter in SCOPE_FIELDS:
            self.change(**{parameter: ""})
        else:
            self.change(own={name: value for name, value in self.choice.own.items() if name != parameter})

    def go_to(self, choice: Choice) -> None:
        """Go to a choice made elsewhere: in an address, by the browser's own Back."""
        self._move(choice)

    def back(self) -> None:
        """Return to the choice before."""
        if self._past:
            self._move(self._past.pop(), remember=False)

    def reset(self) -> None:
        """Return to how the app opened; that, too, can be taken back."""
        self._move(self.start)

    def _move(self, choice: Choice, *, remember: bool = True, meant: tuple[Call, ...] = ()) -> None:
        self.meant = meant
        if choice == self.choice:
            if self.result is None:  # the fields were filled by us, and nobody has looked yet
                return
            if isinstance(self.result, str):  # a sentence about something that was not chosen goes away
                self.result = None
            self.ask_first()
            return
        shop = fresh(self.shop)
        if shop is not self.shop:
            self.shop = shop
        if remember:
            self._past.append(self.choice)
        self.choice = choice
        self.busy = True
        self.soon(self._work_out)

    def _work_out(self) -> None:
        self.busy = True
        try:
            self.result = answer_of(self.shop, self.choice)
            self.beside = answer_of(self.shop, self.choice.other) if self.choice.other else None
        finally:
            self.busy = False


__all__ = ["START", "Choice", "Shop", "State", "answer_of", "blockers", "fresh", "read_shop"]
