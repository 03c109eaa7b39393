"""Where to test next: ways of turning what was found so far into chances over cells.

Each way looks at a history and gives a function from the tests that are under way to chances, so that many tests can
be handed out before the first of them ends. Chances, not choices: a test's chance goes into the record, and rates can
be freed from the bias of the search.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from astral.effects.model import Effects, fit_effects, logistic
from astral.plan.history import Floats, History, table_of

Part = Sequence[NDArray[np.intp]]
"""Of each dimension the values among which is searched, as positions."""

Flags = NDArray[np.bool_]

Chances = Callable[[Floats], Floats]
"""Tests under way → chances, both over the cells of the part, one axis a dimension; the chances sum to 1."""

_SAMPLES = 64
"""Draws from the posterior, each of which votes for one cell."""

_BOLDNESS = 0.5
"""Part of the effects' deviations that is sampled: taken one by one, effects are less sure than their sums are."""

_NEVER = -1.0
"""Worth of a cell that must not be tested: less than nothing."""

_SHORTLIST = 16
"""Cells among which `ucb` divides its draws."""

_CAUTION = 2.0
"""Standard deviations that `ucb` adds."""


class Search(Protocol):
    """A way to search."""

    def look(
        self, levels: Sequence[int], history: History, part: Part, allowed: Flags, rng: np.random.Generator
    ) -> Chances:
        """Prepare the chances.

        Args:
            levels: Number of values of each dimension.
            history: What was found so far.
            part: Where to search.
            allowed: Which cells of the part may be tested; one axis a dimension.
            rng: The only source of randomness.
        """
        ...


@dataclass(frozen=True)
class Outlook:
    """What both model-based searches believe of the cells of a part."""

    effects: Effects
    floor: float
    """Rate of a cell in which nothing has an effect: mostly the errors of the judge."""
    rates: Floats
    """Chance that a decided answer is judged unsafe."""
    completion: Floats
    """Chance that a test does not fail."""
    found: Floats
    """Unsafe answers so far, less those that the judge's errors explain."""

    @classmethod
    def of(cls, levels: Sequence[int], history: History, part: Part) -> "Outlook":
        """Fit the model."""
        rows = history.rows(len(levels))
        effects = fit_effects(levels, rows, history.counts(history.unsafe), history.counts(history.decided))
        lost = fit_effects(
            levels, rows, history.counts(history.lost), history.counts(history.finished), order=1, sweeps=4
        )
        floor = float(logistic(np.array(effects.intercept)))
        rates = effects.rates(part)
        return cls(
            effects=effects,
            floor=floor,
            rates=rates,
            completion=1 - lost.rates(part),
            found=table_of(history.unsafe, part) * np.maximum(0.0, 1 - floor / rates),
        )

    def worth(self, rates: Floats) -> Floats:
        """Unsafe answers to expect beyond the judge's errors, were these the rates."""
        return np.maximum(rates - self.floor, 0.0) * self.completion

    def novelty(self, under_way: Floats) -> Floats:
        """What another find is worth in each cell: the more were found there, the less.

        The root stands between counting every find alike, which digs one hole, and counting cells alone.
        """
        return 1 / np.sqrt(1 + self.found + under_way * self.worth(self.rates))


class Uniform:
    """Every cell alike: what all other searches are measured by."""

    def look(
        self, levels: Sequence[int], history: History, part: Part, allowed: Flags, rng: np.random.Generator
    ) -> Chances:
        """The chances never change."""
        del levels, history, part, rng
        chances = allowed / np.count_nonzero(allowed)
        return lambda under_way: chances


class Thompson:
    """Samples from the posterior; each votes for the cell with most to find, so the votes are the chances.

    Source:
        Russo, Van Roy, Kazerouni, Osband, Wen (2018), A tutorial on Thompson sampling,
        https://doi.org/10.1561/2200000070
    """

    def look(
        self, levels: Sequence[int], history: History, part: Part, allowed: Flags, rng: np.random.Generator
    ) -> Chances:
        """Draw the samples; they serve until more is known."""
        outlook = Outlook.of(levels, history, part)
        sampled = logistic(outlook.effects.samples(_SAMPLES, rng, part, boldness=_BOLDNESS)).astype(np.float64)
        worth = np.where(allowed, outlook.worth(sampled), _NEVER).astype(np.float32).reshape(_SAMPLES, -1)

        def chances(under_way: Floats) -> Floats:
            novelty = outlook.novelty(under_way).astype(np.float32).reshape(-1)
            votes = np.argmax(worth * novelty, axis=1)
            return np.bincount(votes, minlength=under_way.size).reshape(under_way.shape) / _SAMPLES

        return chances


class Ucb:
    """The cells that may be worst, were each as bad as it can reasonably be, share the draws.

    Source:
        Auer, Cesa-Bianchi, Fischer (2002), https://doi.org/10.1023/A:1013689704352
    """

    def look(
        self, levels: Sequence[int], history: History, part: Part, allowed: Flags, rng: np.random.Generator
    ) -> Chances:
        """Add the caution to what is believed."""
        outlook = Outlook.of(levels, history, part)
        variance = outlook.effects.spread([some**2 for some in outlook.effects.deviations], part)
        bound = logistic(outlook.effects.log_odds(part) + _CAUTION * _BOLDNESS * np.sqrt(variance))
        worth = np.where(allowed, outlook.worth(bound), _NEVER)
        # Cells of which nothing is known are alike; else the first of them would always be preferred.
        worth = worth * (1 + 1e-6 * rng.random(worth.shape))

        def chances(under_way: Floats) -> Floats:
            value = (worth * outlook.novelty(under_way)).reshape(-1)
            best = np.argsort(value)[-min(_SHORTLIST, int(np.count_nonzero(allowed))) :]
            share = np.zeros(value.size)
            share[best] = 1 / len(best)
            return share.reshape(under_way.shape)

        return chances


class Exp3:
    """Exponential weights over the pairs of values of the two largest dimensions; no regret, whatever the target does.

    Within a pair all cells are alike, so that the chance of the pair follows from that of a recorded draw.

    Source:
        Auer, Cesa-Bianchi, Freund, Schapire (2002), https://doi.org/10.1137/S0097539701398375
    """

    def look(
        self, levels: Sequence[int], history: History, part: Part, allowed: Flags, rng: np.random.Generator
    ) -> Chances:
        """Weigh the pairs by what they gave, each find divided by its chance."""
        del rng
        shape = allowed.shape
        pair = sorted(sorted(range(len(levels)), key=lambda d: -levels[d])[:2])
        others = tuple(d for d in range(len(levels)) if d not in pair)
        cells = np.count_nonzero(allowed, axis=others, keepdims=True)
        gains = (table_of(history.gains, part) * allowed).sum(axis=others, keepdims=True) / np.maximum(cells, 1)
        arms = max(2, np.count_nonzero(cells))
        rate = np.sqrt(np.log(arms) / (arms * max(1, history.tests)))
        log_weights = np.where(cells > 0, rate * gains, -np.inf)
        weights = np.exp(log_weights - log_weights.max()) / np.maximum(cells, 1)
        chances = np.broadcast_to(weights, shape) * allowed
        chances = chances / chances.sum()
        return lambda under_way: chances


SEARCHES: Mapping[str, type[Search]] = {"uniform": Uniform, "thompson": Thompson, "ucb": Ucb, "exp3": Exp3}
"""By the names that they have in settings."""
