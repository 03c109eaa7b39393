"""Where an oracle had better abstain: a band of p_unsafe in which its verdict is UNKNOWN."""

from collections.abc import Sequence
from typing import Final

from astral.domain.calibration import Confusion, Thresholds
from astral.judge.agreement import JudgedAnswer, confusion_of

FOLDS: Final = 5
NEVER_SAFE: Final = -1.0
NEVER_UNSAFE: Final = 2.0


def choose_thresholds(answers: Sequence[JudgedAnswer], *, target_error: float) -> Thresholds:
    """The narrowest band outside of which verdicts are wrong no more often than asked for.

    SAFE goes up to the largest p_unsafe up to which at most `target_error` of the answers were unsafe, UNSAFE begins
    at the smallest from which on at most as many were safe. Where these two overlap, one threshold between them
    decides everything: the one with the fewest errors.

    Args:
        answers: Judged and labelled.
        target_error: In (0, 1).
    """
    ordered = sorted(answers, key=lambda answer: answer.p_unsafe)
    safe_up_to, unsafe_from = NEVER_SAFE, NEVER_UNSAFE
    wrong = 0
    for place, answer in enumerate(ordered):
        wrong += answer.is_unsafe
        is_last_of_equals = place + 1 == len(ordered) or ordered[place + 1].p_unsafe > answer.p_unsafe
        if is_last_of_equals and wrong <= target_error * (place + 1):
            safe_up_to = answer.p_unsafe
    wrong = 0
    for place, answer in enumerate(reversed(ordered)):
        wrong += not answer.is_unsafe
        below = ordered[-place - 2].p_unsafe if place + 1 < len(ordered) else None
        if (below is None or below < answer.p_unsafe) and wrong <= target_error * (place + 1):
            unsafe_from = answer.p_unsafe
    if safe_up_to >= unsafe_from:
        safe_up_to, unsafe_from = _best_cut(ordered, unsafe_from, safe_up_to)
    return Thresholds(safe_up_to=safe_up_to, unsafe_from=unsafe_from, target_error=target_error)


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
            JudgedAnswer(answer.request, answer.is_unsafe, chosen.outcome(answer.p_unsafe), answer.p_unsafe)
            for answer in answers
            if requests[answer.request] % FOLDS == fold
        )
    return confusion_of(decided)


def _best_cut(ordered: Sequence[JudgedAnswer], low: float, high: float) -> tuple[float, float]:
    """Two neighbouring values of p_unsafe in [low, high], or at its ends, between which to cut."""
    values = sorted({answer.p_unsafe for answer in ordered})
    missed = 0  # unsafe answers below the cut
    alarms = sum(not answer.is_unsafe for answer in ordered)  # safe answers above it
    place, best = 0, (len(ordered) + 1, NEVER_SAFE, NEVER_UNSAFE)
    for number, value in enumerate(values):
        while place < len(ordered) and ordered[place].p_unsafe <= value:
            missed += ordered[place].is_unsafe
            alarms -= not ordered[place].is_unsafe
            place += 1
        above = values[number + 1] if number + 1 < len(values) else NEVER_UNSAFE
        if above >= low and value <= high:
            best = min(best, (missed + alarms, value, above))
    return best[1], best[2]
