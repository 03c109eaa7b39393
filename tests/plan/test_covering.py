"""Every interaction occurs in a covering array, and it has as few rows as is promised."""

from itertools import combinations, product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.plan.algebraic import Field
from astral.plan.covering import covering_array, lower_bound
from tests.laws import examples

A, B, C = (14, 10, 6, 5), (45, 10, 20, 6, 10), (102, 30, 20, 6, 12)

models = st.lists(st.integers(1, 5), min_size=1, max_size=6).flatmap(
    lambda levels: st.tuples(st.just(levels), st.integers(1, min(4, len(levels))))
)


def covers_everything(rows, levels, strength):
    """Counted group by group, without the numbering that the array was built with."""
    return all(
        len(np.unique(np.ravel_multi_index(rows[:, group].T.astype(int), [levels[d] for d in group])))
        == prod(levels[d] for d in group)
        for group in map(list, combinations(range(len(levels)), strength))
    )


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(models, st.integers(0, 2**32))
def test_every_interaction_occurs_and_no_fewer_rows_could_do(model, seed):
    levels, strength = model
    rows = covering_array(levels, strength, seed=seed)
    assert covers_everything(rows, levels, strength)
    assert lower_bound(levels, strength) <= len(rows) <= prod(levels)
    assert len(np.unique(rows, axis=0)) == len(rows)


@settings(max_examples=15, deadline=None)
@given(models, st.integers(0, 2**32))
def test_a_seed_gives_the_same_rows_again(model, seed):
    assert np.array_equal(covering_array(*model, seed=seed), covering_array(*model, seed=seed))


def test_another_seed_gives_other_rows():
    assert not np.array_equal(covering_array(A, 2, seed=1), covering_array(A, 2, seed=2))


@pytest.mark.parametrize(
    ("levels", "strength", "size"),
    [(A, 2, 140), (A, 3, 840), (B, 2, 900), (B, 3, 9_000), (C, 2, 3_060), (C, 3, 61_200)],
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_named_models_reach_their_lower_bounds(levels, strength, size, seed):
    rows = covering_array(levels, strength, seed=seed)
    assert len(rows) == size == lower_bound(levels, strength)
    assert covers_everything(rows, levels, strength)


@pytest.mark.slow
def test_a_large_model_of_strength_4_reaches_its_lower_bound():
    rows = covering_array(C, 4)
    assert len(rows) == 734_400 == lower_bound(C, 4)
    assert covers_everything(rows, C, 4)


@pytest.mark.parametrize(
    ("levels", "strength", "pict"),
    # PICT's sizes, by its library in pypict 0.3.0 with seed 0; `benchmarks/covering.py` measures them again.
    [
        ((4,) * 10, 2, 31),
        ((3,) * 4, 2, 12),
        ((6,) * 7, 2, 55),
        ((5,) * 6, 3, 217),
        pytest.param((3,) * 10, 3, 67, marks=pytest.mark.slow),
    ],
)
def test_models_without_a_large_dimension_are_no_larger_than_those_of_pict(levels, strength, pict):
    rows = covering_array(levels, strength)
    assert len(rows) <= pict
    assert covers_everything(rows, levels, strength)


def test_full_strength_is_every_cell():
    rows = covering_array((3, 2, 4), 3, seed=5)
    assert sorted(map(tuple, rows.tolist())) == list(product(range(3), range(2), range(4)))


@examples(25, 40)
@given(models, st.data())
def test_exclusions_are_kept_and_everything_else_occurs(model, data):
    levels, strength = model
    exclusion = st.dictionaries(st.sampled_from(range(len(levels))), st.just(None), min_size=1, max_size=3).flatmap(
        lambda dims: st.fixed_dictionaries({d: st.frozensets(st.integers(0, levels[d] - 1), min_size=1) for d in dims})
    )
    exclude = data.draw(st.lists(exclusion, max_size=3))
    allowed = [
        cell
        for cell in product(*map(range, levels))
        if not any(all(cell[d] in values for d, values in one.items()) for one in exclude)
    ]
    rows = [tuple(row) for row in covering_array(levels, strength, exclude=exclude).tolist()]
    assert lower_bound(levels, strength, exclude=exclude) <= len(rows)

    def held(cells):
        return {(group, tuple(cell[d] for d in group)) for cell in cells for group in groups}

    groups = list(combinations(range(len(levels)), strength))
    assert set(rows) <= set(allowed)
    assert held(rows) == held(allowed)


@pytest.mark.parametrize("exclude", [{}, {0: frozenset()}])
def test_an_exclusion_of_nothing_is_refused(exclude):
    with pytest.raises(ValueError, match="must name"):
        covering_array((2, 2), 1, exclude=[exclude])


@pytest.mark.parametrize(("levels", "strength"), [((), 1), ((2, 0), 1), ((2, 2), 0), ((2, 2), 3), ((70_000, 2), 1)])
def test_arguments_out_of_range_are_refused(levels, strength):
    with pytest.raises(ValueError, match="must be between"):
        covering_array(levels, strength)


@pytest.mark.parametrize("size", [2, 3, 4, 5, 7, 8, 9, 16, 25, 27])
def test_a_field_can_divide_and_distributes(size):
    field = Field.of_size(size)
    assert field is not None
    plus, times, numbers = field.plus.astype(int), field.times.astype(int), range(size)
    assert all(sorted(plus[a]) == list(numbers) for a in numbers)
    assert all(sorted(times[a]) == list(numbers) for a in range(1, size))
    for a, b, c in product(numbers, numbers, range(min(size, 5))):
        assert times[c, plus[a, b]] == plus[times[c, a], times[c, b]]


@pytest.mark.parametrize("size", [1, 6, 10, 12, 15])
def test_there_is_no_field_of_other_sizes(size):
    assert Field.of_size(size) is None
