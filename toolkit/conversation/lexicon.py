"""The names of a workspace: stores, goods, campaigns, members, segments and audiences, as a sentence may speak of them.

Built once for a state of the workspace (its data, its saved audiences, its `documents/synonyms.toml`) and found by the first word of a
name, so that a reading costs the same with 100,000 products as with a hundred.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

import polars as pl

from toolkit import language
from toolkit.audience import saved_names
from toolkit.conversation.text import Index, base, one_edit, words_of
from toolkit.conversation.vocabulary import data
from toolkit.errors import ToolkitError, nearest
from toolkit.ledger.campaigns import known_campaigns
from toolkit.ledger.definition import plan_names
from toolkit.portrait.measures.segment_maps import read_segment_map
from toolkit.settings import read_settings
from toolkit.workspace import Workspace

Kind = Literal[
    "store", "region", "category", "department", "brand", "product", "campaign", "plan", "tier", "segment", "audience", "channel", "member",
    "attribute",
]  # fmt: skip
GOODS = ("category", "product")
SYNONYMS = "synonyms"
"""The document with the shop's own words: [names] word -> a name of its tables (or several), [words] word -> a word that is known here."""
_MOST_VALUES = 40
_CONTRACT = ("member_id", "joined_on", "tier", "home_store_id", "contactable", "referred_by")


@dataclass(frozen=True)
class Entity:
    """Something that the shop has a name for. `value` is what a parameter takes, `label` what a person reads."""

    kind: Kind
    value: str
    label: str
    column: str = ""  # of an attribute: the column of the members table

    @property
    def where(self) -> str:
        """Its members as an audience; '' where it names none."""
        column = {"segment": "segment", "tier": "tier", "channel": "top_channel", "attribute": self.column}.get(self.kind, "")
        quoted = self.value.replace("'", "''")
        return f"{column} = '{quoted}'" if column else ""


@dataclass(frozen=True)
class Lexicon:
    """The names of one state of a workspace."""

    workspace: Workspace
    exact: Index[Entity]
    folded: Index[Entity]
    parts: dict[str, list[Entity]]
    near: dict[str, list[tuple[str, Entity]]]
    ids: dict[str, dict[str, Entity]]
    words: dict[str, str] = field(default_factory=dict)

    def by_id(self, kind: Kind, text: str) -> Entity | None:
        """Return the store, campaign, member or product with this id, however its letters are written."""
        if kind in self.ids:
            return self.ids[kind].get(text.casefold())
        ids = self.workspace.codes(kind)["id"]
        found = ids.filter(ids == text)
        if found.is_empty():
            found = ids.filter(ids.str.to_lowercase() == text.casefold())
        return Entity(kind, found[0], found[0]) if len(found) == 1 else None

    def nearest_ids(self, kind: Kind, text: str, most: int = 3) -> list[str]:
        """Return ids that look like one that is not there; without any, the first."""
        known = (
            [entity.value for entity in self.ids[kind].values()]
            if kind in self.ids
            else self.workspace.codes(kind)["id"].head(5_000).to_list()
        )
        return nearest(text, known, most=most) or sorted(known, key=lambda name: (len(name), name))[:most]

    def of_kinds(self, *kinds: Kind) -> list[Entity]:
        """Return what the shop has names for, of these kinds (none = all), each once, by its label."""
        found = {(one.kind, one.value): one for entities in self.exact.known.values() for one in entities if not kinds or one.kind in kinds}
        return sorted(found.values(), key=lambda one: one.label)

    def containing(self, word: str) -> list[Entity]:
        """Return the names that hold a word: proposals, never taken by themselves."""
        held = self.parts.get(base(word), [])
        if len(word) > 3:
            return held
        return [one for one in held if {word, f"{word}s"} & {*words_of(one.label)}]  # `win` is not `wine`, though their stems meet

    def alike(self, words: list[str]) -> list[Entity]:
        """Return the names that differ from these words by one letter: proposals, never taken by themselves."""
        typed = " ".join(words)
        if len(typed) < 4:
            return []
        keys = {typed, *(typed[:at] + typed[at + 1 :] for at in range(len(typed)))}
        found = {entity: None for key in keys for name, entity in self.near.get(key, ()) if one_edit(typed, name)}
        return list(found)

    def __hash__(self) -> int:
        """Two lexicons are the same where they are one object."""
        return id(self)


def lexicon_of(workspace: Workspace) -> Lexicon:
    """Return the names of a workspace as it is now."""
    documents = workspace.path / "documents"
    places = [
        documents / f"{SYNONYMS}.toml",
        documents / "settings.toml",
        documents / "audiences",
        documents / "plans",
        workspace.path / "campaigns",
    ]
    state = tuple(place.stat().st_mtime_ns if place.exists() else 0 for place in places)
    return _lexicon(workspace.path.resolve(), workspace.written_at(), state)


@lru_cache(maxsize=4)
def _lexicon(path: Path, _written_at: int, _documents: tuple[int, ...]) -> Lexicon:
    workspace = Workspace(path)
    own = workspace.document(SYNONYMS)
    named = list(_named(workspace))
    made = Lexicon(workspace, Index(), Index(), {}, {}, {"store": {}, "campaign": {}, "plan": {}}, _own_words(own.get("words", {})))
    for entity, name in named:
        _take_in(made, entity, name)
    for kind, ids in (("store", made.ids["store"]), ("campaign", made.ids["campaign"]), ("plan", made.ids["plan"])):
        ids.update({entity.value.casefold(): entity for entity, _ in named if entity.kind == kind})
    by_name: dict[str, list[Entity]] = {}
    for entity, name in named if own.get("names") else ():
        by_name.setdefault(name.casefold(), []).append(entity)
        by_name.setdefault(entity.value.casefold(), []).append(entity)
    for word, meant in own.get("names", {}).items():
        for name in meant if isinstance(meant, list) else [meant]:
            for entity in by_name.get(str(name).casefold(), ()):
                _take_in(made, entity, str(word))
    _in_the_other_language(made)
    return made


