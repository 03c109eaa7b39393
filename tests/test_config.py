from pathlib import Path

import pytest

from astral.config import Environment, Settings, load_settings
from astral.errors import UserError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A current folder without settings, and an environment without keys."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ASTRAL_STORE"):
        monkeypatch.delenv(name, raising=False)


def settings_file(text, name="astral.yaml"):
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def wrong(text):
    with pytest.raises(UserError) as told:
        load_settings(settings_file(text))
    return str(told.value)


def test_without_file_and_flags_there_are_the_defaults():
    assert load_settings() == Settings()


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_is_the_defaults(text):
    assert load_settings(settings_file(text)) == Settings()


def test_flags_go_over_the_file_and_the_file_over_the_defaults():
    settings_file(
        "seed: 5\ncontrols: 1\ntarget: {model: 'openai:a', max_tokens: 7}\nonly: {language: [en], style: [slang]}"
    )
    settings = load_settings(
        flags={
            "seed": None,
            "controls": 2,
            "target": {"model": "local", "max_tokens": None},
            "only": {"language": ["th"]},
        }
    )
    assert (settings.seed, settings.controls, settings.concurrency) == (5, 2, 8)
    assert (settings.target.model, settings.target.max_tokens) == ("local", 7)
    assert settings.only == {"language": ("th",), "style": ("slang",)}


def test_a_flag_may_be_false_or_zero():
    settings_file("evidence: {pages: true}\ncontrols: 3\nmax_unsafe_rate: 0.5\n")
    settings = load_settings(flags={"evidence": {"pages": False}, "controls": 0, "fail_on": {"unsafe_rate": 0.0}})
    assert (settings.evidence.pages, settings.controls, settings.fail_on.unsafe_rate) == (False, 0, 0.0)


@pytest.mark.parametrize(("web", "sources"), [("true", ("ddgs",)), ("false", ())])
def test_web_as_earlier_files_say_it_is_the_source_without_a_key(web, sources):
    settings_file(f"web: {web}\n")
    assert load_settings().evidence.sources == sources


def test_a_file_that_is_named_must_be_there():
    with pytest.raises(UserError, match=r"nowhere\.yaml: there is no such file"):
        load_settings(Path("nowhere.yaml"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seed: 1\ntarget:\n  modle: x\n", "astral.yaml:3: target.modle is not a known key. Did you mean 'model'?"),
        ("tarket: {}\n", "astral.yaml:1: tarket is not a known key. Did you mean 'target'?"),
        ("\n\nbudget:\n  cases: many\n", "astral.yaml:4: budget.cases should be a whole number (found 'many')."),
        ("strength: all\n", "astral.yaml:1: strength should be a whole number or 'exhaustive' (found 'all')."),
        ("only:\n  language: en\n", "astral.yaml:2: only.language should be a list"),
        ("only:\n  language: [no]\n", "put the word in quotes"),
        ("target: local\n", "astral.yaml:1: target should hold keys with values"),
        ("taxonomies: []\n", "astral.yaml:1: taxonomies should have at least one entry"),
        ("- seed\n- 1\n", "astral.yaml:1: the file should hold keys with values"),
        ("false\n", "astral.yaml:1: the file should hold keys with values"),
        ("target:\n  model: [\n", "astral.yaml:3:1: this is not YAML"),
        ("seed: 1\nseed: 2\n", "astral.yaml:2:1: this is not YAML: the key 'seed' is there twice"),
        ("!!python/object/apply:os.system [ls]\n", "astral.yaml:1:1: this is not YAML"),
        ("a: 2026-13-45\n", "astral.yaml: this is not YAML"),
        ("[" * 3000, "nested too deeply"),
        ("- " * 300_000, "nested too deeply"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, told):
    assert told in wrong(text)


def test_problems_come_in_the_order_of_the_file_and_not_all_of_them():
    told = wrong(
        "evidence: maybe\nseed: -1\nretries: 0\ncontrols: 99\nconcurrency: 0\nfail_on: {unsafe_rate: 5}\n"
    ).splitlines()
    assert [line.split(":")[1] for line in told[:5]] == ["1", "2", "3", "4", "5"]
    assert told[5:] == ["… and 1 more."]


def test_a_key_that_stands_in_the_file_is_not_repeated():
    assert "12345678" not in wrong("target: sk-abcd-12345678\n")
    assert "12345678" not in wrong("openai_api_key: sk-abcd-12345678\n")


def test_a_file_that_is_no_text_is_told():
    Path("astral.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="not UTF-8"):
        load_settings()


def test_an_impossible_flag_is_told_in_plain_words():
    with pytest.raises(UserError, match=r"budget\.cases should be a whole number"):
        load_settings(flags={"budget": {"cases": "many"}})


def test_settings_come_back_from_their_json():
    settings = load_settings(flags={"only": {"language": ["en"]}, "runs": "elsewhere", "strength": "exhaustive"})
    assert Settings.model_validate(settings.model_dump(mode="json")) == settings


def test_keys_come_from_the_environment_and_are_not_shown(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    environment = Environment()
    assert environment.openai_api_key
    assert environment.openai_api_key.get_secret_value() == "sk-secret"
    assert "sk-secret" not in f"{environment!r}{environment}{environment.model_dump_json()}"


@pytest.mark.parametrize(
    ("text", "guess"),
    [
        ("coverage: {groups: [{dimensons: [risk], strength: 1}]}", "Did you mean 'dimensions'"),
        ("imply: [{if: {style: slang}, den: {language: en}}]", "Did you mean 'then'"),
        ("coverage: {diversity: {dispertion: 0.2}}", "Did you mean 'dispersion'"),
        ('prices: {"openai:mine": {inptu: 1, output: 2}}', "Did you mean 'input'"),
    ],
)
def test_a_misspelt_key_within_a_list_or_a_mapping_names_the_nearest(tmp_path, text, guess):
    path = tmp_path / "astral.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=guess):
        load_settings(path)


@pytest.mark.parametrize("since", ["7", "0d", "-1d", "7 days", "99999d", "d"])
def test_an_age_that_is_none_is_told(since):
    assert "evidence.since" in wrong(f"evidence: {{since: '{since}'}}\n")


def test_the_address_of_the_record_shows_its_password_nowhere(monkeypatch):
    monkeypatch.setenv("ASTRAL_STORE", "postgresql://me:hunter2@host/astral")
    environment = Environment()
    assert environment.astral_store
    assert "hunter2" not in f"{environment!r} {environment} {environment.model_dump_json()}"
