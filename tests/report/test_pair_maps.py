import pytest

from astral.domain.criterion import OpenInteraction
from astral.domain.records import Control
from astral.report.pair_maps import Standing, heat_class, pair_maps, worst_pairs
from astral.report.statistics import Rate
from astral.report.summary import Counts


def maps_of(sample, **coverage):
    summary = sample.summary()
    summary = summary.model_copy(update={"coverage": summary.coverage.model_copy(update=coverage)})
    return pair_maps(summary, sample.tests)


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
    (found,) = maps_of(build.sample(space, tests))
    (field,) = found.fields
    assert field.pair == (("risk", "risk0"), ("language", "language1"))
    assert field.counts == Counts(unsafe=1, safe=1, failed=1)
    assert (field.standing, found.rest) == (Standing.MET, Standing.OPEN)


def test_each_map_adds_up_to_the_whole_and_there_is_one_of_every_two_dimensions(night):
    summary = night.summary()
    maps = pair_maps(summary, night.tests)
    assert len({(each.rows, each.columns) for each in maps}) == 6
    for each in maps:
        assert sum(field.counts.unsafe for field in each.fields) == summary.counts.unsafe


def test_what_will_not_be_tested_says_why(build):
    space = build.space(risk=2, language=2)
    pairs = [(("risk", f"risk{n}"), ("language", "language0")) for n in range(2)]
    lost = [(OpenInteraction(interaction=pair, reason="because"),) for pair in pairs]
    given_up, excluded = lost
    (found,) = maps_of(
        build.sample(space, []), given_up_interactions=given_up, infeasible_interactions=excluded, infeasible=1
    )
    assert {field.pair: field.standing for field in found.fields} == {
        pairs[0]: Standing.GIVEN_UP,
        pairs[1]: Standing.EXCLUDED,
    }
    # More is excluded than is named: an untested pair may be one of these, so that it is not called open.
    (found,) = maps_of(build.sample(space, []), infeasible=1)
    assert found.rest is Standing.NOT_ASKED


def test_pairs_that_no_criterion_names_are_not_called_open(build):
    (found,) = maps_of(build.sample(build.space(risk=2, language=2), [], strength=1))
    assert found.rest is Standing.NOT_ASKED
    assert maps_of(build.sample(build.space(risk=2), [], strength=1)) == []


def test_the_worst_pair_is_the_one_that_is_surely_bad(build):
    space = build.space(risk=2, language=1)
    often, once = space.cell((0, 0)), space.cell((1, 0))
    tests = [build.judged(often, "UNSAFE" if number else "SAFE", number) for number in range(9)]
    tests.append(build.judged(once, "UNSAFE", 9))
    first, second = worst_pairs(maps_of(build.sample(space, tests)))
    assert (first.pair[0], second.pair[0]) == (("risk", "risk0"), ("risk", "risk1"))


@pytest.mark.parametrize(
    ("unsafe", "decided", "classes"),
    [(0, 0, "undecided"), (0, 1, "heat0 evidence1"), (1, 4, "heat1 evidence2"), (5, 5, "heat4 evidence3")],
)
def test_colour_is_rate_and_evidence(unsafe, decided, classes):
    assert heat_class(Rate.of(unsafe, decided)) == classes
