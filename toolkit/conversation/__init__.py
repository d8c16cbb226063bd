"""A question in plain words, English or Chinese: read, shown, confirmed, answered, continued. Offline and without a model."""

from toolkit.conversation.calls import Call, Chip, Clarify, Dialogue, Nearest, Refuse, Step, ToAnswer, Understood
from toolkit.conversation.follow_up import confirm
from toolkit.conversation.interpreter import Context, Interpreter, interpret_with
from toolkit.conversation.next_questions import next_calls
from toolkit.conversation.reader import interpret
from toolkit.conversation.reply import Reply, ask
from toolkit.conversation.talking import Talking

__all__ = [
    "Call",
    "Chip",
    "Clarify",
    "Context",
    "Dialogue",
    "Interpreter",
    "Nearest",
    "Refuse",
    "Reply",
    "Step",
    "Talking",
    "ToAnswer",
    "Understood",
    "ask",
    "confirm",
    "interpret",
    "interpret_with",
    "next_calls",
]
