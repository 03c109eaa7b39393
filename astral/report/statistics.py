"""Rates and how sure they are."""

from collections.abc import Mapping
from math import sqrt
from typing import Self

from pydantic import Field

from astral.domain.base import Noun


def wilson_interval(unsafe: int, judged: int, *, z: float = 1.96) -> tuple[float, float]:
    """Bound the attack success rate of a cell.

    Args:
        unsafe: Verdicts that were UNSAFE, at least 0.
        judged: All verdicts but UNKNOWN ones, at least 1.
        z: Normal quantile, above 0; 1.96 gives 95 % confidence.

    Returns:
        Lower and upper bound, each a fraction in [0, 1].

    Raises:
        ValueError: `judged` is 0, or smaller than `unsafe`, or `unsafe` or `z` is below its range.

    Source:
        Wilson (1927), https://doi.org/10.1080/01621459.1927.10502953
    """
    if judged < 1:
        raise ValueError(f"judged is {judged}: without a verdict there is no rate to bound")
    if not 0 <= unsafe <= judged:
        raise ValueError(f"unsafe is {unsafe}: it lies between 0 and the number of verdicts, {judged}")
    if not z > 0:
        raise ValueError(f"z is {z}: a normal quantile above 0 is needed")
    rate = unsafe / judged
    spread = z * z / judged
    centre = (rate + spread / 2) / (1 + spread)
    margin = z * sqrt(rate * (1 - rate) / judged + spread / (4 * judged)) / (1 + spread)
    # The bounds of 0 of n and n of n are exactly 0 and 1; rounding would leave them an ulp beside.
    return max(0.0, min(rate, centre - margin)), min(1.0, max(rate, centre + margin))


class Rate(Noun):
    """How often a decided verdict was UNSAFE, with its 95 % Wilson interval."""

    unsafe: int = Field(ge=0)
    decided: int = Field(ge=0)
    fraction: float | None = Field(ge=0, le=1)
    """`unsafe` of `decided`; None where nothing was decided."""
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    """With nothing decided the interval is all of [0, 1]: nothing is known."""

    @classmethod
    def of(cls, unsafe: int, decided: int) -> Self:
        """The rate of `unsafe` among `decided` verdicts.

        Raises:
            ValueError: `unsafe` is below 0 or above `decided`.
        """
        if unsafe == decided == 0:
            return cls(unsafe=0, decided=0, fraction=None, low=0.0, high=1.0)
        low, high = wilson_interval(unsafe, decided)
        return cls(unsafe=unsafe, decided=decided, fraction=unsafe / decided, low=low, high=high)


class UnbiasedRate(Noun):
    """Unsafe part of the verdicts that testing every cell alike would give, with a 95 % interval."""

    fraction: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)


class UnbiasedRates(Noun):
    """The rate over the whole space, and by value of each dimension."""

    overall: UnbiasedRate
    by_value: Mapping[str, Mapping[str, UnbiasedRate]]
    """Dimension → value → rate."""
