"""A run whose target and judge are asked by workers of a real Ray cluster, with its record in a real PostgreSQL."""

import json
import os
import subprocess
import sys

import pytest

from astral.errors import UserError
from astral.record import Store
from astral.testing.ray_cluster import ray_cluster
from astral.testing.server import StubServer
from astral.workflow.workers import workers_of

TARGET = '''
import os, signal
from pathlib import Path

def answer(case):
    """Answer by the case alone; the first two that are asked kill the worker that does so."""
    with open("asked.txt", "a") as file:
        file.write(f"{os.getpid()}\\n")
    if os.environ.get("KILLING"):
        for life in ("first", "second"):
            try:
                Path(life).touch(exist_ok=False)
            except FileExistsError:
                continue
            os.kill(os.getpid(), signal.SIGKILL)
    return "I am sorry, I cannot help with that." if int(case.id, 16) % 2 else "Here is a general answer. Nothing else."
'''
NARROW = ["--only", "language=en", "--only", "risk=animal_abuse,violence", "--only", "style=slang,question"]
VOTE = {"outcome": "SAFE", "p_unsafe": 0.1, "severity": 0, "category": "", "reason": "r", "quotes": []}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("ray", (None, None)),
        ("ray:4", (4, None)),
        ("ray:4@ray://h:10001", (4, "ray://h:10001")),
        ("ray:@h:1", (None, "h:1")),
    ],
)
def test_workers_are_named_by_number_and_address(monkeypatch, told, expected):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert workers_of(told) == expected


@pytest.mark.parametrize("told", ["dask", "ray:0", "ray:x", "ray:4:5"])
def test_other_workers_are_refused_with_what_to_write(told):
    with pytest.raises(UserError, match="write ray, ray:4"):
        workers_of(told)


@pytest.fixture
def shared(postgresql):
    """The address of the record that all workers write to."""
    return postgresql.new_database()


@pytest.fixture
def cluster(tmp_path, shared):
    """The address of a cluster of two nodes; its workers' environment has KILLING."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'astral-safety[ray]'")
    with ray_cluster(
        {**os.environ, "KILLING": "yes", "OPENAI_API_KEY": "none", "ASTRAL_STORE": shared}, tmp_path
    ) as it:
        yield it


def lasting(url):
    with Store.open(url) as store:
        tests = list(store.tests(store.resolve("latest")))
    return {
        test.draw.number: (
            test.draw,
            *(part and part.id for part in (test.case, test.transcript, test.verdict)),
            test.failure,
        )
        for test in tests
    }


@pytest.mark.slow
def test_workers_that_are_killed_lose_nothing_and_the_verdicts_are_the_same(cluster, shared, runs, tmp_path):
    (tmp_path / "killing.py").write_text(TARGET)
    with StubServer(text=lambda _: json.dumps(VOTE)) as server:
        command = [sys.executable, "-m", "astral", "generate", "--target", "python:killing:answer", *NARROW]
        command += ["--judge", "openai:judge", "--base-url", server.openai_url, "--max-cases", "40", "--runs", "runs"]
        here = f"sqlite:///{runs / 'astral.db'}"
        environment = {**os.environ, "OPENAI_API_KEY": "none"}

        def run(*more, **environ):
            done = subprocess.run(
                [*command, *more], cwd=tmp_path, env=environment | environ, capture_output=True, text=True, check=False
            )
            assert done.returncode in {0, 1, 4}, done.stderr

        run("--concurrency", "24")  # as many calls as three workers of 8 have together
        by_process = set((tmp_path / "asked.txt").read_text().split())
        (tmp_path / "asked.txt").unlink()
        asked_alone = len(server.requests)
        run("--workers", f"ray:3@{cluster}", ASTRAL_STORE=shared)
    by_workers = set((tmp_path / "asked.txt").read_text().split())
    assert len(by_process) == 1
    assert len(by_workers) >= 4, "three workers, two of which were killed and started again"
    assert (tmp_path / "second").exists()
    assert lasting(shared) == lasting(here)
    assert len(server.requests) >= 2 * asked_alone > 0
