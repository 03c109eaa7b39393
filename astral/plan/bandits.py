"""Searches that weigh what is likely to be found against what is unknown."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astral.effects.model import Effects, Real, fit_effects, logistic
from astral.plan.filling import Filling
from astral.plan.history import Floats, Part, Row, Seen
from astral.plan.search import Fixed, Flags, Look, Mixed, largest_two

_FILLING_SHARE = 0.4
"""Part of the draws of `thompson` and `ucb` that fill the space, instead of following what was found."""

_SAMPLES = 64
"""Draws from the posterior, each of which votes for one cell."""

_BOLDNESS = 0.5
"""Part of the effects' deviations that is sampled: taken one by one, effects are less sure than their sums are."""

_SATURATION = 0.35
"""Power with which finds in a cell lower the worth of another one: between 0, which digs one hole, and 1."""

_NEVER = -1.0
"""Worth of a cell that must not be tested: less than nothing."""

_SHORTLIST = 16
"""Cells among which `ucb` divides its draws."""

_CAUTION = 2.0
"""Standard deviations that `ucb` adds."""


@dataclass(frozen=True)
class Outlook:
    """What both model-based searches believe of the cells of a part."""

    effects: Effects
    floor: float
    """Rate of a cell in which nothing has an effect: mostly the errors of the judge."""
    completion: Floats
    """Chance that a test does not fail."""
    found: Floats
    """Unsafe answers so far, less those that the judge's errors explain."""
    expected: Floats
    """Unsafe answers to expect of a test, beyond the judge's errors."""

    @classmethod
    def of(cls, seen: Seen, part: Part) -> "Outlook":
        """Fit the model."""
        effects = fit_effects(seen.levels, seen.rows, seen.unsafe, seen.decided)
        lost = fit_effects(seen.levels, seen.rows, seen.lost, seen.finished, order=1)
        floor = float(logistic(np.array(effects.intercept)))
        rates, completion = effects.rates(part), 1 - lost.rates(part)
        return cls(
            effects=effects,
            floor=floor,
            completion=completion,
            found=seen.table(seen.unsafe, part) * np.maximum(0.0, 1 - floor / rates),
            expected=np.maximum(rates - floor, 0.0) * completion,
        )

    def worth(self, rates: NDArray[Real]) -> NDArray[Real]:
        """Unsafe answers to expect beyond the judge's errors, were these the rates."""
        return np.maximum(rates - rates.dtype.type(self.floor), 0) * self.completion.astype(rates.dtype)

    def filling(self, look: Look, seen: Seen, part: Part, allowed: Flags) -> Look:
        """The look, with a share of draws that fill the space."""
        return Mixed(look, Filling(seen, part, allowed, self.completion), share=_FILLING_SHARE)


class _Saturation:
    """How much another find in each cell is worth: the more were found there, or are to be expected, the less."""

    def __init__(self, outlook: Outlook) -> None:
        self._found, self._expected = 1 + outlook.found.reshape(-1), outlook.expected.reshape(-1)
        self.shape = outlook.found.shape
        self.novelty = self._found**-_SATURATION

    def note(self, place: Row) -> int:
        """Count a test that is under way; the cell's number is returned."""
        cell = int(np.ravel_multi_index(place, self.shape))
        self._found[cell] += self._expected[cell]
        self.novelty[cell] = self._found[cell] ** -_SATURATION
        return cell


class _Votes:
    """Samples of what each cell is worth; each votes for the best cell."""

    def __init__(self, worth: NDArray[np.float32], saturation: _Saturation) -> None:
        self._worth, self._saturation = worth, saturation
        self._value = self._worth * saturation.novelty.astype(np.float32)
        self._votes = np.argmax(self._value, axis=1)

    def chances(self) -> Floats:
        """Votes, divided by their number."""
        shape = self._saturation.shape
        return np.bincount(self._votes, minlength=self._value.shape[1]).reshape(shape) / len(self._votes)

    def note(self, place: Row) -> None:
        """A cell is worth less, so that those who voted for it vote again."""
        cell = self._saturation.note(place)
        self._value[:, cell] = self._worth[:, cell] * np.float32(self._saturation.novelty[cell])
        for sample in np.flatnonzero(self._votes == cell):
            self._votes[sample] = np.argmax(self._value[sample])


