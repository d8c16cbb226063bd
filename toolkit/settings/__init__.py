"""Every threshold of the toolkit: its default, unit, allowed range and reason. One module a step, one frozen model a question family.

An unknown key or a value out of range is an error that names the field. A shop overrides fields in
`settings.toml` in its workspace or per call: `tk.portrait.rfm(ws, settings={"rfm": {"minimum_members": 30}})`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from toolkit.errors import BadValue, fault_words, nearest, quoted, shorten
from toolkit.language import tr
from toolkit.settings.calendar import CalendarSettings
from toolkit.settings.differentiation import CampaignSettings, OfferSettings, PlaybookSettings
from toolkit.settings.family import Family
from toolkit.settings.machines import MachineSettings
from toolkit.settings.membership import MembershipSettings
from toolkit.settings.portrait import (
    HabitSettings,
    LifecycleSettings,
    LifetimeValueSettings,
    PersonaSettings,
    RfmSettings,
    ScopeSettings,
    SensitivitySettings,
    ValueSettings,
)
from toolkit.settings.review import ReviewSettings
from toolkit.settings.targeting import ActivitySettings, GoodsSettings, LeavingSettings, NicheSettings, SequenceSettings


class Settings(Family):
    """All settings; a result carries the ones it was made with."""

    scope: ScopeSettings = ScopeSettings()  # type: ignore[call-arg]
    calendar: CalendarSettings = CalendarSettings()  # type: ignore[call-arg]
    rfm: RfmSettings = RfmSettings()  # type: ignore[call-arg]
    value: ValueSettings = ValueSettings()  # type: ignore[call-arg]
    habits: HabitSettings = HabitSettings()  # type: ignore[call-arg]
    lifecycle: LifecycleSettings = LifecycleSettings()  # type: ignore[call-arg]
    personas: PersonaSettings = PersonaSettings()  # type: ignore[call-arg]
    sensitivity: SensitivitySettings = SensitivitySettings()  # type: ignore[call-arg]
    lifetime_value: LifetimeValueSettings = LifetimeValueSettings()  # type: ignore[call-arg]
    membership: MembershipSettings = MembershipSettings()  # type: ignore[call-arg]
    sequences: SequenceSettings = SequenceSettings()  # type: ignore[call-arg]
    niches: NicheSettings = NicheSettings()  # type: ignore[call-arg]
    goods: GoodsSettings = GoodsSettings()  # type: ignore[call-arg]
    activity: ActivitySettings = ActivitySettings()  # type: ignore[call-arg]
    leaving: LeavingSettings = LeavingSettings()  # type: ignore[call-arg]
    offers: OfferSettings = OfferSettings()  # type: ignore[call-arg]
    playbook: PlaybookSettings = PlaybookSettings()  # type: ignore[call-arg]
    campaigns: CampaignSettings = CampaignSettings()  # type: ignore[call-arg]
    review: ReviewSettings = ReviewSettings()  # type: ignore[call-arg]
    machines: MachineSettings = MachineSettings()  # type: ignore[call-arg]

    def changed(self) -> dict[str, Any]:
        """Return only what differs from the defaults, as a nested dict."""
        default = Settings().model_dump()
        mine = self.model_dump()
        return {
            family: diff
            for family in mine
            if (diff := {key: value for key, value in mine[family].items() if value != default[family][key]})
        }


def read_settings(values: Mapping[str, Any] | None = None, *, base: Settings | None = None) -> Settings:
    """Return settings with `values` (family -> field -> value) laid over `base`; all faults in one `BadValue`.

    >>> read_settings({"scope": {"minimum_members": 30}}).scope.minimum_members
    30
    """
    merged = (base or Settings()).model_dump()
    faults: list[str] = []
    for family, fields in (values or {}).items():
        if family not in merged or not isinstance(fields, Mapping):
            family = shorten(str(family))
            near = nearest(family, merged)
            guess = tr("; did you mean '{near}'?", near=near[0]) if near else tr("; known: {names}.", names=tr(", ").join(merged))
            faults.append(tr("settings has no family '{family}'{guess}", family=family, guess=guess))
            continue
        merged[family] = {**merged[family], **{shorten(str(name)): value for name, value in fields.items()}}
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        for fault in error.errors():
            path = ".".join(str(part) for part in fault["loc"])
            if fault["type"] == "extra_forbidden":
                family = str(fault["loc"][0])
                near = nearest(str(fault["loc"][-1]), Settings().model_dump()[family])
                guess = tr("; did you mean '{near}'?", near=near[0]) if near else tr(".")
                faults.append(tr("settings.{path} does not exist{guess}", path=path, guess=guess))
            elif len(fault["loc"]) == 1:  # two fields of a family that do not go together
                faults.append(tr("settings.{path}: {fault}.", path=path, fault=fault_words(fault)))
            else:
                faults.append(
                    tr("settings.{path}: {fault}, but {given} came.", path=path, fault=fault_words(fault), given=quoted(fault["input"]))
                )
        settings = Settings()
    if faults:
        raise BadValue("\n".join(faults))
    return settings
