"""How scenario seeds are named, and what is made of them."""

from collections.abc import Sequence
from typing import Final

from astral.domain.records import Lineage

COMPOSED: Final = "compose"
"""Generator of the cases that are made of seeds and frames; people wrote both for the values that they stand under."""


def is_composed(lineage: Lineage) -> bool:
    """Whether a case was made of seeds and frames, and no model reworded it."""
    return lineage.generator == COMPOSED and not lineage.model


def seed_ids(taxonomy_id: str, language: str, risk: str, texts: Sequence[str]) -> dict[str, str]:
    """Seeds by id, such as `astral-14/en/privacy_violation/0`."""
    return {f"{taxonomy_id}/{language}/{risk}/{place}": text for place, text in enumerate(texts)}
