"""Generators that rework what another one writes."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import lru_cache

from astral.domain.drafting import Ask, Drafted
from astral.domain.ports import BatchGenerator, Generator, LearningGenerator
from astral.domain.records import TestCase
from astral.domain.run import TestRecord
from astral.domain.space import Cell
from astral.errors import StageError


@lru_cache(maxsize=64)
def as_batching(generator: Generator) -> BatchGenerator | None:
    """The generator, if it answers several asks at once; looked up once, since to check a protocol takes 0.1 ms."""
    return generator if isinstance(generator, BatchGenerator) else None


async def drafts_of(generator: Generator, asks: Sequence[Ask]) -> Sequence[Drafted]:
    """What came of each ask, in their order, whichever of the ports the generator has."""
    if (batching := as_batching(generator)) is not None:
        return await batching.write(asks)
    return [await _draft_of(generator, ask) for ask in asks]


async def _draft_of(generator: Generator, ask: Ask) -> Drafted:
    try:
        return Drafted(await generator.generate(ask.cell, seed=ask.seed))
    except StageError as error:
        return Drafted(error)


class Reworking(ABC):
    """A generator that has another one write, and reworks each draft; several at once where the other one can."""

    def __init__(self, inner: Generator) -> None:
        self.name = inner.name
        self.batch_size = inner.batch_size if isinstance(inner, BatchGenerator) else 1
        self._inner = inner

    @abstractmethod
    def plain(self, cell: Cell) -> Cell:
        """The cell that the other one writes for."""

    @abstractmethod
    async def rework(self, draft: TestCase, cell: Cell, *, seed: int) -> TestCase:
        """The draft as it is to be for its own cell.

        Raises:
            StageError: It cannot be done.
        """

    async def generate(self, cell: Cell, *, seed: int) -> TestCase:
        """Have a draft written, and rework it.

        Raises:
            StageError: There is no draft, or it cannot be reworked.
        """
        (drafted,) = await self.write([Ask(cell, seed)])
        if isinstance(drafted.result, StageError):
            raise drafted.result
        return drafted.result

    async def write(self, asks: Sequence[Ask]) -> Sequence[Drafted]:
        """What came of each ask, in their order."""
        drafted = await drafts_of(self._inner, [Ask(self.plain(ask.cell), ask.seed) for ask in asks])
        return [await self._reworked(each, ask) for each, ask in zip(drafted, asks, strict=True)]

    def observe(self, tests: Iterable[TestRecord]) -> None:
        """Hand finished tests on to the one that writes, if it learns from them."""
        if isinstance(self._inner, LearningGenerator):
            self._inner.observe(tests)

    async def _reworked(self, drafted: Drafted, ask: Ask) -> Drafted:
        if isinstance(drafted.result, StageError):
            return drafted
        try:
            case = await self.rework(drafted.result, ask.cell, seed=ask.seed)
        except StageError as error:
            return Drafted(error, calls=drafted.calls)
        return Drafted(case, calls=drafted.calls)
