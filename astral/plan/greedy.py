"""The next best cell: the one that covers most of what is open, found without looking at all cells.

Few dimensions are decided together by a table of every combination, so that within it the choice is exact; where the
table would be too large, an open interaction is fixed first, then dimension after dimension until the rest fits.

Source:
    Cohen, Dalal, Fredman, Patton (1997), The AETG system, https://doi.org/10.1109/32.605761
"""

from collections.abc import Mapping
from math import prod
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from astral.plan.exclusions import Exclusions
from astral.plan.interactions import Interactions, Rows
from astral.plan.weights import Weights, chosen

TABLE_LIMIT = 1 << 13
"""Combinations that are weighed together: 8,192 of 32 bits stay in the processor's first cache."""

_DIMENSIONS_IN_TABLE = 3
"""Dimensions that are weighed together where not all are: more were slower and gave no smaller arrays."""

_COVERS_NOTHING = np.iinfo(np.int32).min // 2
_FORBIDDEN = np.iinfo(np.int32).min
_FAILED_ONCE = 1 << 16
"""More than a row can gain, so that any row that did not fail goes before one that did."""


def best_row(
    interactions: Interactions,
    need: NDArray[np.bool_],
    *,
    rng: np.random.Generator,
    candidates: int = 1,
    failed: Rows | None = None,
    exclusions: Exclusions | None = None,
    weights: Weights | None = None,
    fixed: Mapping[int, int] = MappingProxyType({}),
) -> tuple[int, ...] | None:
    """The row that covers most needed interactions; ties fall as `rng` and the weights decide.

    Args:
        interactions: Their numbering.
        need: Which of them are wanted; each stands in an allowed cell.
        rng: Breaks ties, and chooses where to begin.
        candidates: Rows to build, from different beginnings, of which the best is taken; at least 1. A single one is
            built where all cells are weighed together, because none could be better.
        failed: Rows to avoid as long as another one covers something; a row may stand here several times, and then
            is avoided more.
        exclusions: Rows that must not be; None where every cell is allowed.
        weights: Of values, among rows that cover equally much; None where they are alike.
        fixed: Values that the row must have, which an allowed cell can hold; then there is a row in any case.

    Returns:
        Positions of values, or None if nothing is needed and nothing is fixed.
    """
    if fixed or prod(interactions.levels) <= TABLE_LIMIT:
        if not fixed and not need.any():
            return None
        choice = _Choice(interactions, need, exclusions, weights)
        for dimension, value in fixed.items():
            choice.fix(dimension, value)
        return _best_completion(choice, rng, failed)[1]
    if not need.any():
        return None
    # The group with most of what is needed decides how many rows it takes.
    column = int(np.argmax(np.add.reduceat(need, interactions.offsets, dtype=np.int64)))
    offset = int(interactions.offsets[column])
    wanted = np.flatnonzero(need[offset : offset + int(interactions.sizes[column])])
    built: list[tuple[int, tuple[int, ...]]] = []
    for _ in range(candidates):
        choice = _Choice(interactions, need, exclusions, weights)
        for dimension, value in interactions.values(offset + int(wanted[rng.integers(len(wanted))])):
            choice.fix(dimension, value)
        built.append(_best_completion(choice, rng, failed))
    return max(built, key=lambda gain_and_row: gain_and_row[0])[1]


def _best_completion(choice: "_Choice", rng: np.random.Generator, failed: Rows | None) -> tuple[int, tuple[int, ...]]:
    """What a row gains that holds the chosen values, and the row."""
    levels = choice.interactions.levels
    free = [int(d) for d in rng.permutation(len(levels)) if d not in choice.fixed]
    if choice.fixed:
        # The largest dimensions hold most demand: they go first, and the small ones are left to the exact table.
        free.sort(key=lambda d: levels[d])
        while len(free) > _DIMENSIONS_IN_TABLE or prod(levels[d] for d in free) > TABLE_LIMIT:
            dimension = free.pop()
            choice.fix(dimension, choice.best(choice.gains_by_value(dimension), [dimension], rng))
    free.sort()
    gain = choice.gains(free)
    if failed is not None and len(failed):
        _avoid(gain, choice.fixed, free, failed)
    best = choice.best(gain, free, rng)
    row = choice.fixed | {d: int(place) for d, place in zip(free, np.unravel_index(best, gain.shape), strict=True)}
    return int(gain.reshape(-1)[best]), tuple(row[d] for d in range(len(levels)))


