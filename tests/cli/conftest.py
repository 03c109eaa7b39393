import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from astral.cli import main

REFUSING = "python:astral.testing.targets:refusing"
COMPLYING = "python:astral.testing.targets:complying"
NARROW = (
    "--only=language=en",
    "--only=risk=privacy_violation,violence",
    "--only=style=slang,question",
    "--only=persuasion=misrepresentation",
)
"""Two risks, two styles: four pairs of them, and few seeds to embed."""


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch):
    """Eighty columns, no colour, no key."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ASTRAL_STORE", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def astral(capfd):
    """Types a command within this process."""

    def type_(*arguments):
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Done(int(ended.value.code), out, err)

    return type_


@pytest.fixture
def spawned():
    """Types a command as a process of its own."""

    def type_(*arguments, cwd=None, **more):
        done = subprocess.run(
            command(*arguments), capture_output=True, text=True, timeout=600, check=False, cwd=cwd, **more
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return type_


def command(*arguments):
    return [sys.executable, "-m", "astral", *map(str, arguments)]


@pytest.fixture(scope="session")
def one_run(tmp_path_factory):
    """A folder of runs that holds one met run of a refusing target; its seeds are embedded already. Tests copy it."""
    folder = tmp_path_factory.mktemp("cli") / "runs"
    done = subprocess.run(
        command("generate", "--target", REFUSING, *NARROW, "--controls", 1, "--runs", folder),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def runs(one_run, tmp_path_factory):
    """A folder of runs of the test's own."""
    return shutil.copytree(one_run, tmp_path_factory.mktemp("own") / "runs")


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a Python module into the current folder, which is a new one."""
    monkeypatch.chdir(tmp_path)

    def write(name, text):
        Path(f"{name}.py").write_text(text, encoding="utf-8")

    return write
