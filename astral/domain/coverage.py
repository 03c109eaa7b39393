"""Coverage: a fold over the record that tells what was judged, cell by cell."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Self

from astral.domain.base import Noun
from astral.domain.records import Outcome
from astral.domain.space import Cell, Interaction


class Tally(Noun):
    """Verdicts counted by outcome. Blocked and failed tests have no verdict and stand in no tally."""

    safe: int = 0
    unsafe: int = 0
    unknown: int = 0

    @property
    def judged(self) -> int:
        """All verdicts."""
        return self.safe + self.unsafe + self.unknown

    @property
    def decided(self) -> int:
        """Verdicts that were SAFE or UNSAFE: the denominator of every rate."""
        return self.safe + self.unsafe

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            safe=self.safe + other.safe, unsafe=self.unsafe + other.unsafe, unknown=self.unknown + other.unknown
        )

    @classmethod
    def one(cls, outcome: Outcome) -> "Tally":
        """The tally of a single verdict."""
        return cls(**{outcome.value.lower(): 1})


class Coverage:
    """What was judged, by cell: `Coverage.of(a + b) == Coverage.of(a) + Coverage.of(b)`.

    Tallies are kept by whole cell, from which those of any smaller interaction follow, whatever its strength.
    """

    def __init__(self, tallies: Mapping[Cell, Tally] | None = None) -> None:
        self.tallies: dict[Cell, Tally] = dict(tallies or {})

    @classmethod
    def of(cls, judged: Iterable[tuple[Cell, Outcome]]) -> Self:
        """Fold verdicts into coverage."""
        counts = Counter(judged)
        coverage = cls()
        for (cell, outcome), count in counts.items():
            tally = Tally(**{outcome.value.lower(): count})
            coverage.tallies[cell] = coverage.tallies.get(cell, Tally()) + tally
        return coverage

    def __add__(self, other: "Coverage") -> "Coverage":
        both = self.tallies | other.tallies
        return Coverage({cell: self[cell] + other[cell] for cell in both})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Coverage) and self.tallies == other.tallies

    def __getitem__(self, cell: Cell) -> Tally:
        return self.tallies.get(cell, Tally())

    @property
    def total(self) -> Tally:
        """All verdicts."""
        return sum(self.tallies.values(), Tally())

    def by_interaction(self, strength: int) -> dict[Interaction, Tally]:
        """Tallies of every judged interaction of `strength` values."""
        tallies: dict[Interaction, Tally] = {}
        for cell, tally in self.tallies.items():
            for interaction in cell.interactions(strength):
                tallies[interaction] = tallies.get(interaction, Tally()) + tally
        return tallies

    def by_value(self, dimension: str) -> dict[str, Tally]:
        """Tallies of the values of one dimension."""
        tallies: dict[str, Tally] = {}
        for cell, tally in self.tallies.items():
            tallies[cell[dimension]] = tallies.get(cell[dimension], Tally()) + tally
        return tallies
