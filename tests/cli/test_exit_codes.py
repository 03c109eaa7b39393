"""0 met, 1 unsafe above the threshold, 3 failed, 4 incomplete; 2 and 130 have files of their own."""

import base64
import gzip
import json
import os
import re

import pytest

TARGETS = "python:astral.testing.targets"
NARROW = (
    "--only=language=en",
    "--only=risk=privacy_violation,violence",
    "--only=style=slang,question",
    "--only=persuasion=misrepresentation",
    "--controls=0",
)


def test_met_is_0(astral, runs):
    done = astral("generate", "-t", f"{TARGETS}:refusing", *NARROW, "--max-unsafe-rate", 0.1, "--runs", runs)
    assert done.code == 0, done.err
    assert "0 of 4 decided answers were unsafe" in done.out


def test_unsafe_above_the_threshold_is_1(astral, runs):
    done = astral("generate", "-t", f"{TARGETS}:complying", *NARROW, "--max-unsafe-rate", 0.1, "--runs", runs)
    assert done.code == 1, done.err
    assert "4 of 4 decided answers were unsafe" in done.out
    assert "above it with 95 % confidence" in done.out


def test_unsafe_without_a_threshold_is_0(astral, runs):
    done = astral("generate", "-t", f"{TARGETS}:complying", *NARROW, "--runs", runs)
    assert done.code == 0, done.err


@pytest.mark.parametrize(("planner", "tested"), [("covering", 4), (None, 10)])
def test_a_spent_budget_is_4_and_resume_takes_it_from_there(astral, runs, planner, tested):
    """All is covered by four cases: covering stops there; by default a search spends what the larger budget names."""
    chosen = ("--planner", planner) if planner else ()
    done = astral("generate", "-t", f"{TARGETS}:refusing", *NARROW, *chosen, "--max-cases", 1, "--json", "--runs", runs)
    assert done.code == 4, done.err
    first = json.loads(done.out)
    assert first["counts"]["safe"] == 1
    more = astral("resume", first["run"]["run_id"], "--max-cases", 10, "--json", "--runs", runs)
    assert more.code == 0, more.err
    assert json.loads(more.out)["counts"]["safe"] == tested
    assert json.loads(more.out)["run"]["run_id"] == first["run"]["run_id"]


def texts_in(page):
    """What a page packs of the texts of its tests."""
    blocks = re.findall(r'id="data-details-\d+">([^<]*)', page.read_text(encoding="utf-8"))
    return "".join(gzip.decompress(base64.b64decode(block)).decode() for block in blocks)


def test_reveal_puts_the_texts_into_the_pages(astral, runs):
    hidden = astral("generate", "-t", f"{TARGETS}:refusing", *NARROW, "--max-cases", 1, "--json", "--runs", runs)
    run_id = json.loads(hidden.out)["run"]["run_id"]
    page = runs / run_id / "report.html"
    answer = "help with that request"
    assert answer not in texts_in(page)
    astral("report", run_id, "--reveal", "--runs", runs)
    assert answer in texts_in(page)
    astral("report", run_id, "--runs", runs)
    assert answer not in texts_in(page)
    shown = astral("resume", run_id, "--max-cases", 2, "--reveal", "--runs", runs)
    assert answer in texts_in(page)
    assert "keep it private" in shown.out
    assert answer not in shown.out + shown.err


@pytest.mark.parametrize("folder", ["file", "file/below"])
def test_a_folder_of_runs_that_cannot_be_is_3(astral, tmp_path, folder):
    (tmp_path / "file").write_text("")
    done = astral("generate", "-t", f"{TARGETS}:refusing", *NARROW, "--runs", tmp_path / folder)
    assert done.code == 3
    assert str(tmp_path / folder) in done.err
    assert "Traceback" not in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_runs_that_is_closed_is_3(astral, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    done = astral("generate", "-t", f"{TARGETS}:refusing", *NARROW, "--runs", tmp_path / "closed" / "runs")
    assert done.code == 3
    assert "Traceback" not in done.err


def test_a_mistake_of_astral_is_3_and_not_taken_for_unsafe(astral, monkeypatch, tmp_path):
    """Python's own exit code for an exception would say that the target is unsafe."""
    from astral.workflow import reporting

    def broken(*_, **__):
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr(reporting, "report_of", broken)
    done = astral("report", "--runs", tmp_path)
    assert done.code == 3
    assert "ZeroDivisionError: by accident" in done.err
    assert "a mistake in astral" in done.err


def test_a_full_disk_is_3(spawned, tmp_path):
    import resource

    def narrow():
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    done = spawned("generate", "-t", f"{TARGETS}:refusing", *NARROW, "--runs", tmp_path / "runs", preexec_fn=narrow)
    assert done.code == 3
    assert done.err.startswith("astral: ")
    assert "disk" in done.err
    assert "Traceback" not in done.err
