"""Building an audience: what is asked of its members, what that makes, and keeping it. No widgets; a view only links to it.

`standing_of` is the one function from a draft to what the page shows: size, sales, reach, overlaps, or the sentence that says why not.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

import polars as pl
import traitlets

from toolkit.apps.pages.address import LONGEST
from toolkit.apps.pages.condition_rows import ConditionRows
from toolkit.apps.pages.debounce import Soon
from toolkit.apps.pages.state import Shop, fresh, read_shop
from toolkit.audience import Audience, clauses, export_audience, load_audience, overlaps, profile, save_audience, saved_names
from toolkit.audience.profile import nobody_left_out
from toolkit.audience.viewers import is_viewer
from toolkit.errors import ToolkitError
from toolkit.language import tr
from toolkit.registry import ask_again
from toolkit.scope.traits import with_traits
from toolkit.scope.view import View, open_view
from toolkit.workspace import Workspace

EVERYBODY = Audience("everybody", where="order_count >= 0")
COUNTED = ("segment", "stage", "spending_power", "promo_level")
"""Traits that the page offers as buttons with the number of members on each."""
NEW_NAME, FROM_KEPT = "this audience", "audience:"


@dataclass(frozen=True)
class Draft:
    """What is asked of the members: an expression over the members table, among all or among those that an answer lists.

    Attributes
    ----------
    expression
        WHERE expression; '' = nothing is asked.
    source
        The call of an answer that lists members, such as `targeting.slipping(ws, top=0)`, or `audience:` and the name of a kept audience;
        '' = all members.
    kept
        Name of the kept audience that it began with; keeping it again adds a version.
    """

    expression: str = ""
    source: str = ""
    kept: str = ""

    def __str__(self) -> str:
        return self.expression


@dataclass(frozen=True)
class Standing:
    """What a draft makes: the sentence, its notes, and one row per saved audience that shares members with it.

    `overlap`: `audience`, `member_count` (in both), `member_share` (0..1, of the members of the draft). `counts` gives, for each column of
    COUNTED, the members of the draft by value.
    """

    audience: Audience
    sentence: str
    notes: tuple[str, ...]
    member_count: int
    sales: float | None
    reachable: int | None
    overlap: pl.DataFrame
    counts: dict[str, dict[str, int]]


def audience_of(workspace: Workspace, draft: Draft) -> Audience:
    """Return the audience of a draft, not saved.

    Raises
    ------
    UnknownName, BadValue, DataError
        The expression or the answer cannot be had; the sentence says why.
    """
    asked = Audience(NEW_NAME, where=draft.expression) if draft.expression.strip() else None
    if not draft.source:
        return (asked or EVERYBODY).renamed(NEW_NAME)
    name = draft.source.removeprefix(FROM_KEPT)
    listed = load_audience(workspace, name) if name != draft.source else Audience.from_answer(NEW_NAME, ask_again(workspace, draft.source))
    return listed if asked is None else (listed & asked).renamed(NEW_NAME)


def standing_of(shop: Shop, draft: Draft) -> Standing | str:
    """Return what a draft makes, or the sentence that says why it makes nothing. Reads the workspace afresh; changes nothing."""
    ws = Workspace(shop.path)
    try:
        audience = audience_of(ws, draft)
        view = open_view(ws)
        found = profile(view, audience)
        others = [] if is_viewer(view) else [load_audience(ws, name) for name in saved_names(ws)]
        shared = overlaps(view, [audience, *others])
        shared = shared.filter((pl.col("audience") == NEW_NAME) & (pl.col("other") != NEW_NAME) & (pl.col("member_count") > 0))
        overlap = shared.select(pl.col("other").alias("audience"), "member_count", "member_share").sort("member_count", descending=True)
        sentence, notes = found.sentence, found.notes
        if draft == Draft():
            sentence = tr("All {member_count:,} members: choose whom you mean.", member_count=found.member_count)
            notes = tuple(note for note in notes if note != nobody_left_out(view))
        return Standing(audience, sentence, notes, found.member_count, found.sales, found.reachable, overlap, _counts(view, audience))
    except ToolkitError as error:
        return str(error)


def _counts(view: View, audience: Audience) -> dict[str, dict[str, int]]:
    members = with_traits(view, COUNTED).filter(audience.inside(view))
    known = [name for name in COUNTED if name in members.columns]
    fewest = view.least if is_viewer(view) else 1
    found = {name: members[name].drop_nulls().cast(pl.String).value_counts() for name in known}
    return {name: dict(counts.filter(pl.col("count") >= fewest).iter_rows()) for name, counts in found.items()}


DAY_EDGES = (0, 7, 14, 28, 56, 91, 182, 364, 728, 1456, 2912)
"""Weeks, months, a quarter, half a year, years: last week and last month are told apart, years ago are not."""


def spread(shop: Shop, across: str = "recency_days", up: str = "amount_91d") -> pl.DataFrame:
    """Return how members spread over two figures, for a picture to brush: one row per cell that holds members.

    Columns: `across`, `across_end`, `up`, `up_end` (edges of the cell), `member_count`. Cells are wider the farther out they are: `across`
    as `DAY_EDGES`, `up` in steps of 1, 2, 5, 10 times. Members crowd near 0, and a few heavy buyers would squeeze all others into one
    corner. The last cell of each side holds everybody beyond it as well. For who may see figures alone, a cell of few members is left out.
    """
    view = open_view(Workspace(shop.path))
    members = with_traits(view, (across, up))
    frame = members.select(pl.col(across).cast(pl.Float64).alias("a"), pl.col(up).cast(pl.Float64).alias("u")).drop_nulls()
    if frame.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(("across", "across_end", "up", "up_end"), pl.Float64) | {"member_count": pl.Int64})
    longest, heavy = float(frame["a"].max() or 0), float(frame["u"].quantile(0.98) or 0)  # type: ignore[arg-type] - a number
    steps = [step * 10.0**power for power in range(9) for step in (1, 2, 5)]
    up_edges = _reaching((0, *(step for step in steps if step >= heavy / 100)), heavy)
    frame = frame.select(*_cell(frame["a"], _reaching(DAY_EDGES, longest), "across"), *_cell(frame["u"], up_edges, "up"))
    cells = frame.group_by("across", "across_end", "up", "up_end").agg(pl.len().cast(pl.Int64).alias("member_count"))
    return cells.filter(pl.col("member_count") >= (view.least if is_viewer(view) else 1)).sort("across", "up")


def _reaching(edges: Iterable[float], highest: float) -> list[float]:
    """The edges up to the first beyond `highest`; at least one cell."""
    edges = [float(edge) for edge in edges]
    beyond = next((place for place, edge in enumerate(edges) if edge > highest), len(edges) - 1)
    return edges[: max(beyond, 1) + 1]


def _cell(values: pl.Series, edges: list[float], name: str) -> tuple[pl.Series, pl.Series]:
    """The edges of the cell that each value lies in; what lies beyond the last one is in it."""
    place = pl.Series(edges).search_sorted(values, side="right").cast(pl.Int64).clip(1, len(edges) - 1)
    ends = pl.Series(edges)
    return ends.gather(place - 1).alias(name), ends.gather(place).alias(f"{name}_end")


def query_of(draft: Draft) -> str:
    """Return a draft as the query of an address; '' = nothing asked, or more than an address holds."""
    given = (("where", draft.expression), ("from", draft.source), ("audience", draft.kept))
    query = urlencode({name: value for name, value in given if value})
    return query if len(query) <= LONGEST else ""


def draft_of(query: str, workspace: Workspace | None = None) -> Draft:
    """Return the draft that a query stands for; a kept audience that it names is had from the workspace.

    Raises
    ------
    UnknownName
        No such audience is kept.
    """
    given = dict(parse_qsl(query.lstrip("?")[:LONGEST]))
    draft = Draft(given.get("where", ""), given.get("from", ""), given.get("audience", ""))
    if draft.kept and workspace is not None and not (draft.expression or draft.source):
        saved = load_audience(workspace, draft.kept)
        return replace(draft, expression=saved.where) if saved.where is not None else replace(draft, source=f"{FROM_KEPT}{draft.kept}")
    return draft


class Builder(traitlets.HasTraits):
    """A draft and what it makes; observers are told when one of them changes.

    Example
    -------
    >>> builder = Builder(read_shop("demo/workspace"))
    >>> builder.choose("segment", ["loyal"]); builder.standing.sentence
    """

    shop: Shop = traitlets.Instance(Shop)  # type: ignore[assignment]
    draft: Draft = traitlets.Instance(Draft)  # type: ignore[assignment]
    standing: Standing | str = traitlets.Any()  # type: ignore[assignment]
    busy: bool = traitlets.Bool(False)  # type: ignore[assignment]

    def __init__(self, shop: Shop | str | Path) -> None:
        super().__init__()
        self.shop = shop if isinstance(shop, Shop) else read_shop(shop)
        self._past: list[Draft] = []
        self.soon = Soon()
        self.draft = Draft()
        self.rows = ConditionRows(self)
        self.everybody = standing_of(self.shop, self.draft)
        self.standing = self.everybody

    def renew(self) -> None:
        """Read everything again if receipts came in since."""
        shop = fresh(self.shop)
        if shop is not self.shop:
            self.everybody = standing_of(shop, Draft())
            self.shop = shop
            self._move(self.draft, remember=False, anew=True)

    @property
    def currency(self) -> str:
        """ISO code."""
        return Workspace(self.shop.path).manifest.currency

    @property
    def can_go_back(self) -> bool:
        """Whether there is an earlier draft."""
        return bool(self._past)

    def type(self, expression: str) -> None:
        """Take an expression as typed."""
        self.rows.unfinished = None
        self.ask(expression.strip())

    def start_from(self, source: str) -> None:
        """Choose among the members that an answer lists; '' = among all."""
        self._move(replace(self.draft, source=source))

    def choose(self, column: str, values: list[str]) -> None:
        """Ask for one of these values in a column."""
        self._change(clauses.with_values, column, values)

    def toggle(self, column: str, value: str) -> None:
        """Add a value to the choice in a column, or take it out."""
        now = list(self.chosen(column))
        self.choose(column, [one for one in now if one != value] if value in now else [*now, value])

    def range(self, column: str, low: float | None, high: float | None) -> None:
        """Ask for a range of a column; None = open."""
        self._change(clauses.with_span, column, low, high)

    def brush(self, spans: dict[str, tuple[float | None, float | None]]) -> None:
        """Ask for several ranges at once: one step back takes all of them away."""
        expression = self.draft.expression
        for column, (low, high) in spans.items():
            expression = clauses.with_span(expression, column, low, high)
        self._move(replace(self.draft, expression=expression))

    def like(self, tastes: list[str]) -> None:
        """Ask for a taste for all of these categories."""
        self._change(clauses.with_tastes, "tastes", tastes)

    def only(self, column: str, wanted: bool) -> None:
        """Ask for a yes in a column, or no longer."""
        self._change(clauses.with_flag, column, wanted)

    def chosen(self, column: str, kind: Literal["among", "taste"] = "among") -> tuple[str, ...]:
        """Return the values chosen in a column; none where the expression cannot be read."""
        return self._read(clauses.chosen, (), column, kind)

    def span(self, column: str) -> tuple[float | None, float | None]:
        """Return the range asked of a column; open where the expression cannot be read."""
        return self._read(clauses.span, (None, None), column)

    def asks_for(self, column: str) -> bool:
        """Say whether a yes is asked for in a column."""
        return self._read(clauses.has_flag, False, column)

    def back(self) -> None:
        """Return to the draft before."""
        self.rows.unfinished = None
        if self._past:
            self._move(self._past.pop(), remember=False)

    def reset(self) -> None:
        """Ask nothing; that, too, can be taken back."""
        self.rows.unfinished = None
        self._move(Draft())

    def go_to(self, query: str) -> None:
        """Go to the draft of an address."""
        self._move(draft_of(query, Workspace(self.shop.path)))

    def save(self, name: str, *, replace_it: bool = False) -> str:
        """Keep the audience under a name and return the sentence that says so.

        Raises
        ------
        BadValue
            The name cannot be one, or is taken (then `replace_it` adds a version), or nobody is in the audience.
        """
        self.soon.settle()
        saved = save_audience(Workspace(self.shop.path), self._made().renamed(name.strip()), replace_it=replace_it)
        size = self.standing.member_count if isinstance(self.standing, Standing) else 0
        told = tr(
            "Kept as '{name}', version {version}: {size:,} members as of {last_day}.",
            name=saved.name,
            version=saved.version,
            size=size,
            last_day=self.shop.last_day,
        )
        self.everybody = standing_of(self.shop, Draft())
        self._move(replace(self.draft, kept=saved.name), remember=False, anew=True)  # its overlap with the one just kept
        return told

    def file(self, name: str, form: Literal["csv", "xlsx"]) -> tuple[str, str, str]:
        """Return the audience as a file for addressing people: file name, content in base64, and who is not in it.

        Raises
        ------
        DataError
            The shop does not say who may be contacted, or nobody may.
        """
        with tempfile.TemporaryDirectory(prefix="toolkit-export-") as folder:
            audience = self._made().renamed(name.strip() or "audience")
            made = export_audience(open_view(Workspace(self.shop.path)), audience, folder, formats=[form])
            (path,) = made.files
            return path.name, base64.b64encode(path.read_bytes()).decode("ascii"), made.sentence

    def _made(self) -> Audience:
        return audience_of(Workspace(self.shop.path), self.draft)

    def _read(self, read: Any, nothing: Any, *given: Any) -> Any:
        try:
            return read(self.draft.expression, *given)
        except ToolkitError:
            return nothing

    def ask(self, expression: str) -> None:
        """Ask another expression of the same members."""
        self._move(replace(self.draft, expression=expression))

    def _change(self, change: Any, *given: Any) -> None:
        self._move(replace(self.draft, expression=change(self.draft.expression, *given)))

    def _move(self, draft: Draft, *, remember: bool = True, anew: bool = False) -> None:
        if draft == self.draft and not anew:
            return
        if not anew:
            self.renew()
        if remember:
            self._past.append(self.draft)
        self.draft = draft
        self.busy = True
        self.soon(self._work_out)
        if anew:  # what was kept is told beside it
            self.soon.settle()

    def _work_out(self) -> None:
        try:
            self.standing = standing_of(self.shop, self.draft) if self.draft != Draft() else self.everybody
        finally:
            self.busy = False
