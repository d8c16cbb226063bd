"""What the models of the portrait say of themselves, in the reader's language."""

from __future__ import annotations

from toolkit.language import later, tr
from toolkit.models.reasons import Reason, Why

_MODELLED = later("expected shopping days (BG/NBD) times expected value of one (Gamma-Gamma)")
_YEAR_BEHIND = later("at the level of what members as they were a year ago brought in the year behind")
_MESSAGES: dict[Why, tuple[str, ...]] = {
    Why.FEW_ROWS: (later("only {members} members; {minimum_rows} are needed to tell groups from chance"),),
    Why.FEW_DIFFERENT: (later("only {distinct} different members; {count} groups were asked for"),),
    Why.AGREEMENT: (
        later("resampled members agree with these groups at {agreement:.2f} (1 = always the same; {stable_from:g} is needed to name them)"),
    ),
    Why.FEW_GAPS: (
        later("only {closed} gaps between shopping days have closed; the shop's own rhythm shows from {minimum_closed_gaps} on"),
    ),
    Why.FEW_WATCHED: (later("fewer than {minimum_at_risk} gaps are under observation at any length"),),
    Why.TOO_CLOSE: (later("the shop's own limits {found} lie too close together; a member's score would change from one day to the next"),),
    Why.SHORT_HISTORY: (
        later("from only {seen_days} days of receipts, in which longer gaps cannot show; propose again after {history_days} days"),
    ),
    Why.TOO_CLOSE_AND_SHORT: (later("{reason}; {short}"),),
    Why.FEW_WITH_DAYS: (later("only {members} members have {minimum_days} or more shopping days; {minimum_members} are needed"),),
    Why.MEMBERS_ALIKE: (later("members do not differ beyond the noise of their days"),),
    Why.DAYS_ALIKE: (later("a member's days are all alike"),),
    Why.FEW_SNAPSHOTS: (
        later("{snapshots} earlier snapshots have {history_days} days of receipts before and {horizon_days} after; two are needed"),
    ),
    Why.FEW_OUTCOMES: (
        later("{bought} of {rows} snapshot rows bought within {horizon_days} days; {minimum_outcomes} of either kind are needed"),
    ),
    Why.SPARSE: (later("a sparse shop: only {share:.1%} of the members bought within {horizon_days} days"),),
    Why.SPARSE_LEARNED: (later("a sparse shop, whose latest window it foretold more nearly than BG/NBD did"),),
    Why.PURCHASE_NOT_CONVERGED: (later("the logistic regression did not converge"),),
    Why.BOOSTING_NOT_TRIED: (later("boosting was not tried"),),
    Why.ONE_OUTCOME: (later("in the latest window all members did the same, so the methods could not be compared"),),
    Why.LOG_LOSSES: (later("log loss on the latest window: boosting {boosted:.4f}, logistic {logistic:.4f}"),),
    Why.NO_FALL_BACK: (later("{refused}; BG/NBD: {reason}"),),
    Why.SAME_WEEKS: (later("at the level of the same weeks of a year ago, since the shop is seasonal"),),
    Why.YEAR_BEHIND: (_YEAR_BEHIND,),
    Why.YEAR_BEHIND_DRIFT: (
        _YEAR_BEHIND,
        later("; the last quarter came out {drift:+.0%} on what the year before promised of it, and half of that is carried on"),
    ),
    Why.NO_DAY: (later("there is no shopping day up to as_of"),),
    Why.SHORT_RECEIPTS: (later("{seen_days} days of receipts; {needed} are needed to learn what {horizon_days} days bring"),),
    Why.FEW_BUYERS: (later("only {buyers} snapshot rows were followed by a purchase; {minimum_buyers} are needed"),),
    Why.SPEND_NOT_CONVERGED: (later("the regression of spend did not converge"),),
    Why.PROJECTED: (
        later(
            "{seen_days} days of receipts show what {learned_days} days bring; the other {horizon_days} are assumed to "
            "go on as the last {rate_days} of them did, whatever their season"
        ),
    ),
    Why.MODELLED: (_MODELLED,),
    Why.MODELLED_CORRELATED: (
        _MODELLED,
        later("; number and value of purchases are correlated ({correlation:.2f}), which the model takes as none"),
    ),
    Why.BOTH_FAILED: ("{often}; {value}",),
    Why.FEW_REPEATERS: (later("only {repeaters} members came back; {minimum_repeat_members} are needed to fit"),),
    Why.NO_MAXIMUM: (
        later("the likelihood has no maximum at finite parameters (too little sign of members stopping, or of members differing)"),
    ),
    Why.LOOSELY_KNOWN: (
        later("members hardly differ in how often they come or how soon they stop: the parameters are large and loosely known"),
    ),
    Why.FEW_WITH_VALUE: (later("only {members} members have a repeat purchase of positive value; {minimum_members} are needed"),),
    Why.NO_MAXIMUM_OF_VALUE: (later("the likelihood has no maximum at finite parameters"),),
    Why.NO_MEAN: (later("purchase values are spread so widely that the shop's mean is undefined (q <= 1)"),),
}


def reason_text(reason: Reason | None) -> str:
    """Return a model's reason as part of a sentence; empty without one.

    >>> reason_text(Reason(Why.FEW_REPEATERS, repeaters=3, minimum_repeat_members=100))
    'only 3 members came back; 100 are needed to fit'
    """
    if reason is None:
        return ""
    figures = {name: reason_text(figure) if isinstance(figure, Reason) else figure for name, figure in reason.figures.items()}
    return "".join(tr(message, **figures) for message in _MESSAGES[reason.why])
