"""The command line: every command prints what it did or wrote, and the next command to run.

Exit code 0: done. 1: done, but something needs a look (rows that `check` would set aside, reports that failed). 2: not done; the message
says why.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolkit import language
from toolkit.cli.agents import mcp_command
from toolkit.cli.apps import add_app_command
from toolkit.cli.audiences import audience_app
from toolkit.cli.campaigns import campaign_app
from toolkit.cli.goals import alerts_command, goals_command
from toolkit.cli.guides import guides_command
from toolkit.cli.keeping import backup_command, doctor_command, restore_command
from toolkit.cli.nights import nightly_command
from toolkit.cli.personal import audit_command, forget_command, minimum_command, pseudonymise_command
from toolkit.cli.talking import talk_command
from toolkit.cli.terminal import echo
from toolkit.disk import FAULTS, cannot_write, not_written
from toolkit.errors import BadValue, ToolkitError, shorten
from toolkit.extras import absence_told, require
from toolkit.language import json_text, tr

if TYPE_CHECKING:
    from toolkit.sources.databases.addresses import SourceTable

# jsonschema (of charts and notebooks) reads a grammar of international addresses for two seconds wherever that optional package is there;
# nothing that the commands check is such an address.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] - None: an import of it fails, and jsonschema does without

RECEIPTS, ASK, REPORTS = "1  Receipts in", "2  Questions and answers", "3  Reports, notebooks, apps"
KEEP = "5  Keeping it whole"
PERSONAL = "4  Personal data"

app = typer.Typer(
    help="Retail member toolkit: who the members are, whom to address, which offer, what it changed - from the shop's own receipts.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

app.add_typer(audience_app, name="audience", rich_help_panel=ASK)
app.add_typer(campaign_app, name="campaign", rich_help_panel=ASK)


@app.callback()
def spoken(
    reads: Annotated[
        str,
        typer.Option(
            "--language", metavar="CODE", help="Language of answers, reports and apps: en or zh.", envvar=language.LANGUAGE_VARIABLE
        ),
    ] = "",
) -> None:
    """Speak the reader's language in this command and in every process that it starts."""
    if reads:
        try:
            language.speak(reads)
        except ValueError as error:
            raise BadValue(str(error)) from None
        os.environ[language.LANGUAGE_VARIABLE] = language.current()


AcceptDefaults = Annotated[
    bool, typer.Option("--accept-defaults", help="Go on where the values leave a question open; each is said to be not answered.")
]
Replace = Annotated[
    bool,
    typer.Option(
        "--replace", "--shrink", help="Replace store days even where less than half of their lines or orders are in the new files."
    ),
]
Url = Annotated[str, typer.Option("--url", help="A database instead of files: env:NAME, keyring:SERVICE/USER, sqlite:shop.db, s3://...")]
Tables = Annotated[list[str] | None, typer.Option("--table", help="Of the database: a table, with its schema where it needs one.")]
Queries = Annotated[list[str] | None, typer.Option("--query", help="Of the database: a select.")]
WorkspacePath = Annotated[Path, typer.Argument(help="The workspace folder.", metavar="WORKSPACE")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A parameter (store_id=367, as_of=2017-12-31) or a setting (scope.period_days=28)."),
]


# -- 1 receipts in ---------------------------------------------------------------------------------------------------------------------


@app.command("demo", rich_help_panel=RECEIPTS)
def demo(
    folder: Annotated[Path, typer.Argument(help="Where to put the demo.")] = Path("demo"),
    stores: Annotated[str, typer.Option(help="Stores to report on.")] = "top:10",
) -> None:
    """Import The Complete Journey (a year of real receipts), report on its ten largest stores, and say what to try next."""
    require("demo", "notebook", "models", "charts")  # before a minute of work
    from toolkit.importing import import_receipts
    from toolkit.importing.run import COMPLETE_JOURNEY
    from toolkit.workspace import Workspace

    workspace = folder / "workspace"
    if (workspace / "manifest.json").exists() and Workspace(workspace).line_count:
        echo(tr("{what} is there from before; remove {folder} to import it again.", what=repr(Workspace(workspace)), folder=folder))
    else:
        echo(str(import_receipts(COMPLETE_JOURNEY, workspace)))
    result = _run_reports(workspace, stores, ["store", "portrait"], folder / "reports", {}, resume=True)
    echo(tr("\nOpen {path} in a browser. Then try:", path=result.index.resolve()))
    echo(tr("  toolkit answer {workspace} portrait.segments --set store_id=367", workspace=workspace))
    echo(tr('  toolkit ask {workspace} "which members carry the sales?"', workspace=workspace))
    echo(tr("  make app        # the apps for people who do not code (or: toolkit app {workspace})", workspace=workspace))
    echo(tr("  make lab        # JupyterLab on the notebooks (or: toolkit notebooks my-notebooks)"))
    raise typer.Exit(1 if result.failed else 0)


