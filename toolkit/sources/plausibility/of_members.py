"""Who the member is: ids in several spellings, levels for people, a card for everybody, two columns that name one person."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from toolkit.language import later
from toolkit.sources.columns.matching import quoted
from toolkit.sources.columns.vocabulary import vocabulary
from toolkit.sources.plausibility.names import is_called, is_value, is_word
from toolkit.sources.plausibility.question import Question, listed, other_column
from toolkit.sources.plausibility.seen import FEWEST_ROWS, Seen
from toolkit.sources.question_kinds import QuestionKind
from toolkit.sources.spellings import FOLDS, folded

FEW_VALUES, MANY_ORDERS = 5, 100
MOST_LEVELS = 30
OUTSTANDING = ((8, 0.05), (3, 0.2))
"""Times what the next one does, with this share of all members' lines; the second where they are a card a store at most."""
CARDS_OF_MEMBERS, MOST_CARDS, FEWEST_MEMBERS = 0.1, 50, 30
TIED_SHARE, MOST_TIED = 0.05, 10
NAMED_SHARE = 0.3
STORES_OF_MEMBERS = 2
TWIN_SHARE = 0.02
DIALLED_ROUGHLY = r"^\s*(?:\+|00|＋)?\s*86[\s-]*1[3-9]"
CHANGED = r"[^a-z0-9@._]|^0|[.]0+$"
WORDED = r"\p{L}{2}"
OTHERS_OF_A_GROUP = 3
MASKED, MASKED_SHARE = r"[*＊•●]{2,}|[xX]{3,}", 0.02

OF_LEVELS = later(
    "The column '{column}' has very few values ({cells}) for so many orders: is it a card level or a group? Name the column of the "
    "member's own number: {write}"
)
OF_SPELLING = later(
    "Ids of the column '{column}' differ by capitals, blanks or an ending .0 alone ({cells}), and each spelling counts as a member of "
    "its own. Where they are one, write at the top of the mapping: {write}"
)
OF_WIDER_SPELLING = later(
    "Ids of the column '{column}' differ by hyphens or by zeros before the number alone ({cells}), and each spelling counts as a member of "
    "its own. Where they are one, write at the top of the mapping: {write}"
)
OF_DIALLED = later(
    "Phone numbers of the column '{column}' stand there with and without 86 before them ({cells}), and each spelling counts as a member of "
    "its own. Where they are one, write at the top of the mapping: {write}"
)
OF_MASKED = later(
    "Ids of the column '{column}' are masked ({cells}): people who share what is left of them count as one member, and nobody can be "
    "written to. Export them whole, or name the column of the member's own number: {write}"
)


def members(seen: Seen) -> Iterator[Question]:
    """Ask about the column of the member."""
    if "member_id" not in seen.spec.columns:
        return
    column = ", ".join(seen.spec.columns["member_id"].raw_columns)
    every = seen.every_member
    yield from _spelling(column, every["cell"])
    yield from _levels(seen, column, every)
    yield from _masked(seen, column, every["cell"])
    worded = every["cell"].filter(every["cell"].str.contains(WORDED))
    yield from _staff(column, worded, every["cell"])
    yield from _nobody(column, worded, every["cell"]) or _everybodys_card(column, every, seen.text("store_id").n_unique())
    if not seen.is_person_said:
        yield from _second_ids(seen, seen.column("member_id"))


def _spelling(column: str, ids: pl.Series) -> Iterator[Question]:
    """Doubt ids that are the same but for capitals, blanks or an ending .0, or for a dialling code; where there are several, for more."""
    for words, odd_ones, fewest, doubt in (
        (FOLDS[:3], CHANGED, 1, OF_SPELLING),
        (("blanks", "marks", "+86"), DIALLED_ROUGHLY, 1, OF_DIALLED),
        (FOLDS[:5], CHANGED, max(FEWEST_ROWS, TWIN_SHARE * ids.len()), OF_WIDER_SPELLING),
    ):
        odd = ids.filter(ids.str.contains(odd_ones))  # of two ids that folding makes one, one at least is changed by it
        if odd.is_empty():
            continue
        spelled = odd.to_frame("id").select("id", folded(pl.col("id"), words).alias("plainly")).drop_nulls()
        same = ids.filter(ids.is_in(spelled["plainly"].implode()) & ~ids.is_in(odd.implode()))
        spelled = pl.concat([spelled, pl.DataFrame({"id": same, "plainly": same})])
        twins = spelled.filter(pl.col("plainly").is_duplicated()).sort("plainly", "id")
        if twins["plainly"].n_unique() >= fewest:
            first = twins.filter(pl.col("plainly") == twins["plainly"][0])["id"].head(2)
            yield Question(QuestionKind.MEMBER_SPELLING, column, tuple(first), doubt, f"fold_ids = {listed(words)}")
            return


