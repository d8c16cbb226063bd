"""What an analysis sees: the mart as of a date, narrowed to a scope.

A scope is the chain, a store, a region or an audience. A member's traits (scores, stage, tastes, prospects) are theirs across the chain, so
that one member reads the same in every report; orders and sales are those of the scope.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import Any, TypeVar

import polars as pl

import toolkit
from toolkit import schemas, wording
from toolkit.errors import BadValue, DataError, TooFewMembers, unknown_name
from toolkit.language import tr
from toolkit.mart.build import ensure_mart
from toolkit.mart.derived import made_at, stored_table
from toolkit.mart.folder import Mart
from toolkit.mart.readable import readable_members
from toolkit.roles import role_of
from toolkit.scope.minimum import checked_minimum, shop_settings
from toolkit.scope.period import Period, read_date, read_period
from toolkit.scope.telling import say
from toolkit.scope.traits import trait_columns, with_traits
from toolkit.scope.where import read_where
from toolkit.settings import Settings, read_settings
from toolkit.workspace import Workspace

T = TypeVar("T")
MemberSelection = str | Iterable[str] | None
"""A WHERE expression over the members table, or member ids."""


@dataclass(frozen=True)
class Scope:
    """Who and where an answer is about."""

    store_id: str | None = None
    region: str | None = None
    audience: str | tuple[str, ...] | None = None
    label: str = "the chain"

    @property
    def is_chain(self) -> bool:
        """Whether nothing is narrowed."""
        return self.store_id is None and self.region is None and self.audience is None

    @property
    def is_place(self) -> bool:
        """Whether the scope is a store or a region: its sales are those made there."""
        return self.store_id is not None or self.region is not None


@dataclass(frozen=True)
class View:
    """The mart as of a date, narrowed to a scope; all frames an analysis may use.

    Money in these frames is Int64 minor units; `major` turns it into currency units for the table of an answer.
    """

    workspace: Workspace
    mart: Mart
    scope: Scope
    period: Period
    settings: Settings
    asked_for: date | None = None
    """The as_of that was asked for, where the receipts end before it: nothing is said of days without receipts."""
    rounded_to: int = 1
    """What counts of members are rounded to: the minimum, where a viewer asks of a list of ids."""
    _known: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    # -- words and money -----------------------------------------------------------------------------------------------------------

    @property
    def as_of(self) -> date:
        """Last day that is seen."""
        return self.mart.as_of

    @property
    def first_day(self) -> date:
        """First day of the shop's receipts: what happened before is not known (left-truncated)."""
        return date.fromisoformat(self.mart.totals["first_day"])

    @property
    def currency(self) -> str:
        """ISO code."""
        return self.workspace.manifest.currency

    @property
    def minor_units(self) -> int:
        """Minor units in one unit of the currency: 100 for USD, 1 for JPY."""
        return 10**self.workspace.manifest.minor_digits

    def major(self, amount: pl.Expr | str) -> pl.Expr:
        """Return minor units as currency units (Float64)."""
        expr = pl.col(amount) if isinstance(amount, str) else amount
        return expr.cast(pl.Float64) / self.minor_units

    def money(self, minor: float | None) -> str:
        """Return minor units as text in a sentence: `$4,593,254`."""
        return wording.money(None if minor is None else minor / self.minor_units, self.currency)

    @property
    def place(self) -> str:
        """The scope in a sentence: 'the chain', 'store 367'."""
        return self.scope.label

    @property
    def least(self) -> int:
        """Fewest members that figures may speak of."""
        return self.settings.scope.minimum_members

    def say(self, message: str, row: Mapping[str, Any] | None = None, /, **fields: Any) -> str:
        """Return a sentence in the reader's language, its fields read as their columns do (`toolkit.scope.telling`)."""
        return say(self, message, row, fields)

    def has_column(self, table: str, column: str) -> bool:
        """Say whether the shop handed over an optional column."""
        return self.workspace.has_column(table, column)

    def missing(self, table: str, column: str, what: str) -> str:
        """Return the sentence for a figure that a missing column makes impossible."""
        return tr("Not measured: {what}. The {table} table has no `{column}` column.", what=what, table=table, column=column)

    # -- frames --------------------------------------------------------------------------------------------------------------------

    @cached_property
    def population(self) -> pl.DataFrame:
        """One row per member of the chain, sorted by member_id: MEMBER_FEATURES, member_id, and the attributes of the members table."""
        return _population(self.mart, made_at(self.mart.path), self.workspace.unheld())

    @cached_property
    def members(self) -> pl.DataFrame:
        """One row per member in scope, columns as `population`. For a store or region: members who ordered there up to as_of."""
        if self.scope.is_chain:
            return self.population
        if self.scope.is_place:
            inside = self.orders.filter("is_order", pl.col("member_code").is_not_null()).select("member_code").unique().collect()
            chosen = self.population.join(inside, on="member_code", how="semi", maintain_order="left")
        else:
            chosen = self.population
        return (
            chosen
            if self.scope.audience is None
            else chosen.join(self._audience_codes, on="member_code", how="semi", maintain_order="left")
        )

    @cached_property
    def orders(self) -> pl.LazyFrame:
        """One row per order in scope (schemas.ORDERS), non-members included but for an audience. All history up to as_of."""
        frame = self.mart.orders
        if self.scope.is_place:
            # The orders of a place are few: they are read once and serve all questions about it.
            frame = frame.filter(pl.col("store_code").is_in(self._store_codes)).collect(engine="streaming").lazy()
        if self.scope.audience is not None:
            frame = frame.join(self._audience_codes.lazy(), on="member_code", how="semi")
        return frame

    @cached_property
    def member_category(self) -> pl.LazyFrame:
        """One row per member in scope x category, across the chain (schemas.MEMBER_CATEGORY)."""
        frame = self.mart.member_category
        return frame if self.scope.is_chain else frame.join(self.members.lazy().select("member_code"), on="member_code", how="semi")

    @cached_property
    def stores(self) -> pl.DataFrame:
        """One row per store: store_code, store_id, store_name, region, format (null where the shop says nothing); sorted by store_id."""
        return _stores(self.workspace)

    @cached_property
    def categories(self) -> pl.DataFrame:
        """One row per category: category_code, category, department and totals."""
        return self.mart.categories

    @property
    def chain(self) -> View:
        """The same date and settings for the whole chain."""
        return self if self.scope.is_chain else replace(self, scope=Scope(), _known={})

    def at(self, as_of: date) -> View:
        """Return the same scope as of an earlier (or later) date; its mart is built if need be."""
        mart = ensure_mart(self.workspace, _seen_until(self.workspace, checked_as_of(self.workspace, as_of)))
        days = timedelta(days=self.period.days - 1)
        return replace(self, mart=mart, period=replace(self.period, start=mart.as_of - days, end=mart.as_of), _known={})

    def chainwide(self, name: str, make: Callable[[View], pl.DataFrame], *families: str) -> pl.DataFrame:
        """Return a table of member traits that is made once per mart and kept beside it.

        `make` gets the view of the whole chain and gives one row per member (`member_code` and its columns). `families` are the families of
        settings it depends on: other settings make another table.
        """
        used = {family: getattr(self.settings, family).model_dump(mode="json") for family in families}
        text = json.dumps([toolkit.__version__, name, used], sort_keys=True)
        key = f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        return stored_table(self.mart.path, key, lambda: make(self.chain))

    def remembered(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """Return what was made for this view under `key` before, or make it now: questions on one subject share their work."""
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    @cached_property
    def readable(self) -> pl.DataFrame:
        """One row per member of the chain as a person reads it (`mart.readable`): money in the currency, names instead of codes."""
        names = {
            "store": self.workspace.codes("store"),
            "channel": self.workspace.codes("channel"),
            "category": self.categories.select(pl.col("category_code").alias("code"), pl.col("category").alias("id")),
        }
        return readable_members(self.population, names, self.minor_units)

    @cached_property
    def _audience_codes(self) -> pl.DataFrame:
        """The member_code of everybody in the audience."""
        inside = chosen_members(self.scope.audience or (), self)
        return self.population.filter(inside).select("member_code")

    @cached_property
    def _store_codes(self) -> list[int]:
        column = "store_id" if self.scope.store_id is not None else "region"
        value = self.scope.store_id if self.scope.store_id is not None else self.scope.region
        return self.stores.filter(pl.col(column) == value)["store_code"].to_list()


def open_view(
    workspace: Workspace,
    *,
    store_id: str | None = None,
    region: str | None = None,
    audience: MemberSelection = None,
    as_of: date | str | None = None,
    period: str | int | None = None,
    settings: Settings | dict[str, Any] | None = None,
    called: str = "",
) -> View:
    """Return the view for a scope; every value is checked here, so that analyses can trust it.

    `called` is what the audience is called in sentences, where it has a name.

    Raises
    ------
    UnknownName
        No such store, region or column in the audience's expression.
    BadValue
        A date, period or setting that cannot be read or is out of range.
    DataError
        No receipts, or none up to `as_of`.
    """
    workspace = workspace.snapshot()
    asked = checked_as_of(workspace, as_of)
    day = _seen_until(workspace, asked)
    shop = shop_settings(workspace)
    chosen = checked_minimum(workspace, shop, settings if isinstance(settings, Settings) else read_settings(settings, base=shop))
    stores = _stores(workspace)
    label = whole = tr("the chain")
    if store_id is not None:
        store_id = str(store_id)
        if store_id not in stores["store_id"]:
            raise unknown_name("store", store_id, stores["store_id"].to_list(), where=tr("The shop"))
        label = tr("store {store_id}", store_id=store_id)
    if region is not None:
        regions = stores["region"].drop_nulls().unique().sort().to_list()
        if not regions:
            raise DataError(tr("No regions: the stores table has no `region` column. Import one, or ask by store_id."))
        if region not in regions:
            raise unknown_name("region", region, regions, where=tr("The shop"))
        if store_id is not None:
            raise BadValue(tr("Give a store_id or a region, not both."))
        label = tr("region {region}", region=region)
    crowd = audience if audience is None or isinstance(audience, str) else tuple(str(member) for member in audience)
    if crowd is not None:
        words = called or (
            tr("members where {short}", short=_short(crowd))
            if isinstance(crowd, str)
            else tr("a list of {crowd:,} members", crowd=len(crowd))
        )
        label = words if label == whole else tr("{words} in {label}", words=words, label=label)
    scope = Scope(store_id, region, crowd, label)
    window = read_period(period, day, chosen.scope.period_days)
    to = chosen.scope.minimum_members if isinstance(crowd, tuple) and role_of(workspace) == "viewer" else 1
    return _shared(View(workspace, ensure_mart(workspace, day), scope, window, chosen, asked if asked > day else None, to))


_views: OrderedDict[tuple[Any, ...], View] = OrderedDict()
_MOST_VIEWS = 4


def _shared(view: View) -> View:
    """Return an equal view that was opened before, if any: the questions of a report share the frames of their scope."""
    key = (
        view.workspace.unheld(),
        view.mart,
        made_at(view.mart.path),
        view.scope,
        view.period,
        view.settings.model_dump_json(),
        view.asked_for,
        view.rounded_to,
    )
    for old in [one for one in _views if one[0].path == view.workspace.path and one[0] != view.workspace]:
        del _views[old]  # of an earlier state, which nobody shall hold for the sake of a view that is not asked for again
    shared = _views.setdefault(key, view)
    _views.move_to_end(key)
    while len(_views) > _MOST_VIEWS:
        _views.popitem(last=False)
    return shared


def close_views() -> None:
    """Let go of every view and members table that this process remembers."""
    _views.clear()
    _population.cache_clear()


def checked_as_of(workspace: Workspace, as_of: date | str | None) -> date:
    """Return the date to look from: the last day of the receipts unless stated; never before the first line."""
    first, last = workspace.first_day, workspace.last_day
    if first is None or last is None:
        raise DataError(tr("{path} has no receipts yet. Import some with `toolkit import MAPPING {path}`.", path=workspace.path))
    day = last if as_of in (None, "") else read_date(as_of, "as_of")
    if day < first:
        raise DataError(
            tr(
                "as_of is {day}, but the receipts of this shop start on {first}. Choose a day from {first} to {last}.",
                day=day,
                first=first,
                last=last,
            )
        )
    return day


def _seen_until(workspace: Workspace, day: date) -> date:
    """Return the day, or the last one of the receipts where they end before it: who did not come on days without receipts is not away."""
    return min(day, workspace.last_day or day)


def require_members(view: View, *, least: int | None = None) -> View:
    """Return the view if enough members are in scope to speak of.

    Raises
    ------
    TooFewMembers
        Fewer members than the setting scope.minimum_members.
    """
    needed = view.settings.scope.minimum_members if least is None else least
    member_count = view.members.height
    if member_count < needed and role_of(view.workspace) == "viewer":  # how few would tell something of whom it may be
        raise TooFewMembers(
            tr(
                "{place} has fewer than {needed} members up to {as_of}: too few to speak of.",
                place=wording.capital(view.place),
                needed=needed,
                as_of=view.as_of,
            )
        )
    if member_count < needed:
        raise TooFewMembers(
            tr(
                "{place} has {members} up to {as_of}, fewer than the {needed} that figures may speak of (setting "
                "scope.minimum_members): too few to generalise, and people could be recognised.",
                place=wording.capital(view.place),
                members=wording.some(member_count, "member"),
                as_of=view.as_of,
                needed=needed,
            )
        )
    return view


def _short(expression: str) -> str:
    return expression if len(expression) <= 200 else expression[:190] + " ..."


def chosen_members(audience: str | tuple[str, ...], view: View) -> pl.Series:
    """Return, per row of `view.population`, whether the member is in the audience; an unknown answer (null) is no.

    An expression may name the columns of the readable members table and the traits of `mart.traits`.

    Raises
    ------
    UnknownName
        The expression names a column that there is not; the nearest is named, and where it stands.
    BadValue
        It is no WHERE expression, or compares what cannot be compared.
    """
    if isinstance(audience, tuple):
        return view.population["member_id"].is_in(list(audience))
    where = read_where(audience)
    if set(where.names) - set(view.readable.columns):
        where.check_names([*view.readable.columns, *trait_columns(view)])
    return where.apply(with_traits(view, where.names))


@lru_cache(maxsize=4)
def _population(mart: Mart, made: int, workspace: Workspace) -> pl.DataFrame:
    """Members of a mart with ids and attributes. A mart never changes; `made` tells it from a later one of the same name."""
    ids = workspace.codes("member").rename({"code": "member_code", "id": "member_id"})
    frame = mart.members.collect().join(ids, on="member_code", how="left")
    attributes = workspace.table("members")
    if attributes is not None:
        taken = {*frame.columns, "import_source"} - {"member_id"}
        frame = frame.join(
            attributes.drop([name for name in attributes.collect_schema().names() if name in taken]).collect(), on="member_id", how="left"
        )
    return frame.sort("member_id")


def _stores(workspace: Workspace) -> pl.DataFrame:
    return _stores_of(workspace.unheld())


@lru_cache(maxsize=4)
def _stores_of(workspace: Workspace) -> pl.DataFrame:
    """The stores of a state of a workspace."""
    seen = workspace.codes("store").rename({"code": "store_code", "id": "store_id"})
    table = workspace.table("stores")
    known = (
        table.collect()
        if table is not None
        else pl.DataFrame(schema={"store_id": pl.String, "name": pl.String, "region": pl.String, "format": pl.String})
    )
    for column in schemas.optional_columns("stores"):
        if column not in known.columns:
            known = known.with_columns(pl.lit(None, pl.String).alias(column))
    return (
        seen.join(known, on="store_id", how="full", coalesce=True)
        .select("store_code", "store_id", pl.col("name").alias("store_name"), "region", "format")
        .sort("store_id")
    )
