"""A hierarchical logistic model: the log-odds of a result are a sum of effects of values, pairs, triples and cells.

Effects are few but may be large, so each has a Student-t prior: what little data says is shrunk towards nothing, what
much data says is left as it is. The fit goes from group to group of dimensions; within one, effects do not share a
cell, so that each Newton step is exact and cheap.

Source:
    Gelman, Jakulin, Pittau, Su (2008), A weakly informative default prior distribution for logistic and other
    regression models, https://doi.org/10.1214/08-AOAS191
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log, prod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SCALES = (0.5, 0.5, 0.5)
"""Prior scales of the log-odds of a value, a pair, a triple."""

_CELL_SCALE = 0.3
"""Of a cell beyond its values, pairs and triples."""

_DEGREES = 2.0
"""Degrees of freedom of the prior: the fewer, the more a large effect is believed."""

_CELLS_WITH_EFFECTS = 1 << 17
"""In larger spaces cells have no effects of their own: few would be tested twice."""

_LARGEST_STEP = 1.0


@dataclass(frozen=True)
class Effects:
    """The fitted model: of each group of dimensions the effects, one axis a dimension, and how unsure they are."""

    levels: tuple[int, ...]
    intercept: float
    """Log-odds where nothing has an effect."""
    groups: tuple[tuple[int, ...], ...]
    means: tuple[Floats, ...]
    deviations: tuple[Floats, ...]
    """Standard deviations of the posterior, the effects taken one by one."""

    def log_odds(self, part: Sequence[NDArray[np.intp]] | None = None) -> Floats:
        """Of every cell, or of those that have one of the given values in each dimension; one axis a dimension."""
        return self.spread(self.means, part) + self.intercept

    def rates(self, part: Sequence[NDArray[np.intp]] | None = None) -> Floats:
        """Fitted chances, of the same cells."""
        return logistic(self.log_odds(part))

    def rates_of(self, rows: NDArray[np.integer]) -> Floats:
        """Fitted chances of cells as positions of values, of shape (cells, dimensions)."""
        total = np.full(len(rows), self.intercept)
        for group, means in zip(self.groups, self.means, strict=True):
            total += means[tuple(rows[:, d] for d in group)]
        return logistic(total)

    def samples(
        self,
        count: int,
        rng: np.random.Generator,
        part: Sequence[NDArray[np.intp]] | None = None,
        *,
        boldness: float = 1.0,
    ) -> NDArray[np.float32]:
        """Log-odds of the same cells drawn from the posterior, `count` times; the first axis counts them.

        Standard deviations are multiplied by `boldness`: at 1 each effect is drawn as unsure as it is alone.
        """
        sums: dict[tuple[int, ...], NDArray[np.float32]] = {}
        for group, means, deviations in zip(self.groups, self.means, self.deviations, strict=True):
            mean, deviation = _chosen(means, group, part), _chosen(deviations, group, part)
            noise = rng.standard_normal((count, *mean.shape), dtype=np.float32)
            noise *= (boldness * deviation).astype(np.float32)
            noise += mean.astype(np.float32)
            sums[group] = noise
        total = np.full((count, *self._shape(part)), self.intercept, dtype=np.float32)
        for number, group in enumerate(self.groups):
            # Added to a larger group first, and with it to the cells: far fewer additions than straight to the cells.
            larger = next((other for other in self.groups[number + 1 :] if set(group) < set(other)), None)
            home, axes = (total, range(len(self.levels))) if larger is None else (sums[larger], larger)
            sizes = dict(zip(group, sums[group].shape[1:], strict=True))
            home += sums[group].reshape(count, *(sizes.get(d, 1) for d in axes))
        return total

    def spread(self, effects: Sequence[Floats], part: Sequence[NDArray[np.intp]] | None = None) -> Floats:
        """Sum something that each group has, such as effects or variances, for the same cells."""
        total = np.zeros(self._shape(part))
        for group, some in zip(self.groups, effects, strict=True):
            chosen = _chosen(some, group, part)
            total += chosen.reshape(self._axes(group, chosen.shape))
        return total

    def _shape(self, part: Sequence[NDArray[np.intp]] | None) -> tuple[int, ...]:
        return self.levels if part is None else tuple(map(len, part))

    def _axes(self, group: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
        sizes = dict(zip(group, shape, strict=True))
        return tuple(sizes.get(d, 1) for d in range(len(self.levels)))


def fit_effects(
    levels: Sequence[int],
    rows: NDArray[np.integer],
    hits: Floats,
    trials: Floats,
    *,
    order: int = 3,
    sweeps: int = 10,
) -> Effects:
    """The most likely effects, given how often each cell was tried and hit.

    Args:
        levels: Number of values of each dimension.
        rows: Cells as positions of values, each once, of shape (cells, dimensions).
        hits: Trials of each cell that had the result.
        trials: All trials of each cell.
        order: Values in the largest interactions that have effects; 3 adds effects of cells where they are few.
        sweeps: Rounds over all effects.
    """
    groups = [
        group for size in range(1, min(order, len(levels)) + 1) for group in combinations(range(len(levels)), size)
    ]
    scales = [_SCALES[len(group) - 1] for group in groups]
    if len(levels) > order == len(_SCALES) and prod(levels) <= _CELLS_WITH_EFFECTS:
        groups.append(tuple(range(len(levels))))
        scales.append(_CELL_SCALE)
    shapes = [tuple(levels[d] for d in group) for group in groups]
    places: list[NDArray[np.intp]] = [
        np.ravel_multi_index(tuple(rows[:, list(group)].T.astype(np.intp)), shape)  # pyright: ignore[reportAssignmentType] - an array
        for group, shape in zip(groups, shapes, strict=True)
    ]
    means: list[Floats] = [np.zeros(prod(shape)) for shape in shapes]
    information: list[Floats] = [np.zeros(prod(shape)) for shape in shapes]
    # Half a hit and half a miss keep the rate away from 0 and 1.
    rate = (hits.sum() + 0.5) / (trials.sum() + 1.0)
    intercept = log(rate / (1 - rate))
    log_odds = np.full(len(rows), intercept)
    for _ in range(sweeps if len(rows) else 0):
        fitted = logistic(log_odds)
        step = _bounded((hits - trials * fitted).sum() / ((trials * fitted * (1 - fitted)).sum() + 1.0))
        intercept += float(step)
        log_odds += step
        for number, (place, scale) in enumerate(zip(places, scales, strict=True)):
            mean = means[number]
            fitted = logistic(log_odds)
            information[number] = _sums(place, trials * fitted * (1 - fitted), len(mean))
            slope = _sums(place, hits - trials * fitted, len(mean))
            precision = _precision(mean, scale)
            steps = _bounded((slope - precision * mean) / (information[number] + precision))
            mean += steps
            log_odds += steps[place]
    return Effects(
        levels=tuple(levels),
        intercept=intercept,
        groups=tuple(groups),
        means=tuple(mean.reshape(shape) for mean, shape in zip(means, shapes, strict=True)),
        deviations=tuple(
            (1 / np.sqrt(some + _precision(mean, scale))).reshape(shape)
            for some, mean, scale, shape in zip(information, means, scales, shapes, strict=True)
        ),
    )


Real = TypeVar("Real", np.float32, np.float64)


def logistic(log_odds: NDArray[Real]) -> NDArray[Real]:
    """The chances."""
    return np.asarray(1 / (1 + np.exp(-log_odds)), dtype=log_odds.dtype)


def _sums(places: NDArray[np.intp], weights: Floats, count: int) -> Floats:
    """Of each place, the weights that stand there."""
    return np.bincount(places, weights, minlength=count).astype(np.float64)


def _chosen(table: Floats, group: tuple[int, ...], part: Sequence[NDArray[np.intp]] | None) -> Floats:
    """What a group has for some of its values."""
    return table if part is None else table[np.ix_(*(part[d] for d in group))]


def _precision(mean: Floats, scale: float) -> Floats:
    """Of the normal distribution that stands for the prior near the present effects."""
    return (_DEGREES + 1) / (_DEGREES * scale**2 + mean**2)


def _bounded(steps: Floats) -> Floats:
    return np.clip(steps, -_LARGEST_STEP, _LARGEST_STEP)
