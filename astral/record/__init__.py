"""The record: every run, draw, test case, transcript, verdict, failure and call, in one database.

A `Store` writes and reads it, a `Recorder` writes to it from asynchronous code. What is recorded stands: writing it
again changes nothing, and writing something else in its place is an error. All that a resumed run, a planner or a
report needs can be read from here, and nothing of it is kept anywhere else.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astral.record.items import Entry, Item, OtherVerdict, Round, RunSummary
    from astral.record.recorder import Recorder
    from astral.record.store import Store

__all__ = ["Entry", "Item", "OtherVerdict", "Recorder", "Round", "RunSummary", "Store"]

_HOMES = {"Recorder": "recorder", "Store": "store"}


def __getattr__(name: str) -> Any:
    # SQLAlchemy takes a second to import; only those who open a store pay for it.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'items')}"), name)
