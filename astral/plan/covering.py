"""Covering arrays: few rows in which every interaction of t values occurs."""

from collections.abc import Iterable, Iterator, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from astral.plan.algebraic import linear_rows, mixed_rows, orthogonal_rows
from astral.plan.exclusions import Exclusion, Exclusions
from astral.plan.greedy import best_row
from astral.plan.interactions import Interactions, Rows
from astral.plan.weights import Weights, reweighted

_FILL_WORK = 1e6
"""Work, about microseconds, for one array row by row: it decides among how many candidates a row is chosen."""

_MOST_CANDIDATES = 64

_GREEDY_WORK = 1.5e6
"""Work for arrays that are built row by row from nothing, each by other chances."""

_MOST_GREEDY_STARTS = 24

_REBUILD_WORK = 2e6
"""Work that is spent on doing with fewer rows."""

_IDLE_REBUILD_WORK = 4e5
"""Work without success after which the array is taken as it is."""

_REBUILD_STEP = 500
"""Work of a rebuild beside the rows that it builds."""


def lower_bound(levels: Sequence[int], strength: int, *, exclude: Iterable[Exclusion] = ()) -> int:
    """Rows below which no array can cover everything.

    Each row holds one interaction of each group of `strength` dimensions, so it takes as many rows as the group with
    most of them has: without exclusions the product of the largest dimensions.
    """
    rules = Exclusions(levels, exclude)
    if not rules.exclusions:
        return prod(sorted(levels, reverse=True)[:strength])
    interactions = Interactions(levels, strength)
    return most_in_a_group(rules.feasible(interactions), interactions)


def covering_array(levels: Sequence[int], strength: int, *, seed: int = 0, exclude: Iterable[Exclusion] = ()) -> Rows:
    """Few rows that hold every interaction of `strength` values that can be held; the same for the same arguments.

    Args:
        levels: Number of values of each dimension.
        strength: Values in an interaction, from 1 to the number of dimensions.
        seed: Chooses among arrays of like size, and the order of the rows; at least 0.
        exclude: Forbidden combinations.

    Returns:
        Positions of values, one row a test.

    Raises:
        ValueError: An argument is out of its range.
    """
    rules = Exclusions(levels, exclude)
    return array_of(Interactions(levels, strength), rules if rules.exclusions else None, seed=seed)


def array_of(
    interactions: Interactions, rules: Exclusions | None, *, seed: int, weights: Weights | None = None
) -> Rows:
    """Few rows that hold each of these interactions that can be held; the weights decide where nothing else does."""
    levels = interactions.levels
    rng = np.random.default_rng(seed)
    if interactions.strength == len(levels):
        rows = np.indices(levels, dtype=np.uint16).reshape(len(levels), -1).T
        return rng.permutation(rows if rules is None else rows[rules.keeps(rows)])
    builder = _Builder(interactions, rules, rng)
    rows = builder.shrunk(builder.smallest())
    if weights is not None:
        rows = reweighted(rows, interactions, builder.wanted, weights=weights, rules=rules, rng=rng)
    return rng.permutation(rows)


