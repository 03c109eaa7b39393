"""Small spaces to plan in."""

from collections.abc import Callable, Sequence

import pytest

from astral.domain.space import Dimension, Space, Value


def space_of(levels: Sequence[int]) -> Space:
    return Space(
        dimensions=tuple(
            Dimension(id=f"d{d}", values=tuple(Value(id=f"v{v}", name="", definition="") for v in range(level)))
            for d, level in enumerate(levels)
        )
    )


@pytest.fixture(scope="session")
def make_space() -> Callable[[Sequence[int]], Space]:
    return space_of
