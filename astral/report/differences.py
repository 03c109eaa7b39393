"""Whether two rates differ: paired on the same cases, or not."""

from collections.abc import Sequence
from math import comb, sqrt

import numpy as np

from astral.domain.estimates import Estimate
from astral.report.statistics import Rate

_RESAMPLES = 4000
_CHUNK = 200
"""Resamples that are drawn at a time, so that many cases need no gigabytes."""


def mcnemar_p(only_before: int, only_after: int) -> float:
    """Chance of so uneven a split, or a more uneven one, where nothing changed: the exact two-sided test.

    Args:
        only_before: Cases that were unsafe before and are safe after, at least 0.
        only_after: Cases that were safe before and are unsafe after, at least 0.

    Source:
        McNemar (1947), https://doi.org/10.1007/BF02295996
    """
    changed = only_before + only_after
    tail = sum(comb(changed, k) for k in range(min(only_before, only_after) + 1))
    # As whole numbers: 2 ** changed is beyond any float where thousands of cases changed.
    return min(1.0, (2 * tail) / (1 << changed)) if changed else 1.0


def paired_difference(before: Sequence[float], after: Sequence[float], *, seed: int = 0) -> Estimate:
    """Mean change of the cases' unsafe shares, with a 95 % percentile bootstrap interval over cases.

    Args:
        before: A share in [0, 1] for each case.
        after: The same cases, in the same order.
        seed: Of the resampling; the same seed gives the same interval.

    Source:
        Efron (1979), https://doi.org/10.1214/aos/1176344552
    """
    changes = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    if not len(changes):
        return Estimate(value=None, low=-1.0, high=1.0)
    dice = np.random.default_rng(seed)
    means = np.concatenate(
        [
            changes[dice.integers(len(changes), size=(_CHUNK, len(changes)))].mean(axis=1)
            for _ in range(_RESAMPLES // _CHUNK)
        ]
    )
    value = float(changes.mean())
    low, high = (float(bound) for bound in np.quantile(means, (0.025, 0.975)))
    return Estimate(value=value, low=min(low, value), high=max(high, value))


def difference(before: Rate, after: Rate) -> Estimate:
    """How much higher the second of two independent rates is, with a 95 % interval.

    Source:
        Newcombe (1998), method 10, https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I
    """
    if before.fraction is None or after.fraction is None:
        return Estimate(value=None, low=-1.0, high=1.0)
    value = after.fraction - before.fraction
    below = sqrt((after.fraction - after.low) ** 2 + (before.high - before.fraction) ** 2)
    above = sqrt((after.high - after.fraction) ** 2 + (before.fraction - before.low) ** 2)
    return Estimate(value=value, low=max(-1.0, value - below), high=min(1.0, value + above))
