"""When a run has seen enough: the coverage criterion and how far it is met."""

from pydantic import Field

from astral.domain.base import Noun
from astral.domain.space import Interaction


class Criterion(Noun):
    """Every interaction of `strength` values is judged at least once."""

    strength: int = Field(default=2, ge=1, le=6)
    """2 covers every pair of values; the number of dimensions covers every cell."""


class OpenInteraction(Noun):
    """An interaction that no judged test covers, and why."""

    interaction: Interaction
    reason: str


class Progress(Noun):
    """How far a criterion is met."""

    required: int = Field(ge=0)
    """Interactions that the criterion asks for."""
    covered: int = Field(ge=0)
    """Those that a judged test covers."""
    open: int = Field(ge=0)
    """Those that may still be covered: never tried, under way, or failed fewer times than allowed."""
    given_up: tuple[OpenInteraction, ...] = ()
    """Those whose tests failed or were blocked as often as allowed."""

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
