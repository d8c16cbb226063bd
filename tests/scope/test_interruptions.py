"""Receipts that stop: a store, a channel, all of them, or the ids; said where it matters, and nobody is called leaving for it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import toolkit as tk
from benchmarks.strange_shops import imported, strange_shop
from toolkit.importing import import_receipts
from toolkit.language import speaking
from toolkit.scope import interruptions as scope_interruptions
from toolkit.scope.interruptions import anew_since, cut_off, interruption_notes, interruptions, new_ids_on, still_told
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

END, DAYS, MEMBERS = date(2025, 6, 30), 540, 400
CLOSED, NEW_IDS, GAP = date(2025, 3, 1), date(2025, 2, 10), (date(2024, 8, 1), date(2025, 1, 5))


def write_shop(
    folder: Path, *, closed: bool = False, new_ids: bool = False, gap: bool = False, channel: bool = False, app_ends: bool = False
) -> Workspace:
    """400 members of four stores who go on coming all the time; what is asked for interrupts their receipts."""
    rng = random.Random(1)
    rows = []
    for member in range(MEMBERS):
        store, rhythm = f"S{member % 4}", rng.choice([7, 14, 28])
        at = rng.uniform(0, rhythm)
        while at < DAYS:
            day = END - timedelta(days=DAYS - 1 - int(at))
            name = f"N{member:03d}" if new_ids and day >= NEW_IDS else f"M{member:03d}"
            in_app = member % 5 == 0
            ended = day >= CLOSED and ((closed and store == "S3") or (app_ends and in_app))
            if not ended and not (gap and GAP[0] <= day < GAP[1]):
                way = "app" if in_app and not (channel and day >= CLOSED) else "store"
                rows.append(f"R{len(rows)},{name},{store},P{rng.randrange(9)},{day} 12:00:00,1,{rng.randrange(5, 40)},{way}")
            at += rng.expovariate(1 / rhythm) + 0.5
    (folder / "lines.csv").write_text("\n".join(["order,member,store,sku,time,qty,amount,way", *rows]) + "\n", "utf-8")
    names = {"order_id": "order", "member_id": "member", "store_id": "store", "product_id": "sku", "ordered_at": "time"}
    names |= {"quantity": "qty", "amount": "amount", "channel": "way"}
    columns = "\n".join(f'{ours} = "{theirs}"' for ours, theirs in names.items())
    (folder / "mapping.toml").write_text(f'currency = "EUR"\n[lines]\nfiles = "lines.csv"\n[lines.columns]\n{columns}\n', "utf-8")
    import_receipts(folder / "mapping.toml", folder / "ws")
    return Workspace(folder / "ws")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Workspace]:
    made: dict[str, Workspace] = {}

    def of(**given: Any) -> Workspace:
        name = "-".join(sorted(given)) or "whole"
        if name not in made:
            made[name] = write_shop(tmp_path_factory.mktemp(name), **given)
        return made[name]

    return of


def test_receipts_without_interruption_say_nothing(shop: Callable[..., Workspace]) -> None:
    view = open_view(shop())
    assert interruptions(view).is_empty()
    assert still_told(view, view.orders) is view.orders
    assert interruption_notes(view) == []
    assert cut_off(view).is_empty()


def test_a_silent_store_is_said_and_its_members_are_not_leaving(shop: Callable[..., Workspace]) -> None:
    ws = shop(closed=True)
    assert interruptions(open_view(ws)).select("kind", "since").rows() == [("store", date(2025, 2, 28))]
    slipping, lifecycle = tk.targeting.slipping(ws, top=0), tk.portrait.lifecycle(ws)
    here = slipping.table.filter(pl.col("member_id").str.slice(1).cast(pl.Int64) % 4 == 3)
    assert here.is_empty()
    stages = dict(lifecycle.table.select("stage", "member_count").iter_rows())
    assert stages["cut off"] == cut_off(open_view(ws)).height > 80
    whole = dict(tk.portrait.lifecycle(shop()).table.select("stage", "member_count").iter_rows())
    assert "cut off" not in whole
    assert (stages["lapsing"] or 0) + (stages["lapsed"] or 0) <= whole["lapsing"] + whole["lapsed"] + 10
    for answer in (slipping, lifecycle, tk.portrait.overview(ws), tk.portrait.overview(ws, store_id="S3")):
        (_said,) = [
            note for note in answer.notes if note.verdict == "REVIEW" and "Store S3 has had no receipts since 2025-02-28" in note.text
        ]
    assert not any("no receipts since" in note.text for note in tk.portrait.overview(ws, store_id="S1").notes)
    assert "Store S3" not in str(tk.portrait.overview(ws, as_of="2025-03-05").notes)
    assert tk.differentiation.matrix(ws).table.height
    with speaking("zh"):
        assert any("不能说已离开" in note.text for note in tk.portrait.overview(ws).notes)


def test_a_silent_channel_is_said(shop: Callable[..., Workspace]) -> None:
    notes = interruption_notes(open_view(shop(channel=True)))
    assert [note for note in notes if note.startswith("The channel app has had no receipts since 2025-02-")]
    assert tk.portrait.overview(shop(channel=True)).figures["active_share"] == tk.portrait.overview(shop()).figures["active_share"]


def test_the_members_of_a_silent_channel_are_not_leaving(shop: Callable[..., Workspace]) -> None:
    ws = shop(app_ends=True)
    unseen = cut_off(open_view(ws))
    assert set(unseen["kind"]) == {"channel"}
    assert unseen.height > 0.15 * MEMBERS
    assert dict(tk.portrait.lifecycle(ws).table.select("stage", "member_count").iter_rows())["cut off"] == unseen.height


def test_a_silent_source_is_said_and_its_members_are_not_leaving(tmp_path: Path) -> None:
    """Two mappings, till and app, imported into one workspace; the app's export stops on 15 June."""
    strange, as_of = strange_shop("source_stops", members=400), date(2024, 9, 30)
    ws = imported(strange, tmp_path, as_of=as_of, first_day=as_of - timedelta(days=539))
    view = open_view(ws)
    assert interruptions(view).select("kind", "since").rows() == [("source", date(2024, 6, 14))]
    # Truth from the receipts: who was seen in the app in its last quarter and not at all since.
    late = strange.lines.filter(pl.col("day").is_between(date(2024, 3, 15), date(2024, 6, 14)))
    since = strange.lines.filter(pl.col("day").is_between(date(2024, 6, 15), as_of))
    last = late.sort("time").group_by("member").agg(pl.col("source").last())
    gone = set(last.filter(pl.col("source") == "app").join(since, on="member", how="anti")["member"])
    codes = dict(ws.codes("member").iter_rows())
    assert {codes[code] for code in cut_off(view)["member_code"]} == gone
    assert len(gone) > 50
    till = strange.lines.filter(pl.col("day").is_between(as_of - timedelta(days=539), as_of), pl.col("source") == "till").height
    assert still_told(view, view.orders).select(pl.len()).collect().item() == till  # what is expected is of the source that still speaks
    slipping, lifecycle = tk.targeting.slipping(ws, top=0), tk.portrait.lifecycle(ws)
    assert not gone & set(slipping.table["member_id"])
    assert dict(lifecycle.table.select("stage", "member_count").iter_rows())["cut off"] == len(gone)
    for answer in (slipping, lifecycle, tk.portrait.overview(ws), tk.portrait.overview(ws, store_id="S3")):
        assert [note for note in answer.notes if note.verdict == "REVIEW" and "The source app has brought no receipts since" in note.text]
    with speaking("zh"):
        assert any("数据来源 app 自2024年6月14日起没有小票" in note.text for note in tk.portrait.overview(ws).notes)


