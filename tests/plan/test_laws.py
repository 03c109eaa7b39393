"""The laws of coverage, with everything asked for at once: a strength, repeats, rules, precision and diversity."""

import random
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.domain.coverage import Coverage
from astral.domain.criterion import Criterion, Diversity, GroupStrength, Precision
from astral.domain.records import Draw, Outcome, Result
from astral.plan import CoveringPlanner

LEVELS = (3, 2, 3, 2)
JUDGED = (Result.SAFE, Result.UNSAFE, Result.UNKNOWN)
LOST = (Result.BLOCKED, Result.FAILED)


class Requests:
    """A request for each number, whoever asks."""

    near_duplicate = 0.9999

    def of(self, draws):
        vectors = np.array([np.random.default_rng(draw.number).normal(size=8) + 1 for draw in draws])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


CRITERION = Criterion(
    strength=2,
    groups=(GroupStrength(dimensions=("d0", "d1", "d2"), strength=2), GroupStrength(dimensions=("d3",), strength=1)),
    repeats=2,
    precision=Precision(width=0.7, of=("d1",)),
    diversity=Diversity(dispersion=0.3, requests=6, patience=4),
    must=({"d0": "v1", "d3": "v0"}, {"d0": "v2", "d1": "v1", "d2": "v0", "d3": "v1"}),
    exclude=({"d0": ("v0",), "d2": ("v1",)},),
    weights={"d2": {"v0": 4.0}},
)


@pytest.fixture(scope="module")
def make_planner(make_space):
    space = make_space(LEVELS)
    return lambda seed: CoveringPlanner(space, CRITERION, seed=seed, attempts=2, vectors=Requests())


def result_of(seed, lost):
    def result(draw):
        dice = random.Random(f"{seed}/{draw.number}")
        return dice.choice(LOST) if dice.random() < lost else dice.choice(JUDGED)

    return result


def rounds(planner, result, limit):
    done = []
    while len(done) < 400 and (draws := planner.draw(limit)):
        done.append([(draw, result(draw)) for draw in draws])
        planner.observe(done[-1])
    return done


def met(planner):
    return [(demand.name, demand.met) for demand in planner.progress().demands]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99), limit=st.integers(1, 20), lost=st.floats(0, 0.4), data=st.data())
def test_a_planner_that_is_fed_in_any_split_goes_on_equally(make_planner, *, seed, limit, lost, data):
    result = result_of(seed, lost)
    history = rounds(make_planner(seed), result, limit)
    tests = list(chain.from_iterable(history[: data.draw(st.integers(0, len(history)))]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(tests)), max_size=5)))
    whole, split = make_planner(seed), make_planner(seed)
    whole.observe(tests)
    for start, end in zip([0, *cuts], [*cuts, len(tests)], strict=True):
        split.observe(tests[start:end])
        split.progress()
    assert split.progress() == whole.progress()
    assert rounds(split, result, limit) == rounds(whole, result, limit)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99), stop=st.integers(0, 8), more=st.integers(1, 30))
def test_failures_change_nothing_of_what_is_met(make_planner, make_space, *, seed, stop, more):
    planner, result = make_planner(seed), result_of(seed, 0.2)
    tests = list(chain.from_iterable(rounds(planner, result, 8)[:stop]))
    told = make_planner(seed)
    told.observe(tests)
    before = met(told)
    cells = list(make_space(LEVELS).cells())
    dice = random.Random(seed)
    told.observe((Draw(number=10_000 + number, cell=dice.choice(cells)), dice.choice(LOST)) for number in range(more))
    assert met(told) == before


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99), limit=st.integers(1, 20), lost=st.floats(0, 0.4))
def test_the_same_settings_and_results_give_the_same_tests(make_planner, *, seed, limit, lost):
    one, other = (rounds(make_planner(seed), result_of(seed, lost), limit) for _ in range(2))
    assert one == other


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99), limit=st.integers(1, 20), lost=st.floats(0, 1))
def test_every_run_ends_and_each_demand_adds_up(make_planner, *, seed, limit, lost):
    planner = make_planner(seed)
    tests = list(chain.from_iterable(rounds(planner, result_of(seed, lost), limit)))
    progress = planner.progress()
    assert not progress.can_go_on
    assert progress.remaining == 0
    for demand in progress.demands:
        assert demand.open == demand.remaining == 0
        assert demand.met + len(demand.given_up) == demand.required
    assert progress.is_met == all(not demand.given_up for demand in progress.demands)
    assert not any(draw.cell["d0"] == "v0" and draw.cell["d2"] == "v1" for draw, _ in tests)


@given(st.lists(st.tuples(st.integers(0, 35), st.sampled_from(Outcome)), max_size=60), st.integers(0, 60))
def test_coverage_is_a_fold(make_space, verdicts, cut):
    cells = list(make_space(LEVELS).cells())
    judged = [(cells[number], outcome) for number, outcome in verdicts]
    assert Coverage.of(judged) == Coverage.of(judged[:cut]) + Coverage.of(judged[cut:])
    assert Coverage.of(judged).total.judged == len(judged)
