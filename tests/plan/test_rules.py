"""Rules on what is tested: implications, cells that must be tested, weights; alone and together, by brute force."""

import random
from collections import Counter
from itertools import chain, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from astral.domain.criterion import Criterion
from astral.domain.records import Draw, Result
from astral.domain.rules import Implication
from astral.domain.space import Cell
from astral.errors import UserError
from astral.plan import CoveringPlanner
from astral.plan.interactions import Interactions
from astral.plan.weights import reweighted
from tests.laws import examples

LEVELS = (3, 3, 2, 2)
LOST = (Result.BLOCKED, Result.FAILED)


def values_of(levels):
    return {f"d{d}": tuple(f"v{v}" for v in range(level)) for d, level in enumerate(levels)}


def some_of(levels, *, most):
    """Some dimensions, each with some of its values."""
    names = values_of(levels)
    return st.dictionaries(st.sampled_from(sorted(names)), st.just(None), min_size=1, max_size=most).flatmap(
        lambda dims: st.fixed_dictionaries(
            {d: st.lists(st.sampled_from(names[d]), min_size=1).map(tuple) for d in dims}
        )
    )


implications = st.builds(
    lambda when, then: Implication(when=when, then=then), some_of(LEVELS, most=2), some_of(LEVELS, most=2)
)


def holds(cell, some):
    return all(cell[name] in values for name, values in some.items())


def allowed_cells(space, exclude, imply):
    return [
        cell
        for cell in space.cells()
        if not any(holds(cell, one) for one in exclude)
        and all(holds(cell, one.then) for one in imply if holds(cell, one.when))
    ]


def held_by(cells, strength):
    return {interaction for cell in cells for interaction in cell.interactions(strength)}


def results(seed, lost):
    def result(draw):
        dice = random.Random(f"{seed}/{draw.number}")
        return dice.choice(LOST) if dice.random() < lost else Result.SAFE

    return result


def finished(planner, result=lambda _: Result.SAFE, *, limit=8):
    tests = []
    while len(tests) < 5_000 and (draws := planner.draw(limit)):
        now = [(draw, result(draw)) for draw in draws]
        planner.observe(now)
        tests += now
    return tests


@examples(20, 40)
@given(
    exclude=st.lists(some_of(LEVELS, most=3), max_size=2),
    imply=st.lists(implications, max_size=3),
    wanted=st.lists(st.tuples(st.integers(0, 35), st.sets(st.integers(0, 3), min_size=1)), max_size=3),
    strength=st.integers(1, 3),
    seed=st.integers(0, 99),
    weighted=st.booleans(),
)
def test_all_that_rules_allow_is_covered_what_must_be_first_and_the_rest_is_proved_infeasible(
    make_space, *, exclude, imply, wanted, strength, seed, weighted
):
    space = make_space(LEVELS)
    allowed = allowed_cells(space, exclude, imply)
    assume(allowed)
    must = [
        {name: value for place, (name, value) in enumerate(allowed[number % len(allowed)].values) if place in places}
        for number, places in wanted
    ]
    translated = [exclusion for one in imply for exclusion in one.exclusions(values_of(LEVELS))]
    criterion = Criterion(
        strength=strength,
        exclude=(*exclude, *translated),
        must=tuple(must),
        weights={"d0": {"v1": 7.0}, "d3": {"v0": 0.2}} if weighted else {},
    )
    planner = CoveringPlanner(space, criterion, seed=seed)
    tests = finished(planner)
    cells = [draw.cell for draw, _ in tests]
    assert set(cells) <= set(allowed)
    assert held_by(cells, strength) == held_by(allowed, strength)
    infeasible = {lost.interaction for lost in planner.progress().infeasible}
    assert infeasible == set(space.interactions(strength)) - held_by(allowed, strength)
    assert planner.progress().is_met
    distinct = {tuple(sorted(one.items())) for one in must}
    first = cells[: len(distinct)]
    for one in must:
        assert any(holds(cell, {name: (value,) for name, value in one.items()}) for cell in first)


@given(imply=implications, sizes=st.tuples(*(st.integers(1, level) for level in LEVELS)))
def test_an_implication_and_its_exclusions_forbid_the_same_cells(imply, sizes):
    values = {name: some[:size] for (name, some), size in zip(values_of(LEVELS).items(), sizes, strict=True)}
    exclusions = list(imply.exclusions(values))
    for places in product(*values.values()):
        cell = dict(zip(values, places, strict=True))
        is_forbidden = any(holds(cell, one) for one in exclusions)
        assert is_forbidden == (holds(cell, imply.when) and not holds(cell, imply.then))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), stop=st.integers(0, 12), limit=st.integers(1, 9), lost=st.floats(0, 0.6))
