"""Runs in MLflow and Weights & Biases: the real packages, on a database and a folder of the test's own."""

from pathlib import Path

import pytest

from astral.config import Settings
from astral.errors import TrackerError, UserError
from astral.testing.conformance import check_tracker
from astral.tracking import MlflowTracker, WandbTracker
from astral.workflow.tracking import tracked, trackers_of
from tests.report.conftest import Build

# Both take seconds to import: only the tests that need them pay for it.


@pytest.fixture
def run(tmp_path):
    """What is told of a run with one unsafe answer of two, and a report."""
    space = Build().space(risk=2, language=1)
    tests = [Build().judged(cell, say, n) for n, (cell, say) in enumerate(zip(space.cells(), ["UNSAFE", "SAFE"]))]  # noqa: B905
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "report.html").write_text("<p>report</p>", encoding="utf-8")
    (folder / "cases.jsonl").write_text("texts of cases", encoding="utf-8")
    return tracked(Build().sample(space, tests).summary(), folder)


def test_numbers_have_their_value_in_their_name_and_texts_stay_here(run):
    risk = next(name for name in run.metrics if name.startswith("unsafe_rate/risk/"))
    assert run.metrics["unsafe_rate"] == 0.5
    assert run.metrics["unsafe_rate/low"] < 0.5 < run.metrics["unsafe_rate/high"]
    assert run.metrics[risk] in {0.0, 1.0}
    assert any(name.startswith("unsafe_rate/language/") for name in run.metrics)
    assert [path.name for path in run.files] == ["report.html"]


@pytest.mark.slow
def test_mlflow_holds_a_run_once_with_parameters_metrics_and_reports(run, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    (tracker,) = trackers_of(Settings(), [f"mlflow:{uri}"])
    check_tracker(tracker, run)
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("astral")
    (kept,) = client.search_runs([experiment.experiment_id])
    assert kept.data.tags["astral.run_id"] == run.run_id
    assert kept.data.params["seed"] == run.parameters["seed"]
    assert kept.data.metrics == pytest.approx(dict(run.metrics))
    assert [file.path for file in client.list_artifacts(kept.info.run_id)] == ["report.html"]
    assert list(Path().iterdir()) == []
    assert list((tmp_path / "mlartifacts").rglob("report.html"))


@pytest.mark.slow
def test_wandb_keeps_a_run_on_the_machine_where_it_is_told_to(run, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    tracker = WandbTracker("team/red", folder=tmp_path)
    # A night has two runs.
    runs = [run, run.model_copy(update={"run_id": "replay"})]
    assert all("wandb sync" in tracker.track(each) for each in runs)
    import wandb

    # Its service writes what is left when it ends, as it does with the process.
    wandb.teardown()
    for each in runs:
        (path,) = (tmp_path / "wandb").glob(f"offline-run-*-{each.run_id}/*.wandb")
        # A log of protobuf records, whose texts stand in it as they are.
        kept = path.read_bytes()
        told = ["team", "red", "report.html", *run.parameters, *run.metrics]
        assert [name for name in told if name.encode() not in kept] == []
        assert b"texts of cases" not in kept


@pytest.mark.slow
def test_what_is_wrong_is_told_before_anything_is_sent():
    with pytest.raises(UserError, match="mlflow"):
        trackers_of(Settings(), ["mlflow:nonsense://x"])
    with pytest.raises(UserError, match="'mlfow' is not a known tracker"):
        trackers_of(Settings(), ["mlfow:x"])


@pytest.mark.slow
def test_a_server_that_is_not_there_is_an_error_in_one_sentence(run, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TrackerError, match=run.run_id) as told:
        MlflowTracker("http://127.0.0.1:9", experiment="astral").track(run)
    assert "\n" not in str(told.value)
