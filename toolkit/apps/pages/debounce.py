"""Work that waits until a person has come to rest: of what is typed, clicked and dragged in one go, only the last is worked out.

A kernel takes the messages of its page one after another. What is asked while it works would be worked out piece by piece, each answer old
before it is shown; so the work is put behind the messages that are there already, and what comes anew takes the place of what waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

Work = Callable[[], object]


class Soon:
    """Does the last work it was given, `wait` seconds after it came, in the event loop that runs; at once where none runs.

    `guard` wraps the work, so that a fault of it is told (`guard.Guard`).

    >>> done = []
    >>> soon = Soon()
    >>> soon(lambda: done.append("one")); soon(lambda: done.append("two")); done    # no loop runs here
    ['one', 'two']
    """

    def __init__(self, guard: Callable[[Work], Work] | None = None, *, wait: float | None = None) -> None:
        self.guard, self.wait = guard, wait  # no wait: everything at once, as a state without a page works
        self._waiting: tuple[Work, asyncio.TimerHandle] | None = None

    def __call__(self, work: Work) -> None:
        """Do the work soon, instead of what waits."""
        self._forget()
        loop = _running() if self.wait is not None else None
        if loop is None or self.wait is None:
            work()
            return
        self._waiting = work, loop.call_later(self.wait, self.guard(self._do) if self.guard else self._do)

    def settle(self) -> None:
        """Do now what waits, and what that leaves to be done."""
        while self._waiting is not None:
            self._do()

    def _do(self) -> None:
        if self._waiting is not None:
            work, _ = self._waiting
            self._forget()
            work()

    def _forget(self) -> None:
        if self._waiting is not None:
            self._waiting[1].cancel()
            self._waiting = None


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
