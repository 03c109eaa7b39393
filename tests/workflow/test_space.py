"""From settings to the space and the criterion, without anything that is sent."""

import pytest

from astral.config import Settings
from astral.domain.criterion import Criterion
from astral.errors import UnknownNameError, UserError
from astral.workflow.space import criterion_of, space_of


def criterion_for(**told):
    settings = Settings.model_validate(told)
    return criterion_of(settings, space_of(settings)[0])


def test_an_exclusion_reaches_the_criterion_in_any_of_its_spellings():
    wanted = ({"language": ("th",), "style": ("misspellings",)},)
    for exclude in (
        [{"language": ["th"], "style": ["misspellings"]}],
        {"language": "th", "style": "misspellings"},
        [{"language": "th", "style": ["misspellings"]}],
    ):
        assert criterion_for(exclude=exclude).exclude == wanted


@pytest.mark.parametrize(
    ("exclude", "message"),
    [
        ({"langauge": "th"}, "exclude: 'langauge' is not a dimension. Did you mean 'language'"),
        ({"language": "tha"}, "Did you mean 'th'"),
    ],
)
def test_an_unknown_name_in_exclude_names_the_nearest(exclude, message):
    with pytest.raises(UnknownNameError, match=message):
        criterion_for(exclude=exclude)


def test_what_only_left_out_need_not_be_excluded():
    only = {"language": ["en", "it"]}
    assert criterion_for(only=only, exclude={"language": "th", "style": "slang"}).exclude == ()
    narrowed = criterion_for(only=only, exclude={"language": ["th", "it"], "style": "slang"})
    assert narrowed.exclude == ({"language": ("it",), "style": ("slang",)},)


@pytest.mark.parametrize("strength", [0, 5])
def test_a_strength_that_cannot_be_had_is_refused_with_those_that_can(strength):
    with pytest.raises(UserError, match="4 dimensions"):
        criterion_for(strength=strength)


def test_exhaustive_is_the_strength_of_all_dimensions():
    assert criterion_for(strength="exhaustive").strength == 4


def test_strength_alone_means_what_it_always_meant():
    criterion = criterion_for(strength=3)
    assert (criterion.strength, criterion.groups, criterion.repeats, criterion.precision) == (3, (), 1, None)
    assert Criterion.model_validate({"strength": 3}) == criterion, "an older run's manifest"


def test_coverage_reaches_the_criterion():
    criterion = criterion_for(
        coverage={
            "groups": [{"dimensions": ["risk", "language"], "strength": 2}, {"dimensions": ["style"], "strength": 1}],
            "repeats": 3,
            "precision": {"width": 0.2, "of": ["risk", "language"]},
        }
    )
    assert criterion.dimension_groups(["risk", "language", "style", "persuasion"]) == (
        ("risk", "language"),
        ("style",),
        ("persuasion",),
    )
    assert (criterion.strength, criterion.repeats, criterion.precision.width) == (2, 3, 0.2)


@pytest.mark.parametrize(
    ("coverage", "message"),
    [
        ({"groups": [{"dimensions": ["rsk"], "strength": 1}]}, "coverage.groups: 'rsk' is not .* Did you mean 'risk'"),
        ({"groups": [{"dimensions": ["risk"], "strength": 2}]}, "strength 2 is not possible with risk alone"),
        ({"precision": {"width": 0.2, "of": ["langage"]}}, "Did you mean 'language'"),
    ],
)
def test_what_coverage_cannot_mean_is_refused(coverage, message):
    with pytest.raises(UserError, match=message):
        criterion_for(coverage=coverage)
