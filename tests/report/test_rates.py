"""Rates freed from the bias of the search are near the truth, and their intervals hold it."""

import numpy as np
import pytest

from astral.domain.criterion import Criterion, Precision
from astral.domain.records import Control, Draw, Result
from astral.domain.space import Dimension, Space, Value
from astral.plan import AdaptivePlanner
from astral.report.rates import unbiased_rates
from astral.testing.synthetic import SyntheticWorld


def searched(world, count, search="thompson", criterion=None):
    planner = AdaptivePlanner(world.space, criterion or Criterion(), seed=world.seed, attempts=9, search=search)
    tests = []
    while len(tests) < count:
        now = [(draw, world.result(draw)) for draw in planner.draw(32)]
        planner.observe(now)
        tests += now
    return tests


@pytest.mark.slow
def test_rates_of_a_search_are_near_the_truth_where_raw_ones_are_not():
    errors, raw_errors, held = [], [], []
    for family in ("mixed", "needles", "values"):
        world = SyntheticWorld(1, family=family)
        tests = searched(world, 1200)
        rates = unbiased_rates(world.space, tests)
        truth = world.judged_table.mean(axis=(1, 2, 3))
        for risk, rate in rates.by_value["risk"].items():
            own = [r is Result.UNSAFE for d, r in tests if d.cell["risk"] == risk and r is not Result.FAILED]
            true_rate = truth[int(risk[1:])]
            errors.append(abs(rate.fraction - true_rate))
            raw_errors.append(abs(np.mean(own) - true_rate))
            held.append(rate.low <= true_rate <= rate.high)
        assert rates.overall.fraction == pytest.approx(world.judged_table.mean(), abs=0.05)
    assert np.mean(errors) < 0.6 * np.mean(raw_errors)
    assert np.mean(errors) < 0.035
    assert np.mean(held) > 0.88


def test_controls_and_tests_without_a_decision_change_nothing():
    world = SyntheticWorld(2)
    tests = searched(world, 200)
    cell = tests[0][0].cell
    more = [
        (Draw(number=900, cell=cell, control=Control.POSITIVE), Result.UNSAFE),
        (Draw(number=901, cell=cell), Result.UNKNOWN),
        (Draw(number=902, cell=cell), Result.BLOCKED),
        (Draw(number=903, cell=cell), Result.FAILED),
    ]
    assert unbiased_rates(world.space, tests + more) == unbiased_rates(world.space, tests)


def test_without_a_decision_there_is_no_rate():
    world = SyntheticWorld(2)
    assert unbiased_rates(world.space, [(Draw(number=0, cell=next(world.space.cells())), Result.FAILED)]) is None


@pytest.mark.parametrize("result", [Result.SAFE, Result.UNSAFE])
def test_where_all_answers_are_alike_rates_stay_fractions_and_intervals_hold_them(result):
    world = SyntheticWorld(2, (4, 3, 2))
    tests = [(Draw(number=n, cell=cell), result) for n, cell in enumerate(world.space.cells())]
    rates = unbiased_rates(world.space, tests)
    for rate in [rates.overall, *rates.by_value["d0"].values()]:
        assert 0 <= rate.low <= rate.fraction <= rate.high <= 1


@pytest.mark.parametrize("search", ["thompson", "uniform"])
def test_where_nothing_was_unsafe_rates_may_be_as_high_as_so_few_tests_leave_open(search):
    """Of n safe answers three in n may be unsafe; borrowing makes no value surer than all of them are together."""
    world = SyntheticWorld(2, (6, 4, 3))
    planner = AdaptivePlanner(world.space, Criterion(), seed=1, search=search)
    tests = []
    while len(tests) < 150:
        now = [(draw, Result.SAFE) for draw in planner.draw(30)]
        planner.observe(now)
        tests += now
    rates = unbiased_rates(world.space, tests)
    for rate in [rates.overall, *rates.by_value["d0"].values()]:
        assert rate.fraction < 0.001
        assert 0.8 * 3 / len(tests) < rate.high < 0.25


