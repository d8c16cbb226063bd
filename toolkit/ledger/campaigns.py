"""Every campaign there is, by one shape: those frozen in the ledger, and those that the shop's own tables tell of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import polars as pl

from toolkit.errors import unknown_name
from toolkit.importing.aliases import in_one_name
from toolkit.language import current, tr, word
from toolkit.ledger.definition import GOALS, Definition, Offer
from toolkit.ledger.folder import State, campaign_folder, faults_of, forgotten_since, launched_ids, read_launched, state_of
from toolkit.workspace import Workspace

MEMBERS = pl.Schema(
    {
        "member_id": pl.String,
        "arm": pl.String,  # treated or control
        "segment": pl.String,
        "offer": pl.String,  # the offer of the member's segment: what a treated member gets and a control member does without
        "touchpoint": pl.String,
        "contacted_at": pl.Datetime("us"),
        "store_id": pl.String,
    }
)
"""One row per member in an arm; the scores frozen at launch follow as further columns."""

LEFT_OUT = pl.Schema({"member_id": pl.String, "segment": pl.String, "reason": pl.String})
"""One row per member of the audience who is in no arm."""

KNOWN = pl.Schema(
    {
        "campaign_id": pl.String,
        "name": pl.String,
        "starts_on": pl.Date,
        "ends_on": pl.Date,
        "method": pl.String,
        "source": pl.String,
        "randomised": pl.Boolean,
        "treated_count": pl.Int64,
        "control_count": pl.Int64,
        "intact": pl.Boolean,
    }
)


@dataclass(frozen=True)
class Campaign:
    """A campaign and its members, as assigned.

    `source` is "ledger" (launched here) or "tables" (run without us, from the contract's tables). `randomised`: True = chance alone decided
    the arms; None = the tables do not say. `as_of` is the day the arms were fixed (tables: the day before it starts). Costs are in minor
    units, None = not known. `members` and `left_out`: see MEMBERS and LEFT_OUT; `contacted_at` comes from the contacts table where it
    speaks of the campaign. `definition` and `cost` (currency units) are those of the launch, None and {} for a campaign of the tables.
    """

    campaign_id: str
    name: str
    starts_on: date
    ends_on: date
    source: Literal["ledger", "tables"]
    randomised: bool | None
    methods: tuple[str, ...]
    offers: tuple[Offer, ...]
    cost_fixed: int | None
    cost_per_contact: int | None
    goals: dict[str, float]
    as_of: date
    members: pl.DataFrame
    left_out: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LEFT_OUT))
    definition: Definition | None = None
    cost: dict[str, float | None] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    folder: Path | None = None
    forgotten: dict[str, int] = field(default_factory=dict)
    """Members who were forgotten since the launch and stand in no arm, by arm."""

    @property
    def days(self) -> int:
        """Days of the window, both ends inside."""
        return (self.ends_on - self.starts_on).days + 1

    def count(self, arm: str) -> int:
        """Members in an arm."""
        return self.members.filter(pl.col("arm") == arm).height

    @property
    def score_columns(self) -> tuple[str, ...]:
        """Columns of `members` that were scores frozen at launch."""
        return tuple(name for name in self.members.columns if name not in MEMBERS)

    def __repr__(self) -> str:
        """Say what it is."""
        return tr(
            "Campaign({campaign_id!r}: {name}, {starts_on} to {ends_on}, {treated:,} treated, {control:,} control, {source})",
            campaign_id=self.campaign_id,
            name=self.name or tr(", ").join(word(method) for method in self.methods) or tr("no name"),
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            treated=self.count("treated"),
            control=self.count("control"),
            source=word(self.source),
        )


def known_campaigns(ws: Workspace, *, up_to: date | None = None) -> pl.DataFrame:
    """Return one row per campaign, sorted by first day and id: schema KNOWN.

    `method`: the methods, joined by ", "; null = not stated. `intact`: whether the files of the ledger are as launched; null for a campaign
    of the tables. A campaign of the ledger that the tables speak of too is one row, the ledger's. `up_to`: only those that start by then.
    """
    rows = [_ledger_row(ws, campaign_id) for campaign_id in launched_ids(ws)]
    launched = pl.DataFrame(rows, schema=KNOWN, orient="row")
    of_tables = _table_rows(ws).join(launched, on="campaign_id", how="anti")
    known = pl.concat([launched, of_tables]).sort("starts_on", "campaign_id")
    return known if up_to is None else known.filter(pl.col("starts_on") <= up_to)


def open_campaign(ws: Workspace, campaign_id: str) -> Campaign:
    """Return a campaign with its members: from the ledger (hashes checked), or else from the shop's tables.

    Raises
    ------
    UnknownName
        There is no such campaign; the nearest is named.
    WorkspaceError
        A file of the ledger is not what was launched.
    """
    if campaign_id in launched_ids(ws):
        return _from_ledger(ws, campaign_id)
    table = ws.table("campaigns")
    rows = table.filter(pl.col("campaign_id") == campaign_id).collect() if table is not None else pl.DataFrame()
    if rows.is_empty():
        raise unknown_name("campaign", campaign_id, known_campaigns(ws)["campaign_id"], where=tr("The shop"))
    return _from_tables(ws, rows.row(0, named=True))


def contacts_of(ws: Workspace, campaign_ids: Iterable[str]) -> pl.DataFrame:
    """Return the rows of the contacts table for some campaigns: `campaign_id` and MEMBERS' columns (null where it has them not), sorted."""
    table, wanted = ws.table("contacts"), list(campaign_ids)
    if table is None or not wanted:
        return pl.DataFrame(schema={"campaign_id": pl.String, **MEMBERS})
    contacts = table.filter(pl.col("campaign_id").is_in(wanted)).collect()
    return contacts.select(
        "campaign_id",
        *((pl.col(name) if name in contacts.columns else pl.lit(None)).cast(dtype).alias(name) for name, dtype in MEMBERS.items()),
    ).sort("campaign_id", "member_id")


def members_of(ws: Workspace, campaign_ids: Iterable[str]) -> pl.DataFrame:
    """Return who is in some campaigns: one row per member x campaign, `campaign_id`, `member_id`, `arm` and `contacted_at` as in MEMBERS.

    Raises
    ------
    WorkspaceError
        A file of the ledger is not what was launched.
    """
    wanted, launched, columns = list(campaign_ids), set(launched_ids(ws)), ["campaign_id", "member_id", "arm", "contacted_at"]
    contacts = contacts_of(ws, wanted).select(columns)
    ours = [_arms_of(ws, one) for one in wanted if one in launched]
    if not ours:
        return contacts
    key = ["campaign_id", "member_id"]
    frozen = pl.concat(ours).join(contacts.drop("arm").unique(key, keep="first"), on=key, how="left", maintain_order="left")
    return pl.concat([frozen.select(columns), contacts.filter(~pl.col("campaign_id").is_in(launched))])


def _arms_of(ws: Workspace, campaign_id: str) -> pl.DataFrame:
    """Who is in a launched campaign: campaign_id, member_id, arm."""
    read_launched(ws, campaign_id)  # says so if it is not what was launched
    arms = pl.read_parquet(campaign_folder(ws, campaign_id) / "members.parquet", columns=["member_id", "arm"])
    return _today(ws, arms).select(pl.lit(campaign_id).alias("campaign_id"), "member_id", "arm")


def _today(ws: Workspace, frozen: pl.DataFrame) -> pl.DataFrame:
    """Return frozen members with the ids that they have today: an identity table may have tied them to others since the launch."""
    aliases = ws.aliases()
    if aliases.is_empty():
        return frozen
    key = [name for name in ("member_id", "arm") if name in frozen.columns]
    return in_one_name(frozen.lazy(), aliases).collect().unique(key, keep="first", maintain_order=True)


def _from_ledger(ws: Workspace, campaign_id: str) -> Campaign:
    launched = read_launched(ws, campaign_id)
    folder = campaign_folder(ws, campaign_id)
    definition = Definition.model_validate(launched["definition"])
    minor = 10**ws.manifest.minor_digits
    contacts = contacts_of(ws, [campaign_id]).select(
        "member_id", pl.col("contacted_at").alias("told_at"), pl.col("touchpoint").alias("told_by")
    )
    members = (
        _today(ws, pl.read_parquet(folder / "members.parquet"))
        .join(contacts.unique("member_id", keep="first"), on="member_id", how="left", maintain_order="left")
        .with_columns(contacted_at=pl.col("told_at"), touchpoint=pl.coalesce("told_by", "touchpoint"))
        .drop("told_at", "told_by")
    )
    scores = [name for name in members.columns if name not in MEMBERS]
    return Campaign(
        campaign_id=campaign_id,
        name=definition.name,
        starts_on=definition.starts_on,
        ends_on=definition.ends_on,
        source="ledger",
        randomised=True,
        methods=definition.methods,
        offers=definition.offers,
        cost_fixed=_minor(definition.cost_fixed, minor),
        cost_per_contact=_minor(definition.cost_per_contact, minor),
        goals={goal: definition.goals[goal] for goal in GOALS if goal in definition.goals},
        as_of=date.fromisoformat(launched["as_of"]),
        members=members.select(*MEMBERS, *scores),
        left_out=_today(ws, pl.read_parquet(folder / "left_out.parquet")),
        definition=definition,
        cost=launched["cost"],
        settings=launched["settings"],
        notes=tuple(launched.get("notes_in", {}).get(current(), launched["notes"])),
        folder=folder,
        forgotten=forgotten_since(folder),
    )


def _from_tables(ws: Workspace, row: dict[str, Any]) -> Campaign:
    members = contacts_of(ws, [row["campaign_id"]]).drop("campaign_id")
    homes = ws.table("members")
    if homes is not None and ws.has_column("members", "home_store_id"):
        home = homes.select("member_id", "home_store_id").collect()
        members = members.join(home, on="member_id", how="left", maintain_order="left")
        members = members.with_columns(store_id=pl.col("home_store_id")).drop("home_store_id")
    method = row.get("method")
    return Campaign(
        campaign_id=row["campaign_id"],
        name=row.get("name") or "",
        starts_on=row["starts_on"],
        ends_on=row["ends_on"],
        source="tables",
        randomised=row.get("randomised"),
        methods=(method,) if method else (),
        offers=(),
        cost_fixed=row.get("cost_fixed"),
        cost_per_contact=row.get("cost_per_contact"),
        goals={},
        as_of=row["starts_on"] - timedelta(days=1),
        members=members,
    )


def _ledger_row(ws: Workspace, campaign_id: str) -> tuple[Any, ...]:
    folder = campaign_folder(ws, campaign_id)
    return _ledger_row_of(folder, campaign_id, state_of(folder))


@lru_cache(maxsize=1_000)
def _ledger_row_of(folder: Path, campaign_id: str, _state: State) -> tuple[Any, ...]:
    intact = not faults_of(folder)
    try:
        document = json.loads((folder / "definition.json").read_text("utf-8"))
        definition = Definition.model_validate(document["definition"])
        counts = document["member_counts"]
    except (ValueError, KeyError, TypeError):
        return (campaign_id, None, None, None, None, "ledger", None, None, None, False)
    days = (definition.starts_on, definition.ends_on)
    methods = ", ".join(definition.methods)
    return (campaign_id, definition.name, *days, methods, "ledger", True, counts["treated"], counts["control"], intact)


def _table_rows(ws: Workspace) -> pl.DataFrame:
    return _table_rows_of(ws.unheld())


@lru_cache(maxsize=8)  # asked for many times by one plan
def _table_rows_of(ws: Workspace) -> pl.DataFrame:
    """The campaigns of the tables, for a state of the workspace."""
    table = ws.table("campaigns")
    if table is None:
        return pl.DataFrame(schema=KNOWN)
    contacts = ws.table("contacts")
    none = pl.LazyFrame(schema={"campaign_id": pl.String, "treated_count": pl.Int64, "control_count": pl.Int64})
    arms = none if contacts is None else contacts.group_by("campaign_id").agg(
        (pl.col("arm") == arm).sum().cast(pl.Int64).alias(f"{arm}_count") for arm in ("treated", "control")
    )  # fmt: skip
    campaigns = table.join(arms, on="campaign_id", how="left").with_columns(
        pl.col("treated_count", "control_count").fill_null(0), source=pl.lit("tables")
    )
    rows = campaigns.collect()
    return rows.select((pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name) for name, dtype in KNOWN.items())


def _minor(amount: float | None, minor: int) -> int | None:
    return None if amount is None else round(amount * minor)
