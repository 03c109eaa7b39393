"""The planner that covers first, and then tests where unsafe answers are likely or unsure."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from astral.domain.criterion import Criterion, Progress
from astral.domain.records import Draw, Result
from astral.domain.space import Cell, Space
from astral.errors import UnknownNameError
from astral.plan.diversity import RequestVectors
from astral.plan.exclusions import exclusions_of
from astral.plan.history import Floats, History, Part, Row, Seen, lookups
from astral.plan.planner import CoveringPlanner
from astral.plan.search import Look
from astral.plan.searches import SEARCHES

UNIFORM_SHARE = 0.1
"""Part of a search's draws that goes to every cell with the same chance: no rate is left without tests."""

_CELLS_SEARCHED = 1 << 16
"""Of a larger space a part is searched, another one whenever more is known."""


class AdaptivePlanner:
    """Hands out what a covering planner asks for and, once all that is open is under way, what a search does, forever.

    What comes next is a function of the settings, of the tests that it was told of (in whatever order) and of those
    under way; so a resumed run goes on as the interrupted one would have. A draw that covers an interaction was sure
    to be made: its probability is 1. Any other holds the chance with which its cell was chosen.
    """

    def __init__(
        self,
        space: Space,
        criterion: Criterion,
        *,
        seed: int,
        search: str = "thompson",
        uniform_share: float = UNIFORM_SHARE,
        attempts: int = 3,
        vectors: RequestVectors | None = None,
    ) -> None:
        """Plan for a space.

        Args:
            space: Everything that can be tested.
            criterion: What is to be covered before the search begins, and what is never tested.
            seed: Decides everything random; any int.
            search: How to search, one of `SEARCHES`.
            uniform_share: Part of the search's draws that any cell gets alike, above 0 and at most 1.
            attempts: As for `CoveringPlanner`.
            vectors: As for `CoveringPlanner`.

        Raises:
            UserError: As `CoveringPlanner`; or there is no such search.
            ValueError: `uniform_share` or `attempts` is out of its range.
        """
        if search not in SEARCHES:
            raise UnknownNameError("search", search, list(SEARCHES), where="planner")
        if not 0 < uniform_share <= 1:
            raise ValueError(f"uniform_share must be above 0 and at most 1, not {uniform_share}")
        self._covering = CoveringPlanner(space, criterion, seed=seed, attempts=attempts, vectors=vectors)
        self._space, self._levels, self._seed = space, space.levels, seed & (2**64 - 1)
        self._search, self._uniform_share = SEARCHES[search](), uniform_share
        self._most_failures = attempts * criterion.repeats
        self._exclusions = exclusions_of(space, criterion.exclude)
        self._positions = [
            {value.id: place for place, value in enumerate(dimension.values)} for dimension in space.dimensions
        ]
        self._history = History(self._levels)
        self._under_way: dict[int, Row] = {}
        self._next_number = 0
        self._looking: _Looking | None = None

    def draw(self, limit: int, *, left: int | None = None) -> Sequence[Draw]:
        """Hand out at most `limit` tests.

        While all that is open is under way, the search begins if enough tests are left: what covering takes when all of
        them fail is kept back. Without knowing how many are left it hands out none.
        """
        is_covering = self._covering.progress().can_go_on
        draws = list(self._covering.draw(limit)) if is_covering else []
        for draw in draws:
            self._note(draw)
        spared = self._spared((left or 0) - len(draws)) if is_covering else limit
        found = [self._searched() for _ in range(min(limit - len(draws), spared))]
        # It may cover what is open; and numbers are the same for both.
        self._covering.take_up(found)
        return [*draws, *found]

    def _spared(self, left: int) -> int:
        """How many of the tests that are left covering cannot need."""
        progress = self._covering.progress()
        if any(demand.still_open for demand in progress.demands):
            return 0  # rates and distances may take any number of tests
        return left - self._most_failures * (progress.open + sum(demand.open for demand in progress.demands))

    def observe(self, tests: Iterable[tuple[Draw, Result]]) -> None:
        """Take note of finished tests, of this run or, before the first draw, of earlier ones.

        The search learns nothing from controls, nor from cells of another space.
        """
        self._covering.observe(self._learnt(tests))
        self._looking = None

    def _learnt(self, tests: Iterable[tuple[Draw, Result]]) -> Iterator[tuple[Draw, Result]]:
        """The same tests, from each of which the search learns as it passes: a record of any length is read once."""
        for draw, result in tests:
            self._next_number = max(self._next_number, draw.number + 1)
            self._under_way.pop(draw.number, None)
            row = self._row_of(draw.cell)
            if draw.control is None and row is not None:
                self._history.add(row, result, probability=draw.probability)
            yield draw, result

    def take_up(self, draws: Iterable[Draw]) -> None:
        """Count tests as under way that this planner did not draw: controls, or those before an interruption."""
        told = list(draws)
        self._covering.take_up(told)
        for draw in told:
            if draw.control is None:
                self._note(draw)
            self._next_number = max(self._next_number, draw.number + 1)

    def progress(self) -> Progress:
        """How far the criterion is met; the search that follows has no end of its own."""
        return self._covering.progress()

    def probability(self, cell: Cell) -> float:
        """The chance with which a search's next draw is this cell; over all cells of the space they sum to 1.

        Raises:
            ValueError: The space has no such cell.
        """
        row = self._row_of(cell)
        if row is None:
            raise ValueError(f"{cell} is no cell of this space")
        looking = self._look()
        return self._probability(row, looking, looking.look.chances())

    def _searched(self) -> Draw:
        looking = self._look()
        chances = looking.look.chances()
        # Seeded by the number, so that a resumed run draws what the interrupted one would have.
        rng = np.random.default_rng((self._seed, self._next_number))
        row = self._any_row(rng) if rng.random() < self._uniform_share else looking.row(chances, rng.random())
        draw = Draw(
            number=self._next_number,
            cell=self._space.cell(row),
            attempt=self._history.lost(row),
            probability=self._probability(row, looking, chances),
        )
        self._note(draw)
        return draw

    def _note(self, draw: Draw) -> None:
        row = self._row_of(draw.cell)
        assert row is not None  # noqa: S101 - it was made from this space
        self._under_way[draw.number] = row
        self._next_number = draw.number + 1
        if self._looking:
            self._looking.note(row)

    def _look(self) -> "_Looking":
        """What the search says, now that it knows what it knows."""
        if self._looking is None:
            seen = self._history.seen()
            # Seeded by what is known, not by the number, so that one look serves many draws.
            rng = np.random.default_rng((self._seed, seen.tests, 1))
            part = _part(seen, rng)
            allowed = np.ones(tuple(map(len, part)), dtype=np.bool_)
            if self._exclusions is not None:
                allowed = self._exclusions.keeps(_rows(part)).reshape(allowed.shape)
            self._looking = _Looking(self._levels, part, self._search.look(seen, part, allowed, rng))
            self._looking.note_all(self._under_way.values())
        return self._looking

    def _probability(self, row: Row, looking: "_Looking", chances: Floats) -> float:
        if self._exclusions is not None and not self._exclusions.keeps(np.array([row], dtype=np.uint16))[0]:
            return 0.0
        place = looking.place(row)
        searched = 0.0 if place is None else float(chances[place])
        return self._uniform_share / self._allowed_cells + (1 - self._uniform_share) * searched

    def _any_row(self, rng: np.random.Generator) -> Row:
        while True:
            row = rng.integers(self._levels)
            if self._exclusions is None or self._exclusions.keeps(row[None].astype(np.uint16))[0]:
                return tuple(map(int, row))

    @cached_property
    def _allowed_cells(self) -> int:
        if self._exclusions is None:
            return prod(self._levels)
        return int(np.count_nonzero(self._exclusions.allowed({}, range(len(self._levels)))))

    def _row_of(self, cell: Cell) -> Row | None:
        """Positions of the cell's values, or None if it is of another space."""
        values = dict(cell.values)
        places = [
            known.get(values.get(dimension.id, ""))
            for dimension, known in zip(self._space.dimensions, self._positions, strict=True)
        ]
        row = tuple(place for place in places if place is not None)
        return row if len(row) == len(places) else None


