"""What a campaign is to be: audience, offers by segment, dates, costs, goals, holdout; the draft a person edits and launch freezes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, field_validator, model_validator

from toolkit.errors import BadValue, fault_words, nearest, unknown_name
from toolkit.language import later, tr
from toolkit.ledger.offer import DO_NOTHING, EXAMPLES, METHODS, Method, Offer
from toolkit.workspace import Workspace

__all__ = ["DO_NOTHING", "EXAMPLES", "FOLDER", "GOALS", "METHODS", "Definition", "Method", "Offer", "plan_names", "read_plan", "write_plan"]

FOLDER = "plans"
"""Drafts are documents/plans/<id>.toml."""

EVERYBODY_ELSE = "*"
"""The key of `offer_of` and `touchpoints` for segments that are not named."""

LONGEST_NAME = 200
"""Characters of a campaign's name and of a touchpoint: they head lists, name files and stand in charts."""

GOALS = {
    "lift": later("extra spend of a treated member, as a share of what they would spend without (0.05 = 5%)"),
    "extra_amount": later("extra sales in all, in currency units"),
    "extra_margin": later("extra margin in all before costs, in currency units"),
    "net": later("extra margin less all costs, in currency units"),
    "extra_orders": later("extra orders in all"),
    "redemption_share": later("share of the treated who redeem (0..1)"),
}
"""What a campaign can be held to, and in which unit."""

_ID = re.compile(r"[^\W_][\w\-]{0,59}")


