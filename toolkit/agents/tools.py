"""What an agent may do: read the questions, ask them, name things, keep drafts. What reaches members needs its own leave.

Figures of fewer members than `scope.minimum_members` are hidden in every answer, as for people; an agent cannot lower it. Rows of single
members are withheld unless the server was started with leave for them.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.agents.told import Told
from toolkit.answer import Answer
from toolkit.audience import Audience, export_audience, load_audience, save_audience
from toolkit.conversation import Dialogue, interpret
from toolkit.conversation.interpreter import changes_minimum
from toolkit.conversation.lexicon import lexicon_of
from toolkit.differentiation.planning.launching import contact_lists, launch, save_plan
from toolkit.differentiation.planning.proposal import propose_plan
from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.registry import SCOPE_PARAMETERS, all_questions, find_question
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

MEMBER = "member_id"
MOST_ROWS = 200


@dataclass
class Tools:
    """The tools of one server, on one workspace. Every public method that `server.py` names is a tool; its docstring is what the agent
    reads.

    Attributes
    ----------
    path
        The workspace folder; it is opened anew for each call, so that new receipts are seen.
    allow_members
        Whether rows of single members may leave.

    """

    path: Path
    allow_members: bool = False
    told: Told = field(default_factory=Told)

    def list_questions(self, step: str = "") -> list[dict[str, str]]:
        """List the questions that can be asked: name, text, an example call. `step`: portrait, targeting, differentiation or review;
        empty = all."""
        return [
            {"name": item.name, "step": item.step, "question": tr(item.text), "example": item.example()}
            for item in all_questions()
            if step in ("", item.step)
        ]

    def describe_question(self, name: str) -> dict[str, Any]:
        """Describe one question: what it measures, its parameters with their values and defaults, the columns of its table and what null
        means there."""
        item = find_question(name)
        own = [
            {
                "name": one.name,
                "type": str(one.annotation),
                "default": None if one.default is one.empty else one.default,
                "needed": one.default is one.empty,
            }
            for one in item.parameters.values()
        ]
        return {
            "name": item.name,
            "question": tr(item.text),
            "what_it_does": inspect.cleandoc(item.function.__doc__ or ""),
            "parameters": own,
            "scope": {key: means for key, (_, means) in SCOPE_PARAMETERS.items()},
            "columns": [
                {"name": column.name, "label": column.label, "kind": column.kind, "meaning": column.meaning, "null": column.null}
                for declared in item.tables
                for column in declared.columns
            ],
        }

    def answer(self, name: str, parameters: dict[str, Any] | None = None, rows: int = 50) -> dict[str, Any]:
        """Ask one question and get its sentence, table, notes and figures. `parameters`: the scope (store_id, region, audience, as_of,
        period) and the question's own. Repeat only what stands in the answer, with its notes: NOT RANDOMISED, REVIEW and NOT MEASURED
        forbid a claim. Money is in currency units, shares are 0 to 1; null is "not measured", never 0. At most `rows` rows are given (200
        at most); `rows_in_all` says how many there are."""
        return self._shown(find_question(name)(self._open(), **self._checked(parameters or {})), rows)

    def figure(
        self, metric: str, by: str = "", period: str = "", against: str = "", audience: str = "", store_id: str = "", as_of: str = ""
    ) -> dict[str, Any]:
        """One figure (sales, members, new_members, repeat_rate, order_value, ...), in all or by day, week, month, store, category, tier,
        segment, channel, with its change against the period before. `describe_question("portrait.figure")` lists the metrics."""
        given = {
            "metric": metric,
            "by": by,
            "period": period,
            "against": against,
            "audience": audience,
            "store_id": store_id,
            "as_of": as_of,
        }
        return self.answer("portrait.figure", {key: value for key, value in given.items() if value}, MOST_ROWS)

    def interpret(self, text: str, dialogue: str = "") -> dict[str, Any]:
        """Read a question in plain words, English or Chinese, without answering it. `outcome`: answer (then `calls` can be asked with
        `answer`), clarify (choose one of `calls`), nearest (not understood), refuse (`said` says what is missing). Give `dialogue` of the
        last reading to go on: "and store 406?"."""
        return interpret(self._open(), text, Dialogue.unpacked(dialogue) if dialogue else None).to_dict()

    def list_entities(self, kind: str, contains: str = "", most: int = 50) -> list[dict[str, str]]:
        """List what the shop has names for. `kind`: store, region, category, department, brand, product, campaign, plan, tier, segment,
        audience or channel."""
        if kind == "member":
            raise BadValue(tr("Members are not listed. Ask a question about an audience instead."))
        entities = lexicon_of(self._open()).of_kinds()
        kinds = sorted({one.kind for one in entities})
        if kind not in kinds:
            raise BadValue(tr("There is nothing of the kind '{kind}'. There are: {kinds}.", kind=kind, kinds=", ".join(kinds)))
        wanted = [one for one in entities if one.kind == kind and contains.casefold() in one.label.casefold()]
        return [{"id": one.value, "name": one.label} for one in wanted[: max(1, min(most, MOST_ROWS))]]

    def check_text(self, text: str) -> dict[str, Any]:
        """Check a text that you wrote before you show it: every figure in it must stand in an answer that was given here. `not_found` are
        figures that do not: take them out, or ask the question that gives them. A figure you worked out yourself is one of them."""
        found = self.told.check(text)
        missing = [one["figure"] for one in found if not one["stands_in"]]
        return {"all_found": not missing, "not_found": missing, "figures": found}

    def save_audience(self, name: str, where: str) -> dict[str, Any]:
        """Save an audience under a name: a condition on the members, such as "order_count >= 5 AND segment = 'loyal'". A name that is
        taken is refused."""
        saved = save_audience(self._open(), Audience(name, where=where))
        shown = self._shown(find_question("portrait.overview")(self._open(), audience=saved.name), 1)
        return {"saved": saved.name, "where": where, "overview": shown}

    def draft_campaign(
        self, campaign_id: str, audience: str, starts_on: str = "", ends_on: str = "", control_share: float = 0.2, name: str = ""
    ) -> dict[str, Any]:
        """Keep a draft of a campaign, with the offers that the playbook proposes, and return its plan: cost, smallest visible lift, what
        speaks against it. Nothing is launched and nobody is contacted; a person opens the draft and launches it."""
        stated: dict[str, Any] = {"starts_on": starts_on, "ends_on": ends_on, "name": name}
        ws = self._open()
        draft = save_plan(
            ws,
            propose_plan(
                ws, campaign_id, audience=audience, control_share=control_share, **{key: value for key, value in stated.items() if value}
            ),
        )
        return self._shown(find_question("differentiation.plan")(ws, campaign=draft.campaign_id), MOST_ROWS)

    # -- with leave (--allow-writes) -------------------------------------------------------------------------------------------------------

    def launch_campaign(self, campaign_id: str) -> dict[str, Any]:
        """Freeze a draft in the ledger: members, arms, offers, costs. It never changes afterwards. Do it only when the person said so in
        this conversation."""
        made = launch(self._open(), campaign_id)
        return {"campaign_id": made.campaign_id, "launched": True}

    def export_audience(self, name: str, folder: str) -> dict[str, Any]:
        """Write the contactable members of a saved audience as files into a folder of the workspace's `exports/`. Do it only when the
        person said so."""
        ws = self._open()
        made = export_audience(open_view(ws), load_audience(ws, name), self._export_folder(folder))
        return {"files": [str(path) for path in made.files]}

    def export_contacts(self, campaign_id: str, folder: str) -> dict[str, Any]:
        """Write whom a launched campaign addresses, a list per touchpoint, into a folder of the workspace's `exports/`. Do it only when
        the person said so."""
        made = contact_lists(self._open(), campaign_id, self._export_folder(folder))
        return {"files": [str(path) for path in made.files]}

    # -- within ----------------------------------------------------------------------------------------------------------------------------

    def _open(self) -> Workspace:
        return Workspace(self.path)

    def _export_folder(self, folder: str) -> Path:
        root = (self.path / "exports").resolve()
        wanted = (root / folder).resolve()
        if not wanted.is_relative_to(root) or wanted == root:
            raise BadValue(tr("'{folder}' does not lie in the workspace's folder exports/. Give a plain name.", folder=folder))
        return wanted

    def _checked(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if changes_minimum(parameters):
            raise BadValue(tr("An agent cannot change scope.minimum_members: it keeps small groups from being shown."))
        if MEMBER in parameters and not self.allow_members:
            raise BadValue(_withheld())
        return parameters

    def _shown(self, answer: Answer, rows: int) -> dict[str, Any]:
        told = answer.to_dict()
        of_members = any(column["name"] == MEMBER for column in told["columns"]) and not self.allow_members
        told["rows_in_all"] = len(told["table"])
        told["table"] = [] if of_members else told["table"][: max(0, min(rows, MOST_ROWS))]
        if of_members:
            told["notes"].append({"text": _withheld(), "verdict": ""})
        self.told.remember(answer, told)
        return told


def _withheld() -> str:
    return tr("Rows of single members are withheld: the server was started without --members.")
