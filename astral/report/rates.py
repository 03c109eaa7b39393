"""Unsafe rates as if all cells had been tested alike, from tests that a search chose.

A search tests where it finds much, so its raw counts say little about rates. Here a model of the effects says what it
expects of every cell; the tests, weighted by the inverse of the chance with which each was chosen, say how far the
model is off; and where they say little, values borrow from each other. What comes out is the rate of verdicts: the
judge's own errors stay in it, as they do in any rate.

Source:
    Robins, Rotnitzky, Zhao (1994), augmented inverse propensity, https://doi.org/10.1080/01621459.1994.10476818
    Rubin (1981), Estimation in parallel randomized experiments, https://doi.org/10.3102/10769986006004377
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from astral.domain.criterion import Criterion
from astral.domain.records import Draw, Result
from astral.domain.rules import Exclusion
from astral.domain.space import Space
from astral.effects import Effects, fit_effects
from astral.report.statistics import UnbiasedRate, UnbiasedRates

Floats = NDArray[np.float64]

_FOLDS = 5
"""A test is compared with a model that did not see it, one of so many."""

_EQUAL = 1e-6
"""Weights that differ by less are the same."""

_Z = 1.96
"""Normal quantile of 95 %."""


_CELLS = 1 << 16
"""Of a space with more cells so many are looked at, at random."""

_SWEEPS = 30
_LARGEST_WEIGHT = 5.0


@dataclass(frozen=True)
class _Cells:
    """The cells that may be tested, or many of them at random."""

    rows: NDArray[np.intp]
    count: float
    """All that may be tested."""


@dataclass(frozen=True)
class _Tests:
    """Decided tests as arrays."""

    rows: NDArray[np.intp]
    unsafe: Floats
    weights: Floats
    """How many tests each stands for: the inverse of its chance, 1 for a test of a search without preference."""
    is_searched: bool
    """The search preferred some cells."""
    expected: Floats
    """What a model that did not see the test expects."""
    spread: Floats
    """Variance of what the test is off from that."""
    rates: Floats
    """What models expect of every cell that may be tested."""


def unbiased_rates(
    space: Space, tests: Iterable[tuple[Draw, Result]], criterion: Criterion | None = None
) -> UnbiasedRates | None:
    """Rates freed from the bias of the search.

    Failed, blocked and undecided tests and controls count nowhere. A draw of probability 1 is one of a covering plan:
    those are spread over the space evenly, so each counts once, as a draw of any cell alike would. Where the criterion
    prefers cells, as precision and weights do, they are weighted so that each value counts as much as it has cells.

    Args:
        space: What was tested.
        tests: Finished tests, in any order.
        criterion: What else decided which cells were tested; those that it excludes count nowhere.

    Returns:
        The rates, without those of values that stand in excluded cells alone; or None where nothing was decided.
    """
    criterion = criterion or Criterion()
    decided = _decided(space, tests)
    cells = _allowed(space, criterion.exclude)
    if not len(decided) or not len(cells.rows):
        return None
    told = _arrays(space, decided, cells, is_even=criterion.is_even)
    by_value: dict[str, dict[str, UnbiasedRate]] = {}
    for number, dimension in enumerate(space.dimensions):
        rates = _rates_of_dimension(told, cells, number, len(dimension.values))
        by_value[dimension.id] = {dimension.values[place].id: rate for place, rate in rates.items()}
    mean, variance = _residual(told, np.zeros(len(told.unsafe), dtype=np.intp), 1)
    expected = float(told.rates.mean())
    overall = _rate(expected + float(mean[0]), float(variance[0]), expected=expected)
    return UnbiasedRates(overall=overall, by_value=by_value)


def _decided(space: Space, tests: Iterable[tuple[Draw, Result]]) -> NDArray[np.void]:
    """The decided tests in cells of the space, a few bytes each: row, whether it was unsafe, chance, and fold."""
    places = [
        (dimension.id, {value.id: place for place, value in enumerate(dimension.values)})
        for dimension in space.dimensions
    ]

    def told() -> Iterator[tuple[list[int], bool, float, int]]:
        for draw, result in tests:
            if draw.control is not None or result not in {Result.SAFE, Result.UNSAFE}:
                continue
            values = dict(draw.cell.values)
            row = [place for name, known in places if (place := known.get(values.get(name, ""))) is not None]
            if len(row) == len(places):
                # By number, so that the order in which tests are told does not matter.
                yield row, result is Result.UNSAFE, draw.probability, draw.number % _FOLDS

    kinds = [("row", np.intp, (len(places),)), ("unsafe", np.float64), ("chance", np.float64), ("fold", np.intp)]
    return np.fromiter(told(), dtype=kinds)


def _allowed(space: Space, exclude: Sequence[Exclusion]) -> _Cells:
    size = prod(space.levels)
    if size <= _CELLS:
        rows = np.indices(space.levels).reshape(len(space.levels), -1).T
    else:
        rows = np.random.default_rng(0).integers(space.levels, size=(_CELLS, len(space.levels)))
    names = list(space.by_id)
    is_allowed = np.ones(len(rows), dtype=np.bool_)
    for exclusion in exclude:
        ruled_out = [
            np.isin(rows[:, names.index(name)], [list(space.by_id[name].by_id).index(value) for value in values])
            for name, values in exclusion.items()
        ]
        is_allowed &= ~np.all(ruled_out, axis=0)
    return _Cells(rows[is_allowed].astype(np.intp), size * float(is_allowed.mean()))


def _arrays(space: Space, decided: NDArray[np.void], cells: _Cells, *, is_even: bool) -> _Tests:
    rows, unsafe, chances, fold = (np.ascontiguousarray(decided[name]) for name in ("row", "unsafe", "chance", "fold"))
    expected, rates = np.zeros(len(decided)), np.zeros(len(cells.rows))
    for number in range(_FOLDS):
        effects = _fitted(space.levels, rows[fold != number], unsafe[fold != number])
        expected[fold == number] = effects.rates_of(rows[fold == number])
        rates += effects.rates_of(cells.rows) / _FOLDS
    is_planned = chances >= 1
    weights = np.where(is_planned, 1.0, 1 / (cells.count * chances))
    is_searched = bool(np.ptp(weights) >= _EQUAL)
    if not is_even:
        weights[is_planned] = _evened(rows[is_planned], cells, space.levels)
    return _Tests(rows, unsafe, weights, is_searched, expected, _spread(unsafe, expected, weights), rates)


def _spread(unsafe: Floats, expected: Floats, weights: Floats) -> Floats:
    """Variance of each test's result about what was expected of it.

    What the model expects, or more where all tests together are seen to be off by more, halfway between the two. Were
    it as seen in each value's own tests, values with fewer unsafe answers than they should have would look surer than
    the others, and draw these down.
    """
    binomial = np.maximum(expected * (1 - expected), 1e-9)
    heed = weights**2
    return binomial * max(1.0, (1 + (heed @ (unsafe - expected) ** 2) / (heed @ binomial)) / 2)


def _fitted(levels: tuple[int, ...], rows: NDArray[np.intp], unsafe: Floats) -> Effects:
    cells, place = np.unique(rows, axis=0, return_inverse=True)
    place = place.reshape(-1)
    hits = np.bincount(place, unsafe, minlength=len(cells)).astype(np.float64)
    return fit_effects(levels, cells, hits, np.bincount(place, minlength=len(cells)).astype(np.float64))


def _evened(rows: NDArray[np.intp], cells: _Cells, levels: tuple[int, ...]) -> Floats:
    """Weights of mean 1 by which every value has the part of the tests that it has of the cells.

    Source:
        Deming, Stephan (1940), On a least squares adjustment of a sampled frequency table,
        https://doi.org/10.1214/aoms/1177731829
    """
    weights = np.ones(len(rows))
    for _ in range(_SWEEPS):
        for d, level in enumerate(levels):
            wanted = np.bincount(cells.rows[:, d], minlength=level) / len(cells.rows)
            there = np.bincount(rows[:, d], weights, minlength=level) / max(1.0, weights.sum())
            weights *= np.divide(wanted, there, out=np.ones(level), where=there > 0)[rows[:, d]]
        weights = np.clip(weights / weights.mean(), 1 / _LARGEST_WEIGHT, _LARGEST_WEIGHT) if len(rows) else weights
    return weights


def _residual(told: _Tests, place: NDArray[np.intp], count: int) -> tuple[Floats, Floats]:
    """How far the model is off in each of some parts of the space, and the variance of that."""
    weight = np.bincount(place, told.weights, minlength=count)
    is_known = weight > 0
    weight = np.where(is_known, weight, 1.0)
    mean = np.bincount(place, told.weights * (told.unsafe - told.expected), minlength=count) / weight
    variance = np.bincount(place, told.weights**2 * told.spread, minlength=count) / weight**2
    # A part without a test may be off by anything.
    return mean, np.where(is_known, np.maximum(variance, 1e-9), 1.0)


def _rates_of_dimension(told: _Tests, cells: _Cells, dimension: int, level: int) -> dict[int, UnbiasedRate]:
    """Rates by value; the values' residuals are taken for a sample of one distribution, whose width is unknown."""
    of_cells = cells.rows[:, dimension]
    known = np.flatnonzero(np.bincount(of_cells, minlength=level))
    model = np.bincount(of_cells, told.rates)[known] / np.bincount(of_cells)[known]
    place = told.rows[:, dimension]
    off, variance = (some[known] for some in _residual(told, place, level))
    if not told.is_searched:
        # No search: each value speaks for itself, as it would in a survey, and borrowing would say too much.
        mean, total = off, variance
    else:
        information = np.bincount(place, told.spread, minlength=level)[known]
        slope = (np.bincount(of_cells, told.rates * (1 - told.rates)) / np.bincount(of_cells).clip(1))[known]
        scale = np.median(slope / np.sqrt(information.clip(1e-6)))
        mean, total = _borrowed(off, variance, scale=float(scale))
    return {
        int(place): _rate(float(expected + off), float(some), expected=float(expected))
        for place, expected, off, some in zip(known, model, mean, total, strict=True)
    }


