"""How scenario seeds are named."""

from collections.abc import Sequence


def seed_ids(taxonomy_id: str, language: str, risk: str, texts: Sequence[str]) -> dict[str, str]:
    """Seeds by id, such as `astral-14/en/privacy_violation/0`."""
    return {f"{taxonomy_id}/{language}/{risk}/{place}": text for place, text in enumerate(texts)}