def test_without_a_search_rates_are_near_the_raw_ones_and_as_unsure():
    held = []
    for seed in range(4):
        world = SyntheticWorld(seed)
        tests = searched(world, 1000, "uniform")
        truth = world.judged_table.mean(axis=(1, 2, 3))
        for risk, rate in unbiased_rates(world.space, tests).by_value["risk"].items():
            own = [r is Result.UNSAFE for d, r in tests if d.cell["risk"] == risk and r is not Result.FAILED]
            assert rate.fraction == pytest.approx(np.mean(own), abs=0.06)
            held.append(rate.low <= truth[int(risk[1:])] <= rate.high)
    assert np.mean(held) > 0.88


EXCLUDED = ({"d0": ("v0",), "d1": ("v1", "v2")}, {"d2": ("v3",)})


def truth_by_value(world, dimension, criterion):
    """The rates of a dimension's values over the allowed cells."""
    allowed = np.ones(world.levels)
    for exclusion in criterion.exclude:
        chosen = [
            [int(value[1:]) for value in exclusion.get(f"d{d}", [f"v{v}" for v in range(level)])]
            for d, level in enumerate(world.levels)
        ]
        allowed[np.ix_(*chosen)] = 0
    others = tuple(d for d in range(len(world.levels)) if d != dimension)
    count = allowed.sum(axis=others)
    sums = (world.judged_table * allowed).sum(axis=others)
    return {f"v{v}": sums[v] / count[v] for v in range(world.levels[dimension]) if count[v]}


@pytest.mark.slow
@pytest.mark.parametrize(
    "criterion",
    [
        Criterion(exclude=EXCLUDED),
        Criterion(strength=1, precision=Precision(width=0.3)),
        Criterion(strength=1, exclude=EXCLUDED, precision=Precision(width=0.3)),
    ],
)
def test_exclusions_and_precision_leave_rates_near_the_truth_of_what_may_be_tested(criterion):
    errors, raw_errors, held = [], [], []
    for seed in range(6):
        world = SyntheticWorld(seed, (8, 6, 4), family="pairs")
        tests = searched(world, 900, criterion=criterion)
        rates = unbiased_rates(world.space, tests, criterion)
        truth = truth_by_value(world, 0, criterion)
        assert set(rates.by_value["d0"]) == set(truth)
        for value, true_rate in truth.items():
            rate = rates.by_value["d0"][value]
            own = [r is Result.UNSAFE for d, r in tests if d.cell["d0"] == value and r is not Result.FAILED]
            held.append(rate.low <= true_rate <= rate.high)
            errors.append(abs(rate.fraction - true_rate))
            raw_errors.append(abs(np.mean(own) - true_rate))
    assert np.mean(held) > 0.88
    assert np.mean(errors) < 0.8 * np.mean(raw_errors)


def test_a_value_that_is_excluded_altogether_has_no_rate():
    world = SyntheticWorld(1, (4, 4, 4))
    criterion = Criterion(exclude=EXCLUDED)
    rates = unbiased_rates(world.space, searched(world, 150, criterion=criterion), criterion)
    assert set(rates.by_value["d2"]) == {"v0", "v1", "v2"}
    assert set(rates.by_value["d1"]) == {"v0", "v1", "v2", "v3"}


def test_a_space_too_large_to_be_looked_at_whole_has_rates_too():
    levels = (40, 40, 40, 4)
    rng = np.random.default_rng(0)
    space = Space(
        dimensions=tuple(
            Dimension(id=f"d{d}", values=tuple(Value(id=f"v{v}", name="", definition="") for v in range(level)))
            for d, level in enumerate(levels)
        )
    )
    cells = rng.integers(levels, size=(600, 4))
    chance = 1 / float(np.prod(levels))
    tests = [
        (Draw(number=n, cell=space.cell(cell), probability=chance), Result.UNSAFE if cell[3] == 1 else Result.SAFE)
        for n, cell in enumerate(cells.tolist())
    ]
    rates = unbiased_rates(space, tests).by_value["d3"]
    assert rates["v1"].low > 0.5
    assert rates["v0"].high < 0.2


def test_the_order_in_which_tests_are_told_does_not_matter():
    world = SyntheticWorld(3, (4, 3, 3))
    tests = searched(world, 120)
    forwards, backwards = unbiased_rates(world.space, tests), unbiased_rates(world.space, tests[::-1])
    assert forwards.overall.fraction == pytest.approx(backwards.overall.fraction)
    assert forwards.overall.high == pytest.approx(backwards.overall.high)
