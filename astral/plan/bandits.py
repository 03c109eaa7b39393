"""Searches that weigh what is likely to be found against what is unknown."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astral.effects.model import Effects, Real, fit_effects, logistic
from astral.plan.filling import Filling
from astral.plan.history import Floats, Part, Row, Seen
from astral.plan.search import Fixed, Flags, Look, largest_two

_FILLING_SHARE = 0.5
"""Part of the draws of `thompson` and `ucb` that fill the space, instead of following what was found."""

_SAMPLES = 32
"""Draws from the posterior, each of which votes for one cell."""

_BOLDNESS = 0.25
"""Part of the effects' deviations that is sampled. Taken one by one, effects are less sure than their sums are; and the
best of thousands of cells would nearly always be one whose sample was lucky. What is unknown has draws of its own."""

_SATURATION = 0.45
"""Power with which finds in a cell lower the worth of another one: between 0, which digs one hole, and 1."""

_FRESHNESS = 0.5
"""Part of a cell's worth that goes with what its combinations of values still lack in tests."""

_EXPECTED_TESTS = 4.0
"""Own tests of a cell that say as much of its failures as its values do."""

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
        rates, completion = effects.rates(part), _completion(seen, part, 1 - lost.rates(part))
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


def _completion(seen: Seen, part: Part, expected: Floats) -> Floats:
    """Of each cell the chance that a test does not fail: what its values make expect, and more and more its own tests.

    A cell may come to its end while others with the same values do not: of one that was tested often, a generator may
    have nothing more to say that was not said before.
    """
    finished, lost = seen.table(seen.finished, part), seen.table(seen.lost, part)
    own = (_EXPECTED_TESTS * expected + finished - lost) / (_EXPECTED_TESTS + finished)
    # Sharper than the average of all its tests: those that failed are mostly the last ones.
    return expected * np.minimum(own / expected, 1.0) ** 3


class _Interest:
    """How much another find in each cell is worth, and the share of draws that fills the space.

    The more was found in a cell, or is to be expected of its tests under way, the less another find there is worth;
    and the more it is worth, the less the combinations in the cell were tested.
    """

    def __init__(self, outlook: Outlook, seen: Seen, part: Part, allowed: Flags) -> None:
        self.shape = allowed.shape
        self.filling = Filling(seen, part, allowed, outlook.completion)
        self._found, self._expected = 1 + outlook.found.reshape(-1), outlook.expected.reshape(-1)
        self._numbers = np.arange(allowed.size).reshape(allowed.shape)
        self.table = self._of(self._numbers.reshape(-1))

    def note(self, place: Row) -> NDArray[np.intp]:
        """Count a test that is under way; what is returned are the cells whose interest it changed, some twice."""
        self._found[self._numbers[place]] += self._expected[self._numbers[place]]
        cells = self.filling.note(place)
        self.table[cells] = self._of(cells)
        return cells

    def note_all(self, places: NDArray[np.intp]) -> None:
        """Count many at once."""
        cells = self._numbers[tuple(places.T)]
        np.add.at(self._found, cells, self._expected[cells])
        self.filling.note_all(places)
        self.table = self._of(self._numbers.reshape(-1))

    def _of(self, cells: NDArray[np.intp]) -> Floats:
        fresh = 1 - _FRESHNESS * (1 - self.filling.lack.reshape(-1)[cells])
        return fresh * self._found[cells] ** -_SATURATION

    def filled(self, chances: Floats) -> Floats:
        """The chances, with a share of draws that fill the space."""
        return (1 - _FILLING_SHARE) * chances.reshape(self.shape) + _FILLING_SHARE * self.filling.chances()


class _Votes:
    """Samples of what each cell is worth; each votes for the best cell."""

    def __init__(self, worth: NDArray[np.float32], interest: _Interest) -> None:
        """Let them vote; `worth` has one row a sample."""
        # A row a cell: what a test changes are some cells of all samples, which then lie side by side.
        self._worth, self._interest = np.ascontiguousarray(worth.T), interest
        self._vote()

    def _vote(self) -> None:
        self._value = self._worth * self._interest.table.astype(np.float32)[:, None]
        self._votes = np.argmax(self._value, axis=0)

    def chances(self) -> Floats:
        """Votes, divided by their number."""
        return self._interest.filled(np.bincount(self._votes, minlength=len(self._value)) / len(self._votes))

    def note(self, place: Row) -> None:
        """Some cells are worth less, so that those who voted for them vote again."""
        cells = self._interest.note(place)
        self._value[cells] = self._worth[cells] * self._interest.table[cells].astype(np.float32)[:, None]
        for sample in np.flatnonzero((self._votes[:, None] == cells).any(axis=1)):
            self._votes[sample] = np.argmax(self._value[:, sample])

    def note_all(self, places: NDArray[np.intp]) -> None:
        """All vote again."""
        self._interest.note_all(places)
        self._vote()


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
        return _Votes(worth.reshape(_SAMPLES, -1), _Interest(outlook, seen, part, allowed))


class _Shortlist:
    """The cells of most worth share the draws."""

    def __init__(self, worth: Floats, interest: _Interest, *, size: int) -> None:
        self._worth, self._interest, self._size = worth.reshape(-1), interest, size

    def chances(self) -> Floats:
        """The same for each cell on the list, 0 for all others."""
        value = self._worth * self._interest.table
        share = np.zeros(value.size)
        share[np.argpartition(value, -self._size)[-self._size :]] = 1 / self._size
        return self._interest.filled(share)

    def note(self, place: Row) -> None:
        """Some cells are worth less."""
        self._interest.note(place)

    def note_all(self, places: NDArray[np.intp]) -> None:
        """Some cells are worth less."""
        self._interest.note_all(places)


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
        return _Shortlist(worth, _Interest(outlook, seen, part, allowed), size=size)


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
