"""The page of rules: personas, segments and playbook, each a part with an address of its own. No widgets, no kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from toolkit.apps.pages import persona_rules_page, playbook_rules_page, segment_keeping, segment_rules_page
from toolkit.apps.pages.persona_rules_page import PersonasPart
from toolkit.apps.pages.playbook_rules_page import PlaybookPart
from toolkit.apps.pages.segment_rules_page import SegmentsPart
from toolkit.errors import ToolkitError
from toolkit.language import later, speaking, tr
from toolkit.roles import refusal
from toolkit.workspace import Workspace

PARTS = {"personas": later("Personas"), "segments": later("Segments"), "playbook": later("Playbook")}
_ABOUT = {
    "personas": later(
        "What a shopper must buy more often than others to be called so. Goods are found by words of the shop’s own categories."
    ),
    "segments": later("Which scores of recency, frequency and money are called what, and where the scores are cut."),
    "playbook": later("Who gets which method, message and goods, as long as nothing has been measured."),
}
_Deed = Callable[[Workspace, Mapping[str, str]], str]


def _back(put_back: Callable[[Workspace], str]) -> _Deed:
    def told(ws: Workspace, _: Mapping[str, str]) -> str:
        moved = put_back(ws)
        return tr("The rules are as delivered. Your own are in {file}.", file=moved) if moved else tr("The rules are as delivered.")

    return told


_PERSONAS: dict[str, _Deed] = {
    "keep": persona_rules_page.keep,
    "drop": persona_rules_page.drop,
    "back": persona_rules_page.put_one_back,
    "back-all": _back(persona_rules_page.DOCUMENT.put_back),
}
_SEGMENTS: dict[str, _Deed] = {
    "keep": segment_keeping.keep,
    "better": segment_keeping.keep_better,
    "back-all": lambda ws, _: segment_keeping.put_back(ws),
}
_PLAYBOOK: dict[str, _Deed] = {
    "keep": playbook_rules_page.keep,
    "drop": playbook_rules_page.drop,
    "split": playbook_rules_page.split,
    "back": playbook_rules_page.put_one_back,
    "back-all": _back(playbook_rules_page.DOCUMENT.put_back),
}
_DEEDS = {"personas": _PERSONAS, "segments": _SEGMENTS, "playbook": _PLAYBOOK}


@dataclass(frozen=True)
class RulesPage:
    """The page: its parts as (key, words), the one shown with what it is about, what was done, and why who looks may not change it."""

    part: str
    tabs: tuple[tuple[str, str], ...]
    about: str
    body: PersonasPart | SegmentsPart | PlaybookPart
    done: str
    refused: str


def page_of(path: Path, part: str, given: Mapping[str, str], code: str) -> RulesPage:
    """Return a part of the page after what was asked of it (keep, put back, count); what is typed wrong is said, nothing kept."""
    with speaking(code):
        ws, done, faults = Workspace(path), "", ""
        if (deed := _DEEDS[part].get(given.get("do", ""))) is not None:
            try:
                done, given = deed(ws, given), {}
            except ToolkitError as error:
                faults = str(error)
        body = _PART_OF[part](ws, given, faults)
        if faults and not _says(body, faults):
            done = faults.split("\n")[0]
        tabs = tuple((key, tr(words)) for key, words in PARTS.items())
        return RulesPage(part, tabs, tr(_ABOUT[part]), body, done, refusal(ws, "marketer", tr("changing rules")))


def _says(body: PersonasPart | SegmentsPart | PlaybookPart, faults: str) -> bool:
    shown = body.faults if isinstance(body, SegmentsPart) else body.opened.faults if body.opened else ()
    return faults.split("\n")[0] in shown


_PART_OF: dict[str, Callable[[Workspace, Mapping[str, str], str], PersonasPart | SegmentsPart | PlaybookPart]] = {
    "personas": persona_rules_page.part_of, "segments": segment_rules_page.part_of, "playbook": playbook_rules_page.part_of,
}  # fmt: skip
