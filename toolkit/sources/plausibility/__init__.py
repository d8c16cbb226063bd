"""What the values of a mapped file leave open: questions for a person, asked before any figure is believed.

A column can have the right name and hold something else: a rate for money, a card level for the member, an order's total on every line.
`toolkit map` writes the questions down, `toolkit check` prints them, an import refuses while one stands open. A question that was answered
"it is right as it is" is a line of the mapping: `ignore = ["currency:Currency"]` in its section `[answers]` (see `specs.Answers`); what it
is instead is the line that the question itself names.
"""

from toolkit.sources.plausibility.asking import open_questions, questions_of_sample
from toolkit.sources.plausibility.question import Question, answer_line, is_answered

__all__ = ["Question", "answer_line", "is_answered", "open_questions", "questions_of_sample"]
