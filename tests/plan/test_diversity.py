"""Diversity: how far apart the requests of a risk are, what counts, and when a risk is given up."""

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.domain.criterion import Criterion, Diversity
from astral.domain.records import Draw, Result
from astral.domain.space import Cell, Dimension, Space, Value
from astral.plan import CoveringPlanner

SAFE = Result.SAFE


class Requests:
    """Requests whose vectors are a function of the draw."""

    near_duplicate = 0.99

    def __init__(self, vector):
        self._vector = vector

    def of(self, draws):
        vectors = np.array([self._vector(draw) for draw in draws], dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def space_of(levels, *, names=("risk", "language", "style")):
    return Space(
        dimensions=tuple(
            Dimension(id=name, values=tuple(Value(id=f"v{v}", name="", definition="") for v in range(level)))
            for name, level in zip(names, levels, strict=True)
        )
    )


def planner_of(vector, *, levels=(2, 3, 3), strength=1, seed=0, attempts=3, exclude=(), **diversity):
    return CoveringPlanner(
        space_of(levels),
        Criterion(strength=strength, diversity=Diversity(**diversity), exclude=exclude),
        seed=seed,
        attempts=attempts,
        vectors=Requests(vector),
    )


def rounds(planner, result=lambda _: SAFE, *, limit=8):
    done = []
    while len(done) < 1_000 and (draws := planner.draw(limit)):
        done.append([(draw, result(draw)) for draw in draws])
        planner.observe(done[-1])
    return done


def by_value(dimension, count):
    """Requests that differ by one value of the cell alone."""
    return lambda draw: np.eye(count)[int(draw.cell[dimension][1:])] + 0.01


def noise(draw):
    """Requests that all differ a little, by nothing that the planner could know."""
    return np.ones(64) + 0.3 * np.random.default_rng(draw.number).random(64)


def dispersion(vectors):
    distances = [1 - float(np.dot(one, other)) for one, other in combinations(vectors, 2)]
    return sum(distances) / len(distances)


def cell(*values):
    return Cell(values=tuple(zip(("risk", "language", "style"), values, strict=True)))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), count=st.integers(2, 12), spread=st.floats(0.05, 2))
def test_the_dispersion_is_the_mean_over_all_pairs_that_are_no_near_duplicates(seed, count, spread):
    rng = np.random.default_rng(seed)
    vectors = 1 + spread * rng.normal(size=(count, 6))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    planner = planner_of(lambda draw: vectors[draw.number], levels=(1, 1, 1), dispersion=0.99, requests=100)
    planner.observe((Draw(number=number, cell=cell("v0", "v0", "v0")), SAFE) for number in range(count))
    kept = []
    for vector in vectors:
        if all(float(np.dot(vector, other)) < Requests.near_duplicate for other in kept):
            kept.append(vector)
    (demand,) = planner.progress().demands[1:]
    (told,) = demand.still_open + demand.given_up
    assert f" of {len(kept)} requests" in told.reason
    if len(kept) > 1:
        assert float(told.reason.split()[1]) == pytest.approx(dispersion(kept), abs=1e-3)


def test_near_duplicates_of_one_language_count_once_and_of_two_languages_twice():
    planner = planner_of(lambda _: np.ones(3), levels=(1, 2, 3), dispersion=0.5)
    cells = [cell("v0", "v0", "v0"), cell("v0", "v0", "v1"), cell("v0", "v1", "v0")]
    planner.observe((Draw(number=number, cell=each), SAFE) for number, each in enumerate(cells))
    (told,) = planner.progress().demands[-1].still_open
    assert "of 2 requests, 1 near duplicates left out" in told.reason


def test_it_is_met_where_cells_decide_how_far_apart_requests_are():
    planner = planner_of(by_value("style", 3), dispersion=0.5, requests=3)
    tests = list(chain.from_iterable(rounds(planner)))
    assert planner.progress().is_met
    assert [demand.name for demand in planner.progress().demands] == ["strength 1", "diversity 0.5"]
    assert len(tests) <= 3 + 2 * 4


