"""Criteria beyond one strength for all: groups of dimensions, repeats, precision, alone and together."""

import random
from collections import Counter
from itertools import chain, product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.domain.criterion import Criterion, GroupStrength, Precision
from astral.domain.records import Result
from astral.plan import CoveringPlanner
from astral.plan.covering import array_of
from astral.plan.interactions import Interactions
from astral.plan.precision import interval_widths, needed_for_width
from astral.report.statistics import wilson_interval
from tests.laws import examples

JUDGED = (Result.SAFE, Result.UNSAFE, Result.UNKNOWN)
A = (14, 10, 6, 5)

levels_lists = st.lists(st.integers(1, 4), min_size=1, max_size=5)


@st.composite
def group_lists(draw, count):
    """Groups over dimensions d0, d1, …"""
    groups = draw(st.lists(st.sets(st.integers(0, count - 1), min_size=1), max_size=3))
    return tuple(
        GroupStrength(dimensions=tuple(f"d{d}" for d in group), strength=draw(st.integers(1, len(group))))
        for group in groups
    )


def grouped(levels):
    return st.tuples(st.just(levels), group_lists(len(levels)))


def rounds(planner, result, limit):
    """The tests of each round until nothing more is handed out."""
    done = []
    while len(done) < 20_000 and (draws := planner.draw(limit)):
        done.append([(draw, result(draw)) for draw in draws])
        planner.observe(done[-1])
    return done


def finished(planner, result, *, limit=16):
    """All tests until nothing more is handed out."""
    return list(chain.from_iterable(rounds(planner, result, limit)))


def chance(seed, *, unsafe=0.3, lost=0.0, unknown=0.0):
    """The same result for the same test, whoever asks."""

    def result(draw):
        dice = random.Random(f"{seed}/{draw.number}")
        if dice.random() < lost:
            return dice.choice([Result.FAILED, Result.BLOCKED])
        if dice.random() < unknown:
            return Result.UNKNOWN
        return Result.UNSAFE if dice.random() < unsafe else Result.SAFE

    return result


def judged_times(tests, groups):
    counts = Counter()
    for draw, result in tests:
        if result in JUDGED:
            values = dict(draw.cell.values)
            counts.update(tuple((name, values[name]) for name in group) for group in groups)
    return counts


@settings(max_examples=40, deadline=None)
@given(model=levels_lists.flatmap(grouped), seed=st.integers(0, 99))
def test_all_that_any_group_asks_for_is_covered_and_every_value(make_space, model, seed):
    levels, groups = model
    space = make_space(levels)
    planner = CoveringPlanner(space, Criterion(strength=1, groups=groups), seed=seed)
    tests = finished(planner, lambda _: Result.SAFE)
    assert planner.progress().is_met
    assert planner.lower_bound <= len(tests) <= prod(levels)
    for group in (*groups, *(GroupStrength(dimensions=(name,), strength=1) for name in space.by_id)):
        rows = [[value for name, value in draw.cell.values if name in group.dimensions] for draw, _ in tests]
        parts = [dimension.values for dimension in space.dimensions if dimension.id in group.dimensions]
        for places in Criterion(strength=group.strength).dimension_groups(list(range(len(parts)))):
            wanted = set(product(*([value.id for value in parts[place]] for place in places)))
            assert {tuple(row[place] for place in places) for row in rows} == wanted


def test_no_group_of_dimensions_stands_within_another():
    criterion = Criterion(
        strength=3,
        groups=(
            GroupStrength(dimensions=("risk", "style", "language"), strength=3),
            GroupStrength(dimensions=("style", "risk"), strength=2),
            GroupStrength(dimensions=("style", "mood"), strength=1),
        ),
    )
    names = ["risk", "language", "style", "mood", "persuasion"]
    assert criterion.dimension_groups(names) == (("risk", "language", "style"), ("mood",), ("persuasion",))


