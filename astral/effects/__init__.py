"""Which values and interactions drive unsafe answers: one model, for the search that plans and for the numbers told.

It stands below the stages, because `plan` asks it where to look next and `report` what was found.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astral.effects.model import Effects, fit_effects

__all__ = ["Effects", "fit_effects"]


def __getattr__(name: str) -> Any:
    # Late, so that `import astral` stays free of numpy.
    if name in __all__:
        from astral.effects import model

        return getattr(model, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
