"""Test cases that found something, and which of them a new one is made from."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from astral.domain.records import Result, TestCase
from astral.domain.run import TestRecord
from astral.domain.space import Cell

_ENGLISH = "en"


@dataclass(frozen=True)
class Parent:
    """A test case that was answered unsafely."""

    case: TestCase
    p_unsafe: float
    """How sure the oracle was."""

    @property
    def core(self) -> str:
        """What it asks, without style and persuasion; empty where that cannot be told, as of what a model wrote."""
        lineage = self.case.lineage
        return next((each.text for each in lineage.evidence if each.title == lineage.seed_text), "")

    def distance(self, cell: Cell) -> int:
        """In how many dimensions of the cell it has another value."""
        return sum(self.case.cell.get(dimension, "") != value for dimension, value in cell.values)


class Parents:
    """The cases that were found unsafe, in the order of the record."""

    def __init__(self) -> None:
        self._found: list[Parent] = []

    def observe(self, tests: Iterable[TestRecord]) -> None:
        """Take note of finished tests; controls found nothing, whatever became of them."""
        self._found += [
            Parent(test.case, test.verdict.p_unsafe)
            for test in tests
            if test.result is Result.UNSAFE and not test.draw.control and test.case and test.verdict
        ]

    def on(self, **values: str) -> list[Parent]:
        """Those that have these values, by dimension; English where a parent's cell names no language."""
        wanted = values.items()
        return [
            parent
            for parent in self._found
            if all(
                parent.case.cell.get(name, _ENGLISH if name == "language" else "") == value for name, value in wanted
            )
        ]


def chosen(parents: Sequence[Parent], cell: Cell, rng: random.Random, *, count: int = 1) -> list[Parent]:
    """Some of the parents, none twice: what is near, and what the oracle was sure of, is the likelier choice."""
    left, found = list(parents), list[Parent]()
    while left and len(found) < count:
        weights = [max(parent.p_unsafe, 0.01) / 4 ** parent.distance(cell) for parent in left]
        found.append(left.pop(rng.choices(range(len(left)), weights)[0]))
    return found