def _borrowed(off: Floats, variance: Floats, *, scale: float) -> tuple[Floats, Floats]:
    """Means and variances of what values are off by, each borrowing from the others as far as they are alike.

    How far they differ is unknown; a half-Cauchy distribution stands for it. Its scale is told: the standard error that
    a value's effect has in the model, as a rate. What a model learned from tests is off by no other order.

    Source:
        Gelman (2006), Prior distributions for variance parameters in hierarchical models,
        https://doi.org/10.1214/06-BA117A
    """
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
        weights.append(float(fit) / 2 - np.log1p((width / scale) ** 2))
    chance = np.exp(np.array(weights) - max(weights))
    chance /= chance.sum()
    mean = chance @ np.array(means)
    total = chance @ (np.array(variances) + np.array(means) ** 2) - mean**2
    return mean, total


def _rate(fraction: float, variance: float, *, expected: float) -> UnbiasedRate:
    """A rate with Wilson's interval, for as many tests of equal weight as would have this variance.

    So many follow from the rate that the model expects. From the rate that came out, they would be the fewer the lower
    it came out by chance, and none at 0.
    """
    fraction = min(max(fraction, 0.0), 1.0)
    share = _Z**2 * variance / (expected * (1 - expected))
    centre = (fraction + share / 2) / (1 + share)
    margin = float(np.sqrt(share * fraction * (1 - fraction) + share**2 / 4)) / (1 + share)
    return UnbiasedRate(
        fraction=fraction,
        low=max(0.0, min(fraction, centre - margin)),
        high=min(1.0, max(fraction, centre + margin)),
    )