@app.command("map", rich_help_panel=RECEIPTS)
def map_files(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Receipt files: CSV, TSV, Parquet, spreadsheets, JSON; gzip, zip.", exists=False)
    ] = None,
    url: Url = "",
    tables: Tables = None,
    queries: Queries = None,
) -> None:
    """Propose a mapping from the headers of receipt files, or of tables: `toolkit map FILES > mapping.toml`."""
    from toolkit.sources.columns.proposal import propose_mapping

    sources = sources_named(url, tables, queries)
    if not files and not sources:
        raise BadValue(tr("Name the receipts' files, or their table: --url env:SHOP_DB --table receipts."))
    mapping = propose_mapping(files or [], sources)
    echo(mapping) if sys.stdout.isatty() else typer.echo(mapping)  # a file of it names the columns as they are
    _hint(tr("Read it, complete what it marks as TODO, then: toolkit check mapping.toml"))


@app.command("contract", rich_help_panel=RECEIPTS)
def contract() -> None:
    """Show the tables and columns that receipts are mapped to."""
    from toolkit.schemas import contract_markdown

    echo(contract_markdown())


@app.command("check", rich_help_panel=RECEIPTS)
def check(
    mapping: Annotated[str, typer.Argument(help="A mapping file, a folder with a mapping.toml, or complete-journey.")],
    workspace: Annotated[Path | None, typer.Option(help="Say also what an import into this workspace would replace.")] = None,
    replace: Replace = False,
    accept_defaults: AcceptDefaults = False,
    first_rows: Annotated[
        int | None, typer.Option("--first-rows", help="Look at no more than so many rows of each table of a database.", min=1)
    ] = None,
) -> None:
    """Check receipts without importing them: every fault of the mapping, every row that would be set aside, every open question."""
    from toolkit.importing import check_receipts

    report = check_receipts(mapping, workspace, allow_shrinking=replace, announce=echo, first_rows=first_rows)
    echo(_without_paths(str(report)))
    if report.questions and not accept_defaults:
        from toolkit.sources.plausibility import answer_line

        _hint(
            tr(
                "Questions stand open. Mend the mapping, or where all is right as it is write: [answers] {answers}",
                answers=answer_line(report.questions),
            )
        )
        raise typer.Exit(1)
    if report.rejected:
        _hint(
            tr(
                "{rejected:,} rows would be set aside. Mend them, or import anyway: toolkit import {mapping} WORKSPACE",
                rejected=report.rejected,
                mapping=mapping,
            )
        )
        raise typer.Exit(1)
    if first_rows is None:
        _hint(tr("All rows are good. Next: toolkit import {mapping} WORKSPACE", mapping=mapping))
    else:
        _hint(tr("The rows that were looked at are good. Next: toolkit import {mapping} WORKSPACE", mapping=mapping))


