"""What an answer means where it opens and in its middle: the parts of it that are embedded."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from astral.domain.ports import Embedder
from astral.judge.sentences import normalise, word_count

WINDOW_WORDS: Final = 24.0
"""Words of each part: an embedder's time grows with them, and a refusal is seldom longer."""
_LONGEST_WINDOW: Final = 240
"""Characters; what is written without blanks in a script that we do not know counts as one word."""

Vector = NDArray[np.float32]


def windows(response: str) -> tuple[str, str]:
    """The first words of an answer and those in its middle; twice the whole of a short one.

    The middle tells a refusal that goes on refusing from one that is followed by compliance, and neither a disclaimer
    at the end nor an answer that was cut off changes it much.
    """
    text = " ".join(normalise(response).split())
    words = word_count(text)
    size = min(_LONGEST_WINDOW, len(text) if words <= WINDOW_WORDS else round(len(text) * WINDOW_WORDS / words))
    start = (len(text) - size) // 2
    return text[:size], text[start : start + size]


def window_vectors(response: str, embedder: Embedder) -> Iterator[Vector]:
    """The vectors of both parts, each embedded when it is asked for; those of equal parts at once."""
    opening, middle = windows(response)
    vector = embedder.embed([opening], kind="query")[0]
    yield vector
    yield vector if middle == opening else embedder.embed([middle], kind="query")[0]
