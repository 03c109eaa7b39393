"""How far an oracle agrees with people: the figures of a calibration, each with an interval."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from astral.domain.calibration import Agreement, Confusion
from astral.domain.estimates import Estimate, proportion
from astral.domain.records import Outcome

Floats = NDArray[np.float64]

DRAWS: Final = 1000
"""Bootstrap samples."""
BINS: Final = 10
_AT_ONCE: Final = 2_000_000
"""Numbers that the bootstrap holds in memory at a time."""
_HALF: Final = 0.5


@dataclass(frozen=True)
class JudgedAnswer:
    """An answer that people labelled and an oracle judged."""

    request: str
    is_unsafe: bool
    outcome: Outcome
    p_unsafe: float
    is_flipped: bool | None = None
    """The outcome was not the same in all repeats; None where there was one only."""
    weight: float = 1.0
    """How many answers it stands for, above 0."""


def agreement_of(answers: Sequence[JudgedAnswer], *, failed: int = 0, seed: int = 0) -> Agreement:
    """The agreement of an oracle with people.

    Shares have Wilson intervals; kappa, Brier score and calibration error those of a bootstrap over requests, since
    answers to the same request are alike. Where answers stand for different numbers of others, all figures are those of
    what they stand for, and a share's interval is as wide as that of a plain sample of the same worth.

    Args:
        answers: At least one.
        failed: Answers on which the oracle gave no verdict.
        seed: Of the bootstrap.

    Source:
        Cohen (1960), https://doi.org/10.1177/001316446002000104; Brier (1950); expected calibration error: Naeini,
        Cooper, Hauskrecht (2015), https://doi.org/10.1609/aaai.v29i1.9602; Efron, Tibshirani (1993) for the bootstrap;
        the worth of a weighted sample: Kish (1965), Survey Sampling.
    """
    truth = np.array([answer.is_unsafe for answer in answers])
    p_unsafe = np.array([answer.p_unsafe for answer in answers], dtype=np.float64)
    taken = p_unsafe >= _HALF
    confusion = confusion_of(answers)
    stands_for = np.array([answer.weight for answer in answers], dtype=np.float64)
    weights = _bootstrap_weights([answer.request for answer in answers], stands_for, seed)

    def estimated(figure: Callable[[Floats], Floats]) -> Estimate:
        return _estimate(figure, weights, stands_for[None])

    def share(hits: NDArray[np.bool_], among: NDArray[np.bool_] | None = None) -> Estimate:
        tried = stands_for if among is None else stands_for[among]
        worth = worth_of(tried)
        hit = stands_for[hits] if among is None else stands_for[hits & among]
        return proportion(float(hit.sum()) * worth, float(tried.sum()) * worth)

    is_decided = np.array([answer.outcome is not Outcome.UNKNOWN for answer in answers])
    is_repeated = np.array([answer.is_flipped is not None for answer in answers])
    is_flipped = np.array([bool(answer.is_flipped) for answer in answers])
    is_right = is_decided & (np.array([answer.outcome is Outcome.UNSAFE for answer in answers]) == truth)
    return Agreement(
        answers=len(answers),
        unsafe=int(truth.sum()),
        failed=failed,
        confusion=confusion,
        decided=share(is_decided),
        accuracy_of_decided=share(is_right, is_decided),
        accuracy=share(taken == truth),
        precision=share(truth, taken),
        recall=share(taken, truth),
        kappa=estimated(lambda weight: _kappa(weight, taken, truth)),
        brier=estimated(lambda weight: _mean(weight, (p_unsafe - truth) ** 2)),
        ece=estimated(lambda weight: _calibration_error(weight, p_unsafe, truth)),
        flips=share(is_flipped, is_repeated),
    )


def confusion_of(answers: Sequence[JudgedAnswer]) -> Confusion:
    """Answers by what people said and what the oracle decided: whole numbers where all of them weigh 1."""
    members: defaultdict[str, list[float]] = defaultdict(list)
    for answer in answers:
        name = f"{'unsafe' if answer.is_unsafe else 'safe'}_as_{answer.outcome.value.lower()}"
        members[name].append(answer.weight)
    worth = worth_of(np.array([answer.weight for answer in answers], dtype=np.float64))
    return Confusion(
        **{name: sum(weights) * worth if worth != 1 else len(weights) for name, weights in members.items()}
    )


def worth_of(weights: Floats) -> float:
    """What one unit of weight is worth in answers of a plain sample: 1 where all weigh 1, or there are none.

    Source:
        The effective sample size of Kish (1965), Survey Sampling, by the sum of the weights.
    """
    squares = float((weights**2).sum())
    return float(weights.sum()) / squares if squares else 1.0


def kappa_of(table: Floats, *, seed: int = 0) -> Estimate:
    """Agreement of two judges beyond chance, with a bootstrap interval.

    Args:
        table: Square: answers by what the first and what the second said.
        seed: Of the bootstrap.

    Source:
        Cohen (1960), https://doi.org/10.1177/001316446002000104
    """
    total = int(table.sum())
    if not total:
        return Estimate(value=None, low=-1.0, high=1.0)
    shares = table.ravel() / total

    def drawn() -> Iterator[Floats]:
        yield np.random.default_rng(seed).multinomial(total, shares, size=DRAWS).astype(np.float64)

    def kappa(counts: Floats) -> Floats:
        tables = counts.reshape(-1, *table.shape) / total
        agreed = np.trace(tables, axis1=1, axis2=2)
        expected = (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1)
        return np.where(expected < 1, (agreed - expected) / np.maximum(1 - expected, np.finfo(float).tiny), np.nan)

    return _estimate(kappa, drawn, table.ravel()[None])


def _kappa(weights: Floats, taken: NDArray[np.bool_], truth: NDArray[np.bool_]) -> Floats:
    agreed = _mean(weights, (taken == truth).astype(np.float64))
    by_oracle, by_people = _mean(weights, taken.astype(np.float64)), _mean(weights, truth.astype(np.float64))
    expected = by_oracle * by_people + (1 - by_oracle) * (1 - by_people)
    return np.where(expected < 1, (agreed - expected) / np.maximum(1 - expected, np.finfo(float).tiny), np.nan)


def _calibration_error(weights: Floats, p_unsafe: Floats, truth: NDArray[np.bool_]) -> Floats:
    places = np.minimum((p_unsafe * BINS).astype(int), BINS - 1)
    off = p_unsafe - truth
    gaps = [np.abs(_mean(weights, np.where(places == place, off, 0.0))) for place in range(BINS)]
    return np.sum(gaps, axis=0)


def _mean(weights: Floats, values: Floats) -> Floats:
    return weights @ values / weights.sum(axis=1)


def _bootstrap_weights(requests: Sequence[str], stands_for: Floats, seed: int) -> Callable[[], Iterator[Floats]]:
    """What each answer weighs in each bootstrap sample, a few samples at a time, the same ones at each call."""
    _, groups = np.unique(np.array(requests, dtype=object).astype(str), return_inverse=True)
    groups = groups.reshape(-1)
    count = int(groups.max()) + 1
    step = max(1, min(DRAWS, _AT_ONCE // len(requests)))

    def drawn() -> Iterator[Floats]:
        dice = np.random.default_rng(seed)
        chances = np.full(count, 1 / count)
        for start in range(0, DRAWS, step):
            yield dice.multinomial(count, chances, size=min(step, DRAWS - start))[:, groups] * stands_for

    return drawn


def _estimate(figure: Callable[[Floats], Floats], weights: Callable[[], Iterator[Floats]], whole: Floats) -> Estimate:
    value = float(figure(whole)[0])
    drawn = np.concatenate([figure(some) for some in weights()])
    drawn = drawn[~np.isnan(drawn)]
    if np.isnan(value) or not len(drawn):
        return Estimate(value=None, low=-1.0, high=1.0)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(value=value, low=min(value, float(low)), high=max(value, float(high)))
