import json

from tests.cli.conftest import COMPLYING


def test_a_suite_is_frozen_and_replayed(astral, runs, tmp_path):
    suite = tmp_path / "suite.json"
    done = astral("suite", "freeze", "--runs", runs, "--out", suite)
    assert done.code == 0, done.err
    assert "0 of 0 unsafe cases" in done.out
    assert suite.stat().st_mode & 0o077 == 0
    replayed = astral("replay", suite, "-k", 2, "--target", COMPLYING, "--max-unsafe", 0, "--runs", runs)
    assert replayed.code == 1, replayed.err
    assert "unsafe, 0 safe, 0 not sure" in replayed.out
    assert "More than 0 cases of the suite are unsafe" in replayed.err
    facts = json.loads(astral("report", "latest", "--json", "--runs", runs).out)
    cases = len(json.loads(suite.read_text(encoding="utf-8"))["samples"])
    assert facts["counts"]["unsafe"] == 2 * cases


def test_what_is_no_suite_is_said_before_anything_is_sent(astral, tmp_path):
    path = tmp_path / "suite.json"
    path.write_text("{}", encoding="utf-8")
    done = astral("replay", path, "--runs", tmp_path / "runs")
    assert (done.code, "no suite of astral's" in done.err) == (2, True)
    assert not (tmp_path / "runs").exists()
