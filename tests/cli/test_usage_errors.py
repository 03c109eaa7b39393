"""Every mistake that a user can make at the command line: exit code 2, one plain text, and nothing begun."""

import pytest

NARROW = ("--only=language=en", "--only=risk=violence")  # few seeds, where the attacker's are indexed first
TARGET = ("--target", "python:astral.testing.targets:refusing")

WRONG = {
    "vendor": (["--target", "opnai:gpt-5"], ["target 'opnai:gpt-5'", "Did you mean 'openai'?"]),
    "port": (["--target", "pyhton:a:b"], ["Did you mean 'python'?"]),
    "no vendor": (
        ["--target", "gpt-5-mini"],
        ["Known: anthropic, azure, exec, gateway, http, https, local, moderation, openai, python, vllm", "openai:NAME"],
    ),
    "judge": ([*TARGET, "--judge", "locl"], ["judge 'locl'", "Did you mean 'local'?"]),
    "attacker": ([*TARGET, *NARROW, "--attacker", "compse"], ["attacker 'compse'", "Did you mean 'compose'?"]),
    "no model": (["--target", "openai"], ["openai:NAME"]),
    "openai key": (["--target", "openai:gpt-5-mini"], ["OPENAI_API_KEY is not set", "export OPENAI_API_KEY"]),
    "anthropic key": (["--target", "anthropic/claude"], ["ANTHROPIC_API_KEY is not set"]),
    "attacker key": ([*TARGET, *NARROW, "--attacker", "openai:x"], ["attacker openai:x", "OPENAI_API_KEY is not set"]),
    "gguf": (["--target", "local:/nowhere/x.gguf"], ["/nowhere/x.gguf: there is no such file"]),
    "python module": (["--target", "python:nowhere_at_all:f"], ["'nowhere_at_all' is not a module"]),
    "python function": (["--target", "python:astral.testing.targets:refusin"], ["Did you mean 'refusing'?"]),
    "python form": (["--target", "python:astral"], ["python:MODULE:FUNCTION"]),
    "base url": (["--target", "openai:x", "--base-url", "not-a-url"], ["'not-a-url' is no web address"]),
    "taxonomy": ([*TARGET, "--taxonomy", "astral14"], ["Did you mean 'astral-14'?", "ending in .yaml"]),
    "taxonomy file": ([*TARGET, "--taxonomy", "./nowhere.yaml"], ["nowhere.yaml: there is no such file"]),
    "dimension": ([*TARGET, "--only", "langage=en"], ["'langage' is not a dimension. Did you mean 'language'?"]),
    "value": ([*TARGET, "--only", "risk=privacy"], ["Did you mean 'privacy_violation'?", "astral list values risk"]),
    "only": ([*TARGET, "--only", "language"], ["--only 'language': write DIMENSION=VALUE"]),
    "only nothing": ([*TARGET, "--only", "language="], ["write DIMENSION=VALUE"]),
    "only a gap": ([*TARGET, "--only", "language=en,,th"], ["write DIMENSION=VALUE"]),
    "strength": ([*TARGET, "--strength", "7"], ["--strength", "less than or equal to 6"]),
    "no number": ([*TARGET, "--max-cases", "many"], ["--max-cases"]),
    "not a number": ([*TARGET, "--max-unsafe-rate", "nan"], ["--max-unsafe-rate"]),
    "option": ([*TARGET, "--strenght", "2"], ["--strenght", "--strength", "`astral generate --help`"]),
    "argument": ([*TARGET, "more"], ["more", "`astral generate --help`"]),
    "settings file": (["-c", "nowhere.yaml"], ["nowhere.yaml: there is no such file"]),
    "settings folder": (["-c", "."], ["cannot be read"]),
}


@pytest.mark.parametrize(("arguments", "told"), WRONG.values(), ids=WRONG.keys())
def test_generate_says_what_is_wrong(astral, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    done = astral("generate", *arguments)
    assert done.code == 2
    assert not done.out
    # A slow machine is told in the meantime that the run is starting.
    assert done.err.splitlines()[0].startswith("astral: ") or "starting\nastral: " in done.err
    assert "Traceback" not in done.err
    for words in told:
        assert words in done.err
    assert not list(tmp_path.glob("runs/2*")), "a run was begun"


def test_a_strength_above_the_dimensions_is_refused(astral, tmp_path):
    settings = tmp_path / "a.yaml"
    settings.write_text("taxonomies: [astral-14, languages]\nstrength: 3\n")
    done = astral("generate", *TARGET, "-c", settings, "--runs", tmp_path / "runs")
    assert done.code == 2
    assert "3 is not possible with 2 dimensions (risk, language)" in done.err


def test_a_broken_settings_file_is_named_with_its_line(astral, tmp_path):
    settings = tmp_path / "a.yaml"
    settings.write_text("seed: 1\ntarget:\n  model: [\n")
    done = astral("generate", "-c", settings)
    assert done.code == 2
    assert f"{settings}:4:1: this is not YAML" in done.err


def test_a_broken_taxonomy_is_named_with_its_line(astral, tmp_path):
    taxonomy = tmp_path / "risks.yaml"
    taxonomy.write_text("id: mine\nversion: one\ndimension: risk\ntitle: Mine\nlicence: CC0-1.0\nvalues: []\n")
    done = astral("generate", *TARGET, "--taxonomy", taxonomy, "--runs", tmp_path / "runs")
    assert done.code == 2
    assert f"{taxonomy}:2: version should be a whole number (found 'one')." in done.err
    assert f"{taxonomy}:6: values should have at least one entry" in done.err
    assert f"{taxonomy}:1: source is missing." in done.err


@pytest.mark.parametrize("command", ["resume", "report", "explain"])
def test_an_unknown_run_is_refused_and_the_nearest_offered(astral, runs, command):
    run_id = next(runs.glob("2*")).name
    done = astral(command, f"{run_id[:-1]}_", "--runs", runs)
    assert done.code == 2
    assert f"Did you mean '{run_id}'?" in done.err


@pytest.mark.parametrize("command", ["resume", "report", "explain"])
def test_without_any_run_the_next_step_is_told(astral, tmp_path, command):
    done = astral(command, "--runs", tmp_path / "none")
    assert done.code == 2
    assert "`astral generate` makes one" in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["partz"], "Did you mean 'parts'?"),
        (["values", "langage"], "Did you mean 'language'?"),
        (["taxonomies", "risk"], "`astral list values risk`"),
    ],
)
def test_list_says_what_is_wrong(astral, arguments, told):
    done = astral("list", *arguments)
    assert done.code == 2
    assert told in done.err


def test_an_unknown_command_is_told_with_the_nearest(astral):
    done = astral("generat")
    assert done.code == 2
    assert "Did you mean 'generate'?" in done.err


def test_control_characters_of_a_wrong_name_do_not_act(astral):
    done = astral("list", "\x1b[2Jparts")
    assert "\x1b" not in done.err
