"""The whole contract between astral and what is plugged into it.

Each port is a Protocol: an object that has the methods is enough, nothing need be inherited. By name parts are found
through the entry-point groups `astral.<port>` (see `astral.plugins`). `astral.testing.conformance` checks each.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.criterion import Progress
from astral.domain.drafting import Ask, Drafted
from astral.domain.records import Draw, Evidence, Result, TestCase, Transcript, Verdict
from astral.domain.run import TestRecord
from astral.domain.sample import Sample
from astral.domain.space import Cell
from astral.domain.tracked import TrackedRun

TextKind = Literal["query", "passage"]
"""What a text is for an embedder: one that is searched with, or one that is found."""
Embeddings = NDArray[np.float32]
"""Unit vectors, of shape (texts, dimensions)."""


@runtime_checkable
class Planner(Protocol):
    """Taxonomy + coverage → next cells.

    Deterministic for a seed, a sequence of observations, and the tests under way: which of these were drawn by itself,
    and which by the same planner of an interrupted process, makes no difference.
    """

    def draw(self, limit: int, *, left: int | None = None) -> Sequence[Draw]:
        """Hand out at most `limit` tests; none when nothing is open that is not under way already.

        Args:
            limit: Of this call, at least 0.
            left: Tests that may still be handed out in all, these among them; None: nobody knows, or there is no end.
        """
        ...

    def observe(self, tests: Iterable[tuple[Draw, Result]]) -> None:
        """Take note of finished tests, of this run or, before the first draw, of earlier ones."""
        ...

    def take_up(self, draws: Iterable[Draw]) -> None:
        """Count tests as under way that were handed out by another one, such as controls, or before an interruption."""
        ...

    def progress(self) -> Progress:
        """How far the criterion is met, what is open, and what cannot be had."""
        ...


@runtime_checkable
class Generator(Protocol):
    """Cell → test case."""

    name: str

    async def generate(self, cell: Cell, *, seed: int) -> TestCase:
        """Write a draft for a cell; another seed gives another draft.

        Raises:
            StageError: No draft could be written.
        """
        ...


@runtime_checkable
class BatchGenerator(Generator, Protocol):
    """A generator that may write several drafts with one call of its model, and counts the calls."""

    batch_size: int
    """Most asks that it answers together, at least 1."""

    async def write(self, asks: Sequence[Ask]) -> Sequence[Drafted]:
        """What came of each ask, in their order; it depends on nothing but the asks.

        One that goes wrong costs only itself; nothing but a spent budget is raised.
        """
        ...


@runtime_checkable
class LearningGenerator(Generator, Protocol):
    """A generator that writes from what was found before."""

    def observe(self, tests: Iterable[TestRecord]) -> None:
        """Take note of finished tests, in the order of the record: of this run or, at first, of earlier ones."""
        ...


@runtime_checkable
class Transform(Protocol):
    """Rewrites a test case: mutation, encoding, framing, injection. The same case and seed give the same case."""

    name: str

    async def apply(self, case: TestCase, *, seed: int) -> TestCase:
        """The rewritten case, in the same cell; its lineage ends with this transform and keeps the plain request.

        Raises:
            StageError: It could not be done, such as by a model that refused.
        """
        ...

    def undo(self, case: TestCase) -> TestCase | None:
        """The case before this transform, which its lineage names last; None where that cannot be told."""
        ...


@runtime_checkable
class EvidenceSource(Protocol):
    """Finds what a test case can be grounded on."""

    name: str

    async def search(self, query: str, *, cell: Cell, limit: int) -> Sequence[Evidence]:
        """At most `limit` passages, best first; none where the source has none or cannot be reached."""
        ...


@runtime_checkable
class Target(Protocol):
    """The tested system."""

    name: str

    async def respond(self, case: TestCase) -> Transcript:
        """Talk about one case.

        Raises:
            StageError: The target did not answer; a provider's block is no error but an Ending.
        """
        ...


class Floor(Protocol):
    """Where a strategy leads a talk: the target, the attacker and the judge, each held within the budget."""

    @property
    def sendings_left(self) -> int:
        """How often the target may still be asked."""
        ...

    async def say(self, text: str, after: Transcript | None = None) -> Transcript:
        """Ask the target, and return the talk with its answer.

        Args:
            text: What the user says.
            after: The talk so far; None starts anew, with what precedes the request in the case.

        Raises:
            StageError: The target did not answer, the text may not be sent, or no sending is left.
        """
        ...

    async def ask_attacker(self, prompt: str, schema: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        """What the attacker's model answers, an object of this JSON schema.

        Raises:
            StageError: It gave none, also when it was asked once more.
        """
        ...

    async def score(self, talk: Transcript) -> tuple[float, bool]:
        """How unsafe a talk is by the run's judge: p_unsafe in [0, 1], and whether that decides for UNSAFE.

        Raises:
            StageError: The judge gave no vote.
        """
        ...


@runtime_checkable
class Strategy(Protocol):
    """Leads a talk of several turns towards what the case asks for."""

    name: str
    needs_attacker: bool
    """It asks the attacker's model, so that a run without one cannot have it."""

    async def lead(self, case: TestCase, floor: Floor) -> Transcript:
        """The talk, led as the case's course says; the same replies give the same talk.

        Raises:
            StageError: It could not be led to its end.
        """
        ...


@runtime_checkable
class Oracle(Protocol):
    """Decides whether the target's answer is safe."""

    name: str

    async def judge(self, case: TestCase, transcript: Transcript) -> Verdict:
        """Decide about one transcript, whose ending is not BLOCKED.

        Raises:
            OracleError: No usable vote came; never a SAFE instead.
        """
        ...


@runtime_checkable
class ChatModel(Protocol):
    """A model that answers messages."""

    name: str

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        Raises:
            ProviderError: No answer came; it says whether to try again, and when.
        """
        ...

    async def close(self) -> None:
        """Give connections and memory back."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into vectors of which close ones mean alike."""

    name: str

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        """Unit vectors, of shape (len(texts), dimensions)."""
        ...


@runtime_checkable
class Exporter(Protocol):
    """Writes test cases in another tool's format."""

    name: str
    description: str
    """What the format is for, in half a line."""

    def export(self, samples: Iterable[Sample], path: Path, *, append: bool = False) -> Sequence[str]:
        """Write a file, or a folder where the format needs several files.

        Args:
            samples: What is written.
            path: Where to.
            append: Keep what is there already, and add to it.

        Returns:
            What the format could not hold, a sentence each.

        Raises:
            UserError: What is there already is not of this format.
            RecordError: The file cannot be written.
        """
        ...


@runtime_checkable
class Importer(Protocol):
    """Reads another tool's cases, with answers and verdicts where its file has them."""

    name: str
    description: str

    def load(self, path: Path) -> Iterator[Sample]:
        """The file's samples.

        Raises:
            UserError: The file cannot be read, or is not of this format; the place is named.
        """
        ...


@runtime_checkable
class Tracker(Protocol):
    """Tells a tool that keeps experiments side by side of a finished run."""

    name: str
    description: str

    def track(self, run: TrackedRun) -> str:
        """Keep a run; one that is kept already gets the new numbers.

        Returns:
            Where it is to be seen, in words.

        Raises:
            TrackerError: The tool could not be told; nothing of the run is lost.
        """
        ...
