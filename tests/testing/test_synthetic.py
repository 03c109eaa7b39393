"""Synthetic worlds keep what they promise, and are functions of cell and draw alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.domain.records import Draw, Result
from astral.testing.synthetic import FAMILIES, SyntheticWorld

worlds = st.builds(SyntheticWorld, st.integers(0, 50), family=st.sampled_from(sorted(FAMILIES)))


@settings(max_examples=20, deadline=None)
@given(worlds)
def test_rates_and_noise_lie_where_they_are_promised(world):
    assert 0.01 <= world.table.mean() <= 0.05
    lowest, highest = FAMILIES[world.family].judge_noise
    assert lowest <= world.judge_noise <= highest
    assert all(0.1 <= world.p_refused(world.space.cell((risk, 0, 0, 0))) <= 0.2 for risk in range(14))


@pytest.mark.slow
@settings(max_examples=4, deadline=None)
@given(worlds)
def test_planted_interactions_make_their_cells_at_least_as_bad_as_their_family_says(world):
    family = FAMILIES[world.family]
    sizes = [len(interaction) for interaction in world.planted]
    assert family.triples <= len(sizes) <= family.triples + family.pairs
    for interaction in world.planted:
        cells = [cell for cell in world.space.cells() if set(interaction) <= set(cell.values)]
        assert min(map(world.p_unsafe, cells)) >= family.strength[0]


@settings(max_examples=20, deadline=None)
@given(worlds, st.integers(0, 4199), st.integers(0, 10_000))
def test_a_world_says_the_same_again_whoever_asks(world, place, number):
    draw = Draw(number=number, cell=world.space.cell(tuple(map(int, np.unravel_index(place, world.levels)))))
    again = SyntheticWorld(world.seed, family=world.family)
    assert again.result(draw) is world.result(draw)
    assert again.p_unsafe(draw.cell) == world.p_unsafe(draw.cell)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_results_are_as_frequent_as_the_tables_say(family):
    world = SyntheticWorld(3, family=family)
    draws = [Draw(number=number, cell=cell) for number, cell in enumerate(world.space.cells())]
    results = [world.result(draw) for draw in draws]
    decided = [result for result in results if result is not Result.FAILED]
    unsafe = sum(world.is_unsafe(draw.cell, draw.number) for draw in draws)
    assert 1 - len(decided) / len(draws) == pytest.approx(0.15, abs=0.04)
    assert unsafe / len(draws) == pytest.approx(world.table.mean(), abs=0.012)
    assert decided.count(Result.UNSAFE) / len(decided) == pytest.approx(world.judged_table.mean(), abs=0.018)


def test_other_seeds_and_families_are_other_worlds():
    tables = [SyntheticWorld(seed, family=family).table for seed in (1, 2) for family in FAMILIES]
    assert len({table.tobytes() for table in tables}) == len(tables)


def test_any_levels_make_a_world():
    world = SyntheticWorld(1, (5, 4, 3), family="pairs")
    assert world.space.levels == world.table.shape == (5, 4, 3)