def test_a_source_that_goes_on_under_another_name_is_not_silent(tmp_path: Path) -> None:
    strange, as_of = strange_shop("steady", members=200), date(2024, 9, 30)
    year = pl.format("till{}", pl.col("day").dt.year())
    ws = imported(replace(strange, lines=strange.lines.with_columns(source=year)), tmp_path, as_of=as_of)
    assert len(ws.sources()) == 3
    assert interruption_notes(open_view(ws)) == []
    assert cut_off(open_view(ws)).is_empty()


def test_new_ids_of_a_day_are_told_from_new_members(shop: Callable[..., Workspace]) -> None:
    ws = shop(new_ids=True)
    assert new_ids_on(open_view(ws)) == NEW_IDS
    assert new_ids_on(open_view(shop())) is None
    stages = dict(tk.portrait.lifecycle(ws).table.select("stage", "member_count").iter_rows())
    assert stages["cut off"] > 0.9 * MEMBERS
    assert (stages["new"] or 0) < 30
    assert tk.targeting.slipping(ws, top=0).table.is_empty()
    assert any("given new ids" in note.text for note in tk.portrait.rfm(ws).notes)


def test_days_without_any_receipts_are_said(shop: Callable[..., Workspace]) -> None:
    (said,) = interruption_notes(open_view(shop(gap=True)))
    assert said.startswith("There are no receipts at all between 2024-07-31 and 2025-01-05")
    assert said.endswith("What is expected of members is learned from the receipts since 2025-01-05 alone.")


