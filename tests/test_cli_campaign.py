"""`toolkit campaign` from the shell: draft, plan, launch, list, show, contacts, and what it says about a slip."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.differentiation.club import ENDS, STARTS, make_club
from toolkit.cli.shell import app
from toolkit.errors import BadValue, ToolkitError, UnknownName


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("cli") / "ws"
    make_club(path)
    return str(path)


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["campaign", *words])
    if isinstance(done.exception, ToolkitError):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


def test_from_draft_to_contact_lists(ws: str, tmp_path: Path) -> None:
    days = ("--starts", str(STARTS), "--ends", str(ENDS))
    told = run("draft", ws, "spring", *days, "--offer", "ten=full_reduction 60/10", "--touchpoint", "mail", "--goal", "lift=0.3")
    assert "documents/plans/spring.toml" in told
    assert f"Next: toolkit campaign plan {ws} spring" in told
    assert "spring               draft" in run("list", ws)
    assert "can be launched: 180 members get 'ten', 45 are held out" in run("plan", ws, "spring")
    told = run("launch", ws, "spring")
    assert "180 treated, 45 control, drawn at random" in told
    assert f"wrote {ws}/campaigns/spring" in told
    assert "ledger        180 treated       45 control" in run("list", ws)
    shown = run("show", ws, "spring")
    assert "offer ten: full_reduction 60/10" in shown
    assert "left out: 30 must not be contacted" in shown
    assert '"campaign_id": "spring"' in run("show", ws, "spring", "--json")
    assert "told by the shop's tables" in run("show", ws, "OLD")
    told = run("contacts", ws, "spring", str(tmp_path / "out"), "--formats", "csv")
    assert "180 treated members on 1 list; the control members are on none" in told
    assert len(list((tmp_path / "out").iterdir())) == 2
    with pytest.raises(BadValue, match="launched already"):
        run("launch", ws, "spring")
    (Path(ws) / "campaigns/spring/members.parquet").write_bytes(b"")
    assert "CHANGED AFTER LAUNCH" in run("list", ws)


def test_a_plan_with_blockers_ends_with_one(ws: str) -> None:
    told = run("draft", ws, "short", "--starts", str(ENDS), "--ends", str(STARTS), "--offer", "ten=coupon 5")
    assert "to do: It ends on" in told
    told = run("plan", ws, "short", code=1)
    assert "cannot be launched yet: 1 blocker" in told
    assert "documents/plans/short.toml, then plan again" in told
    with pytest.raises(BadValue, match="cannot be launched:"):
        run("launch", ws, "short")


def test_a_draft_is_proposed_where_no_offer_is_stated(ws: str) -> None:
    told = run("draft", ws, "proposed", "--audience", "order_count_91d >= 4")
    assert "offer coupon: coupon " in told
    assert "to do" not in told
    assert "shows a lift of" in run("plan", ws, "proposed")


def test_the_global_control(ws: str) -> None:
    assert "no global control is set" in run("global-control", ws)
    told = run("global-control", ws, "--share", "0.05")
    assert "documents/global_control.toml" in told
    assert "whom no campaign contacts" in told
    with pytest.raises(BadValue, match="is set since"):
        run("global-control", ws, "--share", "0.01")


def test_slips_are_sentences(ws: str, tmp_path: Path) -> None:
    days = ("--starts", str(STARTS), "--ends", str(ENDS))
    with pytest.raises(BadValue, match="NAME=VALUE was needed"):
        run("draft", ws, "x", *days, "--offer", "full_reduction 60/10")
    with pytest.raises(BadValue, match="did you mean 'coupon'"):
        run("draft", ws, "x", *days, "--offer", "five=coupom 5")
    with pytest.raises(BadValue, match="cannot be the id"):
        run("draft", ws, "../x", *days, "--offer", "five=coupon 5")
    with pytest.raises(BadValue, match="YYYY-MM-DD"):
        run("draft", ws, "x", "--starts", "tomorrow", "--ends", str(ENDS), "--offer", "five=coupon 5")
    with pytest.raises(BadValue, match="a number was needed"):
        run("draft", ws, "x", *days, "--offer", "five=coupon 5", "--goal", "lift=much")
    with pytest.raises(UnknownName, match="no plan 'x'"):
        run("plan", ws, "x")
    with pytest.raises(UnknownName, match="no campaign 'x'"):
        run("show", ws, "x")
    with pytest.raises(UnknownName, match="no campaign 'x'"):
        run("contacts", ws, "x", str(tmp_path))
