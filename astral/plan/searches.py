"""The searches by the names that they have in settings."""

from collections.abc import Mapping

from astral.plan.bandits import Exp3, Thompson, Ucb, Uniform
from astral.plan.evolution import MapElites, Nsga2
from astral.plan.search import Search

SEARCHES: Mapping[str, type[Search]] = {
    "uniform": Uniform,
    "thompson": Thompson,
    "ucb": Ucb,
    "exp3": Exp3,
    "map-elites": MapElites,
    "nsga2": Nsga2,
}
