"""The village with a store whose id and name try to break out of a page and out of a spreadsheet."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import polars as pl
import psutil
import pytest

from tests.portrait.village import village_lines, village_products
from tests.shop import AS_OF, make_workspace
from toolkit.apps.pages.state import State
from toolkit.apps.serving.forked import PROCESS
from toolkit.workspace import Workspace

NASTY = "=2<b>'\""
NAME = "=HYPERLINK(\"x\")<script>document.title='broken'</script>"


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    lines = village_lines().with_columns(pl.col("store_id").replace({"s2": NASTY}))
    stores = pl.DataFrame({"store_id": ["s1", NASTY], "name": ["Harbour", NAME], "region": ["north", "south"]})
    return make_workspace(tmp_path_factory.mktemp("apps") / "ws", lines, {"products": village_products(), "stores": stores})


@pytest.fixture
def state(workspace: Workspace) -> State:
    return State(workspace.path)


LONG = "مرحبا " + "long " * 2_000
"""A name from right to left, of ten thousand characters."""
CATEGORY = "{{ 7*7 }}<script>document.title='broken'</script>"


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The same village with what a person needs to act: who may be contacted, and two campaigns (v100-v159 treated, v160-v219 held out).

    Anew for each module: what is saved and launched in one is in the way of the other.
    """
    lines = village_lines().with_columns(pl.col("store_id").replace({"s2": NASTY}))
    stores = pl.DataFrame({"store_id": ["s1", NASTY], "name": ["Harbour", NAME], "region": ["north", "south"]})
    ids = lines["member_id"].drop_nulls().unique().sort()
    members = pl.DataFrame({"member_id": ids, "contactable": [place % 5 != 0 for place in range(ids.len())]})
    campaigns = pl.DataFrame(
        {
            "campaign_id": ["C0", "C1"], "name": [LONG, NAME], "method": ["coupon", "coupon"],
            "starts_on": [AS_OF - timedelta(days=120), AS_OF - timedelta(days=40)],
            "ends_on": [AS_OF - timedelta(days=100), AS_OF - timedelta(days=13)],
            "cost_fixed": [0, 10_000], "cost_per_contact": [5, 5], "randomised": [True, True],
        }
    )  # fmt: skip
    arms = [(f"v{who}", "treated" if who < 160 else "control") for who in range(100, 220)]
    contacts = pl.DataFrame([{"campaign_id": one, "member_id": who, "arm": arm} for one in ("C0", "C1") for who, arm in arms]).with_columns(
        pl.lit(None, pl.Datetime("us")).alias("contacted_at"), pl.lit(None, pl.String).alias("touchpoint")
    )
    products = village_products().with_columns(pl.col("category").replace({"tea": CATEGORY}))
    tables = {"products": products, "stores": stores, "members": members, "campaigns": campaigns, "contacts": contacts}
    return make_workspace(tmp_path_factory.mktemp("floor") / "ws", lines, tables)


def kernels_of(server: int) -> set[int]:
    """Return the processes of a server's kernels that live."""
    found = set()
    for child in psutil.Process(server).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it ended while we looked
            if child.name() == PROCESS:
                found.add(child.pid)
    return found
