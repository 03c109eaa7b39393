"""How a test case came to be written: every draft of it, who was asked, and what each came to."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pydantic import Field

from astral.domain.base import Noun, content_id
from astral.domain.records import TestCase
from astral.domain.space import Cell
from astral.errors import (
    AttackerRefusedError,
    MalformedDraftError,
    NothingToWriteFromError,
    StageError,
)


@dataclass(frozen=True, slots=True)
class Ask:
    """One draft that a generator is asked for; another seed gives another draft."""

    cell: Cell
    seed: int


@dataclass(frozen=True, slots=True)
class Drafted:
    """What came of an ask: a draft, or the error in its place."""

    result: TestCase | StageError
    calls: int = 0
    """Calls of the attacker's model that were made for it. Where one call served several asks, the first has it."""


class DraftEnd(StrEnum):
    """How a draft ended; the six are disjoint."""

    ACCEPTED = "accepted"
    """It passed every gate and became the test case."""
    REJECTED = "rejected"
    """A gate said no."""
    REFUSED = "refused"
    """The attacker refused, also when it was asked in another way."""
    MALFORMED = "malformed"
    """The attacker answered, and no request could be found in what it said."""
    FAILED = "failed"
    """The attacker could not be reached, or something else went wrong."""
    NOTHING = "nothing"
    """The generator has nothing that it could write this cell from."""

    @classmethod
    def of(cls, error: StageError) -> "DraftEnd":
        """How a draft ended in whose place an error came."""
        return next((end for kind, end in _ENDS.items() if isinstance(error, kind)), cls.FAILED)

    @property
    def is_final(self) -> bool:
        """Asking the same generator again would be in vain."""
        return self in {DraftEnd.REFUSED, DraftEnd.NOTHING}


_ENDS = {
    AttackerRefusedError: DraftEnd.REFUSED,
    MalformedDraftError: DraftEnd.MALFORMED,
    NothingToWriteFromError: DraftEnd.NOTHING,
}


class Draft(Noun):
    """One draft, and what it came to; its text is in no record unless it was accepted."""

    generator: str
    """Name of the generator, such as `compose` or `rag-fs:openai:NAME`."""
    end: DraftEnd
    gate: str = ""
    """Which gate said no."""
    error: str = ""
    """Class of the error that came in its place."""
    calls: int = Field(default=0, ge=0)
    """Calls of the attacker's model."""


class Drafting(Noun):
    """All drafts of one test, in the order in which they were written."""

    drafts: tuple[Draft, ...]

    @property
    def id(self) -> str:
        """Hash of the content."""
        return content_id(self)


class GeneratorYield(Noun):
    """What came of asking one generator; the six endings add up to the drafts."""

    generator: str
    drafts: int = 0
    calls: int = 0
    """Calls of its model; 0 where it has none, or does not count them."""
    accepted: int = 0
    rejected: int = 0
    refused: int = 0
    malformed: int = 0
    failed: int = 0
    nothing: int = 0

    @property
    def cases_per_call(self) -> float | None:
        """Valid cases per call of the model; None where none was made."""
        return self.accepted / self.calls if self.calls else None

    @classmethod
    def of(cls, generator: str, drafts: Iterable[Draft]) -> Self:
        """The yield of these drafts, all of one generator."""
        listed = list(drafts)
        ends = Counter(draft.end.value for draft in listed)
        return cls(generator=generator, drafts=len(listed), calls=sum(draft.calls for draft in listed), **ends)


def yields_of(draftings: Iterable[Drafting]) -> tuple[GeneratorYield, ...]:
    """The yield of every generator that was asked, in the order in which they were asked first."""
    by_generator: dict[str, list[Draft]] = {}
    for drafting in draftings:
        for draft in drafting.drafts:
            by_generator.setdefault(draft.generator, []).append(draft)
    return tuple(GeneratorYield.of(name, drafts) for name, drafts in by_generator.items())


def rejections_of(draftings: Iterable[Drafting]) -> Mapping[str, int]:
    """Rejected drafts by gate, the strictest gate first."""
    gates = Counter(draft.gate for drafting in draftings for draft in drafting.drafts if draft.gate)
    return dict(sorted(gates.items(), key=lambda item: (-item[1], item[0])))