def _masked(seen: Seen, column: str, ids: pl.Series) -> Iterator[Question]:
    """Doubt ids of which a marketplace shows some signs only: 138****5678."""
    masked = ids.filter(ids.str.contains(MASKED)).sort()
    if masked.len() and masked.len() >= MASKED_SHARE * ids.len():
        write = f"[lines.columns] member_id = {quoted(_other_member(seen) or '...')}"
        yield Question(QuestionKind.MASKED, column, tuple(masked.head(2)), OF_MASKED, write)


def _other_member(seen: Seen) -> str | None:
    """Return a column that is not used and is called as a member's number is."""
    return next((name for name in seen.unused if is_called(name, "member", "settled_member") and not is_called(name, "no_member")), None)


def _levels(seen: Seen, column: str, every: pl.DataFrame) -> Iterator[Question]:
    """Doubt members of whom there are a handful in many orders, that are called like card levels, or that are the stores or the orders."""
    ids = every["cell"]
    cells = tuple(ids.sort().head(2))
    write = f"[lines.columns] member_id = {quoted(_other_member(seen) or '...')}"
    are_few = 0 < ids.len() <= FEW_VALUES and seen.order_count is not None and seen.order_count() >= MANY_ORDERS
    if are_few or (0 < ids.len() <= MOST_LEVELS and is_value(ids, "level").mean() > 0.5):  # type: ignore[operator]
        yield Question(QuestionKind.FEW_MEMBERS, column, cells, OF_LEVELS, write)
    elif ids.len() and (like := _like_another(seen)):
        doubt = later(
            "The column '{column}' says the same as '{other}', row by row ({cells}): it does not tell people apart. Name the column of the "
            "member's own number: {write}"
        )
        yield Question(QuestionKind.FEW_MEMBERS, column, cells, doubt, write, {"other": like})


def _like_another(seen: Seen) -> str | None:
    """Return the column that the member's repeats: the order's number itself, or something of the store (its number, its phone)."""
    lines = seen.orders.drop_nulls(["member_id", "order_id"])
    for contract in ("order_id", "store_id", "product_id"):
        raw = seen.column(contract)
        if (
            lines.height >= MANY_ORDERS
            and raw
            and raw != seen.column("member_id")
            and (lines["member_id"] == lines[contract]).fill_null(False).all()
        ):
            return raw
    stores = lines.drop_nulls("store_id").group_by("store_id").agg(pl.col("member_id", "order_id").n_unique())
    own = stores.height >= STORES_OF_MEMBERS and (stores["member_id"] == 1).all() and stores["order_id"].sum() >= MANY_ORDERS
    return seen.column("store_id") if own and lines["member_id"].n_unique() == stores.height else None


def _staff(column: str, worded: pl.Series, ids: pl.Series) -> Iterator[Question]:
    """Doubt members that are called staff."""
    staff = worded.filter(is_word(worded, "staff")).sort()
    if staff.is_empty() or staff.len() == ids.len():
        return
    doubt = later(
        "Members of the column '{column}' are called like the shop's own people ({cells}): are those staff purchases, or receipts of "
        "nobody in particular? Where they are not to count as members, write under [lines]: {write}"
    )
    cells = tuple([*staff, *ids.filter(~ids.is_in(staff.to_list())).sort()][:2])
    yield Question(QuestionKind.STAFF, column, cells, doubt, f"not_a_member = {listed(staff)}")


def _nobody(column: str, worded: pl.Series, ids: pl.Series) -> list[Question]:
    """Doubt members that are called like nobody: guest@shop.example, walk-in."""
    words = [word for word in vocabulary()["helpers"]["nobody"] if not word.lstrip("-").isdigit() and len(word) > 1]
    nobody = worded.filter(worded.str.to_lowercase().str.replace(r"@.*$", "").str.strip_chars().is_in(words)).sort()
    if nobody.is_empty() or nobody.len() == ids.len():
        return []
    doubt = later(
        "Ids of the column '{column}' are called like nobody in particular ({cells}), and all their orders count as one member's. Where "
        "they are no members, write under [lines]: {write}"
    )
    cells = tuple([*nobody, *ids.filter(~ids.is_in(nobody.to_list())).sort()][:2])
    return [Question(QuestionKind.ONE_CARD, column, cells, doubt, f"not_a_member = {listed(nobody)}")]


