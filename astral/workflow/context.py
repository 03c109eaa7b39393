"""What the nodes work with: the parts of one run, handed to the graph at run time and never checkpointed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from astral.domain.ports import Oracle, Target
from astral.domain.records import Control, Draw
from astral.domain.run import Manifest
from astral.execute import Budget
from astral.generate import TwinWriter
from astral.record import Recorder, Store
from astral.tracking import Spans
from astral.workflow.endpoints import Endpoints
from astral.workflow.events import Listener
from astral.workflow.leasing import Leases
from astral.workflow.planning import Planning
from astral.workflow.workshop import Workshop
from astral.workflow.writers import Writers


@dataclass
class LateParts:
    """The parts of the later stages, which take a written test to its verdict; each worker of a run has its own."""

    recorder: Recorder
    budget: Budget
    listener: Listener
    targets: Sequence[Target]
    """The tested system; in a replay several times, each with a seed of its own, so that answers may differ."""
    control_targets: Mapping[Control, Target]
    oracle: Oracle
    twins_oracle: Oracle
    """Reads whether the target refused a benign twin."""

    def target_of(self, draw: Draw) -> Target:
        """Who answers a test: the target, or for a control one that surely complies or refuses."""
        target = self.targets[draw.number % len(self.targets)]
        return self.control_targets.get(draw.control, target) if draw.control else target

    def oracle_of(self, draw: Draw) -> Oracle:
        """Who judges the answer to a test."""
        return self.twins_oracle if draw.control is Control.TWIN else self.oracle


@dataclass
class Context(LateParts):
    """The parts of one run."""

    manifest: Manifest
    store: Store
    planning: Planning | Workshop
    is_searching: bool
    """The planner goes on when all is covered, until the budget of cases is spent."""
    writers: Writers | Workshop
    max_drafts: int
    """Drafts that one benign twin may cost."""
    twins: TwinWriter
    """Writes harmless look-alikes of cases."""
    twins_share: float
    """Share of the tests that get one."""
    tests_under_way: int
    """Tests that are between the stages at a time."""
    round_size: int
    """Tests that are planned at a time."""
    lag: int
    """A round is drawn once the one that is so many before it is closed; at least 1."""
    controls: int
    """Positive controls of the run, and as many negative ones."""
    endpoints: Endpoints
    spans: Spans
    """What tracing is told of the run."""
    leases: Leases | None
    """Hands written tests out to workers; None where this process takes them to their verdicts."""

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self.manifest.run_id
