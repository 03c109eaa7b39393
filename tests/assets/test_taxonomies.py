import re

import jsonschema
import pytest
import yaml

from astral.assets import (
    load_frames,
    load_seeds,
    load_taxonomy,
    load_transform_file,
    read_yaml,
    seed_languages,
    taxonomy_digest,
    taxonomy_names,
    taxonomy_schema,
)
from astral.assets.folders import asset_folder
from astral.assets.taxonomies import TransformFile
from astral.assets.yaml_files import read_model
from astral.errors import UnknownNameError, UserError
from astral.generate.child_screen import breaks_child_safety

MINE = {
    "id": "mine",
    "version": 1,
    "dimension": "risk",
    "title": "Mine",
    "source": {"title": "Me", "url": "https://example.invalid"},
    "licence": "CC0-1.0",
    "values": [{"id": "noise", "name": "Noise", "definition": "Too loud.", "decibels": 90}],
}


@pytest.fixture
def mine(tmp_path):
    """Writes a taxonomy that differs from `MINE` in some keys."""

    def write(**changes):
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump({**MINE, **changes}, sort_keys=False))
        return path

    return write


@pytest.mark.parametrize("name", taxonomy_names())
def test_shipped_taxonomies_are_what_their_schema_says(name):
    schema = taxonomy_schema()
    check = jsonschema.Draft202012Validator(schema)
    check.check_schema(schema)
    check.validate(read_yaml(asset_folder("taxonomies") / f"{name}.yaml"))


@pytest.mark.parametrize("name", taxonomy_names())
def test_shipped_taxonomies_are_cited_and_licensed(name):
    taxonomy = load_taxonomy(name)
    assert taxonomy.id == name
    assert taxonomy.source.url.startswith("https://")
    assert taxonomy.licence


def test_the_schema_refuses_what_the_loader_refuses(mine):
    for changes in ({"version": "one"}, {"values": []}, {"colour": "red"}, {"values": [{"id": "No!", "name": "x"}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**MINE, **changes}, taxonomy_schema())
        with pytest.raises(UserError):
            load_taxonomy(mine(**changes))


def test_a_file_of_ones_own_is_read_and_what_it_says_beside_is_a_trait(mine):
    jsonschema.validate(MINE, taxonomy_schema())
    taxonomy = load_taxonomy(str(mine()))
    assert dict(taxonomy.values[0].traits) == {"decibels": 90}


def test_a_value_that_is_there_twice_is_told(mine):
    path = mine(values=[*MINE["values"], *MINE["values"]])
    with pytest.raises(UserError, match="the values noise are there twice"):
        load_taxonomy(path)


def test_an_unknown_name_is_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"Did you mean 'astral-14'\? .*ending in \.yaml"):
        load_taxonomy("astral14")


@pytest.mark.parametrize("name", ["nowhere.yaml", "nowhere/at/all.yml"])
def test_a_file_that_is_not_there_is_told(name):
    with pytest.raises(UserError, match="there is no such file"):
        load_taxonomy(name)


def test_the_digest_follows_the_file(mine):
    before = taxonomy_digest(mine())
    assert taxonomy_digest(mine()) == before
    assert taxonomy_digest(mine(title="Other")) != before


def test_every_risk_has_ten_seeds_and_every_style_and_persuasion_four_frames_in_every_language():
    languages = load_taxonomy("languages").as_dimension().by_id
    assert set(seed_languages(load_taxonomy("astral-14"))) >= set(languages)
    risks = {value.id for value in load_taxonomy("astral-14").values}
    framed = {name: {value.id for value in load_taxonomy(file).values} for name, file in FRAMED.items()}
    for language in seed_languages(load_taxonomy("astral-14")):
        seeds = load_seeds("astral-14", language)
        assert set(seeds) == risks
        assert min(map(len, seeds.values())) >= 10, language
        assert set(load_seeds("astral-14-benign", language)) == risks
        texts = [text for of_risk in seeds.values() for text in of_risk]
        assert len({" ".join(text.casefold().split()) for text in texts}) == len(texts), language
        assert all(12 <= len(text) <= 200 and not set(text) & set("{}[]|") for text in texts), language
        frames = load_frames(language)
        for dimension, values in framed.items():
            assert set(frames[dimension]) == values, language
            for value, around in frames[dimension].items():
                assert len(set(around)) == len(around), f"{language} {value}"
                assert sum("{request}" in frame for frame in around) >= 4, f"{language} {value}"
                assert max(map(len, around)) <= 400, f"{language} {value}"
                # The screen would drop what such a frame stands around, and the cell would be left untested.
                for frame in around:
                    said = re.sub(r"[][|{}]", " ; ", frame)
                    assert not breaks_child_safety(f"{said} ; child"), f"{language} {value}"
                    assert not breaks_child_safety(f"{said} ; porn"), f"{language} {value}"


