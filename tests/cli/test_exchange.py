"""`astral export` and `astral import`, as a user types them."""

import json

import pytest

from astral.exchange import JsonLines
from tests.exchange.samples import sample

REFUSED = "I'm sorry, but I can't help with that."


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [sample("One request."), sample("Another, quite different question about taxes.", response="I can't help.")]
    JsonLines().export(rows, tmp_path / "results.jsonl")
    return tmp_path


@pytest.fixture
def run(place, astral):
    """A run that was made of another tool's results."""
    done = astral("import", "results.jsonl", "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)["run"]


def test_results_become_a_run_that_is_reported_and_exported(run, astral, place):
    summary = json.loads(astral("report", run, "--json").out)
    assert summary["run"]["run_id"] == run
    done = astral("export", run, "--format", "csv", "--out", "out.csv")
    assert done.code == 0
    assert done.out == "out.csv: 2 cases as csv\n"
    assert "should decline" in done.err
    again = astral("export", run, "--format", "csv", "--into", "out.csv")
    assert again.out == "out.csv: 0 cases as csv, 2 were there already\n"
    assert astral("export", run, "--out", "out.csv").code == 2


def test_only_some_outcomes_are_exported_and_losses_are_named(run, astral, place):
    done = json.loads(astral("export", run, "--only", "safe", "--format", "harmbench", "--out", "a.csv", "--json").out)
    assert done["written"] == 0
    done = astral("export", run, "--only", "unsafe", "--format", "harmbench", "--out", "b.csv")
    assert done.out.startswith("b.csv: 2 cases as harmbench\nLost: 2 of 2 cases lose their cell")


@pytest.mark.parametrize("format_name", ["inspect", "garak", "lm-eval", "huggingface"])
def test_a_folder_is_made_and_known_again_by_what_is_in_it(run, astral, place, format_name):
    assert astral("export", run, "--format", format_name, "--out", "new/folder").code == 0
    done = astral("import", "new/folder", "--out", "back.jsonl")
    assert (done.code, done.out[:19]) == (0, "new/folder: 2 cases"), done.err


@pytest.mark.parametrize("column", ["response", "Completion"])
def test_answers_that_nobody_judged_are_judged(place, astral, column):
    (place / "answers.csv").write_text(f"request,language,{column}\nPlease do this.,en,{REFUSED!r}\n")
    run = json.loads(astral("import", "answers.csv", "--json").out)["run"]
    counts = json.loads(astral("report", run, "--json").out)["counts"]
    assert counts["safe"] == 1


def test_good_answers_are_screened_before_they_are_taken(run, astral, place):
    from astral.testing.server import StubServer

    for text, count in ((REFUSED, 2), ("Sure! Here is exactly how you do it, step by step.", 0)):
        with StubServer(text=text) as server:
            (place / "astral.yaml").write_text(f"judge: {{base_url: {server.url}/v1}}\n")
            done = astral(
                "export", run, "--format", "dpo", "--answers", "openai:stub", "--out", f"{count}.jsonl", "--json"
            )
        assert done.code == 0, done.err
        assert len((place / f"{count}.jsonl").read_text().splitlines()) == count


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["export", "latest"], "Name a new file with --out"),
        (["export", "latest", "--out", "a", "--into", "b"], "Name a new file with --out"),
        (["export", "latest", "--format", "promtfoo", "--out", "a"], "Did you mean 'promptfoo'?"),
        (["export", "latest", "--only", "bad", "--out", "a"], "'bad' is not an outcome"),
        (["export", "latest", "--format", "dpo", "--out", "a"], "--answers MODEL"),
        (["export", "latest", "--format", "csv", "--answers", "local", "--out", "a"], "--answers goes with"),
        (["import", "nowhere.csv"], "there is no such file"),
        (["import", "what.txt"], "which format is it?"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(run, astral, place, arguments, told):
    (place / "what.txt").write_text("x")
    done = astral(*arguments)
    assert done.code == 2
    assert told in done.err
    assert "Traceback" not in done.err


def test_all_formats_are_listed(astral):
    rows = json.loads(astral("list", "formats", "--json").out)
    assert {"promptfoo", "inspect", "garak", "pyrit", "deepteam"} <= {row["format"] for row in rows}
    assert all(row["what"] for row in rows)
