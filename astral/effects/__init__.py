"""Which values and interactions drive unsafe answers: a model for the search that plans and for the numbers told.

`model` foretells the rate of every cell, `drivers` names what raises it. They stand below the stages, because `plan`
asks where to look next and `report` what was found.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astral.effects.drivers import Driver, Drivers, find_drivers
    from astral.effects.model import Effects, fit_effects

__all__ = ["Driver", "Drivers", "Effects", "find_drivers", "fit_effects"]


def __getattr__(name: str) -> Any:
    # Late, so that `import astral` stays free of numpy.
    if name in __all__:
        from astral.effects import drivers, model

        return getattr(drivers if hasattr(drivers, name) else model, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
