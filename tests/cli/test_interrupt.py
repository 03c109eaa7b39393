"""Ctrl-C, a time limit and a closed terminal end a run in order: 130, resumable, and the terminal as it was."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

NARROW = (
    "--only=language=en",
    "--only=risk=privacy_violation,violence",
    "--only=style=slang,question",
    "--only=persuasion=misrepresentation",
    "--controls=0",
)
GENERATE = [sys.executable, "-m", "astral", "generate", "-t", "python:held_target:answer", *NARROW, "--concurrency=1"]
HELD = """
import pathlib, time
def answer(text):
    pathlib.Path("asked").touch()
    for _ in range(1200):
        if pathlib.Path("go").exists():
            break
        time.sleep(0.05)
    return "I'm sorry, but I can't help with that."
"""


def begun(runs, **streams):
    """A run that has asked its target and waits for the answer."""
    process = subprocess.Popen(
        [*GENERATE, "--runs", str(runs)],
        **streams,
    )
    until = time.monotonic() + 60
    while not os.path.exists("asked"):  # noqa: PTH110 - polled
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.05)
    os.remove("asked")  # noqa: PTH107
    return process


def end(process, number):
    """Send a signal; only then does the target answer, however slow the machine is."""
    process.send_signal(number)
    time.sleep(0.2)
    Path("go").touch()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_with_130_and_the_command_to_go_on(astral, runs, module, number):
    module("held_target", HELD)
    process = begun(runs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end(process, number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert not out
    assert "Traceback" not in err
    told = next(line for line in err.splitlines() if line.startswith("Interrupted"))
    command = told.rpartition("astral ")[2].split()
    assert command[0] == "resume"
    assert command[2:] == ["--runs", str(runs)]
    listed = json.loads(astral("list", "--json", "--runs", runs).out)
    assert next(row["status"] for row in listed if row["run"] == command[1]) == "interrupted"
    done = astral(*command, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["counts"]["safe"] == 4


@pytest.mark.slow
def test_a_second_process_on_the_same_run_is_refused(astral, runs, module):
    module("held_target", HELD)
    process = begun(runs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        done = astral("resume", "--runs", runs)
        assert done.code == 2
        assert f"process {process.pid}" in done.err
    finally:
        end(process, signal.SIGTERM)
        process.wait(120)


@pytest.mark.slow
def test_a_terminal_is_left_as_it_was(runs, module):
    import pty
    import threading

    module("held_target", HELD)
    parent, child = pty.openpty()
    shown = bytearray()

    def read():
        try:
            while part := os.read(parent, 4096):
                shown.extend(part)
        except OSError:
            pass  # the other end was closed

    reader = threading.Thread(target=read)
    reader.start()
    process = begun(runs, stdin=child, stdout=child, stderr=child, start_new_session=True)
    time.sleep(0.6)
    end(process, signal.SIGINT)
    assert process.wait(120) == 130
    os.close(child)
    reader.join(5)
    os.close(parent)
    text = shown.decode()
    assert "asking the target" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l"), "the cursor is hidden"
    assert "Go on with: astral resume" in text