class _Builder:
    """Builds one array: several starts, completed row by row; of the smallest, parts are rebuilt to do with less."""

    def __init__(self, interactions: Interactions, rules: Exclusions | None, rng: np.random.Generator) -> None:
        self._interactions, self._rules, self._rng = interactions, rules, rng
        self.wanted = rules.feasible(interactions) if rules else np.ones(interactions.count, dtype=np.bool_)
        self._bound = most_in_a_group(self.wanted, interactions)
        # As measured: a step for each dimension, and for each candidate a look at each group.
        self._step_work = 60 * len(interactions.levels)
        self._look_work = 0.08 * len(interactions.groups)

    def smallest(self) -> Rows:
        """The smallest of the arrays that the different starts lead to."""
        best: Rows | None = None
        for start in self._starts():
            rows = self._completed(start)
            if best is None or len(rows) < len(best):
                best = rows
            if len(best) == self._bound:
                return best
        assert best is not None  # noqa: S101 - there is always the linear start
        nothing = np.empty((0, len(self._interactions.levels)), dtype=np.uint16)
        for _ in range(min(_MOST_GREEDY_STARTS, int(_GREEDY_WORK / self._cost(best)))):
            best = min(best, self._completed(nothing), key=len)
            if len(best) == self._bound:
                break
        return best

    def shrunk(self, rows: Rows) -> Rows:
        """The array with parts taken out and rebuilt with fewer rows, as long as that is worth its time."""
        counts = self._interactions.counts(rows)
        work, idle = 0.0, 0.0
        while len(rows) > self._bound and work < _REBUILD_WORK and idle < _IDLE_REBUILD_WORK:
            rows = self._without_redundant(rows, counts)
            size = min(len(rows), int(self._rng.integers(2, max(4, min(60, len(rows) // 2)) + 1)))
            part = self._rng.choice(len(rows), size, replace=False)
            self._count(counts, rows[part], -1)
            new = self._filled(self.wanted & (counts == 0), at_most=size)
            cost = self._cost(rows[part]) + _REBUILD_STEP
            work += cost
            if new is None:
                new = rows[part]
            idle = 0.0 if len(new) < size else idle + cost
            self._count(counts, new, 1)
            rows = np.concatenate([np.delete(rows, part, axis=0), new])
        return rows

    def _starts(self) -> Iterator[Rows]:
        """Rows to begin with; the promising and quick ones first."""
        interactions = self._interactions
        if not interactions.is_uniform:
            yield self._relabelled(
                mixed_rows(interactions.levels, interactions.groups, rng=self._rng),
                list(range(len(interactions.levels))),
            )
            return
        order = sorted(range(len(interactions.levels)), key=lambda d: -interactions.levels[d])
        levels = [interactions.levels[d] for d in order]
        orthogonal = orthogonal_rows(levels, interactions.strength)
        if orthogonal is not None and len(orthogonal) == self._bound:
            yield self._relabelled(orthogonal, order)
        yield self._relabelled(linear_rows(levels, interactions.strength, rng=self._rng), order)
        if orthogonal is not None:
            yield self._relabelled(orthogonal, order)

    def _candidates(self, rows: int) -> int:
        """Candidates for each of about so many rows."""
        for_steps = rows * self._step_work
        return int(min(_MOST_CANDIDATES, max(1, (_FILL_WORK - for_steps) / (max(1, rows) * self._look_work))))

    def _cost(self, rows: Rows) -> float:
        """Work of building so many rows one by one."""
        return len(rows) * (self._step_work + self._candidates(len(rows)) * self._look_work)

    def _relabelled(self, rows: Rows, order: list[int]) -> Rows:
        """The rows in the caller's order of dimensions, the values renamed by chance, without forbidden rows."""
        renamed = np.empty_like(rows)
        for column, dimension in enumerate(order):
            renamed[:, dimension] = self._rng.permutation(self._interactions.levels[dimension])[rows[:, column]]
        return renamed[self._rules.keeps(renamed)] if self._rules else renamed

    def _completed(self, start: Rows) -> Rows:
        counts = self._interactions.counts(start)
        fill = self._filled(self.wanted & (counts == 0))
        if fill is None or not len(fill):
            return start if len(start) == self._bound else self._without_redundant(start, counts)
        self._count(counts, fill, 1)
        return self._without_redundant(np.concatenate([start, fill]), counts)

    def _filled(self, need: NDArray[np.bool_], *, at_most: int | None = None) -> Rows | None:
        """Rows that cover what is needed, or None if that takes more than allowed; `need` is used up."""
        rows: list[tuple[int, ...]] = []
        # Each row covers one interaction of each group at most, and in the end often less.
        candidates = self._candidates(2 * most_in_a_group(need, self._interactions))
        while (
            row := best_row(self._interactions, need, rng=self._rng, candidates=candidates, exclusions=self._rules)
        ) is not None:
            if len(rows) == at_most:
                return None
            rows.append(row)
            need[self._interactions.of_row(row)] = False
        return np.array(rows, dtype=np.uint16).reshape(-1, len(self._interactions.levels))

    def _without_redundant(self, rows: Rows, counts: NDArray[np.int32]) -> Rows:
        """The rows without those that hold nothing which no other row holds."""
        numbers = self._interactions.of_rows(rows)
        kept = np.ones(len(rows), dtype=np.bool_)
        for place in np.flatnonzero((counts[numbers] > 1).all(axis=1)):
            if (counts[numbers[place]] > 1).all():
                counts[numbers[place]] -= 1
                kept[place] = False
        return rows[kept]

    def _count(self, counts: NDArray[np.int32], rows: Rows, sign: int) -> None:
        for numbers in self._interactions.of_rows(rows):
            counts[numbers] += sign


def most_in_a_group(wanted: NDArray[np.bool_], interactions: Interactions) -> int:
    """The wanted interactions of the group that has most of them: each takes a row of its own."""
    return int(np.add.reduceat(wanted, interactions.offsets, dtype=np.int64).max())
