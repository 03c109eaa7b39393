"""Patience with an endpoint: what to send again, when, and how often."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.ports import ChatModel
from astral.errors import ProviderError, Trouble

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
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 30.0


class RetryingModel:
    """A chat model that is asked again after a failure that may pass."""

    def __init__(
        self,
        model: ChatModel,
        *,
        seconds: float = 120.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        lost: Callable[[ChatRequest], None] = lambda _: None,
    ) -> None:
        """Wrap a model.

        Args:
            model: The model that is asked.
            seconds: The most that is spent on waiting between the attempts of one request.
            sleep: How to wait.
            lost: Hears at once of each sending whose answer was lost on the way: it may have been billed.
        """
        self.name = model.name
        self._model, self._seconds, self._sleep, self._lost = model, seconds, sleep, lost

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer, after as many attempts as it takes and is allowed; the usage is that of the one that was answered.

        Raises:
            ProviderError: The last attempt's.
        """
        waited = 0.0
        failures: Counter[Trouble] = Counter()
        while True:
            try:
                return await self._model.chat(request)
            except ProviderError as error:
                failures[error.trouble] += 1
                if not error.is_unbilled:
                    self._lost(request)
                pause = _pause_seconds(failures.total(), error)
                if not error.retryable or _is_given_up(failures, error.trouble) or waited + pause > self._seconds:
                    raise
            await self._sleep(pause)
            waited += pause

    async def close(self) -> None:
        """Give connections back."""
        await self._model.close()


def _pause_seconds(failed: int, error: ProviderError) -> float:
    """Exponential with jitter, and never shorter than the endpoint asked for.

    Args:
        failed: Attempts of this request so far.
        error: The last one's.
    """
    backoff = min(_FIRST_PAUSE_SECONDS * 2 ** (failed - 1), _LONGEST_PAUSE_SECONDS)
    # Jitter, or else all who failed together would come back together.
    return max(backoff + random.random(), error.retry_after_seconds or 0.0)


def _is_given_up(failures: Counter[Trouble], last: Trouble) -> bool:
    return failures[last] >= ATTEMPTS.get(last, 1) or failures.total() >= MOST_ATTEMPTS
