"""Forbidden combinations: which cells they leave, and which interactions can therefore never be tested."""

import random
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from astral.domain.rules import Exclusion as NamedExclusion
from astral.domain.space import Cell, Dimension, Space
from astral.errors import UserError
from astral.plan.interactions import Interactions, Rows
from astral.plan.positions import dimension_at, value_at

Exclusion = Mapping[int, frozenset[int]]
"""Dimension → values: a cell is forbidden if it has one of the values in each of these dimensions."""

_TABLE_LIMIT = 1 << 24
"""Combinations of alike values that are looked at together."""

_VALUES_NAMED = 3
"""Values of a dimension that an exclusion names; of more those that are left, where they are fewer."""


def exclusions_of(space: Space, named: Sequence[NamedExclusion]) -> "Exclusions | None":
    """The exclusions by position, or None where there are none.

    Raises:
        UserError: An exclusion names something that the space does not have (the nearest is named), or together they
            leave no cell, or are too many to be checked.
    """
    if not named:
        return None
    found: list[Exclusion] = []
    for one in named:
        exclusion: dict[int, frozenset[int]] = {}
        for name, values in one.items():
            dimension = dimension_at(space, name, where="exclude")
            exclusion[dimension] = frozenset(value_at(space, dimension, value, where="exclude") for value in values)
        found.append(exclusion)
    try:
        rules = Exclusions(space.levels, found)
    except ValueError as error:
        raise UserError(f"exclude: {error}.") from error
    if not rules.allowed({}, []):
        raise UserError("exclude: every cell is excluded, so that nothing is left to be tested. Exclude less.")
    return rules


def described(space: Space, exclusion: Exclusion) -> str:
    """An exclusion by its ids, such as `language=th × style=slang|misspellings`, or `language≠en|it` where shorter."""
    return " × ".join(_described(space.dimensions[d], exclusion[d]) for d in sorted(exclusion))


def _described(dimension: Dimension, values: frozenset[int]) -> str:
    others = [value.id for place, value in enumerate(dimension.values) if place not in values]
    if 0 < len(others) < len(values) and len(values) > _VALUES_NAMED:
        return f"{dimension.id}≠{'|'.join(others)}"
    return f"{dimension.id}={'|'.join(dimension.values[place].id for place in sorted(values))}"


def random_cell(space: Space, rules: "Exclusions | None", dice: random.Random) -> Cell:
    """A cell that no exclusion forbids, its values chosen one after the other."""
    row: dict[int, int] = {}
    for dimension, level in enumerate(space.levels):
        allowed = range(level) if rules is None else np.flatnonzero(rules.allowed_values(row, dimension)).tolist()
        row[dimension] = dice.choice(allowed)
    return space.cell(list(row.values()))


class Exclusions:
    """What a set of exclusions leaves.

    Dimensions that exclusions tie together form a component. Of each a table is kept that says which combinations are
    allowed, after values that all exclusions treat alike were merged; so every answer here is exact.
    """

    def __init__(self, levels: Sequence[int], exclusions: Iterable[Exclusion]) -> None:
        """Build the tables.

        Raises:
            ValueError: An exclusion names nothing, or too many values hang together for the tables.
        """
        self.levels = tuple(levels)
        self.exclusions = tuple(exclusions)
        if not all(exclusion and all(exclusion.values()) for exclusion in self.exclusions):
            raise ValueError("an exclusion must name at least one dimension, and values of it")
        self._components = [_Component(levels, tied) for tied in _tied(self.exclusions)]

    def allowed_values(self, chosen: Mapping[int, int], dimension: int) -> NDArray[np.bool_]:
        """Which values of a dimension can stand beside the chosen ones in an allowed cell."""
        return self.allowed(chosen, [dimension])

    def allowed(self, chosen: Mapping[int, int], free: Sequence[int]) -> NDArray[np.bool_]:
        """Which combinations of the free dimensions (ascending) can be completed beside the chosen values."""
        mask = np.ones([self.levels[d] for d in free], dtype=np.bool_)
        for component in self._components:
            mask &= component.allowed(chosen, free)
        return mask

    def allowed_beside(
        self, chosen: Mapping[int, NDArray[np.intp]], free: Sequence[int], rows: int
    ) -> NDArray[np.bool_]:
        """The same for several rows at once, each with values of its own; of shape (rows, *levels of the free)."""
        mask = np.ones([rows, *(self.levels[d] for d in free)], dtype=np.bool_)
        for component in self._components:
            mask &= component.allowed_beside(chosen, free)
        return mask

    def keeps(self, rows: Rows) -> NDArray[np.bool_]:
        """Which rows no exclusion forbids."""
        kept = np.ones(len(rows), dtype=np.bool_)
        for exclusion in self.exclusions:
            forbidden = np.ones(len(rows), dtype=np.bool_)
            for dimension, values in exclusion.items():
                forbidden &= np.isin(rows[:, dimension], list(values))
            kept &= ~forbidden
        return kept

    def feasible(self, interactions: Interactions) -> NDArray[np.bool_]:
        """Which interactions stand in at least one allowed cell."""
        flags = np.ones(interactions.count, dtype=np.bool_)
        for group, view in zip(interactions.groups, interactions.views(flags), strict=True):
            view[...] = self.allowed({}, group)
        return flags

    def proof(self, interaction: Mapping[int, int]) -> tuple[Exclusion, ...]:
        """Exclusions that together make an infeasible interaction so, none of which could be left out."""
        for exclusion in self.exclusions:
            if all(interaction.get(dimension) in values for dimension, values in exclusion.items()):
                return (exclusion,)
        needed = list(self.exclusions)
        for exclusion in self.exclusions:
            rest = [other for other in needed if other is not exclusion]
            if not Exclusions(self.levels, rest).allowed(interaction, []):
                needed = rest
        return tuple(needed)


