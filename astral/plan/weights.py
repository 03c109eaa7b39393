"""Which values are taken rather than others, where nothing that is to be covered decides."""

import numpy as np
from numpy.typing import NDArray

from astral.domain.rules import Weights as NamedWeights
from astral.domain.space import Space
from astral.plan.exclusions import Exclusions
from astral.plan.interactions import Interactions, Rows
from astral.plan.positions import dimension_at, value_at

Weights = tuple[NDArray[np.float64], ...]
"""Of each dimension, the weights of its values."""

_SWEEPS = 2
"""Times that each value of a row may be drawn anew; what the first sweep frees, the second uses."""


def weights_of(space: Space, named: NamedWeights) -> Weights | None:
    """The weights by position, or None where all are alike.

    Raises:
        UnknownNameError: One names something that the space does not have; the nearest is named.
    """
    if not any(named.values()):
        return None
    found = tuple(np.ones(level) for level in space.levels)
    for name, some in named.items():
        dimension = dimension_at(space, name, where="weights")
        for value, weight in some.items():
            found[dimension][value_at(space, dimension, value, where="weights")] = weight
    return found


def reweighted(
    rows: Rows,
    interactions: Interactions,
    wanted: NDArray[np.bool_],
    *,
    weights: Weights,
    rules: Exclusions | None,
    rng: np.random.Generator,
) -> Rows:
    """The rows, with every value drawn anew by its weight that could be any: they still cover what is wanted.

    A value could be any where other rows cover everything that the row covers with it.
    """
    rows = rows.copy()
    counts = interactions.counts(rows)
    for _ in range(_SWEEPS):
        for dimension in map(int, rng.permutation(len(interactions.levels))):
            columns = interactions.columns_of[dimension]
            steps, offsets = interactions.weights[:, columns], interactions.offsets[columns]
            numbers = rows.astype(np.int64) @ steps + offsets
            may_go = ((counts[numbers] > 1) | ~wanted[numbers]).all(axis=1)
            for place in map(int, rng.permutation(np.flatnonzero(may_go))):
                before = rows[place].astype(np.int64) @ steps + offsets
                if not ((counts[before] > 1) | ~wanted[before]).all():
                    continue  # another row's new value left it to this one
                chances = weights[dimension]
                if rules is not None:
                    others = {d: int(value) for d, value in enumerate(rows[place]) if d != dimension}
                    chances = chances * rules.allowed_values(others, dimension)
                rows[place, dimension] = rng.choice(len(chances), p=chances / chances.sum())
                counts[before] -= 1
                counts[rows[place].astype(np.int64) @ steps + offsets] += 1
    return rows
