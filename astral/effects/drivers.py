"""Which values and interactions drive hits: found one by one, and named only where chance and their parts do not do.

Each candidate is tested by an e-value: how much better the results of the tests that have it are foretold where its
log-odds are raised, by an amount left open, than where they are not. Where nothing is raised, an e-value is a bet whose
stake stays 1 on average however the next test is chosen and whenever the tests end, so a search that tests where it
finds much makes none larger; and Benjamini and Hochberg's procedure on them bounds the expected part of false ones
among all that are named, however they depend on each other. What else drives hits is taken as fitted, not as known.

Source:
    Wang, Ramdas (2022), False discovery rate control with e-values, https://doi.org/10.1111/rssb.12489
    Ramdas, Grünwald, Vovk, Shafer (2023), Game-theoretic statistics and safe anytime-valid inference,
    https://doi.org/10.1214/23-STS894
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp, inf, log, prod

import numpy as np
from numpy.typing import NDArray

from astral.effects.model import Floats, logistic
from astral.effects.regression import PRIOR_DEVIATION, Regression, fit_logistic

Values = tuple[tuple[int, int], ...]
"""Dimension and value of each part of an interaction, as positions."""

_Candidate = tuple[int, int]
"""A group of dimensions, and a combination of their values that was tested; both by their place."""

_RAISES = np.arange(0.5, 4.01, 0.5)
"""Log-odds by which a driver may raise a hit; an e-value bets on each of them alike."""

_SWEEPS = 10
_MOST = 50
"""Drivers; more would take long, and nobody would read them."""

_RIVAL = log(10)
"""What explains the same hits at most so much worse cannot be told from a driver."""

_PARTS_WIN = -1.0
"""Logarithm of the Bayes factor from which on an interaction makes room for its parts. Below an even chance, because
its parts, being several, would otherwise often be named in the place of what a search has dug out."""

_ENDLESS = 1000
"""Hits; nobody waits for more."""

_Z = 1.96
"""Normal quantile of 95 %."""


@dataclass(frozen=True)
class Driver:
    """A value or an interaction that raises the odds of a hit."""

    values: Values
    log_evidence: float
    """Natural logarithm of the e-value, after its share of what all candidates have to divide among them."""
    hits: float
    trials: float
    expected: float
    """Hits that the same tests would have had without it, the other drivers remaining."""
    log_odds: float
    """How much it raises the log-odds."""
    deviation: float
    """Standard deviation of that."""
    rivals: tuple[Values, ...]
    """What explains most of the same hits nearly as well, the best first."""

    @property
    def odds_ratio(self) -> tuple[float, float, float]:
        """By how much the odds of a hit are multiplied, and the 95 % interval of that."""
        margin = _Z * self.deviation
        return exp(self.log_odds), exp(self.log_odds - margin), exp(self.log_odds + margin)


@dataclass(frozen=True)
class Drivers:
    """What drives hits."""

    drivers: tuple[Driver, ...]
    """The strongest first, by the lower end of the interval."""
    rest: float
    """Rate of hits where no driver acts."""
    fewest: dict[int, int]
    """By number of values: the hits from which a first driver would be named, were all of its tests hits."""


def find_drivers(
    levels: Sequence[int],
    rows: NDArray[np.integer],
    hits: Floats,
    trials: Floats,
    *,
    order: int = 3,
    fdr: float = 0.05,
) -> Drivers:
    """Name what raises the odds of a hit.

    Args:
        levels: Number of values of each dimension.
        rows: Cells as positions of values, each once, of shape (cells, dimensions); at least one.
        hits: Trials of each cell that had the result.
        trials: All trials of each cell, at least 1.
        order: Values in the largest interactions that are looked at.
        fdr: Bound on the expected part of false ones among those named, in (0, 1).
    """
    return _Finder(levels, rows.astype(np.intp), hits, trials, order=order, fdr=fdr).found()


class _Finder:
    def __init__(
        self, levels: Sequence[int], rows: NDArray[np.intp], hits: Floats, trials: Floats, *, order: int, fdr: float
    ) -> None:
        self.rows, self.hits, self.trials = rows, hits, trials
        orders = range(1, min(order, len(levels)) + 1)
        self.groups = [group for size in orders for group in combinations(range(len(levels)), size)]
        # Orders share the error alike, and candidates of an order their part of it; else the many triples would take
        # the few values' chance to be seen. Also what was never tested has its share.
        self.shares = {
            size: -log(len(orders) * sum(prod(levels[d] for d in group) for group in self.groups if len(group) == size))
            for size in orders
        }
        self.known: list[NDArray[np.intp]] = []
        """By group: the combinations that were tested."""
        self.places: list[NDArray[np.intp]] = []
        """By group: which of them each cell has."""
        for group in self.groups:
            known, place = np.unique(rows[:, list(group)], axis=0, return_inverse=True)
            self.known.append(known)
            self.places.append(place.reshape(-1))
        self.bar = log(1 / fdr)
        self.least = self.bar - log(_MOST)
        """Evidence for a candidate that would be named if all others were."""

    def found(self) -> Drivers:
        chosen = self._beyond_their_parts()
        fit = self._fit(chosen)
        drivers = [self._driver(chosen, place, fit) for place in range(len(chosen))]
        drivers.sort(key=lambda driver: (-driver.odds_ratio[1], driver.values))
        rest = float(logistic(np.array(fit.intercept)))
        fewest = {size: _fewest_hits(rest, self.bar - share) for size, share in self.shares.items()}
        return Drivers(drivers=tuple(drivers), rest=rest, fewest=fewest)

    def _beyond_their_parts(self) -> list[_Candidate]:
        """What is to be named; an interaction that its parts explain as well makes room for these."""
        banned: set[_Candidate] = set()
        while True:
            named = self._named(self._chosen(banned))
            odds = {candidate: self._odds_against_parts(named, candidate) for candidate in named}
            weakest = min(named, key=lambda candidate: odds[candidate], default=None)
            if weakest is None or odds[weakest] > _PARTS_WIN:
                return named
            banned.add(weakest)

    def _chosen(self, banned: Iterable[_Candidate]) -> list[_Candidate]:
        """The candidates that explain most: added one by one, then each in turn put up against all others."""
        chosen: list[_Candidate] = []
        for _ in range(_SWEEPS):
            before = list(chosen)
            while len(chosen) < _MOST:
                best, evidence = _best(self._evidence(chosen), [*chosen, *banned])
                if evidence < self.least:
                    break
                chosen.append(best)
            for candidate in tuple(chosen):
                others = [other for other in chosen if other != candidate]
                evidence_of = self._evidence(others)
                best, evidence = _best(evidence_of, [*others, *banned])
                if evidence < self.least:
                    chosen = others
                elif evidence > _of(evidence_of, candidate):
                    chosen = [*others, best]
            if set(chosen) == set(before):
                break
        return chosen

    def _named(self, chosen: Sequence[_Candidate]) -> list[_Candidate]:
        """Those that stay when false discoveries are bounded, in the order of their groups."""
        alone = {
            candidate: _of(self._evidence([other for other in chosen if other != candidate]), candidate)
            for candidate in chosen
        }
        surest = sorted(chosen, key=lambda candidate: -alone[candidate])
        count = max(
            (n for n, candidate in enumerate(surest, start=1) if alone[candidate] >= self.bar - log(n)), default=0
        )
        return sorted(surest[:count])

    def _odds_against_parts(self, named: Sequence[_Candidate], candidate: _Candidate) -> float:
        """Logarithm of the Bayes factor of an effect of its own against effects of its parts alone; 0 of a value."""
        values = self._values(candidate)
        if len(values) == 1:
            return 0.0
        others = [other for other in named if other != candidate]
        known = {self._values(other) for other in others}
        parts = [part for size in range(1, len(values)) for part in combinations(values, size) if part not in known]
        columns = [*map(self._column, others), *map(self._inside, parts)]
        without = fit_logistic(columns, self.hits, self.trials)
        own = fit_logistic([*columns, self._column(candidate)], self.hits, self.trials)
        # Laplace's approximation: the likelihoods, and how much of the prior the effect leaves over.
        return own.log_likelihood - without.log_likelihood + log(own.deviations[-1] / PRIOR_DEVIATION)

    def _evidence(self, chosen: Sequence[_Candidate]) -> list[Floats]:
        """By group, each candidate's share of the error times its e-value, where the chosen ones act; logarithms."""
        rates = self._fit(chosen).rates
        gains = [self.trials * np.log1p(rates * np.expm1(raised)) for raised in _RAISES]
        found: list[Floats] = []
        for group, place, known in zip(self.groups, self.places, self.known, strict=True):
            hits = np.bincount(place, self.hits, minlength=len(known))
            bets = np.stack(
                [
                    raised * hits - np.bincount(place, gain, minlength=len(known))
                    for raised, gain in zip(_RAISES, gains, strict=True)
                ]
            )
            found.append(self.shares[len(group)] + _log_mean(bets))
        return found

    def _fit(self, chosen: Sequence[_Candidate]) -> Regression:
        """The model in which the chosen ones have effects."""
        return fit_logistic(list(map(self._column, chosen)), self.hits, self.trials)

    def _driver(self, chosen: Sequence[_Candidate], at: int, fit: Regression) -> Driver:
        """One of those that are named, with what is to be told of it."""
        candidate = chosen[at]
        inside = self._column(candidate)
        log_odds = float(fit.effects[at])
        rates = fit.rates[inside]
        without = logistic(np.log(rates / (1 - rates)) - log_odds)
        evidence_of = self._evidence([other for other in chosen if other != candidate])
        return Driver(
            values=self._values(candidate),
            log_evidence=_of(evidence_of, candidate),
            hits=float(self.hits[inside].sum()),
            trials=float(self.trials[inside].sum()),
            expected=float((self.trials[inside] * without).sum()),
            log_odds=log_odds,
            deviation=float(fit.deviations[at]),
            rivals=self._rivals(chosen, candidate, evidence_of),
        )

    def _rivals(
        self, chosen: Sequence[_Candidate], candidate: _Candidate, evidence_of: Sequence[Floats]
    ) -> tuple[Values, ...]:
        inside = self._column(candidate)
        least = _of(evidence_of, candidate) - _RIVAL
        near: dict[_Candidate, float] = {}
        for group, (some, place) in enumerate(zip(evidence_of, self.places, strict=True)):
            shared = np.bincount(place[inside], self.hits[inside], minlength=len(some))
            places = np.flatnonzero((some >= least) & (shared > self.hits[inside].sum() / 2))
            near |= {(group, int(other)): float(some[other]) for other in places}
        best = sorted(near.keys() - set(chosen), key=lambda other: (-near[other], self._values(other)))
        return tuple(map(self._values, best))

    def _values(self, candidate: _Candidate) -> Values:
        group, place = candidate
        return tuple((d, int(value)) for d, value in zip(self.groups[group], self.known[group][place], strict=True))

    def _column(self, candidate: _Candidate) -> NDArray[np.bool_]:
        return self.places[candidate[0]] == candidate[1]

    def _inside(self, values: Values) -> NDArray[np.bool_]:
        return np.asarray(np.all([self.rows[:, d] == value for d, value in values], axis=0))


def _best(evidence: Sequence[Floats], taken: Iterable[_Candidate]) -> tuple[_Candidate, float]:
    """The candidate with most evidence that is not taken; of equal ones that with fewest values."""
    places = list(taken)
    best, most = (0, 0), -inf
    for group, some in enumerate(evidence):
        free = some.copy()
        free[[place for other, place in places if other == group]] = -inf
        place = int(np.argmax(free))
        if free[place] > most:
            best, most = (group, place), float(free[place])
    return best, most


def _of(evidence: Sequence[Floats], candidate: _Candidate) -> float:
    group, place = candidate
    return float(evidence[group][place])


def _log_mean(logs: Floats) -> Floats:
    """Logarithm of the mean of what the logarithms along the first axis stand for."""
    most = logs.max(axis=0)
    return np.asarray(most + np.log(np.exp(logs - most).mean(axis=0)))


def _fewest_hits(rate: float, needed: float) -> int:
    """Hits in as many tests that give so much evidence, where the rate is otherwise this."""
    each = _RAISES - np.log1p(rate * np.expm1(_RAISES))
    count = 1
    while _log_mean((count * each)[:, None])[0] < needed and count < _ENDLESS:
        count += 1
    return count
