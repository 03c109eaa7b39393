"""What is handed to the record, and what it hands back, where the domain has no noun for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from astral.domain.base import Noun
from astral.domain.drafting import Drafting
from astral.domain.records import Failure, Result, TestCase, Transcript, Verdict
from astral.domain.run import Call, RunStatus


@dataclass(frozen=True, slots=True)
class Entry:
    """What one stage made for one test of a run."""

    number: int
    """The test's draw."""
    part: Drafting | TestCase | Transcript | Verdict


@dataclass(frozen=True, slots=True)
class OtherVerdict:
    """What another oracle than the run's own, or a person, said of a test."""

    number: int
    """The test's draw."""
    oracle: str
    """As it was asked for; the first verdict of each oracle on a test stands."""
    verdict: Verdict


Item = Entry | Failure | Call | OtherVerdict
"""What can be written while a run is under way; draws are written by the round."""


@dataclass(frozen=True, slots=True)
class Round:
    """Tests that were handed out together."""

    number: int
    """Position in the run, as the caller counts."""
    numbers: tuple[int, ...]
    """The numbers of its draws, ascending."""
    is_closed: bool


class RunSummary(Noun):
    """A line in a list of runs."""

    run_id: str
    created: datetime
    """UTC."""
    status: RunStatus
    target: str
    """Name of the tested system; empty where the manifest names none."""
    drawn: int
    """Tests that were handed out, without controls."""
    counts: Mapping[Result, int]
    """Finished tests by their ending, without controls; all five endings are there."""