FRAMED = {"style": "styles", "persuasion": "persuasion"}


def test_a_language_or_taxonomy_without_seeds_has_none():
    assert load_seeds("astral-14", "xx") == {}
    assert load_seeds("nowhere", "en") == {}
    assert load_frames("xx") == {}


def test_a_pack_stands_for_its_values_and_the_default_for_all_that_is_not_narrowed():
    languages = load_taxonomy("languages")
    assert tuple(languages.as_dimension().by_id) == languages.packs["multijail-10"]
    assert set(languages.as_dimension(["africa-8", "th", "am"]).by_id) == {*languages.packs["africa-8"], "th"}
    assert len(load_taxonomy("styles").as_dimension().values) == len(load_taxonomy("styles").values)


def test_packs_are_checked(mine):
    assert load_taxonomy(mine(packs={"loud": ["noise"]}, default="loud")).expanded(["loud"]) == ("noise",)
    for changes, message in [
        ({"packs": {"loud": ["nose"]}}, r"mine\.yaml.*'loud' names \['nose'\]"),
        ({"packs": {"loud": []}}, "is empty"),
        ({"packs": {"noise": ["noise"]}}, "both a pack and a value"),
        ({"packs": {"loud": ["noise"]}, "default": "quiet"}, "'quiet' is not one of the packs"),
    ]:
        with pytest.raises(UserError, match=message):
            load_taxonomy(mine(**changes))


def test_the_registry_of_languages_is_complete():
    languages = load_taxonomy("languages")
    assert len(languages.values) >= 100
    for value in languages.values:
        assert {"own_name", "iso639_3", "script", "direction", "resource", "family"} <= value.traits.keys(), value.id
        assert len(str(value.traits["iso639_3"])) == 3
        assert len(str(value.traits["script"])) == 4
        assert value.traits["direction"] == ("rtl" if value.traits["script"] in {"Arab", "Hebr"} else "ltr")
        assert value.traits["resource"] in {"high", "medium", "low"}
    for pack, size in [("multijail-10", 10), ("sea-12", 12), ("africa-8", 8), ("europe-24", 24)]:
        assert len(set(languages.packs[pack])) == size


TRANSFORM_LANGUAGES = sorted(path.stem for path in (asset_folder("taxonomies") / "transforms").glob("*.yaml"))


def test_every_language_that_composes_without_a_model_has_frames_of_transforms():
    assert set(seed_languages(load_taxonomy("astral-14"))) <= set(TRANSFORM_LANGUAGES)


@pytest.mark.parametrize("language", TRANSFORM_LANGUAGES)
def test_frames_of_transforms_have_one_slot_and_end_with_the_user(language):
    own = load_transform_file(language)
    assert own.language == language
    assert len(own.filler) >= 10
    assert own.frames.keys() == load_transform_file("en").frames.keys()
    for name, frames in own.frames.items():
        for frame in frames:
            assert re.findall(r"\{\w+\}", "".join(message.content for message in frame)) == ["{request}"], name
            assert frame[-1].role == "user", name
            if language != "en":
                assert frame not in load_transform_file("en").frames[name], f"{name} is in English"


def test_frames_of_transforms_fall_back_to_english(tmp_path):
    assert load_transform_file("xx") == load_transform_file("en")
    path = tmp_path / "frames.yaml"
    path.write_text('language: en\nfiller: [One.]\nframes:\n  base64: ["no slot"]\n')
    with pytest.raises(UserError, match=r"frames\.yaml:4.*\{request\} in it once"):
        read_model(path, TransformFile)
