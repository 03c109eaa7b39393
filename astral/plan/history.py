"""What a search remembers: how the tests of each cell ended, and nothing of their order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from astral.domain.records import Result

Floats = NDArray[np.float64]
Row = tuple[int, ...]
"""A cell as positions of values."""


@dataclass
class History:
    """Counts of finished tests by cell. Equal tests give equal histories, in whatever order they were told."""

    tests: int = 0
    unsafe: Counter[Row] = field(default_factory=Counter[Row])
    decided: Counter[Row] = field(default_factory=Counter[Row])
    """Tests that ended unsafe or safe."""
    lost: Counter[Row] = field(default_factory=Counter[Row])
    """Tests that failed or were blocked."""
    finished: Counter[Row] = field(default_factory=Counter[Row])
    gains: dict[Row, float] = field(default_factory=dict[Row, float])
    """Unsafe tests, each divided by the chance with which its cell was chosen."""

    def add(self, row: Row, result: Result, *, probability: float) -> None:
        """Count a test, whose cell was chosen with this chance."""
        self.tests += 1
        self.finished[row] += 1
        if result is Result.UNSAFE:
            self.gains[row] = self.gains.get(row, 0.0) + 1 / probability
        self.unsafe[row] += result is Result.UNSAFE
        self.decided[row] += result in {Result.UNSAFE, Result.SAFE}
        self.lost[row] += result in {Result.FAILED, Result.BLOCKED}

    def rows(self, dimensions: int) -> NDArray[np.intp]:
        """The tested cells in a fixed order, of shape (cells, dimensions)."""
        return np.array(sorted(self.finished), dtype=np.intp).reshape(-1, dimensions)

    def counts(self, of: Counter[Row]) -> Floats:
        """One of the counters, in the order of the rows."""
        return np.array([of[row] for row in sorted(self.finished)], dtype=np.float64)


def table_of(of: Mapping[Row, float], part: Sequence[NDArray[np.intp]]) -> Floats:
    """Counts as an array over the cells that have one of the given values in each dimension."""
    places = [{int(value): place for place, value in enumerate(values)} for values in part]
    table = np.zeros(tuple(map(len, part)))
    for row, count in of.items():
        inside = [known.get(value) for known, value in zip(places, row, strict=True)]
        if None not in inside:
            table[tuple(inside)] = count
    return table
