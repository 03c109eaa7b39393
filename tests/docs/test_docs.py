"""The tutorial works as it is written, and the site has no broken link and fetches nothing."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = re.compile(r"^astral (.*)$", re.MULTILINE)


@pytest.mark.slow
def test_each_command_of_the_tutorial_ends_as_it_says(tmp_path):
    commands = COMMAND.findall((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))
    assert len(commands) >= 5
    for line in commands:
        done = subprocess.run(
            [sys.executable, "-m", "astral", *shlex.split(line)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"astral {line}\n{done.stderr}"
    assert list(tmp_path.glob("runs/*/report.html"))


@pytest.mark.slow
def test_the_site_builds_without_a_broken_link_and_fetches_nothing(tmp_path):
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    for command in (
        [sys.executable, ROOT / "tools" / "reference.py", "docs/reference"],
        [sys.executable, "-m", "zensical", "build", "--strict"],
    ):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    # All that lies in docs/ is published.
    assert [path.name for path in (tmp_path / "site").rglob("*.py")] == []
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 20
    fetched = re.compile(
        r"""<(?:script|img|iframe)[^>]+src=["'](?:https?:)?//|<link[^>]+rel=["']stylesheet["'][^>]+//"""
    )
    assert [page.name for page in pages if fetched.search(page.read_text(encoding="utf-8"))] == []