def _everybodys_card(column: str, every: pl.DataFrame, stores: int) -> Iterator[Question]:
    """Doubt a member with a share of all lines that nobody else comes near: the card a till uses for everybody."""
    most = min(MOST_CARDS, int(CARDS_OF_MEMBERS * every.height))
    if every.height < FEWEST_MEMBERS:
        return
    times = (every["rows"] / every["rows"].shift(-1)).head(most)  # a card per till: the gap behind the last of them
    place = times.arg_max()
    lines, share = int(every["rows"].sum()), int(every["rows"].head((place or 0) + 1).sum())
    outstanding = OUTSTANDING if place is not None and place < stores else OUTSTANDING[:1]
    if place is None or not any(times[place] >= least and share >= part * lines for least, part in outstanding):
        return
    heavy, rest = every.head(place + 1), every.slice(place + 1)
    doubt = later(
        "In the column '{column}', {busiest} carries {share} of all members' lines, many times what the next one does ({cells}): "
        "is it a card that a till uses for everybody? Where it is, write under [lines]: {write}"
    )
    busiest = heavy["cell"].to_list()
    places = {"busiest": ", ".join(map(repr, busiest[:3])), "share": f"{int(heavy['rows'].sum()) / lines:.0%}"}
    yield Question(QuestionKind.ONE_CARD, column, (busiest[0], rest["cell"][0]), doubt, f"not_a_member = {listed(busiest)}", places)


def _second_ids(seen: Seen, name: str | None) -> Iterator[Question]:
    """Doubt the member where another id ties several of them together, or names people whom the member's column leaves empty."""
    if name is None or name not in seen.sample.columns:
        return
    member = seen.text("member_id")
    for other in seen.unused:
        if not (is_called(other, "member", "settled_member") and not is_called(other, "no_member")):
            continue
        ids = seen.sample[other]
        rows = pl.DataFrame({"member": member, "other": ids}).drop_nulls().unique(maintain_order=True)
        if rows["other"].n_unique() < FEWEST_ROWS:
            continue
        tied = rows.group_by("other").agg(pl.col("member").sort().unique(maintain_order=True)).with_columns(n=pl.col("member").list.len())
        several = tied.filter(pl.col("n") > 1).sort("other")
        is_tied = several.height >= max(FEWEST_ROWS, TIED_SHARE * tied.height) and several["n"].max() <= MOST_TIED  # type: ignore[operator]
        split = rows.group_by("member").len().filter(pl.col("len") > 1).height
        is_group = rows["member"].n_unique() <= MOST_LEVELS and rows["other"].n_unique() >= OTHERS_OF_A_GROUP * rows["member"].n_unique()
        is_split = (is_group or not is_called(name, "settled_member")) and split >= max(FEWEST_ROWS, TIED_SHARE * rows["member"].n_unique())
        nameless = ids.filter(member.is_null())
        is_wider = nameless.count() >= max(FEWEST_ROWS, NAMED_SHARE * member.len()) and ids.n_unique() > MOST_LEVELS
        if is_tied:
            doubt = later(
                "Several members of the column '{column}' share one '{other}' ({cells}): is it one person or one household? '{column}' is "
                "read as the member; where the other is meant, write {write}"
            )
            cells = tuple(several["member"][0].head(2))
        elif is_split:
            doubt = later(
                "Both '{column}' and '{other}' could be the member, and one '{column}' has several of the other ({cells}). '{column}' is "
                "read; where the other is meant, write {write}"
            )
            cells = (str(rows["member"][0]), str(rows["other"][0]))
        elif is_wider:
            doubt = later(
                "'{other}' names somebody on many lines where the member's column '{column}' is empty ({cells}): could it be the member? "
                "Where it is meant, write {write}"
            )
            cells = ("", str(nameless.drop_nulls()[0]))
        else:
            continue
        yield Question(
            QuestionKind.SECOND_ID, name, cells, doubt, other_column(QuestionKind.SECOND_ID, "member_id", other), {"other": other}
        )
        return
