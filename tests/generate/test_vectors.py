import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.generate.vectors import Vectors, unit, whole


def units(count: int, seed: int = 0) -> np.ndarray:
    made = np.random.default_rng(seed).standard_normal((count, 384)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def kept(vectors: np.ndarray) -> Vectors:
    rows = Vectors()
    for vector in vectors:
        rows.append(vector)
    return rows


@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 99))
def test_a_cosine_is_the_same_whatever_the_batch(count: int, cut: int, seed: int):
    rows, asked = kept(whole(units(count, seed))), whole(units(10, seed + 1000))
    together = rows.nearest(asked)
    apart = [rows.nearest(asked[place : place + 1])[0] for place in range(10)]
    parts = np.concatenate([rows.nearest(asked[:cut]), rows.nearest(asked[cut:])])
    assert list(together) == apart == list(parts)


def test_it_is_the_cosine_to_a_thousandth():
    vectors = units(200)
    exact = (vectors[:20] @ vectors[20:].T).max(axis=1)
    assert np.abs(kept(whole(vectors[20:])).nearest(whole(vectors[:20])) - exact).max() < 0.0005
    assert np.abs(unit(whole(vectors)) - vectors).max() < 0.0002


def test_the_same_vector_is_found_among_more_than_one_block_of_rows():
    vectors = whole(units(9000))
    assert kept(vectors).nearest(vectors[[0, 5000, 8999]]) == pytest.approx([1, 1, 1], abs=0.001)


def test_nothing_is_near_where_nothing_is_kept():
    assert list(Vectors().nearest(whole(units(2)))) == [-1, -1]


def test_only_what_came_since_is_looked_at():
    vectors = whole(units(8))
    rows = kept(vectors)
    assert rows.nearest(vectors[:1], since=4)[0] < 0.9 < rows.nearest(vectors[:1])[0]
    assert rows.nearest(vectors[:1], since=8)[0] == -1
