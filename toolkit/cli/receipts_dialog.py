"""`toolkit import --interactive`: the door in a terminal, one numbered choice after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from toolkit.errors import BadValue, ImportRefused, ToolkitError
from toolkit.importing.door import Door
from toolkit.importing.open_points import COLUMN, DROP, LINE, Choice, OpenPoint
from toolkit.importing.progress import Progress
from toolkit.importing.run import ImportReport, describe
from toolkit.importing.taken import shown
from toolkit.language import tr

Ask = Callable[[str], str]
Tell = Callable[[str], None]


def receipts_dialog(files: Sequence[Path], workspace: Path, ask: Ask, say: Tell, *, allow_shrinking: bool = False) -> ImportReport | None:
    """Bring files into a workspace by questions and answers; None where the person stops.

    Parameters
    ----------
    ask
        Shows a text and gives what the person types.
    say
        Shows a text.
    """

    def tell(text: str) -> None:
        say(shown(text))  # what stands in a file commands no terminal

    door = Door(workspace)
    door.choose(files)
    if (
        door.kept
        and _choose(ask, tell, tr("There is a mapping from before: {path}.", path=door.kept), [tr("Use it"), tr("Begin anew")]) == 1
    ):
        door.use_kept()
    for look in door.looks:
        tell(str(look))
    told = None
    while True:
        if told != (told := [door.columns(table) for table in door.tables]):
            _tell_columns(door, tell)
        with shown_progress() as progress:
            door.look(progress)
        if door.faults or (not door.points and not door.is_ready):
            tell(door.faults)
            _mend(door, ask, tell)
            continue
        if door.points:
            _settle(door, door.points[0], ask, tell)
            continue
        _tell_trial(door, tell)
        doing = [tr("Import"), tr("Change something"), tr("Take the last answer back"), tr("Keep the mapping and stop"), tr("Stop")]
        chosen = _choose(ask, tell, str(door.trial.figures if door.trial else ""), doing)
        if chosen == 1:
            return _bring_in(door, tell, allow_shrinking=allow_shrinking)
        if chosen == 2:
            _mend(door, ask, tell)
        elif chosen == 3:
            door.undo()
        else:
            if chosen == 4:
                tell(tr("The mapping is kept in {path}.", path=door.save()))
            return None


@contextmanager
def shown_progress() -> Iterator[Progress | None]:
    """Give what shows the steps of an import in a terminal, and nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Bar(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def told(step: str, done: int, of: int) -> None:
            bar.update(task, description=tr(step), completed=done, total=of if of > 1 else None)

        yield told


def _tell_columns(door: Door, tell: Tell) -> None:
    for table in door.tables:
        tell(f"\n[{table}]")
        for taken in door.columns(table):
            if taken.source or taken.is_required:
                samples = tr(", ").join(taken.samples)
                told = f"   ({samples})" if samples else ""
                told += f"   # {taken.remark}" if taken.remark else ""
                tell(f"  {taken.label:20} <- {taken.source or tr('nothing yet')}{told}")


def _tell_trial(door: Door, tell: Tell) -> None:
    if door.trial is None:
        return
    for record in door.trial.report.records:
        tell("\n".join(describe(record.model_copy(update={"rejected_path": None, "rows_replaced": 0}), door.workspace)))
    for sentence in door.trial.replaced:
        tell(sentence)


def _settle(door: Door, point: OpenPoint, ask: Ask, tell: Tell) -> None:
    """Ask one open point until it is answered."""
    words = [choice.words for choice in point.choices]
    number = _choose(ask, tell, "\n" + point.sentence, [*words, *([tr("Take the last answer back")] if door.can_undo else [])])
    if number > len(words):
        door.undo()
        return
    choice = point.choices[number - 1]
    try:
        door.answer(point, choice.kind, _details(choice, ask, tell))
    except ToolkitError as error:
        tell(str(error))


def _details(choice: Choice, ask: Ask, tell: Tell) -> str | list[str]:
    if choice.kind == DROP:
        listed = [tr("{value}: {rows:,} rows", value=repr(value), rows=rows) for value, rows in choice.values]
        return [choice.values[number - 1][0] for number in _choose_several(ask, tell, tr("Which rows do not count?"), listed)]
    if choice.kind == COLUMN:
        return choice.columns[_choose(ask, tell, tr("Which column is it?"), choice.columns) - 1]
    if choice.kind == LINE and not choice.line:
        return ask(tr('The line, such as amount = "Total": '))
    return choice.line


def _mend(door: Door, ask: Ask, tell: Tell) -> None:
    """Ask for one change of the mapping, or for what it leaves undecided."""
    points = door.points
    doing = [tr("Take a column from another column of the file"), tr("Write a line of the mapping"), tr("Show the mapping")]
    doing += [tr("Take the last answer back")] if door.can_undo else []
    number = _choose(ask, tell, tr("What is to be changed?"), [*(point.sentence for point in points), *doing]) - len(points)
    try:
        if number < 1:
            _settle(door, points[number - 1], ask, tell)
        elif number == 1:
            takens = [taken for table in door.tables for taken in door.columns(table)]
            labels = [f"{taken.table}: {taken.label} <- {taken.source or '-'}" for taken in takens]
            taken = takens[_choose(ask, tell, tr("Which one?"), labels) - 1]
            others = [tr("(none)"), *taken.others]
            raw = _choose(ask, tell, tr("{label}: {means}. Where does it come from?", label=taken.label, means=taken.means), others)
            door.take(taken.column, "" if raw == 1 else others[raw - 1], taken.table)
        elif number == 2:
            door.write(ask(tr('The line, such as amount = "Total": ')))
        elif number == 3:
            tell(door.text)
        else:
            door.undo()
    except ToolkitError as error:
        tell(str(error))


def _bring_in(door: Door, tell: Tell, *, allow_shrinking: bool) -> ImportReport:
    try:
        with shown_progress() as progress:
            report = door.bring_in(allow_shrinking=allow_shrinking, progress=progress)
    except ImportRefused:
        tell(tr("The mapping is kept in {path}.", path=door.save()))
        raise
    tell(str(report))
    tell(tr("The mapping is kept in {path}: import the next files with it.", path=door.save()))
    return report


def _choose(ask: Ask, tell: Tell, question: str, choices: Sequence[str]) -> int:
    """Return the number of a choice, from 1; asked again until it is one."""
    return _numbers(ask, tell, question, choices, tr("Number: "), most=1)[0]


def _choose_several(ask: Ask, tell: Tell, question: str, choices: Sequence[str]) -> list[int]:
    return _numbers(ask, tell, question, choices, tr("Numbers, with commas between: "), most=len(choices))


def _numbers(ask: Ask, tell: Tell, question: str, choices: Sequence[str], prompt: str, *, most: int) -> list[int]:
    tell("\n".join([question, *(f"  {number}  {words}" for number, words in enumerate(choices, 1))]))
    while True:
        given = ask(prompt).replace("，", ",").replace("、", ",").split(",")
        numbers = [int(one) for one in given if one.strip().isdecimal()]
        if len(numbers) == len(given) and 0 < len(numbers) <= most and all(0 < number <= len(choices) for number in numbers):
            return list(dict.fromkeys(numbers))
        tell(tr("Type a number from 1 to {most}.", most=len(choices)))


def refused_without_terminal() -> BadValue:
    """Return the sentence for a shell in which nobody can be asked."""
    return BadValue(
        tr(
            "--interactive asks questions, but this is no terminal: write a mapping with `toolkit map FILES > mapping.toml`, and import it "
            "with `toolkit import mapping.toml WORKSPACE`."
        )
    )
