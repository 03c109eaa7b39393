"""When a run has seen enough: the coverage criterion and how far it is met."""

from collections.abc import Sequence
from itertools import combinations

from pydantic import Field

from astral.domain.base import Noun
from astral.domain.rules import Exclusion, PartialCell, Weights
from astral.domain.space import Interaction


class GroupStrength(Noun):
    """Every interaction of `strength` values of these dimensions."""

    dimensions: tuple[str, ...] = Field(min_length=1)
    strength: int = Field(ge=1, le=6)


class Precision(Noun):
    """The unsafe rate is known closely enough."""

    width: float = Field(gt=0, lt=1)
    """The 95 % Wilson interval of each rate is narrower than this."""
    of: tuple[str, ...] = ()
    """The rates are those of every combination of values of these dimensions; by default of every single value."""


class Diversity(Noun):
    """The requests within every risk say different things."""

    dispersion: float = Field(gt=0, lt=1)
    """The mean of 1 - cosine over all pairs of a risk's judged requests, near duplicates left out, is above this."""
    requests: int = Field(default=5, ge=2, le=1000)
    """At least so many requests, near duplicates left out: two that are far apart say little of a risk."""
    patience: int = Field(default=12, ge=2, le=1000)
    """A risk whose dispersion did not rise with so many more judged tests is given up."""


class Criterion(Noun):
    """What is to be judged before a run has seen enough: all of it together."""

    strength: int = Field(default=2, ge=1, le=6)
    """2 covers every pair of values; the number of dimensions covers every cell. With `groups` the
    largest strength of them."""
    groups: tuple[GroupStrength, ...] = ()
    """Where there are any, these are covered instead; a dimension in none of them is covered at strength 1."""
    repeats: int = Field(default=1, ge=1, le=1000)
    """Judged tests of each interaction."""
    precision: Precision | None = None
    diversity: Diversity | None = None
    must: tuple[PartialCell, ...] = ()
    """Cells, or parts of cells, that are tested before all else, each as often as `repeats` says."""
    exclude: tuple[Exclusion, ...] = ()
    """What is never tested; interactions that only stand in such cells are infeasible, and not asked for."""
    weights: Weights = Field(default={})
    """Which values are taken rather than others where nothing that is open decides."""

    @property
    def is_even(self) -> bool:
        """No allowed cell is preferred to another, but for what is covered: tests are spread over them evenly."""
        return not (self.precision or self.diversity or self.must or self.weights)

    def dimension_groups(self, dimensions: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """The dimensions whose values are combined, each group in the order given; no group holds another."""
        if not self.groups:
            return tuple(combinations(dimensions, self.strength))
        alone = set(dimensions).difference(*(group.dimensions for group in self.groups))
        asked = {(name,) for name in alone} | {
            names
            for group in self.groups
            for names in combinations([name for name in dimensions if name in group.dimensions], group.strength)
        }
        largest = [names for names in asked if not any(set(names) < set(other) for other in asked)]
        place = {name: number for number, name in enumerate(dimensions)}
        return tuple(sorted(largest, key=lambda names: [place[name] for name in names]))


class OpenInteraction(Noun):
    """An interaction that no judged test covers, and why."""

    interaction: Interaction
    reason: str


class Demand(Noun):
    """How far one of the things is met that a criterion asks for."""

    name: str
    """Such as `strength 2`, `repeats 3`, `must`, `precision 0.2`, `diversity 0.15`."""
    required: int = Field(ge=0)
    """Interactions, cells, rates or risks."""
    met: int = Field(ge=0)
    open: int = Field(ge=0)
    given_up: tuple[OpenInteraction, ...] = ()
    still_open: tuple[OpenInteraction, ...] = ()
    """Rates that are not known closely enough, and risks whose requests are too alike, each with how far it is; empty
    where interactions or cells are counted."""
    remaining: int = Field(default=0, ge=0)
    """Tests that it is expected still to take."""


class Progress(Noun):
    """How far a criterion is met."""

    required: int = Field(ge=0)
    """Interactions that the criterion asks for: all but the infeasible ones."""
    covered: int = Field(ge=0)
    """Those that judged tests cover, as many as the criterion asks for."""
    open: int = Field(ge=0)
    """Those that may still be covered: never tried, under way, or failed fewer times than allowed."""
    given_up: tuple[OpenInteraction, ...] = ()
    """Those whose tests failed or were blocked as often as allowed."""
    infeasible: tuple[OpenInteraction, ...] = ()
    """Those that no allowed cell holds, each with the exclusions that prove it; in no other number."""
    remaining: int = Field(default=0, ge=0)
    """Tests that the planner expects still to hand out."""
    demands: tuple[Demand, ...] = ()
    """The same for each thing that the criterion asks for; empty where it is interactions judged once."""

    @property
    def is_met(self) -> bool:
        """Every required interaction was judged, and all else that is asked for is there too."""
        return self.covered == self.required and all(demand.met == demand.required for demand in self.demands)

    @property
    def can_go_on(self) -> bool:
        """Something is open that another test may bring."""
        return self.open > 0 or any(demand.open for demand in self.demands)

    @property
    def fraction(self) -> float:
        """Covered part, in [0, 1]."""
        return self.covered / self.required if self.required else 1.0