class Definition(BaseModel):
    """A campaign as it is to be. Money in currency units; days are both inside the window.

    `audience`: a saved audience's name, a WHERE expression or member ids; none = every member in scope (`store_id`, `region` or the chain).
    `purpose`: what it is for, one of the playbook's (`win_back`, `trade_up`, ...) or the shop's own words; nothing rests on it.
    `offer_of` says which offer each segment gets, by the offer's name; "*" = every segment that is not named, "do nothing" = left alone.
    `touchpoints` likewise says by what a segment is addressed ("app push", "mail"). `goods`: categories or products the message shows.
    `control_share`: share of the members of each segment who are held out. `settings`: thresholds that differ, family -> field -> value.

    Types and the id are checked when it is made; `faults` says what else keeps it from being launched, so that a draft may be unfinished.

    Raises
    ------
    BadValue
        An id that is none (a path, dots, blanks), a field that does not exist, a value of another type, an offer that cannot be read.

    Example
    -------
    >>> draft = Definition(campaign_id="spring", starts_on="2026-03-02", ends_on="2026-03-29",
    ...                    offers={"save ten": "full_reduction 60/10"}, offer_of={"*": "save ten"})
    >>> draft.days, draft.methods, draft.offer_for("any segment").value
    (28, ('full_reduction',), 10.0)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    campaign_id: str
    name: str = Field("", max_length=LONGEST_NAME)
    purpose: str = ""
    audience: str | tuple[str, ...] | None = None
    starts_on: date
    ends_on: date
    offers: tuple[Offer, ...] = ()
    offer_of: dict[str, str] = Field(default_factory=dict)
    goods: tuple[str, ...] = ()
    touchpoints: dict[str, Annotated[str, Field(max_length=LONGEST_NAME)]] = Field(default_factory=dict)
    cost_fixed: float | None = None
    cost_per_contact: float | None = None
    goals: dict[str, float] = Field(default_factory=dict)
    control_share: float = 0.2
    seed: int = 0
    store_id: str | None = None
    region: str | None = None
    settings: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _in_sentences(cls, data: Any, handler: ModelWrapValidatorHandler[Definition]) -> Definition:
        called = (
            tr("Campaign '{campaign_id}'", campaign_id=data.get("campaign_id", "")) if isinstance(data, Mapping) else tr("The campaign")
        )
        try:
            return handler(data)
        except ValidationError as error:
            raise BadValue("\n".join(tr("{where}: {fault}", where=called, fault=_fault(fault)) for fault in error.errors())) from None

    @field_validator("campaign_id")
    @classmethod
    def _id(cls, value: str) -> str:
        return check_id(value)

    @field_validator("store_id", "region", "audience", mode="before")
    @classmethod
    def _none_if_empty(cls, value: Any) -> Any:
        return None if value == "" or value == () else value

    @field_validator("starts_on", "ends_on", mode="before")
    @classmethod
    def _day(cls, value: Any) -> Any:
        return value.date() if isinstance(value, datetime) else value.strip() if isinstance(value, str) else value

    @field_validator("offers", mode="before")
    @classmethod
    def _offers(cls, value: Any) -> Any:
        """Offers come as they are, as texts, or as name -> text."""
        if isinstance(value, str):
            value = [value]
        pairs = list(value.items()) if isinstance(value, Mapping) else [("", one) for one in value or ()]
        return tuple(_offer(str(name), one) for name, one in pairs)

    @field_validator("offer_of", "touchpoints", mode="before")
    @classmethod
    def _by_segment(cls, value: Any) -> Any:
        """A single text, or a list of one, is for everybody."""
        if isinstance(value, (list, tuple)) and len(value) == 1:
            value = value[0]
        return {EVERYBODY_ELSE: value} if isinstance(value, str) and value else value or {}

    # -- what follows from it ------------------------------------------------------------------------------------------------------

    @property
    def days(self) -> int:
        """Days of the window, both ends inside."""
        return (self.ends_on - self.starts_on).days + 1

    @property
    def methods(self) -> tuple[Method, ...]:
        """Methods of the offers that some segment gets, in the order of METHODS."""
        used = {self.offer(name).method for name in self.offer_of.values() if name != DO_NOTHING and name in self.offer_names}
        return tuple(method for method in METHODS if method in used)

    @property
    def offer_names(self) -> tuple[str, ...]:
        """Names of the offers."""
        return tuple(offer.name for offer in self.offers)

    def offer(self, name: str) -> Offer:
        """Return the offer called `name`.

        Raises
        ------
        UnknownName
            The campaign has no such offer.
        """
        for offer in self.offers:
            if offer.name == name:
                return offer
        raise unknown_name("offer", name, self.offer_names, where=tr("Campaign '{campaign_id}'", campaign_id=self.campaign_id))

    def offer_name_for(self, segment: str | None) -> str:
        """Return the name of the offer a segment gets; "do nothing" where the campaign does not speak of it."""
        return self.offer_of.get(segment or "", self.offer_of.get(EVERYBODY_ELSE, DO_NOTHING))

    def offer_for(self, segment: str | None) -> Offer | None:
        """Return the offer a segment gets, None for "do nothing"."""
        name = self.offer_name_for(segment)
        return None if name == DO_NOTHING else self.offer(name)

    def touchpoint_for(self, segment: str | None) -> str | None:
        """Return by what a segment is addressed, None where the campaign does not say."""
        return self.touchpoints.get(segment or "", self.touchpoints.get(EVERYBODY_ELSE))

    @property
    def faults(self) -> list[str]:
        """What keeps it from being launched, whatever the shop: a sentence each, with what to do."""
        sentences = []
        if self.ends_on < self.starts_on:
            sentences.append(
                tr(
                    "It ends on {ends_on}, before it starts on {starts_on}. Set ends_on to {starts_on} or later.",
                    ends_on=self.ends_on,
                    starts_on=self.starts_on,
                )
            )
        if not self.offers:
            sentences.append(tr("It has no offer. Add one to offers, such as '{coupon}'.", coupon=EXAMPLES["coupon"]))
        if not self.offer_of:
            sentences.append(tr("No segment gets an offer. Say in offer_of which one does; '*' means everybody."))
        double = sorted({name for name in self.offer_names if self.offer_names.count(name) > 1})
        sentences += [tr("Two offers are called '{name}'. Give each a name of its own.", name=name) for name in double]
        if DO_NOTHING in self.offer_names:
            sentences.append(tr("An offer is called '{do_nothing}', which means no offer. Give it another name.", do_nothing=DO_NOTHING))
        for segment, name in self.offer_of.items():
            if name != DO_NOTHING and name not in self.offer_names:
                near = nearest(name, [*self.offer_names, DO_NOTHING])
                guess = (
                    tr("; did you mean '{near}'?", near=near[0])
                    if near
                    else tr("; its offers are {names}.", names=tr(", ").join(self.offer_names) or tr("none"))
                )
                sentences.append(
                    tr(
                        "Segment '{segment}' is to get '{name}', which is no offer of this campaign{guess}",
                        segment=segment,
                        name=name,
                        guess=guess,
                    )
                )
        if self.offer_of and all(name == DO_NOTHING for name in self.offer_of.values()):
            sentences.append(tr("Every segment gets 'do nothing': there is nothing to launch."))
        if not 0 < self.control_share < 1:
            why = (
                tr("a control of nobody, so the campaign could not be judged")
                if self.control_share == 0
                else tr("it must lie between 0 and 1")
            )
            sentences.append(
                tr(
                    "control_share is {control_share:g}: {why}. Hold out a share such as 0.2; `holdout` shows what it can see and costs.",
                    control_share=self.control_share,
                    why=why,
                )
            )
        for field in ("cost_fixed", "cost_per_contact"):
            cost = getattr(self, field)
            if cost is not None and not 0 <= cost < 1e12:
                sentences.append(tr("{field} is {cost}; an amount of 0 or more was needed.", field=field, cost=cost))
        for goal in self.goals:
            if goal not in GOALS:
                near = nearest(goal, GOALS)
                guess = tr("; did you mean '{near}'?", near=near[0]) if near else tr("; known: {names}.", names=tr(", ").join(GOALS))
                sentences.append(tr("Goal '{goal}' is not known{guess}", goal=goal, guess=guess))
        if self.store_id is not None and self.region is not None:
            sentences.append(tr("It has a store_id and a region. Give one of them."))
        return sentences

    def document(self) -> dict[str, Any]:
        """Return the draft as it is written to TOML: offers as name = text, nothing that is empty."""
        values = self.model_dump(exclude={"offers"}, exclude_none=True)
        values["offers"] = {offer.name: offer.text for offer in self.offers}
        order = [*Definition.model_fields]
        tables = ("offers", "offer_of", "touchpoints", "goals", "settings")
        filled = {key: _listed(values[key]) for key in order if key in values and (values[key] not in ({}, (), "") or key == "offers")}
        return {
            **{key: value for key, value in filled.items() if key not in tables},
            **{key: filled[key] for key in tables if key in filled},
        }


def check_id(campaign_id: str) -> str:
    """Return the id if it can name a campaign: letters, digits, - and _, no path, up to 60.

    Raises
    ------
    BadValue
        It cannot.
    """
    if not _ID.fullmatch(campaign_id):
        raise BadValue(
            tr(
                "'{campaign_id}' cannot be the id of a campaign: up to 60 letters, digits, - and _ were needed, the first a "
                "letter or digit (no path, dots or blanks), such as spring-2026.",
                campaign_id=campaign_id,
            )
        )
    return campaign_id


def write_plan(ws: Workspace, definition: Definition) -> str:
    """Write a draft to documents/plans/<id>.toml, replacing the one that is there, and return the path as text."""
    return str(ws.write_document(f"{FOLDER}/{definition.campaign_id}", definition.document()))


def plan_names(ws: Workspace) -> list[str]:
    """Return the ids of the drafts, sorted."""
    return sorted(name.split("/", 1)[1] for name in ws.documents(FOLDER))


def read_plan(ws: Workspace, campaign_id: str) -> Definition:
    """Return a draft.

    Raises
    ------
    UnknownName
        There is none of that id; the nearest is named.
    BadValue
        Its TOML does not say a campaign; every fault is named with its file.
    """
    values = ws.document(f"{FOLDER}/{check_id(campaign_id)}")
    if not values:
        raise unknown_name("plan", campaign_id, plan_names(ws), where=tr("The shop"))
    try:
        draft = Definition.model_validate({"campaign_id": campaign_id, **values})
    except BadValue as error:
        raise BadValue(f"{ws.document_file(f'{FOLDER}/{campaign_id}.toml')}: {error}") from None
    if draft.campaign_id != campaign_id:
        raise BadValue(
            tr(
                "{folder}/{file}.toml has campaign_id '{campaign_id}'. Let the file and the id have the same name.",
                folder=FOLDER,
                file=campaign_id,
                campaign_id=draft.campaign_id,
            )
        )
    return draft


def _offer(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return Offer.parse(value, name=name)
    if isinstance(value, Mapping) and name:
        return Offer.model_validate({"name": name, **value})
    return value


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _fault(fault: Any) -> str:
    """Say in words what pydantic found."""
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "missing":
        return tr("{where} is missing.", where=where)
    if fault["type"] == "extra_forbidden":
        near = nearest(where, Definition.model_fields)
        known = tr("; known: {names}.", names=tr(", ").join(Definition.model_fields))
        guess = tr("; did you mean '{near}'?", near=near[0]) if near else known
        return tr("a campaign has no '{where}'{guess}", where=where, guess=guess)
    if fault["type"].startswith("date"):
        return tr("{where} is {given!r}; a day as YYYY-MM-DD was needed, such as 2026-03-02.", where=where, given=fault["input"])
    return tr("{where} is {given!r}; {fault}.", where=where, given=fault["input"], fault=fault_words(fault))
