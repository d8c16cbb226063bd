"""The columns of a member file that name the same person by another id: phone, card, openid, e-mail."""

from __future__ import annotations

from toolkit.language import tr
from toolkit.sources.columns.contents import Contents
from toolkit.sources.columns.matching import quoted
from toolkit.sources.columns.vocabulary import plain

OTHER_IDS = (
    "phone", "mobile", "telefon", "handy", "telefono", "celular", "openid", "unionid", "email", "mail", "card", "karte", "carte", "tarjeta",
    "loyaltyno", "loyaltynumber", "userid", "accountid",
    "手机", "电话", "手機", "電話", "卡号", "卡號", "邮箱", "信箱", "会员号", "会员编号",
    "携帯", "カード番号", "メール", "телефон", "карта", "почта",
)  # fmt: skip
NO_ID = (
    "type", "typ", "level", "tier", "class", "grade", "status", "count", "date",
    "类型", "等级", "状态", "日期", "种类", "级别",
)  # fmt: skip
"""Of a card or a phone, but no id."""
DISTINCT = 0.8
"""Filled cells of an id differ nearly all."""


def identity_lines(contents: Contents, member: str, files: str) -> list[str]:
    """Return the section [identities] as a proposal to be decided on, or nothing where no further column looks like an id of the person.

    Parameters
    ----------
    member
        The column of the member's own number.
    files
        The section's `files`, as TOML writes it.
    """
    others = [name for name in contents.names if name != member and _is_id(contents, name)]
    if not others:
        return []
    remark = tr("receipts may name one person by any of these; where they do, this section makes them one member:")
    ids = ", ".join(map(quoted, [member, *others]))
    return ["", f"# TODO {remark}", "# [identities]", f"# files = {files}", f"# ids = [{ids}]", f"# member_id = {quoted(member)}"]


def _is_id(contents: Contents, name: str) -> bool:
    word, cells = plain(name), contents.texts(name)
    named = any(part in word for part in OTHER_IDS) and not any(part in word for part in NO_ID)
    return named and cells.len() > 0 and cells.n_unique() >= DISTINCT * cells.len()
