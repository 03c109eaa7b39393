"""Write the test cases of a batch of draws, whatever it takes within the allowed attempts."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any

from astral.domain.base import Noun, content_id
from astral.domain.ports import Generator
from astral.domain.records import Draw, Failure, Stage, TestCase
from astral.errors import ScreeningError, StageError
from astral.generate.screening import Rejection, Screen


class GeneratorYield(Noun):
    """What came of asking one generator."""

    asked: int = 0
    errors: int = 0
    """Times that it raised: it refused, answered malformed, or could not be reached."""
    accepted: int = 0
    """Drafts that became test cases; the others were rejected by a gate."""

    def __add__(self, other: "GeneratorYield") -> "GeneratorYield":
        return GeneratorYield(
            asked=self.asked + other.asked,
            errors=self.errors + other.errors,
            accepted=self.accepted + other.accepted,
        )


class Written(Noun):
    """A batch of draws, written."""

    results: tuple[TestCase | Failure, ...]
    """One a draw, in their order."""
    yields: Mapping[str, GeneratorYield] = {}
    """By generator."""
    rejections: Mapping[str, int] = {}
    """Drafts that were rejected, by gate."""


async def generate_all(
    draws: Sequence[Draw],
    *,
    run_seed: int,
    generators: Sequence[Generator],
    screen: Screen,
    max_attempts: int = 4,
    concurrency: int = 8,
) -> Written:
    """Write one test case a draw.

    What comes out depends on nothing but the arguments: neither on concurrency, nor on how draws are cut into
    batches, nor on how often a run was interrupted, provided that the screen remembers the cases that were kept.

    Args:
        draws: What the planner handed out.
        run_seed: Seed of the run.
        generators: Tried in this order: the attempts are divided among them, the first ones to the first generator.
        screen: Gates and memory; it remembers what is accepted here.
        max_attempts: Drafts that one draw may cost.
        concurrency: Drafts that are written at the same time.

    Returns:
        A TestCase for each draw, or a Failure of the error `ScreeningError` that counts the gates which said no, or,
        where no attempt gave any draft, of the last generator's error.
    """
    slots = asyncio.Semaphore(concurrency)
    desks = [_Desk(draw, run_seed, generators, screen, max_attempts) for draw in draws]
    open_desks = desks
    while open_desks:
        await _all(desk.fill(slots) for desk in open_desks)
        drafts = [desk.draft for desk in open_desks if desk.draft is not None]
        await asyncio.to_thread(screen.prepare, drafts)
        open_desks = _settle(open_desks, screen)
    return Written(
        results=tuple(desk.result() for desk in desks),
        yields={name: _total(desk.yields.get(name) for desk in desks) for name in _names(generators)},
        rejections=dict(sum((desk.rejections for desk in desks), Counter[str]())),
    )


def _settle(desks: Sequence["_Desk"], screen: Screen) -> list["_Desk"]:
    """Accept drafts in draw order, and return the desks that are still open.

    A draft is accepted only when all draws before it are settled, so that the outcome is that of writing one draw
    after the other. A rejection is final at once: it rests on the draft itself and on accepted ones, and those stay.
    """
    still_open: list[_Desk] = []
    for desk in desks:
        if desk.draft is not None and (rejection := screen.late_objection(desk.draft)):
            desk.reject(rejection)
        if desk.draft is None and desk.is_spent:
            continue
        if desk.draft is None or still_open:
            still_open.append(desk)
        else:
            screen.remember([desk.draft])
            desk.accept(desk.draft)
    return still_open


class _Desk:
    """One draw being written."""

    def __init__(
        self, draw: Draw, run_seed: int, generators: Sequence[Generator], screen: Screen, max_attempts: int
    ) -> None:
        self._draw = draw
        self._seed = draw.seed(run_seed)
        self._generators = generators
        self._screen = screen
        self._max_attempts = max_attempts
        self._attempts = 0
        self._author = ""
        self._last_error: StageError | None = None
        self.draft: TestCase | None = None
        """Passed the gates that look at it by itself, and was not accepted yet."""
        self._case: TestCase | None = None
        self.rejections: Counter[str] = Counter()
        self.yields: dict[str, GeneratorYield] = {}

    @property
    def is_spent(self) -> bool:
        return self._attempts >= self._max_attempts

    async def fill(self, slots: asyncio.Semaphore) -> None:
        """Have a draft that passes the gates which look at it by itself, unless the attempts end first."""
        while self.draft is None and not self.is_spent:
            async with slots:
                draft = await self._attempt()
            if draft is not None and (rejection := self._screen.objection(draft)):
                self.reject(rejection)
            else:
                self.draft = draft

    async def _attempt(self) -> TestCase | None:
        generator = self._generators[self._attempts * len(self._generators) // self._max_attempts]
        seed = int(content_id(self._seed, self._attempts), 16) >> 17
        self._attempts += 1
        try:
            draft = await generator.generate(self._draw.cell, seed=seed)
        except StageError as error:
            self._last_error = error
            self._count(generator.name, GeneratorYield(asked=1, errors=1))
            return None
        self._count(generator.name, GeneratorYield(asked=1))
        self._author = generator.name
        lineage = draft.lineage.model_copy(update={"drafts": self._attempts})
        return draft.model_copy(update={"lineage": lineage})

    def reject(self, rejection: Rejection) -> None:
        self.rejections[rejection.gate] += 1
        self.draft = None

    def accept(self, draft: TestCase) -> None:
        self._case = draft
        self._count(self._author, GeneratorYield(accepted=1))

    def result(self) -> TestCase | Failure:
        if self._case is not None:
            return self._case
        error = self._last_error
        if error is None or self.rejections:
            error = ScreeningError(self._spent_message())
        return Failure(number=self._draw.number, stage=Stage.GENERATE, error=type(error).__name__, message=str(error))

    def _spent_message(self) -> str:
        said_no = [f"{gate} {count}×" for gate, count in sorted(self.rejections.items())]
        errors = self._attempts - self.rejections.total()
        if errors:
            said_no.append(f"no draft {errors}× (last: {self._last_error})")
        return f"no draft of {self._draw.cell} was accepted in {self._attempts} attempts: {', '.join(said_no)}"

    def _count(self, generator: str, more: GeneratorYield) -> None:
        self.yields[generator] = self.yields.get(generator, GeneratorYield()) + more


def _names(generators: Sequence[Generator]) -> list[str]:
    return list(dict.fromkeys(generator.name for generator in generators))


def _total(yields: Iterable[GeneratorYield | None]) -> GeneratorYield:
    return sum((each for each in yields if each is not None), GeneratorYield())


async def _all(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Wait for all; the first error ends the others and is raised as it is, not in a group."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors
