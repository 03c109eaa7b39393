"""What a search is: it looks at what was found, and gives chances over cells.

Chances, not choices: a test's chance goes into the record, and rates can be freed from the bias of the search. A look
serves many draws, so it is told of each test that was handed out, and many can be before the first of them ends.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from astral.plan.history import Floats, Part, Row, Seen

Flags = NDArray[np.bool_]


class Look(Protocol):
    """The chances, until more is known."""

    def chances(self) -> Floats:
        """Over the cells of the part, one axis a dimension; they sum to 1. Not to be written to."""
        ...

    def note(self, place: Row) -> None:
        """Another test of this cell, as positions within the part, is under way."""
        ...

    def note_all(self, places: NDArray[np.intp]) -> None:
        """Many are under way, of shape (tests, dimensions): the same as noting one after the other."""
        ...


class Search(Protocol):
    """A way to search. It keeps nothing between looks, so that a resumed run searches as the interrupted one would."""

    def look(self, seen: Seen, part: Part, allowed: Flags, rng: np.random.Generator) -> Look:
        """Prepare the chances.

        Args:
            seen: What was found so far.
            part: Where to search.
            allowed: Which cells of the part may be tested, at least one; one axis a dimension.
            rng: The only source of randomness.
        """
        ...


def largest_two(levels: Sequence[int]) -> tuple[int, ...]:
    """The two dimensions with most values, in their order; one where there is no other."""
    return tuple(sorted(sorted(range(len(levels)), key=lambda d: -levels[d])[:2]))


class Fixed:
    """Chances that do not depend on what is under way."""

    def __init__(self, weights: Floats) -> None:
        """Take weights of the cells, none of them negative; where all are 0, the chances are no numbers."""
        self._chances = weights / weights.sum()

    def chances(self) -> Floats:
        """The same each time."""
        return self._chances

    def note(self, place: Row) -> None:
        """Nothing changes."""

    def note_all(self, places: NDArray[np.intp]) -> None:
        """Nothing changes."""
