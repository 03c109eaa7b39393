"""Numbers for interactions, so that sets of them are flat arrays."""

from collections.abc import Sequence
from functools import cached_property
from itertools import combinations
from math import comb, prod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Group = tuple[int, ...]
"""Positions of dimensions, ascending."""

Number = TypeVar("Number", bound=np.generic)

Rows = NDArray[np.uint16]
"""Cells as positions of values, of shape (cells, dimensions)."""

MOST_INTERACTIONS = 20_000_000
MOST_GROUPS = 100_000
"""What can be numbered within some hundred megabytes; more tests than that nobody will run."""

_CHUNK = 8192
"""Rows whose interactions are numbered together, which bounds the memory."""


class Interactions:
    """Interactions of values, numbered group by group of dimensions, the last dimension varying fastest."""

    def __init__(self, levels: Sequence[int], strength: int, *, groups: Sequence[Group] | None = None) -> None:
        """Number them.

        Args:
            levels: Number of values of each dimension, each at least 1 and below 2^16.
            strength: Most values in an interaction, from 1 to the number of dimensions.
            groups: Dimensions whose values are combined, all different; by default all groups of `strength`.

        Raises:
            ValueError: A level or the strength is out of its range, or the interactions are too many.
        """
        if not levels or min(levels) < 1 or max(levels) >= 2**16:
            raise ValueError(f"levels must be between 1 and 65,535, not {tuple(levels)}")
        if not 1 <= strength <= len(levels):
            raise ValueError(f"strength must be between 1 and {len(levels)} (the dimensions), not {strength}")
        if groups is None and comb(len(levels), strength) > MOST_GROUPS:
            raise ValueError(
                f"there are {comb(len(levels), strength):,} groups of {strength} dimensions; "
                f"at most {MOST_GROUPS:,} can be planned for"
            )
        self.levels = tuple(levels)
        self.strength = strength
        self.groups: tuple[Group, ...] = tuple(combinations(range(len(levels)), strength) if groups is None else groups)
        self.is_uniform = groups is None
        """Whether the groups are all those of `strength` dimensions."""
        self.shapes = tuple(tuple(levels[d] for d in group) for group in self.groups)
        sizes = [prod(shape) for shape in self.shapes]
        if sum(sizes) > MOST_INTERACTIONS:
            raise ValueError(f"there are {sum(sizes):,} interactions; at most {MOST_INTERACTIONS:,} can be planned for")
        self.sizes = np.array(sizes, dtype=np.int64)
        self.offsets: NDArray[np.int64] = np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.int64)
        self.count = int(self.sizes.sum())

    @cached_property
    def weights(self) -> NDArray[np.int64]:
        """Place values, of shape (dimensions, groups): `rows @ weights + offsets` numbers what the rows cover."""
        weights = np.zeros((len(self.levels), len(self.groups)), dtype=np.int64)
        for column, (group, shape) in enumerate(zip(self.groups, self.shapes, strict=True)):
            for place, dimension in enumerate(group):
                weights[dimension, column] = prod(shape[place + 1 :])
        return weights

    @cached_property
    def columns_of(self) -> tuple[NDArray[np.intp], ...]:
        """The groups in which each dimension stands."""
        return tuple(np.flatnonzero(weights) for weights in self.weights)

    def of_row(self, row: Sequence[int]) -> NDArray[np.int64]:
        """The interactions that a row covers, one a group."""
        return np.array(row, dtype=np.int64) @ self.weights + self.offsets

    def of_rows(self, rows: Rows) -> NDArray[np.int64]:
        """The interactions that each row covers, of shape (rows, groups)."""
        return rows.astype(np.int64) @ self.weights + self.offsets

    def of_partial(self, row: Sequence[int | None]) -> NDArray[np.int64]:
        """The interactions that a row covers whose values are only partly known."""
        known = [all(row[d] is not None for d in group) for group in self.groups]
        return self.of_row([value or 0 for value in row])[known]

    def counts(self, rows: Rows) -> NDArray[np.int32]:
        """How often each interaction occurs."""
        total = np.zeros(self.count, dtype=np.int32)
        for start in range(0, len(rows), _CHUNK):
            numbers = self.of_rows(rows[start : start + _CHUNK])
            for column in numbers.T:
                # Within a group a row has one interaction; rows may share it, so they are counted, not set.
                np.add.at(total, column, 1)
        return total

    def views(self, flags: NDArray[Number]) -> list[NDArray[Number]]:
        """A flat array, such as of flags, seen group by group, one axis a dimension; nothing is copied."""
        parts = zip(self.offsets, self.sizes, self.shapes, strict=True)
        return [flags[offset : offset + size].reshape(shape) for offset, size, shape in parts]

    def values(self, number: int) -> tuple[tuple[int, int], ...]:
        """The interaction of this number, as (dimension, value) positions."""
        column = int(np.searchsorted(self.offsets, number, side="right")) - 1
        places = np.unravel_index(number - int(self.offsets[column]), self.shapes[column])
        return tuple((d, int(value)) for d, value in zip(self.groups[column], places, strict=True))
