"""The planner that hands out cells until the criterion is met, whatever fails on the way."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from astral.domain.criterion import Criterion, Demand, OpenInteraction, Progress
from astral.domain.records import Draw, Result
from astral.domain.space import Cell, Interaction, Space
from astral.errors import UserError
from astral.plan.covering import array_of, most_in_a_group
from astral.plan.exclusions import Exclusion, exclusions_of
from astral.plan.greedy import best_row
from astral.plan.interactions import Interactions, Rows
from astral.plan.precision import Rates

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
        if not criterion.groups and criterion.strength > len(space.dimensions):
            raise UserError(
                f"Strength {criterion.strength} asks for interactions of {criterion.strength} values, but there are "
                f"only {len(space.dimensions)} dimensions ({', '.join(space.by_id)}). "
                f"Strength {len(space.dimensions)} covers every cell."
            )
        if not 1 <= attempts <= np.iinfo(np.uint8).max:
            raise ValueError(f"attempts must be between 1 and 255, not {attempts}")
        self._space, self._seed, self._attempts = space, seed & (2**64 - 1), attempts
        try:
            self._interactions = _interactions(space, criterion)
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
        self._repeats = criterion.repeats
        self._judged = np.zeros(count, dtype=np.uint16)
        """Judged tests, counted up to as many as are asked for."""
        self._under_way = np.zeros(count, dtype=np.uint16)
        self._failures = np.zeros(count, dtype=np.uint32)
        self._last_was_blocked = np.zeros(count, dtype=np.bool_)
        self._rates = (
            Rates(space, criterion.precision, attempts=attempts, rules=self._exclusions)
            if criterion.precision
            else None
        )
        self._level = 1
        """Interactions are brought to so many judged tests before any gets more."""
        self._need = ~self._infeasible
        self._is_settled = True
        self._handed_out: dict[int, tuple[int, ...]] = {}
        self._failed_rows: list[tuple[int, ...]] = []
        self._failures_by_row: Counter[tuple[int, ...]] = Counter()
        self._next_number = 0
        self._plans: dict[int, Rows] = {}
        self._plan_cursor = 0
        self._progress: Progress | None = None

    def draw(self, limit: int) -> Sequence[Draw]:
        """Hand out at most `limit` tests; none when nothing is open that is not under way already."""
        self._settle()
        draws: list[Draw] = []
        while len(draws) < limit:
            row = self._next_planned() or self._next_filled()
            if row is not None:
                draws.append(self._hand_out(row))
            elif not self._raise_level():
                break
        # What rates lack is known better when the tests that interactions take have told theirs.
        return draws or self._draws_for_rates(limit)

    def _draws_for_rates(self, limit: int) -> Sequence[Draw]:
        draws: list[Draw] = []
        while self._rates and len(draws) < limit and (chosen := self._rates.next_row(self._rng())):
            row, probability = chosen
            draws.append(self._hand_out(row, probability))
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
                if self._rates:
                    self._rates.hand_out(row, sign=-1)
            if draw.control is None:
                self._fold(draw.cell, result)
        self._progress, self._is_settled = None, False

    @property
    def lower_bound(self) -> int:
        """Tests below which no plan could meet the criterion from nothing."""
        return self._repeats * most_in_a_group(~self._infeasible, self._interactions)

    def progress(self) -> Progress:
        """How far the criterion is met, what is open, and what cannot be had."""
        if self._progress is None:
            is_asked = ~self._infeasible
            is_covered = is_asked & (self._judged >= self._repeats)
            is_lost = is_asked & ~is_covered & ~self._may_be_covered()
            remaining = self._remaining(is_asked & ~is_covered & ~is_lost)
            demands = [self._rates.demand(self._named_values)] if self._rates else []
            if self._repeats > 1 or demands:
                demands = [*self._demands_of_interactions(is_asked), *demands]
            self._progress = Progress(
                required=int(np.count_nonzero(is_asked)),
                covered=int(np.count_nonzero(is_covered)),
                open=int(np.count_nonzero(is_asked & ~is_covered & ~is_lost)),
                given_up=self._given_up(is_lost),
                infeasible=self._infeasible_interactions,
                remaining=max([remaining, *(demand.remaining for demand in demands)]),
                demands=tuple(demands),
            )
        return self._progress

    def _demands_of_interactions(self, is_asked: NDArray[np.bool_]) -> list[Demand]:
        """Interactions judged once, and as often as is asked for."""
        name = "groups" if not self._interactions.is_uniform else f"strength {self._interactions.strength}"
        wanted = {name: 1}
        if self._repeats > 1:
            wanted[f"repeats {self._repeats}"] = self._repeats
        demands: list[Demand] = []
        for title, times in wanted.items():
            is_met = is_asked & (self._judged >= times)
            is_open = is_asked & ~is_met & self._may_be_covered()
            demands.append(
                Demand(
                    name=title,
                    required=int(np.count_nonzero(is_asked)),
                    met=int(np.count_nonzero(is_met)),
                    open=int(np.count_nonzero(is_open)),
                    given_up=self._given_up(is_asked & ~is_met & ~is_open),
                    remaining=self._remaining(is_open, times=times),
                )
            )
        return demands

    def _remaining(self, is_open: NDArray[np.bool_], *, times: int | None = None) -> int:
        """Tests that open interactions are expected to take: each row holds one of each group."""
        times = times or self._repeats
        lacking = np.where(is_open, times - np.minimum(self._judged, times).astype(np.int64), 0)
        at_least = int(np.add.reduceat(lacking, self._interactions.offsets).max())
        plan = self._plans.get(1)
        if times > 1 or plan is None:
            return at_least
        # A row of the plan may turn out to be needless, and each row covers something that is open.
        return max(at_least, min(len(plan) - self._plan_cursor, int(np.count_nonzero(is_open))))

    def _fold(self, cell: Cell, result: Result) -> None:
        row = self._row_of(cell)
        numbers = self._interactions.of_partial(row)
        if self._rates:
            self._rates.note(row, result)
        if result in {Result.BLOCKED, Result.FAILED}:
            self._failures[numbers] += 1
            self._last_was_blocked[numbers] = result is Result.BLOCKED
            if None not in row:
                whole = tuple(place or 0 for place in row)
                self._failed_rows.append(whole)
                self._failures_by_row[whole] += 1
            # Rows that were passed over because all they cover was under way may be useful again.
            self._plan_cursor = 0
        else:
            self._judged[numbers] += self._judged[numbers] < self._repeats
            if self._repeats > 1:
                # What was given up has more attempts now.
                self._plan_cursor = 0

    def _may_be_covered(self) -> NDArray[np.bool_]:
        """Interactions that did not fail too often: each judged test allows as many failures again."""
        return self._failures < self._attempts * (1 + self._judged.astype(np.uint32))

    def _settle(self) -> None:
        """Find out, after tests were observed, what is needed next."""
        if self._is_settled:
            return
        is_alive = ~self._infeasible & (self._judged < self._repeats) & self._may_be_covered()
        tests = self._judged + self._under_way
        lowest = int(tests[is_alive].min(initial=self._repeats))
        level = min(lowest + 1, self._repeats)
        if level != self._level:
            self._plan_cursor = 0
        self._level = level
        self._need = is_alive & (tests < self._level)
        self._is_settled = True

    def _raise_level(self) -> bool:
        """Go on to the next judged test of each interaction; False where none is asked for."""
        if self._level >= self._repeats:
            return False
        before = self._level
        self._is_settled = False
        self._settle()
        return self._level > before

    def _next_planned(self) -> tuple[int, ...] | None:
        """The first row of the plan that covers something needed and did not fail before."""
        plan = self._plan_of_level()
        while self._plan_cursor < len(plan):
            chunk = plan[self._plan_cursor : self._plan_cursor + _CHUNK]
            useful = np.flatnonzero(self._need[self._interactions.of_rows(chunk)].any(axis=1))
            for place in map(int, useful):
                row = tuple(map(int, chunk[place]))
                if not self._failures_by_row[row]:
                    self._plan_cursor += place
                    return row
            self._plan_cursor += len(chunk)
        return None

    def _plan_of_level(self) -> Rows:
        """The rows that bring every interaction to one judged test more, others at every level."""
        if self._level not in self._plans:
            sequence = np.random.SeedSequence([self._seed, self._level])
            seed = self._seed if self._level == 1 else int(sequence.generate_state(1, np.uint64)[0])
            self._plans[self._level] = array_of(self._interactions, self._exclusions, seed=seed)
        return self._plans[self._level]

    def _rng(self) -> np.random.Generator:
        """Seeded by the number, so that a resumed run decides as the interrupted one would have."""
        return np.random.default_rng((self._seed, self._next_number))

    def _next_filled(self) -> tuple[int, ...] | None:
        """The best cell for what the plan leaves open: what failed, in other company."""
        failed = np.array(self._failed_rows, dtype=np.uint16).reshape(-1, len(self._space.levels))
        return best_row(
            self._interactions,
            self._need,
            rng=self._rng(),
            candidates=_CANDIDATES,
            failed=failed,
            exclusions=self._exclusions,
        )

    def _hand_out(self, row: tuple[int, ...], probability: float = 1.0) -> Draw:
        numbers = self._numbers(row)
        self._under_way[numbers] += 1
        # What is needed has one test too few at most, and now has it.
        self._need[numbers] = False
        if self._rates:
            self._rates.hand_out(row)
        draw = Draw(
            number=self._next_number,
            cell=self._space.cell(row),
            attempt=self._failures_by_row[row],
            probability=probability,
        )
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
        return self._named_values(self._interactions.values(number))

    def _named_values(self, places: tuple[tuple[int, int], ...]) -> Interaction:
        dimensions = self._space.dimensions
        return tuple((dimensions[d].id, dimensions[d].values[value].id) for d, value in places)

    @cached_property
    def _infeasible_interactions(self) -> tuple[OpenInteraction, ...]:
        return tuple(
            OpenInteraction(interaction=self._named(number), reason=self._reason_of_exclusion(number))
            for number in map(int, np.flatnonzero(self._infeasible))
        )

    def _given_up(self, is_lost: NDArray[np.bool_]) -> tuple[OpenInteraction, ...]:
        return tuple(
            OpenInteraction(interaction=self._named(number), reason=self._reason(number))
            for number in map(int, np.flatnonzero(is_lost))
        )

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


def _interactions(space: Space, criterion: Criterion) -> Interactions:
    if not criterion.groups:
        return Interactions(space.levels, criterion.strength)
    names = list(space.by_id)
    groups = [tuple(map(names.index, group)) for group in criterion.dimension_groups(names)]
    return Interactions(space.levels, max(map(len, groups)), groups=groups)
