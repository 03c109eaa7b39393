"""Seeded synthetic targets whose whole truth is known: what a search finds in them can be compared with what is there.

A world says of every cell how likely an answer is unsafe: a small base rate, a few values that raise it, and planted
interactions of two and three values that raise it much. Its judge errs and its attacker refuses at times. All of it
is a pure function of the seed, the cell and the number of the draw, so a world can be asked in any order, twice, or
by several processes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from astral.domain.records import Draw, Result
from astral.domain.space import Cell, Dimension, Interaction, Space, Value

LEVELS = (14, 10, 6, 5)
NAMES = ("risk", "language", "style", "persuasion")
LOWEST_RATE, HIGHEST_RATE = 0.01, 0.05
"""Between them lies the mean of p_unsafe over all cells, in every world."""


@dataclass(frozen=True)
class Family:
    """What kind of worlds are made; pairs of numbers are ranges of a uniform distribution."""

    base: tuple[float, float]
    """Chance of an unsafe answer where nothing raises it."""
    main_effects: int
    """Values that raise the odds everywhere."""
    main_log_odds: tuple[float, float]
    pairs: int
    triples: int
    """Interactions to plant; fewer where they would make the whole world too bad."""
    strength: tuple[float, float]
    """Chance with which a planted interaction alone makes an answer unsafe."""
    judge_noise: tuple[float, float] = (0.05, 0.1)
    """Chance with which the judge says the opposite of the truth."""
    main_dimension: int | None = None
    """The one dimension whose values raise the odds by themselves; None: any."""


FAMILIES: Mapping[str, Family] = {
    "mixed": Family((0.005, 0.015), 3, (0.5, 1.2), 4, 5, (0.3, 0.8)),
    "values": Family((0.005, 0.012), 6, (1.0, 2.2), 1, 2, (0.3, 0.7)),
    "pairs": Family((0.005, 0.015), 2, (0.5, 1.2), 6, 0, (0.2, 0.6)),
    "triples": Family((0.004, 0.01), 3, (0.5, 1.5), 0, 10, (0.4, 0.9)),
    "weak": Family((0.01, 0.02), 4, (0.4, 1.0), 4, 6, (0.12, 0.35)),
    "needles": Family((0.008, 0.012), 0, (0.0, 0.0), 1, 3, (0.6, 0.95)),
    "risks": Family((0.004, 0.01), 3, (1.5, 3.0), 1, 4, (0.3, 0.7), main_dimension=0),
    "noisy": Family((0.005, 0.015), 3, (0.5, 1.2), 4, 5, (0.3, 0.8), judge_noise=(0.15, 0.2)),
    "nothing": Family((0.02, 0.04), 0, (0.0, 0.0), 0, 0, (0.0, 0.0)),
}


@dataclass(frozen=True)
class SyntheticWorld:
    """A target, its judge and its attacker."""

    seed: int
    levels: tuple[int, ...] = LEVELS
    family: str = "mixed"

    @cached_property
    def space(self) -> Space:
        """The space of which the cells are; with four dimensions they are named as ASTRAL's."""
        names = NAMES if len(self.levels) == len(NAMES) else [f"d{number}" for number in range(len(self.levels))]
        return Space(
            dimensions=tuple(
                Dimension(
                    id=name, values=tuple(Value(id=f"v{value}", name="", definition="") for value in range(level))
                )
                for name, level in zip(names, self.levels, strict=True)
            )
        )

    @property
    def planted(self) -> tuple[Interaction, ...]:
        """The interactions that make answers unsafe."""
        return tuple(
            tuple((self.space.dimensions[d].id, f"v{value}") for d, value in interaction)
            for interaction, _ in self._truth.planted
        )

    @property
    def judge_noise(self) -> float:
        """Chance with which the judge says the opposite of the truth."""
        return self._truth.judge_noise

    @property
    def table(self) -> NDArray[np.float64]:
        """`p_unsafe` of every cell, one axis a dimension."""
        return self._truth.table

    @property
    def judged_table(self) -> NDArray[np.float64]:
        """Chance that the judge calls an answer unsafe, of every cell: what rates of verdicts can tell."""
        return self.table * (1 - 2 * self.judge_noise) + self.judge_noise

    def place(self, cell: Cell) -> tuple[int, ...]:
        """Positions of the cell's values."""
        return tuple(int(value[1:]) for _, value in cell.values)

    def p_unsafe(self, cell: Cell) -> float:
        """Chance that an answer is unsafe."""
        return float(self.table[self.place(cell)])

    def p_refused(self, cell: Cell) -> float:
        """Chance that the attacker refuses to write a case: 0.1 to 0.2, by the first dimension's value."""
        return float(self._truth.refusals[self.place(cell)[0]])

    def is_unsafe(self, cell: Cell, draw: int) -> bool:
        """Whether the answer of this test is unsafe in truth."""
        return self._chance("target", cell, draw) < self.p_unsafe(cell)

    def is_refused(self, cell: Cell, draw: int) -> bool:
        """Whether the attacker refuses."""
        return self._chance("attacker", cell, draw) < self.p_refused(cell)

    def result(self, draw: Draw) -> Result:
        """How a test ends: failed where the attacker refuses, else what the judge says."""
        if self.is_refused(draw.cell, draw.number):
            return Result.FAILED
        is_wrong = self._chance("judge", draw.cell, draw.number) < self.judge_noise
        return Result.UNSAFE if self.is_unsafe(draw.cell, draw.number) != is_wrong else Result.SAFE

    def _chance(self, part: str, cell: Cell, draw: int) -> float:
        """A number in [0, 1) that looks random."""
        text = f"{self.family}/{self.seed}/{part}/{draw}/{cell}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) / 2**64

    @cached_property
    def _truth(self) -> "_Truth":
        rng = np.random.default_rng((self.seed, *self.levels, *self.family.encode()))
        return _draw_truth(FAMILIES[self.family], self.levels, rng)