@app.command("import", rich_help_panel=RECEIPTS)
def import_(
    mapping: Annotated[
        list[str],
        typer.Argument(
            help="A mapping file, a folder with a mapping.toml, or complete-journey; with --interactive receipt files.", metavar="MAPPING"
        ),
    ],
    workspace: WorkspacePath,
    replace: Replace = False,
    accept_defaults: AcceptDefaults = False,
    interactive: Annotated[
        bool, typer.Option("--interactive", help="Ask what the files leave open, show the first figures, then import.")
    ] = False,
    since: Annotated[
        str,
        typer.Option("--since", metavar="last", help="last: leave out files that were read before, and the old days of those that grew."),
    ] = "",
    overlap: Annotated[int, typer.Option(help="With --since: days before the last receipts that are looked at again.", min=0)] = 3,
) -> None:
    """Import receipts; bad rows are set aside with their reason, and the same days of the same source replace the old ones."""
    from toolkit.cli.receipts_dialog import receipts_dialog, refused_without_terminal, shown_progress
    from toolkit.importing import import_receipts
    from toolkit.importing.run import open_source
    from toolkit.importing.since import all_read, remember, since_last

    if interactive:
        if not sys.stdin.isatty():
            raise refused_without_terminal()
        if accept_defaults:
            raise BadValue(tr("--interactive asks every question: leave --accept-defaults out."))
        files = [Path(name) for name in mapping]
        if receipts_dialog(files, workspace, input, echo, allow_shrinking=replace) is None:
            _hint(tr("Nothing was imported."))
            raise typer.Exit(1)
    elif len(mapping) > 1:
        raise BadValue(
            tr(
                "toolkit import takes one mapping, but {count} words came before {workspace}; for files: --interactive.",
                count=len(mapping),
                workspace=workspace,
            )
        )
    else:
        source = open_source(mapping[0])
        news = None
        if since not in ("", "last"):
            raise BadValue(tr("--since takes the word last, but {word} came.", word=repr(since)))
        if since:
            news = since_last(source, workspace, overlap_days=overlap, allow_shrinking=replace)
            for note in news.notes:
                echo(note)
            if news.mapping is None:
                echo(tr("There is nothing new: the workspace is as it was."))
                return
        with shown_progress() as progress:
            report = import_receipts(
                source if news is None or news.mapping is None else news.mapping,
                workspace,
                allow_shrinking=replace,
                accept_defaults=accept_defaults,
                announce=echo,
                progress=progress,
            )
        remember(source, workspace, all_read(source) if news is None else news.read)
        echo(str(report))
    _hint(tr("Next: toolkit mart {workspace}   or ask at once: toolkit answer {workspace} portrait.overview", workspace=workspace))


@app.command("simulate", rich_help_panel=RECEIPTS)
def simulate(
    folder: Annotated[Path, typer.Argument(help="Where to write the receipts and the truth beside them.")],
    members: Annotated[int, typer.Option(help="Members of the simulated shop.")] = 2000,
    years: Annotated[float, typer.Option(help="Years of receipts.")] = 2,
    seed: Annotated[int, typer.Option(help="Same seed, same shop.")] = 0,
) -> None:
    """Write the receipts of a simulated shop whose truth is known: habits, tastes, lapse dates, campaign effects."""
    from toolkit.simulated import simulated_shop

    shop = simulated_shop(folder, members=members, years=years, seed=seed)
    echo(str(shop))
    _hint(tr("Next: toolkit import {folder} WORKSPACE", folder=folder))


@app.command("mart", rich_help_panel=RECEIPTS)
def mart(
    workspace: WorkspacePath, as_of: Annotated[str, typer.Option(help="Last day that is seen; empty = the last day of the receipts.")] = ""
) -> None:
    """Build the members table as of a date (questions do it by themselves when it is missing)."""
    from toolkit.mart.build import ensure_mart
    from toolkit.scope.view import checked_as_of
    from toolkit.workspace import Workspace

    ws = Workspace(workspace)
    mart_made = ensure_mart(ws, checked_as_of(ws, as_of))
    echo(tr("Mart of {workspace} as of {as_of}: {file}", workspace=workspace, as_of=mart_made.as_of, file=mart_made.path))
    _hint(tr("Next: toolkit questions, then toolkit answer {workspace} portrait.overview", workspace=workspace))