def test_only_risks_that_lack_it_get_more_tests():
    def vector(draw):
        if draw.cell["risk"] == "v0":
            return np.eye(64)[draw.number % 64]
        return noise(draw)

    planner = planner_of(vector, levels=(2, 3, 3), strength=2, dispersion=0.5, patience=6)
    history = rounds(planner, limit=4)
    tests = list(chain.from_iterable(history))
    extra = [draw for draw, _ in tests[9:]]
    assert extra
    assert {draw.cell["risk"] for draw in extra} == {"v1"}
    (demand,) = planner.progress().demands[1:]
    assert (demand.required, demand.met, demand.open) == (2, 1, 0)
    (lost,) = demand.given_up
    assert lost.interaction == (("risk", "v1"),)
    assert "more tests" in lost.reason
    assert not planner.progress().is_met
    assert not planner.progress().can_go_on


def test_a_risk_whose_requests_are_all_the_same_is_given_up_after_its_patience():
    planner = planner_of(lambda _: np.ones(3), levels=(1, 1, 6), dispersion=0.2, patience=5)
    tests = list(chain.from_iterable(rounds(planner, limit=1)))
    assert len(tests) == 6 + 5


def test_tests_that_fail_do_not_keep_it_open_for_ever():
    planner = planner_of(noise, levels=(1, 2, 2), dispersion=0.9, patience=2, attempts=2)
    tests = list(chain.from_iterable(rounds(planner, lambda draw: SAFE if draw.number < 2 else Result.FAILED)))
    assert len(tests) < 20
    assert "failed or were blocked" in planner.progress().demands[-1].given_up[0].reason


def test_it_prefers_values_whose_requests_were_far_from_others():
    """One style in six is unlike the rest, which are alike."""

    def vector(draw):
        far = draw.cell["style"] == "v5"
        return (np.eye(40)[draw.number % 39 + 1] if far else np.eye(40)[0]) + 0.02 * np.random.default_rng(
            draw.number
        ).random(40)

    planner = planner_of(vector, levels=(1, 2, 6), strength=1, dispersion=0.6, patience=12)
    tests = list(chain.from_iterable(rounds(planner, limit=2)))
    extra = [draw.cell["style"] for draw, _ in tests[6:]]
    assert planner.progress().is_met
    assert extra.count("v5") > len(extra) / 2


def test_what_it_expects_is_what_it_takes_where_the_next_requests_are_as_far_apart():
    planner = planner_of(lambda draw: np.eye(64)[draw.number], levels=(2, 2, 2), dispersion=0.9, requests=8)
    planner.observe((draw, SAFE) for draw in planner.draw(9))
    expected = planner.progress().remaining
    assert expected == len(list(chain.from_iterable(rounds(planner)))) == 2 * 8 - 2


def test_cells_keep_exclusions_even_where_chance_finds_none():
    exclude = ({"risk": ("v0",), "language": tuple(f"v{v}" for v in range(1, 40))},)
    planner = planner_of(noise, levels=(2, 40, 40), exclude=exclude, dispersion=0.9, patience=3)
    tests = list(chain.from_iterable(rounds(planner)))
    assert all(draw.cell["language"] == "v0" for draw, _ in tests if draw.cell["risk"] == "v0")


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), stop=st.integers(0, 12), limit=st.integers(1, 9), lost=st.booleans())
def test_a_run_goes_on_as_if_it_had_not_been_interrupted(seed, stop, limit, lost):
    def result(draw):
        return Result.FAILED if lost and draw.number % 3 == 1 else SAFE

    def planner():
        return planner_of(noise, levels=(3, 2, 2), seed=seed, dispersion=0.05, patience=4)

    whole_planner = planner()
    whole = rounds(whole_planner, result, limit=limit)
    resumed = planner()
    resumed.observe(chain.from_iterable(whole[:stop]))
    assert rounds(resumed, result, limit=limit) == whole[stop:]
    assert resumed.progress() == whole_planner.progress()


def test_without_requests_it_cannot_be_asked_for():
    with pytest.raises(ValueError, match="vectors must find them"):
        CoveringPlanner(space_of((2, 2, 2)), Criterion(diversity=Diversity(dispersion=0.1)), seed=0)
