"""Write the test cases of a batch of draws, whatever it takes within the allowed attempts."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from astral.domain.base import Noun, content_id
from astral.domain.drafting import Ask, Draft, Drafted, DraftEnd, Drafting, GeneratorYield, rejections_of, yields_of
from astral.domain.ports import BatchGenerator, Generator
from astral.domain.records import Draw, Failure, Stage, TestCase
from astral.errors import NothingNewError, ScreeningError, StageError, StoppedError
from astral.generate.screening import DUPLICATE, Rejection, Screen
from astral.generate.wrapping import drafts_of

WORDINGS: Final = 4
"""Wordings of a draft that costs nothing, of which the newest is kept.

Of 100 composed English cases self-BLEU is 0.34 with three and 0.30 with four; published files have 0.21 to 0.32
(`benchmarks/case_diversity.py`).
"""


class Written(Noun):
    """A batch of draws, written."""

    results: tuple[TestCase | Failure, ...]
    """One a draw, in their order."""
    draftings: tuple[Drafting, ...] = ()
    """What each of them took, in the same order."""

    @property
    def yields(self) -> Mapping[str, GeneratorYield]:
        """By generator, of those that were asked."""
        return {each.generator: each for each in yields_of(self.draftings)}

    @property
    def rejections(self) -> Mapping[str, int]:
        """Drafts that were rejected, by gate."""
        return rejections_of(self.draftings)


async def generate_all(
    draws: Sequence[Draw],
    *,
    run_seed: int,
    generators: Sequence[Generator],
    screen: Screen,
    max_attempts: int = 4,
    wordings: int = 1,
    concurrency: int = 8,
    round_draws: Sequence[Draw] | None = None,
    advanced: Callable[[], None] = lambda: None,
) -> Written:
    """Write one test case a draw.

    What comes out depends on nothing but the arguments: neither on concurrency, nor on how draws are cut into
    batches, nor on how often a run was interrupted, provided that the screen remembers the cases that were kept.
    With a first generator that answers several asks at once this holds for batches of one `round_draws`: which draws
    share a call follows from the whole round, also where some of them have their cases already.

    Args:
        draws: What the planner handed out.
        run_seed: Seed of the run.
        generators: Tried in this order: the attempts are divided among them, the first ones to the first generator.
            One that refuses a draw, or has nothing to write it from, leaves its other attempts to the next.
        screen: Gates and memory; it remembers what is accepted here.
        max_attempts: Drafts that one draw may cost; never less than one for each generator.
        wordings: Each draft is written so many times, and the one whose wording was used least in what was
            accepted is kept; for generators and screens that ask no model. With more than one, what a screen remembers
            has to be of earlier draws alone.
        concurrency: Drafts, or calls for several drafts, that are written at the same time.
        round_draws: All draws that were handed out together with these; by default just these.
        advanced: Is called once a draw, when its first draft is there that passes the gates by itself, or none will be.

    Returns:
        A TestCase for each draw, or a Failure of the error `ScreeningError` that counts the gates which said no
        (`NothingNewError` where every draft was a repeat), or, where no attempt gave any draft, of the last generator's
        error.
    """
    slots = asyncio.Semaphore(concurrency)
    max_attempts = max(max_attempts, len(generators))
    desks = [_Desk(draw, run_seed, generators, screen, max_attempts=max_attempts, wordings=wordings) for draw in draws]
    by_number = {desk.draw.number: desk for desk in desks}
    groups = _groups(round_draws or draws, generators[0], run_seed)
    starts = [
        _start(group, generators[0], by_number, slots, advanced) for group in groups if by_number.keys() & group.keys()
    ]
    open_desks = desks
    while open_desks:
        await _all(starts or [desk.fill(slots) for desk in open_desks])
        starts.clear()
        if drafts := [desk.draft for desk in open_desks if desk.draft is not None and not desk.others]:
            await asyncio.to_thread(screen.prepare, drafts)
            await _all(_read(draft, screen, slots) for draft in drafts)
        open_desks = _settle(open_desks, screen)
    return Written(
        results=tuple(desk.result() for desk in desks),
        draftings=tuple(Drafting(drafts=tuple(desk.drafts)) for desk in desks),
    )


def _groups(draws: Sequence[Draw], generator: Generator, run_seed: int) -> list[dict[int, Ask]]:
    """First asks that share a call, by the numbers of their draws.

    Those in one language stand together, since a model then writes in fewer; controls are apart, so that the calls that
    tests took can be counted without them.
    """
    size = generator.batch_size if isinstance(generator, BatchGenerator) else 1
    kinds = ([draw for draw in draws if bool(draw.control) is is_control] for is_control in (False, True))
    by_language = (sorted(kind, key=lambda draw: draw.cell.get("language", "")) for kind in kinds)
    return [
        {draw.number: Ask(draw.cell, _seed_of(draw.seed(run_seed), 0)) for draw in kind[start : start + size]}
        for kind in by_language
        for start in range(0, len(kind), size)
    ]


async def _start(
    group: Mapping[int, Ask],
    generator: Generator,
    desks: Mapping[int, "_Desk"],
    slots: asyncio.Semaphore,
    advanced: Callable[[], None],
) -> None:
    """Ask for the first drafts of a group with one call, and for further ones where those cannot be used."""
    open_desks = [desks[number] for number in group if number in desks]
    if len(group) > 1 and isinstance(generator, BatchGenerator):
        async with slots:
            drafted = dict(zip(group, await generator.write(list(group.values())), strict=True))
        for desk in open_desks:
            desk.take(generator, [drafted[desk.draw.number]])

    async def fill(desk: _Desk) -> None:
        await desk.fill(slots)
        advanced()

    if len(open_desks) == 1:
        await fill(open_desks[0])
    else:
        await _all(fill(desk) for desk in open_desks)


async def _read(draft: TestCase, screen: Screen, slots: asyncio.Semaphore) -> None:
    async with slots:
        await screen.read(draft)


def _settle(desks: Sequence["_Desk"], screen: Screen) -> list["_Desk"]:
    """Accept drafts in draw order, and return the desks that are still open.

    A draft is accepted only when all draws before it are settled, so that the outcome is that of writing one draw
    after the other. A rejection is final at once: it rests on the draft itself and on accepted ones, and those stay.
    """
    still_open: list[_Desk] = []
    for desk in desks:
        if not still_open:
            desk.choose()
        if desk.draft is not None and not desk.others and (rejection := screen.late_objection(desk.draft)):
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
        self,
        draw: Draw,
        run_seed: int,
        generators: Sequence[Generator],
        screen: Screen,
        *,
        max_attempts: int,
        wordings: int,
    ) -> None:
        self.draw = draw
        self._seed = draw.seed(run_seed)
        self._generators = generators
        self._screen = screen
        self._max_attempts = max_attempts
        self._wordings = wordings
        self._given_up = 0
        """Generators, from the first on, that are not asked again."""
        self._last_error: StageError | None = None
        self.draft: TestCase | None = None
        """Passed the gates that look at it by itself, or has other wordings; was not accepted yet."""
        self.others: list[TestCase] = []
        """The same draft in other words; no gate has looked at any of them yet."""
        self._case: TestCase | None = None
        self.drafts: list[Draft] = []

    @property
    def is_spent(self) -> bool:
        return len(self.drafts) >= self._max_attempts or self._given_up == len(self._generators)

    async def fill(self, slots: asyncio.Semaphore) -> None:
        """Have a draft that passes the gates which look at it by itself, unless the attempts end first."""
        while self.draft is None and not self.is_spent:
            share = len(self.drafts) * len(self._generators) // self._max_attempts
            generator = self._generators[max(share, self._given_up)]
            asks = [Ask(self.draw.cell, seed) for seed in self._seeds_of_draft()]
            async with slots:
                drafted = await drafts_of(generator, asks)
            self.take(generator, drafted)

    def take(self, generator: Generator, drafted: Sequence[Drafted]) -> None:
        """Note a draft, and what the gates say that look at it by itself; its wordings they see when one is chosen."""
        calls = sum(each.calls for each in drafted)
        error = drafted[0].result
        if isinstance(error, StageError):
            self._last_error = error
            end = DraftEnd.of(error)
            self._note(Draft(generator=generator.name, end=end, error=type(error).__name__, calls=calls))
            if end.is_final:
                self._given_up = self._generators.index(generator) + 1
            return
        # Accepted for now: a gate may still say no, which `reject` notes.
        self._note(Draft(generator=generator.name, end=DraftEnd.ACCEPTED, calls=calls))
        self.draft, *self.others = [
            _numbered(each.result, len(self.drafts)) for each in drafted if isinstance(each.result, TestCase)
        ]
        if not self.others and (rejection := self._screen.objection(self.draft)):
            self.reject(rejection)

    def choose(self) -> None:
        """Keep the wording that was used least in what was accepted, of those that pass the gates.

        All draws before this one are settled by then, so that what it is compared with is the same in any batch.
        """
        if self.draft is None or not self.others:
            return
        rejection: Rejection | None = None
        wordings = [self.draft, *self.others]
        worn = self._screen.familiarity(wordings)
        for _, each in sorted(zip(worn, wordings, strict=True), key=itemgetter(0)):
            rejection = self._screen.objection(each)
            if rejection is None:
                self.draft, self.others = each, []
                return
        if rejection is not None:
            self.reject(rejection)

    def reject(self, rejection: Rejection) -> None:
        last = self.drafts.pop()
        self._note(last.model_copy(update={"end": DraftEnd.REJECTED, "gate": rejection.gate}))
        self.draft, self.others = None, []

    def accept(self, draft: TestCase) -> None:
        self._case = draft

    def _seeds_of_draft(self) -> list[int]:
        """One for each wording of the next draft."""
        attempt = len(self.drafts)
        first = _seed_of(self._seed, attempt)
        return [first, *(_seed_of(first, wording) for wording in range(1, self._wordings))]

    def result(self) -> TestCase | Failure:
        if self._case is not None:
            return self._case
        error = self._last_error
        if error is None or any(draft.gate for draft in self.drafts):
            error = self._spent()
        number = self.draw.number
        return Failure(number=number, stage=Stage.GENERATE, error=type(error).__name__, message=str(error))

    def _spent(self) -> ScreeningError:
        rejections = Counter(draft.gate for draft in self.drafts if draft.gate)
        if rejections[DUPLICATE] == len(self.drafts):
            return NothingNewError(
                f"nothing new was left to say of {self.draw.cell}: each of {len(self.drafts)} drafts repeats a case."
            )
        said_no = [f"{gate} {count}×" for gate, count in sorted(rejections.items())]
        errors = len(self.drafts) - rejections.total()
        if errors:
            said_no.append(f"no draft {errors}× (last: {self._last_error})")
        return ScreeningError(
            f"no draft of {self.draw.cell} was accepted in {len(self.drafts)} attempts: {', '.join(said_no)}"
        )

    def _note(self, draft: Draft) -> None:
        self.drafts.append(draft)


def _numbered(draft: TestCase, number: int) -> TestCase:
    """The draft as the one of this number that its draw cost."""
    if draft.lineage.drafts == number:
        return draft
    return draft.model_copy(update={"lineage": draft.lineage.model_copy(update={"drafts": number})})


def _seed_of(test_seed: int, attempt: int) -> int:
    return int(content_id(test_seed, attempt), 16) >> 17


async def _all(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Wait for all; the first error ends the others and is raised as it is, not in a group.

    What stops the run, such as a spent budget, ends only whom it hits: calls that were paid for come to their
    end, and into the journal.
    """
    spent: list[StoppedError] = []

    async def within_budget(each: Coroutine[Any, Any, None]) -> None:
        try:
            await each
        except StoppedError as error:
            spent.append(error)

    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(within_budget(each))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    if spent:
        raise spent[0]
