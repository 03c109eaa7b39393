"""What a search remembers: how the tests of each cell ended, and nothing of their order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astral.domain.records import Result

Floats = NDArray[np.float64]
Row = tuple[int, ...]
"""A cell as positions of values."""

Part = Sequence[NDArray[np.intp]]
"""Of each dimension the values among which is searched, as positions."""

_UNSAFE, _DECIDED, _LOST, _FINISHED, _GAINS = range(5)


@dataclass(frozen=True)
class Seen:
    """The tested cells in a fixed order, and how their tests ended; every array but `rows` has one number a cell."""

    levels: tuple[int, ...]
    """Number of values of each dimension of the space."""
    rows: NDArray[np.intp]
    """Of shape (cells, dimensions)."""
    unsafe: Floats
    decided: Floats
    """Tests that ended unsafe or safe."""
    lost: Floats
    """Tests that failed or were blocked."""
    finished: Floats
    gains: Floats
    """Unsafe tests, each divided by the chance with which its cell was chosen."""

    @property
    def tests(self) -> int:
        """All finished tests."""
        return int(self.finished.sum())

    def places(self, part: Part) -> NDArray[np.intp]:
        """The cells as positions within a part of the space; -1 for a value that is not in it."""
        return np.stack([lookup[self.rows[:, d]] for d, lookup in enumerate(lookups(self.levels, part))], axis=1)

    def table(self, of: Floats, part: Part) -> Floats:
        """One of the arrays over the cells of a part, one axis a dimension; 0 for what was never tested."""
        places = self.places(part)
        is_inside = (places >= 0).all(axis=1)
        table = np.zeros(tuple(map(len, part)))
        table[tuple(places[is_inside].T)] = of[is_inside]
        return table


class History:
    """Counts of finished tests by cell. Equal tests give equal histories, in whatever order they were told."""

    def __init__(self, levels: Sequence[int]) -> None:
        self._levels = tuple(levels)
        self._counts: dict[Row, list[float]] = {}

    def add(self, row: Row, result: Result, *, probability: float) -> None:
        """Count a test, whose cell was chosen with this chance."""
        counts = self._counts.setdefault(row, [0.0] * 5)
        counts[_FINISHED] += 1
        counts[_UNSAFE] += result is Result.UNSAFE
        counts[_DECIDED] += result in {Result.UNSAFE, Result.SAFE}
        counts[_LOST] += result in {Result.FAILED, Result.BLOCKED}
        counts[_GAINS] += 1 / probability if result is Result.UNSAFE else 0.0

    def lost(self, row: Row) -> int:
        """Tests of a cell that failed or were blocked."""
        return int(self._counts[row][_LOST]) if row in self._counts else 0

    def seen(self) -> Seen:
        """Everything that is remembered."""
        rows = np.array(list(self._counts), dtype=np.intp).reshape(-1, len(self._levels))
        counts = np.array(list(self._counts.values())).reshape(-1, 5)
        order = np.lexsort(rows.T[::-1])
        return Seen(self._levels, rows[order], *counts[order].T)


def lookups(levels: Sequence[int], part: Part) -> list[NDArray[np.intp]]:
    """Of each dimension where each of its values stands in a part; -1 for what is not in it."""
    found = [np.full(level, -1, dtype=np.intp) for level in levels]
    for lookup, values in zip(found, part, strict=True):
        lookup[values] = np.arange(len(values))
    return found
