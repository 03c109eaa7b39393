"""What the graph carries from node to node: ids and cursors, never a text."""

from typing import NotRequired, TypedDict


class State(TypedDict):
    """The state that is checkpointed after each node."""

    status: str
    """A `RunStatus`, as plain text so that a checkpoint is plain data: `running` until there is a reason to stop."""


class Update(TypedDict):
    """What a node may change."""

    status: NotRequired[str]


def initial_state() -> State:
    """Before the first round."""
    return State(status="running")
