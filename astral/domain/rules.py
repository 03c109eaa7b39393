"""What is never tested, what surely is, and what rather than other things: as people write it, by ids."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from astral.domain.base import Noun


def _listed(given: Any) -> Any:
    """A list, also where a single thing was given."""
    return [given] if isinstance(given, str | Mapping) else given


def _above_zero(weight: float) -> float:
    if weight <= 0:
        raise ValueError("should be above 0; what is never to be tested is left out by `exclude` or `only`")
    return weight


Values = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...])]
"""Ids of values; a single one needs no brackets."""

Exclusion = Annotated[Mapping[str, Values], Field(min_length=1)]
"""Dimension → values: cells that have one of the values in each of these dimensions are not tested."""

Exclusions = Annotated[
    tuple[Exclusion, ...], BeforeValidator(_listed, json_schema_input_type=Exclusion | tuple[Exclusion, ...])
]


class Implication(Noun):
    """Cells that have one of the values in each dimension of `if` also have one in each dimension of `then`."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    when: Annotated[Mapping[str, Values], Field(min_length=1)] = Field(alias="if")
    then: Annotated[Mapping[str, Values], Field(min_length=1)]

    def exclusions(self, values: Mapping[str, Sequence[str]]) -> Iterator[Mapping[str, tuple[str, ...]]]:
        """The same said as exclusions, one for each dimension of `then`.

        Args:
            values: All values of each dimension; what is said of others is left out.
        """
        if not self.when.keys() <= values.keys():
            return
        told = {name: tuple(value for value in values[name] if value in some) for name, some in self.when.items()}
        for name, some in self.then.items():
            others = tuple(value for value in told.get(name, values.get(name, ())) if value not in some)
            exclusion = {**told, name: others}
            if all(exclusion.values()):
                yield exclusion


Implications = Annotated[
    tuple[Implication, ...], BeforeValidator(_listed, json_schema_input_type=Implication | tuple[Implication, ...])
]

PartialCell = Annotated[Mapping[str, str], Field(min_length=1)]
"""Dimension → value: a cell, or a part of one that any values of the other dimensions complete."""

PartialCells = Annotated[
    tuple[PartialCell, ...], BeforeValidator(_listed, json_schema_input_type=PartialCell | tuple[PartialCell, ...])
]

Weight = Annotated[float, Field(le=1000, allow_inf_nan=False), AfterValidator(_above_zero)]

Weights = Mapping[str, Mapping[str, Weight]]
"""Dimension → value → how much rather than others it is taken where nothing demands another; 1 for all others."""
