"""Commands for audiences: save, show, list, export, overlap, refresh. Hooked into `toolkit.cli` as `toolkit audience`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from toolkit.cli.terminal import echo
from toolkit.errors import BadValue
from toolkit.language import tr

audience_app = typer.Typer(
    help="Audiences: named members, saved as text, with size, sales, reach, overlaps and export.", no_args_is_help=True
)

WorkspacePath = Annotated[Path, typer.Argument(help="The workspace folder.", metavar="WORKSPACE")]
Name = Annotated[str, typer.Argument(help="The audience's name.")]
AsOf = Annotated[str, typer.Option("--as-of", help="Last day that is seen; empty = the last day of the receipts.")]
Store = Annotated[str, typer.Option("--store", help="Only members who ordered in this store.")]


@audience_app.command("save")
def save(
    workspace: WorkspacePath,
    name: Name,
    where: Annotated[str, typer.Argument(help="A WHERE expression over the members table and its traits.")] = "",
    answer: Annotated[
        str, typer.Option("--from", "--answer", help="A question that lists members: \"targeting.buyers(goods='COFFEE')\", or its name.")
    ] = "",
    either: Annotated[list[str] | None, typer.Option("--or", help="Join the members of another audience or expression.")] = None,
    both: Annotated[list[str] | None, typer.Option("--and", help="Keep only those who are in this one too.")] = None,
    without: Annotated[list[str] | None, typer.Option("--without", help="Leave out the members of this one.")] = None,
    as_of: AsOf = "",
    replace: Annotated[bool, typer.Option("--replace", help="Add a version to an audience that is there.")] = False,
) -> None:
    """Save an audience: `toolkit audience save WORKSPACE core "order_count_91d > 12 AND stage = 'established'"`."""
    from toolkit.audience import Audience, as_audience, profile, save_audience
    from toolkit.scope.view import open_view

    if bool(where) == bool(answer):
        raise BadValue(tr("Give either a WHERE expression or --from with a question that lists members."))
    ws = _opened(workspace)
    chosen = as_audience(ws, where) if where else Audience.from_answer(name, _asked(ws, answer, as_of))
    for words, join in ((either, "__or__"), (both, "__and__"), (without, "__sub__")):
        for word in words or []:
            chosen = getattr(chosen, join)(as_audience(ws, word))
    saved = save_audience(ws, chosen.renamed(name), as_of=as_of or None, replace_it=replace)
    size = profile(open_view(ws, as_of=saved.as_of), saved)
    echo(tr("Saved version {version} of {audience}", version=saved.version, audience=size.sentence))
    _say(size.notes)
    if not size.member_count:
        return
    _hint(tr("Next: toolkit answer {workspace} portrait.overview --set audience='{name}'", workspace=workspace, name=name))
    _hint(tr("or:   toolkit audience export {workspace} '{name}' FOLDER", workspace=workspace, name=name))


@audience_app.command("show")
def show(workspace: WorkspacePath, name: Name, as_of: AsOf = "", store: Store = "") -> None:
    """Say who an audience is: in words, size, sales, reach; a saved name or an expression."""
    from toolkit.audience import as_audience, profile

    ws = _opened(workspace)
    audience = as_audience(ws, name)
    size = profile(_view(ws, as_of, store), audience)
    echo(size.sentence)
    if audience.where is not None:
        echo(f"WHERE {audience.where if len(audience.where) < 2000 else audience.where[:2000] + ' ...'}")
    _say(size.notes)


@audience_app.command("list")
def list_(workspace: WorkspacePath) -> None:
    """List the saved audiences."""
    from toolkit.audience import saved_audiences

    table = saved_audiences(_opened(workspace))
    for row in table.iter_rows(named=True):
        shown = row["defined_by"] if len(row["defined_by"]) <= 100 else row["defined_by"][:97] + "..."
        echo(f"{row['name']:24} v{row['version']:<3} {row['member_count']:>9,} members on {row['as_of']}   {shown}")
    if table.is_empty():
        _hint(
            tr(
                'No audience is saved yet. Save one: toolkit audience save {workspace} regulars "order_count_91d >= 12"',
                workspace=workspace,
            )
        )


@audience_app.command("columns")
def columns(workspace: WorkspacePath) -> None:
    """List the columns and traits that an audience's expression can name."""
    from toolkit.scope.traits import trait_columns
    from toolkit.scope.where import sort_of

    view = _view(_opened(workspace), "", "")
    for name, dtype in view.readable.schema.items():
        echo(f"{name:28} {sort_of(dtype)}")
    echo("traits: " + ", ".join(name for name in trait_columns(view) if name not in view.readable.columns))