class _Component:
    """Dimensions tied together by exclusions."""

    def __init__(self, levels: Sequence[int], exclusions: Sequence[Exclusion]) -> None:
        self._levels = levels
        self.dimensions = sorted({dimension for exclusion in exclusions for dimension in exclusion})
        self._exclusions = exclusions
        self._views: dict[tuple[tuple[int, ...], tuple[int, ...]], NDArray[np.bool_]] = {}
        self._class_of = {d: self._classes(d) for d in self.dimensions}
        shape = [int(self._class_of[d].max()) + 1 for d in self.dimensions]
        if prod(shape) > _TABLE_LIMIT:
            raise ValueError(
                f"the exclusions tie {len(self.dimensions)} dimensions together in {prod(shape):,} ways; "
                f"at most {_TABLE_LIMIT:,} can be checked: name fewer dimensions in one exclusion"
            )

    @cached_property
    def _table(self) -> NDArray[np.bool_]:
        shape = [int(self._class_of[d].max()) + 1 for d in self.dimensions]
        table = np.ones(shape, dtype=np.bool_)
        for exclusion in self._exclusions:
            places = [
                np.unique(self._class_of[d][list(exclusion[d])]) if d in exclusion else np.arange(size)
                for d, size in zip(self.dimensions, shape, strict=True)
            ]
            table[np.ix_(*places)] = False
        return table

    def _classes(self, dimension: int) -> NDArray[np.intp]:
        """Of each value, the number of its class: alike are values that stand in the same exclusions."""
        named = [exclusion[dimension] for exclusion in self._exclusions if dimension in exclusion]
        marks = np.array([[value in values for values in named] for value in range(self._levels[dimension])])
        return np.unique(marks, axis=0, return_inverse=True)[1].reshape(-1)

    def allowed(self, chosen: Mapping[int, int], free: Sequence[int]) -> NDArray[np.bool_]:
        return self.allowed_beside({d: np.array([value]) for d, value in chosen.items()}, free)[0]

    def allowed_beside(self, chosen: Mapping[int, NDArray[np.intp]], free: Sequence[int]) -> NDArray[np.bool_]:
        known = [d for d in self.dimensions if d in chosen]
        asked = [d for d in self.dimensions if d not in chosen and d in free]
        table = self._beside(tuple(known), tuple(asked))
        rows = table[tuple(self._class_of[d][chosen[d]] for d in known)] if known else table[None]
        return rows.reshape(-1, *(self._levels[d] if d in asked else 1 for d in free))

    def _beside(self, known: tuple[int, ...], asked: tuple[int, ...]) -> NDArray[np.bool_]:
        """What can be completed, by the classes of the known dimensions and the values of those asked for."""
        if (known, asked) not in self._views:
            others = tuple(self.dimensions.index(d) for d in self.dimensions if d not in known and d not in asked)
            table = np.asarray(self._table.any(axis=others))
            left = [d for d in self.dimensions if d in known or d in asked]
            table = table.transpose([left.index(d) for d in (*known, *asked)])
            for axis, d in enumerate(asked, start=len(known)):
                table = table.take(self._class_of[d], axis=axis)
            self._views[known, asked] = table
        return self._views[known, asked]


def _tied(exclusions: Sequence[Exclusion]) -> list[list[Exclusion]]:
    """The exclusions, those together that share dimensions, directly or through others."""
    components: list[tuple[set[int], list[Exclusion]]] = []
    for exclusion in exclusions:
        dimensions, members = set(exclusion), [exclusion]
        apart: list[tuple[set[int], list[Exclusion]]] = []
        for known, others in components:
            if known & dimensions:
                dimensions, members = dimensions | known, others + members
            else:
                apart.append((known, others))
        components = [*apart, (dimensions, members)]
    return [members for _, members in components]