@app.command("info", rich_help_panel=RECEIPTS)
def info(workspace: WorkspacePath) -> None:
    """Say what a workspace holds: receipts by source, tables, imports, rows set aside."""
    from toolkit.importing.run import describe
    from toolkit.workspace import Workspace

    ws = Workspace(workspace)
    echo(repr(ws))
    optional = ", ".join(ws.manifest.line_columns) or tr("none")
    echo(
        tr(
            "Tables: lines, {tables}. Optional columns of lines: {optional}.",
            tables=", ".join(sorted(ws.manifest.tables)) or tr("no others"),
            optional=optional,
        )
    )
    for source, (first, last, lines) in ws.sources().items():
        echo(
            tr(
                "Source {source}: {lines:,} lines, {first} to {last}.",
                source=source or tr("(unnamed)"),
                lines=lines,
                first=first,
                last=last,
            )
        )
    for record in ws.manifest.imports:
        echo("\n".join(describe(record, workspace)))


@app.command("scorecard", rich_help_panel=RECEIPTS)
def scorecard(
    workspace: WorkspacePath,
    as_of: Annotated[str, typer.Option(help="Date of the ruler; empty = the last day of the receipts.")] = "",
    refresh: Annotated[bool, typer.Option("--refresh", help="Propose new edges and keep them.")] = False,
) -> None:
    """Show the ruler that scores recency, or refresh it and see how many members change segment."""
    from toolkit.portrait.measures.scorecard import describe_scorecard, refresh_scorecard
    from toolkit.workspace import Workspace

    ws = Workspace(workspace)
    echo(refresh_scorecard(ws, as_of or None) if refresh else describe_scorecard(ws, as_of or None))


# -- 2 questions and answers -----------------------------------------------------------------------------------------------------------


@app.command("questions", rich_help_panel=ASK)
def questions(
    name: Annotated[str, typer.Argument(help="One question, for its parameters.")] = "",
    markdown: Annotated[bool, typer.Option("--markdown", help="Print them all as a page (docs/questions.md).")] = False,
) -> None:
    """List the questions by step, or show one with its parameters."""
    from toolkit.questions_page import questions_markdown
    from toolkit.registry import SCOPE_PARAMETERS, all_questions, find_question

    if markdown:
        echo(questions_markdown())
        return
    if name:
        one = find_question(name)
        echo(f"{one.name}: {one.text}\n\n{(one.__doc__ or '').strip()}\n\nParameters:")
        for parameter in one.parameters.values():
            default = "" if parameter.default is parameter.empty else f" (default {parameter.default!r})"
            echo(f"  {parameter.name}: {parameter.annotation}{default}")
        for key, (_, means) in SCOPE_PARAMETERS.items():
            echo(f"  {key}: {means}")
        return
    step = ""
    for one in all_questions():
        if one.step != step:
            step = one.step
            echo(f"\n{step}")
        echo(f"  {one.name:30} {one.text}")
    _hint(tr("Next: toolkit answer WORKSPACE NAME, or toolkit questions NAME for its parameters"))


@app.command("answer", rich_help_panel=ASK)
def answer(
    workspace: WorkspacePath,
    name: Annotated[str, typer.Argument(help="The question, such as portrait.segments.")],
    sets: Sets = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write the answer as a page that opens without network.")] = None,
) -> None:
    """Answer one question: a sentence, a table, notes; with --html a page with the chart."""
    from toolkit.registry import find_question

    _show(find_question(name)(workspace, **read_sets(sets or [])), as_json=as_json, html=html)


@app.command("ask", rich_help_panel=ASK)
def ask_(
    workspace: WorkspacePath,
    text: Annotated[str, typer.Argument(help="The question in plain words.")],
    sets: Sets = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write the answer as a page that opens without network.")] = None,
) -> None:
    """Ask in plain words, English or Chinese: what was understood is said first, then answered; what is not clear is asked back."""
    from toolkit.conversation.reply import ask

    reply = ask(workspace, text, **read_sets(sets or []))
    if not as_json:
        echo(reply.text, err=not reply.answers)
    for answer in reply.answers:
        if not as_json:
            echo(f"> {shorten(answer.call, 600)}")
        _show(answer, as_json=as_json, html=html)
    if not reply.answers:
        if as_json:
            echo(json_text(reply.understood.to_dict(), indent=1))
        raise typer.Exit(2)


