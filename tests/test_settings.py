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


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"rfm": {"r_edge_quantiles": [0.9, 0.8, 0.95, 0.98]}}, "settings.rfm.r_edge_quantiles: quantiles in ascending order"),
        ({"rfm": {"r_edge_quantiles": [0.8, 0.9, 0.95, 1.0]}}, "between 0 and 1 were needed"),
        ({"lifecycle": {"lapsing_quantile": 0.98}}, "lapsing_quantile must lie below lapsed_quantile"),
        ({"lifecycle": {"lapsed_quantile": 1.0}}, "both between 0 and 1"),
        ({"value": {"heavy_share": 0.8}}, "may not add up to more than 1"),
    ],
)
def test_shares_that_contradict_each_other_are_refused(settings: dict, fault: str) -> None:
    with pytest.raises(BadValue, match=fault):
        read_settings(settings)
