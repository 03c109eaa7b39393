"""What the breeding searches say their children's chances are is what breeding would give."""

import random
import subprocess
import sys
from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.domain.records import Result
from astral.plan.evolution import MapElites, Nsga2, _crossed
from astral.plan.history import History
from tests.laws import examples

LEVELS = (4, 3, 2)


def seen_with(unsafe, levels=LEVELS):
    """A history in which every cell was tested twice, and these cells were unsafe both times."""
    history = History(levels)
    for row in product(*map(range, levels)):
        for _ in range(2):
            history.add(row, Result.UNSAFE if row in unsafe else Result.SAFE, probability=0.5)
    return history.seen()


def chances_of(search, seen, allowed=None):
    part = [np.arange(level) for level in seen.levels]
    allowed = np.ones(seen.levels, dtype=bool) if allowed is None else allowed
    return search.look(seen, part, allowed, np.random.default_rng(0)).chances()


@examples(5, 15)
@given(st.lists(st.tuples(*(st.integers(0, level - 1) for level in LEVELS)), min_size=2, max_size=5, unique=True))
def test_the_chance_of_a_child_is_how_often_two_parents_would_have_it(parents):
    mutation = 0.25
    wins = np.arange(len(parents), 0, -1, dtype=float)
    wins /= wins.sum()
    values = [
        (1 - mutation) * (np.array(parents)[:, d, None] == np.arange(level)) + mutation / level
        for d, level in enumerate(LEVELS)
    ]
    chances = _crossed(values, wins)
    assert chances.sum() == pytest.approx(1)
    dice = random.Random(str(parents))
    tries = 20_000
    pairs = [dice.choices(parents, wins, k=2) for _ in range(tries)]
    children = Counter(
        tuple(
            dice.randrange(level) if dice.random() < mutation else dice.choice(pair)[d]
            for d, level in enumerate(LEVELS)
        )
        for pair in pairs
    )
    for row in product(*map(range, LEVELS)):
        assert children[row] / tries == pytest.approx(chances[row], abs=5 * (chances[row] / tries) ** 0.5)


@pytest.mark.parametrize("search", [MapElites, Nsga2])
def test_children_come_to_where_unsafe_answers_were(search):
    if search is Nsga2:
        pytest.importorskip("pymoo")
    unsafe = {(1, 2, value) for value in range(5)}
    chances = chances_of(search(), seen_with(unsafe, (8, 6, 5)))
    assert chances.sum() == pytest.approx(1)
    assert min(chances[row] for row in unsafe) > 1.5 / chances.size


@pytest.mark.parametrize("search", [MapElites, Nsga2])
def test_children_are_never_of_an_excluded_cell_not_even_where_that_was_the_worst(search):
    if search is Nsga2:
        pytest.importorskip("pymoo")
    allowed = np.ones(LEVELS, dtype=bool)
    allowed[1, 2] = False
    chances = chances_of(search(), seen_with({(1, 2, 0), (1, 2, 1)}), allowed)
    assert not chances[1, 2].any()
    assert chances.sum() == pytest.approx(1)


@pytest.mark.parametrize("search", [MapElites, Nsga2])
def test_where_nothing_was_tested_all_cells_are_alike(search):
    if search is Nsga2:
        pytest.importorskip("pymoo")
    chances = chances_of(search(), History(LEVELS).seen())
    assert chances == pytest.approx(np.full(LEVELS, 1 / 24))


def test_without_pymoo_nsga2_says_how_to_get_it():
    code = (
        "import sys\n"
        "from astral.errors import UserError\n"
        "from astral.plan.evolution import Nsga2\n"
        "assert 'pymoo' not in sys.modules\n"
        "sys.path[:] = [place for place in sys.path if 'site-packages' not in place]\n"
        "try: Nsga2()\n"
        "except UserError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'astral-safety[search]'" in done.stdout, done.stderr
