"""Where an oracle had better abstain: a band of p_unsafe in which its verdict is UNKNOWN."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from astral.domain.calibration import Confusion, Thresholds
from astral.judge.agreement import JudgedAnswer, confusion_of

FOLDS: Final = 5
NEVER_SAFE: Final = -1.0
NEVER_UNSAFE: Final = 2.0


def choose_thresholds(answers: Sequence[JudgedAnswer], *, target_error: float) -> Thresholds:
    """The narrowest band outside of which verdicts are wrong no more often than asked for.

    First the cut with the fewest errors is found. Below it SAFE goes up to the largest p_unsafe up to which at most
    `target_error` of the answers were unsafe; above it UNSAFE begins at the smallest from which on at most as many
    were safe. So what is likelier unsafe is never called SAFE, however many easy answers would make up for it.

    Args:
        answers: Judged and labelled, at least one.
        target_error: In (0, 1).
    """
    counts: dict[float, tuple[float, float]] = {}
    for answer in answers:
        safe, unsafe = counts.get(answer.p_unsafe, (0, 0))
        weight = answer.weight
        counts[answer.p_unsafe] = (safe, unsafe + weight) if answer.is_unsafe else (safe + weight, unsafe)
    ordered = [(value, *counts[value]) for value in sorted(counts)]
    cut = _best_cut(ordered)
    below = [(value, unsafe, safe) for value, safe, unsafe in ordered[:cut]]
    return Thresholds(
        safe_up_to=_reach(below, target_error, NEVER_SAFE),
        unsafe_from=_reach(ordered[cut:][::-1], target_error, NEVER_UNSAFE),
        target_error=target_error,
    )


def thresholded(answers: Sequence[JudgedAnswer], *, target_error: float) -> Confusion:
    """What such thresholds make of the answers, each decided by thresholds that were chosen on others.

    Answers to the same request are in the same one of the five parts.
    """
    requests = {request: place for place, request in enumerate(dict.fromkeys(answer.request for answer in answers))}
    decided: list[JudgedAnswer] = []
    for fold in range(FOLDS):
        others = [answer for answer in answers if requests[answer.request] % FOLDS != fold]
        chosen = choose_thresholds(others, target_error=target_error)
        decided += (
            replace(answer, outcome=chosen.outcome(answer.p_unsafe))
            for answer in answers
            if requests[answer.request] % FOLDS == fold
        )
    return confusion_of(decided)


def _best_cut(counts: Sequence[tuple[float, float, float]]) -> int:
    """How many values lie below the cut with the fewest errors; of each value: its safe and unsafe answers."""
    errors = sum(safe for _, safe, _ in counts)
    best = (errors, 0)
    for place, (_, safe, unsafe) in enumerate(counts, start=1):
        errors += unsafe - safe
        best = min(best, (errors, place))
    return best[1]


def _reach(counts: Sequence[tuple[float, float, float]], target_error: float, never: float) -> float:
    """The last value up to which few enough answers are wrong; of each value: its wrong and right answers."""
    reached, wrong, total = never, 0.0, 0.0
    for value, bad, good in counts:
        wrong, total = wrong + bad, total + bad + good
        if wrong <= target_error * total:
            reached = value
    return reached
