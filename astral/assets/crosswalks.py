"""Crosswalks: which risks tell of which control of a law, a standard or a framework."""

from collections.abc import Mapping
from functools import cache
from typing import Self

from pydantic import Field

from astral.assets.folders import asset_folder
from astral.assets.taxonomies import HUB, load_taxonomy, risks_of, taxonomy_names
from astral.assets.yaml_files import read_model
from astral.domain.base import Noun
from astral.domain.space import Source, Taxonomy, Value
from astral.errors import UnknownNameError


class Control(Noun):
    """What a law, a standard or a framework asks for."""

    id: str
    """As it is cited, such as `LLM01:2025`."""
    name: str
    covers: Mapping[str, tuple[str, ...]] = {}
    """By taxonomy, the values whose tests tell of it; empty where answers of a model say nothing of it."""

    def is_told_by(self, taxonomy: str, value: Value) -> bool:
        """Tests of this value tell of it: it is named, or one of the hub's values that it is nearest to is."""
        near = self.covers.get(HUB, ())
        return value.id in self.covers.get(taxonomy, ()) or any(risk in near for risk in risks_of(value))


class Crosswalk(Noun):
    """`taxonomies/crosswalks/<id>.yaml`, or a taxonomy whose values name those of the hub."""

    id: str
    version: int = Field(ge=1)
    title: str
    source: Source
    licence: str
    controls: tuple[Control, ...] = Field(min_length=1)

    @classmethod
    def of_taxonomy(cls, taxonomy: Taxonomy) -> Self:
        """From any taxonomy to another one's values, through the hub."""
        return cls(
            id=taxonomy.id,
            version=taxonomy.version,
            title=taxonomy.title,
            source=taxonomy.source,
            licence=taxonomy.licence,
            controls=tuple(
                Control(id=value.id, name=value.name, covers={taxonomy.id: (value.id,), HUB: risks_of(value)})
                for value in taxonomy.values
            ),
        )


STANDARDS = ("owasp-llm-2025", "mitre-atlas", "nist-ai-600-1", "ailuminate", "eu-ai-act")
"""Those that a report shows."""


@cache
def crosswalk_names() -> list[str]:
    """The standards, and all taxonomies that are mapped to the hub."""
    mapped = [name for name in taxonomy_names() if any(map(risks_of, load_taxonomy(name).values))]
    return list(dict.fromkeys([*STANDARDS, *mapped]))


@cache
def load_crosswalk(name: str) -> Crosswalk:
    """A crosswalk by its name.

    Raises:
        UnknownNameError: There is none of this name.
    """
    if name not in crosswalk_names():
        raise UnknownNameError("crosswalk", name, crosswalk_names())
    path = asset_folder("taxonomies") / "crosswalks" / f"{name}.yaml"
    return read_model(path, Crosswalk) if path.is_file() else Crosswalk.of_taxonomy(load_taxonomy(name))
