"""Reading the review of a campaign: which campaigns there are, and its questions answered one after the other. No widgets."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import traitlets

from toolkit import rendering
from toolkit.answer import Answer
from toolkit.apps.pages.access_log import tell_asked
from toolkit.apps.pages.debounce import Soon
from toolkit.apps.pages.state import Shop, fresh, read_shop
from toolkit.errors import BadValue, ToolkitError
from toolkit.language import later, tr
from toolkit.ledger.campaigns import known_campaigns
from toolkit.registry import find_question
from toolkit.review.measures.learnt import write_all_lessons, write_lessons
from toolkit.roles import require_role
from toolkit.saving import workbook
from toolkit.workspace import Workspace

SECTIONS = ("verdict", "money", "checks", "process", "migration", "lessons")
"""Questions of the review, in the order of the page: the verdict first."""
NO_CAMPAIGN = later("There is no campaign yet: launch one in the planner, or import the tables `campaigns` and `contacts`.")


@dataclass(frozen=True)
class Listed:
    """A campaign in the list: its id, and the words that name it."""

    campaign_id: str
    words: str
    is_running: bool = False


def listed_campaigns(shop: Shop) -> list[Listed]:
    """Return the campaigns that have begun, the latest first; what still runs says so."""
    rows = []
    for row in known_campaigns(Workspace(shop.path), up_to=shop.last_day).reverse().iter_rows(named=True):
        when = (
            tr("running now")
            if row["ends_on"] and row["ends_on"] > shop.last_day
            else tr("{starts_on} to {ends_on}", starts_on=row["starts_on"], ends_on=row["ends_on"])
        )
        called = f"{row['campaign_id']}  {row['name']}" if row["name"] else row["campaign_id"]
        rows.append(Listed(row["campaign_id"], f"{called} ({when})", bool(row["ends_on"] and row["ends_on"] > shop.last_day)))
    return rows


def asked(section: str, campaign_id: str) -> dict[str, str]:
    """Return what the question of a section is asked with: the campaign, but for the lessons, which are those of all campaigns."""
    return {} if section == "lessons" else {"campaign_id": campaign_id}


def section_of(shop: Shop, section: str, campaign_id: str) -> Answer | str:
    """Return one section of the page, or the sentence that says why there is none."""
    tell_asked(f"review.{section}", asked(section, campaign_id))
    try:
        return find_question(f"review.{section}")(Workspace(shop.path), **asked(section, campaign_id))
    except ToolkitError as error:
        return str(error)


def pages(answers: list[Answer]) -> str:
    """Return the answers as one HTML page that needs no network and prints."""
    return rendering.pages_html(answers)


class Reviewing(traitlets.HasTraits):
    """The chosen campaign and its sections; observers are told as each section is ready, the verdict first.

    It opens with the verdict on the latest campaign; the other sections follow when a person looks (`renew`), or chooses a campaign.
    """

    campaign_id: str = traitlets.Unicode("")  # type: ignore[assignment]
    sections: dict[str, Answer | str] = traitlets.Dict()  # type: ignore[assignment]
    busy: bool = traitlets.Bool(False)  # type: ignore[assignment]

    def __init__(self, shop: Shop | str | Path) -> None:
        super().__init__()
        self.shop = shop if isinstance(shop, Shop) else read_shop(shop)
        self.soon = Soon()
        self.campaigns = listed_campaigns(self.shop)
        if self.campaigns:
            self.campaign_id = self.campaigns[0].campaign_id
            self._answer(self.order[:1])

    def renew(self) -> None:
        """Read the list of campaigns again and answer what is missing; everything, if receipts came in since."""
        shop = fresh(self.shop)
        if shop is not self.shop:
            self.shop, self.sections = shop, {}
        self.campaigns = listed_campaigns(self.shop)
        if self.campaigns and not self.campaign_id:
            self.campaign_id = self.campaigns[0].campaign_id
        if self.campaign_id:
            self._answer(self.order)

    @property
    def answers(self) -> list[Answer]:
        """The sections that have an answer, in the order of the page."""
        return [self.sections[name] for name in SECTIONS if isinstance(self.sections.get(name), Answer)]  # type: ignore[misc]

    def choose(self, campaign_id: str) -> None:
        """Choose a campaign and answer its sections one after the other."""
        if campaign_id != self.campaign_id:
            self.sections = {}
            self.campaign_id = campaign_id
        self._answer(self.order)

    def _answer(self, names: tuple[str, ...]) -> None:
        """Answer what is missing, one section after the other: another choice meanwhile takes the place of the rest."""
        if any(name not in self.sections for name in names):
            self.busy = True
            self.soon(lambda: self._answer_next(names))

    def _answer_next(self, names: tuple[str, ...]) -> None:
        missing, more = [name for name in names if name not in self.sections], False
        try:
            if missing:
                self.sections = {**self.sections, missing[0]: section_of(self.shop, missing[0], self.campaign_id)}
            more = len(missing) > 1
        finally:
            self.busy = more
        if more:
            self.soon(lambda: self._answer_next(names))

    @property
    def is_running(self) -> bool:
        """Whether the chosen campaign has not ended: how it runs is read first then, and it has taught nothing yet."""
        return any(one.campaign_id == self.campaign_id and one.is_running for one in self.campaigns)

    @property
    def order(self) -> tuple[str, ...]:
        """The sections in the order in which they are read."""
        return ("process", *(name for name in SECTIONS if name != "process")) if self.is_running else SECTIONS

    def keep_lessons(self, *, of_all: bool = False) -> str:
        """Keep what the chosen campaign taught, or what all did, and return the sentences that say so.

        Raises
        ------
        BadValue, DataError
            It has not ended, or nothing can be measured.
        """
        ws = Workspace(self.shop.path)
        require_role(ws, "marketer", tr("keeping lessons"))
        told = write_all_lessons(ws).sentences if of_all else write_lessons(ws, self.campaign_id).sentences[:1]
        self.sections = {name: section for name, section in self.sections.items() if name != "lessons"}
        self._answer(self.order)
        return "\n".join(told)

    def query(self) -> str:
        """Return the chosen campaign as the query of an address."""
        first = self.campaigns[0].campaign_id if self.campaigns else ""
        return urlencode({"campaign": self.campaign_id}) if self.campaign_id != first else ""

    def go_to(self, query: str) -> None:
        """Go to the campaign of an address; one that is not there leaves the page as it is."""
        wanted = dict(parse_qsl(query.lstrip("?"))).get("campaign", self.campaigns[0].campaign_id if self.campaigns else "")
        if wanted != self.campaign_id and wanted in {one.campaign_id for one in self.campaigns}:
            self.choose(wanted)
        elif wanted in set(known_campaigns(Workspace(self.shop.path))["campaign_id"]) - {one.campaign_id for one in self.campaigns}:
            raise BadValue(tr("Campaign '{campaign_id}' has not begun: until then there is nothing to read of it.", campaign_id=wanted))

    def html_file(self) -> tuple[str, str]:
        """Return the page as a file: its name, and its content in base64."""
        self.soon.settle()
        return f"review-{self.campaign_id}.html", base64.b64encode(pages(self.answers).encode("utf-8")).decode("ascii")

    def xlsx_file(self) -> tuple[str, str]:
        """Return the tables as a file: its name, and its content in base64."""
        self.soon.settle()
        return f"review-{self.campaign_id}.xlsx", base64.b64encode(workbook(self.answers)).decode("ascii")
