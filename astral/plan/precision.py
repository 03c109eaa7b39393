"""How closely unsafe rates are known, and which cells to test so that they are known more closely."""

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from astral.domain.criterion import Demand, OpenInteraction, Precision
from astral.domain.records import Result
from astral.domain.space import Interaction, Space
from astral.plan.exclusions import Exclusions
from astral.plan.interactions import Group, Interactions
from astral.plan.weights import Weights

Z = 1.96
"""Normal quantile of the 95 % interval, as in the report."""

_UNDECIDED_ALLOWED = 10
"""Decided tests that a rate is credited with, before tests without a decision count against it."""


class Rates:
    """The unsafe rates that a criterion asks for, as far as they are known."""

    def __init__(
        self,
        space: Space,
        precision: Precision,
        *,
        attempts: int,
        rules: Exclusions | None,
        weights: Weights | None = None,
    ) -> None:
        """Begin with nothing known.

        Args:
            space: Everything that can be tested.
            precision: Which rates, and how closely.
            attempts: A rate is given up when tests without a decision are so many times those with one, and ten more.
            rules: Cells that are never tested.
            weights: Of values in whose rates nothing is lacking; None where they are alike.
        """
        names = list(space.by_id)
        groups: Sequence[Group] = (
            [tuple(sorted(names.index(name) for name in set(precision.of)))]
            if precision.of
            else [(d,) for d in range(len(names))]
        )
        self._width, self._attempts, self._rules = precision.width, attempts, rules
        self._weights = weights or tuple(np.ones(level) for level in space.levels)
        self._interactions = Interactions(space.levels, max(map(len, groups)), groups=groups)
        count = self._interactions.count
        self._asked = np.ones(count, dtype=np.bool_) if rules is None else rules.feasible(self._interactions)
        self._unsafe, self._decided, self._undecided, self._under_way = np.zeros((4, count), dtype=np.int64)

    def note(self, row: Sequence[int | None], result: Result) -> None:
        """Count a finished test."""
        numbers = self._interactions.of_partial(row)
        if result in {Result.SAFE, Result.UNSAFE}:
            self._decided[numbers] += 1
            self._unsafe[numbers] += result is Result.UNSAFE
        else:
            self._undecided[numbers] += 1

    def hand_out(self, row: Sequence[int], *, sign: int = 1) -> None:
        """Count a test that is under way, or with the sign -1 one that is so no more."""
        self._under_way[self._interactions.of_row(row)] += sign

    def next_row(self, rng: np.random.Generator) -> tuple[tuple[int, ...], float] | None:
        """A cell for the rates that lack most, and the chance with which it was chosen; None where none lacks any.

        Values are chosen in proportion to what their rates lack, independently of each other as far as exclusions
        allow, so that no rate stands for few combinations alone.
        """
        lacking = self._lacking()
        if not lacking.any():
            return None
        levels = self._interactions.levels
        known = {d for group in self._interactions.groups for d in group}
        others = [(d,) for d in range(len(levels)) if d not in known]
        row: dict[int, int] = {}
        probability = 1.0
        tables = [
            *zip(self._interactions.groups, self._interactions.views(lacking), strict=True),
            *((group, np.zeros(levels[group[0]], dtype=np.int64)) for group in others),
        ]
        for group, table in tables:
            allowed = np.ones(table.shape) if self._rules is None else self._rules.allowed(row, group)
            chances = np.where(allowed, table, 0).astype(np.float64)
            if not chances.any():
                chances = allowed * reduce(np.multiply, np.ix_(*(self._weights[d] for d in group)))
            flat = chances.reshape(-1) / chances.sum()
            place = int(rng.choice(len(flat), p=flat))
            probability *= float(flat[place])
            row |= {d: int(value) for d, value in zip(group, np.unravel_index(place, table.shape), strict=True)}
        return tuple(row[d] for d in range(len(levels))), probability

    def demand(self, named: Callable[[Sequence[tuple[int, int]]], Interaction]) -> Demand:
        """How far the rates are known.

        Args:
            named: Gives positions their ids.
        """
        is_met = self._asked & (interval_widths(self._unsafe, self._decided) < self._width)
        is_lost = self._asked & ~is_met & ~self._may_be_met()
        still_open = np.flatnonzero(self._asked & ~is_met & ~is_lost)
        lacking = self._lacking(with_under_way=True)
        return Demand(
            name=f"precision {self._width:g}",
            required=int(np.count_nonzero(self._asked)),
            met=int(np.count_nonzero(is_met)),
            open=len(still_open),
            given_up=self._listed(np.flatnonzero(is_lost), named),
            still_open=self._listed(still_open, named),
            # A test has a value of each dimension, and so counts for a rate of each group.
            remaining=int(np.add.reduceat(lacking, self._interactions.offsets).max()),
        )

    def _listed(
        self, numbers: NDArray[np.intp], named: Callable[[Sequence[tuple[int, int]]], Interaction]
    ) -> tuple[OpenInteraction, ...]:
        widths = interval_widths(self._unsafe, self._decided)
        return tuple(
            OpenInteraction(
                interaction=named(self._interactions.values(number)),
                reason=f"{self._unsafe[number]} of {self._decided[number]} decided answers unsafe, interval "
                f"{widths[number]:.2f} wide, {self._undecided[number]} tests without a decision",
            )
            for number in map(int, numbers)
        )

    def _may_be_met(self) -> NDArray[np.bool_]:
        return self._undecided < self._attempts * (_UNDECIDED_ALLOWED + self._decided)

    def _lacking(self, *, with_under_way: bool = False) -> NDArray[np.int64]:
        """Decided tests that each rate is expected still to take, less those under way unless they are asked for."""
        is_open = self._asked & (interval_widths(self._unsafe, self._decided) >= self._width) & self._may_be_met()
        lacking = np.maximum(1, needed_for_width(self._unsafe, self._decided, self._width) - self._decided)
        under_way = 0 if with_under_way else self._under_way
        return np.where(is_open, np.maximum(0, lacking - under_way), 0)


def interval_widths(unsafe: NDArray[np.int64], decided: NDArray[np.int64]) -> NDArray[np.float64]:
    """Widths of the 95 % Wilson intervals; 1 where nothing is decided.

    Source:
        Wilson (1927), https://doi.org/10.1080/01621459.1927.10502953
    """
    tests = np.maximum(decided, 1).astype(np.float64)
    rate = unsafe / tests
    widths = 2 * Z * np.sqrt(rate * (1 - rate) / tests + Z**2 / (4 * tests**2)) / (1 + Z**2 / tests)
    return np.where(decided > 0, widths, 1.0)


def needed_for_width(unsafe: NDArray[np.int64], decided: NDArray[np.int64], width: float) -> NDArray[np.int64]:
    """Decided tests with which the interval is expected to be narrower than the width, if the rate stays as it is.

    A rate of which little is known is taken to be nearer to one half, where it takes most tests.
    """
    rate = (unsafe + 0.5) / (decided + 1.0)
    # The width of Wilson's interval, squared and solved for the number of tests.
    a = width**2
    b = 2 * Z**2 * (width**2 - 2 * rate * (1 - rate))
    c = (width**2 - 1) * Z**4
    return np.floor((-b + np.sqrt(b**2 - 4 * a * c)) / (2 * a)).astype(np.int64) + 1
