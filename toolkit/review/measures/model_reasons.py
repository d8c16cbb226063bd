"""Why an effect or a comparison is not measured, in the reader's language."""

from __future__ import annotations

from toolkit.language import later, tr, word
from toolkit.models.reasons import Reason, Why

_MESSAGES: dict[Why, str] = {
    Why.FEW_IN_ARM: later("{members} members in the {name} arm; at least {least_arm} are needed"),
    Why.FEW_TO_BALANCE: later("an arm has {members} members; at least {least_arm} are needed"),
    Why.SAMPLE_WITHOUT_ARM: later("too few members of one arm in the sample taken"),
    Why.SAME_OUTCOME: later("every member of the {name} arm has the same outcome ({outcome:g})"),
    Why.ALL_THE_SAME: later("the outcome is the same for all"),
    Why.NOTHING_LEFT: later("the covariates tell the outcome exactly: nothing is left to judge an effect by"),
    Why.NOT_FINITE: later("the figures are not finite: the outcome or the covariates hold values too large"),
    Why.NO_CHANGE: later("the treated did the same before and after"),
    Why.NOBODY_ALIKE: later("no mix of the controls looks like the treated"),
    Why.FEW_EFFECTIVE: later("{effective_controls:.1f} controls carry all of the weight; too few are like the treated"),
}


def reason_text(reason: Reason | str | None) -> str:
    """Return why, as part of a sentence; a reason of the review's own is in words already.

    >>> reason_text(Reason(Why.FEW_IN_ARM, members=3, name="control", least_arm=20))
    '3 members in the control arm; at least 20 are needed'
    """
    if not isinstance(reason, Reason):
        return reason or ""
    return tr(
        _MESSAGES[reason.why], **{name: word(figure) if isinstance(figure, str) else figure for name, figure in reason.figures.items()}
    )