app.command("goals", rich_help_panel=ASK)(goals_command)
app.command("alerts", rich_help_panel=ASK)(alerts_command)
app.command("guides", rich_help_panel=ASK)(guides_command)
app.command("talk", rich_help_panel=ASK)(talk_command)
app.command("mcp", rich_help_panel=ASK)(mcp_command)


@app.command("write-back", rich_help_panel=REPORTS)
def write_back_(
    workspace: WorkspacePath,
    result: Annotated[str, typer.Argument(help="members, audience, next_best or contacts.")],
    name: Annotated[str, typer.Argument(help="The audience, or the campaign's id.")] = "",
    to: Annotated[
        str, typer.Option("--to", help="env:NAME, keyring:SERVICE/USER, an address without a password, or a .parquet file.")
    ] = "",
    table: Annotated[str, typer.Option("--table", help="The table, with its schema where it needs one.")] = "",
    mode: Annotated[str, typer.Option("--mode", help="create, replace, or merge (on member_id).")] = "replace",
    columns: Annotated[str, typer.Option("--columns", help="Columns of the members table and its traits, separated by commas.")] = "",
    analysis: Annotated[bool, typer.Option("--analysis", help="Also who may not be contacted: nobody may be addressed from it.")] = False,
    sets: Sets = None,
) -> None:
    """Write results to a table that the CRM reads, in one transaction: scores and segments, an audience, next best, contact lists."""
    from toolkit.results import write_back

    if not to:
        raise BadValue(tr("Say where the table stands: --to env:CRM_DB --table crm.member_scores."))
    chosen = [name.strip() for name in columns.split(",") if name.strip()]
    given = read_sets(sets or [])
    kind: Any = mode
    written = write_back(
        workspace, result, to=to, table=table or None, mode=kind, name=name, columns=chosen, for_contact=not analysis, **given
    )
    echo(written.sentence)


# -- 3 reports -------------------------------------------------------------------------------------------------------------------------


