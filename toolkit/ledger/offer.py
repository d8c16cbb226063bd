"""An offer: a method with its figures, and the short text that says the same and can be read back."""

from __future__ import annotations

import re
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator

from toolkit.errors import BadValue, fault_words, nearest
from toolkit.language import tr, word

Method = Literal[
    "coupon", "full_reduction", "discount", "member_day", "service",
    "nth_piece", "bundle", "gift", "extra_points", "welcome_gift", "referral_reward",
]  # fmt: skip
METHODS: tuple[Method, ...] = get_args(Method)
"""The methods of the data contract (campaigns.method)."""

DO_NOTHING = "do nothing"
"""The offer of a segment that is left alone."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

EXAMPLES = {
    "coupon": "coupon 5 from 30",
    "full_reduction": "full_reduction 60/10",
    "discount": "discount 10% on COFFEE",
    "member_day": "member_day wed 10%",
    "service": "service a call two weeks after the sale",
    "nth_piece": "nth_piece 2 50% on COFFEE",
    "bundle": "bundle 10% on COFFEE; MILK",
    "gift": "gift 12 from 200",
    "extra_points": "extra_points 2x",
    "welcome_gift": "welcome_gift 10 from 50",
    "referral_reward": "referral_reward 20/10",
}
"""A text of each method."""

_USED = {  # which figures a method has: (needed, allowed besides)
    "coupon": ({"value"}, {"threshold", "categories"}),
    "full_reduction": ({"threshold", "value"}, {"categories"}),
    "discount": ({"depth"}, {"categories"}),
    "member_day": ({"weekday", "depth"}, {"categories"}),
    "service": (set[str](), {"categories"}),
    "nth_piece": ({"nth", "depth"}, {"categories"}),
    "bundle": (set[str](), {"value", "depth", "categories"}),
    "gift": ({"threshold"}, {"value", "gift"}),
    "extra_points": ({"times"}, set[str]()),
    "welcome_gift": ({"value"}, {"threshold"}),
    "referral_reward": ({"value"}, {"newcomer"}),
}
_GIVEN = ("threshold", "value", "depth", "weekday", "nth", "times", "newcomer")
_NUMBER = r"(\d+(?:\.\d+)?)"
_FORMS = {
    "coupon": rf"(?P<value>{_NUMBER})(?:\s+from\s+(?P<threshold>{_NUMBER}))?",
    "full_reduction": rf"(?P<threshold>{_NUMBER})\s*/\s*(?P<value>{_NUMBER})",
    "discount": rf"(?P<depth>{_NUMBER})\s*%",
    "member_day": rf"(?P<weekday>[a-z]+)\s+(?P<depth>{_NUMBER})\s*%",
    "nth_piece": rf"(?P<nth>\d{{1,2}})\s+(?P<depth>{_NUMBER})\s*%",
    "bundle": rf"(?:(?P<depth>{_NUMBER})\s*%|(?P<value>{_NUMBER}))",
    "gift": rf"(?:of\s+(?P<gift>[^|]+?)|(?P<value>{_NUMBER}))\s+from\s+(?P<threshold>{_NUMBER})",
    "extra_points": rf"(?P<times>{_NUMBER})\s*x",
    "welcome_gift": rf"(?P<value>{_NUMBER})(?:\s+from\s+(?P<threshold>{_NUMBER}))?",
    "referral_reward": rf"(?P<value>{_NUMBER})(?:\s*/\s*(?P<newcomer>{_NUMBER}))?",
}


class Offer(BaseModel):
    """What a treated member is offered. `threshold` and `value` are in currency units, `depth` is a share, `weekday` is 1 (Monday) to 7.

    coupon: `value` off once, from `threshold` on (none = from the first cent); full_reduction: spend `threshold`, save `value`, in every
    basket; discount: `depth` off the `categories` (none = everything); member_day: `depth` off on a weekday; service: what `message` says;
    nth_piece: `depth` off every `nth` piece of one good on a receipt (second piece half price: 2 and .5; buy two, get one: 3 and 1);
    bundle: one piece of each of the `categories` together for `value`, or `depth` off; gift: with every basket from `threshold` on a thing
    that costs the shop `value`, or the product `gift` at its unit cost; extra_points: `times` as many points; welcome_gift: `value` off the
    first basket of who joins; referral_reward: `value` for who brings somebody, `newcomer` for who is brought.
    `text` is the short form of it, which `Offer.parse` reads back.

    Raises
    ------
    BadValue
        A figure that the method needs is missing, one that it does not have is given, or a value is out of its range.

    Example
    -------
    >>> Offer.parse("full_reduction 60/10").value
    10.0
    >>> Offer(name="tea week", method="discount", depth=0.125, categories=("TEA",), message="Tea week").text
    'discount 12.5% on TEA | Tea week'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    method: Method
    threshold: float | None = None
    value: float | None = None
    depth: float | None = None
    categories: tuple[str, ...] = ()
    weekday: int | None = None
    nth: int | None = None
    times: float | None = None
    gift: str = ""
    newcomer: float | None = None
    message: str = ""

    @model_validator(mode="wrap")
    @classmethod
    def _in_sentences(cls, data: Any, handler: ModelWrapValidatorHandler[Offer]) -> Offer:
        try:
            offer = handler(data)
        except ValidationError as error:
            called = tr("Offer '{name}'", name=data.get("name", "")) if isinstance(data, dict) else tr("The offer")
            raise BadValue("\n".join(tr("{where}: {fault}", where=called, fault=_fault(fault)) for fault in error.errors())) from None
        faults = _faults(offer)
        if faults:
            called = tr("Offer '{name}'", name=offer.name)
            raise BadValue("\n".join(tr("{where}: {fault}", where=called, fault=fault) for fault in faults))
        return offer

    @property
    def text(self) -> str:
        """The offer in its short form, `message` behind a bar; `Offer.parse` reads it back, `language.word` says it to the reader."""
        figures = {
            "coupon": lambda: f"{plain(self.value)}" + (f" from {plain(self.threshold)}" if self.threshold else ""),
            "full_reduction": lambda: f"{plain(self.threshold)}/{plain(self.value)}",
            "discount": lambda: f"{plain(100 * (self.depth or 0))}%",
            "member_day": lambda: f"{WEEKDAYS[(self.weekday or 1) - 1]} {plain(100 * (self.depth or 0))}%",
            "service": lambda: self.message,
            "nth_piece": lambda: f"{self.nth} {plain(100 * (self.depth or 0))}%",
            "bundle": lambda: f"{plain(100 * self.depth)}%" if self.depth else plain(self.value),
            "gift": lambda: f"{f'of {self.gift}' if self.gift else plain(self.value)} from {plain(self.threshold)}",
            "extra_points": lambda: f"{plain(self.times)}x",
            "welcome_gift": lambda: f"{plain(self.value)}" + (f" from {plain(self.threshold)}" if self.threshold else ""),
            "referral_reward": lambda: f"{plain(self.value)}" + (f"/{plain(self.newcomer)}" if self.newcomer else ""),
        }[self.method]()
        goods = f" on {'; '.join(self.categories)}" if self.categories else ""
        if self.method == "service":
            return f"service{goods}{f' | {figures}' if goods and figures else f' {figures}' if figures else ''}"
        return f"{self.method} {figures}{goods}" + (f" | {self.message}" if self.message else "")

    @classmethod
    def parse(cls, text: str, *, name: str = "") -> Offer:
        """Return the offer that a short text says; it is called `name`, or by the text itself.

        Raises
        ------
        BadValue
            The text is none of the forms; they are shown.
        """
        words, _, message = (part.strip() for part in text.partition("|"))
        method, _, rest = words.partition(" ")
        method = method.lower()
        if method not in METHODS:
            near = nearest(method, METHODS)
            guess = tr("; did you mean '{near}'?", near=near[0]) if near else tr(".")
            raise BadValue(tr("Offer '{text}' begins with no known method{guess} {forms}", text=text, guess=guess, forms=_forms()))
        if method == "service":
            goods = re.fullmatch(r"on\s+(?P<goods>.+)", rest.strip()) if message else None
            categories = _split(goods["goods"]) if goods else ()
            return cls(name=name or text, method="service", categories=categories, message=message or rest.strip())
        match = re.fullmatch(rf"{_FORMS[method]}(?:\s+on\s+(?P<goods>.+))?", rest.strip(), flags=re.IGNORECASE)
        if match is None:
            raise BadValue(
                tr(
                    "Offer '{text}' cannot be read: a text such as '{example}' was needed for {method}.",
                    text=text,
                    example=EXAMPLES[method],
                    method=word(method),
                )
            )
        read = {key: value for key, value in match.groupdict().items() if value is not None}
        figures: dict[str, Any] = {key: float(value) for key, value in read.items() if key in ("threshold", "value", "times", "newcomer")}
        figures |= {"nth": int(read["nth"])} if "nth" in read else {}
        figures |= {"gift": read["gift"].strip()} if "gift" in read else {}
        if "depth" in read:
            figures["depth"] = round(float(read["depth"]) / 100, 8)
        if "weekday" in read:
            figures["weekday"] = _weekday(read["weekday"], text)
        return cls(name=name or words, method=method, categories=_split(read.get("goods", "")), message=message, **figures)


