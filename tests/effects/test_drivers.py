"""What drives hits is found in worlds whose truth is known, and nothing is where there is nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.domain.criterion import Criterion
from astral.domain.records import Result
from astral.effects import find_drivers
from astral.plan import AdaptivePlanner
from astral.testing.synthetic import SyntheticWorld

LEVELS = (6, 5, 4)


def counted(cells, is_hit):
    rows, place = np.unique(np.asarray(cells), axis=0, return_inverse=True)
    place = place.reshape(-1)
    return rows, np.bincount(place, np.asarray(is_hit, dtype=float)), np.bincount(place).astype(float)


def drawn(levels, rate, count, seed=0):
    """Tests of random cells; `rate` says how likely each is a hit."""
    rng = np.random.default_rng(seed)
    cells = rng.integers(levels, size=(count, len(levels)))
    return counted(cells, rng.random(count) < [rate(tuple(cell)) for cell in cells])


def named(levels, data, **more):
    return [driver.values for driver in find_drivers(levels, *data, **more).drivers]


@pytest.mark.parametrize(
    ("planted", "levels"),
    [
        (((0, 2),), (6,)),
        (((1, 3),), LEVELS),
        (((0, 1), (2, 0)), LEVELS),
        (((0, 1), (1, 4), (2, 0)), (3, 5, 3)),
        (((2, 1), (6, 2)), (2, 3, 4, 2, 3, 2, 4, 3)),
    ],
)
def test_what_was_planted_is_named_and_nothing_else(planted, levels):
    data = drawn(levels, lambda cell: 0.8 if all(cell[d] == v for d, v in planted) else 0.05, 1200)
    assert named(levels, data) == [planted]


def test_an_interaction_is_named_beside_its_part_only_where_it_goes_beyond_it():
    def alone(cell):
        return 0.5 if cell[0] == 1 else 0.05

    def beyond(cell):
        return 0.95 if cell[0] == 1 and cell[1] == 2 else alone(cell)

    assert named(LEVELS, drawn(LEVELS, alone, 1500)) == [((0, 1),)]
    assert set(named(LEVELS, drawn(LEVELS, beyond, 1500))) == {((0, 1),), ((0, 1), (1, 2))}


def test_where_parts_and_whole_were_only_tested_together_the_rivals_are_told():
    cells = [(1, 1)] * 15 + [(0, 0), (0, 2), (2, 0), (2, 2)] * 20
    (driver,) = find_drivers((3, 3), *counted(cells, [True] * 15 + [False] * 80)).drivers
    assert driver.values == ((0, 1),)
    assert driver.rivals == (((1, 1),), ((0, 1), (1, 1)))


def test_an_effect_has_its_size_its_interval_and_what_would_be_without_it():
    data = drawn((4, 4), lambda cell: 0.6 if cell[0] == 1 else 0.1, 3000, seed=3)
    (driver,) = find_drivers((4, 4), *data).drivers
    truth = (0.6 / 0.4) / (0.1 / 0.9)
    ratio, low, high = driver.odds_ratio
    assert low < truth < high
    assert ratio == pytest.approx(truth, rel=0.3)
    assert driver.expected == pytest.approx(0.1 * driver.trials, rel=0.25)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_where_all_results_are_alike_nothing_drives_them(rate):
    found = find_drivers(LEVELS, *drawn(LEVELS, lambda _: rate, 200))
    assert not found.drivers
    assert found.rest == pytest.approx(rate, abs=0.02)


def test_the_fewest_hits_are_enough_and_one_less_is_not():
    background = [cell for cell in np.ndindex(6, 5, 4) if cell[:2] != (1, 2)] * 4
    rare = [n % 25 == 0 for n in range(len(background))]
    fewest = find_drivers(LEVELS, *counted(background, rare)).fewest[2]
    for count, is_named in ((fewest + 1, True), (fewest - 2, False)):
        cells = background + [(1, 2, n % 4) for n in range(count)]
        assert (((0, 1), (1, 2)) in named(LEVELS, counted(cells, rare + [True] * count))) is is_named


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.booleans()), min_size=1, max_size=60),
    st.randoms(use_true_random=False),
)
@settings(deadline=None)
def test_the_order_of_the_tests_does_not_matter(tests, dice):
    shuffled = list(tests)
    dice.shuffle(shuffled)
    both = [
        find_drivers((3, 3), *counted([one[:2] for one in told], [one[2] for one in told]))
        for told in (tests, shuffled)
    ]
    assert both[0] == both[1]


def test_the_order_of_values_and_dimensions_does_not_matter():
    rows, hits, trials = drawn(LEVELS, lambda cell: 0.7 if cell[:2] == (1, 2) or cell[2] == 3 else 0.05, 900)
    renamed = np.stack([np.array([3, 1, 2, 0])[rows[:, 2]], 5 - rows[:, 0], rows[:, 1]], axis=1)
    before, after = find_drivers(LEVELS, rows, hits, trials), find_drivers((4, 6, 5), renamed, hits, trials)
    assert {driver.values for driver in before.drivers} == {((0, 1), (1, 2)), ((2, 3),)}
    assert {driver.values for driver in after.drivers} == {((1, 4), (2, 2)), ((0, 0),)}
    assert sorted(driver.log_odds for driver in before.drivers) == pytest.approx(
        sorted(driver.log_odds for driver in after.drivers)
    )


def test_two_values_that_raise_the_odds_are_named_and_not_their_pair():
    def rate(cell):
        return 1 / (1 + np.exp(3 - 2 * (cell[0] == 1) - 2 * (cell[1] == 2)))

    assert named(LEVELS, drawn(LEVELS, rate, 2500)) == [((0, 1),), ((1, 2),)]


def searched(world, count, result, search="thompson"):
    planner = AdaptivePlanner(world.space, Criterion(), seed=world.seed, search=search)
    tests = []
    while len(tests) < count:
        now = [(draw, result(draw)) for draw in planner.draw(32)]
        planner.observe(now)
        tests += [(world.place(draw.cell), result) for draw, result in now if result is not Result.FAILED]
    return counted([cell for cell, _ in tests], [result is Result.UNSAFE for _, result in tests])


@pytest.mark.slow
def test_a_search_through_pure_noise_finds_nothing():
    levels, seeds = (8, 6, 4), 40
    with_drivers = 0
    for seed in range(seeds):
        dice, rate = np.random.default_rng(seed), 0.05 + 0.4 * seed / seeds
        world = SyntheticWorld(seed, levels)
        data = searched(world, 320, lambda _: Result.UNSAFE if dice.random() < rate else Result.SAFE)  # noqa: B023
        with_drivers += bool(find_drivers(levels, *data).drivers)
    assert with_drivers <= 0.05 * seeds


@pytest.mark.slow
def test_most_of_what_a_search_digs_out_is_named_and_nearly_all_that_is_named_was_planted():
    planted, right = 0, 0
    for family in ("mixed", "pairs", "triples", "needles"):
        world = SyntheticWorld(1, family=family)
        order = {dimension.id: place for place, dimension in enumerate(world.space.dimensions)}
        true = {tuple((order[d], int(v[1:])) for d, v in interaction) for interaction in world.planted}
        found = set(named(world.levels, searched(world, 2000, world.result)))
        planted, right = planted + len(found), right + len(found & true)
    assert planted >= 10
    assert right >= 0.9 * planted