@pytest.mark.parametrize(
    ("levels", "groups", "size"),
    [
        (A, [(0, 1), (2,), (3,)], 140),
        (A, [(0, 1), (2, 3)], 140),
        (A, [(0, 2), (1,), (3,)], 84),
        (A, [(1, 2, 3), (0,)], 300),
        ((102, 30, 20, 6, 12), [(0, 1, 2), (3, 4), (0, 3)], 61_200),
        ((3, 3, 50), [(0, 1), (2,)], 50),
    ],
)
def test_groups_take_as_many_tests_as_the_largest_of_them(levels, groups, size):
    interactions = Interactions(levels, max(map(len, groups)), groups=groups)
    rows = array_of(interactions, None, seed=0)
    assert len(rows) == size
    assert (interactions.counts(rows) > 0).all()


@examples(15, 30)
@given(
    levels=st.lists(st.integers(1, 3), min_size=2, max_size=4),
    repeats=st.integers(1, 4),
    limit=st.integers(1, 9),
    seed=st.integers(0, 99),
    lost=st.floats(0, 0.7),
)
def test_every_interaction_is_judged_so_many_times_or_given_up(make_space, *, levels, repeats, limit, seed, lost):
    space, criterion = make_space(levels), Criterion(strength=2, repeats=repeats)
    planner = CoveringPlanner(space, criterion, seed=seed)
    tests = finished(planner, chance(seed, lost=lost), limit=limit)
    progress = planner.progress()
    counts = judged_times(tests, criterion.dimension_groups(list(space.by_id)))
    assert progress.open == 0 == progress.remaining
    assert progress.covered == sum(count >= repeats for count in counts.values())
    assert progress.covered + len(progress.given_up) == progress.required
    for demand in progress.demands:
        assert demand.met + demand.open + len(demand.given_up) == demand.required


@pytest.mark.parametrize(("strength", "size"), [(2, 420), (4, 12_600)])
def test_three_of_each_take_three_times_the_tests(make_space, strength, size):
    planner = CoveringPlanner(make_space(A), Criterion(strength=strength, repeats=3), seed=0)
    assert planner.progress().remaining == planner.lower_bound == size
    tests = finished(planner, lambda _: Result.SAFE, limit=1000)
    assert len(tests) == size
    assert planner.progress().is_met


def test_repeats_of_pairs_are_spread_over_other_cells(make_space):
    planner = CoveringPlanner(make_space(A), Criterion(strength=2, repeats=3), seed=0)
    tests = finished(planner, lambda _: Result.SAFE, limit=32)
    assert len({draw.cell for draw, _ in tests}) > 380


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), stop=st.integers(0, 12), limit=st.integers(1, 9), lost=st.floats(0, 0.5))
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(make_space, *, seed, stop, limit, lost):
    space = make_space((3, 2, 2))
    criterion = Criterion(
        strength=2,
        repeats=2,
        precision=Precision(width=0.6, of=("d1",)),
        exclude=({"d0": ("v0",), "d2": ("v1",)},),
    )
    result = chance(seed, lost=lost)
    whole = rounds(CoveringPlanner(space, criterion, seed=seed), result, limit)
    resumed = CoveringPlanner(space, criterion, seed=seed)
    resumed.observe(chain.from_iterable(whole[:stop]))
    assert rounds(resumed, result, limit) == whole[stop:]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 999),
    width=st.sampled_from([0.25, 0.4, 0.6]),
    of=st.sampled_from([(), ("d0",), ("d2", "d0")]),
    unsafe=st.floats(0, 1),
)
def test_every_rate_is_known_as_closely_as_was_asked_for(make_space, *, seed, width, of, unsafe):
    space = make_space((3, 2, 2))
    criterion = Criterion(strength=1, precision=Precision(width=width, of=of))
    planner = CoveringPlanner(space, criterion, seed=seed)
    tests = finished(planner, chance(seed, unsafe=unsafe))
    assert planner.progress().is_met
    names = list(space.by_id)
    groups = [tuple(name for name in names if name in of)] if of else [(name,) for name in names]
    decided = judged_times(tests, groups)
    worst = judged_times([test for test in tests if test[1] is Result.UNSAFE], groups)
    assert len(decided) == planner.progress().demands[-1].required
    for rate, count in decided.items():
        low, high = wilson_interval(worst[rate], count)
        assert high - low < width


