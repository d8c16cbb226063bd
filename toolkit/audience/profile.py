"""What an audience is worth: size, sales, reach, overlaps with others, and who came and went since it was saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import polars as pl

from toolkit import wording
from toolkit.audience.audience import Audience
from toolkit.audience.saved import load_audience, members_then
from toolkit.audience.viewers import admit, is_viewer
from toolkit.audience.words import in_words
from toolkit.columns import rounded
from toolkit.errors import nearest
from toolkit.language import tr
from toolkit.roles import require_role
from toolkit.scope.traits import with_traits
from toolkit.scope.view import View
from toolkit.scope.where import read_where, text_values


@dataclass(frozen=True)
class Profile:
    """An audience in a scope, on a day. Money in currency units; `reachable` is null where the shop does not say who may be contacted.

    `sales` and `sales_share` (of all sales of the scope, members or not, in the period) are null for fewer members than figures may
    speak of. For who may see figures alone (`roles`), `reachable` is rounded to that minimum, and so is the size of a list of members.
    """

    name: str
    words: str
    as_of: date
    place: str
    period: str
    currency: str
    member_count: int
    member_share: float | None
    sales: float | None
    sales_share: float | None
    reachable: int | None
    notes: tuple[str, ...]

    @property
    def reachable_share(self) -> float | None:
        """Share of its members who may be contacted (0..1)."""
        return self.reachable / self.member_count if self.reachable is not None and self.member_count else None

    @property
    def sentence(self) -> str:
        """Size, sales and reach in one sentence."""
        members = wording.some(self.member_count, "member")
        clauses = [
            tr("{members} ({member_share} of {place}'s)", members=members, member_share=wording.share(self.member_share), place=self.place)
        ]
        if self.sales is not None:
            share = tr(" ({sales_share} of all sales)", sales_share=wording.share(self.sales_share)) if self.sales_share is not None else ""
            clauses.append(
                tr("{sales} from {period}{share}", sales=wording.money(self.sales, self.currency), period=self.period, share=share)
            )
        if self.reachable is not None and self.member_count:
            clauses.append(
                tr(
                    "{reachable:,} of them may be contacted ({reachable_share})",
                    reachable=self.reachable,
                    reachable_share=wording.share(self.reachable_share),
                )
            )
        return f"'{self.name}', {self.words}: {'; '.join(clauses)}."


def profile(view: View, audience: Audience) -> Profile:
    """Return size, sales and reach of an audience among the members in the view's scope.

    Raises
    ------
    UnknownName, BadValue
        The expression cannot be applied.
    NotAllowed, TooFewMembers
        Who asks may see figures alone, and it would give members away.
    """
    inside = view.population.filter(audience.inside(view)).select("member_code")
    members = view.members.join(inside, on="member_code", how="semi")
    admit(view, audience)
    shows_few = not is_viewer(view)
    start, after = datetime.combine(view.period.start, time()), datetime.combine(view.period.end + timedelta(days=1), time())
    orders = view.orders.filter((pl.col("ordered_at") >= start) & (pl.col("ordered_at") < after))
    total = int(orders.select(pl.col("amount").sum()).collect(engine="streaming").item() or 0)
    mine = orders.join(members.lazy().select("member_code"), on="member_code", how="semi")
    sales = int(mine.select(pl.col("amount").sum()).collect(engine="streaming").item() or 0)
    few = 0 < members.height < view.least
    to = view.least if not shows_few and audience.member_ids is not None else 1
    reachable = int(members["contactable"].fill_null(False).sum()) if view.has_column("members", "contactable") else None
    if reachable is not None and not shows_few:
        reachable = min(rounded(reachable, view.least), rounded(members.height, to))  # 99 of 100 would tell of one
    return Profile(
        name=audience.name,
        words=in_words(audience),
        as_of=view.as_of,
        place=view.place,
        period=str(view.period),
        currency=view.currency,
        member_count=rounded(members.height, to),
        member_share=rounded(members.height, to) / view.members.height if view.members.height else None,
        sales=None if few else sales / view.minor_units,
        sales_share=None if few or total <= 0 else sales / total,
        reachable=reachable,
        notes=tuple(_notes(view, audience, members, few)),
    )


def _notes(view: View, audience: Audience, members: pl.DataFrame, few: bool) -> list[str]:
    notes = []
    if members.is_empty():
        notes.append(
            tr("The audience selects nobody in {place} as of {as_of}.", place=view.place, as_of=view.as_of) + _unseen_values(view, audience)
        )
    elif members.height == view.members.height:
        notes.append(nobody_left_out(view))
    if few:
        least = view.settings.scope.minimum_members
        notes.append(tr("Fewer than {least} members (setting scope.minimum_members): their sales are not shown.", least=least))
    if not view.has_column("members", "contactable"):
        notes.append(view.missing("members", "contactable", tr("who may be contacted")))
    if audience.member_ids is not None:
        lost = len(audience.member_ids) - view.population["member_id"].is_in(list(audience.member_ids)).sum()
        if lost:
            notes.append(
                tr(
                    "{ids} of the list belong to no member with receipts up to {as_of}.",
                    ids=wording.some(int(lost), "id"),
                    as_of=view.as_of,
                )
            )
    return notes


def nobody_left_out(view: View) -> str:
    """Return the note of an audience that is everybody in scope."""
    members = view.members.height
    return tr("The audience selects all {members:,} members of {place}: it chooses nobody out.", members=members, place=view.place)


def _unseen_values(view: View, audience: Audience) -> str:
    """Name the texts of an expression that no member has, with the nearest that some have."""
    if audience.where is None:
        return ""
    where, sentences = read_where(audience.where), ""
    frame = with_traits(view, where.names)
    for name, value in text_values(where):
        if frame.schema[name] != pl.String or name == "member_id":
            continue
        known = frame[name].drop_nulls().unique()
        if value not in known:
            near = nearest(value, known.head(5000))
            sentences += tr(" No member has {name} '{value}'", name=name, value=value) + (
                tr("; did you mean '{near}'?", near=near[0]) if near else "."
            )
    return sentences


def overlaps(view: View, audiences: Sequence[Audience]) -> pl.DataFrame:
    """Return how many members each pair of audiences shares, in the view's scope: one row per pair, the audience itself included.

    Columns: `audience`, `other`, `member_count` (in both), `member_share` (0..1, of the members of `audience`; null where it has none).
    For who may see figures alone (`roles`), members are rounded to the minimum that figures may speak of.

    Raises
    ------
    NotAllowed
        Who asks may see figures alone, and one of the audiences would give members away.
    """
    to = view.least if is_viewer(view) else 1
    for one in audiences:
        admit(view, one)
    scope = view.population["member_code"].is_in(view.members["member_code"].implode())
    inside = [one.inside(view) & scope for one in audiences]
    rows = []
    for mine, left in zip(audiences, inside, strict=True):
        own = rounded(int(left.sum()), to)
        for theirs, right in zip(audiences, inside, strict=True):
            both = rounded(int((left & right).sum()), to)
            rows.append((mine.name, theirs.name, both, both / own if own else None))
    schema = {"audience": pl.String, "other": pl.String, "member_count": pl.Int64, "member_share": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


@dataclass(frozen=True)
class Refreshed:
    """A saved audience then and now: members who came, who went, who stayed; ids sorted."""

    name: str
    version: int
    saved_on: date
    as_of: date
    came: tuple[str, ...]
    went: tuple[str, ...]
    stayed: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Who came and who went, in one sentence."""
        now, then = len(self.came) + len(self.stayed), len(self.went) + len(self.stayed)
        return tr(
            "'{name}' has {members} on {as_of}, {then:,} on {saved_on} (version {version}): {came:,} came, {went:,} "
            "went, {stayed:,} stayed.",
            name=self.name,
            members=wording.some(now, "member"),
            as_of=self.as_of,
            then=then,
            saved_on=self.saved_on,
            version=self.version,
            came=len(self.came),
            went=len(self.went),
            stayed=len(self.stayed),
        )

    @property
    def table(self) -> pl.DataFrame:
        """One row per member then or now: `member_id`, `movement` (came, went, stayed); sorted."""
        rows = [(member, word) for word in ("came", "went", "stayed") for member in getattr(self, word)]
        return pl.DataFrame(rows, schema={"member_id": pl.String, "movement": pl.String}, orient="row").sort("member_id")


def refreshed(view: View, name: str, *, now: Audience | None = None, version: int | None = None) -> Refreshed:
    """Return who came and who went since a saved version, as of the view's date, across the chain.

    Parameters
    ----------
    now
        What the audience is today, where its members were chosen by an answer: the answer asked again (`Audience.from_answer`). An
        expression is applied again by itself; a plain list stays as it is.

    Raises
    ------
    UnknownName
        No such audience or version.
    NotAllowed
        Who asks may see figures alone.
    """
    require_role(view.workspace, "marketer", tr("who came and who went"))
    saved = load_audience(view.workspace, name, version)
    then = set(members_then(view.workspace, saved.name, saved.version))
    today = set((now or saved).members(view.chain))
    return Refreshed(
        saved.name, saved.version, saved.as_of or view.as_of, view.as_of,
        came=tuple(sorted(today - then)), went=tuple(sorted(then - today)), stayed=tuple(sorted(today & then)),
    )  # fmt: skip
