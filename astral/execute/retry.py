"""Patience with an endpoint: what to send again, when, and how often."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.ports import ChatModel
from astral.domain.records import Usage
from astral.errors import ProviderError, Trouble
from astral.execute.budget import usage_at_most

if TYPE_CHECKING:
    from tenacity import RetryCallState

MOST_ATTEMPTS = 8
"""Sendings of one request, whatever its troubles."""
ATTEMPTS: Mapping[Trouble, int] = MappingProxyType(
    {
        # Whoever is turned away has cost nothing, and is promised a place.
        Trouble.RATE_LIMIT: MOST_ATTEMPTS,
        Trouble.OVERLOAD: MOST_ATTEMPTS,
        Trouble.SERVER: 5,
        Trouble.CONNECTION: 5,
        # These may have been billed, and the first one takes minutes.
        Trouble.TIMEOUT: 3,
        Trouble.MALFORMED: 3,
    }
)
"""Failures of one request after which it is given up, by their class."""


class RetryingModel:
    """A chat model that is asked again after a failure that may pass."""

    def __init__(
        self, model: ChatModel, *, seconds: float = 120.0, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Wrap a model.

        Args:
            model: The model that is asked.
            seconds: The most that is spent on waiting between the attempts of one request.
            sleep: How to wait.
        """
        self.name = model.name
        self._model, self._seconds, self._sleep = model, seconds, sleep

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer, after as many attempts as it takes and is allowed.

        An attempt whose answer was lost on the way may have been billed, and nobody says how much: the usage counts it
        at its upper bound.

        Raises:
            ProviderError: The last attempt's.
        """
        from tenacity import AsyncRetrying, retry_if_exception
        from tenacity.wait import wait_exponential_jitter

        lost = 0
        jitter = wait_exponential_jitter(multiplier=0.5, max=30, jitter=1)
        failures: Counter[Trouble] = Counter()

        def wait_seconds(state: "RetryCallState") -> float:
            """Exponential with jitter, and never shorter than the endpoint asked for."""
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after_seconds if isinstance(error, ProviderError) else None
            return max(jitter(state), asked or 0.0)

        def is_enough(state: "RetryCallState") -> bool:
            error = state.outcome.exception() if state.outcome else None
            is_over = state.idle_for + state.upcoming_sleep > self._seconds
            return is_over or not isinstance(error, ProviderError) or _is_given_up(failures, error.trouble)

        retrying = AsyncRetrying(
            retry=retry_if_exception(_may_pass), stop=is_enough, wait=wait_seconds, sleep=self._sleep, reraise=True
        )
        try:
            async for attempt in retrying:
                with attempt:
                    try:
                        reply = await self._model.chat(request)
                    except ProviderError as error:
                        failures[error.trouble] += 1
                        lost += not error.is_unbilled
                        raise
                    return _with_lost(reply, request, lost)
        except ProviderError as error:
            if lost and error.is_unbilled:
                raise _billed(error) from error
            raise
        raise AssertionError("tenacity either returns or raises")

    async def close(self) -> None:
        """Give connections back."""
        await self._model.close()


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, ProviderError) and error.retryable


def _is_given_up(failures: Counter[Trouble], last: Trouble) -> bool:
    return failures[last] >= ATTEMPTS.get(last, 1) or failures.total() >= MOST_ATTEMPTS


def _with_lost(reply: ChatReply, request: ChatRequest, lost: int) -> ChatReply:
    if not lost:
        return reply
    most = usage_at_most(request)
    usage = Usage(
        prompt_tokens=reply.usage.prompt_tokens + lost * most.prompt_tokens,
        completion_tokens=reply.usage.completion_tokens + lost * most.completion_tokens,
    )
    return reply.model_copy(update={"usage": usage})


def _billed(error: ProviderError) -> ProviderError:
    return ProviderError(
        str(error), retryable=error.retryable, retry_after_seconds=error.retry_after_seconds, trouble=error.trouble
    )
