"""The record → what drives its unsafe answers, and the cells in which that can be seen again."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from astral.domain.base import Noun
from astral.domain.records import Result
from astral.domain.run import Ended, Manifest
from astral.domain.space import Cell, Interaction, Space
from astral.effects import Driver, Drivers, find_drivers
from astral.errors import UserError
from astral.report.words import percent, quantity

Floats = NDArray[np.float64]

FALSE_DISCOVERIES = 0.05
"""Expected part of the named drivers that are none, at most."""

LARGEST_ORDER = 3
"""Values of the largest interactions that are looked at."""

_ORDER_WORDS = {1: "a value", 2: "a pair", 3: "a triple"}


class NamedDriver(Noun):
    """A value, or an interaction beyond its parts, that raises the odds of an unsafe answer."""

    interaction: Interaction
    unsafe: int
    decided: int
    """Decided answers whose cell has it, and the unsafe ones among them."""
    expected: float
    """Unsafe answers that the same tests would have had without it, the other drivers remaining."""
    odds_ratio: float
    """By how much it multiplies the odds, the other drivers being equal."""
    low: float
    high: float
    """95 % interval of the odds ratio, not corrected for having been picked out of many."""
    evidence: float
    """Decimal logarithm of its e-value, shared with all that was looked at: above 1.3 it would be named alone."""
    rivals: tuple[Interaction, ...] = ()
    """Its parts, or what it is a part of, that explain the same tests nearly as well: the tests cannot tell which."""


class ShowingCell(Noun):
    """A cell whose unsafe answers show one driver or several."""

    cell: Cell
    shows: tuple[int, ...]
    """Drivers, by their rank from 1; none stands in two cells."""
    unsafe: int
    decided: int
    tests: tuple[int, ...]
    """Numbers of its unsafe tests."""
    cases: tuple[str, ...]
    """Ids of their test cases."""


class Explanation(Noun):
    """What drives the unsafe answers of a run."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    schema_id: Literal["astral-explanation-1"] = Field(default="astral-explanation-1", alias="schema")
    run_id: str
    unsafe: int
    decided: int
    """All decided answers; controls, blocked, failed and UNKNOWN tests count nowhere."""
    left_out: Mapping[str, int]
    """How many tests those are, by result; controls under their own name."""
    false_discoveries: float
    """Expected part of the named drivers that are none, at most."""
    explained: int
    """Unsafe answers whose cell has a driver."""
    rest: float
    """Rate of unsafe answers where no driver acts."""
    fewest: Mapping[int, int]
    """By number of values: unsafe answers from which a driver would be named, were all answers that have it unsafe."""
    drivers: tuple[NamedDriver, ...]
    """The strongest first, by the lower end of the interval."""
    cells: tuple[ShowingCell, ...]
    """Few cells that show every driver."""
    reading: str


def explain(manifest: Manifest, tests: Iterable[Ended]) -> Explanation:
    """What drives the unsafe answers of a run.

    Args:
        manifest: The run's manifest.
        tests: How its tests ended, with the ids of their cases; in any order, read once.

    Raises:
        UserError: No answer was decided.
    """
    decided: list[Ended] = []
    left_out: Counter[str] = Counter()
    for test in tests:
        if test.draw.control is not None:
            left_out["control"] += 1
        elif test.result in {Result.SAFE, Result.UNSAFE}:
            decided.append(test)
        else:
            left_out[test.result.value if test.result else "unfinished"] += 1
    if not decided:
        raise UserError(
            f"{manifest.run_id} has no answer that was decided as safe or unsafe, so there is nothing to explain. "
            f"`astral resume {manifest.run_id}` goes on with it."
        )
    unsafe = [test for test in decided if test.result is Result.UNSAFE]
    rows, hits, trials = _counted(manifest.space, decided)
    found = find_drivers(manifest.space.levels, rows, hits, trials, order=LARGEST_ORDER, fdr=FALSE_DISCOVERIES)
    drivers = tuple(_named(manifest.space, driver) for driver in found.drivers)
    explained = sum(any(_has(test.draw.cell, driver.interaction) for driver in drivers) for test in unsafe)
    return Explanation(
        run_id=manifest.run_id,
        unsafe=len(unsafe),
        decided=len(decided),
        left_out=dict(sorted(left_out.items())),
        false_discoveries=FALSE_DISCOVERIES,
        explained=explained,
        rest=found.rest,
        fewest=found.fewest,
        drivers=drivers,
        cells=_showing(decided, [driver.interaction for driver in drivers]),
        reading=_reading(len(unsafe), len(decided), explained, found),
    )


