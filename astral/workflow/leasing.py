"""What a run hands out to its workers, within what each is lent of the budget.

Written tests, by the lease, which a worker takes to their verdicts; and of what writes and screens cases the two parts
that take long, calls of the attacker's models and embeddings. The worker writes calls, answers and verdicts into the
record that all share, before it tells of them. So a lease that is lost costs the calls that were in flight: whoever
gets its tests next finds in the record what was done.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydantic import Field

from astral.domain.base import Noun
from astral.domain.chat import ChatReply, ChatRequest, ModelRole
from astral.domain.ports import Embeddings, TextKind
from astral.domain.records import Failure, Stage
from astral.domain.run import TestRecord
from astral.errors import BudgetExceededError, StageError, StoppedError
from astral.execute import Budget, Lender, Loan
from astral.execute.budget import usage_at_most
from astral.record import Recorder, Store
from astral.workflow.journal import BROKEN
from astral.workflow.pricing import Prices, dollars_of

TESTS_A_LEASE: Final = 16
"""Few enough that a worker which joins gets some at once, many enough that handing them out costs little."""
SUSPECT, LIVES = 2, 4
"""A test that so many workers were lost with gets leases of its own, and fails when that number of them is reached."""


class Terms(Noun):
    """On what terms a worker gets something to do."""

    tokens: int | None
    """What its calls may cost; None without a limit, here and below."""
    dollars: float | None
    minutes: float | None
    """Time that the run has left."""
    sharers: int = Field(ge=1)
    """Workers that ask the same endpoints."""
    is_again: bool
    """A worker was lost with it: what that one did is in the record."""


class Lease(Terms):
    """Tests that are handed to a worker."""

    tests: tuple[TestRecord, ...]


class Question(Terms):
    """A call of one of the attacker's models that is handed to a worker."""

    model: str
    """Its name in the settings."""
    request: ChatRequest


@dataclass(frozen=True)
class Worked:
    """What became of a lease."""

    tests: tuple[TestRecord, ...]
    """Those that ended, all in the record."""
    tokens: int
    dollars: float
    stopped: StoppedError | None = None
    """Why the others did not; None where none is left."""
    notes: tuple[str, ...] = ()
    """What whoever watches the run should hear."""


@dataclass(frozen=True)
class Answered:
    """What became of a question."""

    end: ChatReply | StageError | StoppedError
    """The reply, or why there is none."""
    tokens: int
    dollars: float
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

    async def answer(self, question: Question) -> Answered:
        """Have the one that is asked the least ask a model.

        Raises:
            WorkerLostError: It is gone.
        """
        ...

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        """Have all of them embed texts, from any thread.

        Raises:
            WorkerLostError: One is gone, or cannot embed.
        """
        ...


class Leases:
    """Hands out leases and questions, and sees to it that each comes to its end."""

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
            is_again = any(self._losses[test.draw.number] for test in some)
            async with self._lender.loan(share=1 / (self._takers.places + 1), is_whole=needs_whole) as loan:
                try:
                    lease = Lease(tests=tuple(some), **self._terms(loan, is_again=is_again))
                    worked = await self._takers.work(lease)
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
            self._tell(worked.notes)
            if worked.stopped:
                self._check_loan(worked.stopped, was_whole=needs_whole)
                needs_whole = True

    async def answer(self, model: str, request: ChatRequest) -> ChatReply:
        """Have a model of the attacker's asked.

        Args:
            model: Its name in the settings.
            request: The call.

        Raises:
            StageError: The model gave no answer, or too many workers were lost over it.
            StoppedError: The budget is spent, the time over, or the endpoint down.
        """
        most, losses, needs_whole = usage_at_most(request), 0, False
        dollars = dollars_of({ModelRole.ATTACKER: most}, self._prices)
        while True:
            loan_of = self._lender.loan(most_tokens=most.tokens, most_dollars=dollars, is_whole=needs_whole)
            async with loan_of as loan:
                terms = self._terms(loan, is_again=losses > 0)
                try:
                    answered = await self._takers.answer(Question(model=model, request=request, **terms))
                except WorkerLostError as error:
                    self._settle_lost(loan)
                    losses += 1
                    if losses == LIVES:
                        raise WorkerLostError(_lost_over(f"a call of {model}", error)) from error
                    continue
                loan.settle(answered.tokens, answered.dollars)
            self._tell(answered.notes)
            if isinstance(answered.end, ChatReply):
                return answered.end
            self._check_loan(answered.end, was_whole=needs_whole)
            needs_whole = True

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        """Have texts embedded, from any thread.

        Raises:
            WorkerLostError: One is gone, or cannot embed.
        """
        return self._takers.embed(texts, kind=kind)

    def _next(self, tests: Sequence[TestRecord]) -> Sequence[TestRecord]:
        """All of them; one alone that two workers were lost with, so that it takes no others down."""
        return next(([test] for test in tests if self._losses[test.draw.number] >= SUSPECT), tests)

    def _terms(self, loan: Loan, *, is_again: bool) -> dict[str, Any]:
        seconds = self._budget.seconds_left
        return {
            "tokens": loan.tokens,
            "dollars": loan.dollars,
            "minutes": None if seconds is None else seconds / 60,
            "sharers": self._takers.workers,
            "is_again": is_again,
        }

    def _tell(self, notes: Sequence[str]) -> None:
        """Pass on what workers have to say, each thing once."""
        for each in set(notes) - self._noted:
            self._noted.add(each)
            self._note(each)

    def _check_loan(self, error: StageError | StoppedError, *, was_whole: bool) -> None:
        """Raise what ends the work; a loan that was too small does not, as long as it was not all that is left."""
        if not isinstance(error, BudgetExceededError):
            raise error
        if self._budget.seconds_left == 0:
            raise self._budget.time_is_over()
        if was_whole:
            raise error

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
                    message=_lost_over("it", error),
                    case_id=test.case.id if test.case else "",
                )
                await self._recorder.write(failure)
                known[place] = test.model_copy(update={"failure": failure})
        return known


def _lost_over(what: str, error: WorkerLostError) -> str:
    return f"{LIVES} workers were lost over {what}, the last one so: {error}"
