"""Spellings of one id: which differences a shop says mean nothing (`fold_ids`), and the one spelling that stays."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

FOLDS = ("case", "blanks", "decimal", "marks", "zeros", "+86")
"""Capitals; blanks anywhere, full-width signs and other compatible forms (NFKC); an ending .0 behind digits; hyphens and slashes;
zeros before a number; China's dialling code before a mobile number (+86, 0086, 86)."""
MARKS = r"[-\u2010-\u2015\u2212/]"
DIALLED = r"^(?:\+|00)?86(1[3-9][0-9]{9})$"
MEMBER_IDS = ("member_id", "referred_by", "referrer_id")
"""Contract columns that name a member, in whichever table."""


def folded(text: pl.Expr, words: Sequence[str]) -> pl.Expr:
    """Return ids in the one spelling that the words of `fold_ids` leave; null where nothing is left.

    >>> ids = pl.Series(["Ann@Shop.example ", "\uff11\uff12", "007.0", "A.0", " "])
    >>> ids.to_frame("id").select(folded(pl.col("id"), ["case", "blanks", "decimal"]))["id"].to_list()
    ['ann@shop.example', '12', '007', 'a.0', None]
    >>> pl.Series(["007", "20-11/3", "0"]).to_frame("id").select(folded(pl.col("id"), ["marks", "zeros"]))["id"].to_list()
    ['7', '20113', '0']
    >>> pl.Series(["+86 138-0013-8000", "8610"]).to_frame("id").select(folded(pl.col("id"), ["blanks", "marks", "+86"]))["id"].to_list()
    ['13800138000', '8610']
    """
    if "blanks" in words:
        text = text.str.normalize("NFKC").str.replace_all(r"[\s\u200b\ufeff]", "")
    if "decimal" in words:
        text = text.str.replace(r"^(\s*[0-9]+)[.,]0+(\s*)$", "${1}${2}")
    if "marks" in words:
        text = text.str.replace_all(MARKS, "")
    if "+86" in words:
        text = text.str.replace(DIALLED, "${1}")
    if "zeros" in words:
        text = text.str.replace(r"^(\s*)0+([0-9]+\s*)$", "${1}${2}")
    if "case" in words:
        text = text.str.to_lowercase()
    return pl.when(text.str.len_bytes() > 0).then(text)


def folded_texts(texts: Sequence[str], words: Sequence[str]) -> list[str | None]:
    """Return texts as `folded` would."""
    return pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(folded(pl.col("text"), words))["text"].to_list()
