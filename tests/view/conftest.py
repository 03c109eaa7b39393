"""A record with runs of several nights, and a view of it that is served."""

import threading
from datetime import timedelta

import pytest

from astral.domain.run import RunStatus
from astral.record import Entry, Store
from astral.testing.synthetic_run import synthetic_manifest, synthetic_tests
from astral.view import ViewServer

NIGHTS = 3
TESTS = 30
"""Of a run; of more its report would embed some, a third of a second each for such long texts."""


def add_night(store, night, target="synthetic", count=TESTS, **more):
    """A finished run of the night with this number."""
    made = synthetic_manifest(seed=night)
    manifest = made.model_copy(
        update={
            "run_id": f"run-{len(store.runs())}",
            "created": made.created + timedelta(days=night),
            "models": {**made.models, "target": target},
            **more,
        }
    )
    tests = list(synthetic_tests(manifest, count))
    store.add_run(manifest)
    store.open_round(manifest.run_id, 0, [test.draw for test in tests])
    parts = [(test.draw.number, part) for test in tests for part in (test.case, test.transcript, test.verdict)]
    store.write(manifest.run_id, [Entry(*part) for part in parts])
    store.set_status(manifest.run_id, RunStatus.INCOMPLETE)
    return manifest


@pytest.fixture
def runs(tmp_path):
    """Folder of runs."""
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.fixture
def store(runs):
    with Store.open(f"sqlite:///{runs}/astral.db") as opened:
        yield opened


@pytest.fixture
def served(store, runs):
    """Serves a record of three nights on one target, and one on another."""
    for night in range(NIGHTS):
        add_night(store, night)
    add_night(store, 1, target="<b>other</b>")
    server = ViewServer(store, runs, reveal=True)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield server
    server.stop()
    thread.join(5)
    server.close()
