"""A check of a case: what was looked at, what was found, what to do, and whether it forbids to claim an effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from toolkit.answer import Note, Verdict
from toolkit.language import tr
from toolkit.registry import question_text
from toolkit.review.measures.sentences import together


@dataclass(frozen=True)
class Check:
    """One verdict. `forbids`: with this found, no effect of the campaign is claimed anywhere. `hidden_errors`: how many of its standard
    errors an effect may owe to hidden reasons; one that is no further from zero is not claimed."""

    name: str
    verdict: Verdict
    finding: str
    advice: str = ""
    forbids: bool = False
    hidden_errors: float = 0.0

    @property
    def note(self) -> Note:
        """The check as a note of an answer."""
        return Note(together(self.finding, self.advice), self.verdict)


def check_table(checks: Sequence[Check]) -> pl.DataFrame:
    """Return checks as a table: one row each, `check`, `verdict`, `finding`, `what_to_do`, `forbids_a_claim`; what forbids comes first."""
    rank = {"FAIL": 0, "REVIEW": 1, "NOT MEASURED": 2, "PASS": 3}
    ordered = sorted(checks, key=lambda check: (not check.forbids, rank[check.verdict]))
    rows = [(check.name, check.verdict, check.finding, check.advice or tr("Nothing."), check.forbids) for check in ordered]
    schema = {"check": pl.String, "verdict": pl.String, "finding": pl.String, "what_to_do": pl.String, "forbids_a_claim": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def worst_first(checks: Sequence[Check], *, most: int = 6) -> list[Note]:
    """Return the notes of checks with something to say, what forbids a claim first, at most so many and then how many more."""
    rank = {"FAIL": 0, "REVIEW": 1, "NOT MEASURED": 2, "PASS": 3}
    found = [check for check in checks if check.forbids or rank[check.verdict] <= rank["REVIEW"]]
    ranked = [check.note for check in sorted(found, key=lambda check: (not check.forbids, rank[check.verdict]))]
    if len(ranked) <= most:
        return ranked
    more = tr("{more} more checks have something to say: '{question}'", more=len(ranked) - most, question=question_text("review.checks"))
    return [*ranked[:most], Note(more)]
