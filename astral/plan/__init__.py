"""Taxonomy + coverage → next cells: covering arrays of any strength, built once and followed online.

`interactions` numbers what a criterion asks for, `covering` builds small arrays that hold all of it (by the algebra
of `algebraic`, then row by row), `exclusions` says what can never be tested, `greedy` picks the next best cell from
whatever is still open, and `planner` is the port that the workflow talks to.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astral.plan.covering import covering_array, lower_bound
    from astral.plan.planner import CoveringPlanner

__all__ = ["CoveringPlanner", "covering_array", "lower_bound"]


def __getattr__(name: str) -> Any:
    # Late, so that `import astral` stays free of numpy.
    if name in {"covering_array", "lower_bound"}:
        from astral.plan import covering

        return getattr(covering, name)
    if name == "CoveringPlanner":
        from astral.plan.planner import CoveringPlanner

        return CoveringPlanner
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
