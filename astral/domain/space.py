"""What can be tested: taxonomies, dimensions, values, and the cells between them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations, product
from typing import Any

from pydantic import Field, JsonValue, model_serializer, model_validator

from astral.domain.base import Noun
from astral.domain.rules import Exclusions, Implications, Weights

Interaction = tuple[tuple[str, str], ...]
"""Values of some dimensions, as (dimension id, value id), in the order of the space; a t-way interaction has t."""


class Source(Noun):
    """Where a data file comes from."""

    title: str
    url: str
    note: str = ""


class Value(Noun):
    """A point on a dimension, such as the language Thai."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    name: str
    definition: str
    examples: tuple[str, ...] = ()
    """Few-shot examples: original, mild, non-operational."""
    traits: Mapping[str, JsonValue] = {}
    """Whatever else the file says of the value, such as `script` and `resource` of a language."""

    @model_validator(mode="before")
    @classmethod
    def _gather_traits(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "traits" in data:
            return data
        own = {key: data[key] for key in data if key in cls.model_fields}
        return {**own, "traits": {key: data[key] for key in data if key not in cls.model_fields}}


class Dimension(Noun):
    """An axis of the space: risk, language, style, persuasion."""

    id: str
    values: tuple[Value, ...] = Field(min_length=1)

    @cached_property
    def by_id(self) -> Mapping[str, Value]:
        """The values by their ids."""
        return {value.id: value for value in self.values}

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "Dimension":
        if len(self.by_id) < len(self.values):
            raise ValueError(f"dimension {self.id!r} names a value twice")
        return self


class Taxonomy(Noun):
    """One YAML file of `taxonomies/`: the values of one dimension, cited and licensed."""

    id: str
    version: int = Field(ge=1)
    dimension: str
    title: str
    source: Source
    licence: str
    values: tuple[Value, ...] = Field(min_length=1)
    exclude: Exclusions = ()
    """Combinations that no run with this file tests, as in astral.yaml; so are the next two. What they say of
    dimensions that a run does not have is left out."""
    imply: Implications = ()
    weights: Weights = Field(default={})
    packs: Mapping[str, tuple[str, ...]] = {}
    """Choices of values by name, such as `africa-8`; a pack's name stands wherever values are named."""
    default: str = ""
    """The pack that is tested where nothing narrows the dimension; empty means all values."""

    def expanded(self, names: Iterable[str]) -> tuple[str, ...]:
        """Ids of values, each once: packs are replaced by what they hold, all else stays as it is."""
        return tuple(dict.fromkeys(value for name in names for value in self.packs.get(name, (name,))))

    def as_dimension(self, only: Sequence[str] = ()) -> Dimension:
        """The dimension that this file describes, its default or only the named values and packs, in its order."""
        named = self.expanded(only or ([self.default] if self.default else ()))
        chosen = tuple(value for value in self.values if not named or value.id in named)
        return Dimension(id=self.dimension, values=chosen)

    @model_validator(mode="after")
    def _packs_hold_values(self) -> "Taxonomy":
        ids = {value.id for value in self.values}
        for pack, values in self.packs.items():
            if pack in ids:
                raise ValueError(f"{pack!r} names both a pack and a value")
            if unknown := set(values) - ids:
                raise ValueError(f"the pack {pack!r} names {sorted(unknown)}, which are no values")
            if not values:
                raise ValueError(f"the pack {pack!r} is empty")
        if self.default and self.default not in self.packs:
            raise ValueError(f"the default {self.default!r} is not one of the packs {sorted(self.packs)}")
        return self


class Cell(Noun):
    """One value from each active dimension; in JSON an object, from dimension to value."""

    values: Interaction

    def __getitem__(self, dimension: str) -> str:
        for name, value in self.values:  # a few values, looked up dozens of times a test: a dict would take longer
            if name == dimension:
                return value
        raise KeyError(dimension)

    def __contains__(self, dimension: object) -> bool:
        for name, _ in self.values:  # noqa: SIM110 - `any` takes thrice the time
            if name == dimension:
                return True
        return False

    def get(self, dimension: str, default: str) -> str:
        """The value from this dimension, or the default where the cell has no such dimension."""
        for name, value in self.values:
            if name == dimension:
                return value
        return default

    def __str__(self) -> str:
        return " · ".join(value for _, value in self.values)

    def interactions(self, strength: int) -> Iterator[Interaction]:
        """The interactions of `strength` values that a test of this cell covers."""
        return combinations(self.values, strength)

    @model_validator(mode="before")
    @classmethod
    def _from_mapping(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and not isinstance(data.get("values"), tuple | list):
            return {"values": tuple(data.items())}
        return data

    @model_serializer
    def _to_mapping(self) -> dict[str, str]:
        return dict(self.values)


class Space(Noun):
    """The active dimensions; their product is everything that can be tested."""

    dimensions: tuple[Dimension, ...] = Field(min_length=1)

    @cached_property
    def by_id(self) -> Mapping[str, Dimension]:
        """The dimensions by their ids."""
        return {dimension.id: dimension for dimension in self.dimensions}

    @property
    def levels(self) -> tuple[int, ...]:
        """The number of values of each dimension."""
        return tuple(len(dimension.values) for dimension in self.dimensions)

    def value(self, dimension: str, value: str) -> Value:
        """The value by its ids; KeyError where the space has none of that name."""
        return self.by_id[dimension].by_id[value]

    def cell(self, indices: Sequence[int]) -> Cell:
        """The cell at these positions, one a dimension."""
        pairs = zip(self.dimensions, indices, strict=True)
        return Cell(values=tuple((dimension.id, dimension.values[index].id) for dimension, index in pairs))

    def cells(self) -> Iterator[Cell]:
        """Every cell, the last dimension varying fastest."""
        return map(self.cell, product(*map(range, self.levels)))

    def interactions(self, strength: int) -> Iterator[Interaction]:
        """Every interaction of `strength` values."""
        for group in combinations(self.dimensions, strength):
            yield from product(*([(dimension.id, value.id) for value in dimension.values] for dimension in group))
