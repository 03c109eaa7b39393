"""The next best cell: the one that covers most of what is open, found without looking at all cells.

Few dimensions are decided together by a table of every combination, so that within it the choice is exact; where the
table would be too large, an open interaction is fixed first, then dimension after dimension until the rest fits.
Several rows are built side by side, each from another open interaction, and the best is taken.

Source:
    Cohen, Dalal, Fredman, Patton (1997), The AETG system, https://doi.org/10.1109/32.605761
"""

from collections.abc import Mapping, Sequence
from math import prod
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from astral.plan.exclusions import Exclusions
from astral.plan.interactions import Interactions, Rows
from astral.plan.weights import Weights

TABLE_LIMIT = 1 << 13
"""Combinations that are weighed together: 8,192 of 32 bits stay in the processor's first cache."""

_DIMENSIONS_IN_TABLE = 3
"""Dimensions that are weighed together where not all are: more were slower and gave no smaller arrays."""

_COVERS_NOTHING = np.iinfo(np.int32).min // 2
_FORBIDDEN = np.iinfo(np.int32).min
_FAILED_ONCE = 1 << 16
"""More than a row can gain, so that any row that did not fail goes before one that did."""

Gains = NDArray[np.int32]


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
    if not fixed and not need.any():
        return None
    if fixed or prod(interactions.levels) <= TABLE_LIMIT:
        choice = _Choice(interactions, need, exclusions, weights, 1)
        for dimension, value in fixed.items():
            choice.fix(dimension, np.array([value]))
        return choice.best_completion(rng, failed)
    # The group with most of what is needed decides how many rows it takes.
    column = int(np.argmax(np.add.reduceat(need, interactions.offsets, dtype=np.int64)))
    offset, size = int(interactions.offsets[column]), int(interactions.sizes[column])
    wanted = np.flatnonzero(need[offset : offset + size])
    choice = _Choice(interactions, need, exclusions, weights, candidates)
    start = np.unravel_index(wanted[rng.integers(len(wanted), size=candidates)], interactions.shapes[column])
    for dimension, values in zip(interactions.groups[column], start, strict=True):
        choice.fix(dimension, values)
    return choice.best_completion(rng, failed)


