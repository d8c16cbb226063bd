"""What a person has chosen in an app: a question, for whom, when, and the question's own settings. Plain values, no widgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from toolkit.registry import SCOPE_PARAMETERS

START = "portrait.overview"
SCOPE_FIELDS = ("store_id", "region", "audience", "as_of", "period")


@dataclass(frozen=True)
class Choice:
    """One request, as typed; nothing is checked here (`state.blockers` does that). Empty text = not narrowed, or the default.

    Attributes
    ----------
    question
        Name in the registry.
    store_id, region, audience, as_of, period
        The scope, as text; see `registry.SCOPE_PARAMETERS`.
    own
        The question's own parameters by name, as text.
    against
        A second audience, whose answer stands beside the first; '' = none.
    """

    question: str = START
    store_id: str = ""
    region: str = ""
    audience: str = ""
    as_of: str = ""
    period: str = ""
    own: Mapping[str, str] = field(default_factory=dict)
    against: str = ""

    @property
    def other(self) -> Choice | None:
        """The same request for the second audience; None where nothing is compared."""
        return replace(self, audience=self.against, against="") if self.against.strip() else None

    @property
    def scope(self) -> dict[str, str]:
        """The parts of the scope that were given."""
        given = {name: str(getattr(self, name)).strip() for name in SCOPE_FIELDS}
        return {name: value for name, value in given.items() if value}

    @property
    def given(self) -> dict[str, Any]:
        """All parameters of the call."""
        return {**self.scope, **{name: value for name, value in self.own.items() if value != ""}}

    def asking(self, question: str, parameters: Mapping[str, Any] | None = None) -> Choice:
        """Return the choice with another question in the same scope; parameters that are part of the scope change the scope."""
        parameters = {name: _text(value) for name, value in (parameters or {}).items()}
        scope = {name: value for name, value in parameters.items() if name in SCOPE_FIELDS}
        own = {name: value for name, value in parameters.items() if name not in SCOPE_PARAMETERS}
        return replace(self, question=question, own=own, **scope)


def _text(value: Any) -> str:
    """Return a parameter as a field holds it: several values separated by commas."""
    return "" if value is None else ", ".join(value) if isinstance(value, list) else str(value)
