"""How near the limiter comes to what an endpoint takes, beside the same calls and retries without it.

`python benchmarks/limits.py` simulates endpoints of a stated capacity by a virtual clock: 128 workers, 200 ms a call,
HTTP 429 with Retry-After beyond the capacity; with faults also 5 % 429, 2 % 500, 1 % resets and 1 % malformed answers.
Accepted and sent are calls a second in the middle of the run, as a share of the capacity.
"""

import asyncio
import random
import sys
from collections import Counter

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.ports import ChatModel
from astral.domain.records import Ending, Message
from astral.errors import ProviderError, Trouble
from astral.execute import LimitedModel, Limiter, RetryingModel
from astral.testing.clock import run_virtually

WORKERS, LATENCY, SECONDS = 128, 0.2, 60
FAULTS = ((0.05, Trouble.RATE_LIMIT), (0.02, Trouble.SERVER), (0.01, Trouble.CONNECTION), (0.01, Trouble.MALFORMED))


class Endpoint:
    """Takes so many calls a second, a second's worth at once, and turns the others away."""

    name = "endpoint"

    def __init__(self, per_second: float, *, has_faults: bool) -> None:
        self.sent: list[float] = []
        self.accepted: list[float] = []
        self.by_content: Counter[str] = Counter()
        self._per_second, self._has_faults = per_second, has_faults
        self._level, self._filled = per_second, 0.0
        self._dice = random.Random(per_second)

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer, or not."""
        now = asyncio.get_running_loop().time()
        self.sent.append(now)
        self.by_content[request.messages[0].content] += 1
        draw = self._dice.random()
        for share, trouble in FAULTS if self._has_faults else ():
            draw -= share
            if draw < 0:
                raise ProviderError(trouble, retryable=True, trouble=trouble)
        self._level = min(self._per_second, self._level + (now - self._filled) * self._per_second)
        self._filled = now
        if self._level < 1:
            wait = (1 - self._level) / self._per_second
            raise ProviderError("429", retryable=True, retry_after_seconds=wait, trouble=Trouble.RATE_LIMIT)
        self._level -= 1
        self.accepted.append(now)
        await asyncio.sleep(LATENCY)
        return ChatReply(text="yes", ending=Ending.ANSWERED, model="m")

    async def close(self) -> None:
        """Nothing."""


async def row(per_second: int, *, has_faults: bool, is_limited: bool) -> str:
    """One line of the table."""
    endpoint = Endpoint(per_second, has_faults=has_faults)
    sender: ChatModel = LimitedModel(endpoint, Limiter("x", concurrency=WORKERS)) if is_limited else endpoint
    model = RetryingModel(sender)
    numbers, lost = iter(range(SECONDS * per_second)), 0

    async def worker() -> None:
        nonlocal lost
        for number in numbers:
            try:
                await model.chat(ChatRequest(messages=(Message(role="user", content=str(number)),)))
            except ProviderError:
                lost += 1

    await asyncio.gather(*(worker() for _ in range(WORKERS)))
    start, end = (endpoint.accepted[len(endpoint.accepted) * part // 10] for part in (3, 9))
    accepted, sent = (
        sum(start <= moment < end for moment in moments) / (end - start) / per_second
        for moments in (endpoint.accepted, endpoint.sent)
    )
    what = "limiter" if is_limited else "retries alone"
    most = max(endpoint.by_content.values())
    faults = "9 %" if has_faults else "none"
    return f"| {per_second} | {faults} | {what} | {accepted:.2f} | {sent:.2f} | {lost} | {most} |"


def main() -> None:
    """Print the table."""
    random.seed(0)
    sys.stdout.write("| capacity, calls a second | faults | | accepted | sent | lost | most sendings of a call |\n")
    sys.stdout.write("|---|---|---|---|---|---|---|\n")
    for per_second in (5, 20, 100, 400):
        for has_faults in (False, True):
            for is_limited in (True, False):
                sys.stdout.write(run_virtually(row(per_second, has_faults=has_faults, is_limited=is_limited)) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
