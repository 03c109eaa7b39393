"""How often Python looks for objects that only hold each other."""

import gc
from collections.abc import Generator
from contextlib import contextmanager

_YOUNG, _MIDDLE, _OLD = 20_000, 20, 50
"""Objects that are made until Python looks through the young ones, and such looks until it looks through older ones."""


@contextmanager
def rare_collections() -> Generator[None]:
    """Have Python look rarely while tests are under way, and never at what was there before.

    A test makes thousands of objects and hardly any circle of them, and each look goes through all that is alive: with
    Python's own thresholds, looks took a tenth of a run's CPU (docs/speed.md).
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
