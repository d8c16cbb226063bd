"""The command line on real receipts: what it prints, where it writes, how it ends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pytest

from toolkit.cli import main

ROOT = Path(__file__).parent.parent


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def run(*words: str, cwd: Path | None = None) -> Done:
    """Run a command in this process: a new one would import polars each time."""
    out, err, before = io.StringIO(), io.StringIO(), Path.cwd()
    os.chdir(cwd or before)
    try:
        with redirect_stdout(out), redirect_stderr(err), mock.patch.object(sys, "argv", ["toolkit", *words]):
            main()
        code: object = 0
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        os.chdir(before)
    return Done(int(str(code)), out.getvalue(), err.getvalue())


def run_outside(*words: str, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "toolkit.cli", *words], capture_output=True, text=True, encoding="utf-8", cwd=cwd, env=env, check=False
    )


def test_help_is_a_table_of_contents() -> None:
    done = run("--help")
    assert done.returncode == 0
    places = [done.stdout.index(word) for word in ("Receipts in", "Questions and answers", "Reports, notebooks")]
    assert places == sorted(places)


def test_questions_are_listed_by_step() -> None:
    done = run("questions")
    for name in [
        "overview",
        "rfm",
        "segments",
        "movement",
        "contribution",
        "pareto",
        "quadrants",
        "spending_power",
        "price_sensitivity",
        "habits",
    ]:
        assert f"portrait.{name}" in done.stdout
    for name in ["lifecycle", "personas", "lifetime_value", "stores", "member"]:
        assert f"portrait.{name}" in done.stdout
    assert "store_id" in run("questions", "portrait.segments").stdout


def test_an_answer_is_the_same_as_text_json_and_page(journey: Path, tmp_path: Path) -> None:
    scope = (str(journey), "portrait.segments", "--set", "store_id=367")
    told = json.loads(run("answer", *scope, "--json").stdout)
    assert told["call"] == "tk.portrait.segments(ws, store_id='367')"
    assert {"question", "headline", "table", "notes", "settings"} <= set(told)
    assert None in [row["member_count"] for row in told["table"]]  # fewer than scope.minimum_members
    everybody = json.loads(run("answer", *scope, "--set", "scope.minimum_members=1", "--json").stdout)
    assert sum(row["member_count"] for row in everybody["table"]) == 205
    shell = " ".join(run("answer", *scope).stdout.split())
    assert told["headline"] in shell
    page = tmp_path / "deep" / "answer.html"
    assert run("answer", *scope, "--html", str(page)).returncode == 0
    text = page.read_text("utf-8")
    assert "vegaEmbed" in text
    assert told["headline"].split(" (")[0].replace("'", "&#39;") in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("answer", "{ws}", "portrait.segmnets"), "did you mean 'portrait.segments'"),
        (("answer", "{ws}", "portrait.segments", "--set", "stroe_id=367"), "did you mean 'store_id'"),
        (("answer", "{ws}", "portrait.segments", "--set", "store_id"), "NAME=VALUE"),
        (("answer", "{ws}", "portrait.segments", "--set", "store_id=9999"), "has no store '9999'"),
        (("answer", "{ws}", "portrait.segments", "--set", "as_of=2016-12-31"), "start on 2017-01-01"),
        (("answer", "{ws}", "portrait.segments", "--set", "scope.minimum_member=3"), "did you mean 'minimum_members'"),
        (("answer", "nowhere", "portrait.segments"), "not a workspace"),
        (("ask", "{ws}", "will it rain tomorrow?"), "The receipts say nothing of the weather"),
        (("ask", "{ws}", "which members carry the sales in store 4067?"), "There is no store “4067”"),
        (("import", "nothing.toml", "ws"), "toolkit map"),
        (("report", "{ws}", "--stores", "top:many"), "needs a number of stores"),
        (("report", "{ws}", "--stores", "367", "--set", "asof=2017-12-31"), "as_of"),
        (("report", "{ws}", "--notebooks", "potrait"), "did you mean 'portrait'"),
    ],
)
def test_wrong_input_ends_in_a_sentence_and_code_2(journey: Path, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = run(*(word.format(ws=journey) for word in words), cwd=tmp_path)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


def test_the_mart_is_built_and_what_is_there_is_told(journey: Path) -> None:
    assert "as of 2017-06-30" in run("mart", str(journey), "--as-of", "2017-06-30").stdout
    told = run("info", str(journey)).stdout
    assert "1,469,307 rows in = 1,469,307 kept + 0 set aside" in told
    assert "coupon_amount, discount_amount" in told
    assert "| member_id | text | yes |" in run("contract").stdout
    assert "R 5" in run("scorecard", str(journey)).stdout


def test_plain_words_show_the_call_they_made(journey: Path) -> None:
    done = run("ask", str(journey), "which members carry the sales of store 367?")
    understood, call = done.stdout.splitlines()[:2]
    assert understood == "Understood: Which members carry the sales? (Store: 367)"
    assert call == "> tk.portrait.contribution(ws, store_id='367')"


def test_a_shell_without_utf8_does_not_crash(journey: Path, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    assert run_outside("answer", str(journey), "portrait.overview", cwd=tmp_path, env=env).returncode == 0


def test_map_check_import_answer_on_a_foreign_export(tmp_path: Path) -> None:
    rows = ["会员卡号;小票号;门店;商品编码;品类;销售时间;数量;实收金额"]
    rows += [
        f"K{n % 25:04d};{n};店{n % 2};P{n % 8};{'乳品' if n % 2 else '<b>肉</b>'};2025-01-{1 + n % 28:02d} 10:00:00;1;{n % 9 + 1},50"
        for n in range(400)
    ]
    rows += ["K0001;x;店1;P1;乳品;;1;1,00"]
    (tmp_path / "销售.csv").write_bytes(("\r\n".join(rows) + "\r\n").encode("gb18030"))
    mapping = run("map", "销售.csv", cwd=tmp_path).stdout
    (tmp_path / "mapping.toml").write_text(mapping, "utf-8")
    checked = run("check", "mapping.toml", cwd=tmp_path)
    assert checked.returncode == 1
    assert "401 rows in = 400 kept + 1 set aside" in checked.stdout
    assert "no time" in checked.stdout
    imported = run("import", "mapping.toml", "ws", cwd=tmp_path)
    assert imported.returncode == 0
    assert "401 rows in = 400 kept + 1 set aside" in imported.stdout
    told = json.loads(run("answer", "ws", "portrait.figure", "--set", "by=category", "--json", cwd=tmp_path).stdout)
    assert any("<b>肉</b>" in str(row) for row in told["table"])
    assert "25 of 25 members" in run("answer", "ws", "portrait.overview", cwd=tmp_path).stdout


@pytest.mark.slow
def test_the_wheel_works_outside_the_checkout(tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        pytest.skip("uv is not in this environment: the wheel cannot be built")
    subprocess.run([str(uv), "build", "--wheel", "--quiet", "--out-dir", str(tmp_path / "dist"), str(ROOT)], check=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    where = subprocess.run(
        [sys.executable, "-c", "import toolkit; print(toolkit.__file__)"], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert where.stdout.strip().startswith(str(tmp_path / "site"))
    copied = run_outside("notebooks", "mine", cwd=tmp_path, env=env)
    assert copied.returncode == 0, copied.stderr
    assert (tmp_path / "mine" / "portrait.ipynb").exists()
    assert run_outside("simulate", "shop", "--members", "150", "--years", "1", cwd=tmp_path, env=env).returncode == 0
    assert run_outside("import", "shop", "ws", cwd=tmp_path, env=env).returncode == 0
    answered = run_outside("answer", "ws", "portrait.personas", cwd=tmp_path, env=env)
    assert answered.returncode == 0, answered.stderr


def test_sources_on_the_command_line(tmp_path: Path) -> None:
    """What is replaced is printed first, a check beside a workspace says it without doing it, info lists the sources."""
    head = "bon,kunde,filiale,artikel,zeit,menge,betrag\n"
    columns = 'order_id = "bon"\nmember_id = "kunde"\nstore_id = "filiale"\nproduct_id = "artikel"\nordered_at = "zeit"\n'
    columns += 'quantity = "menge"\namount = "betrag"\n'
    for name, hour, count in (("till", 9, 30), ("app", 15, 10)):
        rows = [f"{name}{n},m{n % 9},s1,p{n % 3},2026-05-03 {hour}:{n:02d}:00,1,{n + 1}.00" for n in range(count)]
        (tmp_path / f"{name}.csv").write_text(head + "\n".join(rows) + "\n", "utf-8")
        text = f'name = "{name}"\ncurrency = "EUR"\n[lines]\nfiles = "{name}.csv"\n[lines.columns]\n{columns}'
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
        assert run("import", f"{name}.toml", "ws", cwd=tmp_path).returncode == 0
    told = "This import replaces 1 store day of source till (2026-05-03): 30 lines by 30."
    checked = run("check", "till.toml", "--workspace", "ws", cwd=tmp_path)
    assert (checked.returncode, checked.stdout.splitlines()[0]) == (0, told)
    info = run("info", "ws", cwd=tmp_path).stdout
    assert "Source app: 10 lines, 2026-05-03 to 2026-05-03." in info
    assert "Source till: 30 lines, 2026-05-03 to 2026-05-03." in info
    assert run("import", "till.toml", "ws", cwd=tmp_path).stdout.splitlines()[0] == told
    (tmp_path / "till.csv").write_text((tmp_path / "app.csv").read_text("utf-8").replace("app", "evening").replace(" 15:", " 20:"), "utf-8")
    refused = run("import", "till.toml", "ws", cwd=tmp_path)
    assert refused.returncode == 2
    assert 'source = "app"' in refused.stderr
    assert run("import", "till.toml", "ws", "--replace", cwd=tmp_path).returncode == 0
