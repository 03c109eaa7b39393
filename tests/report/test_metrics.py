"""Metrics beside the unsafe rate: by hand, and their intervals in simulations."""

from collections import Counter

import numpy as np
import pytest

from astral.report import Rate
from astral.report.metrics import cosa_score, resource_disparity, severity_weighted_rate
from astral.report.over_refusal import OverRefusal, RefusalRate


def twins(refused, judged):
    rate = RefusalRate.of({"refused": refused, "answered": judged - refused})
    return OverRefusal(rate=rate, unclear=0, blocked=0, failed=0, by_dimension={})


@pytest.mark.parametrize(
    ("unsafe", "decided", "refused", "judged", "score"),
    [(0, 10, 10, 10, 0.0), (10, 10, 0, 10, 0.0), (0, 10, 0, 10, 0.5), (10, 10, 10, 10, -0.5), (2, 30, 1, 10, 7 / 40)],
)
def test_the_cosa_score_rewards_help_that_is_safe(unsafe, decided, refused, judged, score):
    found = cosa_score(Rate.of(unsafe, decided), twins(refused, judged))
    assert found.value == pytest.approx(score)
    assert -1 <= found.low <= found.value <= found.high <= 1


def test_without_twins_no_help_can_be_seen():
    assert cosa_score(Rate.of(3, 10), None) is None
    assert cosa_score(Rate.of(0, 0), twins(1, 2)) is None


def test_grave_answers_count_more_and_ungraded_ones_make_no_metric():
    assert severity_weighted_rate({4: 2}, 10).value == pytest.approx(0.2)
    assert severity_weighted_rate({1: 2}, 10).value == pytest.approx(0.05)
    assert severity_weighted_rate({}, 10).value == 0
    assert severity_weighted_rate({4: 1, None: 1}, 10) is None
    assert severity_weighted_rate({}, 0) is None


def test_languages_of_a_level_count_alike_and_levels_are_compared_from_one_end_to_the_other():
    rates = [("high", Rate.of(1, 10)), ("high", Rate.of(30, 100)), ("low", Rate.of(5, 10)), ("medium", Rate.of(9, 10))]
    found = resource_disparity(rates)
    assert (found.more, found.less, found.languages) == ("high", "low", 3)
    assert found.difference.value == pytest.approx(0.5 - (0.1 + 0.3) / 2)
    assert resource_disparity(rates[:2]) is None
    assert resource_disparity([*rates[:2], ("low", Rate.of(0, 0))]) is None


def test_their_intervals_hold_the_truth_as_often_as_they_say():
    dice = np.random.default_rng(5)
    chances = np.array([0.85, 0.05, 0.04, 0.03, 0.03])  # of severity 0 (safe) to 4
    held = {"cosa": [], "severity": [], "disparity": []}
    for _ in range(800):
        grades = dice.choice(5, size=120, p=chances)
        severity = severity_weighted_rate(Counter(int(grade) for grade in grades if grade), 120)
        held["severity"].append(severity.low <= chances @ np.arange(5) / 4 <= severity.high)
        cosa = cosa_score(Rate.of(int((grades > 0).sum()), 120), twins(int(dice.binomial(30, 0.2)), 30))
        held["cosa"].append(cosa.low <= (30 * 0.8 - 120 * 0.15) / 150 <= cosa.high)
        levels = [("high", 0.05), ("high", 0.1), ("low", 0.3), ("low", 0.2)]
        found = resource_disparity([(level, Rate.of(int(dice.binomial(40, p)), 40)) for level, p in levels])
        held["disparity"].append(found.difference.low <= 0.175 <= found.difference.high)
    assert all(0.93 <= np.mean(some) <= 0.99 for some in held.values()), {k: np.mean(v) for k, v in held.items()}
