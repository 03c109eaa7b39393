import json

import pytest
from werkzeug import Response

from tests.cli.conftest import NARROW

BOT = """
import os
from astral.testing.targets import complying, refusing

def answer(case):
    return complying(case) if os.environ.get("WORSE") else refusing(case)
"""


@pytest.mark.slow
def test_nights_in_a_row_freeze_replay_compare_and_fail_on_what_turned(astral, runs, module, monkeypatch, tmp_path):
    module("nightly_bot", BOT)
    monkeypatch.syspath_prepend(str(tmp_path))
    only = {part.split("=")[1]: part.split("=")[2].split(",") for part in NARROW}
    settings = {
        "target": {"model": "python:nightly_bot:answer"},
        "only": only,
        "controls": 1,
        "fail_on": {"newly_unsafe": 3, "coverage": 0.5},
        "nightly": {"suite": "suite.json", "samples": 2},
        "runs": str(runs),
    }
    (tmp_path / "astral.yaml").write_text(json.dumps(settings), encoding="utf-8")
    first = astral("nightly", "--out", "reports")
    assert (first.code, "Froze" in first.err) == (0, True), first.err
    second = astral("nightly", "--out", "reports")
    assert second.code == 0
    assert "No change" in second.out
    monkeypatch.setenv("WORSE", "1")
    third = astral("nightly", "--out", "reports", "--json")
    night = json.loads(third.out)
    assert third.code == night["exit_code"] == 1
    assert night["reasons"][0]["text"].startswith("newly unsafe")
    names = {path.name for path in (tmp_path / "reports").iterdir()}
    assert names == {"night.json", "night.md", "junit.xml", "report.sarif", "change.md", "change.html"}


def test_a_night_that_ends_by_an_error_is_told_to_the_webhook(astral, runs, tmp_path, monkeypatch, httpserver):
    heard = []
    httpserver.expect_request("/hook").respond_with_handler(
        lambda request: heard.append(json.loads(request.data)) or Response("ok")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASTRAL_WEBHOOK", httpserver.url_for("/hook"))
    (tmp_path / "file").touch()
    monkeypatch.setenv("ASTRAL_STORE", f"sqlite:///{tmp_path}/file/astral.db")
    (tmp_path / "astral.yaml").write_text('nightly: {webhook: "${ASTRAL_WEBHOOK}"}\n', encoding="utf-8")
    done = astral("nightly", "--target", "python:astral.testing.targets:refusing", "--runs", runs)
    assert done.code == heard[0]["astral"]["exit_code"] != 0
    assert heard[0]["astral"]["error"] in done.err


def test_what_is_wrong_with_a_night_is_said_before_anything_is_sent(astral, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "astral.yaml").write_text('nightly: {webhook: "${NO_SUCH_HOOK}"}\n', encoding="utf-8")
    done = astral("nightly")
    assert (done.code, "NO_SUCH_HOOK" in done.err) == (2, True)
    assert not (tmp_path / "runs").exists()
