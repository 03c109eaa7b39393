"""Rates freed from the bias of the search are near the truth, and their intervals hold it."""

import numpy as np
import pytest

from astral.domain.criterion import Criterion
from astral.domain.records import Control, Draw, Result
from astral.plan import AdaptivePlanner
from astral.report.rates import unbiased_rates
from astral.testing.synthetic import SyntheticWorld


def searched(world, count, search="thompson"):
    planner = AdaptivePlanner(world.space, Criterion(), seed=world.seed, attempts=9, search=search)
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
