"""The laws of the adaptive planner, and that it finds more than chance would."""

import random
from collections import Counter
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.domain.criterion import Criterion
from astral.domain.ports import Planner
from astral.domain.records import Control, Draw, Result
from astral.domain.space import Cell
from astral.errors import UnknownNameError, UserError
from astral.plan import AdaptivePlanner, CoveringPlanner
from astral.plan.adaptive import UNIFORM_SHARE
from astral.plan.searches import SEARCHES
from astral.testing.conformance import check_planner
from astral.testing.synthetic import SyntheticWorld
from tests.laws import examples

searches = st.sampled_from(sorted(SEARCHES))


def run(planner, world, *, rounds, limit=8):
    history = []
    for _ in range(rounds):
        tests = [(draw, world.result(draw)) for draw in planner.draw(limit)]
        planner.observe(tests)
        history.append(tests)
    return history


def planner_of(world, search="thompson", seed=0, **settings):
    return AdaptivePlanner(world.space, Criterion(strength=1), seed=seed, search=search, **settings)


@pytest.mark.parametrize("search", sorted(SEARCHES))
def test_it_is_a_planner(make_space, search):
    make = lambda: AdaptivePlanner(make_space((3, 3, 2)), Criterion(), seed=1, search=search)  # noqa: E731 - a factory
    assert isinstance(make(), Planner)
    check_planner(make, rounds=9)


@settings(max_examples=20, deadline=None)
@given(search=searches, seed=st.integers(), rounds=st.integers(3, 12), limit=st.integers(1, 9))
def test_chances_over_all_cells_sum_to_one_before_every_draw_and_are_what_the_draw_holds(search, seed, rounds, limit):
    world = SyntheticWorld(1, (4, 3, 3, 2))
    planner = planner_of(world, search, seed)
    run(planner, world, rounds=rounds, limit=limit)
    for _ in range(limit):
        if planner.progress().open:
            break
        chances = {cell: planner.probability(cell) for cell in world.space.cells()}
        assert sum(chances.values()) == pytest.approx(1)
        assert min(chances.values()) >= UNIFORM_SHARE / 72 - 1e-12
        (draw,) = planner.draw(1)
        assert draw.probability == chances[draw.cell]


@pytest.mark.slow
@pytest.mark.parametrize("search", sorted(SEARCHES))
def test_cells_come_as_often_as_their_probability_says(search):
    """With one history and many seeds of the draw, the share of each value is the sum of its cells' chances."""
    world = SyntheticWorld(2, (4, 3, 3, 2))
    told = [test for tests in run(planner_of(world), world, rounds=30) for test in tests]
    expected, seen, variance, tries = 0.0, 0, 0.0, 250
    for number in range(tries):
        planner = planner_of(world, search, seed=3)
        # A control only moves the number of the next draw, of which its coin is made.
        moved = Draw(number=1000 + number, cell=told[0][0].cell, control=Control.POSITIVE)
        planner.observe([*told, (moved, Result.UNSAFE)])
        (draw,) = planner.draw(1)
        if number == 0:
            expected = sum(planner_chance(planner_of(world, search, seed=3), told, world))
            variance = expected * (1 - expected) / tries
        seen += draw.cell["risk"] == "v0"
    assert seen / tries == pytest.approx(expected, abs=4 * variance**0.5)


def planner_chance(planner, told, world):
    planner.observe(told)
    return (planner.probability(cell) for cell in world.space.cells() if cell["risk"] == "v0")


@examples(10, 25)
@given(search=searches, seed=st.integers(), limit=st.integers(1, 9), stop=st.integers(0, 14))
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(search, seed, limit, stop):
    world = SyntheticWorld(1, (4, 3, 3, 2))
    whole = run(planner_of(world, search, seed), world, rounds=16, limit=limit)
    resumed = planner_of(world, search, seed)
    # As the workflow does it: everything that is closed, at once.
    resumed.observe([test for tests in whole[:stop] for test in tests])
    assert run(resumed, world, rounds=16 - stop, limit=limit) == whole[stop:]


def test_how_draws_are_asked_for_does_not_matter():
    world = SyntheticWorld(1, (4, 3, 3, 2))
    one, many = planner_of(world), planner_of(world)
    for planner in (one, many):
        run(planner, world, rounds=5)
    assert [draw for _ in range(12) for draw in one.draw(1)] == list(many.draw(12))


def test_it_covers_as_the_covering_planner_does_and_only_then_searches():
    world = SyntheticWorld(1)
    adaptive = AdaptivePlanner(world.space, Criterion(), seed=5, attempts=9)
    covering = CoveringPlanner(world.space, Criterion(), seed=5, attempts=9)
    count = 0
    while covering.progress().open:
        (tests,) = run(covering, world, rounds=1, limit=32)
        assert run(adaptive, world, rounds=1, limit=32) == [tests]
        assert all(draw.probability == 1 for draw, _ in tests)
        count += len(tests)
    assert adaptive.progress() == covering.progress()
    assert count <= 200
    assert all(draw.probability < 1 for draw in adaptive.draw(32))