def plain(number: float | None) -> str:
    """Return a number without trailing zeros and without an exponent, as a person types it.

    >>> plain(60.0), plain(12.50)
    ('60', '12.5')
    """
    return f"{number or 0:.6f}".rstrip("0").rstrip(".")


def _split(goods: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in goods.split(";") if part.strip())


def _weekday(given: str, text: str) -> int:
    short = given.lower()[:3]
    if short not in WEEKDAYS:
        raise BadValue(
            tr(
                "Offer '{text}': '{given}' is no weekday; one of {weekdays} was needed.",
                text=text,
                given=given,
                weekdays=tr(", ").join(WEEKDAYS),
            )
        )
    return WEEKDAYS.index(short) + 1


def _forms() -> str:
    return tr("Known are: {examples}.", examples=tr(", ").join(repr(text) for text in EXAMPLES.values()))


def _fault(fault: Any) -> str:
    """Say in words what pydantic found."""
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        near = nearest(where, Offer.model_fields)
        known = tr("; known: {names}.", names=tr(", ").join(Offer.model_fields))
        guess = tr("; did you mean '{near}'?", near=near[0]) if near else known
        return tr("an offer has no '{where}'{guess}", where=where, guess=guess)
    if where == "method":
        near = nearest(str(fault["input"]), METHODS)
        return tr(
            "method is {given!r}; one of {methods} was needed{guess}.",
            given=fault["input"],
            methods=tr(", ").join(METHODS),
            guess=tr(" ('{near}'?)", near=near[0]) if near else "",
        )
    return tr("{where} is {given!r}; {fault}.", where=where, given=fault["input"], fault=fault_words(fault))


