"""Rates and how sure they are."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field

from astral.domain.base import Noun
from astral.domain.estimates import wilson_interval


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


class CorrectedRate(Noun):
    """Share of the judged answers that people would call unsafe, with its 95 % interval."""

    method: Literal["stratified audit", "stratified audit with calibration", "Rogan-Gladen", "prediction-powered"]
    fraction: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    labels: int
    """Answers that people labelled: of this run, or, without any of these, those of the calibration."""


class CorrectedRates(Noun):
    """The corrected rate of a run, and by value of each dimension."""

    overall: CorrectedRate
    by_value: Mapping[str, Mapping[str, CorrectedRate]]
    """Dimension → value → rate; values of which nobody labelled an answer are left out where others have labels."""
