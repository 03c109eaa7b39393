"""Whether a draft is what its cell says: on its risk, in its style, with its persuasion.

A small softmax regression for each of the three reads the draft's vector, which the search for near duplicates has
computed anyway. `benchmarks/gates.py` fits and measures them; the coefficients ship with astral.
"""

import json
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, JsonValue

from astral.domain.base import Noun
from astral.domain.records import TestCase
from astral.generate.seeds import is_composed

COEFFICIENTS_FILE: Final = "conformance.json"
LEAST_OF_CHANCE: Final = 0.5
"""By default a draft is off its cell where the claimed value is less likely than half of what guessing would give.

A gate that is too strict costs attempts and narrows what can be written, one that is too lax lets a case stand for
what it is not; this one is meant to catch what is clearly off.
"""


class ValueReader(Noun):
    """A softmax regression over vectors: how likely each value of a dimension is."""

    taxonomy: str
    """Whose values these are; those of another taxonomy are not read."""
    values: tuple[str, ...]
    """In the order of the rows; one that no taxonomy has, `none`, stands for a draft that shows no value."""
    intercepts: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    least_of_chance: float = Field(default=LEAST_OF_CHANCE, gt=0)
    """How likely the claimed value has to be, as a multiple of what guessing among all would give."""

    def probabilities(self, vector: NDArray[np.float64]) -> Mapping[str, float]:
        """The probability of each value; they add up to 1."""
        scores = np.asarray(self.weights) @ vector + np.asarray(self.intercepts)
        powers = np.exp(scores - scores.max())
        return dict(zip(self.values, (powers / powers.sum()).tolist(), strict=True))

    def is_off(self, value: str, vector: NDArray[np.float64]) -> bool:
        """The value is clearly not what the draft shows; never so for a value that was not fitted."""
        chances = self.probabilities(vector)
        return value in chances and chances[value] < self.least_of_chance / len(chances)


class Conformance(Noun):
    """The readers that were fitted for one embedder."""

    version: int = Field(ge=1)
    embedder: str
    readers: Mapping[str, ValueReader]
    """By dimension, in the order in which they are asked."""
    languages: tuple[str, ...]
    """Those of the texts that they were fitted to; a draft in another one is not read."""
    provenance: Mapping[str, JsonValue]
    """What they were fitted to: data, licence, rows, script, date."""

    @classmethod
    def shipped(cls, embedder: str, taxonomies: Collection[str]) -> Self | None:
        """The shipped readers of these taxonomies; None where they were fitted for another embedder."""
        all_of_them = _shipped()
        if all_of_them.embedder != embedder:
            return None
        readers = {name: each for name, each in all_of_them.readers.items() if each.taxonomy in taxonomies}
        return cls.model_validate({**dict(all_of_them), "readers": readers})

    def objection(self, draft: TestCase, vector: NDArray[np.float32]) -> tuple[str, str] | None:
        """The gate that says no, and why; None where the draft is what its cell says, as far as can be told.

        Args:
            draft: What is looked at.
            vector: Its unit vector.
        """
        if draft.lineage.plain:
            # A transform hides the words, so that the vector says nothing of them.
            return None
        if is_composed(draft.lineage):
            # A reader can only be wrong about what people wrote for these very values.
            return None
        if draft.cell.get("language", "en") not in self.languages:
            return None
        exact = vector.astype(np.float64)
        for dimension, reader in self.readers.items():
            if dimension in draft.cell and reader.is_off(draft.cell[dimension], exact):
                return f"on_{dimension}", f"the draft does not read as {dimension} {draft.cell[dimension]}"
        return None


@cache
def _shipped() -> Conformance:
    return Conformance.model_validate(json.loads((files("astral.generate") / COEFFICIENTS_FILE).read_bytes()))
