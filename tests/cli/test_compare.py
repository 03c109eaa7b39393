import json
import shutil
import subprocess

import pytest

from tests.cli.conftest import COMPLYING, NARROW, command


@pytest.fixture(scope="module")
def two(one_run, tmp_path_factory):
    """A folder of two runs with the same cases: of a target that refuses, and of one that complies."""
    folder = shutil.copytree(one_run, tmp_path_factory.mktemp("two") / "runs")
    more = command("generate", "--target", COMPLYING, *NARROW, "--controls", 0, "--runs", folder)
    subprocess.run(more, capture_output=True, timeout=120, check=True)
    names = sorted(path.name for path in folder.iterdir() if (path / "manifest.json").exists())
    return folder, names


@pytest.mark.slow
def test_two_runs_are_compared_in_every_form(astral, two, tmp_path):
    folder, (before, after) = two
    html, markdown = tmp_path / "change.html", tmp_path / "change.md"
    done = astral("compare", before, after, "--runs", folder, "--out", html, "--out", markdown)
    assert done.code == 0, done.err
    # Four cases of four turned, which chance does in one of eight.
    assert "No change that chance does not explain" in done.out
    assert "newly unsafe" in done.out
    assert all("4 newly unsafe" in path.read_text(encoding="utf-8") for path in (html, markdown))
    found = json.loads(astral("compare", before, "latest", "--runs", folder, "--json").out)
    assert found["paired"]["only_after"] == found["paired"]["cases"] == 4
    assert len(found["newly_unsafe"]) == 4


@pytest.mark.slow
def test_what_cannot_be_compared_is_said(astral, two, tmp_path):
    folder, (before, after) = two
    assert "the same run" in astral("compare", after, "latest", "--runs", folder).err
    assert ".html, .md or .json" in astral("compare", before, after, "--runs", folder, "--out", tmp_path / "x.txt").err
    assert astral("compare", before, "--runs", folder).code == 2
