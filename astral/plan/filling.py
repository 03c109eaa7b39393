"""Chances that fill the space: cells come first whose combinations of values hardly any test held.

A search that only follows what it found never meets an interaction that nothing points to. Here every combination of
three values counts, and the less it was tested, the more it asks for a test.
"""

from collections.abc import Sequence
from itertools import combinations
from math import prod

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
        self._lines = _Lines(self._shape, self._groups)
        self._lacking = np.empty((len(self._groups), allowed.size))
        """What each group's combination in each cell lacks."""
        self.lack = np.empty(self._shape)
        """Of each cell how far its combinations are from being tested enough, from 0 to 1."""
        self._count_all()

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

    def note(self, place: Row) -> NDArray[np.intp]:
        """Count it, and tell the cells whose lack it changed, by their numbers; some of them twice."""
        counts = np.empty(len(self._groups))
        for number, (group, tests) in enumerate(zip(self._groups, self._tests, strict=True)):
            entry = tuple(value if d in group else 0 for d, value in enumerate(place))
            tests[entry] += 1
            counts[number] = tests[entry]
        cells, groups = self._lines.through(place)
        self._lacking[groups, cells] = _lacking(counts)[groups]
        # Summed anew, so that the same counts give the same chances, however they were come by.
        self.lack.reshape(-1)[cells] = self._lacking[:, cells].mean(axis=0)
        return cells

    def note_all(self, places: NDArray[np.intp]) -> None:
        """Count many at once."""
        for group, tests in zip(self._groups, self._tests, strict=True):
            np.add.at(tests, tuple(column if d in group else 0 for d, column in enumerate(places.T)), 1)
        self._count_all()

    def _count_all(self) -> None:
        """Find what every cell lacks."""
        for lacking, tests in zip(self._lacking, self._tests, strict=True):
            lacking.reshape(self._shape)[...] = _lacking(tests)
        self.lack[...] = self._lacking.mean(axis=0).reshape(self._shape)

    def _counts(self, places: NDArray[np.intp], weights: Floats, group: tuple[int, ...]) -> Floats:
        """Tests of each combination of the group's values; axes of the other dimensions have one place."""
        shape = tuple(size if d in group else 1 for d, size in enumerate(self._shape))
        is_inside = (places[:, list(group)] >= 0).all(axis=1)
        flat = np.ravel_multi_index([places[is_inside, d] for d in group], [self._shape[d] for d in group])
        return np.bincount(flat, weights[is_inside], minlength=prod(shape)).astype(np.float64).reshape(shape)


class _Lines:
    """Of each group the cells that share a cell's values in it: a line, or a plane, through that cell."""

    def __init__(self, shape: Sequence[int], groups: Sequence[tuple[int, ...]]) -> None:
        numbers = np.arange(prod(shape)).reshape(shape)
        # Through the first cell; every other line is one of these, moved.
        lines = [numbers[tuple(0 if d in group else slice(None) for d in range(len(shape)))] for group in groups]
        self._from_first = np.concatenate([line.reshape(-1) for line in lines])
        self._groups = np.repeat(np.arange(len(groups)), [line.size for line in lines])
        steps = [prod(shape[d + 1 :]) for d in range(len(shape))]
        self._steps: NDArray[np.intp] = np.array(
            [[step if d in group else 0 for d, step in enumerate(steps)] for group in groups], dtype=np.intp
        )

    def through(self, place: Row) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The numbers of the cells on a cell's lines, and of which group each line is."""
        firsts: NDArray[np.intp] = self._steps @ np.array(place, dtype=np.intp)
        return self._from_first + firsts[self._groups], self._groups


def _lacking(tests: Floats) -> Floats:
    """How far combinations that were tested so often are from being tested enough, from 0 to 1."""
    return np.exp2(-_FADING * tests)


def _groups(dimensions: int) -> list[tuple[int, ...]]:
    """Groups of dimensions, as large as can be with not too many of them."""
    for size in range(min(_ORDER, dimensions), 1, -1):
        groups = list(combinations(range(dimensions), size))
        if len(groups) <= _GROUPS:
            return groups
    return [(dimension,) for dimension in range(dimensions)]
