"""A budget that is lent out in parts, to work that goes on elsewhere: together the parts never exceed it."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

from astral.errors import BudgetExceededError
from astral.execute.budget import Budget, Reservation


class Loan:
    """A part of what was left, set aside until it is told what was spent of it."""

    def __init__(self, tokens: int | None, dollars: float | None, reservation: Reservation) -> None:
        self.tokens, self.dollars = tokens, dollars
        """The most that may be spent; None without a limit."""
        self._reservation = reservation

    def settle(self, tokens: int, dollars: float) -> None:
        """Count what was spent, and give the rest back.

        Args:
            tokens: Of all calls.
            dollars: Likewise.
        """
        if tokens or dollars:
            self._reservation.settle(tokens, dollars)
        else:
            self._reservation.cancel()

    def spend(self) -> None:
        """Count all of it as spent, unless it was settled."""
        self._reservation.settle(0)


class Lender:
    """Lends out what is left of a budget. For one event loop."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._out = self._whole = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def loan(
        self,
        *,
        share: float = 1.0,
        most_tokens: int | None = None,
        most_dollars: float | None = None,
        is_whole: bool = False,
    ) -> AsyncGenerator[Loan]:
        """Lend a part of what is left. When the block ends it is back; unless it was settled, all of it was spent.

        Args:
            share: Of what is left, above 0 and at most 1.
            most_tokens: No more than these are wanted; None without an end, here and below.
            most_dollars: Likewise.
            is_whole: Wait until all loans are back, and lend all that is left: who cannot do with that cannot be
                helped, and the budget is spent.
        """
        self._whole += is_whole
        try:
            async with self._changed:
                await self._changed.wait_for(lambda: self._out == 0 if is_whole else self._whole == 0)
                loan = self._lent() if is_whole else self._lent(share, most_tokens, most_dollars)
                self._out += 1
            try:
                yield loan
            finally:
                loan.spend()
                self._out -= 1
        finally:
            self._whole -= is_whole
            async with self._changed:
                self._changed.notify_all()

    def _lent(self, share: float = 1.0, most_tokens: int | None = None, most_dollars: float | None = None) -> Loan:
        tokens, dollars = self._budget.tokens_left, self._budget.dollars_left
        if tokens is not None:
            tokens = int(min(tokens * share, tokens if most_tokens is None else most_tokens))
        if dollars is not None:
            dollars = min(dollars * share, dollars if most_dollars is None else most_dollars)
        return Loan(tokens, dollars, self._budget.owe(tokens or 0, dollars or 0.0))


class LentBudget(Budget):
    """Stands for the budget that was lent to whoever asks.

    Pieces of work that go on at the same time share their models; so each spends its own loan.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lent: ContextVar[Budget] = ContextVar("lent")

    @contextmanager
    def spending(self, lent: Budget) -> Generator[None]:
        """What is begun in the block spends this budget."""
        token = self._lent.set(lent)
        try:
            yield
        finally:
            self._lent.reset(token)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the deadline, at least 0; None without one."""
        return self._lent.get().seconds_left

    def reserve(self, tokens: int, dollars: float = 0.0) -> Reservation:
        """Set tokens and money aside for a call.

        Raises:
            BudgetExceededError: So many were not lent, or the time is over: the call must not be sent.
        """
        return self._lent.get().reserve(tokens, dollars)

    async def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the deadline."""
        await self._lent.get().sleep(seconds)

    def time_is_over(self) -> BudgetExceededError:
        """The error that ends a run at its deadline."""
        return self._lent.get().time_is_over()
