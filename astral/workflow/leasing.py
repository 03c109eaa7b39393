"""Leases: written tests that a worker takes to their verdicts, within what it was lent of the budget.

The worker writes answers and verdicts into the record that all share, before it tells of them. So a lease that is lost
costs the calls that were in flight: whoever gets its tests next finds in the record what was done.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from pydantic import Field

from astral.domain.base import Noun
from astral.domain.records import Failure, Stage
from astral.domain.run import TestRecord
from astral.errors import BudgetExceededError, EndpointDownError, StageError
from astral.execute import Budget, Lender, Loan
from astral.record import Recorder, Store
from astral.workflow.journal import BROKEN
from astral.workflow.pricing import Prices, dollars_of

TESTS_A_LEASE: Final = 16
"""Few enough that a worker which joins gets some at once, many enough that handing them out costs little."""
SUSPECT, LIVES = 2, 4
"""A test that so many workers were lost with gets leases of its own, and fails when that number of them is reached."""


class Lease(Noun):
    """Tests that are handed to a worker."""

    tests: tuple[TestRecord, ...]
    tokens: int | None
    """What their calls may cost; None without a limit, here and below."""
    dollars: float | None
    minutes: float | None
    """Time that the run has left."""
    sharers: int = Field(ge=1)
    """Workers that ask the same endpoints."""
    is_again: bool
    """A worker was lost with them: what it did is in the record."""


class Worked(Noun):
    """What became of a lease."""

    tests: tuple[TestRecord, ...]
    """Those that ended, all in the record."""
    tokens: int
    dollars: float
    stopped: str = ""
    """Why the others did not; empty where none is left."""
    is_down: bool = False
    """Because an endpoint has not answered for too long; else the budget was too small, or the time over."""
    notes: tuple[str, ...] = ()
    """What whoever watches the run should hear."""


class WorkerLostError(StageError):
    """A worker was lost in the midst of a lease."""


class LeaseTakers(Protocol):
    """Workers, wherever they are."""

    @property
    def workers(self) -> int:
        """How many they are now, at least 1."""
        ...

    @property
    def places(self) -> int:
        """Leases that they can work on at a time."""
        ...

    async def free(self) -> None:
        """Wait until one of them can take a lease."""
        ...

    async def work(self, lease: Lease) -> Worked:
        """Have the least busy one work on a lease.

        Raises:
            WorkerLostError: It is gone.
        """
        ...


class Leases:
    """Hands out leases, and sees to it that each test ends."""

    def __init__(
        self,
        takers: LeaseTakers,
        *,
        store: Store,
        recorder: Recorder,
        run_id: str,
        budget: Budget,
        prices: Prices,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Begin with nothing handed out.

        Args:
            takers: Work on the leases.
            store: Where they record.
            recorder: Records tests that take workers down.
            run_id: The run.
            budget: Lent to the workers in parts.
            prices: Of the run's models, by role.
            note: Is told what workers have to say.
        """
        self._takers, self._store, self._recorder, self._run_id = takers, store, recorder, run_id
        self._budget, self._prices, self._note = budget, prices, note
        self._lender = Lender(budget)
        self._losses: Counter[int] = Counter()
        self._noted: set[str] = set()

    @property
    def workers(self) -> int:
        """How many there are now."""
        return self._takers.workers

    async def free(self) -> None:
        """Wait until a lease would be worked on at once."""
        await self._takers.free()

    async def work(self, tests: Sequence[TestRecord], ended: Callable[[TestRecord], None]) -> None:
        """Have tests taken to their ends.

        Args:
            tests: Written, and not ended.
            ended: Is told of each.

        Raises:
            StoppedError: The budget is spent, the time over, or an endpoint down; some did not end.
        """
        waiting = {test.draw.number: test for test in tests}
        needs_whole = False
        while waiting:
            some = self._next(list(waiting.values()))
            async with self._lender.loan(share=1 / (self._takers.places + 1), is_whole=needs_whole) as loan:
                try:
                    worked = await self._takers.work(self._lease(some, loan))
                except WorkerLostError as error:
                    self._settle_lost(loan)
                    known = await self._lost(some, error)
                    worked = Worked(tests=tuple(each for each in known if each.is_finished), tokens=0, dollars=0)
                    waiting |= {test.draw.number: test for test in known}
                else:
                    loan.settle(worked.tokens, worked.dollars)
            for test in worked.tests:
                del waiting[test.draw.number]
                ended(test)
            for each in set(worked.notes) - self._noted:
                self._noted.add(each)
                self._note(each)
            if worked.stopped:
                self._check(worked, was_whole=needs_whole)
                needs_whole = True

    def _next(self, tests: Sequence[TestRecord]) -> Sequence[TestRecord]:
        """All of them; one alone that two workers were lost with, so that it takes no others down."""
        return next(([test] for test in tests if self._losses[test.draw.number] >= SUSPECT), tests)

    def _lease(self, tests: Sequence[TestRecord], loan: Loan) -> Lease:
        seconds = self._budget.seconds_left
        return Lease(
            tests=tuple(tests),
            tokens=loan.tokens,
            dollars=loan.dollars,
            minutes=None if seconds is None else seconds / 60,
            sharers=self._takers.workers,
            is_again=any(self._losses[test.draw.number] for test in tests),
        )

    def _check(self, worked: Worked, *, was_whole: bool) -> None:
        """Raise what ends the run; a loan that was too small does not, as long as it was not all that is left."""
        if worked.is_down:
            raise EndpointDownError(worked.stopped)
        if self._budget.seconds_left == 0:
            raise self._budget.time_is_over()
        if was_whole:
            raise BudgetExceededError(worked.stopped)

    def _settle_lost(self, loan: Loan) -> None:
        """Count for a lost lease what the record has of calls that no worker has told of: other leases' among them."""
        told = [self._store.usage(self._run_id)]
        told += [{call.role: call.usage} for call, _ in self._store.unanswered(self._run_id, broken=BROKEN)]
        tokens = sum(usage.tokens for used in told for usage in used.values()) - self._budget.spent_tokens
        dollars = sum(dollars_of(used, self._prices) for used in told) - self._budget.spent_dollars
        lent_tokens = tokens if loan.tokens is None else loan.tokens
        lent_dollars = dollars if loan.dollars is None else loan.dollars
        loan.settle(max(0, min(tokens, lent_tokens)), max(0.0, min(dollars, lent_dollars)))

    async def _lost(self, tests: Sequence[TestRecord], error: WorkerLostError) -> list[TestRecord]:
        """The tests of a lost lease as the record has them; one that was lost with too many workers fails."""
        numbers = {test.draw.number for test in tests}
        known = list(self._store.tests(self._run_id, sorted(numbers)))
        for place, test in enumerate(known):
            if test.is_finished:
                continue
            number = test.draw.number
            self._losses[number] += 1
            if self._losses[number] == LIVES:
                failure = Failure(
                    number=number,
                    stage=Stage.JUDGE if test.transcript else Stage.EXECUTE,
                    error=type(error).__name__,
                    message=f"{LIVES} workers were lost over it, the last one so: {error}",
                    case_id=test.case.id if test.case else "",
                )
                await self._recorder.write(failure)
                known[place] = test.model_copy(update={"failure": failure})
        return known