def _faults(offer: Offer) -> list[str]:
    needed, besides = _USED[offer.method]
    given = {name for name in _GIVEN if getattr(offer, name) is not None} | ({"gift"} if offer.gift else set())
    faults = [
        tr("a {method} needs its {name}, as in '{example}'.", method=word(offer.method), name=name, example=EXAMPLES[offer.method])
        for name in sorted(needed - given)
    ]
    superfluous = sorted(given - needed - besides)
    faults += [tr("a {method} has no {name}; leave it out.", method=word(offer.method), name=name) for name in superfluous]
    if not offer.name.strip() or len(offer.name) > 200:
        faults.append(tr("a name of up to 200 letters was needed."))
    if offer.threshold is not None and not (offer.threshold >= 0 and offer.threshold < 1e9):
        faults.append(tr("threshold is {threshold}; an amount of 0 or more was needed.", threshold=offer.threshold))
    if offer.method == "full_reduction" and offer.threshold == 0:
        faults.append(tr("threshold is 0; a full reduction starts from some spend, as in 'full_reduction 60/10' (or make it a coupon)."))
    if offer.value is not None and not (offer.value > 0 and offer.value < 1e9):
        faults.append(tr("value is {value}; an amount above 0 was needed.", value=offer.value))
    elif offer.value is not None and offer.threshold and 0 < offer.threshold <= offer.value:
        faults.append(
            tr(
                "it saves {value} on {threshold}: the whole basket. A value below the threshold was needed.",
                value=plain(offer.value),
                threshold=plain(offer.threshold),
            )
        )
    if offer.depth is not None and not (0 < offer.depth < 1 or (offer.depth == 1 and offer.method == "nth_piece")):
        faults.append(tr("depth is {depth}; a share between 0 and 1 was needed, such as 0.1 for 10%.", depth=offer.depth))
    if offer.weekday is not None and not 1 <= offer.weekday <= 7:
        faults.append(tr("weekday is {weekday}; 1 (Monday) to 7 (Sunday) was needed.", weekday=offer.weekday))
    faults += _more_faults(offer)
    if any(";" in category or "|" in category or "\n" in category or not category.strip() for category in offer.categories):
        faults.append(tr("a category cannot be empty or have ; or | or a line break in its name here."))
    if "|" in offer.message or "\n" in offer.message:
        faults.append(tr("a message cannot have | or a line break in it."))
    return faults


def _more_faults(offer: Offer) -> list[str]:
    """What is wrong with an offer on pieces, of a gift, of points, or to newcomers."""
    faults = list[str]()
    if offer.categories and "categories" not in _USED[offer.method][1]:
        faults.append(tr("a {method} is not for some goods alone; leave the goods out.", method=word(offer.method)))
    if offer.method == "bundle":
        if len(set(offer.categories)) < 2 or len(set(offer.categories)) < len(offer.categories):
            faults.append(tr("a bundle holds two categories or more, each once, as in '{example}'.", example=EXAMPLES["bundle"]))
        if (offer.value is None) == (offer.depth is None):
            faults.append(tr("a bundle has a price or a share off, one of them, as in '{example}'.", example=EXAMPLES["bundle"]))
    if offer.method == "gift" and bool(offer.gift) == (offer.value is not None):
        faults.append(tr("a gift says what it costs, or which product it is: 'gift 12 from 200' or 'gift of MUG from 200'."))
    if offer.nth is not None and not 2 <= offer.nth <= 12:
        faults.append(tr("nth is {nth}; 2 (every second piece) to 12 was needed.", nth=offer.nth))
    if offer.times is not None and not 1 < offer.times <= 20:
        faults.append(tr("times is {times}; above 1 and up to 20 was needed, such as 2 for double points.", times=plain(offer.times)))
    if offer.newcomer is not None and not 0 < offer.newcomer < 1e9:
        faults.append(tr("newcomer is {newcomer}; an amount above 0 was needed.", newcomer=offer.newcomer))
    if len(offer.gift) > 200 or "|" in offer.gift or "\n" in offer.gift:
        faults.append(tr("a product of up to 200 letters was needed, without | or a line break."))
    return faults
