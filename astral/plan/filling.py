"""Chances that fill the space: cells come first whose combinations of values hardly any test held.

A search that only follows what it found never meets an interaction that nothing points to. Here every combination of
three values counts, and the less it was tested, the more it asks for a test.
"""

from collections.abc import Sequence
from itertools import combinations
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astral.plan.history import Floats, Part, Row, Seen
from astral.plan.search import Flags

_ORDER = 3
"""Values in the combinations that count."""

_GROUPS = 20
"""Most groups of dimensions whose combinations count; where there are more, combinations of fewer values do."""

_FADING = 1.0
"""How fast a combination has been tested enough: each test takes so many halves of what it lacked."""

_SQUARINGS = 4
"""How sharply cells with more to tell are preferred: so often what a cell tells is squared."""

_LOST = 0.4
"""Part of a test that one counts as which failed: it told nothing of its combinations, but the next may fail too."""


class Filling:
    """A look that prefers cells with combinations that few tests hold.

    Failed tests count in part; else combinations whose tests always fail would soon be all that is asked for.
    """

    def __init__(self, seen: Seen, part: Part, allowed: Flags, completion: Floats) -> None:
        """Count.

        Args:
            seen: What was found so far.
            part: Of each dimension the values among which is chosen.
            allowed: Which cells of the part may be tested; one axis a dimension.
            completion: Of the same cells the chance that a test does not fail; cells whose tests fail tell nothing.
        """
        self._shape = allowed.shape
        self._groups = _groups(len(self._shape))
        self._worth = np.where(allowed, completion, 0.0)
        places = seen.places(part)
        tests = seen.finished - (1 - _LOST) * seen.lost
        self._tests = [self._counts(places, tests, group) for group in self._groups]
        self._by_cell = [np.broadcast_to(tests, self._shape) for tests in self._tests]
        self.lack = self._lack(...)
        """Of each cell how far its combinations are from being tested enough, from 0 to 1."""

    def chances(self) -> Floats:
        """The more a cell's combinations lack tests, the higher."""
        chances = self._worth * self.lack
        if not chances.any():  # so many tests that no number is small enough for what lacks: all cells are alike
            chances = self._worth.copy()
        chances /= chances.max()
        for _ in range(_SQUARINGS):
            chances *= chances
        chances /= chances.sum()
        return chances

    def note(self, place: Row) -> list[tuple[int | slice, ...]]:
        """Count it, and tell the cells whose lack it changed, as parts of the table."""
        touched: list[tuple[int | slice, ...]] = []
        for group, tests in zip(self._groups, self._tests, strict=True):
            tests[tuple(value if d in group else 0 for d, value in enumerate(place))] += 1
            touched.append(tuple(value if d in group else slice(None) for d, value in enumerate(place)))
        for cells in touched:
            # Summed anew, so that the same counts give the same chances, however they were come by.
            self.lack[cells] = self._lack(cells)
        return touched

    def note_all(self, places: Sequence[Row]) -> None:
        """Count many at once."""
        columns = np.array(places, dtype=np.intp).T
        for group, tests in zip(self._groups, self._tests, strict=True):
            np.add.at(tests, tuple(column if d in group else 0 for d, column in enumerate(columns)), 1)
        self.lack = self._lack(...)

    def _lack(self, cells: Any) -> Floats:
        """What the combinations in some of the cells lack, on average."""
        return np.exp2(-_FADING * np.stack([tests[cells] for tests in self._by_cell])).mean(axis=0)

    def _counts(self, places: NDArray[np.intp], weights: Floats, group: tuple[int, ...]) -> Floats:
        """Tests of each combination of the group's values; axes of the other dimensions have one place."""
        shape = tuple(size if d in group else 1 for d, size in enumerate(self._shape))
        is_inside = (places[:, list(group)] >= 0).all(axis=1)
        flat = np.ravel_multi_index([places[is_inside, d] for d in group], [self._shape[d] for d in group])
        return np.bincount(flat, weights[is_inside], minlength=prod(shape)).astype(np.float64).reshape(shape)


def _groups(dimensions: int) -> list[tuple[int, ...]]:
    """Groups of dimensions, as large as can be with not too many of them."""
    for size in range(min(_ORDER, dimensions), 1, -1):
        groups = list(combinations(range(dimensions), size))
        if len(groups) <= _GROUPS:
            return groups
    return [(dimension,) for dimension in range(dimensions)]
