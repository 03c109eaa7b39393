"""Rules of astral.yaml and of taxonomy files: what reaches the criterion, and how a wrong name is told."""

from pathlib import Path

import pytest
import yaml

from astral.config import Settings
from astral.errors import UnknownNameError, UserError
from astral.workflow.space import criterion_of, space_of

MOODS = {
    "id": "moods",
    "version": 1,
    "dimension": "mood",
    "title": "Moods",
    "source": {"title": "Me", "url": "https://example.invalid"},
    "licence": "CC0-1.0",
    "values": [{"id": mood, "name": mood.title(), "definition": mood} for mood in ("calm", "angry", "sad")],
}


def criterion_for(**told):
    settings = Settings.model_validate(told)
    return criterion_of(settings, space_of(settings)[0])


@pytest.fixture
def taxonomies(tmp_path):
    """The shipped ones and one of moods, with some rules."""

    def write(**rules):
        path = tmp_path / "moods.yaml"
        path.write_text(yaml.safe_dump({**MOODS, **rules}, sort_keys=False))
        return ["astral-14", "languages", "styles", str(path)]

    return write


def test_an_implication_excludes_all_other_values():
    (exclusion,) = criterion_for(imply={"if": {"style": "misspellings"}, "then": {"language": ["en", "it"]}}).exclude
    assert exclusion["style"] == ("misspellings",)
    assert exclusion["language"] == ("zh", "vi", "ar", "ko", "th", "bn", "sw", "jv")


def test_an_implication_of_several_dimensions_is_one_exclusion_for_each():
    imply = {"if": {"risk": ["violence"], "language": "th"}, "then": {"style": "slang", "persuasion": "logical_appeal"}}
    exclude = criterion_for(imply=imply).exclude
    assert [sorted(one) for one in exclude] == [["language", "risk", "style"], ["language", "persuasion", "risk"]]


def test_what_only_left_out_need_not_be_implied():
    only = {"language": ["en", "it"], "style": ["slang", "question"]}
    imply = [
        {"if": {"style": "misspellings"}, "then": {"language": "en"}},
        {"if": {"style": "slang"}, "then": {"language": ["th", "it"]}},
    ]
    assert criterion_for(only=only, imply=imply).exclude == ({"style": ("slang",), "language": ("en",)},)


def test_must_and_weights_reach_the_criterion_in_the_order_of_the_space():
    criterion = criterion_for(
        must=[{"language": "en", "risk": "violence"}, {"risk": "violence", "language": "en"}],
        weights={"language": {"en": 3, "sw": 0.5}},
        only={"language": ["en", "th"]},
    )
    assert criterion.must == ({"risk": "violence", "language": "en"},)
    assert criterion.weights == {"language": {"en": 3.0}}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"imply": {"if": {"stlye": "slang"}, "then": {"language": "en"}}}, "imply: 'stlye' .* Did you mean 'style'"),
        ({"imply": {"if": {"style": "slang"}, "then": {"language": "English"}}}, "imply: .* Did you mean 'en'"),
        ({"must": {"risk": "violense"}}, "must: .* Did you mean 'violence'"),
        ({"weights": {"language": {"tha": 2}}}, "weights: .* Did you mean 'th'"),
        ({"only": {"language": ["ENGLISH"]}}, "only: .* Did you mean 'en'"),
        ({"exclude": {"style": "Role play"}}, "exclude: .* Did you mean 'role_play'"),
    ],
)
def test_a_wrong_name_is_told_with_the_nearest(told, message):
    with pytest.raises(UnknownNameError, match=message):
        criterion_for(**told)


def test_what_must_be_tested_and_is_left_out_by_only_is_refused():
    with pytest.raises(UserError, match="must: language=th is wanted, but `only` leaves it out"):
        criterion_for(must={"language": "th"}, only={"language": ["en"]})


def test_a_taxonomy_s_rules_hold_wherever_its_file_is_used(taxonomies):
    rules = {
        "exclude": [{"mood": "sad", "style": "slang"}],
        "imply": [{"if": {"mood": "angry"}, "then": {"language": ["en"]}}],
        "weights": {"mood": {"calm": 2, "sad": 0.1}},
    }
    criterion = criterion_for(
        taxonomies=taxonomies(**rules), weights={"mood": {"sad": 1.5}}, exclude={"risk": "violence"}
    )
    assert criterion.exclude[:2] == ({"risk": ("violence",)}, {"mood": ("sad",), "style": ("slang",)})
    assert criterion.exclude[2]["mood"] == ("angry",)
    assert "en" not in criterion.exclude[2]["language"]
    assert criterion.weights == {"mood": {"calm": 2.0, "sad": 1.5}}


def test_a_taxonomy_s_rules_about_dimensions_of_other_runs_are_left_out(taxonomies):
    rules = {
        "exclude": [{"mood": "sad", "persuasion": "logical_appeal"}, {"mood": "calm", "colour": "red"}],
        "imply": [{"if": {"mood": "angry"}, "then": {"persuasion": "logical_appeal"}}],
    }
    assert criterion_for(taxonomies=taxonomies(**rules)).exclude == ()


@pytest.mark.parametrize(
    ("rules", "wrong", "message"),
    [
        ({"exclude": [{"style": ["slang"]}, {"mood": ["clam"]}]}, "clam", "Did you mean 'calm'"),
        ({"exclude": [{"langage": ["en"], "mood": ["calm"]}]}, "langage", "Did you mean 'language'"),
        ({"imply": [{"if": {"mood": "sad"}, "then": {"style": "slag"}}]}, "slag", "Did you mean 'slang'"),
        ({"weights": {"mood": {"Sad": 2}}}, "Sad:", "Did you mean 'sad'"),
    ],
)
def test_a_wrong_name_in_a_taxonomy_is_told_with_file_and_line(taxonomies, rules, wrong, message):
    names = taxonomies(**rules)
    with pytest.raises(UnknownNameError, match=message) as raised:
        criterion_for(taxonomies=names)
    path, line, _ = str(raised.value).split(":", 2)
    assert path == names[-1]
    assert wrong in Path(path).read_text().splitlines()[int(line) - 1]


@pytest.mark.parametrize("weight", [0, -1, float("nan"), 1e9, "much"])
def test_a_weight_that_cannot_be_meant_is_refused(taxonomies, weight):
    with pytest.raises(UserError, match=r"moods.yaml:\d+: weights.mood.calm should be"):
        criterion_for(taxonomies=taxonomies(weights={"mood": {"calm": weight}}))
