"""Patience with an endpoint: what to try again, when, and how often."""

import asyncio
from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_exponential_jitter

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.ports import ChatModel
from astral.domain.records import Usage
from astral.errors import ProviderError


class RetryingModel:
    """A chat model that is asked again after a failure that may pass."""

    def __init__(
        self,
        model: ChatModel,
        *,
        attempts: int = 5,
        seconds: float = 120.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Wrap a model.

        Args:
            model: The model that is asked.
            attempts: The most sendings of one request.
            seconds: No attempt starts later than this after the first one.
            sleep: How to wait.
        """
        self.name = model.name
        self._model = model
        self._attempts, self._seconds, self._sleep = attempts, seconds, sleep

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer, after as many attempts as it takes and is allowed.

        An attempt whose answer was lost on the way may have been billed, and nobody says how much: the usage counts it
        at its upper bound.

        Raises:
            ProviderError: The last attempt's.
        """
        lost = 0
        retrying = AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_attempt(self._attempts) | stop_before_delay(self._seconds),
            wait=_wait_seconds,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    try:
                        reply = await self._model.chat(request)
                    except ProviderError as error:
                        lost += not error.is_unbilled
                        raise
                    return _with_lost(reply, lost * request.tokens_at_most)
        except ProviderError as error:
            if lost and error.is_unbilled:
                raise _billed(error) from error
            raise
        raise AssertionError("tenacity either returns or raises")

    async def close(self) -> None:
        """Give connections back."""
        await self._model.close()


_jitter = wait_exponential_jitter(multiplier=0.5, max=30, jitter=1)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, ProviderError) and error.retryable


def _wait_seconds(state: RetryCallState) -> float:
    """Exponential with jitter, and never shorter than the endpoint asked for."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after_seconds if isinstance(error, ProviderError) else None
    return max(_jitter(state), asked or 0.0)


def _with_lost(reply: ChatReply, tokens: int) -> ChatReply:
    if not tokens:
        return reply
    usage = Usage(prompt_tokens=reply.usage.prompt_tokens + tokens, completion_tokens=reply.usage.completion_tokens)
    return reply.model_copy(update={"usage": usage})


def _billed(error: ProviderError) -> ProviderError:
    return ProviderError(str(error), retryable=error.retryable, retry_after_seconds=error.retry_after_seconds)
