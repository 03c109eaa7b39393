"""Vectors of which the nearest is looked up exactly, whatever the batches."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Batch = NDArray[np.float32]

_SCALE: Final = 4000
"""Components become whole numbers of 1/4000. Every sum of products of two unit vectors then stays below 2^24, where
float32 is exact: a cosine is the same in any batch and on any processor, so that a run that was cut into other batches,
or resumed, decides the same. A cosine is off by 0.0001."""
_FIRST_CAPACITY: Final = 64
_AT_ONCE: Final = 4096


def whole(vectors: NDArray[np.float32]) -> Batch:
    """Unit vectors as whole numbers."""
    return np.rint(vectors * _SCALE).astype(np.float32)


def unit(batch: Batch) -> Batch:
    """Whole numbers as unit vectors again."""
    return batch / np.float32(_SCALE)


class Vectors:
    """A matrix that grows by doubling, at two bytes a component."""

    def __init__(self) -> None:
        self._rows: NDArray[np.int16] = np.empty((0, 0), dtype=np.int16)
        self._used = 0

    def __len__(self) -> int:
        return self._used

    def append(self, vector: Batch) -> None:
        """Keep one more, as `whole` gives it."""
        if self._used == len(self._rows):
            grown = np.empty((max(_FIRST_CAPACITY, 2 * self._used), len(vector)), dtype=np.int16)
            if self._used:
                grown[: self._used] = self._rows
            self._rows = grown
        self._rows[self._used] = vector
        self._used += 1

    def nearest(self, batch: Batch, *, since: int = 0) -> NDArray[np.float64]:
        """The largest cosine of each vector of the batch to any kept one from place `since` on; -1 where none is."""
        best = np.full(len(batch), -float(_SCALE**2))
        for start in range(since, self._used, _AT_ONCE):
            rows = self._rows[start : min(start + _AT_ONCE, self._used)].astype(np.float32)
            best = np.maximum(best, (batch @ rows.T).max(axis=1))
        return best / _SCALE**2