class _Choice:
    """A row in the making."""

    def __init__(
        self,
        interactions: Interactions,
        need: NDArray[np.bool_],
        exclusions: Exclusions | None,
        weights: Weights | None,
    ) -> None:
        self.fixed: dict[int, int] = {}
        self.interactions, self._need, self._exclusions, self._weights = interactions, need, exclusions, weights
        # Of each group: the number of the interaction as far as it is known, and the dimensions that are not.
        self._number = interactions.offsets.copy()
        self._undecided = np.array([len(group) for group in interactions.groups], dtype=np.int8)

    def fix(self, dimension: int, value: int) -> None:
        self.fixed[dimension] = value
        self._number += self.interactions.weights[dimension] * value
        self._undecided[self.interactions.columns_of[dimension]] -= 1

    def gains_by_value(self, dimension: int) -> NDArray[np.int32]:
        """Needed interactions that each value of a dimension completes."""
        columns = self.interactions.columns_of[dimension]
        gain = self._sum(columns[self._undecided[columns] == 1], [dimension])
        if self._exclusions is not None:
            gain[~self._exclusions.allowed_values(self.fixed, dimension)] = _FORBIDDEN
        return gain

    def gains(self, free: list[int]) -> NDArray[np.int32]:
        """Needed interactions that each combination of the free dimensions covers, where the others are fixed."""
        interactions = self.interactions
        # Groups that leave the same dimensions open are summed before they are spread over the table.
        marks = (interactions.weights[free] > 0).T @ (1 << np.arange(len(free)))
        decided = np.flatnonzero(marks == 0)
        total = np.full(
            [interactions.levels[d] for d in free], np.count_nonzero(self._need[self._number[decided]]), dtype=np.int32
        )
        for mark in np.unique(marks[marks > 0]):
            is_open = [bool(mark >> place & 1) for place in range(len(free))]
            part = self._sum(np.flatnonzero(marks == mark), [d for d, here in zip(free, is_open, strict=True) if here])
            total += part.reshape(
                [interactions.levels[d] if here else 1 for d, here in zip(free, is_open, strict=True)]
            )
        total[total == 0] = _COVERS_NOTHING
        if self._exclusions is not None:
            total[~self._exclusions.allowed(self.fixed, free)] = _FORBIDDEN
        return total

    def best(self, gain: NDArray[np.int32], free: list[int], rng: np.random.Generator) -> int:
        """Position of the largest in a table over the free dimensions; equals by chance, as the weights say."""
        flat = gain.reshape(-1)
        best = np.flatnonzero(flat == flat.max())
        if self._weights is None:
            return int(best[rng.integers(len(best))])
        return chosen(best, [self._weights[d] for d in free], rng)

    def _sum(self, columns: NDArray[np.intp], dimensions: list[int]) -> NDArray[np.int32]:
        """Needed interactions in these groups, by the values of the dimensions that each of them leaves open."""
        interactions = self.interactions
        if len(columns) == 1 and len(dimensions) == len(interactions.groups[columns[0]]):
            start, size = int(interactions.offsets[columns[0]]), int(interactions.sizes[columns[0]])
            return self._need[start : start + size].astype(np.int32)
        numbers = self._number[columns]
        for dimension in dimensions:
            steps = np.multiply.outer(
                interactions.weights[dimension, columns], np.arange(interactions.levels[dimension])
            )
            numbers = numbers[..., None] + steps.reshape(len(columns), *([1] * (numbers.ndim - 1)), -1)
        return np.count_nonzero(self._need[numbers], axis=0).astype(np.int32)


def _avoid(gain: NDArray[np.int32], fixed: dict[int, int], free: list[int], failed: Rows) -> None:
    """Put failed rows behind all others that cover something, the more often they failed the further."""
    if fixed:
        failed = failed[np.all(failed[:, list(fixed)] == list(fixed.values()), axis=1)]
    places = tuple(failed[:, free].T.astype(np.intp))
    penalty = np.zeros_like(gain)
    np.add.at(penalty, places, _FAILED_ONCE)
    gain[gain > _FORBIDDEN] -= penalty[gain > _FORBIDDEN]
