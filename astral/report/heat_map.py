"""Results by pairs of values: where two dimensions meet."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from astral.domain.records import Result
from astral.domain.run import TestRecord
from astral.report.summary import Breakdown, Counts, Group

_PREFERRED = (("risk", "language"), ("style", "persuasion"))
_HUES = 4
_SOME, _MANY = 2, 5


@dataclass(frozen=True)
class HeatMap:
    """Counts by the values of two dimensions."""

    rows: Breakdown
    columns: Breakdown
    counts: dict[tuple[str, str], Counts]
    """By the ids of row and column; a pair that no finished test has is missing."""

    def at(self, row: Group, column: Group) -> Counts:
        """The counts where two values meet."""
        return self.counts.get((row.id, column.id), Counts())


def heat_maps(breakdowns: Sequence[Breakdown], tests: Iterable[TestRecord]) -> list[HeatMap]:
    """Risk by language and style by persuasion; in a space without these, its first two dimensions."""
    by_id = {part.dimension: part for part in breakdowns}
    pairs = [(by_id[row], by_id[column]) for row, column in _PREFERRED if row in by_id and column in by_id]
    if not pairs and len(breakdowns) > 1:
        pairs = [(breakdowns[0], breakdowns[1])]
    finished = [test for test in tests if test.is_finished and test.draw.control is None]
    return [HeatMap(rows, columns, _counts(finished, rows.dimension, columns.dimension)) for rows, columns in pairs]


def heat_class(counts: Counts) -> str:
    """Names of the page's colours for these counts: hue for the rate, strength for how much it rests on."""
    rate = counts.rate
    if rate.fraction is None:
        return "undecided" if counts.total else "untested"
    evidence = 1 + (rate.decided >= _SOME) + (rate.decided >= _MANY)
    return f"heat{ceil(rate.fraction * _HUES)} evidence{evidence}"


def _counts(tests: Iterable[TestRecord], row: str, column: str) -> dict[tuple[str, str], Counts]:
    results: defaultdict[tuple[str, str], Counter[Result]] = defaultdict(Counter)
    for test in tests:
        if test.result is not None:
            results[test.draw.cell[row], test.draw.cell[column]][test.result] += 1
    return {pair: Counts.of(found) for pair, found in results.items()}
