"""Whether figures of several groups, added up and taken from each other, give those of a few members."""

from __future__ import annotations

import numpy as np

_PRIME = 2**31 - 1
"""Counting is done modulo this: exact, and a product of two fits into 64 bits."""
_CHUNK = 50_000
"""Sets of members that are looked at together."""


def singles_out(asked: np.ndarray, new: np.ndarray, least: int) -> bool:
    """Say whether figures of a new group, beside those of groups before and of all members, give those of 1 to `least` - 1 members.

    A sum over a group is known by its figure, so every sum and difference of groups is known too. Found are: any two and any three groups
    that come down to fewer than `least` members, and any number of groups that come down to one set of members who are alike in all
    groups. (Whether more groups come down to several such sets at once is a search without end; it is made over a reduced basis alone.)
    A group whose figures follow from what was asked before tells nothing new, and singles out nobody.

    Parameters
    ----------
    asked
        A row for each group asked of before, a column for each member (bool).
    new
        Who is in the new group (bool).
    least
        Fewest members that figures may speak of.

    Source: linear queries and their audit, F. Y. Chin and G. Ozsoyoglu, "Auditing and inference control in statistical databases", IEEE
    Transactions on Software Engineering 8 (1982), pp. 574-582: a member is given away where a unit vector lies in the row space.

    Example
    -------
    >>> women, men = np.array([True] * 20 + [False] * 25), np.array([False] * 20 + [True] * 22 + [False] * 3)
    >>> singles_out(women[None, :], men, 10), singles_out(women[None, :], ~women, 10)  # three have told neither
    (True, False)
    """
    rows, counts = _alike(np.vstack([np.ones_like(new), asked.reshape(-1, new.size), new]))
    chosen, nothing = _basis(rows)
    if np.any(nothing[:, -1]):  # it follows from the others
        return False
    own = np.setdiff1d(np.arange(len(rows)), _leading(nothing))  # without groups that follow from others
    return _by_three(rows, counts, least) or _by_many(rows[own], counts, chosen, least)


def _alike(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The groups over sets of members who are in the same of them, and how many are in each set; the largest sets come first."""
    marks = np.random.default_rng(1).integers(1, 2**63, size=len(rows), dtype=np.uint64)
    key = np.zeros(rows.shape[1], dtype=np.uint64)
    for row, mark in zip(rows, marks, strict=True):
        key += np.where(row, mark, np.uint64(0))
    _, first, counts = np.unique(key, return_index=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return rows[:, first[order]].astype(np.int8), counts[order]


def _by_three(rows: np.ndarray, counts: np.ndarray, least: int) -> bool:
    """Whether the last group, with one or two of the others, comes down to a few members."""
    others = np.vstack([np.zeros_like(rows[0]), rows[:-1]])
    sizes, size = others @ counts, int(rows[-1] @ counts)
    for sign in (-1, 1):
        near = np.abs(size + sign * sizes[:, None] - sizes[None, :]) < 2 * least  # else more than so many members would be left
        for one, other in zip(*np.nonzero(near), strict=True):
            left = 0
            for part in _parts(len(counts)):
                left += int(counts[part][(rows[-1, part] + sign * others[one, part] - others[other, part]) != 0].sum())
                if left >= least:
                    break
            if 0 < left < least:
                return True
    return False


def _by_many(rows: np.ndarray, counts: np.ndarray, chosen: np.ndarray, least: int) -> bool:
    """Whether a sum of groups in which the last one has a part comes down to a few members, over the basis of the largest sets."""
    ways, _ = _reduced(np.hstack([rows[:, chosen].astype(np.int64), np.eye(len(rows), dtype=np.int64)]), len(chosen))
    ways = ways[:, len(chosen) :]
    members = np.zeros(len(rows), dtype=np.int64)
    for part in _parts(len(counts)):
        members += (_sums(ways, rows[:, part]) != 0) @ counts[part]
    return bool(np.any((members < least) & (ways[:, -1] != 0)))


def _basis(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first sets on which the groups differ as much as on all, and the ways (rows) in which groups add up to nothing."""
    chosen, found = np.array([], dtype=np.int64), np.arange(min(rows.shape[1], 4 * len(rows)))
    while True:
        looked_at = np.concatenate([chosen, found])
        given = rows[:, looked_at].astype(np.int64)
        reduced, rank = _reduced(np.hstack([given, np.eye(len(rows), dtype=np.int64)]), len(looked_at))
        chosen = looked_at[_leading(reduced[:rank, : len(looked_at)])]
        nothing = reduced[rank:, len(looked_at) :]
        found = _not_nothing(nothing, rows)[: 4 * len(rows)] if len(nothing) else chosen[:0]
        if not found.size:
            return chosen, _reduced(nothing, len(rows))[0]


def _not_nothing(ways: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The first sets of members on which sums of groups are not nothing."""
    for part in _parts(rows.shape[1]):
        found = np.flatnonzero(np.any(_sums(ways, rows[:, part]) != 0, axis=0))
        if found.size:
            return found + part.start
    return np.array([], dtype=np.int64)


def _sums(ways: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Sums of groups, modulo the prime: exact, since no sum of so few products reaches 2**53."""
    return (ways.astype(np.float64) @ rows.astype(np.float64)).astype(np.int64) % _PRIME


def _parts(count: int) -> list[slice]:
    return [slice(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]


def _leading(reduced: np.ndarray) -> np.ndarray:
    """The place of the first value of each row."""
    return np.argmax(reduced != 0, axis=1) if len(reduced) else np.array([], dtype=np.int64)


def _reduced(matrix: np.ndarray, columns: int) -> tuple[np.ndarray, int]:
    """A matrix modulo the prime, reduced over its first columns, and how many rows of it lead."""
    matrix, rank = matrix % _PRIME, 0
    for column in range(columns):
        if rank == len(matrix):
            break
        found = np.flatnonzero(matrix[rank:, column])
        if not found.size:
            continue
        matrix[[rank, rank + found[0]]] = matrix[[rank + found[0], rank]]
        matrix[rank] = matrix[rank] * pow(int(matrix[rank, column]), -1, _PRIME) % _PRIME
        others = np.flatnonzero(matrix[:, column])
        others = others[others != rank]
        matrix[others] = (matrix[others] - matrix[others, column, None] * matrix[rank]) % _PRIME
        rank += 1
    return matrix, rank
