"""Runs among the experiments of MLflow."""

import logging
import os
from pathlib import Path
from urllib.parse import urlsplit

from astral.domain.tracked import TrackedRun
from astral.errors import TrackerError, UserError

RUN_TAG = "astral.run_id"


class MlflowTracker:
    """Keeps each run of astral as one run of an experiment."""

    name = "mlflow"
    description = "MLflow: parameters, metrics and reports, at a tracking URI such as sqlite:///mlflow.db"

    def __init__(self, uri: str, *, experiment: str) -> None:
        """Open the tracking server, or database.

        Args:
            uri: Its address; empty for what MLFLOW_TRACKING_URI says, or MLflow's own default.
            experiment: Its name; made where it is missing.

        Raises:
            UserError: The package is missing, or the address is none.
        """
        # It reports its use to its makers unless it is told not to, before it is imported.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        try:
            from mlflow import MlflowClient
            from mlflow.exceptions import MlflowException
        except ImportError as error:
            raise UserError(f"mlflow: {error}. `pip install 'astral-safety[mlflow]'` brings it.") from None
        # It tells at length which tables it makes.
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        self._experiment, self._error = experiment, MlflowException
        try:
            self._client = MlflowClient(tracking_uri=uri or None)
        except MlflowException as error:
            raise UserError(f"mlflow:{uri}: {_first_sentence(error)}") from None

    def track(self, run: TrackedRun) -> str:
        """Log it; a run that was logged before gets the new numbers."""
        try:
            return self._track(run)
        except (self._error, OSError) as error:
            raise TrackerError(f"MLflow could not be told of run {run.run_id}: {_first_sentence(error)}") from None

    def _track(self, run: TrackedRun) -> str:
        from mlflow.entities import Metric, Param

        client = self._client
        known = client.get_experiment_by_name(self._experiment)
        place = _artifacts_beside(client.tracking_uri)
        experiment = known.experiment_id if known else client.create_experiment(self._experiment, place)
        before = client.search_runs([experiment], filter_string=f"tags.`{RUN_TAG}` = '{run.run_id}'", max_results=1)
        begun = int(run.created.timestamp() * 1000)
        # Parameters of MLflow are never replaced, and those of a run never change.
        run_id = (
            before[0].info.run_id
            if before
            else client.create_run(experiment, begun, {RUN_TAG: run.run_id}, run.run_id).info.run_id
        )
        client.log_batch(
            run_id,
            metrics=[Metric(name, value, begun, 0) for name, value in run.metrics.items()],
            params=[] if before else [Param(name, value) for name, value in run.parameters.items()],
        )
        for path in run.files:
            client.log_artifact(run_id, str(path))
        client.set_terminated(run_id)
        return f"MLflow, experiment {self._experiment}, run {run_id}"


def _artifacts_beside(uri: str) -> str | None:
    """Where artifacts go: beside a database that is a file; None leaves it to the server.

    Else MLflow puts them into `mlruns` of whatever folder the command was run in, and finds them from there alone.
    """
    address = urlsplit(uri)
    # sqlite:///below/here.db, sqlite:////from/the/root.db
    database = address.path.removeprefix("/")
    if address.scheme != "sqlite" or not database:
        return None
    return (Path(database).resolve().parent / "mlartifacts").as_uri()


def _first_sentence(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300]