@dataclass(frozen=True)
class _Truth:
    table: NDArray[np.float64]
    planted: tuple[tuple[tuple[tuple[int, int], ...], float], ...]
    judge_noise: float
    refusals: NDArray[np.float64]


def _draw_truth(family: Family, levels: Sequence[int], rng: np.random.Generator) -> _Truth:
    base = rng.uniform(*family.base)
    log_odds = np.full(levels, np.log(base / (1 - base)))
    for _ in range(family.main_effects):
        dimension = int(rng.integers(len(levels))) if family.main_dimension is None else family.main_dimension
        log_odds[_where(levels, ((dimension, int(rng.integers(levels[dimension]))),))] += rng.uniform(
            *family.main_log_odds
        )
    table = 1 / (1 + np.exp(-log_odds))
    table *= min(1.0, HIGHEST_RATE / 2 / table.mean())
    planted: list[tuple[tuple[tuple[int, int], ...], float]] = []
    for size, number in ((3, family.triples), (2, family.pairs)):
        groups = list(combinations(range(len(levels)), min(size, len(levels))))
        for _ in range(number):
            group = groups[int(rng.integers(len(groups)))]
            interaction = tuple((d, int(rng.integers(levels[d]))) for d in group)
            strength, where = rng.uniform(*family.strength), _where(levels, interaction)
            raised = table.copy()
            raised[where] = 1 - (1 - table[where]) * (1 - strength)
            # One that would lift the whole world too far, as a pair of a small space does, is left out.
            if raised.mean() <= HIGHEST_RATE:
                table = raised
                planted.append((interaction, strength))
    table += max(0.0, LOWEST_RATE - table.mean())
    return _Truth(table, tuple(planted), rng.uniform(*family.judge_noise), rng.uniform(0.1, 0.2, size=levels[0]))


def _where(levels: Sequence[int], interaction: Sequence[tuple[int, int]]) -> tuple[int | slice, ...]:
    """The part of a table that holds these values."""
    chosen = dict(interaction)
    return tuple(chosen.get(d, slice(None)) for d in range(len(levels)))
