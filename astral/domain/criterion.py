"""When a run has seen enough: the coverage criterion and how far it is met."""

from collections.abc import Mapping

from pydantic import Field

from astral.domain.base import Noun
from astral.domain.space import Interaction

NamedExclusion = Mapping[str, tuple[str, ...]]
"""Dimension → values, by their ids: cells that have one of the values in each of these dimensions are not tested."""


class Criterion(Noun):
    """Every interaction of `strength` values that can be tested is judged at least once."""

    strength: int = Field(default=2, ge=1, le=6)
    """2 covers every pair of values; the number of dimensions covers every cell."""
    exclude: tuple[NamedExclusion, ...] = ()
    """What is never tested; interactions that only stand in such cells are infeasible, and not asked for."""


class OpenInteraction(Noun):
    """An interaction that no judged test covers, and why."""

    interaction: Interaction
    reason: str


class Progress(Noun):
    """How far a criterion is met."""

    required: int = Field(ge=0)
    """Interactions that the criterion asks for: all but the infeasible ones."""
    covered: int = Field(ge=0)
    """Those that a judged test covers."""
    open: int = Field(ge=0)
    """Those that may still be covered: never tried, under way, or failed fewer times than allowed."""
    given_up: tuple[OpenInteraction, ...] = ()
    """Those whose tests failed or were blocked as often as allowed."""
    infeasible: tuple[OpenInteraction, ...] = ()
    """Those that no allowed cell holds, each with the exclusions that prove it; in no other number."""
    remaining: int = Field(default=0, ge=0)
    """Tests that the planner expects still to hand out."""

    @property
    def is_met(self) -> bool:
        """Every required interaction was judged."""
        return self.covered == self.required

    @property
    def fraction(self) -> float:
        """Covered part, in [0, 1]."""
        return self.covered / self.required if self.required else 1.0