@app.command("report", rich_help_panel=REPORTS)
def report(
    workspace: WorkspacePath,
    stores: Annotated[str, typer.Option(help="all, top:10, or ids separated by commas.")] = "top:10",
    notebooks: Annotated[
        str, typer.Option(help="Notebooks to run, separated by commas: names of ours, or paths of yours.")
    ] = "store,portrait",
    out: Annotated[Path | None, typer.Option(help="Folder of the report set; default: reports/AS_OF in the workspace.")] = None,
    sets: Sets = None,
    workers: Annotated[int, typer.Option(help="Notebooks run side by side.", min=1, max=64)] = 2,
    resume: Annotated[bool, typer.Option("--resume", help="Keep the reports that are finished and up to date.")] = False,
    single_file: Annotated[bool, typer.Option("--single-file", help="Pages that stand alone and can be mailed.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="Also one PDF, a page a store; Chromium prints it.")] = False,
) -> None:
    """Run the notebooks for every store and write an indexed set of pages that open from disk, with no network."""
    names = [name.strip() for name in notebooks.split(",") if name.strip()]
    result = _run_reports(workspace, stores, names, out, read_sets(sets or []), workers=workers, resume=resume, single_file=single_file)
    if pdf:
        from toolkit.batch.whole_set import write_printed

        _hint(tr("wrote {file}", file=write_printed(result.index.parent)))
    _hint(
        tr("Open {path} in a browser.", path=result.index.resolve())
        + (tr(" Try the failed ones again with --resume.") if result.failed else "")
    )
    raise typer.Exit(1 if result.failed else 0)


app.command("nightly", rich_help_panel=REPORTS)(nightly_command)


@app.command("notebooks", rich_help_panel=REPORTS)
def notebooks_(folder: Annotated[Path, typer.Argument(help="Where to put your own copies.")]) -> None:
    """Copy the notebooks into a folder of your own, to work in with JupyterLab."""
    from toolkit.shipped import copy_notebooks

    for path in copy_notebooks(folder):
        echo(f"wrote {path}")
    _hint(tr("Next: jupyter lab {folder}", folder=folder))


add_app_command(app, REPORTS)
app.command("doctor", rich_help_panel=KEEP)(doctor_command)
app.command("backup", rich_help_panel=KEEP)(backup_command)
app.command("restore", rich_help_panel=KEEP)(restore_command)

# -- 4 personal data -------------------------------------------------------------------------------------------------------------------

app.command("forget", rich_help_panel=PERSONAL)(forget_command)
app.command("pseudonymise", rich_help_panel=PERSONAL)(pseudonymise_command)
app.command("minimum", rich_help_panel=PERSONAL)(minimum_command)
app.command("audit", rich_help_panel=PERSONAL)(audit_command)

# -- inside ----------------------------------------------------------------------------------------------------------------------------


def sources_named(url: str, tables: list[str] | None, queries: list[str] | None) -> list[SourceTable]:
    """Return the tables of a database that a command names.

    Raises: `BadValue` where they do not go together, or the address carries a password.
    """
    from toolkit.sources.databases.addresses import SourceTable
    from toolkit.sources.specs import path_of_url

    if not url:
        if tables or queries:
            raise BadValue(tr("--table and --query are of a database: name it by --url."))
        return []
    named = [{"table": table} for table in tables or []] + [{"query": query} for query in queries or []] or [{}]
    try:
        for one in named:
            path_of_url({"url": url, **one})
    except ValueError as error:
        raise BadValue(f"--url: {error}.") from None
    return [SourceTable(url, one.get("table"), one.get("query")) for one in named]


def read_sets(sets: list[str]) -> dict[str, Any]:
    """Return `NAME=VALUE` words as parameters; a dotted name is a setting: `scope.period_days=28`.

    Raises
    ------
    BadValue
        A word without `=`.
    """
    given: dict[str, Any] = {}
    for word in sets:
        name, sign, value = word.partition("=")
        if not sign or not name.strip():
            raise BadValue(tr("--set {word}: NAME=VALUE was needed, such as --set store_id=367.", word=word))
        family, dot, key = name.strip().partition(".")
        if dot:
            given.setdefault("settings", {}).setdefault(family, {})[key] = _value(value)
        else:
            given[family] = value
    return given


def _value(text: str) -> Any:
    try:
        return json.loads(text) if text[:1] in "[{" else text
    except json.JSONDecodeError:
        return text


def _run_reports(workspace: Path, stores: str, names: list[str], out: Path | None, given: dict[str, Any], **options: Any) -> Any:
    from toolkit.batch.selection import report_set

    result = report_set(workspace, stores=stores, notebooks=names, out=out, given=given, **options)
    too_small = tr(", {count} stores too small to speak of", count=result.too_small) if result.too_small else ""
    before = tr(" ({count} kept from before)", count=result.skipped) if result.skipped else ""
    echo(
        tr(
            "{ok} reports made{before}, {failed} failed{too_small}, in {seconds:.0f} s.",
            ok=result.ok,
            before=before,
            failed=result.failed,
            too_small=too_small,
            seconds=result.seconds,
        )
    )
    for record in result.records:
        if record.status == "failed":
            echo(f"  failed: {record.label}, {record.notebook}: {record.error}")
    return result


def _show(answer: Any, *, as_json: bool, html: Path | None) -> None:
    from toolkit import rendering
    from toolkit.atomic import write_atomically

    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(html, rendering.page_html(answer), private=rendering.names_members(answer))
        if not as_json:
            echo(answer.headline)
        _hint(tr("wrote {html}: open it in a browser.", html=html))
    if as_json:
        echo(answer.to_json())
    elif html is None:
        echo(rendering.text(answer))


def _without_paths(text: str) -> str:
    """Drop the lines that name files of the temporary workspace of a check."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("  see "))


def _hint(text: str) -> None:
    """Say what to do next on standard error, so that standard output can be piped."""
    echo(text, err=True)


def main() -> None:
    """Run the command line; an error for a person is printed as a sentence, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")  # ids may be Chinese or emoji; a shell in ASCII must not crash
    try:
        with absence_told():
            app()
    except ToolkitError as error:
        echo(str(error), err=True)
        raise SystemExit(2) from None
    except BrokenPipeError:
        raise SystemExit(0) from None
    except FAULTS as error:
        if not cannot_write(error):
            raise
        echo(not_written(error), err=True)
        raise SystemExit(2) from None
