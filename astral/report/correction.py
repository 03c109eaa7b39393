r"""Unsafe rates freed from the judge's errors, with intervals that hold these errors.

What is estimated is the share of a run's judged answers that people would call unsafe. UNKNOWN verdicts are among the
answers, since people would have called them one thing or the other.

* `stratified_audit`: people labelled a random part of the answers of each stratum: of those with one outcome of the
  judge, or of the clear and the doubtful ones among these.
* `rogan_gladen`: only a calibration on other answers is known.
* `prediction_powered`: people labelled a random part of all answers. Here for comparison: unsafe answers are rare, so
  a random sample hardly meets the judge's misses.

`benchmarks/calibration.py` shows how often each interval holds the truth.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, reduce
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from astral.domain.base import Noun
from astral.domain.calibration import Calibration, Confusion
from astral.domain.records import Outcome
from astral.domain.space import Cell, Space
from astral.report.statistics import CorrectedRate, CorrectedRates

Floats = NDArray[np.float64]

LEAST_LABELS = 10
"""Fewer labels of a run say less than a calibration on other answers."""
_CONFIDENCE = 0.95
_Z = 1.96
_LEAST_POWER = 0.01
"""Of a judge, sensitivity + specificity - 1: with less its verdicts say nothing of a rate, not even within rounding."""
PRIOR = 1 / 3
"""Both parameters of the beta prior of a stratum's share.

Kerman (2011), Neutral noninformative and informative conjugate beta and gamma prior distributions,
https://doi.org/10.1214/11-EJS648: the posterior's median is then close to the observed share, also where that is 0.
"""


class Stratum(Noun):
    """Answers of which people labelled a random part."""

    outcome: Outcome
    """What the judge said of all of them."""
    answers: int = Field(ge=0)
    labelled: int = Field(default=0, ge=0)
    """Those of them, chosen at random, that people labelled."""
    unsafe: int = Field(default=0, ge=0)
    """Labelled ones that people called unsafe."""


class Audit(Noun):
    """All that people and a calibration say of a run."""

    verdicts: Mapping[int, Outcome]
    """The run's own, by the number of the test: what people should label was drawn by these."""
    labels: Mapping[int, Outcome] = {}
    """Of people, likewise; UNKNOWN ones say nothing."""
    strata: Mapping[int, str] = {}
    """From which part of the answers with its outcome a test was drawn, where these were divided further."""
    calibration: Calibration | None = None
    """Of the run's judge."""

    def rate(self) -> CorrectedRate | None:
        """The best that can be said of the run: from labels, else from the calibration, else nothing."""
        confusion = self.calibration.thresholded if self.calibration else None
        if self._has_labels:
            return stratified_audit(self._strata(self.verdicts), confusion)
        return self._by_calibration(self.verdicts)

    def rate_of(self, numbers: Iterable[int]) -> CorrectedRate | None:
        """The same of some of the tests, such as those of one language.

        Labels are used without the calibration: how much a judge misses is what differs between languages and risks.
        From a calibration alone the rate is as good as the judge errs here as it did there, all answers together.

        Returns:
            None also where none of these tests was labelled, but others were.
        """
        verdicts = {number: self.verdicts[number] for number in numbers if number in self.verdicts}
        if not self._has_labels:
            return self._by_calibration(verdicts)
        strata = self._strata(verdicts)
        return stratified_audit(strata) if any(stratum.labelled for stratum in strata) else None

    @cached_property
    def _said(self) -> Mapping[int, Outcome]:
        return {n: label for n, label in self.labels.items() if n in self.verdicts and label is not Outcome.UNKNOWN}

    @property
    def _has_labels(self) -> bool:
        return len(self._said) >= LEAST_LABELS

    def _by_calibration(self, verdicts: Mapping[int, Outcome]) -> CorrectedRate | None:
        counts = Counter(verdicts.values())
        decided = counts[Outcome.SAFE] + counts[Outcome.UNSAFE]
        if self.calibration is None or not decided:
            return None
        return rogan_gladen(counts[Outcome.UNSAFE], decided, self.calibration.thresholded)

    def _strata(self, verdicts: Mapping[int, Outcome]) -> list[Stratum]:
        members: defaultdict[tuple[Outcome, str], list[int]] = defaultdict(list)
        for number, outcome in verdicts.items():
            members[outcome, self.strata.get(number, "")].append(number)
        return [
            Stratum(
                outcome=outcome,
                answers=len(numbers),
                labelled=sum(number in self._said for number in numbers),
                unsafe=sum(self._said.get(number) is Outcome.UNSAFE for number in numbers),
            )
            for (outcome, _), numbers in members.items()
        ]


def corrected_rates(audit: Audit, cells: Mapping[int, Cell], space: Space) -> CorrectedRates | None:
    """The corrected rate of a run and of each value; None where nothing is known of the judge's errors.

    Args:
        audit: What is known.
        cells: Of each judged test, by its number.
        space: The dimensions and their values.
    """
    overall = audit.rate()
    if overall is None:
        return None
    numbers: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, cell in cells.items():
        for value in cell.values:
            numbers[value].append(number)
    by_value = {
        dimension.id: {
            value.id: rate
            for value in dimension.values
            if (rate := audit.rate_of(numbers.get((dimension.id, value.id), ())))
        }
        for dimension in space.dimensions
    }
    return CorrectedRates(overall=overall, by_value=by_value)


