"""The laws of the covering planner: what it hands out, what it counts, and how it goes on."""

import random
from itertools import chain, count

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from astral.domain.criterion import Criterion
from astral.domain.ports import Planner
from astral.domain.records import Control, Draw, Result
from astral.domain.space import Cell
from astral.errors import UserError
from astral.plan import CoveringPlanner, random_cell
from astral.plan.exclusions import Exclusions
from tests.laws import examples

JUDGED = (Result.SAFE, Result.UNSAFE, Result.UNKNOWN)
LOST = (Result.BLOCKED, Result.FAILED)

models = st.lists(st.integers(1, 4), min_size=1, max_size=5).flatmap(
    lambda levels: st.tuples(st.just(levels), st.integers(1, min(3, len(levels))))
)


def covered_by(tests, strength):
    return {
        interaction
        for draw, result in tests
        if result in JUDGED and draw.control is None
        for interaction in draw.cell.interactions(strength)
    }


def results(seed, lost_fraction):
    """The same result for the same test, whoever asks."""

    def result(draw):
        chance = random.Random(f"{seed}/{draw.number}")
        return chance.choice(LOST) if chance.random() < lost_fraction else chance.choice(JUDGED)

    return result


def run(planner, result, *, rounds, limit):
    """Rounds until nothing is handed out; all tests of each."""
    history = []
    for _ in range(rounds):
        draws = list(planner.draw(limit))
        if not draws:
            break
        tests = [(draw, result(draw)) for draw in draws]
        planner.observe(tests)
        history.append(tests)
    return history


def test_it_is_a_planner(make_space):
    assert isinstance(CoveringPlanner(make_space((2, 2)), Criterion(), seed=0), Planner)


@examples(20, 40)
@given(model=models, seed=st.integers(), limit=st.integers(1, 9), lost=st.floats(0, 0.9), attempts=st.integers(1, 4))
def test_progress_is_what_can_be_counted_from_the_tests(make_space, *, model, seed, limit, lost, attempts):
    levels, strength = model
    space = make_space(levels)
    planner = CoveringPlanner(space, Criterion(strength=strength), seed=seed, attempts=attempts)
    required = set(space.interactions(strength))
    tests = []
    while draws := planner.draw(limit):
        for draw in draws:
            test = (draw, results(seed, lost)(draw))
            planner.observe([test])
            tests.append(test)
            progress = planner.progress()
            assert progress.required == len(required)
            assert progress.covered == len(covered_by(tests, strength))
            assert progress.covered + progress.open + len(progress.given_up) == progress.required
    assert planner.progress().open == 0
    failures = [i for draw, result in tests if result in LOST for i in draw.cell.interactions(strength)]
    for lost_one in planner.progress().given_up:
        assert lost_one.interaction not in covered_by(tests, strength)
        assert failures.count(lost_one.interaction) >= attempts
        assert lost_one.reason.startswith(f"{failures.count(lost_one.interaction)} test")


@examples(15, 40)
@given(model=models, seed=st.integers(), limit=st.integers(1, 9), lost=st.floats(0, 0.9), stop=st.integers(0, 12))
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(make_space, *, model, seed, limit, lost, stop):
    space, criterion, result = make_space(model[0]), Criterion(strength=model[1]), results(seed, lost)
    whole_planner = CoveringPlanner(space, criterion, seed=seed)
    whole = run(whole_planner, result, rounds=10_000, limit=limit)
    killed = run(CoveringPlanner(space, criterion, seed=seed), result, rounds=stop, limit=limit)
    resumed = CoveringPlanner(space, criterion, seed=seed)
    for tests in killed:
        resumed.observe(tests)
    assert killed + run(resumed, result, rounds=10_000, limit=limit) == whole
    assert resumed.progress() == whole_planner.progress()


