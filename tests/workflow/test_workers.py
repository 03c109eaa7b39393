"""A run whose models are asked by workers of a real Ray cluster, with its record in a real PostgreSQL."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from astral.errors import UserError
from astral.providers import open_embedder
from astral.record import Store
from astral.testing.ray_cluster import ray_cluster
from astral.testing.server import StubServer
from astral.workflow.workers import Workers, workers_of

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
ATTACKER = """
import json, os, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.workflow.test_attackers import written

for line in sys.stdin:
    body = json.loads(line)
    with open({asked!r}, "a") as file:
        file.write(f"{{os.getppid()}}{{os.environ.get('KILLING', '')}}\\n")
    if os.environ.get("KILLING"):
        for life in ("third", "fourth"):
            try:
                Path({asked!r}).with_name(life).touch(exist_ok=False)
            except FileExistsError:
                continue
            os.kill(os.getppid(), signal.SIGKILL)
    print(json.dumps({{"id": body["id"], "text": written(body)}}), flush=True)
"""
NARROW = ["--only", "language=en", "--only", "risk=animal_abuse,violence", "--only", "style=slang,question"]
TEXTS = [
    f"Which {thing} is this?" for thing in ("house", "tree", "train", "river", "song", "book", "door", "hat", "cup")
]
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


@pytest.fixture
def run(tmp_path):
    """Types `astral generate` with a target that kills its worker twice; gives the processes that asked `by`."""
    (tmp_path / "killing.py").write_text(TARGET)
    with StubServer(text=lambda _: json.dumps(VOTE)) as server:
        command = [sys.executable, "-m", "astral", "generate", "--target", "python:killing:answer", *NARROW]
        command += ["--judge", "openai:judge", "--base-url", server.openai_url, "--runs", "runs"]
        environment = {**os.environ, "OPENAI_API_KEY": "none"}

        def type_(*more, by="asked.txt", **environ):
            done = subprocess.run(
                [*command, *more], cwd=tmp_path, env=environment | environ, capture_output=True, text=True, check=False
            )
            assert done.returncode in {0, 1, 4}, done.stderr
            asking = set((tmp_path / by).read_text().split())
            (tmp_path / by).unlink()
            return asking

        type_.server = server
        yield type_


@pytest.mark.slow
def test_workers_that_are_killed_lose_nothing_and_the_verdicts_are_the_same(run, cluster, shared, runs, tmp_path):
    here, server = f"sqlite:///{runs / 'astral.db'}", run.server
    # As many calls as three workers of 8 have together.
    by_process = run("--max-cases", "40", "--concurrency", "24")
    asked_alone = len(server.requests)
    by_workers = run("--max-cases", "40", "--workers", f"ray:3@{cluster}", ASTRAL_STORE=shared)
    assert len(by_process) == 1
    assert len(by_workers) >= 4, "three workers, two of which were killed and started again"
    assert (tmp_path / "second").exists()
    assert lasting(shared) == lasting(here)
    assert len(server.requests) >= 2 * asked_alone > 0


@pytest.mark.slow
def test_workers_ask_the_attacker_and_embed_and_the_cases_are_the_same(run, cluster, shared, tmp_path, monkeypatch):
    asked, root = tmp_path / "attacker.txt", Path(__file__).parents[2]
    (tmp_path / "attacker.py").write_text(ATTACKER.format(root=str(root), asked=str(asked)))
    attacker = f"exec:{sys.executable} {tmp_path / 'attacker.py'}"
    told = ("--attacker", attacker, "--max-cases", "24")
    by_process = run(*told, "--concurrency", "24", by=asked.name)
    by_workers = run(*told, "--workers", f"ray:3@{cluster}", by=asked.name, ASTRAL_STORE=shared)
    assert len(by_process) == 1
    assert len(by_workers) >= 4, "three workers, two of which were killed as they asked and started again"
    assert all(each.endswith("yes") for each in by_workers), "the process that was started asks nothing itself"
    assert (tmp_path / "fourth").exists()
    assert lasting(shared) == lasting(f"sqlite:///{tmp_path / 'runs' / 'astral.db'}")
    with Store.open(shared) as store:
        run_id = store.resolve("latest")
        generators = {case.lineage.generator for _, case in store.cases(run_id) if case.lineage.generator != "twin"}
        assert f"rag-fs:{attacker}" in generators
        manifest = store.manifest(run_id)

    async def embedded():
        workers = Workers(manifest)
        try:
            return await asyncio.to_thread(workers.embed, TEXTS, kind="passage")
        finally:
            workers.close()

    monkeypatch.setenv("ASTRAL_STORE", shared)
    own = open_embedder().embed(TEXTS, kind="passage")
    np.testing.assert_allclose(asyncio.run(embedded()), own, atol=1e-5)
