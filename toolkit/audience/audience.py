"""An audience: members with a name, chosen by an expression or listed by an answer; joined, crossed and taken from each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from toolkit.answer import Answer
from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.scope.view import View, chosen_members
from toolkit.scope.where import read_where


@dataclass(frozen=True)
class Audience:
    """Members with a name: those an expression chooses (`where`), or a list (`member_ids`, chosen by the answer to `call`).

    `version` and `as_of` are those of the saved one; 0 and None where it is not saved.

    Example
    -------
    >>> core = Audience("core", where="order_count_91d > 12 AND stage = 'established'")
    >>> (core - Audience("deal hunters", where="promo_level = 'high'")).where
    "order_count_91d > 12 AND stage = 'established' AND NOT COALESCE((promo_level = 'high'), FALSE)"
    """

    name: str
    where: str | None = None
    member_ids: tuple[str, ...] | None = None
    call: str = ""
    version: int = 0
    as_of: date | None = None

    def __post_init__(self) -> None:
        if (self.where is None) == (self.member_ids is None):
            raise BadValue(tr("Audience '{name}' needs either a WHERE expression or a list of members.", name=self.name))
        if self.where is not None:
            object.__setattr__(self, "where", read_where(self.where).text)
        else:
            object.__setattr__(self, "member_ids", tuple(sorted({str(member) for member in self.member_ids or ()})))

    @classmethod
    def from_answer(cls, name: str, answer: Answer) -> Audience:
        """Return the members of an answer whose table has `member_id`: by goods, path, niche, due, slipping, looked-not-bought, ...

        Raises
        ------
        BadValue
            The answer's table is not one of members, or not of all that it found (figure `members_in_all`).
        """
        if "member_id" not in answer.table.columns:
            raise BadValue(
                tr(
                    "{name} gives a table of {columns}, ... without `member_id`. Take an answer that lists members, such as "
                    "targeting.slipping.",
                    name=answer.name,
                    columns=", ".join(answer.table.columns[:4]),
                )
            )
        whole = answer.figures.get("members_in_all", answer.table.height)
        listed = answer.table["member_id"].n_unique()  # a member may stand in several rows
        if whole > listed:
            raise BadValue(
                tr(
                    "{name} lists {listed:,} of {whole:,.0f} members: ask it with top=0, so that all are in it.",
                    name=answer.name,
                    listed=listed,
                    whole=whole,
                )
            )
        chosen = answer.table["member_id"].drop_nulls().cast(pl.String)
        return cls(name, member_ids=tuple(chosen), call=answer.call, as_of=answer.as_of)

    @property
    def expression(self) -> str:
        """The audience as one WHERE expression; a list as `member_id IN (...)`."""
        if self.where is not None:
            return self.where
        ids = ", ".join("'" + member.replace("'", "''") + "'" for member in self.member_ids or ())
        return f"member_id IN ({ids})" if ids else "member_id IS NULL"

    @property
    def shown(self) -> str | tuple[str, ...]:
        """What `audience=` takes to mean the same: the saved name, or else the expression or the list."""
        return self.name if self.version else self.where if self.where is not None else self.member_ids or ()

    def __repr__(self) -> str:
        if self.where is not None:
            rule = f"where={self.where if len(self.where) <= 200 else self.where[:190] + ' ...'!r}"
        else:
            rule = f"{len(self.member_ids or ()):,} members" + (f", chosen by {self.call}" if self.call else "")
        return f"Audience({self.name!r}, {rule}{f', version {self.version} of {self.as_of}' if self.version else ''})"

    def __or__(self, other: Audience) -> Audience:
        return self._with(other, "or", lambda mine, theirs: mine | theirs, "{} OR ({})")

    def __and__(self, other: Audience) -> Audience:
        return self._with(other, "and", lambda mine, theirs: mine & theirs, "{} AND ({})")

    def __sub__(self, other: Audience) -> Audience:
        return self._with(other, "without", lambda mine, theirs: mine - theirs, "{} AND NOT COALESCE(({}), FALSE)")

    def _with(self, other: Audience, word: str, sets: Any, text: str) -> Audience:
        name = f"{self.name} {word} {other.name}"
        if self.member_ids is not None and other.member_ids is not None:
            return Audience(name, member_ids=tuple(sets(set(self.member_ids), set(other.member_ids))))
        mine = self.expression
        if not read_where(mine).is_chain_of("or" if word == "or" else "and"):  # in brackets, a long union would be nested too deep
            mine = f"({mine})"
        return Audience(name, where=text.format(mine, other.expression))

    def renamed(self, name: str) -> Audience:
        """Return the same members under another name, not saved."""
        return replace(self, name=name, version=0)

    def inside(self, view: View) -> pl.Series:
        """Return, per row of `view.population`, whether the member belongs; members the shop does not have do not."""
        return chosen_members(self.where if self.where is not None else self.member_ids or (), view)

    def members(self, view: View) -> list[str]:
        """Return the ids of its members who are in the view's scope, sorted."""
        codes = view.population.filter(self.inside(view)).select("member_code")
        return view.members.join(codes, on="member_code", how="semi")["member_id"].sort().to_list()
