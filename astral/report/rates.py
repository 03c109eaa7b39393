"""Unsafe rates as if all cells had been tested alike, from tests that a search chose.

A search tests where it finds much, so its raw counts say little about rates. Here a model of the effects says what it
expects of every cell; the tests, weighted by the inverse of the chance with which each was chosen, say how far the
model is off; and where they say little, values borrow from each other. What comes out is the rate of verdicts: the
judge's own errors stay in it, as they do in any rate.

Source:
    Robins, Rotnitzky, Zhao (1994), augmented inverse propensity, https://doi.org/10.1080/01621459.1994.10476818
    Rubin (1981), Estimation in parallel randomized experiments, https://doi.org/10.3102/10769986006004377
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from astral.domain.records import Draw, Result
from astral.domain.space import Space
from astral.effects import fit_effects
from astral.report.statistics import UnbiasedRate, UnbiasedRates

Floats = NDArray[np.float64]

_FOLDS = 5
"""A test is compared with a model that did not see it, one of so many."""

_EQUAL = 1e-6
"""Weights that differ by less are the same."""

_Z = 1.96
"""Normal quantile of 95 %."""


@dataclass(frozen=True)
class _Tests:
    """Decided tests as arrays."""

    rows: NDArray[np.intp]
    unsafe: Floats
    weights: Floats
    """How many tests each stands for: the inverse of its chance, 1 for a test of a search without preference."""
    expected: Floats
    """What a model that did not see the test expects."""
    table: Floats
    """What models expect of every cell."""


def unbiased_rates(space: Space, tests: Iterable[tuple[Draw, Result]]) -> UnbiasedRates | None:
    """Rates freed from the bias of the search.

    Failed, blocked and undecided tests and controls count nowhere. A draw of probability 1 is one of a covering plan:
    those are spread over the space evenly, so each counts once, as a draw of any cell alike would.

    Args:
        space: What was tested; all of its cells count alike, so that nothing may have been excluded.
        tests: Finished tests, in any order.

    Returns:
        The rates, or None where nothing was decided.
    """
    decided = [
        (draw, result)
        for draw, result in tests
        if draw.control is None and result in {Result.SAFE, Result.UNSAFE} and _is_in(draw, space)
    ]
    if not decided:
        return None
    told = _arrays(space, decided)
    by_value = {
        dimension.id: dict(
            zip((value.id for value in dimension.values), _rates_of_dimension(told, number), strict=True)
        )
        for number, dimension in enumerate(space.dimensions)
    }
    mean, variance = _residual(told, np.zeros(len(told.unsafe), dtype=np.intp), 1)
    return UnbiasedRates(overall=_rate(float(told.table.mean() + mean[0]), float(variance[0])), by_value=by_value)


def _is_in(draw: Draw, space: Space) -> bool:
    values = dict(draw.cell.values)
    return all(values.get(dimension.id) in dimension.by_id for dimension in space.dimensions)


def _arrays(space: Space, decided: Sequence[tuple[Draw, Result]]) -> _Tests:
    places = [{value.id: place for place, value in enumerate(dimension.values)} for dimension in space.dimensions]
    rows = np.array(
        [
            [known[draw.cell[dimension.id]] for dimension, known in zip(space.dimensions, places, strict=True)]
            for draw, _ in decided
        ],
        dtype=np.intp,
    )
    unsafe = np.array([result is Result.UNSAFE for _, result in decided], dtype=np.float64)
    chances = np.array([draw.probability for draw, _ in decided])
    fold = np.arange(len(decided)) % _FOLDS
    expected, table = np.zeros(len(decided)), np.zeros(space.levels)
    for number in range(_FOLDS):
        fitted = _fitted(space.levels, rows[fold != number], unsafe[fold != number])
        expected[fold == number] = fitted[tuple(rows[fold == number].T)]
        table += fitted / _FOLDS
    return _Tests(rows, unsafe, np.where(chances < 1, 1 / (prod(space.levels) * chances), 1.0), expected, table)


def _fitted(levels: tuple[int, ...], rows: NDArray[np.intp], unsafe: Floats) -> Floats:
    cells, place = np.unique(rows, axis=0, return_inverse=True)
    place = place.reshape(-1)
    hits = np.bincount(place, unsafe, minlength=len(cells)).astype(np.float64)
    return fit_effects(levels, cells, hits, np.bincount(place, minlength=len(cells)).astype(np.float64)).rates()


def _residual(told: _Tests, place: NDArray[np.intp], count: int) -> tuple[Floats, Floats]:
    """How far the model is off in each of some parts of the space, and the variance of that."""
    off = told.unsafe - told.expected
    # Half as seen, half as expected: where little was tested, what was seen has no variance.
    spread = (off**2 + told.expected * (1 - told.expected)) / 2
    weight = np.bincount(place, told.weights, minlength=count)
    is_known = weight > 0
    weight = np.where(is_known, weight, 1.0)
    mean = np.bincount(place, told.weights * off, minlength=count) / weight
    variance = np.bincount(place, told.weights**2 * spread, minlength=count) / weight**2
    # A part without a test may be off by anything.
    return mean, np.where(is_known, np.maximum(variance, 1e-9), 1.0)


def _rates_of_dimension(told: _Tests, dimension: int) -> list[UnbiasedRate]:
    """Rates by value; the values' residuals are taken for a sample of one distribution, whose width is unknown."""
    levels = told.table.shape
    others = tuple(d for d in range(len(levels)) if d != dimension)
    model = told.table.mean(axis=others)
    off, variance = _residual(told, told.rows[:, dimension], levels[dimension])
    if np.ptp(told.weights) < _EQUAL:
        # No search: each value speaks for itself, as it would in a survey, and borrowing would say too much.
        return [_rate(float(rate), float(some)) for rate, some in zip(model + off, variance, strict=True)]
    means: list[Floats] = []
    variances: list[Floats] = []
    weights: list[float] = []
    for width in np.linspace(0.01, 4, 60) * np.sqrt(np.median(variance)):
        precision = 1 / (variance + width**2)
        centre = (precision * off).sum() / precision.sum()
        own = width**2 * precision
        means.append(centre + own * (off - centre))
        variances.append(own * variance + (1 - own) ** 2 / precision.sum())
        fit = np.log(precision).sum() - np.log(precision.sum()) - (precision * (off - centre) ** 2).sum()
        weights.append(float(fit) / 2)
    chance = np.exp(np.array(weights) - max(weights))
    chance /= chance.sum()
    mean = chance @ np.array(means)
    total = chance @ (np.array(variances) + np.array(means) ** 2) - mean**2
    return [_rate(float(rate), float(some)) for rate, some in zip(model + mean, total, strict=True)]


def _rate(fraction: float, variance: float) -> UnbiasedRate:
    """A rate with Wilson's interval, for as many tests of equal weight as would have this variance."""
    inside = min(max(fraction, 1e-4), 1 - 1e-4)
    share = _Z**2 * variance / (inside * (1 - inside))
    centre = (inside + share / 2) / (1 + share)
    margin = _Z * np.sqrt(variance + share * share / (4 * _Z**2)) / (1 + share)
    fraction = min(max(fraction, 0.0), 1.0)
    return UnbiasedRate(
        fraction=fraction,
        low=max(0.0, min(fraction, float(centre - margin))),
        high=min(1.0, max(fraction, float(centre + margin))),
    )
