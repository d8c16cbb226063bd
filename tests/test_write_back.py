"""Results back: the table holds what the question says, a merge keeps what is the CRM's own, a fault leaves all as it was."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import toolkit as tk
from tests.servers import sql
from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit.audit import read_audit
from toolkit.cli.shell import app
from toolkit.errors import BadValue, DataError, NameTaken, ToolkitError, UnknownName
from toolkit.results import Written
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    members = pl.DataFrame({"member_id": ["anna", "ben", "dora"], "contactable": [True, True, None]})
    folder = tmp_path_factory.mktemp("shop")
    return make_workspace(folder / "ws", tiny_lines(), {"products": tiny_products(), "members": members})


def rows_of(address: str, query: str, at: Path | None) -> list[tuple[str, ...]]:
    if at is not None:
        return [tuple(line.split("\t")) for line in sql(at, query, "till").splitlines()]
    if address.startswith("duckdb:"):
        import duckdb

        with duckdb.connect(address.removeprefix("duckdb:")) as connection:
            found = connection.execute(query).fetchall()
    else:
        import adbc_driver_postgresql.dbapi as postgresql
        import adbc_driver_sqlite.dbapi as sqlite

        driver = sqlite if address.startswith("sqlite:") else postgresql
        with driver.connect(address.removeprefix("sqlite:"), autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            found = cursor.fetchall() if query.startswith("select") else []
    return [tuple("NULL" if cell is None else str(cell) for cell in row) for row in found]


@pytest.mark.parametrize("kind", ["postgresql", "mariadb", "sqlite", "duckdb"])
def test_a_table_of_the_crm(
    kind: str, ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    at: Path | None = None
    if kind == "postgresql":
        address = request.getfixturevalue("postgres")
    elif kind == "mariadb":
        address, at = request.getfixturevalue("mariadb")
    else:
        address = f"{kind}:{tmp_path}/crm.{kind}"
    monkeypatch.setenv("CRM_DB", address)
    table = "scores 分"
    quoted = f"`{table}`" if kind == "mariadb" else f'"{table}"'
    columns = ["segment", "order_count", "amount", "first_ordered_on"]

    def write(mode: str) -> Written:
        return tk.write_back(ws, "members", to="env:CRM_DB", table=table, mode=mode, columns=columns)

    written = write("create")
    select = f"select member_id, order_count, amount, as_of from {quoted} order by member_id"
    first = rows_of(address, select, at)
    assert len(first) == written.rows == 5
    readable = open_view(ws).readable.sort("member_id")
    assert [row[0] for row in first] == readable["member_id"].to_list()
    assert [float(row[2]) for row in first] == readable["amount"].to_list()
    assert {row[3][:10] for row in first} == {"2024-06-30"}
    with pytest.raises(NameTaken, match="is there already: say replace, or merge"):
        write("create")
    rows_of(address, f"alter table {quoted} add note varchar(20)", at)
    rows_of(address, f"update {quoted} set note = 'vip', order_count = 99 where member_id = 'anna'", at)
    rows_of(address, f"delete from {quoted} where member_id = 'ben'", at)
    rows_of(address, f"insert into {quoted} (member_id) values ('gone')", at)
    write("merge")
    assert [row for row in rows_of(address, select, at) if row[0] != "gone"] == first
    assert rows_of(address, f"select note from {quoted} where member_id = 'anna'", at) == [("vip",)]
    assert rows_of(address, f"select count(*) from {quoted} where member_id = 'gone'", at) == [("1",)]
    with pytest.raises(BadValue, match="has no column stage: add it there, or write to another table"):
        tk.write_back(ws, "members", to="env:CRM_DB", table=table, columns=["stage"])
    write("replace")
    assert rows_of(address, select, at) == first
    rows_of(address, f"delete from {quoted}", at)
    rows_of(address, f"insert into {quoted} (member_id, order_count) values ('kept', 1)", at)
    if kind in ("postgresql", "mariadb"):  # a rule of the CRM's own refuses one row: all stays as it was
        rows_of(address, f"alter table {quoted} add constraint few check (order_count < 2)", at)
        with pytest.raises(DataError, match=r"cannot be written \(.*\); it is as it was before") as caught:
            write("replace")
        assert "geh" not in str(caught.value)
        assert rows_of(address, f"select member_id from {quoted}", at) == [("kept",)]
    entry = [one for one in read_audit(ws.path).entries if one.did == "wrote back"][-1]
    assert entry.about["to"] == f"env:CRM_DB/{table}"
    assert entry.about["members"] == 5


def test_an_audience_leaves_by_the_rules_of_consent(ws: Workspace, tmp_path: Path) -> None:
    place = tmp_path / "out" / "many.parquet"
    done = CliRunner().invoke(app, ["write-back", str(ws.path), "audience", "order_count > 0", "--to", str(place), "--columns", "segment"])
    assert done.exit_code == 0, done.output
    table = pl.read_parquet(place)
    assert table.columns == ["member_id", "segment", "as_of"]
    assert table["member_id"].to_list() == ["anna", "ben"]
    assert place.stat().st_mode & 0o077 == 0
    tk.write_back(ws, "audience", name="order_count > 0", to=str(place), mode="merge", for_contact=False)
    assert pl.read_parquet(place).height == 4
    with pytest.raises(NameTaken):
        tk.write_back(ws, "audience", name="order_count > 0", to=str(place), mode="create")


def test_next_best_is_what_the_question_says(ws: Workspace, tmp_path: Path) -> None:
    given = {"settings": {"scope": {"minimum_members": 1}}}
    tk.write_back(ws, "next_best", to=f"sqlite:{tmp_path}/crm.db", table="next_best", **given)
    asked = tk.differentiation.next_best(ws, top=0, **given).table.sort("member_id")
    found = rows_of(f"sqlite:{tmp_path}/crm.db", "select member_id, goods, segment from next_best order by member_id", None)
    assert found == [
        tuple("NULL" if cell is None else str(cell) for cell in row) for row in asked.select("member_id", "goods", "segment").rows()
    ]


def test_slips_are_sentences(ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(result: str = "members", **given: object) -> str:
        with pytest.raises(ToolkitError) as caught:
            tk.write_back(ws, result, **{"to": f"sqlite:{tmp_path}/crm.db", "table": "t", **given})  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "did you mean 'members'" in refused("member")
    assert "did you mean 'merge'" in refused(mode="merg")
    assert "Name the audience, or the campaign" in refused("audience")
    assert "environment variable CRM_DB, which is not set" in refused(to="env:CRM_DB")
    assert "carries a password or a key" in refused(to="postgresql://crm:geheim1@db/crm")
    assert "geheim1" not in refused(to="postgresql://crm:geheim1@db/crm")
    assert "results are written to postgresql" in refused(to="mssql://db/crm")
    assert "cannot be written (failed to open" in refused(to=f"sqlite:{tmp_path}/no/such/crm.db")
    assert "did you mean 'segment'" in refused(columns=["segmnt"])
    monkeypatch.setenv("CRM_DB", "postgresql://crm:geheim1@127.0.0.1:1/crm")
    assert "does not answer" in refused(to="env:CRM_DB")
    done = CliRunner().invoke(app, ["write-back", str(ws.path), "members"])
    assert isinstance(done.exception, BadValue)
    with pytest.raises(UnknownName):
        tk.write_back(ws, "contacts", name="nothing", to=f"sqlite:{tmp_path}/crm.db", table="t")