@settings(max_examples=30, deadline=None)
@given(models, st.integers(), st.lists(st.integers(0, 7), max_size=6))
def test_no_draw_is_wasted(make_space, model, seed, limits):
    levels, strength = model
    planner = CoveringPlanner(make_space(levels), Criterion(strength=strength), seed=seed)
    seen = set()
    numbers = count()
    for limit in [*limits, 10_000]:
        draws = planner.draw(limit)
        assert len(draws) <= limit
        for draw in draws:
            assert draw.number == next(numbers)
            assert not seen.issuperset(draw.cell.interactions(strength))
            seen.update(draw.cell.interactions(strength))
    assert len(seen) == planner.progress().required
    assert not planner.draw(1), "everything is under way"


def test_the_paper_s_space_takes_as_many_tests_as_its_largest_pair(make_space):
    planner = CoveringPlanner(make_space((14, 10, 6, 5)), Criterion(strength=2), seed=7)
    tests = list(chain.from_iterable(run(planner, lambda _: Result.SAFE, rounds=1000, limit=16)))
    assert len(tests) == 140
    assert planner.progress().is_met


def test_a_fifth_of_refusals_costs_fewer_than_sixty_tests_more(make_space):
    sizes = []
    for seed in range(5):
        planner = CoveringPlanner(make_space((14, 10, 6, 5)), Criterion(strength=2), seed=seed, attempts=9)
        sizes.append(len(list(chain.from_iterable(run(planner, results(seed, 0.2), rounds=1000, limit=8)))))
        assert planner.progress().is_met
    assert max(sizes) < 200


def test_what_failed_is_tried_in_other_cells(make_space):
    planner = CoveringPlanner(make_space((3, 3, 3)), Criterion(strength=1), seed=0, attempts=6)
    cells = []
    for _ in range(6):
        (draw,) = planner.draw(1)
        planner.observe([(draw, Result.FAILED)])
        cells.append(draw.cell)
    assert len(set(cells)) == 6


def test_where_there_is_no_other_cell_the_same_is_tried_and_then_given_up(make_space):
    planner = CoveringPlanner(make_space((1, 1)), Criterion(strength=2), seed=0, attempts=3)
    attempts = []
    for result in (Result.FAILED, Result.FAILED, Result.BLOCKED):
        (draw,) = planner.draw(5)
        attempts.append(draw.attempt)
        planner.observe([(draw, result)])
    assert attempts == [0, 1, 2]
    assert not planner.draw(5)
    (lost,) = planner.progress().given_up
    assert lost.reason == "3 tests failed or were blocked: last blocked"


def test_a_lone_failure_is_told_in_the_singular(make_space):
    planner = CoveringPlanner(make_space((1,)), Criterion(strength=1), seed=0, attempts=1)
    planner.observe([(planner.draw(1)[0], Result.FAILED)])
    assert planner.progress().given_up[0].reason == "1 test failed or was blocked: last failed"


def test_last_night_s_coverage_is_not_paid_for_again(make_space):
    space, criterion = make_space((14, 10, 6, 5)), Criterion(strength=2)
    night = run(CoveringPlanner(space, criterion, seed=1), lambda _: Result.SAFE, rounds=9, limit=10)
    tonight = CoveringPlanner(space, criterion, seed=2)
    for tests in night:
        tonight.observe(tests)
    rest = list(chain.from_iterable(run(tonight, lambda _: Result.SAFE, rounds=1000, limit=10)))
    assert rest[0][0].number == 90
    assert len(rest) < 75
    assert tonight.progress().is_met


def test_controls_cover_nothing_and_their_numbers_are_not_used_again(make_space):
    planner = CoveringPlanner(make_space((2, 2)), Criterion(strength=1), seed=0)
    cell = Cell(values=(("d0", "v0"), ("d1", "v0")))
    planner.observe([(Draw(number=4, cell=cell, control=Control.POSITIVE), Result.UNSAFE)])
    assert planner.progress().covered == 0
    assert [draw.number for draw in planner.draw(9)] == [5, 6]


