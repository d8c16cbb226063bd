"""A sentence in plain words to one of four outcomes: answered, asked back, pointed to what is near, or refused. Never another silently.

Nothing is computed here but the reading; `as_of` stands for today, and the same sentence over the same workspace gives the same outcome.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

from toolkit import language
from toolkit.conversation.calls import Call, Clarify, Dialogue, Nearest, Refuse, ToAnswer, Understood
from toolkit.conversation.campaigns import campaign_of
from toolkit.conversation.evidence import marks_of, shares_of, words_in
from toolkit.conversation.figure_alone import FIGURE, FIGURE_QUESTIONS, PARTS, STORES, are_two, figure_alone
from toolkit.conversation.follow_up import follow_up, goes_on
from toolkit.conversation.lexicon import Lexicon, lexicon_of
from toolkit.conversation.metrics import QUESTIONS, metric_of
from toolkit.conversation.parameters import BY_WORD, CONCEPTS, Filled, filled, told_by, usable_terms, with_choices
from toolkit.conversation.phrases import SAYS_LITTLE, WORD_FOR_WORD, Match, Phrase, Phrasebook, again, open_term, phrasebook
from toolkit.conversation.pieces import Piece, Taken, is_role_word, take_apart, weight
from toolkit.conversation.refusals import refusal
from toolkit.conversation.text import Sentence, base, sentence
from toolkit.conversation.vocabulary import asked_in, untangled
from toolkit.conversation.wording import call_in_words, understood_as
from toolkit.language import later, tr
from toolkit.registry import find_question, question_text
from toolkit.scope.view import checked_as_of
from toolkit.workspace import Workspace, opened

LEAST_COVERAGE = 0.6
"""Share of the content words under which a sentence is not answered."""
LEAST_SCORE = 0.55
ENOUGH = 5.0
"""The evidence from which on nothing else is offered beside a question."""
ALL_THE_SAME, HARDLY_LIKE = 20.0, 0.25
"""What must speak for a question that no phrase is very like, and how like one it must be all the same."""
STRONG, NO_OTHER = 25.0, 0.95
"""What speaks for a question, likeness and evidence together, and its share, from which on a word of the sentence may stay unused."""
IDLE = 3.0
"""What speaks against a question that has no place for a name or a number of the sentence."""
NEAREST_PHRASE = 10.0
"""What the likeness to the nearest phrase counts, beside the logarithms of `evidence`."""
ALONE = 1.15
"""What a sentence counts that is nothing but a figure: more than any phrase but one that it is word for word."""
AGREED, FAIRLY = 0.6, 0.6
"""The share of all that speaks, and the score, for which a word may be left."""
DOUBTFUL = 0.7
"""Under it a word that nobody knows is not passed over: it is what the sentence is about."""
SINCE = 0.15
BEHIND = 0.2
"""How far behind the best a question may be that uses every word, where the best must leave one."""
LEADS = ((0.95, 1.4), (0.75, 5.0), (0.0, 12.0))
"""How like one of its phrases the best question is, and how far it must be ahead of the next then, or it is asked which is meant. Chosen on
sentences of strangers (docs/truth.md): fewer are answered with another question, and some are asked back that would have been right."""
LIKER = 0.1
"""How much more like one of its phrases a question not far behind may be before it is asked about too."""
SURE = 0.8
"""The likeness to a phrase from which on little else need speak for a question."""
MATERIAL = frozenset("why_word not_buy drop_word target rise_word cost_word predict worst advice_word never_back".split())  # noqa: SIM905
"""Words that turn a question into another one: where one of them is not used, nothing is answered."""
WHOLE, REVIEW, CORE, WORTH = "portrait.overview", "review.verdict", "targeting.core_members", "portrait.lifetime_value"
_AHEAD = (WORTH, "targeting.due_again", "targeting.slipping", "differentiation.")
"""Questions that look ahead by themselves: `next month` needs no receipts there."""
_GENERIC = frozenset("member people number_of list_word shopping should_we profile_card today goods_word share_word most_of".split())  # noqa: SIM905
_LIGHT = _GENERIC | frozenset("price_tier store stores_all sales overview ranking best would_pay today previous_word".split())  # noqa: SIM905
"""Words that may stay unused without another question being meant."""
_NAMING = frozenset("region_word segment_word tier_word brand_word not_buy".split())  # noqa: SIM905
"""Words behind which a name stands: one that is not known is not passed over."""
_KINDS_OF_PARTS = PARTS.keys() | {"brand_word", "product_word", "department_word", "weekday", "hour", "lifecycle", "decile", "offer_word"}
_BY = re.compile(rf"(?<![a-z]){BY_WORD}$")
_SECOND = frozenset({"{goods2}", "{segment2}"})
"""A question that has a place for the second name is ahead of one that has none."""
_OF_MEMBERS = frozenset("member people each_member segment_word tier_word lifecycle decile clv".split())  # noqa: SIM905
"""Words that say that members are meant: of them there is a forecast, of the shop there is none."""
_NAMED = frozenset({"entity", "island", "unknown_id"})
LIFECYCLE = "portrait.lifecycle"
_NAMES_ALONE = frozenset({"{member}", "{campaign}", "campaign_word"})
_STAGES = frozenset("new_member active_word slipping lapsed returned".split())  # noqa: SIM905
_BARE_STAGES = frozenset({"new", "gone"})
"""Stages that are words of all sorts of sentences, and stages beside another alone."""
_ASIDE = frozenset("number_of compare_word share_word total_word member people overview lifecycle".split())  # noqa: SIM905
_SIDE_BY_SIDE = re.compile(r"([\s,、/&+]|and|or|vs\.?|versus|against|to|members?|customers?|[和与跟及或比]|对比|会员|客户)*")
_WHO_ALONE = {"{segment}", "{segment2}", "{condition}", "{condition2}", "member", "people"}
_NO_COSTS = ("portrait.", "targeting.")
_NO_COUPON = 200
"""Money from so much on is to be spent; no coupon is worth it."""
_TERMS = {
    "category": "{goods}",
    "product": "{goods}",
    "campaign": "{campaign}",
    "plan": "{campaign}",
    "member": "{member}",
    "segment": "{segment}",
    "tier": "{segment}",
    "audience": "{segment}",
    "attribute": "{segment}",
    "channel": "channel_word",
    "spend_save": "{spend_save}",
    "percent_off": "{percent}",
    "coupon": "{money}",
    "nth_piece": "second_piece",
    "gift_from": "gift_word",
    "points_times": "more_points",
    "money": "{money}",
    "budget": "{budget}",
    "times_least": "{condition}",
    "orders_least": "{condition}",
    "orders_under": "{condition}",
    "over": "{condition}",
    "least": "{condition}",
    "under": "{condition}",
    "away": "{condition}",
    "amount_between": "{condition}",
}


def interpret(
    workspace: Workspace | str | Path, text: str, dialogue: Dialogue | None = None, *, as_of: date | str | None = None
) -> Understood:
    """Return what a sentence comes to: `ToAnswer`, `Clarify`, `Nearest` or `Refuse`; nothing is computed.

    Parameters
    ----------
    workspace
        The shop.
    text
        A question in English or Chinese.
    dialogue
        What was asked before (`Understood.dialogue`): a short sentence then changes one part of the last call.
    as_of
        The day from which "last month" is counted; empty = the last day of the receipts.

    Raises
    ------
    DataError
        The workspace has no receipts, or none up to as_of.

    Example
    -------
    >>> interpret(ws, "which store is worst").calls[0].text                    # doctest: +SKIP
    'tk.portrait.stores(ws)'
    """
    ws = opened(workspace)
    day = checked_as_of(ws, as_of)
    before = dialogue or Dialogue()
    lexicon = lexicon_of(ws)
    book = phrasebook(lexicon.words)
    if named := call_in_words(" ".join(text.split())):
        return understood_as([named], text, before)
    said, slips = _untangled(sentence(text), lexicon)
    asked = take_apart(sentence(asked_in(said.raw)), lexicon, book.vocabulary, day)
    taken = asked
    if asked.sentence.raw != said.raw:
        taken = take_apart(said, lexicon, book.vocabulary, day)
        if not [piece for piece in taken.pieces if piece.kind in _NAMED and not asked.said_of(piece, taken)]:
            taken = asked  # what stood around it names nothing: no store, no time
    if not [piece for piece in taken.pieces if piece.kind != "stop"] and not before.last:
        return _nearest(taken, book, [], before)
    if refused := refusal(asked, lexicon, ws):
        why, step = refused
        return Refuse(text=text, said=why, step=step, dialogue=replace(before, asked=text))
    if not before.last and goes_on(taken) and not set(terms_of(taken)) - _WHO_ALONE:
        return _nearest(taken, book, [], before)
    reading = _Reading(ws, lexicon, book, taken, day, before, slips)
    if before.last and (continued_as := follow_up(reading.taken, before, lexicon, reading.best(), day)):
        return continued_as
    return replace(reading.outcome(), text=sentence(text).raw)


def _untangled(said: Sentence, lexicon: Lexicon) -> tuple[Sentence, dict[str, str]]:
    """A sentence whose words have their letters in order, and the words that had not; a name of the shop is left as it is."""
    raw, slips = said.raw, {}
    for word in said.words:
        if (right := untangled(word.text)) and not lexicon.containing(word.text) and word.text not in lexicon.exact.known:
            slips[said.raw[word.start : word.end]] = right
            raw = raw[: word.start] + right + raw[word.end :]
    return (sentence(raw) if slips else said), slips


class _Reading:
    """One sentence against all questions."""

    def __init__(
        self,
        ws: Workspace,
        lexicon: Lexicon,
        book: Phrasebook,
        taken: Taken,
        as_of: date,
        before: Dialogue,
        slips: dict[str, str] | None = None,
    ) -> None:
        self.ws, self.lexicon, self.book, self.taken, self.as_of, self.before = ws, lexicon, book, taken, as_of, before
        self.slips = slips or {}
        self.usable = usable = {name: usable_terms(find_question(name)) for name in book.known}
        self.ranked = book.ranked(
            terms_of(taken), usable, text=taken.sentence.raw, narrowing=frozenset(CONCEPTS), metric=metric_of(taken)[0]
        )
        self.evidence = book.evidence.speaking_for(marks_of(terms_of(taken), unnamed(taken)))
        if taken.islands("since", "state_at"):  # of two questions the one that knows since when
            self.ranked = [
                replace(match, score=match.score + SINCE) if "since" in find_question(match.question).parameters else match
                for match in self.ranked
                if match.question in book.known
            ]
        self.ranked.sort(key=lambda match: (-self._speaks(match), match.question))
        self.own = shares_of({match.question: self._speaks(match) for match in self.ranked})
        self.alone = figure_alone(taken) if {*FIGURE_QUESTIONS} <= book.known else None
        if not self.alone:  # a figure among other words is not what is asked
            self.ranked = [match for match in self.ranked if match.question not in QUESTIONS]

    def best(self) -> Match | None:
        """The question that fits best; of a sentence that only says where, when or who it is how things are there."""
        if self.taken.islands("top") and CORE in self.book.known and {*terms_of(self.taken)} <= {"member", "people"}:
            return Match(CORE, 1.0, Phrase(CORE, frozenset({"member"}), 1.0))  # `our top 10 members`
        if self.taken.islands("top") and STORES in self.book.known and {*terms_of(self.taken)} - {"sales", "best", "worst"} == {"store"}:
            return Match(STORES, 1.0, Phrase(STORES, frozenset({"store"}), 1.0))  # `the five worst stores`
        if (
            WHOLE in self.book.known
            and not set(terms_of(self.taken)) - _WHO_ALONE - SAYS_LITTLE
            and (
                self.taken.entities("store", "region", "segment", "tier", "audience", "attribute") or len(self.taken.islands("period")) > 1
            )
        ):
            return Match(WHOLE, 1.0, Phrase(WHOLE, frozenset(), 1.0))
        if self.taken.entities("campaign") and not set(terms_of(self.taken)) - {"{campaign}", "{campaign2}"}:
            return Match(REVIEW, 1.0, Phrase(REVIEW, frozenset({"{campaign}"}), 1.0))
        if LIFECYCLE in self.book.known and self._tells_stages():
            return Match(LIFECYCLE, 1.0, Phrase(LIFECYCLE, frozenset(terms_of(self.taken)), 1.0))
        if self.alone and (len(self.alone.parts) > 1 or not (self.ranked and self.ranked[0].score > ALONE)):
            whom = {piece.name for piece in self.taken.pieces if piece.name in CONCEPTS} - {
                piece.name for piece in metric_of(self.taken)[1]
            }
            return Match(self.alone.question, ALONE, Phrase(self.alone.question, frozenset(terms_of(self.taken)) - whom, 1.0))
        if self.ranked and self.ranked[0].score < WORD_FOR_WORD and {*terms_of(self.taken)} <= SAYS_LITTLE:
            return None  # `who hasn't shopped lately`: what is asked of them is not said
        return self.ranked[0] if self.ranked else None

    def _tells_stages(self) -> bool:
        """Whether stages of membership stand side by side, and nothing else is asked: `new vs lapsed members, headcount`."""
        stages = [piece for piece in self.taken.pieces if piece.name in _STAGES or self._is_bare_stage(piece)]
        bare = {term for piece in stages if piece.kind == "unknown" for term in _open_terms(self.taken, piece)}
        between = (self.taken.sentence.low[one.end : other.start] for one, other in itertools.pairwise(stages))
        return (
            len({piece.name for piece in stages if piece.name}) > (0 if bare else 1)
            and not {*terms_of(self.taken)} - _STAGES - _ASIDE - bare
            and all(text.strip("会员客户") and _SIDE_BY_SIDE.fullmatch(text) for text in between)
        )

    def _is_bare_stage(self, piece: Piece) -> bool:
        return piece.kind == "unknown" and self.taken.said(piece).lower() in _BARE_STAGES

    def outcome(self) -> Understood:
        """What the sentence comes to."""
        best = self.best()
        if best is None or best.question not in self.book.known or not self._is_likely(best):
            return _nearest(self.taken, self.book, self.ranked, self.before)
        made = self._filled(best)
        if isinstance(made, Understood):
            return made
        compared = self._side_by_side(best, made)
        covered, unused = self._coverage(best, made)
        if self._leaves_out(best, made, unused) and (fuller := self._fuller(best)):
            best, made = fuller
            compared, (covered, unused) = self._side_by_side(best, made), (1.0, ())
        if covered < LEAST_COVERAGE or self._leaves_out(best, made, unused):
            return _nearest(self.taken, self.book, self.ranked, self.before, covered)
        if "predict" in self.taken.concepts() and metric_of(self.taken)[0] and "member" not in self.taken.concepts():
            return self._refuse(tr("The receipts end on {as_of}: what comes after is not known.", as_of=self.as_of), covered)
        of_members = bool(_OF_MEMBERS & {*self.taken.concepts()} or self.taken.entities("segment", "tier", "audience"))
        of_shop = not of_members and (metric_of(self.taken)[0] == "sales" or best.question == WORTH)  # of members alone there is a forecast
        if made.future is not None and (of_shop or not best.question.startswith(_AHEAD)):
            return self._refuse(tr("The receipts end on {as_of}: what comes after is not known.", as_of=self.as_of), covered)
        goods = [piece for piece in self.taken.entities("category", "product") if piece not in made.used]
        if best.question in QUESTIONS and goods and not (self.alone and self.alone.of_goods):
            return self._of_goods(made, covered, unused)
        if compared:
            return self._answer(compared, best, made, covered, unused)
        close = [
            match
            for match in (self.ranked[:4] if any(best is one for one in self.ranked) else ())
            if self._is_beside(match, best)
            and match.question in self.book.known
            and match.question != best.question
            and (made.future is None or match.question.startswith(_AHEAD))
            and not (_SECOND & best.phrase.terms & {*terms_of(self.taken)} - match.phrase.terms)
            and not _same_table(best.question, made, match)
        ]
        if close:
            calls = [self._call(match.question, match.phrase.terms) for match in (best, *close)]
            return self._clarify(tuple(dict.fromkeys(calls)), tr("More than one question may be meant:"), covered, unused)
        question = find_question(best.question)
        if "campaign_id" in question.parameters and "campaign_id" not in made.given and (found := campaign_of(self.taken, made, self.ws)):
            if isinstance(found, str):
                return self._refuse(found, covered)
            if len(found) > 1:
                calls = tuple(Call.of(best.question, given) for given in found)
                return self._clarify(calls, tr("Several campaigns may be meant:"), covered, unused)
            made.given = found[0]
        if mixed := self._of_several_kinds(best, made):
            return self._clarify(mixed, self._which(made), covered, unused)
        if made.choices:
            calls = tuple(Call.of(best.question, given) for given in with_choices(made))
            if len(calls) == 1:  # a name that only looks like what was typed is not taken by itself
                without = {name: value for name, value in made.given.items() if name != made.choices[0][0]}
                calls = (*calls, Call.of(best.question, without))
            return self._clarify(calls, self._which(made), covered, unused)
        missing = [
            name for name, parameter in question.parameters.items() if parameter.default is parameter.empty and name not in made.given
        ]
        if missing:
            needed = _NEEDED.get(missing[0], later("{question} Say {name}."))
            return self._refuse(tr(needed, question=question_text(best.question), name=missing[0]), covered)
        return self._answer((Call.of(best.question, made.given),), best, made, covered, unused)

    def _filled(self, best: Match) -> Filled | Understood:
        """The parameters of the best question; of a figure by two things at a time it is asked which."""
        alone = self.alone if self.alone and self.alone.question == best.question else None
        made = filled(find_question(best.question), self.taken, self.as_of, best.phrase.terms)
        if alone and "by" not in made.given and alone.parts and best.question in QUESTIONS:
            made.given["by"] = alone.parts[0]
        if alone and best.question in QUESTIONS and len(alone.parts) > 1:
            calls = tuple(Call.of(best.question, {**made.given, "by": part}) for part in alone.parts)
            return self._clarify(calls, tr("A figure is told by one thing at a time:"), 1.0, ())
        return made

    def _fuller(self, best: Match) -> tuple[Match, Filled] | None:
        """Another question close behind that uses every word, where the best must leave one; none where more speaks for the best."""
        for match in self.ranked[1:5]:
            if match.question not in self.book.known or match.score < max(LEAST_SCORE, best.score - BEHIND):
                continue
            if self._own(match.question) < self._own(best.question):
                continue
            made = filled(find_question(match.question), self.taken, self.as_of, match.phrase.terms)
            _, unused = self._coverage(match, made)
            if not unused and not made.choices:
                return match, made
        return None

    def _of_goods(self, made: Filled, covered: float, unused: tuple[str, ...]) -> Understood:
        """A figure of some goods: there is the figure by category, and there are the buyers of the goods."""
        figure = Call.of(QUESTIONS[0], {**made.given, "by": "category"})
        return self._clarify(
            (figure, self._call("targeting.buyers")), tr("A figure is told by category, not of one alone:"), covered, unused
        )

    def _call(self, name: str, phrase: frozenset[str] | None = None) -> Call:
        made = filled(find_question(name), self.taken, self.as_of, phrase)
        return Call.of(name, made.given)

    def _coverage(self, best: Match, made: Filled) -> tuple[float, tuple[str, ...]]:
        """The share of the content words that were used, and those that were not."""
        if best.score >= WORD_FOR_WORD:
            return 1.0, ()
        mine = best.phrase.terms.union(*(phrase.terms for phrase in self.book.phrases if phrase.question == best.question))
        total = used = 0.0
        unused: list[str] = []
        for piece in self.taken.pieces:
            if piece.kind == "stop":
                continue
            size = weight(self.taken.sentence, piece)
            total += size
            told = piece.name == "compare_word" or (best.question in QUESTIONS and piece.kind == "entity" and _kind(piece) == "category")
            told = told or (piece.name == "drill" and "by" in made.given)  # `broken down by category`
            told = told or (piece.kind == "concept" and told_by(find_question(best.question), made, piece.name))
            if (
                told
                or piece in made.used
                or piece is made.future
                or is_role_word(self.taken, piece)
                or self._is_spoken_of(piece, mine, best.question)
            ):
                used += size
            else:
                unused.append(self.taken.said(piece))
        return (used / total if total else 0.0), tuple(unused)

    def _leaves_out(self, best: Match, made: Filled, unused: tuple[str, ...]) -> bool:
        """Whether something that changes the meaning was not used: a name, a time, a number, or a word such as `why` or `not`."""
        left = [piece for piece in self.taken.pieces if self.taken.said(piece) in unused and piece not in made.used]
        if _compares(self.taken):
            left = [piece for piece in left if piece.kind == "concept" or (piece.kind == "island" and piece.name not in _TIMES)]
        metric, named = metric_of(self.taken)
        strong = best in self.ranked and self._speaks(best) >= STRONG and self._own(best.question) >= NO_OTHER
        if any(piece.kind in ("entity", "island") or piece.name in MATERIAL for piece in left):
            return True
        if any(piece.name == "would_pay" for piece in left) and best.question.startswith(_NO_COSTS):
            return True  # whether it is worth it is asked of what costs something, and is more than who or what
        for piece in self.taken.pieces if not self.alone else ():  # `by segment` of a question that knows no segments
            by = piece.kind == "concept" and piece.name in _KINDS_OF_PARTS and _BY.search(self.taken.before(piece))
            if by and piece not in made.used and piece.name not in best.phrase.terms | self.book.own[best.question]:
                return True
        unknown = [piece for piece in left if piece.kind == "unknown"]
        own = any(piece.kind == "unknown" or self._is_of_its_own(piece) for piece in left)
        if any(_is_a_name(self.taken, piece) for piece in unknown) or (own and not best.phrase.sense and best.phrase.terms & _NAMES_ALONE):
            return True  # a name that nobody knows; or nothing but a name is known, as in `how tall is member 12`
        asked = {*terms_of(self.taken)}
        whole = best.phrase.sense and best.phrase.terms <= asked  # but for these words the sentence is a phrase
        if strong:
            return len(unknown) > 1 or any(self._is_of_its_own(piece) for piece in unknown)
        if unknown and best.score < DOUBTFUL and not whole and (best.score < LEAST_SCORE or not self._is_sure(best)):
            return True
        agreed = best.score >= FAIRLY and self._own(best.question) >= AGREED
        if metric not in ("", "sales", "members") and not agreed and any(piece in left for piece in named):
            return True
        return any(self._is_of_its_own(piece) and (not agreed or piece.kind == "unknown" or piece.name in PARTS) for piece in left)

    def _is_likely(self, match: Match) -> bool:
        """Whether a sentence is like a phrase of the question, or enough of its words are the question's own."""
        return match.score >= LEAST_SCORE or (match.score >= HARDLY_LIKE and self._speaks(match) >= ALL_THE_SAME)

    def _is_sure(self, best: Match) -> bool:
        return best.score >= SURE or best.question not in self.own or self.evidence.get(best.question, 0.0) >= ENOUGH

    def _is_beside(self, match: Match, best: Match) -> bool:
        """Whether another question is so near to the best that a person is asked which is meant."""
        lead = self._speaks(best) - self._speaks(match)
        *_, far = LEADS
        _, needed = next(one for one in LEADS if best.score >= one[0]) if self._is_sure(best) else far
        if best.score >= LEADS[0][0] and match.score < LEAST_SCORE:
            return False  # it is asked as it stands written down, and the other is nowhere asked like it
        return lead < needed or (match.score > best.score + LIKER and lead < far[1])

    def _speaks(self, match: Match) -> float:
        """What speaks for a question: its nearest phrase, and all of them."""
        literally = 100.0 if match.score >= WORD_FOR_WORD else 0.0
        places = {term for term in terms_of(self.taken) if term[0] == "{"} - match.phrase.terms
        idle = len(places - self.usable.get(match.question, frozenset()))
        return NEAREST_PHRASE * match.score + self.evidence.get(match.question, 0.0) + literally - IDLE * idle

    def _own(self, question: str) -> float:
        return self.own.get(question, 0.0)

    def _is_of_its_own(self, piece: Piece) -> bool:
        """Whether a word that was not used would have carried the sense: one of another question, or what kind a name is of."""
        if piece.kind == "concept":
            return piece.name not in _LIGHT
        before = [one for one in self.taken.pieces if one.end <= piece.start]
        if piece.kind != "unknown" or not before or before[-1].name not in _NAMING:
            return False
        said = self.taken.said(piece)
        return (
            before[-1].name == "not_buy" or (not said.islower() and said < "\u3400") or (piece is self.taken.pieces[-1] and said.isascii())
        )

    def _is_spoken_of(self, piece: Piece, mine: frozenset[str], question: str) -> bool:
        if piece.kind == "concept":
            return piece.name in mine or piece.name in _GENERIC
        return piece.kind == "unknown" and (
            all(term in mine for term in _open_terms(self.taken, piece)) or self._stands_in_its_phrases(piece, question)
        )

    def _stands_in_its_phrases(self, piece: Piece, question: str) -> bool:
        """Whether a word, or each of some Chinese characters with one beside it, stands in a phrase of a question."""
        counts = self.book.evidence.counts
        low = self.taken.sentence.low
        if low[piece.start] < "\u3400":
            return all(question in counts.get(word, ()) for word in words_in(low[piece.start : piece.end]))
        return all(
            any(question in counts.get(low[pair : pair + 2], ()) for pair in (at - 1, at) if pair >= 0)
            for at in range(piece.start, piece.end)
        )

    def _side_by_side(self, best: Match, made: Filled) -> tuple[Call, ...]:
        """Two calls where two of a kind are compared: stores, regions, segments, campaigns, periods."""
        times = [piece for piece in self.taken.islands("period") if not piece.value.future]
        if not _compares(self.taken) and not (self.alone and (are_two(self.taken) or len(times) == 2)):
            return ()
        for name, kinds in (
            ("store_id", ("store",)),
            ("region", ("region",)),
            ("campaign_id", ("campaign",)),
            ("audience", ("segment", "tier", "audience")),
        ):
            pieces = [piece for piece in self.taken.entities(*kinds) if len(piece.entities) == 1 and not piece.proposal]
            if name == "audience" and len(pieces) == 1:  # `loyal members with potential loyalists`: one of the two by a word
                pieces += [piece for piece in self.taken.pieces if piece.kind == "concept" and piece.name in CONCEPTS]
                pieces.sort(key=lambda piece: piece.start)
            values = list(dict.fromkeys(self._where(piece) for piece in pieces))
            if len(values) == 2:
                question = best.question
                if name == "campaign_id" and "campaign_id" not in find_question(question).parameters:
                    question = "review.verdict"
                if name != "campaign_id" and question in ("portrait.stores", "portrait.segments"):
                    question = FIGURE if metric_of(self.taken)[0] else WHOLE
                made.used.update(dict.fromkeys(pieces, name))
                taken = filled(find_question(question), self.taken, self.as_of).given if question != best.question else made.given
                rest = {key: value for key, value in taken.items() if key in find_question(question).parameters or key == "period"}
                return tuple(Call.of(question, {**rest, name: value}) for value in values)
        if len(times) == 2 and "against" not in made.given:
            made.used.update(dict.fromkeys(times, "period"))
            rest = {key: value for key, value in made.given.items() if key not in ("month",)}
            return tuple(Call.of(best.question, {**rest, "period": piece.value.text(self.as_of)}) for piece in times)
        return ()

    def _where(self, piece: Piece) -> str:
        """A name's value, or its members as an audience; a word for some members is the segment of that name, where there is one."""
        if piece.kind == "concept":
            alike = self.lexicon.exact.known.get(self.taken.said(piece).lower(), [])
            return next((one.where for one in alike if one.kind == "segment"), CONCEPTS[piece.name])
        return piece.entities[0].where or piece.entities[0].value

    def _of_several_kinds(self, best: Match, made: Filled) -> tuple[Call, ...]:
        """One call for each thing that a bare id may be: a store, a campaign, a member, a product."""
        for piece in self.taken.entities("store", "campaign", "member", "product"):
            kinds = {entity.kind: entity.value for entity in piece.entities}
            if len(kinds) > 1 and not piece.proposal and kinds.keys() <= _BY_KIND.keys():
                calls = []
                for kind, value in kinds.items():
                    name, parameter = _BY_KIND[kind]
                    takes = {*find_question(best.question).parameters, *({"store_id"} if best.question != REVIEW else ())}
                    same = best.question != WHOLE and parameter in takes
                    kept = made.given.keys() - {"store_id", "member_id", "campaign_id", "goods"} if same else {"period", "audience"}
                    rest = {key: held for key, held in made.given.items() if key in kept}
                    calls.append(Call.of(best.question if same else name, {**rest, parameter: value}))
                return tuple(calls)
        return ()

    def _which(self, made: Filled) -> str:
        piece = next((piece for piece in self.taken.pieces if piece.kind == "entity" and (piece.proposal or len(piece.entities) > 1)), None)
        return tr("Which is meant by “{words}”?", words=self.taken.said(piece)) if piece else tr("Which is meant?")

    def _answer(self, calls: tuple[Call, ...], best: Match, made: Filled, covered: float, unused: tuple[str, ...]) -> Understood:
        said = {name: self.taken.said(piece) for piece, name in made.used.items()}
        return self._understood(calls, covered, unused, said)

    def _clarify(self, calls: tuple[Call, ...], said: str, covered: float, unused: tuple[str, ...]) -> Understood:
        if len(calls) == 1:
            return self._understood(calls, covered, unused, {})
        return Clarify(
            text=self.taken.sentence.raw,
            said=said + self._told(unused),
            calls=calls[:4],
            unused=unused,
            coverage=covered,
            dialogue=replace(self.before, asked=self.taken.sentence.raw, language=language.current()),
        )

    def _understood(self, calls: tuple[Call, ...], covered: float, unused: tuple[str, ...], read_from: dict[str, str]) -> Understood:
        understood = understood_as(calls, self.taken.sentence.raw, self.before, read_from=read_from, unused=unused, coverage=covered)
        return replace(understood, said=understood.said + self._told(unused))

    def _told(self, unused: tuple[str, ...]) -> str:
        """What was not used, and what was taken for a misspelt word."""
        corrected = [tr("“{typed}” as “{word}”", typed=self.taken.said(p), word=p.corrected) for p in self.taken.pieces if p.corrected]
        corrected += [tr("“{typed}” as “{word}”", typed=typed, word=word) for typed, word in self.slips.items()]
        told = tr(" I read {words}.", words=tr(", ").join(corrected)) if corrected else ""
        return told + (tr(" I did not use {words}.", words=tr(", ").join(f"“{word}”" for word in unused)) if unused else "")

    def _refuse(self, said: str, covered: float) -> Understood:
        return Refuse(
            text=self.taken.sentence.raw, said=said, coverage=covered, dialogue=replace(self.before, asked=self.taken.sentence.raw)
        )


