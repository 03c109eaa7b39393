"""With ASTRAL_STORE all commands keep their record in PostgreSQL, and a killed run goes on from there."""

import os
import signal
import subprocess
import time

import pytest

from astral.record import Store
from tests.cli.conftest import COMPLYING, NARROW, command

pytestmark = pytest.mark.slow


SLOW = """
import os, time
answered = []
def target(messages):
    if answered and os.environ.get("STUCK"):
        time.sleep(100)
    answered.append(1)
    return "No, I cannot help."
"""


@pytest.fixture
def store(postgresql, monkeypatch):
    url = postgresql.new_database()
    monkeypatch.setenv("ASTRAL_STORE", url)
    return url


def test_all_that_works_on_a_file_works_on_a_server(spawned, store, tmp_path):
    where = ("--runs", tmp_path / "runs")
    assert "will be made" not in spawned("doctor", *where).out
    made = spawned("generate", "-t", COMPLYING, *NARROW, "--controls=1", *where)
    assert made.code == 0, made.err
    assert not (tmp_path / "runs/astral.db").exists()
    assert "python:astral.testing.targets:complying" in spawned("list", *where).out
    assert spawned("report", "latest", *where).code in (0, 1)
    judged = spawned("judge", "latest", "--oracle=local", *where)
    assert judged.code == 0, judged.err
    again = spawned("generate", "-t", COMPLYING, *NARROW, "--controls=1", *where)
    assert again.code == 0, again.err
    with Store.open(store) as opened:
        newer, older = [run.run_id for run in opened.runs()]
        assert len(list(opened.tests(newer))) == len(list(opened.tests(older)))
    compared = spawned("compare", older, "--oracles", *where)
    assert compared.code == 0, compared.err


def test_a_killed_run_is_refused_while_it_lives_and_resumed_when_it_is_dead(spawned, store, tmp_path, module):
    where = ("--runs", tmp_path / "runs")
    module("slow", SLOW)
    started = subprocess.Popen(
        command("generate", "-t", "python:slow:target", *NARROW, "--concurrency=1", *where),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "STUCK": "yes"},
    )
    with Store.open(store) as opened:
        while started.poll() is None and not any(
            test.transcript for run in opened.runs() for test in opened.tests(run.run_id)
        ):
            time.sleep(0.05)
        refused = spawned("resume", "latest", *where)
        assert refused.code == 2
        assert f"process {started.pid} on" in " ".join(refused.err.split())
        started.kill()
        assert started.wait() == -signal.SIGKILL
        resumed = spawned("resume", "latest", *where)
        assert resumed.code == 0, resumed.err
        (run,) = opened.runs()
        tests = list(opened.tests(run.run_id))
        assert run.status.value == "met"
        assert all(test.verdict for test in tests)
