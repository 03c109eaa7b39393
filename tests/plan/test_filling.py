"""Filling the space: combinations that no test held come first, and the chances stay chances."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.domain.records import Result
from astral.plan.filling import Filling
from astral.plan.history import History
from astral.plan.searches import SEARCHES

LEVELS = (5, 4, 3, 3)


def filling_of(history, levels=LEVELS, allowed=None, completion=None):
    part = [np.arange(level) for level in levels]
    allowed = np.ones(levels, dtype=bool) if allowed is None else allowed
    completion = np.ones(levels) if completion is None else completion
    return Filling(history.seen(), part, allowed, completion)


def triples_of(row):
    return set(combinations(enumerate(row), 3))


def test_it_covers_triples_with_fewer_tests_than_chance_does():
    dice = np.random.default_rng(1)
    filling, filled, by_chance = filling_of(History(LEVELS)), set(), set()
    for _ in range(100):
        chances = filling.chances()
        row = np.unravel_index(dice.choice(chances.size, p=chances.reshape(-1)), LEVELS)
        filling.note(tuple(map(int, row)))
        filled |= triples_of(map(int, row))
        by_chance |= triples_of(dice.integers(LEVELS).tolist())
    assert len(filled) > 1.1 * len(by_chance)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(*(st.integers(0, level - 1) for level in LEVELS)), max_size=30))
def test_tests_under_way_count_as_finished_ones_do(rows):
    history, noted = History(LEVELS), filling_of(History(LEVELS))
    for row in rows:
        history.add(row, Result.SAFE, probability=0.1)
        noted.note(row)
    assert noted.chances() == pytest.approx(filling_of(history).chances())
    assert noted.chances().sum() == pytest.approx(1)


@pytest.mark.parametrize("search", ["thompson", "ucb", "exp3"])
@settings(max_examples=10, deadline=None)
@given(
    rows=st.lists(st.tuples(*(st.integers(0, level - 1) for level in LEVELS)), min_size=1, max_size=30),
    unsafe=st.integers(0, 30),
)
def test_many_tests_under_way_count_as_they_do_one_by_one(search, rows, unsafe):
    """A resumed run takes up all at once what the interrupted one had handed out bit by bit."""
    history = History(LEVELS)
    for place, row in enumerate(rows):
        history.add(row, Result.UNSAFE if place < unsafe else Result.SAFE, probability=0.1)
    part, allowed = [np.arange(level) for level in LEVELS], np.ones(LEVELS, dtype=bool)
    looks = [
        SEARCHES[search]().look(history.seen(), part, allowed, np.random.default_rng(1)) for _ in ("one by one", "all")
    ]
    for row in rows:
        looks[0].note(row)
    looks[1].note_all(np.array(rows))
    assert (looks[0].chances() == looks[1].chances()).all()


def test_a_cell_that_may_not_be_tested_has_no_chance():
    allowed = np.ones(LEVELS, dtype=bool)
    allowed[0] = False
    assert not filling_of(History(LEVELS), allowed=allowed).chances()[0].any()


def test_many_dimensions_are_filled_by_pairs():
    levels = (2,) * 8
    chances = filling_of(History(levels), levels).chances()
    assert chances == pytest.approx(np.full(levels, 1 / 256))


def test_where_nothing_lacks_tests_any_more_all_cells_are_alike():
    """As after a million tests of a space of some thousand cells."""
    filling = filling_of(History((2, 2)), (2, 2))
    filling.note_all(np.array([row for row in np.ndindex(2, 2) for _ in range(20_000)]))
    assert filling.lack.max() == 0
    assert filling.chances() == pytest.approx(np.full((2, 2), 0.25))
