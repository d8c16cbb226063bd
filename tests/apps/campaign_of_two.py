"""One campaign by two people below a path: a marketer plans it and may not launch it, an owner launches the very draft."""

from __future__ import annotations

import json
from typing import Any

from tests.chromium import wait_until
from toolkit.audit import read_audit
from toolkit.ledger.campaigns import known_campaigns
from toolkit.ledger.definition import plan_names
from toolkit.workspace import Workspace

ROLES = {"everybody": "viewer", "people": {"anna": "owner", "bo": "marketer"}}
_LAUNCH = "[...document.querySelectorAll('.tk-launch button')].some(one => one.textContent === 'Launch …' && {}one.disabled)"


def bo_plans(page: Any, plan: str, floor: Workspace) -> tuple[str, str]:
    """Plan a campaign named Autumn as somebody who may not launch it; the address of the plan, and the kernel of the page."""
    page.goto(plan, wait_until="commit")
    page.locator(".tk-hint p").wait_for()
    name = page.get_by_label("Name", exact=True).locator("visible=true")
    name.fill("Autumn")
    name.press("Tab")
    page.locator(".tk-launch .tk-wait", has_text="bo is no owner").wait_for()
    wait_until(page, _LAUNCH.format(""))
    wait_until(page, "/name=Autumn/.test(location.search)")
    assert page.url.startswith(f"{plan}?")
    page.get_by_role("button", name="Keep as a draft").click()
    page.locator(".tk-launch .tk-done").wait_for()
    assert plan_names(Workspace(floor.path)) == ["autumn"]
    return page.url, page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")


def anna_launches(page: Any, address: str) -> str:
    """Launch what stands at the address, and return where that leads."""
    page.goto(address, wait_until="commit")
    wait_until(page, _LAUNCH.format("!"))
    page.get_by_role("button", name="Launch …").click()
    page.get_by_role("button", name="Yes, freeze and launch it", exact=True).click()
    page.locator(".tk-done", has_text="Launched: ").wait_for()
    wait_until(page, "/campaign=autumn/.test(location.search)")
    return page.url


def is_in_both_names(floor: Workspace) -> None:
    """The draft is bo's, the launch anna's, in the audit log and in the ledger."""
    ws = Workspace(floor.path)
    assert "autumn" in known_campaigns(ws)["campaign_id"]
    entries = read_audit(ws.path).entries
    (launched,) = (entry for entry in entries if entry.did == "launched")
    assert (launched.who, launched.how, launched.about["campaign"]) == ("anna", "page", "autumn")
    assert {entry.who for entry in entries if entry.did == "drafted"} == {"bo"}
    assert json.loads((ws.path / "campaigns" / "autumn" / "definition.json").read_text("utf-8"))["launched_by"] == "anna"
