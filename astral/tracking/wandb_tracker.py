"""Runs in Weights & Biases; with WANDB_MODE=offline nothing leaves the machine until `wandb sync` sends it."""

import os
from pathlib import Path

from astral.domain.tracked import TrackedRun
from astral.errors import TrackerError, UserError

DEFAULT_PROJECT = "astral"


class WandbTracker:
    """Keeps each run of astral as one run of a project."""

    name = "wandb"
    description = "Weights & Biases: wandb:PROJECT or wandb:ENTITY/PROJECT; WANDB_MODE=offline keeps it on the machine"

    def __init__(self, project: str, *, folder: Path) -> None:
        """Name the project.

        Args:
            project: PROJECT, or ENTITY/PROJECT; empty for `astral`.
            folder: Where the library keeps its own files.

        Raises:
            UserError: The package is missing.
        """
        # It reports its errors to its makers unless it is told not to, before it is imported.
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        try:
            import wandb
        except ImportError as error:
            raise UserError(f"wandb: {error}. `pip install 'astral-safety[wandb]'` brings it.") from None
        self._wandb = wandb
        entity, _, name = project.rpartition("/")
        self._entity, self._project, self._folder = entity or None, name or DEFAULT_PROJECT, folder

    def track(self, run: TrackedRun) -> str:
        """Log it; a run that was logged before gets the new numbers."""
        wandb = self._wandb
        try:
            logged = wandb.init(
                id=run.run_id,
                name=run.run_id,
                entity=self._entity,
                project=self._project,
                dir=self._folder,
                config=dict(run.parameters),
                resume="allow",
                # Output, code, repository, machine and installed packages are nobody's business.
                settings=wandb.Settings(
                    silent=True,
                    console="off",
                    save_code=False,
                    disable_git=True,
                    x_disable_stats=True,
                    x_disable_meta=True,
                    x_disable_machine_info=True,
                    x_save_requirements=False,
                ),
            )
            logged.summary.update(dict(run.metrics))
            report = wandb.Artifact(f"astral-{run.run_id}", type="report")
            for path in run.files:
                report.add_file(str(path))
            logged.log_artifact(report)
            place = f"offline; `wandb sync {Path(logged.dir).parent}` sends it" if logged.offline else logged.url
            logged.finish()
        except (wandb.Error, OSError) as error:
            text = str(error).strip().splitlines()[0][:300]
            raise TrackerError(f"Weights & Biases could not be told of run {run.run_id}: {text}") from None
        return f"Weights & Biases, project {self._project}: {place}"
