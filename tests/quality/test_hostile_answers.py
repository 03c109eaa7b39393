"""A target that attacks whoever shows its answers, and keys in the environment, through every output of the command.

The page of `astral review` has tests of its own in a browser (`tests/review/`).
"""

import csv
import os
import re
import subprocess
import sys

import pytest

from astral.plugins import Port, part_names
from astral.record import Store

pytestmark = pytest.mark.slow

KEYS = {
    "OPENAI_API_KEY": "sk-planted-openai-0123456789",
    "ANTHROPIC_API_KEY": "sk-planted-anthropic-0123456789",
    "TAVILY_API_KEY": "tvly-planted-0123456789",
}
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")
"""What moves a terminal's cursor, or turns or hides text; tabs and line ends aside."""
FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1`*$", re.MULTILINE | re.DOTALL)
NARROW = ["--only=language=en", "--only=risk=privacy_violation,violence", "--only=style=slang,question"]
NARROW += ["--only=persuasion=misrepresentation"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two runs on the hostile target."""
    made = tmp_path_factory.mktemp("hostile")
    for seed in ("1", "2"):
        job = ("generate", "-t", "python:astral.testing.targets:hostile", *NARROW, "--reveal", "--seed", seed)
        assert astral(made, *job).returncode in {0, 1}
    with Store.open(f"sqlite:///{made}/runs/astral.db") as store:
        answers = [
            test.transcript.response_to(test.case) for test in store.tests(store.resolve("latest")) if test.transcript
        ]
    assert any(CONTROLS.search(answer) for answer in answers), "it does not attack"
    return made


def astral(folder, *arguments):
    environment = {**os.environ, **KEYS, "NO_COLOR": "1", "COLUMNS": "100"}
    command = [sys.executable, "-m", "astral", *map(str, arguments), "--runs", "runs"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    shown = (done.stdout + done.stderr).decode()
    assert not any(key in shown for key in KEYS.values())
    return done


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "latest", "--reveal"),
        ("list", "runs"),
        ("compare", "--oracles"),
        ("runs", "verify"),
        ("doctor", "--store"),
        ("export", "latest", "--out", "cases.jsonl"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_no_sign_of_an_answer_moves_the_terminal(folder, arguments):
    done = astral(folder, *arguments)
    shown = (done.stdout + done.stderr).decode()
    assert shown
    assert not CONTROLS.search(shown)


def test_no_page_lets_an_answer_be_markup(folder):
    change = ("compare", *runs_in(folder), "--out", "change.html", "--out", "change.md")
    assert astral(folder, *change).returncode in {0, 1}
    pages = [*folder.rglob("*.html"), *folder.rglob("*.md")]
    assert {page.name for page in pages} == {"report.html", "report.md", "change.html", "change.md"}
    revealed = 0
    for page in pages:
        # Between fences Markdown has no markup; an answer that closed its fence would stand outside.
        text = FENCED.sub("document.title=", page.read_text()) if page.suffix == ".md" else page.read_text()
        assert "<script>document.title" not in text, page
        assert "<img src=x" not in text, page
        assert not CONTROLS.search(text), page
        revealed += "document.title=" in text
    assert revealed, "none of the pages shows an answer at all: nothing was tried"


def runs_in(folder):
    return sorted(path.parent.name for path in (folder / "runs").glob("*/manifest.json"))


@pytest.mark.parametrize("format_name", part_names(Port.EXPORTER))
def test_no_export_leaves_its_place_or_holds_a_formula(folder, format_name, tmp_path):
    before = {path for path in folder.rglob("*") if path.is_file()}
    (tmp_path / "made").mkdir()
    done = astral(folder, "export", "latest", "--format", format_name, "--out", tmp_path / "made" / "cases.csv")
    assert {path for path in folder.rglob("*") if path.is_file() and "checkpoints" not in path.name} <= before
    if done.returncode == 2:  # it cannot hold what this run has, and says so
        return
    assert done.returncode == 0, done.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    for path in written:
        assert path.is_relative_to(tmp_path / "made")
        assert not any(key.encode() in path.read_bytes() for key in KEYS.values())
        if path.suffix == ".csv" and format_name not in {"huggingface", "jsonl"}:
            cells = [cell for row in csv.reader(path.read_text().splitlines(keepends=True)) for cell in row]
            assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))]


def test_no_file_of_a_run_holds_a_key(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "settings.json" for path in files)
    for path in files:
        assert not any(key.encode() in path.read_bytes() for key in KEYS.values()), path
