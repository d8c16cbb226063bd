"""The page of settings: what a value would change is shown first; an owner keeps it, the log knows."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from toolkit.apps.pages.plain_settings import PARTS, with_setting
from toolkit.apps.serving.settings_page import BY_PATH, DONE, keep, page_of, put_back
from toolkit.audit import read_audit
from toolkit.language import speaking
from toolkit.registry import find_question
from toolkit.scope import minimum
from toolkit.settings import Settings, read_settings
from toolkit.workspace import Workspace

ACTIVE, LAPSING = "scope.active_days", "lifecycle.lapsing_quantile"


@pytest.fixture(scope="module")
def own(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(workspace.path, tmp_path_factory.mktemp("settings") / "ws"))


def test_every_setting_is_read_back_as_it_is_told() -> None:
    usual = Settings()
    for setting in (setting for part in PARTS for setting in part.settings):
        value = setting.value(usual)
        typed = setting.typed(setting.told(value))
        if typed is not None:
            read_settings({setting.family: {setting.field: typed}})
        assert typed == (list(value) if isinstance(value, tuple) else value), setting.path
        assert not setting.question or find_question(setting.question)
        assert not setting.choices or value in dict(setting.choices)
    with speaking("zh"):
        assert dict(BY_PATH["calendar.week_starts"].choices)["sunday"] == "周日"


def test_a_change_is_shown_kept_and_put_back(own: Path) -> None:
    (own / "documents").mkdir(exist_ok=True)
    (own / "documents" / "settings.toml").write_text("# ours\n[lifecycle]\nnew_days = 60\n", "utf-8")
    effect = page_of(own, {"name": ACTIVE, "value": "1"}, "en").effect
    assert effect is not None
    assert effect.can_keep
    assert any(label == "Active members" and now != then for label, now, then in effect.figures)
    assert Workspace(own).document("settings") == {"lifecycle": {"new_days": 60}}  # nothing was kept
    assert keep(own, ACTIVE, "1", "en") == "Days in which an active member ordered: 1 (it was 91)."
    assert (own / "documents" / "settings.toml").read_text("utf-8").startswith("# ours\n")
    assert put_back(own, ACTIVE, "zh").count("91") == 1
    assert Workspace(own).document("settings")["lifecycle"] == {"new_days": 60}
    assert [entry.did for entry in read_audit(own).entries][-2:] == [DONE, DONE]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (LAPSING, "soon", "When a member is lapsing: a number is needed, but “soon” came."),
        (LAPSING, "99.5%", "“When a member is lapsing” must lie below “When a member has lapsed”, both between 0 and 1."),
        ("scope.minimum_members", "3", "this workspace speaks of no group of fewer than 10 members"),
        ("no.such", "3", "There is no such setting."),
    ],
)
def test_what_was_typed_wrong_is_one_sentence(own: Path, name: str, text: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minimum, "FLOOR", 10)
    before = Workspace(own).document("settings")
    assert said in keep(own, name, text, "en")
    if name in BY_PATH:
        effect = page_of(own, {"name": name, "value": text}, "en").effect
        assert effect is not None
        assert said in effect.said
        assert not effect.can_keep
    assert Workspace(own).document("settings") == before


def test_only_an_owner_keeps(own: Path) -> None:
    (own / "documents" / "roles.toml").write_text('everybody = "viewer"\n', "utf-8")
    assert "needs one" in page_of(own, {}, "en").refused
    assert "needs one" in keep(own, ACTIVE, "30", "en")
    (own / "documents" / "roles.toml").unlink()


def test_a_file_written_otherwise_keeps_its_values() -> None:
    text = with_setting("scope = { active_days = 60, period_days = 28 }\n", BY_PATH[ACTIVE], 30)
    assert tomllib.loads(text) == {"scope": {"active_days": 30, "period_days": 28}}
