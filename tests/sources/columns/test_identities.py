"""A member file with several ids of a person proposes the section that ties them, as a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.importing import check_receipts
from toolkit.sources.columns.proposal import propose_mapping

LINES = "order,member,store,sku,order_date,qty,amount\n" + "".join(
    f"R{n},{id},S1,P1,2025-01-{n + 1:02d} 10:00:00,1,10\n" for n, id in enumerate(["M1", "13811110001", "o1x", "M2"] * 3)
)


def written(folder: Path, header: str, row: str) -> list[Path]:
    (folder / "crm.csv").write_text(f"{header}\n" + "".join(row.replace("#", str(n)) + "\n" for n in range(10)), "utf-8")
    (folder / "lines.csv").write_text(LINES, "utf-8")
    return [folder / "crm.csv", folder / "lines.csv"]


@pytest.mark.parametrize("header", ["member_no,mobile,openid,card_level,joined", "会员编号,手机号,openid,卡等级,注册日期"])
def test_the_section_is_proposed_and_works_once_it_is_no_comment(tmp_path: Path, header: str) -> None:
    text = propose_mapping(written(tmp_path, header, "M#,1381111000#,o#x,gold,2024-01-01"))
    number, phone, openid, *_ = header.split(",")
    assert f'# ids = ["{number}", "{phone}", "{openid}"]\n# member_id = "{number}"\n' in text
    start = text.index("# [identities]")
    mapping = text[:start] + text[start:].replace("# ", "")
    (tmp_path / "mapping.toml").write_text(mapping.replace('"CNY"', '"EUR"'), "utf-8")
    told = str(check_receipts(tmp_path / "mapping.toml"))
    assert "4 member ids in [lines] are 2 members; 4 of the ids are in the identity table." in told


@pytest.mark.parametrize("header", ["member_no,tier,joined", "member_no,card_type,phone_status", "member_no,phone,joined"])
def test_no_section_without_another_id(tmp_path: Path, header: str) -> None:
    assert "[identities]" not in propose_mapping(written(tmp_path, header, "M#,gold,2024-01-01"))
