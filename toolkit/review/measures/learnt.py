"""What a reviewed campaign teaches: its effects by segment, method and category, in the ledger's words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from toolkit.answer import Verdict
from toolkit.errors import BadValue, ToolkitError
from toolkit.extras import MissingExtra, absence_told
from toolkit.language import tr, value
from toolkit.ledger import lessons as ledger
from toolkit.ledger.campaigns import known_campaigns
from toolkit.models.lin import Effect
from toolkit.registry import question_text
from toolkit.review.measures.parts import effects_by
from toolkit.review.measures.study import Study, study
from toolkit.scope.view import View, open_view
from toolkit.settings import Settings
from toolkit.wording import listing, some
from toolkit.workspace import Workspace, opened

NO_METHOD = value("not stated")


@dataclass(frozen=True)
class Learnt:
    """The lessons of one review: `frame` (schema LESSONS) and the `file` they were kept in; `verdict` as in the frame."""

    campaign_id: str
    frame: pl.DataFrame
    file: Path
    verdict: Verdict
    reasons: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        """What was written, in words."""
        whole = self.frame.filter(pl.col("segment").is_null() & pl.col("category").is_null()).height
        parts = self.frame.filter(pl.col("segment").is_not_null()).height
        goods = self.frame.filter(pl.col("category").is_not_null()).height
        counts = listing(
            [tr("{whole} of all members", whole=whole), tr("{parts} by segment", parts=parts), tr("{goods} by category", goods=goods)]
        )
        judgement = {
            "PASS": tr("It was randomised and nothing forbids to learn from it."),
            "REVIEW": tr("It was not randomised: plans show it beside measured lessons, but never let it decide."),
            "FAIL": tr(
                "Its checks forbid a claim, so nothing is learnt from it: {reason}",
                reason=self.reasons[0] if self.reasons else tr("see '{question}'", question=question_text("review.checks")),
            ),
        }.get(self.verdict, "")
        return [
            tr(
                "Campaign {campaign_id}: {lessons} kept ({counts}). {judgement}",
                campaign_id=self.campaign_id,
                lessons=some(self.frame.height, "lesson"),
                counts=counts,
                judgement=judgement,
            ),
            tr("wrote {file}", file=self.file),
        ]


@absence_told()
def write_lessons(
    workspace: Workspace | str | Path,
    campaign_id: str | int,
    *,
    as_of: date | str | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Learnt:
    """Review a campaign as of a day and keep what it teaches in the ledger; the next plan and `review.lessons` read it.

    Lessons of the same day are replaced, those of another day stand beside them. Questions never write: this does.

    Raises
    ------
    UnknownName
        There is no such campaign.
    BadValue
        It has not ended by as_of: half a campaign is no lesson.
    DataError
        It has not begun, or ended before the receipts.

    Example
    -------
    >>> for sentence in tk.write_lessons(ws, "C001").sentences: print(sentence)
    """
    ws = opened(workspace)
    view = open_view(ws, as_of=as_of, settings=settings)
    measured = study(view, campaign_id)
    if measured.case.is_running:
        raise BadValue(
            view.say(
                "Campaign {campaign_id} runs until {ends_on}, but as_of is {as_of}: half a campaign is no lesson. Write its lessons after "
                "its end.",
                campaign_id=measured.case.campaign.campaign_id,
                ends_on=measured.case.campaign.ends_on,
            )
        )
    frame = lessons_of(measured)
    file = ledger.write_lessons(ws, measured.case.campaign.campaign_id, frame)
    return Learnt(
        measured.case.campaign.campaign_id,
        frame,
        file,
        verdict_of(measured),
        tuple(check.finding for check in measured.checks if check.forbids),
    )


@dataclass(frozen=True)
class AllLearnt:
    """The lessons of all campaigns that could be reviewed, and why the others could not: campaign -> sentence."""

    learnt: tuple[Learnt, ...]
    left_out: dict[str, str]

    @property
    def sentences(self) -> list[str]:
        """What was written of each campaign, and what was left out, in words."""
        whole = tr(
            "{learnt} reviewed, {lessons} kept; {left_out} left out.",
            learnt=some(len(self.learnt), "campaign"),
            lessons=some(sum(one.frame.height for one in self.learnt), "lesson"),
            left_out=some(len(self.left_out), "campaign"),
        )
        reasons = [
            tr("Campaign {campaign_id} is left out: {reason}", campaign_id=name, reason=reason) for name, reason in self.left_out.items()
        ]
        return [whole, *(one.sentences[0] for one in self.learnt), *reasons]


@absence_told()
def write_all_lessons(
    workspace: Workspace | str | Path, *, as_of: date | str | None = None, settings: Settings | dict[str, Any] | None = None
) -> AllLearnt:
    """Review all campaigns that began by a day, keep what they teach, and say which were left out and why.

    One that has not ended, that ended before the receipts, or whose files are not as launched is left out; the others are learnt from all
    the same. `review.lessons` then pools them.

    Example
    -------
    >>> for sentence in tk.write_all_lessons(ws).sentences: print(sentence)
    """
    ws = opened(workspace)
    day = open_view(ws, as_of=as_of, settings=settings).as_of
    learnt, left_out = list[Learnt](), dict[str, str]()
    for campaign_id in known_campaigns(ws, up_to=day)["campaign_id"]:
        try:
            learnt.append(write_lessons(ws, campaign_id, as_of=as_of, settings=settings))
        except MissingExtra:
            raise
        except ToolkitError as refused:
            left_out[campaign_id] = str(refused)
    return AllLearnt(tuple(learnt), left_out)


def verdict_of(measured: Study) -> Verdict:
    """Return what the checks say of learning from it: FAIL = a claim is forbidden, REVIEW = not randomised, else PASS.

    A randomised campaign that shows no effect is a lesson too, and a PASS.
    """
    if any(check.forbids for check in measured.checks) or not measured.effect.measured:
        return "FAIL"
    return "PASS" if measured.case.is_randomised else "REVIEW"


def lessons_of(measured: Study) -> pl.DataFrame:
    """Return the lessons of a campaign: schema LESSONS; effects that are not measured have no row.

    All members and each segment by sales, margin and orders; each category (the thirty with most sales) by sales. Segments of a campaign
    with several offers name theirs.
    """
    case = measured.case
    methods = case.campaign.methods or (NO_METHOD,)
    rows: list[dict[str, Any]] = []
    for outcome in ledger.OUTCOMES:
        same = measured if outcome == measured.outcome else study(case.view, case.campaign.campaign_id, outcome)
        if len(methods) == 1:
            rows += _row(measured, outcome, same.effect, method=methods[0])
        else:
            for method, effect in effects_by(case, "method", outcome):
                rows += _row(measured, outcome, effect, method=method)
        for segment, effect in effects_by(case, "segment", outcome):
            offer, method = _offer_of(measured, segment)
            rows += _row(measured, outcome, effect, method=method, segment=segment, offer=offer if len(case.campaign.offers) > 1 else None)
    if len(methods) == 1:
        for category, effect in effects_by(case, "category", "amount"):
            rows += _row(measured, "amount", effect, method=methods[0], category=category)
    return pl.DataFrame(rows, schema=ledger.LESSONS)


def _offer_of(measured: Study, segment: str) -> tuple[str | None, str]:
    """The offer of a segment and its method: the ledger gives each segment one."""
    campaign = measured.case.campaign
    methods = {offer.name: offer.method for offer in campaign.offers}
    named = campaign.members.filter(pl.col("segment") == segment, pl.col("arm") == "treated")["offer"].drop_nulls().unique().sort()
    offer = str(named[0]) if len(named) else None
    return offer, str(methods.get(offer or "", campaign.methods[0] if campaign.methods else NO_METHOD))


def _row(
    measured: Study,
    outcome: str,
    effect: Effect,
    *,
    method: str,
    segment: str | None = None,
    category: str | None = None,
    offer: str | None = None,
) -> Iterator[dict[str, Any]]:
    if not effect.measured:
        return
    campaign = measured.case.campaign
    yield {
        "campaign_id": campaign.campaign_id, "method": method, "offer": offer, "segment": segment, "category": category, "outcome": outcome,
        "effect": effect.estimate, "standard_error": effect.standard_error, "base": effect.base, "effect_share": effect.share,
        "effect_share_se": effect.share_standard_error, "treated_count": effect.treated_count, "control_count": effect.control_count,
        "randomised": measured.case.is_randomised, "verdict": verdict_of(measured), "starts_on": campaign.starts_on,
        "ends_on": campaign.ends_on,
        "as_of": measured.case.view.as_of,
    }  # fmt: skip


def unlearnt(view: View, known: pl.DataFrame, lessons: pl.DataFrame) -> list[str]:
    """Return the campaigns that ended by the view's day and of which no lesson is known."""
    ended = known.filter(pl.col("ends_on") <= view.as_of)["campaign_id"]
    return [name for name in ended.to_list() if name not in set(lessons["campaign_id"])]