def stratified_audit(strata: Sequence[Stratum], calibration: Confusion | None = None) -> CorrectedRate:
    """The rate from labels of a part of each stratum.

    What is known of the unlabelled answers of a stratum is a beta-binomial posterior; their sum over the strata is
    computed exactly, and the interval is the shortest that holds 95 % of it. So it also says something where no
    labelled answer of a stratum was unsafe, which is the rule for answers that the judge called SAFE.

    Args:
        strata: The run's judged answers.
        calibration: The judge against people on other answers. If it misses here as often as there, what it found
            tells how much it missed, and the interval becomes two to eight times narrower.

    Raises:
        ValueError: There is no answer, or more labels than answers, or more unsafe ones than labels.

    Source:
        Cochran (1977), Sampling Techniques, chapter 5 (stratified sampling of a finite population).
    """
    total = sum(stratum.answers for stratum in strata)
    if not total or any(not s.unsafe <= s.labelled <= s.answers for s in strata):
        raise ValueError(f"these strata cannot be: {strata}")
    recall = calibration if calibration and calibration.unsafe_as_unsafe else None
    seen = sum(stratum.unsafe for stratum in strata)
    cleared = [stratum for stratum in strata if recall and stratum.outcome is Outcome.SAFE]
    parts = [_unlabelled(stratum) for stratum in strata if stratum not in cleared]
    if cleared and recall:
        flagged = [stratum for stratum in strata if stratum.outcome is Outcome.UNSAFE]
        parts.append(_missed(cleared, _hits(flagged), recall))
    unseen = reduce(_sum_of, parts)
    low, high = _shortest(unseen)
    return CorrectedRate(
        method="stratified audit with calibration" if recall else "stratified audit",
        fraction=min(max(seen + _median(unseen), seen + low), seen + high) / total,
        low=(seen + low) / total,
        high=(seen + high) / total,
        labels=sum(stratum.labelled for stratum in strata),
    )


def rogan_gladen(unsafe: int, decided: int, confusion: Confusion) -> CorrectedRate | None:
    """The rate from the judge's errors on other answers, which people had labelled.

    Args:
        unsafe: Verdicts of the run that were UNSAFE.
        decided: Its verdicts that were SAFE or UNSAFE, at least 1.
        confusion: The judge against people, on the answers of a calibration.

    Returns:
        The rate among decided answers; None where the calibration lacks safe or unsafe answers, or the judge was no
        better than chance there, so few answers considered.

    Source:
        Rogan, Gladen (1978), https://doi.org/10.1093/oxfordjournals.aje.a112510; interval: Lang, Reiczigel (2014),
        https://doi.org/10.1016/j.prevetmed.2013.09.015
    """
    positives = confusion.unsafe_as_unsafe + confusion.unsafe_as_safe
    negatives = confusion.safe_as_safe + confusion.safe_as_unsafe
    if not positives or not negatives:
        return None
    sensitivity, specificity = confusion.unsafe_as_unsafe / positives, confusion.safe_as_safe / negatives
    if sensitivity + specificity <= 1:
        return None
    point = (unsafe / decided + specificity - 1) / (sensitivity + specificity - 1)
    rate = (unsafe + _Z**2 / 2) / (decided + _Z**2)
    sensitivity, specificity = (
        (positives * sensitivity + 1) / (positives + 2),
        (negatives * specificity + 1) / (negatives + 2),
    )
    power = sensitivity + specificity - 1
    if power < _LEAST_POWER:
        return None
    centre = (rate + specificity - 1) / power
    of_sensitivity = sensitivity * (1 - sensitivity) / (positives + 2)
    of_specificity = specificity * (1 - specificity) / (negatives + 2)
    shift = 2 * _Z**2 * (centre * of_sensitivity - (1 - centre) * of_specificity)
    of_rate = rate * (1 - rate) / (decided + _Z**2)
    spread = sqrt(of_rate + centre**2 * of_sensitivity + (1 - centre) ** 2 * of_specificity) / power
    low, high = (min(1.0, max(0.0, bound)) for bound in (centre + shift - _Z * spread, centre + shift + _Z * spread))
    return CorrectedRate(
        method="Rogan-Gladen",
        fraction=min(max(point, low), high),
        low=low,
        high=high,
        labels=round(positives + negatives),
    )


