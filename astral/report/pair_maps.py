"""Results by pairs of values: where two dimensions meet, for every two dimensions of a space."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from heapq import nsmallest
from itertools import combinations
from math import ceil

from astral.domain.records import Result
from astral.domain.run import Ended
from astral.domain.space import Cell, Interaction
from astral.report.statistics import Rate
from astral.report.summary import Counts, CoverageFacts, Summary

WORST_PAIRS = 10
_HUES = 4
_SOME, _MANY = 2, 5


class Standing(StrEnum):
    """How a pair of values stands with the criterion."""

    MET = "met"
    OPEN = "open"
    GIVEN_UP = "given up"
    EXCLUDED = "excluded"
    NOT_ASKED = "not asked for"
    """The criterion does not name this pair by itself, or it cannot be told whether an exclusion rules it out."""


@dataclass(frozen=True)
class Field:
    """What is known of one pair of values."""

    pair: Interaction
    counts: Counts
    standing: Standing


@dataclass(frozen=True)
class PairMap:
    """The pairs of values of two dimensions."""

    rows: str
    columns: str
    fields: tuple[Field, ...]
    """Of the pairs that were tested, given up or excluded."""
    rest: Standing
    """How all other pairs stand."""


def pair_maps(summary: Summary, tests: Iterable[Ended]) -> list[PairMap]:
    """The map of every two dimensions, in the order of the space.

    Args:
        summary: The run's numbers.
        tests: The tests that were summarised; controls and benign twins are in no map.
    """
    dimensions = [part.dimension for part in summary.by_dimension]
    asked = set(summary.coverage.criterion.dimension_groups(dimensions))
    lost = _lost(summary.coverage)
    by_cell: defaultdict[Cell, Counter[Result]] = defaultdict(Counter)
    for test in tests:
        if test.draw.control is None and test.result is not None:
            by_cell[test.draw.cell][test.result] += 1
    # Cells are added up, of which there are fewer than tests in a long run.
    results: defaultdict[Interaction, Counter[Result]] = defaultdict(Counter)
    for cell, found in by_cell.items():
        for pair in cell.interactions(2):
            results[pair].update(found)
    by_dimensions: defaultdict[tuple[str, ...], list[Field]] = defaultdict(list)
    for pair in {**results, **lost}:
        names = tuple(dimension for dimension, _ in pair)
        counts = Counts.of(results[pair])
        is_met = counts.safe + counts.unsafe + counts.unknown >= summary.coverage.criterion.repeats
        standing = Standing.MET if is_met else lost.get(pair, _rest(summary.coverage))
        by_dimensions[names].append(Field(pair, counts, standing if names in asked else Standing.NOT_ASKED))
    return [
        PairMap(
            rows=names[0],
            columns=names[1],
            fields=tuple(by_dimensions[names]),
            rest=_rest(summary.coverage) if names in asked else Standing.NOT_ASKED,
        )
        for names in combinations(dimensions, 2)
    ]


def worst_pairs(maps: Iterable[PairMap]) -> list[Field]:
    """The pairs with unsafe answers whose rate is surely high, the worst first."""
    unsafe = (field for each in maps for field in each.fields if field.counts.unsafe)
    return nsmallest(WORST_PAIRS, unsafe, key=lambda field: (-field.counts.rate.low, field.pair))


def heat_class(rate: Rate) -> str:
    """Names of the page's colours for a rate: hue for how high it is, strength for how much it rests on."""
    if rate.fraction is None:
        return "undecided"
    evidence = 1 + (rate.decided >= _SOME) + (rate.decided >= _MANY)
    return f"heat{ceil(rate.fraction * _HUES)} evidence{evidence}"


def _lost(coverage: CoverageFacts) -> Mapping[Interaction, Standing]:
    """Pairs that will not be tested."""
    return {
        lost.interaction: standing
        for standing, interactions in (
            (Standing.EXCLUDED, coverage.infeasible_interactions),
            (Standing.GIVEN_UP, coverage.given_up_interactions),
        )
        for lost in interactions
        if _is_pair(lost.interaction)
    }


def _is_pair(interaction: Collection[object]) -> bool:
    return len(interaction) == 2  # noqa: PLR2004 - what a pair is


def _rest(coverage: CoverageFacts) -> Standing:
    is_known = coverage.infeasible == len(coverage.infeasible_interactions)
    return Standing.OPEN if is_known else Standing.NOT_ASKED
