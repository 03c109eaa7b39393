"""One execution: its manifest, its tests, and how it ended."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from pydantic import Field, JsonValue

from astral.domain.base import Noun
from astral.domain.calibration import Calibration
from astral.domain.criterion import Criterion
from astral.domain.drafting import Drafting
from astral.domain.price import Price
from astral.domain.records import Draw, Failure, PromptRef, Result, TestCase, Transcript, Usage, Verdict
from astral.domain.space import Space


class TaxonomyRef(Noun):
    """A taxonomy file as it was used."""

    id: str
    version: int
    digest: str


class CorpusRef(Noun):
    """A corpus as it was used; another version holds other entries."""

    name: str
    version: str
    entries: int = Field(ge=0)


class Manifest(Noun):
    """Everything needed to repeat a run; it holds no secret."""

    run_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    created: datetime
    """UTC."""
    astral_version: str
    seed: int
    settings: Mapping[str, JsonValue]
    """The settings as resolved from flags, file and defaults."""
    space: Space
    criterion: Criterion
    taxonomies: tuple[TaxonomyRef, ...] = ()
    prompts: tuple[PromptRef, ...] = ()
    imported: str = ""
    """Hash of the requests that mode mutate starts from."""
    published: str = ""
    """Hash of the published texts that no case may repeat."""
    suite: str = ""
    """Hash of the suite whose cases are put to the target again; empty where cases are planned and written."""
    samples: int = Field(default=1, ge=1)
    """Tests of each case of the suite."""
    earlier: Mapping[str, int] = {}
    """Earlier runs from which test cases are evolved, each with how many of its rounds were done with when this run
    began: what they find later changes nothing here."""
    continued: Mapping[str, int] = {}
    """Earlier runs over this space on this target whose tests count for the coverage of this one as well, each with how
    many of its rounds were closed when this run began."""
    corpora: tuple[CorpusRef, ...] = ()
    models: Mapping[str, str] = {}
    """Names of the parts that took a role: attacker, target, judge, embedder."""
    prices: Mapping[str, Price | None] = {}
    """What the models cost by role, as known when the run began; None where it was not."""
    calibration: Calibration | None = None
    """What is known of the judge's errors, as a whole, so that the record suffices to repeat every number."""


class RunStatus(StrEnum):
    """How far a run is."""

    RUNNING = "running"
    """Under way, or killed: `astral resume` goes on."""
    MET = "met"
    """The criterion is met."""
    INCOMPLETE = "incomplete"
    """The budget ended before the criterion was met."""
    EXHAUSTED = "exhausted"
    """What is still open failed or was blocked as often as allowed."""
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class TestRecord(Noun):
    """All that the record has of one test; the parts appear in the order of the line."""

    __test__ = False  # pytest would otherwise collect the class by its name

    draw: Draw
    drafting: Drafting | None = None
    """Every draft that was written for it; None before, and in records of astral's first schema."""
    case: TestCase | None = None
    transcript: Transcript | None = None
    verdict: Verdict | None = None
    failure: Failure | None = None

    @property
    def is_finished(self) -> bool:
        """Nothing is left to do: it was judged, blocked, or failed."""
        return self.verdict is not None or self.failure is not None or self.is_blocked

    @property
    def is_blocked(self) -> bool:
        """A filter of the provider stopped it."""
        return self.transcript is not None and Result.of(None, self.transcript) is Result.BLOCKED

    @property
    def result(self) -> Result | None:
        """Which of the five endings it had; None while it is under way."""
        return Result.of(self.verdict, self.transcript) if self.is_finished else None

    @property
    def case_id(self) -> str:
        """Of its test case; empty where it has none."""
        # A transcript has the id already, which is else a hash of all that the case holds.
        return self.transcript.case_id if self.transcript else self.case.id if self.case else ""


class Ended(Protocol):
    """A test and how it ended, whatever else is known of it."""

    @property
    def draw(self) -> Draw:
        """What was handed out."""
        ...

    @property
    def result(self) -> Result | None:
        """Which of the five endings it had; None while it is under way."""
        ...

    @property
    def case_id(self) -> str:
        """Of its test case; empty where it has none, or nobody asked for it."""
        ...


class TestEnd(NamedTuple):
    """Of a test no more than how it ended."""

    __test__ = False  # as above

    draw: Draw
    result: Result | None
    case_id: str = ""


class Call(Noun):
    """One call of a model, as journalled: its intent before it is sent, its reply before anything depends on it."""

    key: str
    """Hash of role, model and request; the request carries the seed of its test."""
    role: str
    reply: JsonValue = None
    """The reply as JSON; None while the call is in flight."""
    usage: Usage = Usage()