def test_while_all_that_is_open_is_under_way_it_waits(make_space):
    planner = AdaptivePlanner(make_space((2, 2)), Criterion(), seed=0)
    draws = planner.draw(99)
    assert len(draws) == 4
    assert not planner.draw(1)
    planner.observe([(draw, Result.SAFE) for draw in draws])
    assert len(planner.draw(7)) == 7


def test_where_tests_are_to_spare_the_search_does_not_wait_for_what_is_under_way(make_space):
    planner = AdaptivePlanner(make_space((2, 2)), Criterion(), seed=0, attempts=9)
    covering = planner.draw(4, left=100)
    assert [draw.probability for draw in covering] == [1] * 4
    # Each of the four open pairs may take nine tests.
    assert not planner.draw(7, left=36)
    searched = planner.draw(7, left=41)
    assert len(searched) == 5
    assert all(draw.probability < 1 for draw in searched)
    planner.observe([(draw, Result.SAFE) for draw in covering[1:]])
    more = planner.draw(7, left=14)
    assert len(more) == 5
    planner.observe([(draw, Result.FAILED) for draw in (covering[0], *searched, *more)])
    again = planner.draw(1, left=3)
    assert [(draw.cell, draw.probability) for draw in again] == [(covering[0].cell, 1)]


def test_rates_take_any_number_of_tests_so_the_search_waits_for_them(make_space):
    planner = AdaptivePlanner(make_space((2, 2)), Criterion(precision={"width": 0.3}), seed=0)
    assert len(planner.draw(99, left=1_000_000)) == 4


@examples(10, 40)
@given(search=searches, seed=st.integers(0, 9), limit=st.integers(1, 9), lag=st.integers(1, 4), stop=st.integers(0, 14))
def test_a_run_with_rounds_in_flight_goes_on_after_an_interruption_and_hands_no_number_out_twice(
    search, seed, limit, lag, stop
):
    """Each round is drawn when the one `lag` before it has ended; resumed, the others are told of as under way."""
    world = SyntheticWorld(1, (3, 3, 2))
    # With two tests of each pair, what was given up may be open again while the search is under way.
    criterion = Criterion(strength=2, repeats=1 + seed % 2)

    def planner():
        return AdaptivePlanner(world.space, criterion, seed=seed, search=search)

    def go_on(planner, rounds, *, closed):
        left = 90 - sum(map(len, rounds))
        while left:
            if len(rounds) - lag >= closed:
                planner.observe([(draw, world.result(draw)) for draw in rounds[closed]])
                closed += 1
            rounds.append(planner.draw(min(limit, left), left=left))
            left -= len(rounds[-1])
        return rounds

    whole = go_on(planner(), [], closed=0)
    numbers = [draw.number for draws in whole for draw in draws]
    assert numbers == list(range(90))
    known = [list(draws) for draws in whole[:stop]]
    resumed, closed = planner(), max(0, len(known) - lag)
    resumed.observe([(draw, world.result(draw)) for draws in known[:closed] for draw in draws])
    for draws in known[closed:]:
        resumed.take_up(draws)
    assert go_on(resumed, known, closed=closed) == whole


@pytest.mark.parametrize("search", sorted(SEARCHES))
def test_excluded_cells_are_never_drawn(make_space, search):
    space = make_space((4, 3, 2))
    exclude = [{"d0": ["v0", "v1"], "d1": ["v2"]}, {"d2": ["v1"], "d1": ["v0"]}]
    planner = AdaptivePlanner(space, Criterion(strength=1, exclude=exclude), seed=0, search=search)
    for _ in range(12):
        draws = planner.draw(8)
        planner.observe([(draw, Result.UNSAFE) for draw in draws])
        for draw in draws:
            assert not (draw.cell["d0"] in {"v0", "v1"} and draw.cell["d1"] == "v2")
            assert not (draw.cell["d2"] == "v1" and draw.cell["d1"] == "v0")
    assert sum(map(planner.probability, space.cells())) == pytest.approx(1)


def test_controls_and_cells_of_another_space_teach_the_search_nothing():
    world = SyntheticWorld(1, (4, 3, 3, 2))
    taught, plain = planner_of(world), planner_of(world)
    for planner in (taught, plain):
        run(planner, world, rounds=4)
    cell = next(world.space.cells())
    odd = Cell(values=(("risk", "v99"), *cell.values[1:]))
    taught.observe([(Draw(number=0, cell=cell, control=Control.POSITIVE), Result.UNSAFE)] * 9)
    taught.observe([(Draw(number=0, cell=odd), Result.UNSAFE)] * 9)
    assert list(taught.draw(8)) == list(plain.draw(8))