def smallest_cover(covers: Mapping[Cell, Collection[int]], order: Sequence[Cell]) -> dict[Cell, list[int]]:
    """Few cells that cover all that any of them covers: ever the one that adds most, of equal ones the first in order.

    Source:
        Chvátal (1979), A greedy heuristic for the set-covering problem, https://doi.org/10.1287/moor.4.3.233
    """
    left = set[int]().union(*covers.values())
    chosen: dict[Cell, list[int]] = {}
    while left:
        best = max(order, key=lambda cell: len(left.intersection(covers[cell])))
        chosen[best] = sorted(left.intersection(covers[best]))
        left.difference_update(chosen[best])
    return chosen


def _counted(space: Space, decided: Sequence[Ended]) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Cells as positions, each once, with their unsafe and all answers."""
    places = [
        (dimension.id, {value.id: place for place, value in enumerate(dimension.values)})
        for dimension in space.dimensions
    ]
    told = np.array([[known[test.draw.cell[name]] for name, known in places] for test in decided], dtype=np.intp)
    is_unsafe = np.array([test.result is Result.UNSAFE for test in decided], dtype=np.float64)
    rows, place = np.unique(told, axis=0, return_inverse=True)
    place = place.reshape(-1)
    return rows, np.bincount(place, is_unsafe).astype(np.float64), np.bincount(place).astype(np.float64)


def _named(space: Space, driver: Driver) -> NamedDriver:
    def interaction(values: Iterable[tuple[int, int]]) -> Interaction:
        parts = ((space.dimensions[d], value) for d, value in values)
        return tuple((dimension.id, dimension.values[value].id) for dimension, value in parts)

    ratio, low, high = driver.odds_ratio
    return NamedDriver(
        interaction=interaction(driver.values),
        unsafe=round(driver.hits),
        decided=round(driver.trials),
        expected=driver.expected,
        odds_ratio=ratio,
        low=low,
        high=high,
        evidence=driver.log_evidence / float(np.log(10)),
        rivals=tuple(map(interaction, driver.rivals)),
    )


def _showing(decided: Iterable[Ended], drivers: Sequence[Interaction]) -> tuple[ShowingCell, ...]:
    """The cells that show the drivers, the surest ones first taken."""
    by_cell: defaultdict[Cell, list[Ended]] = defaultdict(list)
    for test in decided:
        by_cell[test.draw.cell].append(test)
    unsafe = {
        cell: sorted((test for test in tests if test.result is Result.UNSAFE), key=lambda test: test.draw.number)
        for cell, tests in by_cell.items()
    }
    covers = {
        cell: [rank for rank, driver in enumerate(drivers, start=1) if _has(cell, driver)]
        for cell, tests in unsafe.items()
        if tests
    }
    # What was unsafe often, and seldom safe, shows more than a single answer, which may be the oracle's error.
    order = sorted(
        covers, key=lambda cell: (-len(unsafe[cell]), len(by_cell[cell]), [t.draw.number for t in unsafe[cell]])
    )
    return tuple(
        ShowingCell(
            cell=cell,
            shows=tuple(shows),
            unsafe=len(unsafe[cell]),
            decided=len(by_cell[cell]),
            tests=tuple(test.draw.number for test in unsafe[cell]),
            cases=tuple(test.case_id for test in unsafe[cell] if test.case_id),
        )
        for cell, shows in smallest_cover(covers, order).items()
    )


def _has(cell: Cell, interaction: Interaction) -> bool:
    return set(interaction) <= set(cell.values)


def _reading(unsafe: int, decided: int, explained: int, found: Drivers) -> str:
    counts = f"{unsafe:,} of {quantity(decided, 'decided answer')} {'was' if unsafe == 1 else 'were'} unsafe"
    if not unsafe:
        return "No answer was unsafe: there is nothing to explain."
    if not found.drivers:
        needed = ", ".join(f"{count} for {_ORDER_WORDS[size]}" for size, count in found.fewest.items())
        return (
            f"{counts}, and nothing stands out beyond chance. That is no proof that nothing drives them: even if all "
            f"its answers were unsafe, something would be named only from so many on: {needed}."
        )
    have = "it has what drives it" if unsafe == 1 else f"{explained:,} of them have what is named here"
    return f"{counts}; {have}. Where nothing of it is present, {percent(found.rest)} are unsafe."
