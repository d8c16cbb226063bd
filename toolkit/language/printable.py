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
_IN_SCRIPTS = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_IN_SCRIPT = re.compile("[<>&\u2028\u2029]")


def plain(text: str) -> str:
    r"""Return text without what acts on a terminal or turns the direction of reading; a sign stands in each place.

    >>> plain("tea\x1b[2J"), plain("\u202eaet")
    ('tea�[2J', '�aet')
    """
    return text if text.isprintable() else _ODD.sub("\N{REPLACEMENT CHARACTER}", text)


def is_text(text: str) -> bool:
    """Say whether a text can be written at all: half of a character (a lone surrogate) cannot."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def json_in_script(value: Any) -> str:
    r"""Return a value as JSON that may stand inside a page's `<script>`: no text in it can end the script or open a comment in it.

    >>> json_in_script("<!--<script>")
    '"\\u003c!--\\u003cscript\\u003e"'
    """
    return _IN_SCRIPT.sub(lambda match: _IN_SCRIPTS[match.group()], json.dumps(value))
