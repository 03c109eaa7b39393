"""Logistic regression on counts, with a weak prior that keeps effects finite where every trial was a hit."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from astral.effects.model import Floats, logistic

PRIOR_DEVIATION = 2.5
"""Of an effect on the log-odds: 95 % of them multiply the odds by less than 135.

Source:
    Gelman, Jakulin, Pittau, Su (2008), https://doi.org/10.1214/08-AOAS191
"""

_FREE = 1e-6
"""Precision of the intercept's prior: none."""

_STEPS, _LARGEST_STEP, _SMALLEST_STEP = 40, 2.0, 1e-8
_TINY = 1e-12


@dataclass(frozen=True)
class Regression:
    """A fitted model."""

    intercept: float
    effects: Floats
    """One a column."""
    deviations: Floats
    """Standard deviations of the effects."""
    rates: Floats
    """Fitted chance of a hit, one a row."""
    log_likelihood: float
    """With that of the prior."""


def fit_logistic(columns: Sequence[NDArray[np.bool_]], hits: Floats, trials: Floats) -> Regression:
    """The most likely effects of what rows have or have not.

    Args:
        columns: What has an effect: which rows have it.
        hits: Of each row.
        trials: Of each row, at least 1.
    """
    design = np.stack([np.ones(len(trials)), *columns], axis=1).astype(np.float64)
    precision = np.full(design.shape[1], PRIOR_DEVIATION**-2)
    precision[0] = _FREE
    # Half a hit and half a miss keep the rate away from 0 and 1.
    rate = (hits.sum() + 0.5) / (trials.sum() + 1.0)
    effects = np.zeros(design.shape[1])
    effects[0] = log(rate / (1 - rate))
    rates, information = np.zeros(len(trials)), np.diag(precision)
    for _ in range(_STEPS):
        rates = logistic(design @ effects)
        information = (design * (trials * rates * (1 - rates))[:, None]).T @ design + np.diag(precision)
        slope = design.T @ (hits - trials * rates) - precision * effects
        step = np.clip(np.linalg.solve(information, slope), -_LARGEST_STEP, _LARGEST_STEP)
        if np.abs(step).max() < _SMALLEST_STEP:
            break
        effects += step
    likelihood = (hits * np.log(rates + _TINY) + (trials - hits) * np.log(1 - rates + _TINY)).sum()
    return Regression(
        intercept=float(effects[0]),
        effects=effects[1:],
        deviations=np.sqrt(np.diag(np.linalg.inv(information))).astype(np.float64)[1:],
        rates=rates,
        log_likelihood=float(likelihood - (precision * effects**2).sum() / 2),
    )
