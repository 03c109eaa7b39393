"""How much each judge of a jury counts, and how good judges are where nobody labelled anything."""

from collections.abc import Mapping, Sequence
from math import exp, log
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STEPS: Final = 100
_STILL: Final = 1e-6


def log_odds_weights(right: Mapping[str, float], votes: Mapping[str, float]) -> dict[str, float]:
    """Weights of judges that err independently: the logarithm of their odds of being right, which add up to 1.

    A judge that is right no more often than chance counts nothing; where that is all of them, all count alike.

    Args:
        right: Votes of each judge that agreed with people.
        votes: All of its votes.

    Source:
        Nitzan, Paroush (1982), https://doi.org/10.2307/2526438
    """
    odds = {name: log((right[name] + 1) / (votes[name] - right[name] + 1)) for name in votes}
    kept = {name: max(0.0, value) for name, value in odds.items()}
    total = sum(kept.values())
    return {name: value / total if total else 1 / len(kept) for name, value in kept.items()}


def hedge_weights(losses: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """Weights learnt on line: those before each answer, and at the end those after all of them.

    With this rate the loss of the weighted vote exceeds that of the best single judge, after T answers and with K
    judges, by at most sqrt(T ln(K) / 2), whatever the answers are: no regret in the mean.

    Args:
        losses: Of every judge on every answer, in the order in which people labelled them, each in [0, 1].

    Source:
        Freund, Schapire (1997), https://doi.org/10.1006/jcss.1997.1504; for judges of safety: AEGIS,
        https://arxiv.org/abs/2404.05993
    """
    if not losses:
        return []
    names = list(losses[0])
    rate = (8 * log(max(2, len(names))) / len(losses)) ** 0.5
    suffered = dict.fromkeys(names, 0.0)
    course = [_shares(suffered, rate)]
    for answer in losses:
        for name in names:
            suffered[name] += answer[name]
        course.append(_shares(suffered, rate))
    return course


def dawid_skene(votes: NDArray[np.int_]) -> tuple[Floats, Floats]:
    """How likely each answer is unsafe, and how good each judge is, from their votes alone.

    Args:
        votes: Answers × judges: 1 unsafe, 0 safe, -1 no vote. At least three judges, better than chance together.

    Returns:
        Probabilities of the answers, and of each judge (sensitivity, specificity).

    Source:
        Dawid, Skene (1979), https://doi.org/10.2307/2346806. Judges err independently there; those who share a blind
        spot are taken for right.
    """
    says_unsafe, is_vote = (votes == 1).astype(np.float64), (votes >= 0).astype(np.float64)
    chance = (says_unsafe.sum(axis=1) + 0.5) / (is_vote.sum(axis=1) + 1)
    sensitivity = specificity = np.zeros(votes.shape[1])
    for _ in range(_STEPS):
        # One vote of each kind beforehand, half of them right: no judge becomes infallible.
        says_safe = is_vote - says_unsafe
        sensitivity = (chance @ says_unsafe + 1) / (chance @ is_vote + 2)
        specificity = ((1 - chance) @ says_safe + 1) / ((1 - chance) @ is_vote + 2)
        share = (chance.sum() + 1) / (len(chance) + 2)
        if_unsafe = says_unsafe @ np.log(sensitivity) + says_safe @ np.log(1 - sensitivity) + np.log(share)
        if_safe = says_unsafe @ np.log(1 - specificity) + says_safe @ np.log(specificity) + np.log(1 - share)
        before, chance = chance, 1 / (1 + np.exp(np.clip(if_safe - if_unsafe, -500, 500)))
        if np.abs(chance - before).max() < _STILL:
            break
    return chance, np.stack([sensitivity, specificity], axis=1)


def _shares(suffered: Mapping[str, float], rate: float) -> dict[str, float]:
    least = min(suffered.values())
    shares = {name: exp(-rate * (loss - least)) for name, loss in suffered.items()}
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}
