"""The budget: cases, tokens and minutes that a run may use, never exceeded whatever is in flight."""

import asyncio
import time
from collections.abc import Callable

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.ports import ChatModel
from astral.errors import BudgetExceededError, ProviderError


class Budget:
    """What may be spent, what was spent, and what calls in flight may still cost.

    Tokens are reserved before a call is sent, at the most that it can cost, and settled when it is back: so hundreds of
    calls in flight together stay within the limit too. For one event loop; not for several threads.
    """

    def __init__(
        self,
        *,
        max_cases: int | None = None,
        max_tokens: int | None = None,
        max_minutes: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        spent_cases: int = 0,
        spent_tokens: int = 0,
    ) -> None:
        """Start the clock.

        Args:
            max_cases: Test cases of the whole run; None sets no limit, here and below.
            max_tokens: Tokens of all calls of the whole run.
            max_minutes: Minutes from now.
            clock: Seconds, from any start; never goes back.
            spent_cases: Cases that the run used before it was resumed.
            spent_tokens: Tokens likewise.
        """
        self.max_cases, self.max_tokens = max_cases, max_tokens
        self.max_minutes = max_minutes
        self.spent_cases, self.spent_tokens = spent_cases, spent_tokens
        self.reserved_tokens = 0
        self._clock = clock
        self._deadline = None if max_minutes is None else clock() + 60 * max_minutes

    @property
    def cases_left(self) -> int | None:
        """Cases that may still be started; None without a limit."""
        return None if self.max_cases is None else max(0, self.max_cases - self.spent_cases)

    @property
    def tokens_left(self) -> int | None:
        """Tokens that are neither spent nor reserved; None without a limit."""
        return None if self.max_tokens is None else max(0, self.max_tokens - self.spent_tokens - self.reserved_tokens)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the deadline, at least 0; None without one."""
        return None if self._deadline is None else max(0.0, self._deadline - self._clock())

    def spend_cases(self, count: int) -> None:
        """Count test cases that are about to be started.

        Raises:
            BudgetExceededError: So many are not left, or the time is over.
        """
        self._check_time()
        if self.cases_left is not None and count > self.cases_left:
            raise BudgetExceededError(f"The budget of {self.max_cases} cases is spent. `--max-cases` raises it.")
        self.spent_cases += count

    def reserve(self, tokens: int) -> "Reservation":
        """Set tokens aside for a call.

        Args:
            tokens: The most that the call can cost, at least 0.

        Raises:
            BudgetExceededError: So many are not left, or the time is over: the call must not be sent.
        """
        self._check_time()
        left = self.tokens_left
        if left is not None and tokens > left:
            raise BudgetExceededError(
                f"The budget of {self.max_tokens:,} tokens does not hold the next call: {self.spent_tokens:,} are "
                f"spent, {self.reserved_tokens:,} in flight, and it may cost {tokens:,}. `--max-tokens` raises it."
            )
        self.reserved_tokens += tokens
        return Reservation(self, tokens)

    async def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the deadline."""
        left = self.seconds_left
        await asyncio.sleep(seconds if left is None else min(seconds, left))

    def time_is_over(self) -> BudgetExceededError:
        """The error that ends a run at its deadline."""
        return BudgetExceededError(f"The budget of {self.max_minutes:g} minutes is spent. `--max-minutes` raises it.")

    def _check_time(self) -> None:
        if self.seconds_left == 0:
            raise self.time_is_over()


class Reservation:
    """Tokens that are set aside for one call, until it is settled or cancelled; only the first of these counts."""

    def __init__(self, budget: Budget, tokens: int) -> None:
        self.tokens = tokens
        self._budget = budget
        self._is_open = True

    def settle(self, actual: int) -> None:
        """Turn it into what the call cost. A report of no tokens is none: then all that was reserved is spent."""
        self._close(actual or self.tokens)

    def cancel(self) -> None:
        """Give it back: the call cost nothing."""
        self._close(0)

    def _close(self, spent: int) -> None:
        if self._is_open:
            self._is_open = False
            self._budget.reserved_tokens -= self.tokens
            self._budget.spent_tokens += spent


class MeteredModel:
    """A chat model within a budget: no call is sent that the budget does not hold; each attempt is one of its own."""

    def __init__(self, model: ChatModel, budget: Budget) -> None:
        self.name = model.name
        self._model, self._budget = model, budget

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        A call that broke off, for whatever reason, may have been billed: it is counted at the most that it can cost,
        unless the endpoint turned it away.

        Raises:
            BudgetExceededError: The call was not sent.
            ProviderError: No answer came.
        """
        reservation = self._budget.reserve(request.tokens_at_most)
        spent = reservation.tokens
        try:
            reply = await self._model.chat(request)
            spent = _reported_tokens(reply)
        except ProviderError as error:
            if error.is_unbilled:
                reservation.cancel()
            raise
        finally:
            reservation.settle(spent)
        return reply

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()


class TimedModel:
    """A chat model whose calls, with all that they wait for, end at the budget's deadline."""

    def __init__(self, model: ChatModel, budget: Budget) -> None:
        self.name = model.name
        self._model, self._budget = model, budget

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        Raises:
            BudgetExceededError: The call was broken off at the deadline.
            ProviderError: No answer came.
        """
        timer = asyncio.timeout(self._budget.seconds_left)
        try:
            async with timer:
                return await self._model.chat(request)
        except TimeoutError:
            if timer.expired():
                raise self._budget.time_is_over() from None
            raise

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()


def _reported_tokens(reply: ChatReply) -> int:
    """What the endpoint says that the call cost; 0 where its report cannot be whole."""
    is_whole = reply.usage.prompt_tokens > 0 and (reply.usage.completion_tokens > 0 or not reply.text)
    return reply.usage.tokens if is_whole else 0
