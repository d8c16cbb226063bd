"""Callbacks that cannot fail in silence: the person reads a sentence, the log gets the traceback.

Voila shows nothing and logs nothing when a callback raises, so every callback of an app goes through a `Guard`.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from toolkit.disk import cannot_write, not_written
from toolkit.errors import ToolkitError
from toolkit.language import plain, tr

LOG_VARIABLE = "TOOLKIT_APP_LOG"
"""Environment variable that names the log file; without it the traceback goes to the server's standard error only."""


_VALUE = re.compile(r"""'[^'\n]*'|"[^"\n]*"|`[^`\n]*`|\w*\d\w*""")
"""What may be a value in the text of a fault: what stands in quotes, and every word with a digit."""


class Guard:
    """Wraps callbacks; `say` shows a sentence to the person ('' takes it away)."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say

    def __call__(self, callback: Callable[..., Any]) -> Callable[..., None]:
        """Return the callback, guarded: whatever it raises becomes a sentence."""

        @functools.wraps(callback)
        def guarded(*given: Any, **named: Any) -> None:
            try:
                self.say("")
                callback(*given, **named)
            except ToolkitError as error:
                self.say(str(error))
            except Exception as error:  # noqa: BLE001 - the last place where anything can be said to the person
                self.say(not_written(error) if cannot_write(error) else fault_sentence(log_fault(error)))

        return guarded


def fault_sentence(reference: str) -> str:
    """Return what a person reads about a fault of ours."""
    return tr(
        "This could not be worked out: a fault of the app, not of what you chose. Go back or reset, and tell the "
        "person who runs it: fault {reference}.",
        reference=reference,
    )


def _without_values(error: BaseException, text: str) -> str:
    seen: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in seen:
        seen.append(following)
        said = str(following)
        text = text.replace(said, _VALUE.sub("…", said)) if said else text
        following = following.__cause__ or following.__context__
    return plain(text)


def log_fault(error: BaseException) -> str:
    """Write the traceback to the log file and to standard error; return its reference (the same fault has the same one).

    What the faults say is written without its values: they may be members' ids.
    """
    text = _without_values(error, "".join(traceback.format_exception(error)))
    place = "".join(f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__))
    reference = hashlib.sha256(f"{type(error).__name__}{place}".encode()).hexdigest()[:8]
    entry = f"{datetime.now().isoformat(timespec='seconds')} fault {reference}\n{text}\n"
    # A kernel's sys.stderr is sent to the page, where Voila drops it; the real one reaches the server's terminal.
    print(entry, file=sys.__stderr__ or sys.stderr, flush=True)
    if os.environ.get(LOG_VARIABLE):
        path = Path(os.environ[LOG_VARIABLE])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(entry)
        except OSError as trouble:
            print(f"The log {path} could not be written: {trouble}.", file=sys.__stderr__ or sys.stderr, flush=True)
    return reference
