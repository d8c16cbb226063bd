"""A shop in China whose till writes gb18030, with ids that are hard to forget: one in another, one of regex signs, one in Chinese."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl

from toolkit.audience import Audience, save_audience
from toolkit.importing import import_receipts
from toolkit.ledger.definition import Definition, write_plan
from toolkit.ledger.launch import freeze
from toolkit.workspace import Workspace

FIRST = date(2024, 1, 1)
DAYS = 120
STEADY = [f"K{number:03d}" for number in range(60)]
HARD = ["Mq7001", "Mq70010", "Mq7001-2", "a.c*(1)[x]", "会员甲", "12"]
MEMBERS = [*HARD, *STEADY]
PHONE = {"Mq7001": "13811112222", "Mq70010": "13833334444", "会员甲": "openid=+/甲"}
MAPPING = """currency = "CNY"
name = "till"
[identities]
files = "crm.csv"
ids = ["member_no", "phone"]
member_id = "member_no"
[lines]
files = "lines.csv"
[lines.columns]
order_id = "order"
member_id = "member"
store_id = "store"
product_id = "sku"
ordered_at = "time"
quantity = "qty"
amount = "amount"
[members]
files = "members.csv"
[members.columns]
member_id = "card"
contactable = "may"
referred_by = "by"
[members.values.contactable]
y = "yes"
n = "no"
[events]
files = "events.csv"
[events.columns]
member_id = "who"
occurred_at = "at"
kind = "what"
"""


def write_export(folder: Path) -> Path:
    """Write what the till exports, in gb18030, and return the mapping."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["order,member,store,sku,time,qty,amount"]
    for place, who in enumerate(MEMBERS):
        for turn, back in enumerate(range(place % 7, DAYS, 7 + place % 5)):
            named = PHONE.get(who, who) if turn % 3 == 2 else who  # the same person under another id now and then
            order = f"{who}/{turn}" if who == "Mq7001" and turn % 2 else f"R{place:03d}{turn:03d}"
            rows.append(f"{order},{named},{'东街' if place % 2 else '12'},米,{FIRST + timedelta(days=back)} 10:00:00,1,{10 + place % 4}")
    rows += [f"N{number},,东街,米,{FIRST + timedelta(days=number)} 11:00:00,1,5" for number in range(60)]
    rows += [
        "X1,Mq7001,东街,米,not a day,1,5",
        "X2,K001,东街,米,not a day,1,5",
        "X3,Mq7001,东街,米,2024-02-01 10:00:00,1,5",
        "X3,K002,东街,米,2024-02-01 10:00:00,1,5",
    ]
    crm = ["member_no,phone", *(f"{who},{phone}" for who, phone in PHONE.items())]
    cards = ["card,may,by", *(f"{who},{'n' if who == 'K000' else 'y'},{'Mq7001' if who == 'K003' else ''}" for who in MEMBERS)]
    events = ["who,at,what", *(f"{who},2024-03-01 09:00:00,view" for who in MEMBERS)]
    for name, lines in (("lines", rows), ("crm", crm), ("members", cards), ("events", events)):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", "gb18030")
    path = folder / "mapping.toml"
    path.write_text(MAPPING, "utf-8")
    return path


def import_town(folder: Path, workspace: Path) -> Workspace:
    """Import the export and return the workspace."""
    import_receipts(write_export(folder), workspace, accept_defaults=True, allow_shrinking=True)
    return Workspace(workspace)


def town(folder: Path, *, treated: tuple[str, ...] = ("Mq7001", "12"), control: tuple[str, ...] = ("会员甲", "a.c*(1)[x]")) -> Workspace:
    """Return the shop with audiences, a draft, a running campaign, a report, an export in it and a mart, all of which name hard ids."""
    ws = import_town(folder / "export", folder / "workspace")
    save_audience(ws, Audience("a list", member_ids=tuple(HARD)))
    save_audience(
        ws, Audience("by rule", where="member_id IN ('Mq7001', 'Mq70010', 'Mq7001-2') OR member_id = '12' AND home_store_id = '12'")
    )
    definition = Definition.model_validate(
        {
            "campaign_id": "spring", "starts_on": "2024-04-01", "ends_on": "2024-04-28", "offers": {"ten": "full_reduction 60/10"},
            "offer_of": "ten", "audience": HARD,
        }
    )  # fmt: skip
    write_plan(ws, definition.model_copy(update={"campaign_id": "draft"}))
    arms = {**dict.fromkeys((*treated, *STEADY[:30]), "treated"), **dict.fromkeys((*control, *STEADY[30:]), "control")}
    members = pl.DataFrame({"member_id": list(arms), "arm": list(arms.values())}).with_columns(
        segment=pl.lit("all"), offer=pl.lit("ten"), touchpoint=pl.lit("mail"), store_id=pl.lit(None, pl.String)
    )
    left = pl.DataFrame({"member_id": ["Mq70010"], "segment": ["all"], "reason": ["must not be contacted"]})
    freeze(ws, definition, members, as_of=date(2024, 3, 31), left_out=left)
    pages = ws.path / "reports" / "2024-04-29" / "stores"
    pages.mkdir(parents=True)
    (pages / "one.html").write_text("<td>Mq7001</td>", "utf-8")
    (pages / "other.html").write_text("<td>Mq70010</td><td>Mq7001-2</td>", "utf-8")
    members.write_parquet(ws.path / "reports" / "members.parquet")
    return ws
