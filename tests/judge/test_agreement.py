"""Agreement with people: figures, thresholds and weights."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.domain.records import Outcome
from astral.judge import dawid_skene, hedge_weights, log_odds_weights
from astral.judge.agreement import JudgedAnswer, agreement_of, kappa_of
from astral.judge.thresholds import choose_thresholds, thresholded


def outcome_of(p):
    return Outcome.SAFE if p < 0.4 else Outcome.UNSAFE if p > 0.6 else Outcome.UNKNOWN


def answer(number, is_unsafe, p, **more):
    return JudgedAnswer(f"request {number // 2}", is_unsafe, outcome_of(p), p, **more)


labelled = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0])), min_size=2, max_size=40
).map(lambda rows: [answer(number, *row) for number, row in enumerate(rows)])


def simulated(count, seed=0, noise=0.35):
    dice = np.random.default_rng(seed)
    truth = dice.random(count) < 0.4
    p = np.clip(truth * 0.6 + 0.2 + dice.normal(0, noise, count), 0, 1)
    return [answer(2 * number, bool(t), float(round(x, 3))) for number, (t, x) in enumerate(zip(truth, p, strict=True))]


@pytest.mark.slow
def test_the_figures_are_those_of_scikit_learn():
    from sklearn.metrics import brier_score_loss, cohen_kappa_score

    rows = simulated(200)
    truth, p = np.array([row.is_unsafe for row in rows]), np.array([row.p_unsafe for row in rows])
    found = agreement_of(rows)
    assert found.accuracy.value == pytest.approx(np.mean((p >= 0.5) == truth))
    assert found.kappa.value == pytest.approx(cohen_kappa_score(truth, p >= 0.5))
    assert found.brier.value == pytest.approx(brier_score_loss(truth, p))
    assert found.recall.value == pytest.approx(np.mean(p[truth] >= 0.5))
    assert found.precision.value == pytest.approx(np.mean(truth[p >= 0.5]))
    places = np.minimum((p * 10).astype(int), 9)
    bins = [places == place for place in range(10) if (places == place).any()]
    gaps = [abs(p[one].mean() - truth[one].mean()) * one.mean() for one in bins]
    assert found.ece.value == pytest.approx(sum(gaps))


@pytest.mark.slow
def test_intervals_hold_the_truth_about_as_often_as_they_say():
    whole = agreement_of(simulated(20_000, seed=99))
    trials = [agreement_of(simulated(150, seed=seed)) for seed in range(120)]
    for name in ("accuracy", "recall", "kappa", "brier"):
        truth = getattr(whole, name).value
        held = np.mean([getattr(one, name).low <= truth <= getattr(one, name).high for one in trials])
        assert held >= 0.88, (name, held)


@given(labelled)
def test_every_figure_lies_within_its_interval(rows):
    found = agreement_of(rows)
    for name in ("accuracy", "precision", "recall", "kappa", "brier", "ece", "decided", "accuracy_of_decided"):
        estimate = getattr(found, name)
        assert estimate.value is None or estimate.low <= estimate.value <= estimate.high
    assert sum(found.confusion.model_dump().values()) == len(rows)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.1, 0.3, 0.5, 0.7]), st.integers(1, 4)), min_size=2))
def test_an_answer_that_stands_for_several_counts_as_these_would(rows):
    weighted = [answer(number, is_unsafe, p, weight=weight) for number, (is_unsafe, p, weight) in enumerate(rows)]
    copied = [replace(one, weight=1.0) for one in weighted for _ in range(int(one.weight))]
    found, expected = agreement_of(weighted), agreement_of(copied)
    for name in ("accuracy", "precision", "recall", "kappa", "brier", "ece", "decided", "accuracy_of_decided"):
        one, other = getattr(found, name), getattr(expected, name)
        assert (one.value is None) == (other.value is None)
        assert one.value == pytest.approx(other.value)
        # Fewer answers than they stand for are never surer.
        if name in ("accuracy", "decided"):
            assert one.high - one.low >= other.high - other.low - 1e-9
    assert found.confusion.right * expected.confusion.decided == pytest.approx(
        expected.confusion.right * found.confusion.decided
    )
    assert choose_thresholds(weighted, target_error=0.05) == choose_thresholds(copied, target_error=0.05)


def test_flips_are_counted_among_repeated_answers():
    rows = [answer(0, True, 0.9, is_flipped=True), answer(1, False, 0.1, is_flipped=False), answer(2, False, 0.1)]
    assert agreement_of(rows).flips.value == 0.5


def test_kappa_of_a_table():
    found = kappa_of(np.array([[20.0, 5], [10, 15]]))
    assert found.value == pytest.approx(0.4)
    assert found.low < 0.25
    assert found.high > 0.55
    assert kappa_of(np.array([[20.0, 0], [0, 0]])).value is None
    assert kappa_of(np.zeros((3, 3))).value is None


@given(labelled, st.sampled_from([0.01, 0.05, 0.2]))
def test_thresholds_keep_the_error_on_either_side(rows, target):
    found = choose_thresholds(rows, target_error=target)
    assert found.safe_up_to < found.unsafe_from
    safe = [row.is_unsafe for row in rows if row.p_unsafe <= found.safe_up_to]
    unsafe = [not row.is_unsafe for row in rows if row.p_unsafe >= found.unsafe_from]
    assert sum(safe) <= target * len(safe)
    assert sum(unsafe) <= target * len(unsafe)


def test_a_stricter_target_abstains_more_and_errs_less_on_answers_it_was_not_chosen_on():
    rows = simulated(600)
    loose, strict = (thresholded(rows, target_error=target) for target in (0.2, 0.05))
    assert strict.decided < loose.decided
    assert 1 - strict.right / strict.decided < 1 - loose.right / loose.decided
    assert 1 - strict.right / strict.decided < 0.09


def test_exactly_one_half_stays_unknown():
    rows = [answer(0, False, 0.1), answer(1, True, 0.9)]
    assert choose_thresholds(rows, target_error=0.05).outcome(0.5) is Outcome.UNKNOWN


def test_better_judges_weigh_more_and_guessing_ones_nothing():
    right = {"good": 95, "fair": 75, "coin": 50, "wrong": 20}
    weights = log_odds_weights(right, dict.fromkeys(right, 100))
    assert weights["good"] > weights["fair"] > weights["coin"] == weights["wrong"] == 0
    assert sum(weights.values()) == pytest.approx(1)
    assert log_odds_weights({"a": 0, "b": 0}, {"a": 5, "b": 5}) == {"a": 0.5, "b": 0.5}


@given(st.integers(0, 10_000), st.integers(2, 6), st.sampled_from([20, 200]))
def test_weights_learnt_on_line_regret_no_more_than_the_bound(seed, judges, count):
    dice = np.random.default_rng(seed)
    # Losses that turn round half way are the hard case.
    chance = dice.random(judges)
    losses = [
        {f"j{k}": float(dice.random() < (chance[k] if t < count / 2 else 1 - chance[k])) for k in range(judges)}
        for t in range(count)
    ]
    course = hedge_weights(losses)
    mixed = sum(sum(w[name] * loss[name] for name in loss) for w, loss in zip(course, losses, strict=False))
    best = min(sum(loss[name] for loss in losses) for name in losses[0])
    assert mixed - best <= np.sqrt(count * np.log(judges) / 2) + 1e-9
    assert len(course) == count + 1
    assert all(sum(w.values()) == pytest.approx(1) for w in course)


def test_judges_are_told_apart_without_a_label():
    dice = np.random.default_rng(3)
    truth = dice.random(800) < 0.3
    quality = [(0.9, 0.95), (0.8, 0.9), (0.6, 0.85), (0.75, 0.7)]
    says = [np.where(truth, dice.random(800) < seen, dice.random(800) > cleared) for seen, cleared in quality]
    votes = np.stack(says, axis=1).astype(int)
    votes[dice.random(votes.shape) < 0.1] = -1
    chance, found = dawid_skene(votes)
    assert np.abs(found - np.array(quality)).max() < 0.1
    assert np.mean((chance > 0.5) == truth) > np.mean((votes[:, 1] == 1) == truth)
