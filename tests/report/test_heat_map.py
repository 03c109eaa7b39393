import pytest

from astral.domain.records import Control
from astral.report.heat_map import heat_class, heat_maps
from astral.report.summary import Counts


def test_fields_count_the_tests_where_two_values_meet(build):
    space = build.space(risk=2, language=2)
    cell = space.cell((0, 1))
    tests = [
        build.judged(cell, "UNSAFE", 0),
        build.judged(cell, "SAFE", 1),
        build.failed(cell, 2),
        build.judged(cell, "UNSAFE", 3, control=Control.POSITIVE),
        build.under_way(cell, 4),
    ]
    sample = build.sample(space, tests)
    (found,) = heat_maps(sample.summary().by_dimension, tests)
    assert found.counts == {("risk0", "language1"): Counts(unsafe=1, safe=1, failed=1)}


def test_the_maps_add_up_to_the_whole(night):
    summary = night.summary()
    maps = heat_maps(summary.by_dimension, night.tests)
    assert [(part.rows.dimension, part.columns.dimension) for part in maps] == [
        ("risk", "language"),
        ("style", "persuasion"),
    ]
    for part in maps:
        assert sum(counts.unsafe for counts in part.counts.values()) == summary.counts.unsafe


@pytest.mark.parametrize(("levels", "maps"), [({"risk": 2}, 0), ({"tool": 2, "turns": 2, "style": 1}, 1)])
def test_any_space_has_the_maps_that_it_can_have(build, levels, maps):
    sample = build.sample(build.space(**levels), [], strength=1)
    assert len(heat_maps(sample.summary().by_dimension, [])) == maps


@pytest.mark.parametrize(
    ("counts", "classes"),
    [
        (Counts(), "untested"),
        (Counts(failed=2), "undecided"),
        (Counts(safe=1), "heat0 evidence1"),
        (Counts(unsafe=1, safe=3), "heat1 evidence2"),
        (Counts(unsafe=5), "heat4 evidence3"),
    ],
)
def test_colour_is_rate_and_evidence(counts, classes):
    assert heat_class(counts) == classes
