"""A regression suite: cases that are put to a target again and again, in one versioned file."""

from datetime import datetime
from typing import Final, Literal

from astral.domain.base import Noun, content_id
from astral.domain.sample import Sample
from astral.domain.space import Space

SUITE_VERSION: Final = 1


class Suite(Noun):
    """Cases without answers, and the space that their cells lie in."""

    astral_suite: Literal[1] = SUITE_VERSION
    """Version of the file's format."""
    created: datetime
    runs: tuple[str, ...]
    """Where the cases come from."""
    space: Space
    """The values that occur in the cases."""
    samples: tuple[Sample, ...]
    """Found failures first, then cases that keep values covered, then benign twins."""

    @property
    def id(self) -> str:
        """Hash of the cases: the same for the same cases, whenever they were frozen."""
        return content_id([sample.case for sample in self.samples])