@audience_app.command("export")
def export(
    workspace: WorkspacePath,
    name: Name,
    folder: Annotated[Path, typer.Argument(help="Where to put the files.")],
    formats: Annotated[str, typer.Option(help="csv, xlsx, parquet, separated by commas.")] = "csv,xlsx,parquet",
    with_columns: Annotated[str, typer.Option("--columns", help="Columns and traits beside member_id, separated by commas.")] = "",
    analysis: Annotated[bool, typer.Option("--analysis", help="All members, for analysis only: nobody may be addressed from it.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace files of the same name.")] = False,
    as_of: AsOf = "",
    store: Store = "",
) -> None:
    """Write the contactable members of an audience as files, with a manifest."""
    from toolkit.audience import as_audience, export_audience

    ws = _opened(workspace)
    written = export_audience(
        _view(ws, as_of, store), as_audience(ws, name), folder, formats=_words(formats), columns=_words(with_columns),
        for_contact=not analysis, replace_it=replace,
    )  # fmt: skip
    echo(written.sentence)
    for path in (*written.files, written.manifest):
        echo(f"wrote {path}")


@audience_app.command("overlap")
def overlap(
    workspace: WorkspacePath,
    names: Annotated[list[str], typer.Argument(help="Two or more audiences or expressions.")],
    as_of: AsOf = "",
    store: Store = "",
) -> None:
    """Say how many members audiences share: a matrix of members."""
    from toolkit.audience import as_audience, overlaps

    ws = _opened(workspace)
    table = overlaps(_view(ws, as_of, store), [as_audience(ws, name) for name in names])
    order = list(dict.fromkeys(table["audience"]))
    for number, mine in enumerate(order, start=1):
        echo(f"{number}  {mine}")
    echo(f"{'':6}" + "".join(f"{number:>12}" for number in range(1, len(order) + 1)))
    for number, mine in enumerate(order, start=1):
        rows = table.filter(table["audience"] == mine)
        echo(f"{number:<6}" + "".join(f"{count:>12,}" for count in rows["member_count"]))


@audience_app.command("refresh")
def refresh(
    workspace: WorkspacePath,
    name: Name,
    as_of: AsOf = "",
    version: Annotated[int, typer.Option(help="The version to compare with; 0 = the latest.")] = 0,
    save_it: Annotated[bool, typer.Option("--save", help="Save the audience of this day as a new version.")] = False,
) -> None:
    """Say who came and who went since an audience was saved; an answer that chose its members is asked again."""
    from toolkit.audience import Audience, load_audience, refreshed, save_audience

    ws = _opened(workspace)
    saved = load_audience(ws, name, version or None)
    view = _view(ws, as_of, "")
    now = Audience.from_answer(saved.name, _asked(ws, saved.call, str(view.as_of))) if saved.call.startswith("tk.") else None
    change = refreshed(view, name, now=now, version=version or None)
    echo(change.sentence)
    for word, members in (("came", change.came), ("went", change.went)):
        if members:
            echo(f"{word}: {', '.join(members[:20])}{', ...' if len(members) > 20 else ''}")
    if save_it:
        renewed = save_audience(ws, now or saved, as_of=view.as_of, replace_it=True)
        echo(f"Saved version {renewed.version}.")
    else:
        _hint(tr("Keep it as a new version: toolkit audience refresh {workspace} '{name}' --save", workspace=workspace, name=name))


def _asked(ws: Any, call: str, as_of: str) -> Any:
    """Answer a call, or a question's name, with all the members that it finds."""
    from toolkit.registry import ask_again, find_question

    call = call.strip() if "(" in call else f"tk.{call.strip()}(ws)"
    changed: dict[str, Any] = {"as_of": as_of} if as_of else {}
    if "top" in find_question(call.partition("(")[0].removeprefix("tk.")).parameters:
        changed["top"] = 0
    return ask_again(ws, call, **changed)


def _view(ws: Any, as_of: str, store: str) -> Any:
    from toolkit.scope.view import open_view

    return open_view(ws, as_of=as_of or None, store_id=store or None)


def _opened(workspace: Path) -> Any:
    from toolkit.workspace import Workspace

    return Workspace(workspace)


def _words(text: str) -> list[Any]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _say(notes: tuple[str, ...]) -> None:
    for note in notes:
        echo(note)


def _hint(text: str) -> None:
    echo(text, err=True)
