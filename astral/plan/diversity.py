"""How far apart the requests of a risk are, and which cells to test so that they are further apart.

The measure is the mean of 1 - cosine over all pairs of a risk's judged requests: 0 where all say the same. Requests
that are near duplicates of an earlier one stand in no pair.

Source:
    The self-similarity by which red-teaming work tells diversity, such as Hong et al. (2024), Curiosity-driven
    red-teaming, https://arxiv.org/abs/2402.19464
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from astral.domain.criterion import Demand, Diversity, OpenInteraction
from astral.domain.records import Draw, Result
from astral.domain.space import Interaction, Space
from astral.plan.exclusions import Exclusions

Vectors = NDArray[np.float32]
PartialRow = tuple[int | None, ...]

_LEAST_RISE = 0.001
"""A dispersion that rose by less did not rise."""

_CANDIDATES = 512
"""Cells among which the next one is chosen, where the risk has more."""

_LIKENESS = 0.1
"""What it counts against a cell that all tests had its values, as a dispersion."""

_MOST_EXPECTED = 1000


class RequestVectors(Protocol):
    """Finds what was asked in finished tests; from the record alone, so that a report counts what the run did."""

    near_duplicate: float
    """Cosine from which two requests of one language say the same."""

    def of(self, draws: Sequence[Draw]) -> Vectors:
        """Unit vectors of the requests, one row a test, each of which has a request."""
        ...


@dataclass
class _Risk:
    """The judged requests of one risk, in the order in which they were told."""

    rows: list[PartialRow] = field(default_factory=list[PartialRow])
    vectors: list[Vectors] = field(default_factory=list[Vectors])
    """Those that are no near duplicates."""
    duplicates: int = 0
    distances: float = 0.0
    """Sum over all pairs."""
    before_extras: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    """Dispersion and number of requests before each test that nothing else asked for."""
    lost_extras: int = 0
    under_way: list[PartialRow] = field(default_factory=list[PartialRow])

    @property
    def dispersion(self) -> float:
        count = len(self.vectors)
        return 2 * self.distances / (count * (count - 1)) if count > 1 else 0.0

    def add(self, row: PartialRow, vector: Vectors, *, is_alike: Callable[[PartialRow], bool], limit: float) -> None:
        if self.vectors:
            cosines = np.stack(self.vectors) @ vector
            same = np.array([is_alike(other) for other in self.rows])
            if (cosines[same] >= limit).any():
                self.duplicates += 1
                return
            self.distances += float((1 - cosines).sum())
        self.rows.append(row)
        self.vectors.append(vector)

    def mean_distances(self) -> NDArray[np.float64]:
        """Of each request, the mean distance to the others."""
        vectors = np.stack(self.vectors).astype(np.float64)
        count = len(vectors)
        return (count - vectors @ vectors.sum(axis=0)) / max(1, count - 1)


class Dispersions:
    """The dispersions that a criterion asks for, one a value of the first dimension."""

    def __init__(
        self,
        space: Space,
        diversity: Diversity,
        vectors: RequestVectors,
        *,
        attempts: int,
        rules: Exclusions | None,
    ) -> None:
        """Begin with nothing known.

        Args:
            space: Everything that can be tested; its first dimension names the risks.
            diversity: How far apart requests are to be.
            vectors: Finds them.
            attempts: A risk is given up when failed or blocked tests are so many times those of its patience.
            rules: Cells that are never tested.
        """
        self._levels, self._diversity, self._vectors, self._rules = space.levels, diversity, vectors, rules
        self._attempts = attempts
        self._language = list(space.by_id).index("language") if "language" in space.by_id else None
        count = space.levels[0]
        self._asked = np.ones(count, dtype=np.bool_) if rules is None else rules.allowed_values({}, 0)
        self._risks = [_Risk() for _ in range(count)]
        self._told: list[tuple[Draw, PartialRow, bool]] = []

    def note(self, draw: Draw, row: Sequence[int | None], result: Result, *, is_extra: bool) -> None:
        """Take note of a finished test, one that nothing else asked for or any other."""
        if row[0] is None:
            return
        if result in {Result.BLOCKED, Result.FAILED}:
            self._risks[row[0]].lost_extras += is_extra
        else:
            self._told.append((draw, tuple(row), is_extra))

    def hand_out(self, row: Sequence[int], *, sign: int = 1) -> None:
        """Count a test that is under way, or with the sign -1 one that is so no more."""
        under_way = self._risks[row[0]].under_way
        if sign > 0:
            under_way.append(tuple(row))
        else:
            under_way.remove(tuple(row))

    def next_row(self, rng: np.random.Generator) -> tuple[int, ...] | None:
        """A cell of the risk that lacks most, unlike those tested; None where none lacks any."""
        self._look()
        lacking = [
            self._expected(place) - len(risk.under_way) if self._is_open(place) else 0
            for place, risk in enumerate(self._risks)
        ]
        place = int(np.argmax(lacking))
        if lacking[place] <= 0:
            return None
        cells = self._cells(place, rng)
        worth = self._unlikeness(self._risks[place], cells)
        best = np.flatnonzero(worth >= worth.max() - 1e-12)
        return tuple(map(int, cells[rng.choice(best)]))

    def demand(self, named: Callable[[Sequence[tuple[int, int]]], Interaction]) -> Demand:
        """How far apart the requests are.

        Args:
            named: Gives positions their ids.
        """
        self._look()
        asked = list(map(int, np.flatnonzero(self._asked)))
        still_open = [place for place in asked if self._is_open(place)]
        lost = [place for place in asked if not self._is_met(place) and self._is_lost(place)]

        def told(places: Sequence[int]) -> tuple[OpenInteraction, ...]:
            return tuple(OpenInteraction(interaction=named([(0, at)]), reason=self._state(at)) for at in places)

        return Demand(
            name=f"diversity {self._diversity.dispersion:g}",
            required=len(asked),
            met=len(asked) - len(still_open) - len(lost),
            open=len(still_open),
            given_up=told(lost),
            still_open=told(still_open),
            remaining=sum(map(self._expected, still_open)),
        )

    def _look(self) -> None:
        """Find the requests of the tests that were told since, all together."""
        told, self._told = self._told, []
        if not told:
            return
        vectors = self._vectors.of([draw for draw, _, _ in told])
        for (_, row, is_extra), vector in zip(told, vectors, strict=True):
            assert row[0] is not None  # noqa: S101 - others were not taken note of
            risk = self._risks[row[0]]
            if is_extra:
                risk.before_extras.append((risk.dispersion, len(risk.vectors)))
            risk.add(row, vector, is_alike=self._speaks_as(row), limit=self._vectors.near_duplicate)

    def _speaks_as(self, row: PartialRow) -> Callable[[PartialRow], bool]:
        at = self._language
        return lambda other: at is None or other[at] == row[at]

    def _is_met(self, place: int) -> bool:
        risk = self._risks[place]
        return len(risk.vectors) >= self._diversity.requests and risk.dispersion > self._diversity.dispersion

    def _is_lost(self, place: int) -> bool:
        """Whether more tests did not help, or could not be had."""
        risk, patience = self._risks[place], self._diversity.patience
        extras = risk.before_extras
        if risk.lost_extras >= self._attempts * (patience + len(extras)):
            return True
        if len(extras) < patience:
            return False
        dispersion, requests = extras[-patience]
        has_more_requests = requests < len(risk.vectors) <= self._diversity.requests
        return not has_more_requests and risk.dispersion < dispersion + _LEAST_RISE

    def _is_open(self, place: int) -> bool:
        return bool(self._asked[place]) and not self._is_met(place) and not self._is_lost(place)

    def _expected(self, place: int) -> int:
        """Tests until a risk is far enough apart, were each as far from all others as the best one so far.

        Where that is not far enough, its patience.
        """
        risk, wanted, patience = self._risks[place], self._diversity.dispersion, self._diversity.patience
        count = len(risk.vectors)
        first = max(1, self._diversity.requests - count)
        if count < 2:  # noqa: PLR2004 - a pair
            return first
        best = float(risk.mean_distances().max())
        for more in range(first, _MOST_EXPECTED):
            tests = count + more
            new_pairs = tests * (tests - 1) / 2 - count * (count - 1) / 2
            if risk.distances + best * new_pairs > wanted * tests * (tests - 1) / 2:
                return more
            if best <= wanted:
                break
        return max(first, patience)

    def _state(self, place: int) -> str:
        risk = self._risks[place]
        text = f"dispersion {risk.dispersion:.3f} of {len(risk.vectors)} requests"
        if risk.duplicates:
            text += f", {risk.duplicates} near duplicates left out"
        if risk.before_extras:
            text += f"; it was {risk.before_extras[0][0]:.3f} before {len(risk.before_extras)} more tests"
        return text + (f", {risk.lost_extras} more failed or were blocked" if risk.lost_extras else "")

    def _cells(self, place: int, rng: np.random.Generator) -> NDArray[np.uint16]:
        """Cells of the risk: all, or some at random."""
        others = self._levels[1:]
        if prod(others) <= _CANDIDATES:
            rest = np.array(list(product(*map(range, others))), dtype=np.uint16).reshape(-1, len(others))
        else:
            rest = rng.integers(others, size=(_CANDIDATES, len(others))).astype(np.uint16)
        cells = np.hstack([np.full((len(rest), 1), place, dtype=np.uint16), rest])
        allowed = cells if self._rules is None else cells[self._rules.keeps(cells)]
        return allowed if len(allowed) else self._allowed_cell(place, rng)

    def _allowed_cell(self, place: int, rng: np.random.Generator) -> NDArray[np.uint16]:
        """A single cell of the risk, value after value, where chance found no allowed one."""
        row = {0: place}
        for dimension in range(1, len(self._levels)):
            assert self._rules is not None  # noqa: S101 - without rules every cell is allowed
            row[dimension] = int(rng.choice(np.flatnonzero(self._rules.allowed_values(row, dimension))))
        return np.array([list(row.values())], dtype=np.uint16)

    def _unlikeness(self, risk: _Risk, cells: NDArray[np.uint16]) -> NDArray[np.float64]:
        """How far from the others a request of each cell is likely to be.

        Values count by how far requests with them were from others, and those of few tests are trusted little; values
        that were tested often are worth less.
        """
        worth = np.zeros(len(cells))
        tested = np.array([[-1 if v is None else v for v in row] for row in [*risk.rows, *risk.under_way]], dtype=int)
        if len(risk.vectors) > 1:
            offsets = risk.mean_distances() - risk.dispersion
            rows = tested[: len(risk.rows)]
            for dimension in range(1, len(self._levels)):
                is_known = rows[:, dimension] >= 0
                values, level = rows[is_known, dimension], self._levels[dimension]
                total = np.bincount(values, weights=offsets[is_known], minlength=level)
                worth += (total / (1 + np.bincount(values, minlength=level)))[cells[:, dimension]]
        if len(tested):
            shared = (cells[:, None, 1:] == tested[None, :, 1:]).mean(axis=2) if len(self._levels) > 1 else 1.0
            worth -= _LIKENESS * np.mean(np.square(shared) * np.ones((len(cells), len(tested))), axis=1)
        return worth