def _in_the_other_language(made: Lexicon) -> None:
    """Everyday goods and built-in segments by the word of the other language, where the shop has no such word itself."""
    for kinds, pairs in ((GOODS, data("names")["goods"]), (("segment",), data("names")["segments"])):
        found: dict[str, list[Entity]] = {}
        for name, others in pairs.items():
            for word in others.split(","):
                for known, said in ((name, word.strip()), (word.strip(), name)):
                    entities = made.exact.known.get(" ".join(words_of(known))) or made.parts.get(base(known), [])
                    found.setdefault(said, []).extend(one for one in entities if one.kind in kinds)
        for said, entities in found.items():
            if " ".join(words_of(said)) not in made.exact.known and base(said) not in made.parts:
                for entity in entities:
                    _take_in(made, entity, said)


def _own_words(words: dict[str, object]) -> dict[str, str]:
    return {str(word): str(meant) for word, meant in words.items()}


def _take_in(made: Lexicon, entity: Entity, name: str) -> None:
    words = words_of(name)
    made.exact.add(words, entity)
    if (stems := [base(word) for word in words]) != words:
        made.folded.add(stems, entity)
    if entity.kind in ("product", "member", "attribute"):
        return
    if len(words) > 1:
        for word in words:
            if len(word) > 2:
                held = made.parts.setdefault(base(word), [])
                if entity not in held:
                    held.append(entity)
    joined = " ".join(words)
    if len(joined) >= 4:
        for key in {joined, *(joined[:at] + joined[at + 1 :] for at in range(len(joined)))}:
            made.near.setdefault(key, []).append((joined, entity))


def _named(ws: Workspace) -> Iterator[tuple[Entity, str]]:
    """Everything with a name of its own, and each name it goes by."""
    yield from _stores(ws)
    yield from _goods(ws)
    for campaign_id, name in known_campaigns(ws).select("campaign_id", "name").iter_rows():
        label = f"{campaign_id} ({name})" if name and name != campaign_id else campaign_id
        yield Entity("campaign", campaign_id, label), name or campaign_id
        if any(letter.isalpha() for letter in campaign_id):
            yield Entity("campaign", campaign_id, label), campaign_id
    for name in plan_names(ws):
        yield Entity("plan", name, name), name
    for channel in ws.codes("channel")["id"]:
        yield Entity("channel", channel, channel), channel
    yield from _of_members(ws)
    yield from _segments(ws)
    for name in saved_names(ws):
        yield Entity("audience", name, name), name


def _stores(ws: Workspace) -> Iterator[tuple[Entity, str]]:
    table = ws.table("stores")
    frame = table.collect() if table is not None else pl.DataFrame({"store_id": []}, schema={"store_id": pl.String})
    names = dict(frame.select("store_id", "name").iter_rows()) if "name" in frame.columns else {}
    for store_id in sorted({*ws.codes("store")["id"], *frame["store_id"]}):
        name = names.get(store_id)
        entity = Entity("store", store_id, f"{store_id} {name}" if name else store_id)
        if name:
            yield entity, name
        elif any(letter.isalpha() for letter in store_id):
            yield entity, store_id
        else:
            yield entity, f"store {store_id}"
    if "region" in frame.columns:
        for region in frame["region"].drop_nulls().unique().sort():
            yield Entity("region", region, region), region


def _goods(ws: Workspace) -> Iterator[tuple[Entity, str]]:
    table = ws.table("products")
    if table is None:
        return
    columns = table.collect_schema().names()
    for kind in ("category", "department", "brand"):
        if kind in columns:
            for name in table.select(kind).unique().collect().to_series().drop_nulls().sort():
                yield Entity(kind, name, name), name  # type: ignore[arg-type]
    if "name" in columns:  # a name that several products share names none of them
        named = table.select("product_id", "name").drop_nulls().filter(pl.len().over("name") == 1).collect()
        for product_id, name in named.iter_rows():
            yield Entity("product", product_id, name), name


def _of_members(ws: Workspace) -> Iterator[tuple[Entity, str]]:
    table = ws.table("members")
    if table is None:
        return
    schema = table.collect_schema()
    if "tier" in schema:
        for tier in table.select("tier").unique().collect().to_series().drop_nulls().sort():
            yield Entity("tier", tier, tier), tier
    for column in (name for name, kind in schema.items() if kind == pl.String and name not in _CONTRACT):
        values = table.select(pl.col(column).drop_nulls().unique().head(_MOST_VALUES + 1)).collect().to_series()
        if len(values) <= _MOST_VALUES:
            for value in values.sort():
                if len(value) > 2 and any(letter.isalpha() for letter in value):
                    yield Entity("attribute", value, value, column), value


def _segments(ws: Workspace) -> Iterator[tuple[Entity, str]]:
    try:
        known = read_segment_map(read_settings(ws.document("settings")).rfm.segment_map, folder=ws.path / "documents")
    except ToolkitError:  # a map that cannot be read is said by the question that needs it
        return
    for segment in known.segments:
        names: Iterable[str] = [segment.name, *language.in_every_language(language.word, segment.name)]
        if segment.english:
            names = [*names, segment.english]
        for name in dict.fromkeys(names):
            yield Entity("segment", segment.name, segment.name), name
            if name.endswith("客户"):
                yield Entity("segment", segment.name, segment.name), name.removesuffix("客户")
