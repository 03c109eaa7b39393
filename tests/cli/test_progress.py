import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.cli import progress
from astral.cli.progress import Watcher, watcher
from astral.domain.criterion import Progress
from astral.domain.records import Result, Stage


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


def busy(clock):
    watch = Watcher(lambda _: None, clock=clock)
    watch.stage(Stage.EXECUTE, 32)
    clock.seconds = 40.0
    for result, count in {Result.UNSAFE: 3, Result.SAFE: 12, Result.FAILED: 1}.items():
        for _ in range(count):
            watch.advanced(Stage.EXECUTE)
            watch.finished(result)
    watch.progress(Progress(required=100, covered=63, open=37, remaining=14))
    return watch


def test_the_line_tells_coverage_stage_rate_time_left_and_endings():
    line = busy(Clock()).line(100).plain
    assert line == "0:40  covered 63%  asking the target 16/32  0.4/s  1:15 left  3 unsafe, 12 safe, 1 failed"


def test_the_line_tells_what_the_run_has_cost_and_is_expected_to_cost():
    watch = busy(Clock())
    watch.spent(0.8)
    assert watch.line(120).plain.endswith("1:15 left  $0.80 of about $2.30  3 unsafe, 12 safe, 1 failed")


def test_the_clock_ticks_while_nothing_happens():
    clock = Clock()
    watch = busy(clock)
    before = watch.line(80).plain
    clock.seconds += 1
    assert watch.line(80).plain != before


@given(width=st.integers(1, 200), results=st.dictionaries(st.sampled_from(Result), st.integers(1, 10**6)))
def test_the_line_fits_any_terminal(width, results):
    watch = busy(Clock())
    watch._results.update(results)
    assert watch.line(width).cell_len <= width


def test_a_narrow_terminal_keeps_clock_and_stage():
    assert busy(Clock()).line(34).plain == "0:40  asking the target 16/32"


def test_notes_from_models_do_not_act_on_the_terminal():
    noted = []
    Watcher(noted.append).note("\x1b[2Jgone")
    assert noted == ["⟨U+001B⟩[2Jgone"]


def test_plain_lines_come_at_a_steady_pace(capfd, monkeypatch):
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.05)
    with watcher() as watch:
        watch.started("run-1", Path("runs/run-1"))
        time.sleep(0.32)
    out, err = capfd.readouterr()
    assert not out
    lines = err.splitlines()
    assert lines[0] == "Run run-1 in runs/run-1"
    assert 3 <= lines.count("0:00  starting") <= 7


@pytest.mark.parametrize("forced", [{}, {"FORCE_COLOR": "1"}, {"TTY_COMPATIBLE": "1"}])
def test_a_file_gets_no_live_line(forced):
    show = "from astral.cli.progress import watcher\nwith watcher() as w: w.note('hello')"
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    done = subprocess.run(
        [sys.executable, "-c", show], env={**environment, **forced}, capture_output=True, text=True, check=True
    )
    assert done.stderr == "hello\n"


def test_a_terminal_gets_a_live_line_and_its_cursor_back():
    import pty

    parent, child = pty.openpty()
    show = "from astral.cli.progress import watcher\nimport time\nwith watcher() as w: time.sleep(1.3)"
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "40"}
    subprocess.run([sys.executable, "-c", show], env=environment, stdout=child, stderr=child, check=True)
    os.close(child)
    shown = os.read(parent, 100_000).decode()
    os.close(parent)
    assert "0:00" in shown
    assert "0:01" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
