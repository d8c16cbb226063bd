"""Headline figures of an executed notebook: what its Answers said when they were displayed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from toolkit import wording
from toolkit.answer import ANSWER_MIME
from toolkit.columns import Column, number, share
from toolkit.language import later, tr
from toolkit.registry import all_questions

RANKED_BY = "sales"
STORE_PAGE = "store_page"
"""What a store's page is called among the answers of a notebook."""
LEADING = {
    "at_stake_spend": later("Spend at stake"),
    "net_amount": later("Net of the campaign"),
    "expected_net_amount": later("Net of offers by segment"),
    "core_sales_share": later("Core members' share"),
    "slipping_spend": later("At stake with the slipping"),
    "due_member_count": later("Members due"),
    "back_after_first_share": later("Come a second time"),
    "best_net_amount": later("Net of the best single offer"),
    "planned_cost": later("Cost of the proposal"),
    "smallest_lift_share": later("Smallest visible lift"),
    "lift_share": later("Lift of sales"),
    "treated_count": later("Treated"),
    "never_contacted_members": later("Never contacted"),
}
"""Figures that stand for a page where no answer tells the sales, most wanted first, and what they are called beside other figures."""
MOST_FIGURES = 6
BESIDE = ("_change", "_low", "_high", "target_rate")
"""Endings of figures that stand beside another one: its change, its interval, its target."""
_SPARK_POINTS = 120  # a small picture shows no more, and 457 stores are read for one page


def told_answers(notebook: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], dict[str, Any]]]:
    """Yield (output, what the answer told) for each displayed Answer of an executed notebook, in order."""
    for cell in notebook.get("cells", []):
        for output in cell.get("outputs", []):
            answer = answer_of(output)
            if answer is not None:
                yield output, answer


def answer_of(output: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what an Answer told in the metadata (or data) of one output, or None for any other output."""
    for place in ("metadata", "data"):
        answer = (output.get(place) or {}).get(ANSWER_MIME)
        if isinstance(answer, Mapping) and isinstance(answer.get("name"), str):
            return dict(answer)
    return None


def headline_figures(notebook: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return answer name -> {headline, figures, spark, currency}; the first answer of a name counts, and only finite numbers."""
    figures_of: dict[str, dict[str, Any]] = {}
    for _, answer in told_answers(notebook):
        figures = answer.get("figures") if isinstance(answer.get("figures"), Mapping) else {}
        spark = answer.get("spark") if isinstance(answer.get("spark"), list) else []
        figures_of.setdefault(
            answer["name"],
            {
                "headline": str(answer.get("headline") or ""),
                "figures": {str(key): value for key, value in figures.items() if _is_number(value)},  # type: ignore[union-attr]
                "spark": [value if _is_number(value) else None for value in spark[-_SPARK_POINTS:]],  # type: ignore[index]
                "currency": str(answer.get("currency") or ""),
                **{key: answer[key] for key in ("period", "tasks") if isinstance(answer.get(key), list)},
            },
        )
    return figures_of


def leading(answers: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return what stands for a page or a store: the answer that tells the sales, else the LEADING figures of all answers.

    Failing both, the first answer with figures; None where there is none. Beside sales, two LEADING figures take the last places.
    """
    with_figures = [answer for answer in answers if answer.get("figures")]
    if not with_figures:
        return None
    all_figures: dict[str, Any] = {}
    for answer in with_figures:
        for key, value in answer["figures"].items():
            all_figures.setdefault(key, value)
    led = {key: all_figures[key] for key in LEADING if _is_number(all_figures.get(key))}
    first = next((answer for answer in with_figures if RANKED_BY in answer["figures"]), None)
    if first is None:
        return {**with_figures[0], "figures": dict(list(led.items())[:MOST_FIGURES]), "spark": []} if led else dict(with_figures[0])
    more = dict(list(led.items())[:2])
    own = [RANKED_BY, *(key for key in first["figures"] if key != RANKED_BY and not key.endswith(BESIDE) and key not in more)]
    return {**first, "figures": {key: first["figures"][key] for key in own[: MOST_FIGURES - len(more)]} | more}


def change_text(key: str, change: float | None) -> str:
    """Return the change of a figure as a cell: in points where it is a share.

    >>> change_text("sales", 0.075), change_text("repeat_rate", -3.6)
    ('+7.5%', '-3.6 points')
    """
    if change is None:
        return "–"
    return tr("{points} points", points=f"{change:+.1f}") if figure_column(key).kind == "share" else f"{change:+.1%}"


def interval_text(key: str, figures: Mapping[str, Any]) -> str:
    """Return the interval of a figure where it has one: "51.2% – 62.4%"."""
    low, high = figures.get(f"{key}_low"), figures.get(f"{key}_high")
    if not (_is_number(low) and _is_number(high)):
        return ""
    kind = figure_column(key).kind
    return f"{wording.cell(low, kind, '')} – {wording.cell(high, kind, '')}"


def figure_label(key: str) -> str:
    """Return what a figure is called at the top of a page and in the index."""
    return tr(LEADING[key]) if key in LEADING else wording.heading(figure_column(key))


def figure_column(key: str) -> Column:
    """Return what a figure is declared as by the first question that has it (a test sees to it that they agree)."""
    declared = next((item.figures[key] for item in all_questions() if key in item.figures), None)
    return declared or (share(key) if key.startswith("share_of_") else number(key))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
