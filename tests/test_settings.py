"""Settings: every fault in a sentence, all at once."""

from __future__ import annotations

import pytest

from toolkit.errors import BadValue
from toolkit.settings import Settings, read_settings


def test_defaults_say_nothing_changed() -> None:
    assert Settings().changed() == {}


def test_a_value_given_as_text_is_read() -> None:
    settings = read_settings({"scope": {"minimum_members": "30"}})
    assert settings.scope.minimum_members == 30
    assert settings.changed() == {"scope": {"minimum_members": 30}}


def test_all_faults_come_together_with_the_nearest_names() -> None:
    with pytest.raises(BadValue) as caught:
        read_settings({"scope": {"minimum_member": 3, "period_days": 0}, "scop": {}})
    text = str(caught.value)
    assert "did you mean 'minimum_members'" in text
    assert "settings.scope.period_days" in text
    assert "did you mean 'scope'" in text


def test_every_field_has_its_reason() -> None:
    for family in Settings.model_fields:
        for name, field in type(getattr(Settings(), family)).model_fields.items():
            assert field.description, f"{family}.{name} has no reason"
