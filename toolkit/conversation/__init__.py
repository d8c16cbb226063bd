"""A question in plain words, English or Chinese: read, shown, confirmed, answered, continued. Offline and without a model."""

from toolkit.conversation.calls import Call, Chip, Clarify, Dialogue, Nearest, Refuse, Step, ToAnswer, Understood
from toolkit.conversation.follow_up import confirm
from toolkit.conversation.reader import interpret
from toolkit.conversation.reply import Reply, ask, next_calls

__all__ = [
    "Call",
    "Chip",
    "Clarify",
    "Dialogue",
    "Nearest",
    "Refuse",
    "Reply",
    "Step",
    "ToAnswer",
    "Understood",
    "ask",
    "confirm",
    "interpret",
    "next_calls",
]
