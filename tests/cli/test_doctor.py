import os

import pytest

from astral.testing.faults import Fault
from astral.testing.server import StubServer

REFUSING = "python:astral.testing.targets:refusing"
KEY = "sk-planted-in-the-environment-0123456789"


def test_where_all_works_it_says_so_and_leaves_nothing(astral, tmp_path):
    done = astral("doctor", "--target", REFUSING, "--runs", tmp_path / "runs")
    assert done.code == 0, done.out
    assert done.out.splitlines()[-1] == "Everything works."
    assert "NO  " not in done.out
    assert done.out.count("ok  ") == 8
    assert f"{REFUSING}: answered" in done.out
    assert not list(tmp_path.iterdir())


def test_what_does_not_work_is_told_with_what_to_do(astral, tmp_path):
    (tmp_path / "file").write_text("")
    done = astral("doctor", "--target", "openai:gpt-5-mini", "--runs", tmp_path / "file" / "runs")
    assert done.code == 3
    text = " ".join(done.out.split())
    assert "NO store" in text
    assert "NO target" in text
    assert "export OPENAI_API_KEY" in text
    assert "2 of 8 checks failed." in text


def test_a_judge_and_an_attacker_without_their_keys_are_found_before_a_run(astral, tmp_path):
    settings = tmp_path / "a.yaml"
    settings.write_text("attacker: {model: 'anthropic:x'}\njudge: {model: 'openai:y'}\n")
    done = astral("doctor", "-c", settings, "--target", REFUSING, "--runs", tmp_path / "runs")
    assert done.code == 3
    assert "NO  attacker" in done.out
    assert "NO  judge" in done.out


def test_a_key_is_told_to_be_there_and_not_shown(astral, tmp_path, monkeypatch):
    """Not even where the server quotes it."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with StubServer(faults=[Fault.BAD_KEY]) as server:
        done = astral("doctor", "--target", "openai:x", "--base-url", server.openai_url, "--runs", tmp_path / "r")
        assert server.log[0].headers["authorization"] == f"Bearer {KEY}"
    assert "OPENAI_API_KEY is set" in done.out
    assert "NO  target" in done.out
    assert KEY not in done.out + done.err


def test_a_store_that_is_there_is_counted(astral, runs):
    done = astral("doctor", "--target", REFUSING, "--runs", runs)
    assert f"{runs / 'astral.db'}:" in "".join(done.out.split("\n               "))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_closed_is_told(astral, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    done = astral("doctor", "--target", REFUSING, "--runs", tmp_path / "closed" / "runs")
    assert done.code == 3


def test_sources_of_evidence_are_asked_only_when_it_is_said(astral, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("Sunny, with some clouds.")
    settings = tmp_path / "a.yaml"
    sources = [f"folder:{tmp_path / 'notes'}", "rss:http://127.0.0.1:9/feed"]
    settings.write_text(f"evidence: {{sources: {sources}}}\n")
    typed = ("doctor", "-c", settings, "--target", REFUSING, "--runs", tmp_path / "runs")
    assert "ok  evidence" not in (quiet := astral(*typed).out)
    assert "NO  evidence" not in quiet
    done = astral(*typed, "--web")
    assert done.code == 3
    assert "1 passages, 0 of them dated" in " ".join(done.out.split())
    assert "NO  evidence" in done.out
    assert "cannot be reached" in " ".join(done.out.split())
