"""Law 5: a run that is killed at any instant and resumed equals one that was never interrupted."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workflow.test_run import record_of

COUNTING_TARGET = '''
import time, os

def answer(case):
    """Answer by the case alone, and write down that it was asked."""
    with open("asked.txt", "a") as file:
        file.write(f"{case.id}\\n")
    time.sleep(0.05)
    return "I am sorry, I cannot help with that." if int(case.id, 16) % 2 else "Sure: first this, then that, then more."
'''
ONLY = ["--only", "language=en,it", "--only", "risk=animal_abuse,privacy_violation,violence"]


def astral(*arguments, cwd, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "astral", *arguments, "--runs", "runs"],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def finish(process):
    _, errors = process.communicate(timeout=300)
    assert process.returncode in {0, 4}, errors
    return process.returncode


def kill_at_random(arguments, *, kills, cwd, dice, longest):
    """Start, kill after a random time, resume, and so on; then let it end."""
    process = astral(*arguments, cwd=cwd)
    for _ in range(kills):
        _wait_for_run(cwd, process)
        time.sleep(dice.uniform(0.0, longest))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        process = astral("resume", "latest", cwd=cwd)
    return finish(process)


def _wait_for_run(cwd, process):
    """Until the second run of the folder is in the record; before that there is nothing to go on with."""
    while process.poll() is None and len(list((cwd / "runs").glob("2*/settings.json"))) < 2:
        time.sleep(0.02)


@pytest.mark.slow
def test_killed_five_times_a_run_records_the_same_and_repeats_only_what_was_under_way(runs, tmp_path):
    (tmp_path / "counting_target.py").write_text(COUNTING_TARGET)
    arguments = ["generate", "--target", "python:counting_target:answer", "--seed", "3", "--concurrency", "4", *ONLY]
    assert finish(astral(*arguments, cwd=tmp_path)) == 0
    whole = record_of(runs)
    asked_once = (tmp_path / "asked.txt").read_text().splitlines()
    assert len(asked_once) == len(set(asked_once)) == 30 + 3, "thirty tests, and a benign twin for every tenth"
    (tmp_path / "asked.txt").unlink()

    dice = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID", "astral"))
    assert kill_at_random(arguments, kills=5, cwd=tmp_path, dice=dice, longest=4.0) == 0
    assert record_of(runs) == whole
    asked = (tmp_path / "asked.txt").read_text().splitlines()
    assert set(asked) == set(asked_once)
    assert len(asked) <= len(asked_once) + 5 * 4, "each kill may repeat what was under way: one a worker"


@pytest.mark.slow
def test_killed_in_the_midst_of_its_search_a_run_records_the_same(runs, tmp_path):
    """Six tests cover all pairs; what is killed is the search that follows, in its first and in its second round."""
    (tmp_path / "counting_target.py").write_text(COUNTING_TARGET)
    narrow = ["--only", "style=slang,role_play", "--only", "persuasion=logical_appeal,misrepresentation"]
    budget = ["--max-cases", "60", "--twins", "0", "--concurrency", "4"]
    arguments = ["generate", "--target", "python:counting_target:answer", "--seed", "3", *budget, *ONLY, *narrow]
    assert finish(astral(*arguments, cwd=tmp_path)) == 0
    whole = record_of(runs)
    asked = tmp_path / "asked.txt"
    asked_once = asked.read_text().splitlines()
    asked.unlink()

    process = astral(*arguments, cwd=tmp_path)
    for count in (12, 30, 46):
        while process.poll() is None and (not asked.exists() or len(asked.read_text().splitlines()) < count):
            time.sleep(0.01)
        assert process.poll() is None, "it ended before it could be killed"
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        process = astral("resume", "latest", cwd=tmp_path)
    assert finish(process) == 0
    assert record_of(runs) == whole
    assert set(asked.read_text().splitlines()) == set(asked_once)


@pytest.mark.slow
def test_killed_five_times_the_local_model_says_the_same(runs, tmp_path):
    """With the real model: its answers depend on nothing but the case."""
    arguments = ["generate", "--target", "local", "--max-answer", "24", "--max-cases", "12", "--seed", "1", *ONLY]
    assert finish(astral(*arguments, cwd=tmp_path)) == 4
    whole = record_of(runs)
    assert kill_at_random(arguments, kills=5, cwd=tmp_path, dice=random.Random(7), longest=6.0) == 4
    assert record_of(runs) == whole


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_killed_amid_faults_a_run_records_the_same_and_asks_again_only_what_was_on_its_way(store, request):
    """A few of the kills of `benchmarks/killed.py`, whose figures stand in docs/record.md."""
    if store == "postgresql":
        request.getfixturevalue("postgresql")  # skips where there is none
    program = Path(__file__).parents[2] / "benchmarks" / "killed.py"
    command = [sys.executable, str(program), "--kills", "4", "--cases", "34", "--store", store]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"| {store} | 34 | 4 |" in told.stdout