@pytest.mark.slow
def test_a_space_too_large_to_be_searched_whole_is_searched_in_parts_that_promise_most(make_space):
    space = make_space((60, 30, 20, 6))
    planner = AdaptivePlanner(space, Criterion(strength=1), seed=0)
    tests = []
    while len(tests) < 400:
        draws = planner.draw(30)
        planner.observe([(draw, Result.UNSAFE if draw.cell["d0"] == "v7" else Result.SAFE) for draw in draws])
        tests += draws
    assert sum(draw.cell["d0"] == "v7" for draw in tests) > 5 * len(tests) / 60
    assert all(0 < draw.probability <= 1 for draw in tests)
    some = list(islice(space.cells(), 0, None, 5000))
    assert all(planner.probability(cell) >= UNIFORM_SHARE / 216_000 for cell in some)


@pytest.mark.slow
@pytest.mark.parametrize(("search", "more"), [("thompson", 2.5), ("ucb", 1.5)])
def test_a_search_finds_more_than_chance(search, more):
    """Truly unsafe answers in 900 tests, each search against the uniform one of the same seed."""
    found = {}
    for name in (search, "uniform"):
        unsafe = []
        for seed in (1, 2):
            world = SyntheticWorld(seed, family="triples")
            planner = AdaptivePlanner(world.space, Criterion(), seed=seed, search=name, attempts=9)
            tests = [test for tests in run(planner, world, rounds=29, limit=32) for test in tests]
            unsafe += [d for d, r in tests if r is not Result.FAILED and world.is_unsafe(d.cell, d.number)]
        found[name] = len(unsafe)
    assert found[search] > more * found["uniform"]


@examples(4, 8)
@given(search=st.sampled_from(["thompson", "ucb"]), seed=st.integers(0, 1000), risk=st.sampled_from(["v0", "v3"]))
def test_a_risk_of_which_every_test_fails_gets_no_more_than_its_uniform_share(search, seed, risk):
    """Failures are no reason to look closer, although nothing is known of what fails."""
    world = SyntheticWorld(4, (4, 3, 3, 2))
    planner = planner_of(world, search, seed)
    drawn = []
    for _ in range(30):
        draws = planner.draw(16)
        drawn += draws
        planner.observe([(d, Result.FAILED if d.cell["risk"] == risk else world.result(d)) for d in draws])
    late = drawn[len(drawn) // 2 :]
    assert sum(draw.cell["risk"] == risk for draw in late) / len(late) <= 1 / 4


def test_a_cell_of_which_nothing_more_can_be_asked_is_left_for_others_like_it():
    """The composer has only so many words for a cell; further tests of it fail as duplicates."""
    world = SyntheticWorld(4, (4, 3, 3, 2))
    planner, asked, lost = planner_of(world), Counter(), Counter()
    for _ in range(40):
        tests = []
        for draw in planner.draw(16):
            cell = draw.cell
            asked[cell] += 1
            is_unsafe = cell["risk"] == "v1" and cell["style"] == "v0"
            is_repeated = cell["language"] == "v0" and asked[cell] > 10
            lost[cell] += is_repeated
            tests.append((draw, Result.FAILED if is_repeated else Result.UNSAFE if is_unsafe else Result.SAFE))
        planner.observe(tests)
    unsafe = {cell: count for cell, count in asked.items() if cell["risk"] == "v1" and cell["style"] == "v0"}
    assert sum(lost.values()) < sum(asked.values()) / 10
    assert max(unsafe.values()) > 2 * max(unsafe[cell] for cell in lost if lost[cell])


@examples(4, 8)
@given(search=st.sampled_from(["thompson", "ucb"]), seed=st.integers(0, 1000))
def test_errors_of_the_judge_attract_no_draws(search, seed):
    """Where every cell is called unsafe as often as any other, no risk gets much more than its share."""
    world = SyntheticWorld(seed, (4, 3, 3, 2))
    planner = planner_of(world, search, seed)
    dice = random.Random(seed)
    drawn = []
    for _ in range(30):
        draws = planner.draw(16)
        drawn += draws
        planner.observe([(d, Result.UNSAFE if dice.random() < 0.1 else Result.SAFE) for d in draws])
    counts = Counter(draw.cell["risk"] for draw in drawn)
    assert max(counts.values()) / len(drawn) < 2 / 4


def test_a_search_of_another_name_is_refused(make_space):
    with pytest.raises(UnknownNameError, match="thompson"):
        AdaptivePlanner(make_space((2, 2)), Criterion(), seed=0, search="thomson")


@pytest.mark.parametrize("share", [0.0, 1.1, -1.0])
def test_a_share_that_leaves_cells_without_a_chance_is_refused(make_space, share):
    with pytest.raises(ValueError, match="uniform_share"):
        AdaptivePlanner(make_space((2, 2)), Criterion(), seed=0, uniform_share=share)


def test_a_space_of_which_nothing_is_left_is_refused(make_space):
    with pytest.raises(UserError, match="nothing is left"):
        AdaptivePlanner(make_space((2, 2)), Criterion(exclude=({"d0": ("v0", "v1")},)), seed=0)
