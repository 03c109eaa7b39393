"""Covering arrays by algebra: the largest dimensions take every combination, the others are linear functions of them.

With `strength` largest dimensions as coordinates, another dimension is a sum of multiples of them in a field with at
least as many elements as it has values, and no more than the smallest coordinate. Where such a field exists, and the
multipliers are those of a maximum distance separable code, every interaction occurs and the array has the least size
that is possible. Where none exists, as with 10 values beside 10, each dimension may take its own modulus: multipliers
are then searched for, and greedy rows complete what stays open.

Source:
    Bush (1952), Orthogonal arrays of index unity, https://doi.org/10.1214/aoms/1177729387
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import comb, gcd, prod

import numpy as np
from numpy.typing import NDArray

from astral.plan.interactions import Group, Rows

_LARGEST_EXTENSION = 128
"""Fields with p^k elements, k > 1, are tabled; above this, primes are dense enough."""

_SEARCH_WORK = 3e8
"""Interactions that the search for multipliers looks at, together: about a second."""

_LOOK_WORK = 3000
"""What a look at one group costs beside its interactions, in the same measure."""


@dataclass(frozen=True)
class Field:
    """A finite field whose elements are numbered from 0; `times` and `plus` are its tables, of shape (size, size)."""

    size: int
    plus: NDArray[np.uint16]
    times: NDArray[np.uint16]

    @classmethod
    def of_size(cls, size: int) -> "Field | None":
        """The field, or None if there is none of that size (or it is too large to be tabled)."""
        characteristic = next((p for p in range(2, size + 1) if size % p == 0), 0)
        degree = next((k for k in range(1, 8) if characteristic**k == size), 0)
        if not degree or (degree > 1 and size > _LARGEST_EXTENSION):
            return None
        numbers = np.arange(size)
        if degree == 1:
            plus, times = np.add.outer(numbers, numbers) % size, np.multiply.outer(numbers, numbers) % size
            return cls(size, plus.astype(np.uint16), times.astype(np.uint16))
        place = characteristic ** np.arange(degree)
        digits = numbers[:, None] // place % characteristic
        plus = ((digits[:, None] + digits[None]) % characteristic) @ place
        products = np.zeros((size, size, 2 * degree - 1), dtype=np.int64)
        for i, j in product(range(degree), repeat=2):
            products[:, :, i + j] += digits[:, None, i] * digits[None, :, j]
        for tail in digits:
            # x^degree = tail is an irreducible rule if and only if no product of two elements but 0 vanishes.
            rest = products.copy()
            for power in range(2 * degree - 2, degree - 1, -1):
                rest[:, :, power - degree : power] += rest[:, :, power, None] * tail
            times = (rest[:, :, :degree] % characteristic) @ place
            if times[1:, 1:].all():
                return cls(size, plus.astype(np.uint16), times.astype(np.uint16))
        return None  # pragma: no cover - there is an irreducible polynomial of every degree

    def multipliers(self, coordinates: int, others: int) -> NDArray[np.intp]:
        """Multipliers, of shape (coordinates, others), any square part of which is regular: a Cauchy matrix.

        Its first column, of ones, is the Cauchy column of the point at infinity; so up to size + 1 dimensions fit.
        """
        points = np.arange(coordinates + others - 1)
        minus = np.argmax(self.plus == 0, axis=1)
        difference = self.plus[points[:coordinates, None], minus[points[None, coordinates:]]]
        inverse = np.argmax(self.times == 1, axis=1)
        return np.hstack([np.ones((coordinates, 1), dtype=np.intp), inverse[difference]])


def orthogonal_rows(levels: Sequence[int], strength: int) -> Rows | None:
    """An array that certainly covers everything; for many levels one of the least size, for others too large.

    Args:
        levels: Number of values of each dimension, in descending order.
        strength: Values in an interaction, below the number of dimensions.

    Returns:
        The rows, or None where no small field fits.
    """
    smallest = max(levels[strength], len(levels) - 1, strength)
    field = next((found for size in range(smallest, 2 * smallest + 1) if (found := Field.of_size(size))), None)
    if field is None or field.size > 2 * levels[0]:
        return None
    coordinates = [max(level, field.size) for level in levels[:strength]]
    multipliers = field.multipliers(strength, len(levels) - strength)
    columns = list(np.indices(coordinates, dtype=np.uint16).reshape(strength, -1))
    axes = np.ogrid[tuple(slice(size) for size in coordinates)]
    for other in range(len(levels) - strength):
        total = np.zeros([1] * strength, dtype=np.uint16)
        for axis, coordinate in enumerate(axes):
            total = field.plus[total, field.times[multipliers[axis, other], coordinate % field.size]]
        columns.append(total.reshape(-1))
    rows = np.stack(columns, axis=1)
    # A field larger than a dimension leaves places free; they are spread evenly over the values.
    return (rows % np.array(levels)).astype(np.uint16)


def linear_rows(levels: Sequence[int], strength: int, *, rng: np.random.Generator) -> Rows:
    """As many rows as the largest dimensions have combinations, which cover everything or nearly so.

    Args:
        levels: Number of values of each dimension, in descending order.
        strength: Values in an interaction, below the number of dimensions.
        rng: Chooses among moduli and multipliers.
    """
    count = prod(levels[:strength])
    columns = dict(enumerate(np.indices(levels[:strength], dtype=np.uint16).reshape(strength, -1)))
    groups = sum(comb(k, strength - 1) for k in range(strength, len(levels)))
    tries = int(max(4, min(500, _SEARCH_WORK / ((count + _LOOK_WORK) * groups))))
    axes = np.ogrid[tuple(slice(level) for level in levels[:strength])]
    for dimension in range(strength, len(levels)):
        best, fewest = columns[0], prod(levels) + 1
        for _ in range(tries):
            column = _linear_column(axes, levels[dimension], levels[strength - 1], rng)
            others = combinations(range(dimension), strength - 1)
            missing = _missing(columns, column, levels[dimension], levels, others, enough=fewest)
            if missing < fewest:
                best, fewest = column, missing
            if not missing:
                break
        columns[dimension] = best
    return np.stack(list(columns.values()), axis=1)


def mixed_rows(levels: Sequence[int], groups: Sequence[Group], *, rng: np.random.Generator) -> Rows:
    """As many rows as the largest group has combinations, which cover all groups or nearly so.

    Args:
        levels: Number of values of each dimension.
        groups: Dimensions whose values are combined.
        rng: Chooses among moduli and multipliers.
    """
    largest = max(groups, key=lambda group: prod(levels[d] for d in group))
    shape = [levels[d] for d in largest]
    count = prod(shape)
    columns = dict(zip(largest, np.indices(shape, dtype=np.uint16).reshape(len(shape), -1), strict=True))
    axes = np.ogrid[tuple(slice(level) for level in shape)]
    tries = int(max(4, min(500, _SEARCH_WORK / ((count + _LOOK_WORK) * len(groups)))))
    for dimension in sorted(set(range(len(levels))) - set(largest), key=lambda d: -levels[d]):
        others = [tuple(d for d in group if d != dimension) for group in groups if dimension in group]
        decided = [group for group in others if all(d in columns for d in group)]
        best, fewest = np.zeros(count, dtype=np.uint16), prod(levels) + 1
        for _ in range(tries):
            column = _linear_column(axes, levels[dimension], max(levels[dimension], min(shape)), rng)
            missing = _missing(columns, column, levels[dimension], levels, decided, enough=fewest)
            if missing < fewest:
                best, fewest = column, missing
            if not missing:
                break
        columns[dimension] = best
    return np.stack([columns[d] for d in range(len(levels))], axis=1)


def _linear_column(
    axes: Sequence[NDArray[np.intp]], level: int, largest_modulus: int, rng: np.random.Generator
) -> NDArray[np.uint16]:
    modulus = int(rng.integers(level, largest_modulus + 1))
    units = [number for number in range(1, modulus + 1) if gcd(number, modulus) == 1]
    total: NDArray[np.intp] = sum((axis * rng.choice(units) for axis in axes), start=np.zeros((), dtype=np.intp))
    return (total % modulus % level).astype(np.uint16).reshape(-1)


def _missing(
    columns: Mapping[int, NDArray[np.uint16]],
    column: NDArray[np.uint16],
    level: int,
    levels: Sequence[int],
    groups: Iterable[Group],
    *,
    enough: int,
) -> int:
    """Interactions of a new column with groups of others that do not occur, counted up to `enough`."""
    missing = 0
    for group in groups:
        numbers = column.astype(np.int64)
        size = level
        for other in group:
            numbers += columns[other].astype(np.int64) * size
            size *= levels[other]
        seen = np.zeros(size, dtype=np.bool_)
        seen[numbers] = True
        missing += size - int(np.count_nonzero(seen))
        if missing >= enough:
            break
    return missing