def test_a_run_with_rules_goes_on_as_if_it_had_not_been_interrupted(make_space, *, seed, stop, limit, lost):
    criterion = Criterion(
        strength=2,
        repeats=2,
        exclude=({"d0": ("v0",), "d2": ("v1",)},),
        must=({"d0": "v2"}, {"d0": "v1", "d1": "v1", "d2": "v0", "d3": "v1"}),
        weights={"d1": {"v2": 5.0}},
    )
    space, result = make_space(LEVELS), results(seed, lost)

    def rounds(planner):
        done = []
        while len(done) < 5_000 and (draws := planner.draw(limit)):
            done.append([(draw, result(draw)) for draw in draws])
            planner.observe(done[-1])
        return done

    whole_planner = CoveringPlanner(space, criterion, seed=seed)
    whole = rounds(whole_planner)
    resumed = CoveringPlanner(space, criterion, seed=seed)
    resumed.observe(chain.from_iterable(whole[:stop]))
    assert rounds(resumed) == whole[stop:]
    assert resumed.progress() == whole_planner.progress()


def test_a_part_of_a_cell_that_the_plan_holds_takes_no_test_more(make_space):
    must = ({"d0": "v3", "d1": "v7"}, {"d2": "v1", "d3": "v4"})
    planner = CoveringPlanner(make_space((14, 10, 6, 5)), Criterion(strength=2, must=must), seed=0)
    assert len(finished(planner)) == 140


def test_what_must_be_tested_is_tried_again_and_given_up_by_name(make_space):
    must = {"d0": "v1", "d1": "v1"}
    planner = CoveringPlanner(make_space((2, 2, 2)), Criterion(strength=1, must=(must,)), seed=0, attempts=4)
    (first, *_) = planner.draw(9)
    planner.observe([(first, Result.FAILED)])
    cells = [first.cell]
    for _ in range(3):
        draw = planner.draw(1)[0]
        cells.append(draw.cell)
        planner.observe([(draw, Result.FAILED)])
    assert all(holds(cell, {"d0": ("v1",), "d1": ("v1",)}) for cell in cells)
    assert {cell["d2"] for cell in cells} == {"v0", "v1"}
    (_, demand) = planner.progress().demands
    assert (demand.name, demand.required, demand.met, demand.open) == ("must", 1, 0, 0)
    assert demand.given_up[0].interaction == (("d0", "v1"), ("d1", "v1"))
    assert not planner.progress().is_met


def test_last_night_s_test_of_a_cell_that_must_be_tested_counts(make_space):
    must = {"d0": "v1", "d1": "v0"}
    planner = CoveringPlanner(make_space((2, 2)), Criterion(strength=1, must=(must,)), seed=0)
    planner.observe([(Draw(number=0, cell=Cell(values=(("d0", "v1"), ("d1", "v0")))), Result.UNKNOWN)])
    assert planner.progress().demands[-1].met == 1
    finished(planner)
    assert planner.progress().is_met


@pytest.mark.parametrize(
    ("must", "message"),
    [
        ({"d9": "v0"}, "must: 'd9' is not a dimension"),
        ({"d0": "w1"}, "must: 'w1' is not .* Did you mean 'v1'"),
        ({"d0": "v0", "d1": "v1"}, "must: d0=v0 × d1=v1 is wanted and excluded, by d0=v0 × d1=v1"),
    ],
)
def test_a_cell_that_cannot_be_tested_is_refused_before_anything_is_sent(make_space, must, message):
    exclude = ({"d0": ("v0",), "d1": ("v1",)},)
    with pytest.raises(UserError, match=message):
        CoveringPlanner(make_space((2, 2)), Criterion(must=(must,), exclude=exclude), seed=0)


@pytest.mark.parametrize(("weights", "message"), [({"d9": {"v0": 2}}, "'d9'"), ({"d0": {"w0": 2}}, "mean 'v0'")])
def test_weights_of_what_does_not_exist_are_refused(make_space, weights, message):
    with pytest.raises(UserError, match=f"weights: .*{message}"):
        CoveringPlanner(make_space((2, 2)), Criterion(weights=weights), seed=0)


def test_weights_shift_the_tests_and_add_none(make_space):
    def styles(weights):
        criterion = Criterion(strength=2, weights=weights)
        tests = finished(CoveringPlanner(make_space((14, 10, 6, 5)), criterion, seed=0))
        assert len(tests) == 140
        return Counter(draw.cell["d2"] for draw, _ in tests)

    assert styles({"d2": {"v0": 20.0}})["v0"] > styles({})["v0"] + 20
    assert styles({"d2": {"v0": 0.01}})["v0"] == 14, "no fewer than pairs with the 14 risks take"


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 99), rows=st.integers(4, 40))
def test_what_is_drawn_anew_by_weight_covers_what_it_covered(seed, rows):
    rng = np.random.default_rng(seed)
    interactions = Interactions((4, 3, 2), 2)
    before = np.stack([rng.integers(level, size=rows) for level in interactions.levels], axis=1).astype(np.uint16)
    covered = interactions.counts(before) > 0
    weights = tuple(rng.random(level) + 0.01 for level in interactions.levels)
    after = reweighted(before, interactions, covered, weights=weights, rules=None, rng=rng)
    assert ((interactions.counts(after) > 0) >= covered).all()
    assert len(after) == len(before)
