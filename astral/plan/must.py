"""Cells, or parts of cells, that are to be tested before all else."""

from collections.abc import Mapping, Sequence

import numpy as np

from astral.domain.criterion import Demand
from astral.domain.records import Result
from astral.domain.rules import PartialCell
from astral.domain.space import Space
from astral.errors import UserError
from astral.plan.exclusions import Exclusions, described
from astral.plan.ledger import Ledger, Numbers
from astral.plan.positions import Positions, dimension_at, value_at


class MustCells:
    """Which of them were judged, and which comes next."""

    def __init__(
        self, space: Space, must: Sequence[PartialCell], rules: Exclusions | None, *, times: int, attempts: int
    ) -> None:
        """Begin with none judged.

        Raises:
            UserError: One names something that the space does not have (the nearest is named), or is excluded.
        """
        self._named = Positions(space).named
        self._cells: list[Mapping[int, int]] = []
        for cell in must:
            places = {dimension_at(space, name, where="must"): value for name, value in cell.items()}
            self._cells.append({d: value_at(space, d, places[d], where="must") for d in sorted(places)})
        for cell in self._cells:
            if rules is not None and not rules.allowed(cell, []):
                proof = " and ".join(described(space, exclusion) for exclusion in rules.proof(cell))
                named = " × ".join(f"{name}={value}" for name, value in self._named(list(cell.items())))
                raise UserError(f"must: {named} is wanted and excluded, by {proof}. Leave out one of the two.")
        self._ledger = Ledger(np.ones(len(must), dtype=np.bool_), times=times, attempts=attempts)

    def note(self, row: Sequence[int | None], result: Result) -> bool:
        """Count a finished test; says whether any of the cells that it is was open before it."""
        return self._ledger.note(self._held_by(row), result)

    def hand_out(self, row: Sequence[int], *, sign: int = 1) -> None:
        """Count a test that is under way, or with the sign -1 one that is so no more."""
        self._ledger.hand_out(self._held_by(row), sign=sign)

    def next(self, level: int) -> Mapping[int, int] | None:
        """The first that has fewer tests than that, as (dimension → value) positions; None where none lacks any."""
        needed = np.flatnonzero(self._ledger.needed(level))
        return self._cells[int(needed[0])] if len(needed) else None

    def demand(self) -> Demand:
        """How far they were tested."""
        lacking = self._ledger.lacking()
        return Demand(
            name="must",
            required=len(self._cells),
            met=int(np.count_nonzero(self._ledger.met())),
            open=int(np.count_nonzero(lacking)),
            given_up=self._ledger.given_up(lambda number: self._named(list(self._cells[number].items()))),
            remaining=int(lacking.sum()),
        )

    def _held_by(self, row: Sequence[int | None]) -> Numbers:
        return np.array(
            [number for number, cell in enumerate(self._cells) if all(row[d] == value for d, value in cell.items())],
            dtype=np.int64,
        )
