"""Why a figure is not measured, or how it was come by: data, from which a caller makes a sentence in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Why(StrEnum):
    """What a reason says; the figures that go with it are those of the `Reason`."""

    # an effect, an overlap, a balancing
    FEW_IN_ARM = "an arm has too few members"
    FEW_TO_BALANCE = "an arm has too few members to be balanced"
    SAMPLE_WITHOUT_ARM = "too few members of one arm are in the sample"
    SAME_OUTCOME = "every member of an arm has the same outcome"
    ALL_THE_SAME = "the outcome is the same for all"
    NOTHING_LEFT = "the covariates tell the outcome exactly"
    NOT_FINITE = "the figures are not finite"
    NO_CHANGE = "the treated did the same before and after"
    NOBODY_ALIKE = "no mix of the controls looks like the treated"
    FEW_EFFECTIVE = "too few controls carry all of the weight"
    # groups
    FEW_ROWS = "too few rows to tell groups from chance"
    FEW_DIFFERENT = "fewer different rows than groups"
    AGREEMENT = "how far resampled rows agree with the groups"
    # limits from the repurchase curve
    FEW_GAPS = "too few gaps have closed"
    FEW_WATCHED = "too few gaps are under observation"
    TOO_CLOSE = "the limits lie too close together"
    SHORT_HISTORY = "the history is too short for longer gaps to show"
    TOO_CLOSE_AND_SHORT = "the limits lie too close together, and the history is too short"
    # kappa
    FEW_WITH_DAYS = "too few members have enough shopping days"
    MEMBERS_ALIKE = "members do not differ beyond the noise of their days"
    DAYS_ALIKE = "a member's days are all alike"
    # next purchase
    FEW_SNAPSHOTS = "too few earlier snapshots"
    FEW_OUTCOMES = "too few rows of either outcome"
    SPARSE = "too few members buy within the horizon"
    SPARSE_LEARNED = "sparse, but the logistic model foretold the latest window more nearly than BG/NBD"
    PURCHASE_NOT_CONVERGED = "the logistic regression did not converge"
    BOOSTING_NOT_TRIED = "boosting was not tried"
    ONE_OUTCOME = "all did the same in the latest window"
    LOG_LOSSES = "the log losses of both methods on the latest window"
    NO_FALL_BACK = "neither the snapshots nor BG/NBD can be learned from"
    SAME_WEEKS = "learned from the same weeks of a year ago"
    # future spend
    YEAR_BEHIND = "learned from what the whole year behind brought"
    YEAR_BEHIND_DRIFT = "learned from what the whole year behind brought, moved by half of how the last quarter differed"
    NO_DAY = "there is no shopping day"
    SHORT_RECEIPTS = "too few days of receipts"
    FEW_BUYERS = "too few rows were followed by a purchase"
    SPEND_NOT_CONVERGED = "the regression of spend did not converge"
    PROJECTED = "days not seen are assumed to go on as the last ones"
    MODELLED = "shopping days by BG/NBD times value by Gamma-Gamma"
    MODELLED_CORRELATED = "shopping days times value, which are correlated"
    BOTH_FAILED = "neither BG/NBD nor Gamma-Gamma can be fitted"
    # BG/NBD and Gamma-Gamma
    FEW_REPEATERS = "too few members came back"
    NO_MAXIMUM = "the likelihood has no maximum at finite parameters"
    LOOSELY_KNOWN = "members hardly differ: the parameters are loosely known"
    FEW_WITH_VALUE = "too few members have a repeat purchase of positive value"
    NO_MAXIMUM_OF_VALUE = "the likelihood of values has no maximum at finite parameters"
    NO_MEAN = "purchase values are spread too widely to have a mean"


@dataclass(frozen=True, slots=True, init=False)
class Reason:
    """Why, and the figures that tell it.

    >>> reason = Reason(Why.FEW_REPEATERS, repeaters=3, minimum_repeat_members=100)
    >>> print(reason)
    too few members came back (repeaters=3, minimum_repeat_members=100)
    >>> reason.why is Why.FEW_REPEATERS, reason.figures["repeaters"]
    (True, 3)
    """

    why: Why
    figures: dict[str, Any]

    def __init__(self, why: Why, /, **figures: Any) -> None:
        object.__setattr__(self, "why", why)
        object.__setattr__(self, "figures", figures)

    def __hash__(self) -> int:
        return hash(self.why)

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.figures.items())
        return f"{self.why} ({told})" if told else str(self.why)
