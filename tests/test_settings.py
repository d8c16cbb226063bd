"""Settings: every fault in a sentence, all at once."""

from __future__ import annotations

import re

import pytest

from toolkit.errors import BadValue
from toolkit.settings import Settings, read_settings
from toolkit.settings.calendar import HOLIDAYS, known_holiday, of_library
from toolkit.settings.moving_dates import YEARS, dates_of


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


def test_holidays_that_move_are_known_by_country_or_by_name() -> None:
    calendar = read_settings({"calendar": {"holidays": ["cn", "Ramadan", "CN"]}}).calendar
    assert calendar.names == ("Chinese New Year", "Mid-Autumn", "Double Eleven", "Eid al-Fitr")
    assert known_holiday("US") == ("Easter", "Thanksgiving")
    assert known_holiday("DEU") == known_holiday("DE") == ("Easter",)
    assert known_holiday("JP") == ()  # its Labour Thanksgiving is another day


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("ramadam", "'ramadam' is no country's code and no holiday that moves (near it: ramadan)"),
        ("chinese newyear", "(near it: Chinese New Year"),
        ("JP", "no holiday known here moves in 'JP'"),
        ("Atlantis", "(known: Chinese New Year, Mid-Autumn"),
    ],
)
def test_a_holiday_that_is_not_known_is_a_sentence(name: str, fault: str) -> None:
    with pytest.raises(BadValue, match=re.escape(fault)):
        read_settings({"calendar": {"holidays": [name]}})


def test_dates_of_moving_holidays_are_those_of_the_library() -> None:
    for name, country in (("Chinese New Year", "SG"), ("Mid-Autumn", "CN"), ("Eid al-Fitr", "TR"), ("Eid al-Adha", "TR")):
        for year in YEARS:
            assert dates_of(name, year) == of_library(country, name, year), (name, year)
    assert HOLIDAYS["Eid al-Adha"].falls_on(1998)  # outside the library is asked
