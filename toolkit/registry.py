"""The registry: every question a person can ask, by step of the loop.

`@question` turns an analysis (`View` in, `Finding` out) into a callable that takes a workspace and a scope and gives an `Answer`. The
registry makes the menus, `toolkit questions` and the help.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from numbers import Integral
from pathlib import Path
from types import ModuleType
from typing import Any, get_origin, get_type_hints

import polars as pl
from pydantic import TypeAdapter, ValidationError

from toolkit.answer import Answer, Finding, Note
from toolkit.audience import Audience, AudienceLike, read_selection, view_of
from toolkit.audience.viewers import admit
from toolkit.columns import AnswerTable, Column, Table, returns, rounded
from toolkit.doctor.damage import told_damage
from toolkit.edits import edit_notes
from toolkit.errors import BadValue, DataError, StateMoved, UnknownName, fault_words, quoted, unknown_name
from toolkit.extras import absence_told
from toolkit.language import is_text, later, tr
from toolkit.own_questions import answered, check_own, is_own, load_installed
from toolkit.readers import has_moved
from toolkit.roles import require_role
from toolkit.scope.interruptions import interruption_notes
from toolkit.scope.view import View, require_members
from toolkit.settings import Settings
from toolkit.workspace import Workspace, opened

STEPS = ("portrait", "targeting", "differentiation", "review")
_MOST = 10**12
MEMBER = "member_id"
"""The column and the parameter of single members: they need a role."""
"""The largest whole number a parameter may be: a column of numbers holds it."""
SCOPE_PARAMETERS: dict[str, tuple[Any, str]] = {
    "store_id": (str | None, "one store, as the shop writes its id; empty = the chain"),
    "region": (str | None, "one region of the stores table"),
    "audience": (
        AudienceLike | None,
        "members to speak of: a saved audience's name, a WHERE expression over the members table and its traits, or member ids: a list, a "
        "Series, or a frame with `member_id`",
    ),
    "as_of": (date | str | None, "the last day that is seen; empty = the last day of the receipts"),
    "period": (str | int | None, "window of sales figures up to as_of: '91d', or 'FIRST..LAST'"),
    "settings": (Settings | dict | None, "thresholds that differ from the defaults: family -> field -> value"),
}

_SCOPE_TYPES: dict[str, tuple[Any, str]] = {
    "store_id": (str | Integral, later("a text was needed")),
    "region": (str, later("a text was needed")),
    "settings": (Settings | Mapping, later("a table of names and values was needed")),
}
_HIDDEN = later("{rows:row} with fewer than {least} members (setting scope.minimum_members): figures are not shown.")
_DROPPED = later("Not shown: {rows:row} with fewer than {least} members (setting scope.minimum_members).")
_ROUNDED = later("This audience is a list of members: counts of members are rounded to {to}.")

_registry: dict[str, Question] = {}


@dataclass(frozen=True, eq=False)
class Question:
    """A question a person can ask; call it with a workspace to get the `Answer`."""

    name: str
    step: str
    text: str
    words: tuple[str, ...]
    function: Callable[..., Finding]
    minimum: bool
    parameters: Mapping[str, inspect.Parameter] = field(repr=False)
    tables: tuple[Table, ...] = field(default=(), repr=False)
    figures: Mapping[str, Column] = field(default_factory=dict, repr=False)

    def __call__(self, workspace: Workspace | str | Path, **given: Any) -> Answer:
        """Answer the question for a scope.

        Raises
        ------
        UnknownName
            A parameter, store, region, column or setting that does not exist.
        BadValue
            A value of another type or out of its range.
        DataError
            No receipts up to as_of.
        TooFewMembers
            Fewer members in scope than figures may speak of.
        MissingExtra
            The question rests on a package that the plain installation leaves out.
        NotAllowed
            It names members, and who asks may see figures alone (`toolkit.roles`).
        """
        try:
            return self._answer(workspace, given)
        except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException, StateMoved) as error:
            said = error if isinstance(error, StateMoved) else told_damage(opened(workspace), error)
            if said is None:
                raise
            if not isinstance(said, StateMoved):
                raise said from error
        return self._answer(workspace, given)  # of the state that came in its place

    def _answer(self, workspace: Workspace | str | Path, given: Mapping[str, Any]) -> Answer:
        """The answer, of one state of the receipts: what came in meanwhile is for the next one."""
        ws = opened(workspace).snapshot()
        scope, own = self.read(given)
        view = view_of(ws, **scope)
        admit(view, scope.get("audience"))
        if MEMBER in own:
            require_role(ws, "marketer", tr("the card of a member"))
        if self.minimum:
            require_members(view)
        with absence_told():
            finding = _with_receipts(self._checked(answered(self.name, self.function, view, own, known=_registry), view), view)
        if MEMBER in finding.frame.columns:
            require_role(ws, "marketer", tr("a list of members"))
        finding = replace(finding, notes=[*finding.notes, *edit_notes(ws.path)])
        if has_moved(ws.path, ws.manifest.data_version):
            moved = view.say(
                "New receipts have come in since the question before: this answer is of them, up to {last_day}.", last_day=ws.last_day
            )
            finding = replace(finding, notes=[*finding.notes, moved])
        if isinstance(named := scope.get("audience"), Audience):
            scope["audience"] = named.shown
        kept = {**scope, **own}
        if isinstance(kept.get("settings"), Settings):
            kept["settings"] = kept["settings"].changed()
        return Answer(
            name=self.name,
            question=tr(self.text),
            finding=finding,
            call=call_text(self.name, kept),
            scope=view.place,
            as_of=view.as_of,
            currency=view.currency,
            settings={"period": str(view.period), **own, **view.settings.changed()},
            ask_next=tuple(call_text(name, {**_same_scope(scope), **more}) for name, more in finding.ask_next),
            again=partial(ask_again, ws.path.as_posix(), **{name: kept[name] for name in ("settings",) if name in kept}),
        )

    def read(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the scope and the question's own parameters as they are read; what was not given is in neither.

        Raises
        ------
        UnknownName, BadValue
            As for a call, but for what only the shop knows: its stores, regions and members.
        """
        self._check_names(given)
        for name, value in given.items():
            if fault := _value_fault(value):
                raise BadValue(self._told(name, value, fault))
        scope = {key: given[key] for key in SCOPE_PARAMETERS if given.get(key) is not None and not _is_empty(given[key])}
        for name, (types, fault) in _SCOPE_TYPES.items():
            if name in scope and (not isinstance(scope[name], types) or isinstance(scope[name], bool)):
                raise BadValue(self._told(name, scope[name], tr(fault)))
        if "audience" in scope:
            scope["audience"] = read_selection(scope["audience"])
        own = {key: self._read(key, value) for key, value in given.items() if key not in SCOPE_PARAMETERS and value is not None}
        missing = [name for name, parameter in self.parameters.items() if parameter.default is parameter.empty and name not in own]
        if missing:
            raise BadValue(
                tr("{name} needs {missing}. Example: {example}", name=self.name, missing=", ".join(missing), example=self.example())
            )
        return scope, own

    def _checked(self, finding: Finding, view: View) -> Finding:
        """The finding as it may leave: its table declared, no figure of too few members, a note where rows are hidden."""
        shown = finding.table
        if not self.tables and is_own(self.function):  # a shop's own may declare nothing; then it minds small groups itself
            return finding
        if not isinstance(shown, AnswerTable) or not any(shown.declared.rows == declared.rows for declared in self.tables):
            raise DataError(tr("{name} answers with a table that it does not declare (the `tables` of its @question).", name=self.name))
        notes = list(finding.notes)
        if shown.few_rows and shown.declared.note:
            notes.append(view.say(_DROPPED if shown.declared.few == "drop" else _HIDDEN, rows=shown.few_rows))
        known = {name: value for name, value in finding.figures.items() if value is not None and not self._is_few(name, value, view)}
        if view.rounded_to != 1:
            notes.append(view.say(_ROUNDED, to=view.rounded_to))
            counts = [name for name in known if name in self.figures and self.figures[name].counts_members]
            known |= {name: rounded(known[name], view.rounded_to) for name in counts}
        return replace(finding, notes=notes, figures=known)

    def _is_few(self, name: str, value: float, view: View) -> bool:
        return name in self.figures and self.figures[name].counts_members and 0 < value < view.least

    def example(self) -> str:
        """Return a call that works as it stands but for the values in capitals."""
        needed = {name: name.upper() for name, parameter in self.parameters.items() if parameter.default is parameter.empty}
        return call_text(self.name, needed)

    @property
    def __signature__(self) -> inspect.Signature:
        """The call as Jupyter's help shows it: the workspace, the scope, then the question's own parameters."""
        scope = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
            for name, (annotation, _) in SCOPE_PARAMETERS.items()
        ]
        first = inspect.Parameter("workspace", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Workspace)
        return inspect.Signature([first, *scope, *self.parameters.values()], return_annotation=Answer)

    def __reduce__(self) -> tuple[Callable[[str], Question], tuple[str]]:
        return find_question, (self.name,)  # by its name: another process has the same one

    def _check_names(self, given: Mapping[str, Any]) -> None:
        known = [*SCOPE_PARAMETERS, *self.parameters]
        wrong = [name for name in given if name not in known]
        if wrong:
            raise UnknownName("\n".join(str(unknown_name("parameter", name, known, where=self.name)) for name in wrong))

    def _read(self, name: str, value: Any) -> Any:
        annotation = get_type_hints(self.function, include_extras=True)[name]
        listed = isinstance(value, str) and get_origin(annotation) is Sequence  # several values, as a shell and a page write them
        try:
            read = TypeAdapter(annotation).validate_python(re.split(r"\s*[,;，、]\s*", value.strip()) if listed else value)
            fault = _value_fault(read)  # a text may have been read as a number
        except ValidationError as error:
            fault = fault_words(error.errors()[0])
        if fault:
            raise BadValue(self._told(name, value, fault))
        return read

    def _told(self, name: str, value: Any, fault: str) -> str:
        return tr("{question}: {name} is {value}; {fault}.", question=self.name, name=name, value=quoted(value), fault=fault)


