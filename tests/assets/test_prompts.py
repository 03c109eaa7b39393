import pytest

from astral.assets import load_prompt, prompt_refs
from astral.assets import prompts as prompts_module
from astral.errors import UnknownNameError, UserError

GOOD = "---\nid: stage/name\nversion: 2\nvariables: [thing]\nsource: Made up.\n---\nLook at {{ thing }}.\n"


@pytest.fixture
def prompt(tmp_path, monkeypatch):
    """Loads the text as the prompt `stage/name`."""
    monkeypatch.setattr(prompts_module, "asset_folder", lambda name: tmp_path / name)
    path = tmp_path / "prompts" / "stage" / "name.md"
    path.parent.mkdir(parents=True)

    def load(text):
        path.write_text(text)
        load_prompt.cache_clear()
        return load_prompt("stage/name")

    yield load
    load_prompt.cache_clear()


@pytest.mark.parametrize("ref", prompt_refs(), ids=lambda ref: ref.id)
def test_shipped_prompts_are_named_as_their_files_and_can_be_filled_in(ref):
    prompt = load_prompt(ref.id)
    assert prompt.id == ref.id
    assert prompt.source


def test_a_prompt_is_filled_in_and_named_by_its_text(prompt):
    first = prompt(GOOD)
    assert first.render(thing="this") == "Look at this."
    assert (first.ref.id, first.ref.version) == ("stage/name", 2)
    assert prompt(GOOD.replace("Look", "Stare")).digest != first.digest


def test_a_missing_or_needless_variable_is_refused(prompt):
    for variables in ({}, {"thing": 1, "other": 2}):
        with pytest.raises(TypeError, match="takes"):
            prompt(GOOD).render(**variables)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("version: 2", "version: two"), r"name\.md:3: version should be a whole number"),
        (GOOD.replace("source: Made up.\n", ""), r"name\.md:1: source is missing"),
        (GOOD.replace("variables: [thing]", "variables: [thing"), r"name\.md:5:7: this is not YAML"),
        (GOOD.replace("}}", ""), r"name\.md:7: this is not a Jinja template"),
        (GOOD.replace("{{ thing }}", "{{ " + 2000 * "[" + " }}"), "nested too deeply"),
        (GOOD.replace("[thing]", "[thing, other]"), "the text uses"),
        ("Look at {{ thing }}.", r"name\.md:1: a prompt starts with a front matter"),
    ],
)
def test_a_broken_prompt_is_told_with_its_line(prompt, text, told):
    with pytest.raises(UserError, match=told):
        prompt(text)


def test_an_unknown_prompt_is_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'generate/attack'"):
        load_prompt("generate/atack")