def test_cells_of_another_space_count_for_what_both_share(make_space):
    planner = CoveringPlanner(make_space((2, 2, 2)), Criterion(strength=2), seed=0)
    cell = Cell(values=(("d0", "v1"), ("d2", "v1"), ("d1", "v7"), ("mood", "calm")))
    planner.observe([(Draw(number=0, cell=cell), Result.SAFE)])
    assert planner.progress().covered == 1


def test_infeasible_interactions_are_proved_and_never_waited_for(make_space):
    space = make_space((3, 3, 2))
    exclude = ({"d0": ("v2",), "d1": ("v0", "v1")}, {"d1": ("v2",), "d2": ("v0",)})
    planner = CoveringPlanner(space, Criterion(strength=2, exclude=exclude), seed=0)
    reasons = {lost.interaction: lost.reason for lost in planner.progress().infeasible}
    first, second = "d0=v2 × d1=v0|v1", "d1=v2 × d2=v0"
    assert reasons == {
        (("d0", "v2"), ("d1", "v0")): f"excluded by {first}",
        (("d0", "v2"), ("d1", "v1")): f"excluded by {first}",
        (("d1", "v2"), ("d2", "v0")): f"excluded by {second}",
        (("d0", "v2"), ("d2", "v0")): f"excluded by {first} and {second}",
    }
    tests = list(chain.from_iterable(run(planner, lambda _: Result.SAFE, rounds=99, limit=4)))
    assert planner.progress().is_met
    assert planner.progress().required == 9 + 6 + 6 - 4 == len(covered_by(tests, 2))
    assert planner.progress().given_up == ()
    assert not covered_by(tests, 2) & reasons.keys()


def test_what_an_earlier_run_judged_in_a_cell_that_is_now_excluded_counts_in_nothing(make_space):
    criterion = Criterion(strength=2, exclude=({"d0": ("v0",), "d1": ("v0",)},))
    planner = CoveringPlanner(make_space((2, 2)), criterion, seed=0)
    planner.observe([(Draw(number=0, cell=Cell(values=(("d0", "v0"), ("d1", "v0")))), Result.SAFE)])
    progress = planner.progress()
    assert (progress.required, progress.covered, progress.open) == (3, 0, 3)


@pytest.mark.parametrize(
    ("exclude", "message"),
    [
        ({"d9": ("v0",)}, "exclude: 'd9' is not a dimension"),
        ({"d0": ("w0",)}, "Did you mean 'v0'"),
        ({"d0": ("v0", "v1")}, "every cell is excluded"),
        ({"d0": ()}, "must name"),
    ],
)
def test_an_exclusion_that_cannot_be_meant_is_refused(make_space, exclude, message):
    with pytest.raises(UserError, match=message):
        CoveringPlanner(make_space((2, 2)), Criterion(exclude=(exclude,)), seed=0)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**40), data=st.data())
def test_a_random_cell_is_an_allowed_one(make_space, seed, data):
    levels = (3, 2, 4)
    exclusion = st.fixed_dictionaries(
        {}, optional={d: st.frozensets(st.integers(0, levels[d] - 1), min_size=1) for d in range(3)}
    ).filter(bool)
    rules = Exclusions(levels, data.draw(st.lists(exclusion, max_size=4)))
    assume(rules.allowed({}, []))
    space = make_space(levels)
    cell = random_cell(space, rules, random.Random(seed))
    row = [int(value[1:]) for _, value in cell.values]
    assert not any(all(row[d] in values for d, values in one.items()) for one in rules.exclusions)
    if not rules.exclusions:
        assert cell == random_cell(space, None, random.Random(seed))


def test_more_strength_than_dimensions_is_refused_with_the_way_out(make_space):
    with pytest.raises(UserError, match="Strength 2 covers every cell"):
        CoveringPlanner(make_space((2, 2)), Criterion(strength=3), seed=0)


@pytest.mark.parametrize("attempts", [0, 256])
def test_attempts_out_of_range_are_refused(make_space, attempts):
    with pytest.raises(ValueError, match="between 1 and 255"):
        CoveringPlanner(make_space((2,)), Criterion(strength=1), seed=0, attempts=attempts)