def question(
    step: str,
    text: str,
    *,
    words: tuple[str, ...] = (),
    minimum: bool = True,
    tables: Table | Sequence[Table] = (),
    figures: Sequence[Column] = (),
) -> Callable[[Callable[..., Finding]], Question]:
    """Register an analysis as a question of a step.

    Parameters
    ----------
    step
        One of STEPS.
    text
        The question in plain words; it heads the answer.
    words
        Other ways to ask it, for `toolkit.conversation`.
    minimum
        Whether a scope under the minimum number of members is refused.
    tables
        The tables it may answer with (`toolkit.columns.table`): the "Returns" of its help is written from them.
    figures
        Headline figures as columns, for the index of a batch.
    """
    declared = (tables,) if isinstance(tables, Table) else tuple(tables)

    def made_of(function: Callable[..., Finding]) -> Question:
        name = f"{step}.{function.__name__}"
        parameters = dict(list(inspect.signature(function).parameters.items())[1:])
        known = {column.name: column for column in figures}
        made = Question(name, step, text, words, function, minimum, parameters, declared, known)
        object.__setattr__(made, "__doc__", _help(function.__doc__ or "", declared))
        object.__setattr__(made, "__module__", function.__module__)
        return _added(made)

    return made_of


def register(given: Question | ModuleType | str) -> list[Question]:
    """Make questions of a shop's own known, and return them: one, or all of a module (itself, or its dotted name).

    `tk.register("our_questions")`, and `tk.portrait.birthdays(ws)` is there.

    `@question` does so by itself where the module that holds it is imported; an installed package needs neither
    (`toolkit.own_questions`).

    Raises
    ------
    BadValue
        There is no question in it, or one that could not be asked.
    """
    try:
        holder = importlib.import_module(given) if isinstance(given, str) else given
    except ImportError as error:
        raise BadValue(tr("The module '{module}' cannot be imported: {fault}.", module=given, fault=str(error).rstrip("."))) from error
    held = [holder] if isinstance(holder, Question) else list(vars(holder).values()) if isinstance(holder, ModuleType) else []
    found = [item for item in held if isinstance(item, Question) and is_own(item.function)]
    if not found:
        raise BadValue(
            tr(
                "{given} holds no question of your own: put `@question(STEP, TEXT)` of toolkit above a function of it.",
                given=getattr(holder, "__name__", repr(holder)),
            )
        )
    return [_added(item) for item in found]


