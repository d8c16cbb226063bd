"""The figures of an offer's short text, one field each, and the text again: fields and typing change the same text. No widgets."""

from __future__ import annotations

import re

from toolkit.apps.pages.typed import plain_number
from toolkit.ledger.offer import EXAMPLES

_GOODS = r"(?:\s+on\s+(?P<goods>[^|]*?))?\s*(?:\|.*)?"
_FORMS = {
    "coupon": rf"(?P<value>\S*?)(?:\s+from\s+(?P<threshold>[^\s|]*))?{_GOODS}",
    "full_reduction": rf"(?P<threshold>[^/\s]*)\s*/\s*(?P<value>[^\s|]*){_GOODS}",
    "discount": rf"(?P<depth>[^%\s]*)\s*%{_GOODS}",
    "member_day": rf"(?P<weekday>[a-z]*)\s+(?P<depth>[^%\s]*)\s*%{_GOODS}",
    "service": r"(?P<message>[^|]*)",
    "nth_piece": rf"(?P<nth>\d*)\s+(?P<depth>[^%\s]*)\s*%{_GOODS}",
    "bundle": rf"(?:(?P<depth>[^%\s]*)\s*%|(?P<value>[^%\s|]*)){_GOODS}",
    "gift": r"(?:of\s+(?P<gift>[^|]*?)|(?P<value>[^\s|]*))\s+from\s+(?P<threshold>[^\s|]*)\s*(?:\|.*)?",
    "extra_points": r"(?P<times>[^x\s|]*)\s*x\s*(?:\|.*)?",
    "welcome_gift": r"(?P<value>\S*?)(?:\s+from\s+(?P<threshold>[^\s|]*))?\s*(?:\|.*)?",
    "referral_reward": r"(?P<value>[^/\s|]*)(?:\s*/\s*(?P<newcomer>[^\s|]*))?\s*(?:\|.*)?",
}
STARTS = {**EXAMPLES, "discount": "discount 10%", "nth_piece": "nth_piece 2 50%"}
"""The text of each method as a form opens with it: for all goods, since the shop's categories are its own."""

_ONE_OF = {"bundle": ("value", "depth"), "gift": ("value", "gift")}
"""Figures of a method of which an offer has one."""


def method_of(text: str) -> str:
    """Return the method that a text begins with; '' = none that is known.

    >>> method_of("coupon 5 from 30"), method_of("a coupon")
    ('coupon', '')
    """
    word = text.strip().split(" ")[0].lower()
    return word if word in _FORMS else ""


def figures_of(text: str) -> dict[str, str]:
    """Return the figures of an offer as they were typed, also those that make no sense; none where the text has another form.

    >>> figures_of("full_reduction 60/10"), figures_of("discount 10% on TEA; COFFEE")
    ({'threshold': '60', 'value': '10'}, {'depth': '10', 'goods': 'TEA; COFFEE'})
    """
    method = method_of(text)
    rest = text.strip()[len(method) :].strip()
    found = re.fullmatch(_FORMS[method], rest, flags=re.IGNORECASE) if method else None
    return {} if found is None else {name: value.strip() for name, value in found.groupdict().items() if value}


def with_figure(text: str, name: str, value: str) -> str:
    """Return the text with one figure changed; '' takes it away. A message behind a bar stays.

    >>> with_figure("full_reduction 60/10", "threshold", "80"), with_figure("coupon 5 from 30", "threshold", "")
    ('full_reduction 80/10', 'coupon 5')
    """
    method = method_of(text)
    if name in ("value", "threshold", "depth", "times", "newcomer"):
        plain = plain_number(value, percent=name == "depth") or re.sub(r"[\s%|/]", "", value)
    else:
        plain = value.strip()
    told = {**figures_of(text), name: plain.replace("|", " ")}
    if plain and name in _ONE_OF.get(method, ()):  # a set has a price or a share off, a gift a cost or a name
        told = {key: value for key, value in told.items() if key == name or key not in _ONE_OF[method]}
    value, threshold, depth = (told.get(part, "") for part in ("value", "threshold", "depth"))
    given = f"of {told['gift']}" if told.get("gift") else value
    words = {
        "coupon": f"{value} from {threshold}" if threshold else value,
        "full_reduction": f"{threshold}/{value}",
        "discount": f"{depth}%",
        "member_day": f"{told.get('weekday', '')} {depth}%",
        "service": told.get("message", ""),
        "nth_piece": f"{told.get('nth', '')} {depth}%",
        "bundle": f"{depth}%" if depth else value,
        "gift": f"{given} from {threshold}",
        "extra_points": f"{told.get('times', '')}x",
        "welcome_gift": f"{value} from {threshold}" if threshold else value,
        "referral_reward": f"{value}/{told['newcomer']}" if told.get("newcomer") else value,
    }.get(method, "")
    goods = f" on {told['goods']}" if told.get("goods") else ""
    _, bar, message = text.partition("|")
    return f"{method} {words}{goods}" + (f" | {message.strip()}" if bar and method != "service" else "")
