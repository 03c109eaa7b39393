"""How all tests of a run ended, in a few bytes each: what a report must know of every test at once."""

from array import array
from collections.abc import Callable, Iterator
from typing import TypeVar

from astral.domain.records import Control, Draw, Result
from astral.domain.run import TestEnd
from astral.domain.space import Cell

T = TypeVar("T")
_RESULTS, _CONTROLS = (None, *Result), (None, *Control)


class Ends:
    """Tests and how they ended, in the order in which they were added.

    A test takes some 30 bytes, beside its cell, which it shares; a `Draw` would take a kilobyte.
    """

    def __init__(self) -> None:
        self._cells: dict[Cell, int] = {}
        self._cell_of, self._numbers, self._attempts = array("q"), array("q"), array("q")
        self._probabilities = array("d")
        self._results, self._controls = bytearray(), bytearray()

    def add(self, draw: Draw, result: Result | None) -> None:
        """Take note of one test."""
        self._cell_of.append(self._cells.setdefault(draw.cell, len(self._cells)))
        self._numbers.append(draw.number)
        self._attempts.append(draw.attempt)
        self._probabilities.append(draw.probability)
        self._results.append(_RESULTS.index(result))
        self._controls.append(_CONTROLS.index(draw.control))

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[TestEnd]:
        """Each test as it was told; without the ids of cases."""
        cells = list(self._cells)
        columns = (self._numbers, self._cell_of, self._attempts, self._probabilities, self._controls, self._results)
        for number, cell, attempt, probability, control, result in zip(*columns, strict=True):
            draw = Draw(
                number=number,
                cell=cells[cell],
                attempt=attempt,
                probability=probability,
                control=_CONTROLS[control],
            )
            yield TestEnd(draw, _RESULTS[result])

    def by_cell(self, told: Callable[[Cell], T]) -> list[T]:
        """Of each test what is told of its cell; of each cell it is asked once."""
        known = [told(cell) for cell in self._cells]
        return [known[place] for place in self._cell_of]
