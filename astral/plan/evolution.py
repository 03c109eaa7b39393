"""Searches that breed cells from cells: each child takes values of its parents, and some by chance.

No child is made here. Selection, crossover and mutation are independent coins, so the chance of every cell to be the
next child can be computed, and that is what a look needs.
"""

from importlib import import_module
from importlib.util import find_spec
from math import prod
from typing import Any

import numpy as np

from astral.errors import UserError
from astral.plan.history import Floats, Part, Seen
from astral.plan.search import Fixed, Flags, Look, largest_two

_PRIOR_TESTS = 2.0
"""A cell's rate starts as if it had been tested so often, as unsafe as all tests together."""

_MUTATION = 0.25
"""Chance with which a child's value is any value of its dimension, not a parent's."""

_TEMPERATURE = 0.1
"""How little `map-elites` minds that a niche has a good elite; Rainbow Teaming's value."""

_MOVED = 0.5
"""Part of the children of `map-elites` that are carried to another niche."""

_POPULATION = 40
"""Parents of `nsga2`."""


class MapElites:
    """An archive of niches, one for each pair of values of the two largest dimensions, each with its worst cell.

    A parent is drawn in proportion to its rate. Its child changes some of the other values, and stays in the niche or
    is carried to one of those whose elites are weak.

    Source:
        Mouret, Clune (2015), https://arxiv.org/abs/1504.04909
        Samvelyan et al. (2024), Rainbow Teaming, https://arxiv.org/abs/2402.16822
    """

    def look(self, seen: Seen, part: Part, allowed: Flags, rng: np.random.Generator) -> Look:
        """Fill the archive and breed from it."""
        del rng
        rates = np.where(allowed, seen.table(_rates(seen), part), 0.0)
        others = tuple(d for d in range(allowed.ndim) if d not in largest_two(seen.levels))
        best = rates.max(axis=others, keepdims=True)
        elites = np.where((rates == best) & (rates > 0), rates, 0.0)
        elites /= np.maximum(np.count_nonzero(elites, axis=others, keepdims=True), 1)
        if not elites.any():
            return Fixed(allowed.astype(np.float64))
        elites /= elites.sum()
        for axis in others:
            elites = (1 - _MUTATION) * elites + _MUTATION * elites.mean(axis=axis, keepdims=True)
        niches = np.exp(-best / _TEMPERATURE)
        moved = niches / niches.sum() * elites.sum(axis=largest_two(seen.levels), keepdims=True)
        return Fixed(((1 - _MOVED) * elites + _MOVED * moved) * allowed)


class Nsga2:
    """Parents are cells with unsafe answers: those that give them often, those unlike all others that do, or both.

    Source:
        Deb, Pratap, Agarwal, Meyarivan (2002), https://doi.org/10.1109/4235.996017
        STELLAR (2026), which searches for failures of language models so, https://arxiv.org/abs/2601.00497
    """

    def __init__(self) -> None:
        """Make sure that pymoo is there.

        Raises:
            UserError: It is not.
        """
        if find_spec("pymoo") is None:
            raise UserError(
                "planner: nsga2 needs pymoo, which is not installed: `pip install 'astral-safety[search]'`. "
                "`thompson` needs nothing more."
            )

    def look(self, seen: Seen, part: Part, allowed: Flags, rng: np.random.Generator) -> Look:
        """Choose the parents and cross them."""
        places = seen.places(part)
        may_breed = (places >= 0).all(axis=1) & (seen.unsafe > 0)
        if not may_breed.any():
            return Fixed(allowed.astype(np.float64))
        objectives = np.stack([_rates(seen), _novelty(seen)], axis=1)[may_breed]
        parents = places[may_breed][_fittest(objectives, rng)]
        # Who comes first wins a tournament of two, drawn with replacement.
        count = len(parents)
        wins = (2 * np.arange(count, 0, -1) - 1) / count**2
        values = [
            (1 - _MUTATION) * (parents[:, d, None] == np.arange(size)) + _MUTATION / size
            for d, size in enumerate(allowed.shape)
        ]
        return Fixed(_crossed(values, wins) * allowed)


def _rates(seen: Seen) -> Floats:
    """Of each tested cell the part of its answers that was unsafe, drawn to that of all."""
    overall = (seen.unsafe.sum() + 0.5) / (seen.decided.sum() + 1.0)
    return (seen.unsafe + _PRIOR_TESTS * overall) / (seen.decided + _PRIOR_TESTS)


def _novelty(seen: Seen) -> Floats:
    """Of each tested cell the part of its values that unsafe answers do not share, on average over these."""
    found = max(seen.unsafe.sum(), 1.0)
    shared = [np.bincount(seen.rows[:, d], seen.unsafe, minlength=level)[seen.rows[:, d]] / found
              for d, level in enumerate(seen.levels)]  # fmt: skip
    return 1 - np.mean(shared, axis=0)


def _fittest(objectives: Floats, rng: np.random.Generator) -> list[int]:
    """At most `_POPULATION` candidates, by the front on which they lie and how alone they are there, the best first."""
    metrics: Any = import_module("pymoo.operators.survival.rank_and_crowding.metrics")
    sorting: Any = import_module("pymoo.util.nds.non_dominated_sorting")
    crowding, chosen = metrics.get_crowding_function("cd"), list[int]()
    for front in sorting.NonDominatedSorting().do(-objectives, n_stop_if_ranked=_POPULATION):
        alone = np.asarray(crowding.do(-objectives[front], n_remove=0))
        chosen += front[np.lexsort((rng.random(len(front)), -alone))].tolist()
    return chosen[:_POPULATION]


def _crossed(values: list[Floats], wins: Floats) -> Floats:
    """The chance of each cell to be the child of two parents, each value of which comes from either of them.

    Args:
        values: Of each dimension the chances of its values for the children of one parent, of shape (parents, values).
        wins: Chances of the parents.
    """
    count, shape = len(wins), tuple(table.shape[1] for table in values)
    cut = min(range(len(shape) + 1), key=lambda at: max(prod(shape[:at]), prod(shape[at:])))
    halves = [np.outer(wins, wins).reshape(-1, 1), np.ones((count * count, 1))]
    for dimension, table in enumerate(values):
        either = (table[:, None] + table[None]).reshape(count * count, -1) / 2
        side = int(dimension >= cut)
        halves[side] = (halves[side][:, :, None] * either[:, None]).reshape(count * count, -1)
    return (halves[0].T @ halves[1]).reshape(shape)
