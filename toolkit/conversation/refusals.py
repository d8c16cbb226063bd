"""What is refused before anything is looked for: commands, what the shop has no data for, code, times and ids that are not there."""

from __future__ import annotations

import re
from functools import cache

from toolkit.conversation.calls import Step
from toolkit.conversation.lexicon import Lexicon
from toolkit.conversation.pieces import Taken
from toolkit.conversation.text import base, words_of
from toolkit.conversation.vocabulary import data
from toolkit.language import later, tr
from toolkit.workspace import Workspace

_OPINIONS = later(
    "What members think stands in the feedback table alone, where the shop brings one: why members do not come again counts bad ratings "
    "among its causes. The receipts say nothing of it."
)
_STEPS: dict[str, str] = {
    "delete": later(
        "Nothing is deleted by a sentence. A person does it: members leave with the next import of the members table, an audience or a "
        "plan by removing its file in the workspace's documents."
    ),
    "launch": later("A campaign is launched by a person, with the button of the planner, or with toolkit campaign launch."),
    "export": later(
        "Nothing is sent or handed out by a sentence. A person does it: with the export of an audience, or the contact lists of a "
        "launched campaign."
    ),
    "change": later(
        "Nothing is changed by a sentence. Prices, cards and names come from the shop's own tables: change them there and import again."
    ),
}
_COUNTED = re.compile(r"\d ?岁|岁以|\b(over|above|under|below|than|aged) (the age of )?\d\d\b|\d\d years old")
"""An age as a number."""
_ASKS = re.compile(
    r"(would|should|shall|does|do|did|is|are|was|were|how|what|which|who|whom|whose|when|where|why|if|whether|has|have)\b(?! i delete)"
    r"|是不是|有没有|会不会|为什么|为啥|为何|因为|由于|哪|谁|多少"
)
"""A question is no command: `would it pay to call members when their goods are due`."""
_KINDS = {"delete": "delete", "launch": "launch", "export": "export", "change": "change"}
_TOPICS: dict[str, str] = {
    "weather": later("The receipts say nothing of the weather."),
    "age": later("The members table has no column for age. Import it as a column of the members table, and an audience can speak of it."),
    "gender": later(
        "The members table has no column for gender. Import it as a column of the members table, and an audience can speak of it."
    ),
    "income": later("The members table has no column for income; what members spend is known (spending power)."),
    "birthday": later(
        "The members table has no birthdays. Import them as a column of the members table, and an audience can speak of them."
    ),
    "address": later(
        "The workspace holds no addresses, cities or phone numbers of members unless the members table brings them as columns."
    ),
    "competitor": later("What members buy elsewhere is not known: the receipts are of this shop alone."),
    "staff": later("Staff, their hours and pay are not in the data."),
    "guides": later("Whose member each is, and who served, is not told here: import `guide_id` in the members table and the lines."),
    "satisfaction": _OPINIONS,
    "stock": later("Stock is read for choosing goods alone; levels of stock are a question to the stock system."),
    "suppliers": later("Suppliers and purchase prices are not in the data, but for the unit cost of the products table."),
    "rent": later("Rent, wages and other costs of running a store are not in the data."),
    "website": later("Traffic on other sites is not in the data; touchpoints come with the events table."),
    "traffic": later("Who came in without buying is not in the receipts."),
    "advice": later("That is no question about this shop's members."),
    "family": later(
        "The members table has no column for that. Import it as a column of the members table, and an audience can speak of it."
    ),
    **dict.fromkeys(
        ("body", "device", "work"),
        later("The members table has no column for that. Import it as a column of the members table, and an audience can speak of it."),
    ),
    "person": later("The workspace knows members by their ids alone: names, homes and families are not in it."),
    "payment": later("How people pay is not in the data: the receipts say what was bought, when, and for how much."),
    "premises": later("Premises, opening hours and queues are not in the data: the receipts say when people paid."),
    "support": later("This answers questions about the shop's members; what does not work is a matter for whoever runs the systems."),
    "delivery": later("Deliveries and lorries are not in the data."),
    "finance": later("Taxes, banks and the economy are not in the data."),
    "nutrition": later("What goods are made of and how they keep is not in the data."),
    "cause_of_day": _OPINIONS,
}