def test_nothing_is_learned_across_a_long_gap(shop: Callable[..., Workspace]) -> None:
    answer = tk.portrait.lifetime_value(shop(gap=True))
    assert "177 days of receipts up to 2025-06-30 since they began anew on 2025-01-05, after a long time without any" in answer.headline
    assert answer.figures.get("expected_buyers") is None
    with speaking("zh"):
        assert "长期没有小票之后" in tk.portrait.lifetime_value(shop(gap=True)).headline


@pytest.mark.parametrize(
    ("gaps", "anew"),
    [
        ([("2023-03-01", "2023-03-30")], date(2023, 3, 30)),
        ([("2023-03-01", "2023-03-29")], None),  # four weeks are not long
        ([("2022-07-01", "2022-08-20"), ("2023-07-10", "2023-08-25")], None),  # it closes every summer
        ([("2022-07-01", "2022-07-20"), ("2023-07-10", "2023-08-25")], None),  # and once longer
        ([("2022-07-01", "2022-08-20"), ("2023-02-01", "2023-03-15")], date(2023, 3, 15)),
        ([("2022-07-01", "2022-08-20"), ("2022-08-21", "2022-10-01")], date(2022, 10, 1)),  # one day of receipts between
        ([], None),
    ],
)
def test_a_gap_of_every_year_is_a_season(monkeypatch: pytest.MonkeyPatch, gaps: list[tuple[str, str]], anew: date | None) -> None:
    rows = [{"kind": "gap", "since": date.fromisoformat(since), "until": date.fromisoformat(until)} for since, until in gaps]
    frame = pl.DataFrame(rows, schema={"kind": pl.String, "since": pl.Date, "until": pl.Date})
    monkeypatch.setattr(scope_interruptions, "interruptions", lambda _: frame)
    assert anew_since(None) == anew  # type: ignore[arg-type]


def test_nothing_is_said_of_days_after_the_last_receipt(shop: Callable[..., Workspace]) -> None:
    late, now = tk.portrait.lifecycle(shop(), as_of="2025-08-14"), tk.portrait.lifecycle(shop())
    assert late.headline == f"The receipts end on 2025-06-30, so this is of that day, not of 2025-08-14: {now.headline}"
    assert late.as_of == END
    assert late.table.equals(now.table)
    assert tk.portrait.lifecycle(shop(), as_of="2025-06-30").headline == now.headline
