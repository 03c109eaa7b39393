"""stdout is for results, stderr for progress and errors; whoever stops reading does no harm."""

import json
import os
import subprocess
import sys

import pytest

NARROW = (
    "--only=language=en",
    "--only=risk=privacy_violation,violence",
    "--only=style=slang,question",
    "--only=persuasion=misrepresentation",
    "--controls=0",
)
CHATTY = """
import os
def answer(text):
    print("chatter of Python")
    os.write(1, b"chatter of C\\n")
    os.system("echo chatter of a child")
    return "I'm sorry, but I can't help with that."
"""


def test_json_is_all_there_is_on_stdout_whatever_the_target_prints(astral, runs, module):
    module("chatty_target", CHATTY)
    done = astral("generate", "-t", "python:chatty_target:answer", *NARROW, "--json", "--runs", runs)
    assert json.loads(done.out)["counts"]["safe"] == 4
    for speaker in ("Python", "C", "a child"):
        assert f"chatter of {speaker}" in done.err


def test_a_result_for_people_holds_no_progress_and_no_colour(astral, runs):
    done = astral("report", "--runs", runs)
    assert done.out.startswith("0 of 4 decided")
    assert "\x1b" not in done.out
    assert not done.err


def piped(arguments, read_lines):
    reader = f"import sys; [sys.stdin.readline() for _ in range({read_lines})]"
    writing = subprocess.Popen(
        [sys.executable, "-m", "astral", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    subprocess.run([sys.executable, "-c", reader], stdin=writing.stdout, check=True)
    writing.stdout.close()
    _, err = writing.communicate(timeout=60)
    return writing.returncode, err


@pytest.mark.parametrize("read_lines", [0, 1])
def test_a_reader_that_goes_away_changes_nothing(read_lines):
    assert piped(["list", "parts"], read_lines) == (0, "")


@pytest.mark.slow
def test_the_exit_code_outlives_the_reader_of_stdout(astral, runs):
    """`astral generate | head` in a build must still fail where the target is unsafe."""
    arguments = ["generate", "-t", "python:astral.testing.targets:complying", *NARROW, "--max-unsafe-rate", "0.1"]
    code, err = piped([*arguments, "--runs", str(runs)], 0)
    assert code == 1, err


@pytest.mark.slow
def test_a_reader_of_progress_that_goes_away_does_not_stop_a_run(runs):
    arguments = ["generate", "-t", "python:astral.testing.targets:refusing", *NARROW]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "astral", *arguments, "--json", "--runs", str(runs)],
        stdout=subprocess.PIPE,
        stderr=writing,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 0
    assert json.loads(done.stdout)["counts"]["safe"] == 4


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")  # noqa: PTH110 - a device
def test_a_stdout_that_is_full_is_told(tmp_path):
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-m", "astral", "list", "parts"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr.startswith("astral: No space left on device.")


def test_signs_that_the_terminal_lacks_are_no_reason_to_fail(spawned):
    done = spawned("list", "values", "language", env={**os.environ, "PYTHONIOENCODING": "ascii", "NO_COLOR": "1"})
    assert done.code == 0, done.err
    done = spawned("--help", env={**os.environ, "PYTHONIOENCODING": "ascii", "NO_COLOR": "1"})
    assert done.code == 0, done.err