def take_installed() -> None:
    """Take in the questions of installed packages, unless that was done."""
    load_installed(register)


def forget_gone() -> None:
    """Forget questions whose module is no longer there, or is a notebook's own: a warm kernel goes on to the next notebook."""
    for name, item in list(_registry.items()):
        if item.function.__module__ == "__main__" or item.function.__module__ not in sys.modules:
            del _registry[name]


def step_attributes(step: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of a step's package: questions of a shop's own are found there, and questions alone are listed."""

    def own(name: str) -> Question:
        if not name.startswith("_") and importlib.util.find_spec(f"toolkit.{step}.{name}") is None:
            if name in listed():
                return _registry[f"{step}.{name}"]
            raise AttributeError(str(unknown_name("question", name, listed(), where=f"toolkit.{step}")))
        raise AttributeError(f"module 'toolkit.{step}' has no attribute '{name}'")

    def listed() -> list[str]:
        return [item.name.partition(".")[2] for item in all_questions() if item.step == step]

    return own, listed


def _added(made: Question) -> Question:
    earlier = _registry.get(made.name)
    if is_own(made.function) and made is not earlier:
        _load_steps()
        earlier = _registry.get(made.name)
        taken = earlier.function if earlier else None
        check_own(made.name, made.text, made.function, steps=STEPS, scope=SCOPE_PARAMETERS, earlier=taken)
    _registry[made.name] = made
    return made


def _help(written: str, tables: Sequence[Table]) -> str:
    """The docstring with what its tables return, before the first section that comes after it."""
    text = inspect.cleandoc(written)
    if not tables or "Returns\n-------" in text:
        return text
    later_section = re.search(r"^(Raises|Notes|Example)\n-+$", text, flags=re.MULTILINE)
    at = later_section.start() if later_section else len(text)
    return f"{text[:at].rstrip()}\n\n{returns(tables)}\n\n{text[at:]}".rstrip() + "\n"


def all_questions() -> list[Question]:
    """Return every question, in the order of the steps and of their registration; those of a shop's own stand last in their step."""
    _load_all()
    return sorted(_registry.values(), key=lambda item: STEPS.index(item.step))


def own_of_step(step: str) -> list[Question]:
    """Return the questions of a shop's own in a step; without any, the other steps are not imported for it."""
    take_installed()
    return [item for item in _registry.values() if item.step == step and is_own(item.function)]


def find_question(name: str) -> Question:
    """Return the question called `step.name` (or `name` where that is unique).

    Raises
    ------
    UnknownName
        There is no such question; the nearest one is named.
    """
    if (found := _of_own_step(name)) is not None:
        return found
    _load_all()
    if name in _registry:
        return _registry[name]
    short = [item for key, item in _registry.items() if key.split(".")[1] == name]
    if len(short) == 1:
        return short[0]
    raise unknown_name("question", name, _registry)


def _of_own_step(name: str) -> Question | None:
    """Return a question of ours by its whole name without importing the other steps for it: they are half of what a cold shell loads."""
    step = name.partition(".")[0]
    if step in STEPS:
        _load_step(step)
    found = _registry.get(name)
    return None if found is None or is_own(found.function) else found


def question_text(name: str) -> str:
    """Return a question in the reader's words, for a sentence that sends them there.

    >>> question_text("review.effect")
    'What did the campaign change?'
    """
    return tr(find_question(name).text)


def ask_again(workspace: Workspace | str | Path, call: str, **changed: Any) -> Answer:
    """Answer the call that an answer shows (`Answer.call`) again, with some parameters changed.

    Raises
    ------
    BadValue
        The text is no such call.
    UnknownName
        There is no such question any more.
    """
    name, given = call_parts(call)
    return find_question(name)(workspace, **{**given, **changed})


def call_parts(call: str) -> tuple[str, dict[str, Any]]:
    """Return the name of the question and the parameters of a call, as an answer shows it.

    Raises
    ------
    BadValue
        The text is no such call.

    >>> call_parts("tk.portrait.rfm(ws, store_id='367')")
    ('portrait.rfm', {'store_id': '367'})
    """
    try:
        node = ast.parse(call.strip(), mode="eval").body
        if not isinstance(node, ast.Call) or any(not isinstance(word, ast.Name) for word in node.args) or len(node.args) > 1:
            raise ValueError  # parameters go by name: one without would be passed over
        name = ast.unparse(node.func).removeprefix("tk.")
        given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in node.keywords if keyword.arg}
    except (SyntaxError, ValueError):
        raise BadValue(
            tr("'{call}' is no call of a question; one such as tk.targeting.slipping(ws, store_id='367') was needed.", call=call)
        ) from None
    return name, given


