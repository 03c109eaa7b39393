"""Taxonomy + coverage → next cells: covering arrays of any strength, built once and followed online.

`interactions` numbers what a criterion asks for, `covering` builds small arrays that hold all of it (by the algebra
of `algebraic`, then row by row), `exclusions` says what can never be tested, `greedy` picks the next best cell from
whatever is still open, and `planner` is the port that the workflow talks to. `adaptive` is another: once all is
covered it goes on where unsafe answers are likely or unsure, as one of the `searches` says after a look at the
`history`: `bandits` weigh what is likely against what is unknown, `evolution` breeds, `filling` fills the space.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astral.plan.adaptive import AdaptivePlanner
    from astral.plan.covering import covering_array, lower_bound
    from astral.plan.diversity import RequestVectors
    from astral.plan.exclusions import exclusions_of, random_cell
    from astral.plan.planner import CoveringPlanner

__all__ = [
    "AdaptivePlanner",
    "CoveringPlanner",
    "RequestVectors",
    "covering_array",
    "exclusions_of",
    "lower_bound",
    "random_cell",
]

_HOMES = {
    "AdaptivePlanner": "adaptive",
    "CoveringPlanner": "planner",
    "RequestVectors": "diversity",
    "covering_array": "covering",
    "exclusions_of": "exclusions",
    "lower_bound": "covering",
    "random_cell": "exclusions",
}


def __getattr__(name: str) -> Any:
    # Late, so that `import astral` stays free of numpy.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
