"""Texts that share most of their wording, found without a model: min-wise hashing."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

Signature = NDArray[np.uint8]

SHINGLE: Final = 5
"""Characters; of letters and digits alone, so that scripts without spaces have shingles too."""
HASHES: Final = 128
"""The standard error of a similarity of 0.9 is then 0.027."""
_CHANCE: Final = 1 / 256
"""Two bytes agree by chance."""
_AT_ONCE: Final = 8192
_FIRST: Final = 32
"""Bytes by which texts are sorted out that are far from another one."""
_PLACES: Final = 2**20

_dice = np.random.default_rng(20261121)  # any number will do, as long as it stays
_FACTORS = _dice.integers(1, 2**63, HASHES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_SUMMANDS = _dice.integers(0, 2**63, HASHES, dtype=np.uint64)
_POWERS = tuple(np.cumprod(np.full(SHINGLE, 0x9E3779B97F4A7C15, dtype=np.uint64), dtype=np.uint64))
_MIX = np.uint64(0xBF58476D1CE4E5B9)


def signature(letters: str) -> Signature:
    """A text's signature: of each of 128 hash functions the byte that its smallest value over all shingles leaves.

    Only a byte is kept, since all signatures of a run are compared with each draft: 128 bytes a case.

    Args:
        letters: The text without what makes no difference, such as spaces.

    Source:
        Broder (1997), https://doi.org/10.1109/SEQUEN.1997.666900;
        Li and König (2010) on keeping a few bits, https://doi.org/10.1145/1772690.1772759
    """
    smallest = (shingles(letters)[:, None] * _FACTORS + _SUMMANDS).min(axis=0)
    # The highest bits of a minimum are nearly always zero, and its lowest are those of the factor: take some between.
    return (smallest * _MIX >> np.uint64(40)).astype(np.uint8)


@lru_cache(maxsize=16)
def shingles(letters: str) -> NDArray[np.uint64]:
    """A hash of each run of five characters, in their order; not to be written to, since it serves several askers."""
    points = np.frombuffer(letters.ljust(SHINGLE, "\0").encode("utf-32-le", "replace"), dtype=np.uint32)
    points = points.astype(np.uint64)
    runs = len(points) - SHINGLE + 1
    hashes = points[:runs] * _POWERS[0]
    for place, power in enumerate(_POWERS[1:], start=1):
        hashes += points[place : place + runs] * power
    hashes *= _MIX
    return hashes ^ (hashes >> np.uint64(32))


class Familiar:
    """How often the wording of a text was used before, in memory that does not grow."""

    def __init__(self) -> None:
        self._uses = np.zeros(_PLACES, dtype=np.float32)
        """Texts that have one of the runs of characters which share a place."""

    def wear(self, texts: Sequence[str]) -> list[float]:
        """Of each text the mean of log(1 + uses) over its runs of characters: 0 where none was used before."""
        # As one text, since numpy takes longer to be called than to look a text up; what lies across two is left out.
        padded = [letters.ljust(SHINGLE, "\0") for letters in texts]
        worn = np.log1p(self._uses[_places("".join(padded))])
        ends = accumulate(map(len, padded))
        runs = [worn[end - len(each) : end - SHINGLE + 1] for each, end in zip(padded, ends, strict=True)]
        return [float(np.add.reduce(each)) / len(each) for each in runs]

    def add(self, letters: str) -> None:
        """Count the wording of one more text."""
        self._uses[_places(letters)] += 1


def _places(letters: str) -> NDArray[np.int64]:
    return (shingles(letters) & np.uint64(_PLACES - 1)).astype(np.int64)


class Signatures:
    """The signatures of many texts."""

    def __init__(self) -> None:
        # A text is a column: numpy then adds up thousands of texts at once, which is six times as fast as row by row.
        self._columns = np.empty((HASHES, 64), dtype=np.uint8)
        self._used = 0

    def __len__(self) -> int:
        return self._used

    def append(self, row: Signature) -> None:
        """Keep one more."""
        if self._used == self._columns.shape[1]:
            self._columns = np.concatenate([self._columns, np.empty_like(self._columns)], axis=1)
        self._columns[:, self._used] = row
        self._used += 1

    def nearest(self, row: Signature, *, at_least: float, since: int = 0) -> float:
        """The largest estimated Jaccard similarity to any from place `since` on; 0 where all are below `at_least`.

        Args:
            row: A text's signature.
            at_least: In [0, 1]; the higher, the fewer are looked at as a whole.
            since: Place of the first one that is looked at.
        """
        agreeing, fewest = 0, ceil(HASHES * (at_least * (1 - _CHANCE) + _CHANCE) - 1e-9)
        for start in range(since, self._used, _AT_ONCE):
            columns = self._columns[:, start : min(start + _AT_ONCE, self._used)]
            # As many as may disagree at all may do so among the first ones.
            likely = np.flatnonzero(_agreements(columns[:_FIRST], row[:_FIRST]) >= fewest - (HASHES - _FIRST))
            if len(likely):
                agreeing = max(agreeing, int(_agreements(columns[:, likely], row).max()))
        return (agreeing / HASHES - _CHANCE) / (1 - _CHANCE) if agreeing >= fewest else 0.0


def _agreements(columns: NDArray[np.uint8], row: Signature) -> NDArray[np.uint8]:
    """Of each column how many of its bytes are those of the row; at most 128, so that a byte holds their number."""
    return (columns == row[:, None]).view(np.uint8).sum(axis=0, dtype=np.uint8)
