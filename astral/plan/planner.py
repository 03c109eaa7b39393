"""The planner that hands out cells until the criterion is met, whatever fails on the way."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from astral.domain.criterion import Criterion, Demand, OpenInteraction, Progress
from astral.domain.records import Draw, Result
from astral.domain.space import Interaction, Space
from astral.errors import UserError
from astral.plan.covering import array_of, most_in_a_group
from astral.plan.diversity import Dispersions, RequestVectors
from astral.plan.exclusions import described, exclusions_of
from astral.plan.greedy import best_row
from astral.plan.interactions import Interactions, Rows
from astral.plan.ledger import Ledger
from astral.plan.must import MustCells
from astral.plan.positions import Positions
from astral.plan.precision import Rates
from astral.plan.weights import weights_of

_CHUNK = 512
"""Rows of the plan that are looked at together."""

_CANDIDATES = 32
"""Cells among which one is chosen for what the plan leaves open, where not all cells are weighed."""

Row = tuple[int, ...]
"""A cell as positions of values."""


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
        vectors: RequestVectors | None = None,
    ) -> None:
        """Plan for a space.

        Args:
            space: Everything that can be tested.
            criterion: What is to be covered, and what is never tested.
            seed: Decides which of many equally small plans is followed, and in which order; any int.
            attempts: Failed or blocked tests after which an interaction is given up, 1 to 255.
            vectors: Finds the requests of judged tests, where the criterion asks for their diversity.

        Raises:
            UserError: The criterion asks for more values in an interaction than the space has dimensions, or for more
                interactions than can be planned for, a rule names something that the space does not have, what must be
                tested is excluded, or exclusions leave no cell, or too many to check.
            ValueError: `attempts` is out of its range, or there is diversity without vectors.
        """
        if not criterion.groups and criterion.strength > len(space.dimensions):
            raise UserError(
                f"Strength {criterion.strength} asks for interactions of {criterion.strength} values, but there are "
                f"only {len(space.dimensions)} dimensions ({', '.join(space.by_id)}). "
                f"Strength {len(space.dimensions)} covers every cell."
            )
        if not 1 <= attempts <= np.iinfo(np.uint8).max:
            raise ValueError(f"attempts must be between 1 and 255, not {attempts}")
        if criterion.diversity and vectors is None:
            raise ValueError("diversity is told from requests, so vectors must find them")
        self._space, self._seed = space, seed & (2**64 - 1)
        self._positions = Positions(space)
        try:
            self._interactions = _interactions(space, criterion)
        except ValueError as error:
            raise UserError(f"Strength {criterion.strength} is too much: {error}.") from error
        rules = self._rules = exclusions_of(space, criterion.exclude)
        self._weights = weights_of(space, criterion.weights)
        asked = np.ones(self._interactions.count, dtype=np.bool_)
        if rules is not None:
            asked = rules.feasible(self._interactions)
        times = criterion.repeats
        self._ledger = Ledger(asked, times=times, attempts=attempts)
        self._must = MustCells(space, criterion.must, rules, times=times, attempts=attempts) if criterion.must else None
        self._rates = (
            Rates(space, criterion.precision, attempts=attempts, rules=rules, weights=self._weights)
            if criterion.precision
            else None
        )
        self._dispersions = (
            Dispersions(space, criterion.diversity, vectors, attempts=attempts, rules=rules)
            if criterion.diversity and vectors
            else None
        )
        self._level = 1
        """Everything is brought to so many judged tests before anything gets more."""
        self._need = asked.copy()
        self._is_settled = True
        self._handed_out: dict[int, Row] = {}
        self._failed_rows: list[Row] = []
        self._failures_by_row: Counter[Row] = Counter()
        self._next_number = 0
        self._plans: dict[int, Rows] = {}
        self._plan_cursor = 0
        self._progress: Progress | None = None

    def draw(self, limit: int, *, left: int | None = None) -> Sequence[Draw]:
        """Hand out at most `limit` tests; none when nothing is open that is not under way already."""
        self._settle()
        draws: list[Draw] = []
        while len(draws) < limit:
            row = self._next_must() or self._next_planned() or self._next_filled()
            if row is not None:
                draws.append(self._hand_out(row))
            elif not self._raise_level():
                break
        # What rates and risks lack is known better when the tests that interactions take have told theirs.
        if draws or (self._handed_out and self._ledger.open(self._ledger.times).any()):
            return draws
        return self._draws_for_rates(limit) or self._draws_for_diversity(limit)

    def _draws_for_rates(self, limit: int) -> Sequence[Draw]:
        draws: list[Draw] = []
        while self._rates and len(draws) < limit and (chosen := self._rates.next_row(self._rng())):
            row, probability = chosen
            draws.append(self._hand_out(row, probability))
        return draws

    def _draws_for_diversity(self, limit: int) -> Sequence[Draw]:
        draws: list[Draw] = []
        while self._dispersions and len(draws) < limit and (row := self._dispersions.next_row(self._rng())):
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
                self._count_under_way(row, -1)
            if draw.control is None:
                self._fold(draw, result)
        self._progress, self._is_settled = None, False

    def take_up(self, draws: Iterable[Draw]) -> None:
        """Count tests as under way that this planner did not draw: controls, or those before an interruption."""
        for draw in draws:
            self._next_number = max(self._next_number, draw.number + 1)
            if draw.control is None:
                self._settle()
                row = tuple(place or 0 for place in self._positions.of(draw.cell))
                self._count_under_way(row, 1)
                self._need[self._interactions.of_row(row)] = False
                self._handed_out[draw.number] = row

    @property
    def lower_bound(self) -> int:
        """Tests below which no plan could meet the criterion from nothing."""
        return self._ledger.times * most_in_a_group(self._ledger.asked, self._interactions)

    def progress(self) -> Progress:
        """How far the criterion is met, what is open, and what cannot be had."""
        if self._progress is None:
            demands = [
                *([self._must.demand()] if self._must else []),
                *([self._rates.demand(self._positions.named)] if self._rates else []),
                *([self._dispersions.demand(self._positions.named)] if self._dispersions else []),
            ]
            times = self._ledger.times
            whole = self._demand(times, f"repeats {times}")
            if times > 1:
                demands = [whole, *demands]
            if demands:
                name = "groups" if not self._interactions.is_uniform else f"strength {self._interactions.strength}"
                demands = [self._demand(1, name), *demands]
            self._progress = Progress(
                required=whole.required,
                covered=whole.met,
                open=whole.open,
                given_up=whole.given_up,
                infeasible=self._infeasible,
                remaining=max([whole.remaining, *(demand.remaining for demand in demands)]),
                demands=tuple(demands),
            )
        return self._progress

    def _demand(self, times: int, name: str) -> Demand:
        """How many interactions were judged so many times."""
        return Demand(
            name=name,
            required=int(np.count_nonzero(self._ledger.asked)),
            met=int(np.count_nonzero(self._ledger.met(times))),
            open=int(np.count_nonzero(self._ledger.open(times))),
            given_up=self._ledger.given_up(self._named, times),
            remaining=self._remaining(times),
        )

    def _remaining(self, times: int) -> int:
        """Tests that open interactions are expected to take: each row holds one of each group."""
        lacking = self._ledger.lacking(times)
        at_least = int(np.add.reduceat(lacking, self._interactions.offsets).max())
        plan = self._plans.get(1)
        if times > 1 or plan is None:
            return at_least
        # A row of the plan may turn out to be needless, and each row covers something that is open.
        return max(at_least, min(len(plan) - self._plan_cursor, int(np.count_nonzero(lacking))))

    def _fold(self, draw: Draw, result: Result) -> None:
        row = self._positions.of(draw.cell)
        was_wanted = self._ledger.note(self._interactions.of_partial(row), result)
        if self._must:
            was_wanted |= self._must.note(row, result)
        if self._rates:
            self._rates.note(row, result)
        if self._dispersions:
            self._dispersions.note(draw, row, result, is_extra=not was_wanted)
        if result in {Result.BLOCKED, Result.FAILED}:
            if None not in row:
                whole = tuple(place or 0 for place in row)
                self._failed_rows.append(whole)
                self._failures_by_row[whole] += 1
            # Rows that were passed over because all they cover was under way may be useful again.
            self._plan_cursor = 0
        elif self._ledger.times > 1:
            # What was given up has more attempts now.
            self._plan_cursor = 0

    def _settle(self) -> None:
        """Find out, after tests were observed, what is needed next."""
        if self._is_settled:
            return
        level = self._ledger.level()
        if level != self._level:
            self._plan_cursor = 0
        self._level = level
        self._need = self._ledger.needed(level)
        self._is_settled = True

    def _raise_level(self) -> bool:
        """Go on to the next judged test of each interaction; False where none is asked for."""
        if self._level >= self._ledger.times:
            return False
        before = self._level
        self._is_settled = False
        self._settle()
        return self._level > before

    def _next_must(self) -> Row | None:
        """A cell that must be tested: one of the plan where it holds such a one, else the one that covers most."""
        wanted = self._must.next(self._level) if self._must else None
        if wanted is None:
            return None
        plan = self._plan_of_level()
        fitting = plan[(plan[:, list(wanted)] == list(wanted.values())).all(axis=1)]
        useful = self._need[self._interactions.of_rows(fitting)].any(axis=1)
        rows = [tuple(map(int, row)) for row in fitting[useful]]
        return next((row for row in rows if not self._failures_by_row[row]), None) or best_row(
            self._interactions,
            self._need,
            rng=self._rng(),
            failed=self._failed(),
            exclusions=self._rules,
            weights=self._weights,
            fixed=wanted,
        )

    def _next_planned(self) -> Row | None:
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
            self._plans[self._level] = array_of(self._interactions, self._rules, seed=seed, weights=self._weights)
        return self._plans[self._level]

    def _rng(self) -> np.random.Generator:
        """Seeded by the number, so that a resumed run decides as the interrupted one would have."""
        return np.random.default_rng((self._seed, self._next_number))

    def _next_filled(self) -> Row | None:
        """The best cell for what the plan leaves open: what failed, in other company."""
        return best_row(
            self._interactions,
            self._need,
            rng=self._rng(),
            candidates=_CANDIDATES,
            failed=self._failed(),
            exclusions=self._rules,
            weights=self._weights,
        )

    def _failed(self) -> Rows:
        return np.array(self._failed_rows, dtype=np.uint16).reshape(-1, len(self._space.levels))

    def _hand_out(self, row: Row, probability: float = 1.0) -> Draw:
        self._count_under_way(row, 1)
        # What is needed has one test too few at most, and now has it.
        self._need[self._interactions.of_row(row)] = False
        draw = Draw(
            number=self._next_number,
            cell=self._space.cell(row),
            attempt=self._failures_by_row[row],
            probability=probability,
        )
        self._handed_out[draw.number] = row
        self._next_number += 1
        return draw

    def _count_under_way(self, row: Row, sign: int) -> None:
        self._ledger.hand_out(self._interactions.of_row(row), sign=sign)
        for part in (self._must, self._rates, self._dispersions):
            if part:
                part.hand_out(row, sign=sign)

    def _named(self, number: int) -> Interaction:
        return self._positions.named(self._interactions.values(number))

    @cached_property
    def _infeasible(self) -> tuple[OpenInteraction, ...]:
        return tuple(
            OpenInteraction(interaction=self._named(number), reason=self._proof(number))
            for number in map(int, np.flatnonzero(~self._ledger.asked))
        )

    def _proof(self, number: int) -> str:
        assert self._rules is not None  # noqa: S101 - nothing is infeasible without exclusions
        proof = self._rules.proof(dict(self._interactions.values(number)))
        return "excluded by " + " and ".join(described(self._space, exclusion) for exclusion in proof)


def _interactions(space: Space, criterion: Criterion) -> Interactions:
    if not criterion.groups:
        return Interactions(space.levels, criterion.strength)
    names = list(space.by_id)
    groups = [tuple(map(names.index, group)) for group in criterion.dimension_groups(names)]
    return Interactions(space.levels, max(map(len, groups)), groups=groups)