_WHICH_OF_TWO = re.compile(
    r"[和与跟或].{0,14}(哪个|哪家|谁).{0,8}(高|低|好|差|强|大|多|少)|which (of|one)?.{0,24}(better|higher|bigger|more|stronger)"
)
_JOINED = re.compile(r"\s*(and|or|&|,|with|和|与|跟|及|或|、)\s*")
_TIMES = ("period", "since")
_BY_KIND = {
    "store": (WHOLE, "store_id"),
    "campaign": (REVIEW, "campaign_id"),
    "member": ("portrait.member", "member_id"),
    "product": ("targeting.buyers", "goods"),
}
"""What is asked of a thing where a sentence says nothing but its id."""
_NEEDED = {
    "member_id": later("{question} Say which member, by the number on the card."),
    "budget": later("{question} Say the budget."),
    "campaign": later("{question} Say which plan, by its name."),
}


def _nearest(taken: Taken, book: Phrasebook, ranked: list[Match], before: Dialogue, covered: float = 0.0) -> Understood:
    near = [match.question for match in ranked if match.question in book.known and match.score > 0.1][:3]
    near += [name for name in (WHOLE, "targeting.slipping", "targeting.core_members") if name in book.known and name not in near][
        : 3 - len(near)
    ]
    return Nearest(
        text=taken.sentence.raw,
        said=tr("I am not sure what “{words}” asks. These questions come near:", words=taken.sentence.raw[:80]),
        calls=tuple(Call(name) for name in near),
        coverage=covered,
        dialogue=replace(before, asked=taken.sentence.raw),
        unused=tuple(taken.said(piece) for piece in taken.pieces if piece.kind == "unknown"),
    )


