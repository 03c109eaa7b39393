"""What a guard in front of the target did: what it flagged, and how that goes with what the target said."""

from collections import Counter
from collections.abc import Mapping
from typing import Self

from pydantic import Field

from astral.domain.base import Noun
from astral.domain.records import Control, Outcome
from astral.domain.run import TestRecord


class Looked(Noun):
    """How much of something a guard flagged."""

    flagged: int = Field(ge=0)
    of: int = Field(ge=0)

    @classmethod
    def at(cls, counts: Mapping[tuple[str, bool], int], what: str) -> Self:
        """From counts by what was looked at, and whether it was flagged."""
        flagged = counts.get((what, True), 0)
        return cls(flagged=flagged, of=flagged + counts.get((what, False), 0))


class GuardFacts(Noun):
    """A guard's part in a run; the target's own answers are in the other numbers."""

    prompts: Looked
    answers: Looked
    stopped: int
    """Tests that ended with it."""
    unsafe: Looked
    """Of tests whose answer was judged UNSAFE: on either side. What it stopped was not judged."""
    safe: Looked
    """Likewise SAFE."""
    twins: Looked
    """Of benign twins: what it flags here it flags wrongly."""


class GuardFold:
    """Counts what guards said while the record goes by."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, bool]] = Counter()
        self._stopped = 0
        self.blocked_by: Counter[str] = Counter()
        """Blocked tests by who blocked them."""

    def add(self, test: TestRecord) -> None:
        """Count one test or benign twin."""
        transcript = test.transcript
        if transcript is None:
            return
        is_twin = test.draw.control is Control.TWIN
        if not is_twin and transcript.blocked_by:
            self.blocked_by[transcript.blocked_by] += 1
        if not transcript.guarded:
            return
        is_flagged = any(said.is_flagged for said in transcript.guarded)
        if is_twin:
            self._counts["twin", is_flagged] += 1
            return
        self._stopped += any(said.is_stopped for said in transcript.guarded)
        for said in transcript.guarded:
            self._counts[said.side, said.is_flagged] += 1
        if test.verdict is not None and test.verdict.outcome is not Outcome.UNKNOWN:
            self._counts[test.verdict.outcome.value, is_flagged] += 1

    def facts(self) -> GuardFacts | None:
        """What they did; None where there was none."""
        if not self._counts:
            return None
        return GuardFacts(
            prompts=Looked.at(self._counts, "prompt"),
            answers=Looked.at(self._counts, "answer"),
            stopped=self._stopped,
            unsafe=Looked.at(self._counts, Outcome.UNSAFE.value),
            safe=Looked.at(self._counts, Outcome.SAFE.value),
            twins=Looked.at(self._counts, "twin"),
        )
