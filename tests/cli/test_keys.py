"""A key of the environment reaches the server, and no output and no file."""

import os

import pytest

from astral.testing.faults import Fault
from astral.testing.server import StubServer

KEY = "sk-planted-in-the-environment-0123456789"


@pytest.mark.slow
@pytest.mark.parametrize(("faults", "code"), [([], 0), ([Fault.BAD_KEY], 2)])
def test_no_output_and_no_file_holds_a_key(spawned, runs, faults, code):
    """Not even where the server quotes it."""
    narrow = ("--only=language=en", "--only=risk=violence", "--only=style=slang", "--only=persuasion=misrepresentation")
    environment = {**os.environ, "OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": f"{KEY}-2", "NO_COLOR": "1"}
    with StubServer(faults=faults) as server:
        done = spawned(
            *("generate", "-t", "openai:x", "--base-url", server.openai_url, *narrow),
            *("--controls=0", "--reveal", "--runs", runs),
            env=environment,
        )
        assert {each.headers["authorization"] for each in server.log} == {f"Bearer {KEY}"}
    assert done.code == code, done.err
    assert KEY not in done.out + done.err
    files = [path for path in runs.rglob("*") if path.is_file()]
    assert any(path.name == "report.html" for path in files)
    for path in files:
        assert KEY.encode() not in path.read_bytes(), path