class _Looking:
    """A look of the search, and the part of the space at which it looks."""

    def __init__(self, levels: Sequence[int], part: Part, look: Look) -> None:
        self.look, self._part, self._lookups = look, part, lookups(levels, part)

    def place(self, row: Row) -> Row | None:
        """A cell as positions within the part; None where it is not in it."""
        place = tuple(int(lookup[value]) for lookup, value in zip(self._lookups, row, strict=True))
        return None if -1 in place else place

    def row(self, chances: Floats, dice: float) -> Row:
        """The cell on which dice, a number in [0, 1), fall."""
        cumulated = np.cumsum(chances)
        number = int(np.searchsorted(cumulated, dice * cumulated[-1], side="right"))
        return tuple(
            int(values[place])
            for values, place in zip(self._part, np.unravel_index(number, chances.shape), strict=True)
        )

    def note(self, row: Row) -> None:
        """A test of this cell is under way."""
        place = self.place(row)
        if place is not None:
            self.look.note(place)

    def note_all(self, rows: Iterable[Row]) -> None:
        """Tests of these cells are under way."""
        columns = np.array(list(rows), dtype=np.intp).reshape(-1, len(self._lookups)).T
        places = np.stack([lookup[column] for lookup, column in zip(self._lookups, columns, strict=True)], axis=1)
        places = places[(places >= 0).all(axis=1)]
        if len(places):
            self.look.note_all(places)


def _part(seen: Seen, rng: np.random.Generator) -> list[NDArray[np.intp]]:
    """Values of each dimension whose product is small enough to be searched: all, or those that promise most.

    What a value promises is a sample of what its unsafe rate may be, so that little tested values have their turn too.
    """
    sizes = list(seen.levels)
    while prod(sizes) > _CELLS_SEARCHED:
        largest = sizes.index(max(sizes))
        sizes[largest] = (sizes[largest] + 1) // 2
    part: list[NDArray[np.intp]] = []
    for dimension, (level, size) in enumerate(zip(seen.levels, sizes, strict=True)):
        unsafe, safe = (
            np.bincount(seen.rows[:, dimension], counts, minlength=level)
            for counts in (seen.unsafe, seen.decided - seen.unsafe)
        )
        promise = rng.beta(unsafe + 0.5, safe + 0.5) if size < level else unsafe
        part.append(np.sort(np.argsort(promise)[level - size :]))
    return part


def _rows(part: Part) -> NDArray[np.uint16]:
    """The cells of a part, the last dimension varying fastest."""
    return np.stack([axis.reshape(-1) for axis in np.meshgrid(*part, indexing="ij")], axis=1).astype(np.uint16)
