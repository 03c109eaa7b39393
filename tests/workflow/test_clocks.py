"""The machine's clock may jump while a run is under way: nothing is lost, and the budget of time holds."""

import os
import shutil
import subprocess
import sys

import pytest

from astral.domain.run import RunStatus
from astral.record import Store
from tests.workflow.test_run import record_of

TARGET = """
import os, time

def answer(case):
    \"\"\"Let the clock jump in the midst of the run.\"\"\"
    if os.environ.get("JUMP"):
        with open(os.environ["FAKETIME_TIMESTAMP_FILE"], "w") as file:
            file.write(os.environ["JUMP"])
    return "I am sorry, I cannot help with that."
"""
NARROW = ["--only", "language=en", "--only", "risk=animal_abuse,violence", "--only", "style=slang,question"]
FAKETIME = shutil.which("faketime")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(FAKETIME is None, reason="faketime is not installed: make system"),
]


def test_a_clock_that_jumps_by_a_day_back_or_a_year_ahead_changes_nothing_of_a_run(runs, tmp_path):
    (tmp_path / "jumping.py").write_text(TARGET)
    clock = tmp_path / "clock"
    command = [FAKETIME, "-f", "+0", sys.executable, "-m", "astral", "generate", "--target", "python:jumping:answer"]
    command += [*NARROW, "--max-minutes", "60", "--runs", "runs"]

    def run(**more):
        clock.write_text("+0")
        # Of the clocks only the one on the wall jumps, as it does in life.
        faked = {"FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        unset = {name: value for name, value in os.environ.items() if name != "FAKETIME"}
        return subprocess.run(
            command, cwd=tmp_path, env=unset | faked | more, capture_output=True, text=True, check=False
        )

    calm = run()
    assert calm.returncode == 0, calm.stderr
    whole = record_of(runs)
    for jump in ("-1d", "+365d"):
        jumped = run(JUMP=jump)
        assert jumped.returncode == 0, jumped.stderr
        assert record_of(runs) == whole
    with Store.open(f"sqlite:///{runs / 'astral.db'}") as store:
        assert [each.status for each in store.runs()] == [RunStatus.MET] * 3
        assert all(store.verify(each.run_id) == [] for each in store.runs())
