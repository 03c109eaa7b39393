"""The planner that hands out cells until every interaction is judged, whatever fails on the way."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from astral.domain.criterion import Criterion, OpenInteraction, Progress
from astral.domain.records import Draw, Result
from astral.domain.space import Cell, Interaction, Space
from astral.errors import UserError
from astral.plan.covering import covering_array, most_in_a_group
from astral.plan.exclusions import Exclusion, exclusions_of
from astral.plan.greedy import best_row
from astral.plan.interactions import Interactions, Rows

_CHUNK = 512
"""Rows of the plan that are looked at together."""

_CANDIDATES = 8
"""Cells among which one is chosen for what the plan leaves open, where not all cells are weighed."""


class CoveringPlanner:
    """Follows a covering array, skips what is covered already, and tries again in other cells what failed.

    What it hands out next is a function of its settings, of the tests that it was told of and of those under way. So
    a fresh planner that is told an interrupted run's tests goes on as the interrupted one would have.
    """

    def __init__(
        self,
        space: Space,
        criterion: Criterion,
        *,
        seed: int,
        attempts: int = 3,
    ) -> None:
        """Plan for a space.

        Args:
            space: Everything that can be tested.
            criterion: What is to be covered, and what is never tested.
            seed: Decides which of many equally small plans is followed, and in which order; any int.
            attempts: Failed or blocked tests after which an interaction is given up, 1 to 255.

        Raises:
            UserError: The criterion asks for more values in an interaction than the space has dimensions, or for more
                interactions than can be planned for, an exclusion
                names something that the space does not have, or together they leave no cell, or too many to check.
            ValueError: `attempts` is out of its range.
        """
        if criterion.strength > len(space.dimensions):
            raise UserError(
                f"Strength {criterion.strength} asks for interactions of {criterion.strength} values, but there are "
                f"only {len(space.dimensions)} dimensions ({', '.join(space.by_id)}). "
                f"Strength {len(space.dimensions)} covers every cell."
            )
        if not 1 <= attempts <= np.iinfo(np.uint8).max:
            raise ValueError(f"attempts must be between 1 and 255, not {attempts}")
        self._space, self._seed, self._attempts = space, seed & (2**64 - 1), attempts
        try:
            self._interactions = Interactions(space.levels, criterion.strength)
        except ValueError as error:
            raise UserError(f"Strength {criterion.strength} is too much: {error}.") from error
        self._positions = [
            {value.id: place for place, value in enumerate(dimension.values)} for dimension in space.dimensions
        ]
        self._exclusions = exclusions_of(space, criterion.exclude)
        count = self._interactions.count
        self._infeasible = np.zeros(count, dtype=np.bool_)
        if self._exclusions is not None:
            self._infeasible = ~self._exclusions.feasible(self._interactions)
        self._covered = np.zeros(count, dtype=np.bool_)
        self._under_way = np.zeros(count, dtype=np.uint16)
        self._failures = np.zeros(count, dtype=np.uint8)
        self._last_was_blocked = np.zeros(count, dtype=np.bool_)
        self._need = ~self._infeasible
        self._handed_out: dict[int, tuple[int, ...]] = {}
        self._failed_rows: list[tuple[int, ...]] = []
        self._failures_by_row: Counter[tuple[int, ...]] = Counter()
        self._next_number = 0
        self._plan: Rows | None = None
        self._plan_cursor = 0
        self._progress: Progress | None = None

    def draw(self, limit: int) -> Sequence[Draw]:
        """Hand out at most `limit` tests; none when nothing is open that is not under way already."""
        draws: list[Draw] = []
        while len(draws) < limit:
            row = self._next_planned() or self._next_filled()
            if row is None:
                break
            draws.append(self._hand_out(row))
        return draws

    def observe(self, tests: Iterable[tuple[Draw, Result]]) -> None:
        """Take note of finished tests, of this run or, before the first draw, of earlier ones.

        Controls cover nothing. Of a cell with unknown dimensions or values, such as one of an earlier run with another
        taxonomy, those interactions count that this space has.
        """
        for draw, result in tests:
            self._next_number = max(self._next_number, draw.number + 1)
            row = self._handed_out.pop(draw.number, None)
            if row is not None:
                self._under_way[self._numbers(row)] -= 1
            if draw.control is None:
                self._fold(draw.cell, result)
            if row is not None:
                self._update_need(self._numbers(row))
        self._progress = None

    @property
    def lower_bound(self) -> int:
        """Tests below which no plan could meet the criterion from nothing."""
        return most_in_a_group(~self._infeasible, self._interactions)

    def progress(self) -> Progress:
        """How far the criterion is met, what is open, and what cannot be had."""
        if self._progress is None:
            # A cell of an earlier run may be excluded now: what it alone holds is judged, and yet not asked for.
            covered = int(np.count_nonzero(self._covered & ~self._infeasible))
            lost = np.flatnonzero(~self._covered & ~self._infeasible & (self._failures >= self._attempts))
            required = len(self._covered) - len(self._infeasible_interactions)
            still_open = required - covered - len(lost)
            # A row of the plan may turn out to be needless, and each row covers something that is open.
            planned = still_open if self._plan is None else len(self._plan) - self._plan_cursor
            self._progress = Progress(
                required=required,
                covered=covered,
                open=still_open,
                remaining=min(planned, still_open),
                given_up=tuple(map(self._given_up, map(int, lost))),
                infeasible=self._infeasible_interactions,
            )
        return self._progress

    def _fold(self, cell: Cell, result: Result) -> None:
        row = self._row_of(cell)
        numbers = self._interactions.of_partial(row)
        if result in {Result.BLOCKED, Result.FAILED}:
            missed = numbers[~self._covered[numbers] & (self._failures[numbers] < self._attempts)]
            self._failures[missed] += 1
            self._last_was_blocked[missed] = result is Result.BLOCKED
            if None not in row:
                whole = tuple(place or 0 for place in row)
                self._failed_rows.append(whole)
                self._failures_by_row[whole] += 1
            # Rows that were passed over because all they cover was under way may be useful again.
            self._plan_cursor = 0
        else:
            self._covered[numbers] = True
        self._update_need(numbers)

    def _update_need(self, numbers: NDArray[np.int64]) -> None:
        self._need[numbers] = (
            ~self._covered[numbers]
            & ~self._infeasible[numbers]
            & (self._under_way[numbers] == 0)
            & (self._failures[numbers] < self._attempts)
        )

    def _next_planned(self) -> tuple[int, ...] | None:
        """The first row of the plan that covers something needed and did not fail before."""
        if self._plan is None:
            exclude = self._exclusions.exclusions if self._exclusions else ()
            self._plan = covering_array(
                self._space.levels, self._interactions.strength, seed=self._seed, exclude=exclude
            )
        while self._plan_cursor < len(self._plan):
            chunk = self._plan[self._plan_cursor : self._plan_cursor + _CHUNK]
            useful = np.flatnonzero(self._need[self._interactions.of_rows(chunk)].any(axis=1))
            for place in map(int, useful):
                row = tuple(map(int, chunk[place]))
                if not self._failures_by_row[row]:
                    self._plan_cursor += place
                    return row
            self._plan_cursor += len(chunk)
        return None

    def _next_filled(self) -> tuple[int, ...] | None:
        """The best cell for what the plan leaves open: what failed, in other company."""
        failed = np.array(self._failed_rows, dtype=np.uint16).reshape(-1, len(self._space.levels))
        # Seeded by the number, so that a resumed run breaks ties as the interrupted one would have.
        rng = np.random.default_rng((self._seed, self._next_number))
        return best_row(
            self._interactions,
            self._need,
            rng=rng,
            candidates=_CANDIDATES,
            failed=failed,
            exclusions=self._exclusions,
        )

    def _hand_out(self, row: tuple[int, ...]) -> Draw:
        numbers = self._numbers(row)
        self._under_way[numbers] += 1
        self._need[numbers] = False
        draw = Draw(number=self._next_number, cell=self._space.cell(row), attempt=self._failures_by_row[row])
        self._handed_out[draw.number] = row
        self._next_number += 1
        return draw

    def _numbers(self, row: tuple[int, ...]) -> NDArray[np.int64]:
        return self._interactions.of_row(row)

    def _row_of(self, cell: Cell) -> list[int | None]:
        values = dict(cell.values)
        return [
            places.get(values.get(dimension.id, ""))
            for dimension, places in zip(self._space.dimensions, self._positions, strict=True)
        ]

    def _named(self, number: int) -> Interaction:
        dimensions = self._space.dimensions
        return tuple(
            (dimensions[d].id, dimensions[d].values[value].id) for d, value in self._interactions.values(number)
        )

    @cached_property
    def _infeasible_interactions(self) -> tuple[OpenInteraction, ...]:
        return tuple(
            OpenInteraction(interaction=self._named(number), reason=self._reason_of_exclusion(number))
            for number in map(int, np.flatnonzero(self._infeasible))
        )

    def _given_up(self, number: int) -> OpenInteraction:
        return OpenInteraction(interaction=self._named(number), reason=self._reason(number))

    def _reason_of_exclusion(self, number: int) -> str:
        assert self._exclusions is not None  # noqa: S101 - nothing is infeasible without exclusions
        proof = self._exclusions.proof(dict(self._interactions.values(number)))
        return "excluded by " + " and ".join(map(self._described, proof))

    def _reason(self, number: int) -> str:
        tries = int(self._failures[number])
        last = Result.BLOCKED if self._last_was_blocked[number] else Result.FAILED
        return f"{tries} test{'s' if tries > 1 else ''} failed or {'were' if tries > 1 else 'was'} blocked: last {last}"

    def _described(self, exclusion: Exclusion) -> str:
        dimensions = self._space.dimensions
        return " × ".join(
            f"{dimensions[d].id}={'|'.join(dimensions[d].values[value].id for value in sorted(exclusion[d]))}"
            for d in sorted(exclusion)
        )
