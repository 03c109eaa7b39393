"""The budget: cases, tokens, money and minutes that a run may use, never exceeded whatever is in flight."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from math import ceil

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.ports import ChatModel
from astral.domain.price import FREE, Price
from astral.domain.records import Usage
from astral.errors import BudgetExceededError, ProviderError

_PER_DOLLAR = 10**12
"""Money is counted in whole millionths of a millionth of a dollar, so that no sum of many small costs drifts."""


class Budget:
    """What may be spent, what was spent, and what calls in flight may still cost.

    Tokens and money are reserved before a call is sent, at the most that it can cost, and settled when it is back: so
    hundreds of calls in flight together stay within the limits too. For one event loop; not for several threads.
    """

    def __init__(
        self,
        *,
        max_cases: int | None = None,
        max_tokens: int | None = None,
        max_dollars: float | None = None,
        max_minutes: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        spent_cases: int = 0,
        spent_tokens: int = 0,
        spent_dollars: float = 0.0,
        told: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Start the clock.

        Args:
            max_cases: Test cases of the whole run; None sets no limit, here and below.
            max_tokens: Tokens of all calls of the whole run.
            max_dollars: US dollars of all calls of the whole run.
            max_minutes: Minutes from now.
            clock: Seconds, from any start; never goes back.
            spent_cases: Cases that the run used before it was resumed.
            spent_tokens: Tokens likewise.
            spent_dollars: Money likewise.
            told: Hears the dollars that are spent, whenever a call is back.
        """
        self.max_cases, self.max_tokens = max_cases, max_tokens
        self.max_dollars, self.max_minutes = max_dollars, max_minutes
        self.spent_cases, self.spent_tokens = spent_cases, spent_tokens
        self.reserved_tokens = 0
        self._spent_money, self._reserved_money = _money(spent_dollars), 0
        self._max_money = None if max_dollars is None else int(max_dollars * _PER_DOLLAR)
        self._clock, self._told = clock, told
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
    def dollars_left(self) -> float | None:
        """Money that is neither spent nor reserved; None without a limit."""
        if self._max_money is None:
            return None
        return max(0, self._max_money - self._spent_money - self._reserved_money) / _PER_DOLLAR

    @property
    def spent_dollars(self) -> float:
        """What the calls cost that are back."""
        return self._spent_money / _PER_DOLLAR

    @property
    def reserved_dollars(self) -> float:
        """What calls in flight may still cost."""
        return self._reserved_money / _PER_DOLLAR

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

    def reserve(self, tokens: int, dollars: float = 0.0) -> "Reservation":
        """Set tokens and money aside for a call.

        Args:
            tokens: The most that the call can cost, at least 0.
            dollars: Likewise.

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
        money = _money(dollars)
        if self._max_money is not None and money > self._max_money - self._spent_money - self._reserved_money:
            raise BudgetExceededError(
                f"The budget of ${self.max_dollars:,.2f} does not hold the next call: ${self.spent_dollars:,.4f} are "
                f"spent, ${self.reserved_dollars:,.4f} in flight, and it may cost ${dollars:,.4f}. "
                "`--max-dollars` raises it."
            )
        return self.owe(tokens, dollars)

    def owe(self, tokens: int, dollars: float = 0.0) -> "Reservation":
        """Set aside what a call may cost that was sent already, by an earlier process, whatever is left."""
        self.reserved_tokens += tokens
        self._reserved_money += _money(dollars)
        return Reservation(self, tokens, _money(dollars))

    def close(self, reservation: "Reservation", *, tokens: int, money: int) -> None:
        """Put what was spent in place of what was reserved."""
        self.reserved_tokens -= reservation.tokens
        self._reserved_money -= reservation.money
        self.spent_tokens += tokens
        self._spent_money += money
        self._told(self.spent_dollars)

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
    """What is set aside for one call, until it is settled or cancelled; only the first of these counts."""

    def __init__(self, budget: Budget, tokens: int, money: int = 0) -> None:
        self.tokens, self.money = tokens, money
        self._budget = budget
        self._is_open = True

    def settle(self, actual: int, dollars: float = 0.0) -> None:
        """Turn it into what the call cost. A report of no tokens is none: then all that was reserved is spent."""
        if actual:
            self._close(actual, _money(dollars))
        else:
            self._close(self.tokens, self.money)

    def cancel(self) -> None:
        """Give it back: the call cost nothing."""
        self._close(0, 0)

    def _close(self, tokens: int, money: int) -> None:
        if self._is_open:
            self._is_open = False
            self._budget.close(self, tokens=tokens, money=money)


class MeteredModel:
    """A chat model within a budget: no call is sent that the budget does not hold; each attempt is one of its own."""

    def __init__(self, model: ChatModel, budget: Budget, price: Price = FREE) -> None:
        self.name = model.name
        self._model, self._budget, self._price = model, budget, price

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        Raises:
            BudgetExceededError: The call was not sent.
            ProviderError: No answer came.
        """
        most = usage_at_most(request)
        reservation = self._budget.reserve(most.tokens, self._price.dollars(most))
        return await settled(lambda: self._model.chat(request), reservation, self._price, most)

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()


async def settled(
    call: Callable[[], Awaitable[ChatReply]], reservation: "Reservation", price: Price, most: Usage
) -> ChatReply:
    """Make a call, and settle what was reserved for it.

    A call that broke off, for whatever reason, may have been billed: it is counted at the most that it can cost, unless
    the endpoint turned it away. So is an answer that does not say what it cost; its usage then says so too.
    """
    spent = Usage()
    try:
        reply = await call()
        spent = _reported(reply)
        if not spent.tokens:
            reply = reply.model_copy(update={"usage": most})
    except ProviderError as error:
        if error.is_unbilled:
            reservation.cancel()
        raise
    finally:
        reservation.settle(spent.tokens, price.dollars(spent))
    return reply


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
        left = self._budget.seconds_left
        if left is None:
            return await self._model.chat(request)
        timer = asyncio.timeout(left)
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


def usage_at_most(request: ChatRequest) -> Usage:
    """The most that one sending can cost."""
    return Usage(prompt_tokens=request.tokens_at_most - request.max_tokens, completion_tokens=request.max_tokens)


def _reported(reply: ChatReply) -> Usage:
    """What the endpoint says that the call cost; nothing where its report cannot be whole."""
    is_whole = reply.usage.prompt_tokens > 0 and (reply.usage.completion_tokens > 0 or not reply.text)
    return reply.usage if is_whole else Usage()


def _money(dollars: float) -> int:
    return ceil(dollars * _PER_DOLLAR)
