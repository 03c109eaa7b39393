"""Ids of dimensions and values as positions in a space."""

from collections.abc import Sequence

from astral.domain.space import Cell, Interaction, Space
from astral.errors import UnknownNameError


def dimension_at(space: Space, name: str, *, where: str) -> int:
    """Position of a dimension.

    Raises:
        UnknownNameError: The space has none of that name; the nearest is named.
    """
    names = list(space.by_id)
    if name not in names:
        raise UnknownNameError("dimension", name, names, where=where)
    return names.index(name)


def value_at(space: Space, dimension: int, name: str, *, where: str) -> int:
    """Position of a value in its dimension.

    Raises:
        UnknownNameError: The dimension has none of that name; the nearest is named.
    """
    known = list(space.dimensions[dimension].by_id)
    if name not in known:
        raise UnknownNameError(f"value of dimension {space.dimensions[dimension].id!r}", name, known, where=where)
    return known.index(name)


class Positions:
    """Cells as positions of values, and back."""

    def __init__(self, space: Space) -> None:
        self._dimensions = space.dimensions
        self._places = [
            {value.id: place for place, value in enumerate(dimension.values)} for dimension in space.dimensions
        ]

    def of(self, cell: Cell) -> list[int | None]:
        """Positions of the cell's values; None in each dimension where it has none of this space's."""
        values = dict(cell.values)
        return [
            places.get(values.get(dimension.id, ""))
            for dimension, places in zip(self._dimensions, self._places, strict=True)
        ]

    def named(self, places: Sequence[tuple[int, int]]) -> Interaction:
        """(Dimension, value) positions by their ids."""
        return tuple((self._dimensions[d].id, self._dimensions[d].values[value].id) for d, value in places)