def terms_of(taken: Taken) -> list[str]:
    """Return the terms of a sentence, as the phrases of the questions have them."""
    found: list[str] = []
    two = len(taken.islands("period")) > 1 or any(
        len(taken.entities(kind)) > 1 for kind in ("store", "region", "campaign", "segment", "tier")
    )
    for piece in taken.pieces:
        if is_role_word(taken, piece) or (two and piece.name == "compare_word"):
            continue
        if piece.kind == "concept":
            found.append(piece.name)
        elif piece.kind == "unknown":
            found += _open_terms(taken, piece)
        elif piece.name == "period" and piece.value.future:
            found.append("next_period")
        elif piece.name == "money" and piece.value >= _NO_COUPON:
            found.append("{budget}")
        elif piece.kind in ("entity", "island") and (term := _TERMS.get(_kind(piece))):
            found.append(again(term, found) if term[0] == "{" else term)
            if piece.name == "coupon":
                found.append("coupon_word")
    return found


def unnamed(taken: Taken) -> str:
    """Return a sentence without its names, times and numbers."""
    text = taken.sentence.low
    for piece in taken.pieces:
        if piece.kind in ("entity", "island", "unknown_id"):
            text = text[: piece.start] + " " * (piece.end - piece.start) + text[piece.end :]
    return text


