import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.domain.records import Control, Draw
from astral.domain.run import TestRecord
from astral.report.diversity import SAMPLE, diversity, diversity_of_run, self_bleu, vendi_score
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
    assert found.vendi is None


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
