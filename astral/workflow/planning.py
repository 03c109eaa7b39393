"""The planner of a run, from its manifest alone: the run itself and every later report have the same one."""

from astral.config import Settings
from astral.domain.ports import Planner
from astral.domain.run import Manifest
from astral.plan import CoveringPlanner


def planner_of(manifest: Manifest) -> Planner:
    """The planner that a manifest asks for, before it was told of any test.

    Raises:
        UserError: The criterion cannot be had in the space.
    """
    attempts = Settings.model_validate(manifest.settings).retries
    return CoveringPlanner(manifest.space, manifest.criterion, seed=manifest.seed, attempts=attempts)