def refusal(taken: Taken, lexicon: Lexicon, workspace: Workspace) -> tuple[str, Step | None] | None:
    """Return why a sentence is refused whatever it asks, and the step that a person takes instead; None where it is not."""
    low = taken.sentence.low
    if _pattern("code").search(low):
        return tr("That reads like code or SQL: nothing typed here is run. Ask in plain words, or call a question in a notebook."), None
    for kind, pattern in _commands().items():
        if pattern.search(low) and not _ASKS.match(low):
            said = tr(_STEPS[kind])
            return said, Step(_KINDS[kind], said)  # type: ignore[arg-type]
    if since := _unknown_event(taken):
        return tr("When “{event}” was is not in the data. Say a date or a month instead: since 2026-03, since March.", event=since), None
    for name, (pattern, columns) in _topics().items():
        found = pattern.search(low)
        if (
            found
            and not _read_as_column(taken, workspace, columns)
            and not _in_a_name(taken, lexicon, found.span())
            and found.group() not in lexicon.words
        ):
            return tr(_TOPICS[name]), None
    times = [piece.value for piece in taken.islands("period", "since")]
    if times and workspace.first_day and all(span.end < workspace.first_day for span in times):
        return tr("The receipts begin on {first}: what was before is not known.", first=workspace.first_day), None
    return _unknown_id(taken, lexicon)


def _unknown_id(taken: Taken, lexicon: Lexicon) -> tuple[str, Step | None] | None:
    for piece in taken.pieces:
        if piece.kind == "unknown_id":
            near = lexicon.nearest_ids(piece.name, taken.said(piece))  # type: ignore[arg-type]
            told = {
                "store": later("There is no store “{name}”.{near}"),
                "campaign": later("There is no campaign “{name}”.{near}"),
                "member": later("There is no member “{name}”.{near}"),
                "product": later("There is no product “{name}”.{near}"),
            }
            guess = tr(" There are {names}.", names=tr(", ").join(near)) if near and piece.name != "member" else ""
            return tr(told[piece.name], name=taken.said(piece), near=guess), None
    return None


def _unknown_event(taken: Taken) -> str:
    if taken.islands("since", "state_at"):
        return ""
    found = _pattern("since").search(taken.sentence.low)
    if not found or any(piece.start <= found.end() and piece.end > found.start() for piece in taken.islands("period", "away")):
        return ""
    return next(group for group in found.groups() if group).strip()


def _read_as_column(taken: Taken, workspace: Workspace, columns: tuple[str, ...]) -> bool:
    """Whether the members table has a column for it; one that holds groups in words (`65+`) answers for a value of its own alone."""
    held = [column for column in columns if workspace.has_column("members", column)]
    values = {one.column for piece in taken.entities("attribute") for one in piece.entities}
    return bool(held) and (bool(values & set(held)) or not _COUNTED.search(taken.sentence.low))


def _in_a_name(taken: Taken, lexicon: Lexicon, span: tuple[int, int]) -> bool:
    """Whether a word stands in a name that is said in full: `warehouse` alone is no WAREHOUSE SNACKS."""
    return any(
        piece.kind == "entity"
        and piece.start <= span[0]
        and piece.end >= span[1]
        and (
            " ".join(words := words_of(taken.said(piece))) in lexicon.exact.known
            or " ".join(base(one) for one in words) in lexicon.folded.known
        )
        for piece in taken.pieces
    )


@cache
def _commands() -> dict[str, re.Pattern[str]]:
    opening = r"(?:^|(?<=[.,;!?:，。；！])|\b(?:please|pls|now|and|then|to|can you|could you|just|go|请|帮我|把|并|然后)\s*)\s*"
    found = data("refusals")["commands"]
    return {
        kind: re.compile(rf"{opening}(?:{words})(?![a-z])|(?:[\u3400-\u9fff].*)?(?:{_chinese(words)})") for kind, words in found.items()
    }


def _chinese(words: str) -> str:
    return "|".join(word for word in re.split(r"\|(?![^(]*\))", words) if word >= "\u3400")


@cache
def _topics() -> dict[str, tuple[re.Pattern[str], tuple[str, ...]]]:
    return {
        name: (re.compile(rf"(?<![a-z])(?:{topic['words']})(?![a-z])"), tuple(topic.get("columns", ())))
        for name, topic in data("refusals")["topics"].items()
    }


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile("|".join(data("refusals")["patterns"][name]))
