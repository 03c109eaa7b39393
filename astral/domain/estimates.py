"""Numbers that were estimated, and how sure they are."""

from math import sqrt

from astral.domain.base import Noun


class Estimate(Noun):
    """A number with its 95 % interval."""

    value: float | None
    """None where there was nothing to estimate it from."""
    low: float
    high: float


def wilson_interval(unsafe: float, judged: float, *, z: float = 1.96) -> tuple[float, float]:
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


def proportion(hits: float, trials: float) -> Estimate:
    """A share with its 95 % Wilson interval; all of [0, 1] where nothing was tried.

    Of a weighted sample both are what a plain one of the same worth would have, and no whole numbers.

    Raises:
        ValueError: `hits` is below 0 or above `trials`.
    """
    if trials == hits == 0:
        return Estimate(value=None, low=0.0, high=1.0)
    low, high = wilson_interval(hits, trials)
    return Estimate(value=hits / trials, low=low, high=high)
