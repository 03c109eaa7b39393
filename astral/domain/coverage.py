"""Coverage: a fold over the record that tells what was judged, cell by cell."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Coverage:
    """What was judged, by cell: `Coverage.of(a + b) == Coverage.of(a) + Coverage.of(b)`.

    Tallies are kept by whole cell, from which those of any smaller interaction follow, whatever its strength.
    """

    tallies: Mapping[Cell, Tally] = field(default_factory=dict[Cell, Tally])

    @classmethod
    def of(cls, judged: Iterable[tuple[Cell, Outcome]]) -> Self:
        """Fold verdicts into coverage."""
        tallies: dict[Cell, Tally] = {}
        for (cell, outcome), count in Counter(judged).items():
            tallies[cell] = tallies.get(cell, Tally()) + Tally(**{outcome.value.lower(): count})
        return cls(tallies)

    def __add__(self, other: "Coverage") -> "Coverage":
        both = {**self.tallies, **other.tallies}
        return Coverage({cell: self[cell] + other[cell] for cell in both})

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