def _kind(piece: Piece) -> str:
    if piece.kind == "entity" and any(one.kind in ("category", "product") for one in piece.entities):
        return "category"
    return piece.name


def _open_terms(taken: Taken, piece: Piece) -> list[str]:
    inside = [word for word in taken.sentence.words if word.start >= piece.start and word.end <= piece.end]
    return [open_term(base(word.text)) for word in inside]


def _is_a_name(taken: Taken, piece: Piece) -> bool:
    """Whether an unknown word is written as a name is: with a capital, within a sentence that is not written so."""
    said = taken.said(piece)
    if _beside_goods(taken, piece):
        return True
    others = [word for word in re.findall(r"[A-Za-z]{2,}", taken.sentence.raw[1:]) if word != said]
    begins = re.search(r"(^|[.?!:;。？！；：])\s*$", taken.sentence.raw[: piece.start])
    return said[:1].isupper() and not begins and sum(word[0].islower() for word in others) > len(others) / 2


def _beside_goods(taken: Taken, piece: Piece) -> bool:
    """Whether an unknown word is joined to the name of some goods, and so is the name of others: 啤酒和薯片, `beer and crisps`."""
    return any(
        _JOINED.fullmatch(taken.sentence.low[min(piece.end, goods.end) : max(piece.start, goods.start)])
        for goods in taken.entities("category", "product")
    )


def _same_table(question: str, made: Filled, other: Match) -> bool:
    """Whether another question would tell the same: a figure by store is the comparison of the stores."""
    if "goods" in made.given and {question, other.question} == {"targeting.attach", "targeting.bought_together"}:
        return True
    return question in QUESTIONS and made.given.get("by") in ("store", "region") and other.question == STORES


def _compares(taken: Taken) -> bool:
    return (
        bool({"compare_word", "substitute"} & set(taken.concepts()))
        or " vs" in taken.sentence.low
        or bool(_WHICH_OF_TWO.search(taken.sentence.low))
    )


__all__ = ["Call", "Clarify", "Dialogue", "Nearest", "Refuse", "ToAnswer", "Understood", "interpret"]