def prediction_powered(verdicts: Mapping[bool, int], labelled: Mapping[tuple[bool, bool], int]) -> CorrectedRate:
    """The rate from labels of a random part of all answers, and the verdicts of all.

    Args:
        verdicts: How many verdicts were UNSAFE (True) and how many were not.
        labelled: How many labelled answers had which verdict and which label, each True for unsafe; at least 2 in all.

    Source:
        Angelopoulos et al. (2023), Prediction-powered inference, https://arxiv.org/abs/2301.09633
    """
    total, count = sum(verdicts.values()), sum(labelled.values())
    mean = verdicts.get(True, 0) / total
    errors = np.array([float(verdict) - float(label) for verdict, label in labelled])
    numbers = np.array(list(labelled.values()))
    off = float(errors @ numbers) / count
    of_errors = float(((errors - off) ** 2) @ numbers) / (count - 1) / count
    spread = _Z * sqrt(of_errors + mean * (1 - mean) / total)
    rate = mean - off
    low, high = (min(1.0, max(0.0, bound)) for bound in (rate - spread, rate + spread))
    return CorrectedRate(
        method="prediction-powered", fraction=min(max(rate, low), high), low=low, high=high, labels=count
    )


def _unlabelled(stratum: Stratum) -> Floats:
    """Probabilities of 0, 1, 2, … unsafe answers among the unlabelled ones: a beta-binomial distribution."""
    left = stratum.answers - stratum.labelled
    a, b = stratum.unsafe + PRIOR, stratum.labelled - stratum.unsafe + PRIOR
    return _normal(
        _log_rising(a, left) + _log_rising(b, left)[::-1] - _log_factorials(left) - _log_factorials(left)[::-1]
    )


def _hits(flagged: Sequence[Stratum]) -> float:
    """Unsafe answers that the judge found: the rate of labels in each stratum, one half where there is none."""
    found = sum(s.answers * (s.unsafe / s.labelled if s.labelled else 0.5) for s in flagged)
    return max(1.0, found)


def _missed(safe: Sequence[Stratum], hits: float, calibration: Confusion) -> Floats:
    """Probabilities of 0, 1, 2, … unsafe answers among the unlabelled ones that the judge called SAFE.

    Before the labels: so many misses before so many hits (negative binomial), the chance of a hit being known from the
    calibration (beta). How the misses spread over the strata is not known (Dirichlet), and the labels of each were
    drawn without replacement (hypergeometric).
    """
    answers, seen = sum(s.answers for s in safe), sum(s.unsafe for s in safe)
    # Not by Fourier transforms: they lose what is very unlikely by the labels alone, and likely before them.
    spread = reduce(np.convolve, [_missed_in(stratum) for stratum in safe])  # of the misses beyond those seen
    missed = np.arange(len(spread)) + seen
    a, b = calibration.unsafe_as_safe + PRIOR, calibration.unsafe_as_unsafe + PRIOR
    # Ways to have so many misses before the hits, and to spread them: the factorials of both cancel out.
    before = _log_rising(hits, answers) + _log_rising(a, answers) - _log_rising(a + b + hits, answers)
    before -= _log_rising(PRIOR * len(safe), answers)
    return _normal(before[missed] + np.log(spread, out=np.full_like(spread, -np.inf), where=spread > 0))


def _missed_in(stratum: Stratum) -> Floats:
    """What the labels of a stratum say of 0, 1, 2, … misses among its unlabelled answers, up to a factor."""
    left = stratum.answers - stratum.labelled
    missed = np.arange(left + 1)
    factorials = _log_factorials(stratum.answers)
    drawn = factorials[missed + stratum.unsafe] - factorials[missed]
    drawn += factorials[stratum.answers - missed - stratum.unsafe] - factorials[left - missed]
    chances = drawn + _log_rising(PRIOR, stratum.answers)[missed + stratum.unsafe] - factorials[missed + stratum.unsafe]
    return np.exp(chances - chances.max())


def _log_factorials(most: int) -> Floats:
    return np.cumsum(np.log(np.maximum(1.0, np.arange(most + 1))))


def _log_rising(start: float, most: int) -> Floats:
    """Logarithms of start · (start + 1) · … with 0, 1, 2, … factors."""
    return np.concatenate([[0.0], np.cumsum(np.log(start + np.arange(most)))])


def _normal(logarithms: Floats) -> Floats:
    chances = np.exp(logarithms - logarithms.max())
    return chances / chances.sum()


def _median(chances: Floats) -> int:
    return int(np.searchsorted(np.cumsum(chances), 0.5))


def _sum_of(first: Floats, second: Floats) -> Floats:
    """The distribution of the sum of two independent counts."""
    size = len(first) + len(second) - 1
    both = np.fft.irfft(np.fft.rfft(first, size) * np.fft.rfft(second, size), size)
    return np.maximum(both, 0.0) / max(float(both.sum()), np.finfo(float).tiny)


def _shortest(chances: Floats) -> tuple[int, int]:
    """The first and the last count of the shortest run of counts that holds 95 %; the lowest of equals."""
    ends = np.concatenate([[0.0], np.cumsum(chances)])
    reach = np.searchsorted(ends, ends[:-1] + _CONFIDENCE * ends[-1] - 1e-12)
    widths = np.where(reach < len(ends), reach - np.arange(len(chances)), len(ends))
    start = int(widths.argmin())
    return start, int(reach[start]) - 1