def call_text(name: str, given: Mapping[str, Any]) -> str:
    """Return the call as one would type it in a notebook.

    >>> call_text("portrait.rfm", {"store_id": "367"})
    "tk.portrait.rfm(ws, store_id='367')"
    """
    words = ", ".join(f"{key}={str(value)!r}" if isinstance(value, date) else f"{key}={value!r}" for key, value in given.items())
    return f"tk.{name}(ws{', ' + words if words else ''})"


def _with_receipts(finding: Finding, view: View) -> Finding:
    """The finding with what the receipts leave out: where they end before the day that was asked for, and what interrupts them."""
    if view.asked_for:
        end = view.say(
            "The receipts end on {as_of}, so this is of that day, not of {asked}: {said}", asked=view.asked_for, said=finding.headline
        )
        finding = replace(finding, headline=end)
    return replace(finding, notes=[*finding.notes, *(Note(said, "REVIEW") for said in interruption_notes(view))])


def _value_fault(value: Any) -> str:
    """What is wrong with a value wherever it goes: half of a character cannot be written or looked up, nor a number without end."""
    if isinstance(value, str):
        return "" if is_text(value) else tr("a text that can be written was needed, not half of a character")
    if isinstance(value, int):
        return tr("a value of {le} or less was needed", le=f"{_MOST:,}") if abs(value) > _MOST else ""
    items = [*value.keys(), *value.values()] if isinstance(value, Mapping) else value if isinstance(value, list | tuple | set) else ()
    return next((fault for item in items if (fault := _value_fault(item))), "")


def _is_empty(value: Any) -> bool:
    return isinstance(value, str) and not value


def _same_scope(scope: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in scope.items() if key in ("store_id", "region", "audience", "as_of")}


def _load_all() -> None:
    _load_steps()
    take_installed()


def _load_steps() -> None:
    """Import the steps that exist, so that their questions are registered. By name: the registry lies below the steps."""
    for step in STEPS:
        _load_step(step)


def _load_step(step: str) -> None:
    if importlib.util.find_spec(f"toolkit.{step}"):
        importlib.import_module(f"toolkit.{step}")