class _Choice:
    """Some rows in the making, in all of which the same dimensions are decided."""

    def __init__(
        self,
        interactions: Interactions,
        need: NDArray[np.bool_],
        exclusions: Exclusions | None,
        weights: Weights | None,
        rows: int,
    ) -> None:
        self._interactions, self._need, self._exclusions, self._weights = interactions, need, exclusions, weights
        self._rows = rows
        self._fixed: dict[int, NDArray[np.intp]] = {}
        # Of each row and group: the number of the interaction as far as it is known; of each group, how far it is not.
        self._number = np.tile(interactions.offsets, (rows, 1))
        self._undecided = np.array([len(group) for group in interactions.groups], dtype=np.int8)

    def fix(self, dimension: int, values: NDArray[np.intp]) -> None:
        """Decide a dimension, in each row by a value of its own."""
        columns = self._interactions.columns_of[dimension]
        self._fixed[dimension] = values
        self._number[:, columns] += np.multiply.outer(values, self._interactions.weights[dimension, columns])
        self._undecided[columns] -= 1

    def best_completion(self, rng: np.random.Generator, failed: Rows | None) -> tuple[int, ...]:
        """The row of these that gains most."""
        levels = self._interactions.levels
        free = [int(d) for d in rng.permutation(len(levels)) if d not in self._fixed]
        if self._fixed:
            # The largest dimensions hold most demand: they go first, and the small ones are left to the exact table.
            free.sort(key=lambda d: levels[d])
            while len(free) > _DIMENSIONS_IN_TABLE or prod(levels[d] for d in free) > TABLE_LIMIT:
                dimension = free.pop()
                self.fix(dimension, self._best(self._gains_by_value(dimension), [dimension], rng))
        free.sort()
        gains = self._gains(free)
        if failed is not None and len(failed):
            self._avoid(gains, free, failed)
        flat = gains.reshape(self._rows, -1)
        best = self._best(flat, free, rng)
        row = int(np.argmax(flat[np.arange(self._rows), best]))
        places = np.unravel_index(best[row], [levels[d] for d in free])
        chosen = {d: int(values[row]) for d, values in self._fixed.items()}
        chosen |= {d: int(place) for d, place in zip(free, places, strict=True)}
        return tuple(chosen[d] for d in range(len(levels)))

    def _best(self, gains: Gains, free: Sequence[int], rng: np.random.Generator) -> NDArray[np.intp]:
        """Of each row, the position of the largest in a table over the free dimensions; equals fall by chance."""
        is_best = gains == gains.max(axis=1, keepdims=True)
        if self._weights is None:
            return np.argmax(is_best * rng.random(gains.shape, dtype=np.float32), axis=1)
        chances = np.ones(1)
        for dimension in free:
            chances = np.multiply.outer(chances, self._weights[dimension])
        # The first of exponential clocks rings in proportion to its speed.
        return np.argmin(np.where(is_best, rng.exponential(size=gains.shape) / chances.reshape(-1), np.inf), axis=1)

    def _gains_by_value(self, dimension: int) -> Gains:
        """Needed interactions that each value of a dimension completes, of shape (rows, values)."""
        columns = self._interactions.columns_of[dimension]
        gains = self._sum(columns[self._undecided[columns] == 1], [dimension])
        if self._exclusions is not None:
            gains[~self._exclusions.allowed_beside(self._fixed, [dimension], self._rows)] = _FORBIDDEN
        return gains

    def _gains(self, free: list[int]) -> Gains:
        """Needed interactions that each combination of the free dimensions covers, of shape (rows, *levels)."""
        interactions = self._interactions
        # Groups that leave the same dimensions open are summed before they are spread over the table.
        marks = (interactions.weights[free] > 0).T @ (1 << np.arange(len(free)))
        decided = np.flatnonzero(marks == 0)
        total = np.zeros([self._rows, *(interactions.levels[d] for d in free)], dtype=np.int32)
        gained = np.count_nonzero(self._need[self._number[:, decided]], axis=1)
        total += gained.reshape(self._rows, *([1] * len(free)))
        for mark in np.unique(marks[marks > 0]):
            is_open = [bool(mark >> place & 1) for place in range(len(free))]
            part = self._sum(np.flatnonzero(marks == mark), [d for d, here in zip(free, is_open, strict=True) if here])
            total += part.reshape(
                self._rows, *(interactions.levels[d] if here else 1 for d, here in zip(free, is_open, strict=True))
            )
        total[total == 0] = _COVERS_NOTHING
        if self._exclusions is not None:
            total[~self._exclusions.allowed_beside(self._fixed, free, self._rows)] = _FORBIDDEN
        return total

    def _sum(self, columns: NDArray[np.intp], dimensions: list[int]) -> Gains:
        """Needed interactions in these groups, by the values of the dimensions that each of them leaves open."""
        interactions = self._interactions
        shape = [interactions.levels[d] for d in dimensions]
        if len(columns) == 1 and len(dimensions) == len(interactions.groups[columns[0]]):
            start, size = int(interactions.offsets[columns[0]]), int(interactions.sizes[columns[0]])
            return np.broadcast_to(self._need[start : start + size].astype(np.int32), (self._rows, size))
        steps = np.zeros((len(columns), 1), dtype=np.int64)
        for dimension in dimensions:
            values = np.arange(interactions.levels[dimension])
            more = np.multiply.outer(interactions.weights[dimension, columns], values)
            steps = (steps[:, :, None] + more[:, None, :]).reshape(len(columns), -1)
        numbers = self._number[:, columns, None] + steps
        return np.count_nonzero(self._need[numbers], axis=1).astype(np.int32).reshape(self._rows, *shape)

    def _avoid(self, gains: Gains, free: list[int], failed: Rows) -> None:
        """Put failed rows behind all others, the more often they failed the further."""
        for row in range(self._rows):
            here = failed
            if self._fixed:
                values = [int(values[row]) for values in self._fixed.values()]
                here = failed[np.all(failed[:, list(self._fixed)] == values, axis=1)]
            penalty = np.zeros_like(gains[row])
            np.add.at(penalty, tuple(here[:, free].T.astype(np.intp)), _FAILED_ONCE if len(here) else 0)
            gains[row] -= np.where(gains[row] > _FORBIDDEN, penalty, 0)