class Thompson:
    """Samples from the posterior; each votes for the cell with most to find, so the votes are the chances.

    Source:
        Russo, Van Roy, Kazerouni, Osband, Wen (2018), A tutorial on Thompson sampling,
        https://doi.org/10.1561/2200000070
    """

    def look(self, seen: Seen, part: Part, allowed: Flags, rng: np.random.Generator) -> Look:
        """Draw the samples."""
        outlook = Outlook.of(seen, part)
        worth = outlook.worth(logistic(outlook.effects.samples(_SAMPLES, rng, part, boldness=_BOLDNESS)))
        worth[:, ~allowed] = _NEVER
        return outlook.filling(_Votes(worth.reshape(_SAMPLES, -1), _Saturation(outlook)), seen, part, allowed)


class _Shortlist:
    """The cells of most worth share the draws."""

    def __init__(self, worth: Floats, saturation: _Saturation, *, size: int) -> None:
        self._worth, self._saturation, self._size = worth.reshape(-1), saturation, size

    def chances(self) -> Floats:
        """The same for each cell on the list, 0 for all others."""
        value = self._worth * self._saturation.novelty
        share = np.zeros(value.size)
        share[np.argpartition(value, -self._size)[-self._size :]] = 1 / self._size
        return share.reshape(self._saturation.shape)

    def note(self, place: Row) -> None:
        """A cell is worth less."""
        self._saturation.note(place)


class Ucb:
    """The cells that may be worst, were each as bad as it can reasonably be, share the draws.

    Source:
        Auer, Cesa-Bianchi, Fischer (2002), https://doi.org/10.1023/A:1013689704352
    """

    def look(self, seen: Seen, part: Part, allowed: Flags, rng: np.random.Generator) -> Look:
        """Add the caution to what is believed."""
        outlook = Outlook.of(seen, part)
        variance = outlook.effects.spread([some**2 for some in outlook.effects.deviations], part)
        bound = logistic(outlook.effects.log_odds(part) + _CAUTION * _BOLDNESS * np.sqrt(variance))
        # Cells of which nothing is known are alike; else the first of them would always be preferred.
        worth = np.where(allowed, outlook.worth(bound), _NEVER) * (1 + 1e-6 * rng.random(bound.shape))
        size = min(_SHORTLIST, int(np.count_nonzero(allowed)))
        return outlook.filling(_Shortlist(worth, _Saturation(outlook), size=size), seen, part, allowed)


class Exp3:
    """Exponential weights over the pairs of values of the two largest dimensions; no regret, whatever the target does.

    Within a pair all cells are alike, so that the chance of the pair follows from that of a recorded draw.

    Source:
        Auer, Cesa-Bianchi, Freund, Schapire (2002), https://doi.org/10.1137/S0097539701398375
    """

    def look(self, seen: Seen, part: Part, allowed: Flags, rng: np.random.Generator) -> Look:
        """Weigh the pairs by what they gave, each find divided by its chance."""
        del rng
        others = tuple(d for d in range(allowed.ndim) if d not in largest_two(seen.levels))
        cells = np.count_nonzero(allowed, axis=others, keepdims=True)
        gains = (seen.table(seen.gains, part) * allowed).sum(axis=others, keepdims=True) / np.maximum(cells, 1)
        arms = max(2, np.count_nonzero(cells))
        rate = np.sqrt(np.log(arms) / (arms * max(1, seen.tests)))
        log_weights = np.where(cells > 0, rate * gains, -np.inf)
        weights = np.exp(log_weights - log_weights.max()) / np.maximum(cells, 1)
        return Fixed(weights * allowed)


class Uniform:
    """Every cell alike: what all other searches are measured by."""

    def look(self, seen: Seen, part: Part, allowed: Flags, rng: np.random.Generator) -> Look:
        """The chances never change."""
        del seen, part, rng
        return Fixed(allowed.astype(np.float64))
