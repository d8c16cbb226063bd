"""Text that came from a shop's data or from outside, made harmless for where it is shown: a terminal, a page, a script inside a page."""

from __future__ import annotations

import json
import re
from typing import Any

_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""What moves a cursor, turns the direction of reading, ends a line in a script, or is no character: all controls but tab and new line. What
joins letters (zero-width joiners) is part of names and stays."""
_IN_TAGS = re.compile("[<>&\u2028\u2029]")


def plain(text: str) -> str:
    r"""Return text without what acts on a terminal or turns the direction of reading; a sign stands in each place.

    >>> plain("tea\x1b[2J"), plain("\u202eaet")
    ('tea�[2J', '�aet')
    """
    return text if text.isprintable() else _ODD.sub("\N{REPLACEMENT CHARACTER}", text)


def plainly(value: Any) -> Any:
    """Return a value of JSON with every text in it `plain`; the keys stay."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {key: plainly(item) for key, item in value.items()}
    return [plainly(item) for item in value] if isinstance(value, list | tuple) else value


def is_text(text: str) -> bool:
    """Say whether a text can be written at all: half of a character (a lone surrogate) cannot."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def json_text(value: Any, **options: Any) -> str:
    r"""Return a value as JSON that says the same and holds nothing odd: what `plain` takes out is escaped, and read back as it was.

    >>> json_text({"store": "\u202eaet 茶"})
    '{"store": "\\u202eaet 茶"}'
    """
    text = json.dumps(value, ensure_ascii=False, **options)
    return text if text.isprintable() else _ODD.sub(lambda match: json.dumps(match.group())[1:-1], text)


def script_json(value: Any) -> str:
    r"""Return JSON that may stand inside a page's `<script>`: no text in it can end the script, open a comment in it, or end a line.

    >>> script_json("<!--<script>")
    '"\\u003c!--\\u003cscript\\u003e"'
    """
    text = json_text(value, separators=(",", ":"), default=str)
    return _IN_TAGS.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
