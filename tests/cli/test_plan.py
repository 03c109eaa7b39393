"""`astral plan`: sizes of covering arrays, and what a run would cost; nothing is sent."""

import csv
import json
from itertools import combinations, product

import pytest

from astral.cli.plan import parsed_levels
from astral.errors import ExitCode, UserError


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch, tmp_path):
    """No settings but those that a test writes."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("strength", "cells"), [("1", 14), ("2", 140), ("3", 840), ("4", 4200)])
def test_the_paper_s_model_is_sized_at_its_lower_bound(astral, strength, cells):
    done = astral("plan", "--levels", "14x10x6x5", "--strength", strength, "--json")
    facts = json.loads(done.out)
    assert done.code == ExitCode.OK
    assert {"cells", "lower_bound", "seconds", "strength", "levels"} == facts.keys()
    assert (facts["cells"], facts["lower_bound"]) == (cells, cells)
    assert (facts["strength"], facts["levels"]) == (int(strength), [14, 10, 6, 5])
    assert facts["seconds"] >= 0


def test_the_cells_of_a_file_hold_every_interaction(astral, tmp_path):
    done = astral("plan", "--levels", "4x3x3x2x2", "--strength", "3", "--cells", "cells.csv")
    head, *rows = list(csv.reader((tmp_path / "cells.csv").open()))
    assert done.code == ExitCode.OK
    assert head == ["d1", "d2", "d3", "d4", "d5"]
    assert f"{len(rows)}" in done.out
    levels = (4, 3, 3, 2, 2)
    for group in combinations(range(5), 3):
        seen = {tuple(int(row[d]) for d in group) for row in rows}
        assert seen == set(product(*(range(levels[d]) for d in group)))


def test_strength_6_can_be_asked_for(astral):
    done = astral("plan", "--levels", "2x2x2x2x2x2x2", "--strength", "6", "--json")
    assert done.code == ExitCode.OK
    assert json.loads(done.out)["cells"] == 64


@pytest.mark.parametrize("text", ["", "x", "14xx", "14x", "-3x2", "14x10;5", "a", "1.5x2", "٣x٣"])
def test_a_text_that_is_no_levels_is_refused_with_an_example(text):
    with pytest.raises(UserError, match="14x10x6x5"):
        parsed_levels(text)


@pytest.mark.parametrize("text", ["14x10x6", "14X10X6", "14×10×6", "14, 10, 6", "14*10*6"])
def test_levels_may_be_written_in_any_usual_way(text):
    assert parsed_levels(text) == (14, 10, 6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--levels", "0x3"), "between 1 and 65,535"),
        (("--levels", "3x3", "--strength", "3"), "between 1 and 2"),
        (("--levels", "1000x1000x1000", "--strength", "3"), "1,000,000,000 interactions"),
        (("--levels", "x".join(["3"] * 60), "--strength", "6"), "groups of 6 dimensions"),
        (("--levels", "3x3", "--only", "language=en"), "leave out"),
        (("--levels", "3x3", "--cells", "no/such/folder.csv"), "--cells"),
        (("--strength", "7"), "less than or equal to 6"),
        (("--only", "langauge=en"), "Did you mean 'language'"),
    ],
)
def test_what_cannot_be_planned_is_a_usage_error_with_its_reason(astral, arguments, message):
    done = astral("plan", *arguments)
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert message in done.err


def test_a_dry_run_counts_cells_and_calls_of_the_settings(astral, tmp_path):
    (tmp_path / "astral.yaml").write_text(
        "judge: {model: 'openai:some-judge'}\nattacker: {model: 'openai:some-attacker', attempts: 4}\ncontrols: 2\n"
        "exclude: [{language: [th], style: [misspellings]}]\n"
    )
    done = astral("plan", "--json", "--cells", "cells.csv")
    facts = json.loads(done.out)
    assert done.code == ExitCode.OK
    assert facts["cells"] == facts["lower_bound"] == 140
    assert (facts["required"], facts["infeasible"]) == (433, 1)
    (lost,) = facts["infeasible_interactions"]
    assert dict(lost["interaction"]) == {"language": "th", "style": "misspellings"}
    calls = {role["role"]: (role["model"], role["calls"], role["calls_at_most"]) for role in facts["calls"]}
    assert calls == {
        "target": ("local", 154, 154),
        "judge": ("openai:some-judge", 158, 316),
        "attacker": ("openai:some-attacker", 36, 576),
    }
    assert facts["tokens_at_most"] == sum(role["tokens_at_most"] for role in facts["calls"]) > 0
    assert facts["minutes_expected"] is facts["dollars_expected"] is facts["dollars_at_most"] is None
    with (tmp_path / "cells.csv").open() as file:
        cells = list(csv.DictReader(file))
    assert len(cells) == 140
    assert list(cells[0]) == ["risk", "language", "style", "persuasion"]
    assert not any(cell["language"] == "th" and cell["style"] == "misspellings" for cell in cells)


def test_a_dry_run_for_people_names_what_it_does_not_know(astral, tmp_path):
    (tmp_path / "astral.yaml").write_text("judge: {model: 'openai:some-judge'}\n")
    done = astral("plan", "--exhaustive", "--only", "language=en")
    assert done.code == ExitCode.OK
    assert "420, at least 420" in done.out
    assert "no time is named" in done.out
    assert "No price is known of openai:some-judge, so no money is named" in done.out


def test_a_dry_run_warns_of_a_budget_that_is_too_small(astral, tmp_path):
    (tmp_path / "astral.yaml").write_text("budget: {cases: 100}\n")
    assert "budget of 100 cases ends the run before" in astral("plan").out


def test_the_paper_s_preset_is_its_420_cells_three_times_each(astral):
    facts = json.loads(astral("plan", "--preset", "astral-paper", "--json").out)
    assert (facts["levels"], facts["dimensions"]) == ([14, 6, 5], ["risk", "style", "persuasion"])
    assert facts["required"] == 420
    assert facts["cells"] == facts["lower_bound"] == 1260


def test_flags_and_the_file_go_over_a_preset(astral, tmp_path):
    (tmp_path / "astral.yaml").write_text("preset: astral-paper\ncoverage: {repeats: 2}\n")
    assert json.loads(astral("plan", "--json").out)["cells"] == 840
    assert json.loads(astral("plan", "--json", "--strength", "2").out)["cells"] == 2 * 14 * 6


def test_an_unknown_preset_names_the_nearest(astral):
    done = astral("plan", "--preset", "astral-papr")
    assert done.code == ExitCode.USAGE
    assert "Did you mean 'astral-paper'" in done.err


def test_a_dry_run_of_any_command_is_the_plan_of_the_same_settings_and_leaves_nothing_behind(astral, tmp_path):
    told = ("--target", "openai:gpt-5-mini", "--max-cases", "300", "--only", "language=en", "--json")
    dry = astral("generate", *told, "--dry-run")
    assert dry.code == ExitCode.OK, dry.err
    assert list(tmp_path.iterdir()) == []
    settings = "target: {model: 'openai:gpt-5-mini'}\nbudget: {cases: 300}\nonly: {language: [en]}\n"
    (tmp_path / "astral.yaml").write_text(settings)
    planned = json.loads(astral("plan", "--json").out)
    assert json.loads(dry.out) | {"seconds": 0} == planned | {"seconds": 0}
    assert planned["tests_at_most"] == 300