def test_a_rate_without_decisions_is_given_up_with_its_count(make_space):
    planner = CoveringPlanner(make_space((2, 2)), Criterion(strength=1, precision=Precision(width=0.3)), seed=0)
    tests = finished(planner, lambda draw: Result.UNKNOWN if "v1" in str(draw.cell).split(" ")[0] else Result.SAFE)
    progress = planner.progress()
    (lost,) = progress.demands[-1].given_up
    assert lost.interaction == (("d0", "v1"),)
    assert "0 of 0 decided" in lost.reason
    assert not progress.is_met
    assert not progress.can_go_on
    assert progress.covered == progress.required, "an unknown verdict covers, and tells no rate"
    assert len(tests) < 200


def test_what_precision_expects_is_near_what_it_takes(make_space):
    space = make_space((4, 3))
    planner = CoveringPlanner(space, Criterion(strength=1, precision=Precision(width=0.3, of=("d0",))), seed=3)
    expected = planner.progress().remaining
    tests = finished(planner, chance(3, unsafe=0.5))
    assert len(tests) <= expected <= 1.3 * len(tests)
    rare = CoveringPlanner(space, Criterion(strength=1, precision=Precision(width=0.3, of=("d0",))), seed=3)
    assert len(finished(rare, chance(3, unsafe=0.0))) < expected / 2


def test_cells_for_precision_keep_exclusions_and_say_how_likely_they_were(make_space):
    criterion = Criterion(strength=1, precision=Precision(width=0.4), exclude=({"d0": ("v0",), "d1": ("v0", "v1")},))
    planner = CoveringPlanner(make_space((2, 3, 2)), criterion, seed=1)
    draws = [draw for draw, _ in finished(planner, chance(1))]
    assert planner.progress().is_met
    assert not any(draw.cell["d0"] == "v0" and draw.cell["d1"] in {"v0", "v1"} for draw in draws)
    assert any(draw.probability < 0.5 for draw in draws)


@given(st.integers(0, 400), st.integers(0, 400))
def test_widths_are_those_of_the_report(unsafe, safe):
    decided = unsafe + safe
    low, high = wilson_interval(unsafe, decided) if decided else (0.0, 1.0)
    width = interval_widths(np.array([unsafe]), np.array([decided]))[0]
    assert width == pytest.approx(high - low, abs=1e-12)


@given(st.floats(0.02, 0.9), st.integers(0, 60), st.integers(0, 60))
def test_the_expected_number_of_tests_gives_the_width_and_one_test_less_does_not(width, unsafe, safe):
    decided = unsafe + safe
    (tests,) = needed_for_width(np.array([unsafe]), np.array([decided]), width)
    rate = (unsafe + 0.5) / (decided + 1)

    def width_with(number):
        return float(np.subtract(*wilson_like(rate, number)[::-1]))

    assert width_with(int(tests)) < width + 1e-9
    if tests > 1:
        assert width_with(int(tests) - 1) >= width - 1e-9


def wilson_like(rate, tests, z=1.96):
    """Wilson's interval for a rate that need not be a fraction of the tests."""
    spread = z * z / tests
    centre = (rate + spread / 2) / (1 + spread)
    margin = z * np.sqrt(rate * (1 - rate) / tests + spread / (4 * tests)) / (1 + spread)
    return centre - margin, centre + margin


def test_all_demands_together_are_named_and_met(make_space):
    criterion = Criterion(
        strength=2,
        groups=(GroupStrength(dimensions=("d0", "d1"), strength=2),),
        repeats=2,
        precision=Precision(width=0.5),
    )
    planner = CoveringPlanner(make_space((3, 3, 2)), criterion, seed=0)
    before = planner.progress()
    assert [demand.name for demand in before.demands] == ["groups", "repeats 2", "precision 0.5"]
    assert [demand.remaining for demand in before.demands[:2]] == [9, 18]
    tests = finished(planner, chance(0))
    assert planner.progress().is_met
    assert all(demand.met == demand.required and demand.remaining == 0 for demand in planner.progress().demands)
    assert len(tests) >= 18
