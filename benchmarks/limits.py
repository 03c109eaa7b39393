"""How near the limiter comes to what an endpoint takes, and whether anything is lost where it goes wrong.

    python benchmarks/limits.py             # by a virtual clock: the limiter beside the same calls without it
    python benchmarks/limits.py --command   # the public command, 2,000 cases, at a stub server that states its capacity

Faults are 5 % HTTP 429 with Retry-After, 2 % HTTP 500, 1 % resets and 1 % malformed answers, drawn by seed; beyond its
capacity an endpoint answers 429 as well. Accepted and sent are calls a second in the middle of the run, as a share of
the capacity.
"""

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.ports import ChatModel
from astral.domain.records import Ending, Message
from astral.errors import ProviderError, Trouble
from astral.execute import LimitedModel, Limiter, RetryingModel
from astral.testing.accounts import FAULTS, TROUBLES, account_of
from astral.testing.answers import talk_or_vote
from astral.testing.clock import run_virtually
from astral.testing.faults import Capacity
from astral.testing.server import StubServer

WORKERS, LATENCY, SECONDS = 128, 0.2, 60


class Endpoint:
    """Takes so many calls a second, a second's worth at once, and turns the others away."""

    name = "endpoint"

    def __init__(self, per_second: float, *, has_faults: bool) -> None:
        self.sent: list[float] = []
        self.accepted: list[float] = []
        self.by_content: Counter[str] = Counter()
        self._capacity, self._has_faults = Capacity(per_second), has_faults
        self._dice = random.Random(per_second)

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer, or not."""
        now = asyncio.get_running_loop().time()
        self.sent.append(now)
        self.by_content[request.messages[0].content] += 1
        draw = self._dice.random()
        for fault, share in FAULTS.items() if self._has_faults else ():
            draw -= share
            if draw < 0:
                raise ProviderError(fault, retryable=True, trouble=TROUBLES[fault])
        if wait := self._capacity.seconds_until(now):
            raise ProviderError("429", retryable=True, retry_after_seconds=wait, trouble=Trouble.RATE_LIMIT)
        self.accepted.append(now)
        await asyncio.sleep(LATENCY)
        return ChatReply(text="yes", ending=Ending.ANSWERED, model="m")

    async def close(self) -> None:
        """Nothing."""


async def simulated(per_second: int, *, has_faults: bool, is_limited: bool) -> str:
    """A line of the first table."""
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
    accepted, sent = shares(endpoint.accepted, endpoint.sent, per_second)
    what = "limiter" if is_limited else "retries alone"
    most = max(endpoint.by_content.values())
    faults = "9 %" if has_faults else "none"
    return f"| {per_second} | {faults} | {what} | {accepted:.2f} | {sent:.2f} | {lost} | {most} |"


def shares(accepted: Sequence[float], sent: Sequence[float], per_second: float) -> list[float]:
    """Calls a second in the middle of a run, from three to nine tenths of it, as shares of the capacity."""
    start, end = (accepted[len(accepted) * part // 10] for part in (3, 9))
    return [
        sum(start <= moment < end for moment in moments) / (end - start) / per_second for moments in (accepted, sent)
    ]


def commanded(per_second: float, *, has_faults: bool, cases: int) -> str:
    """A line of the second table: the public command at a server."""
    stub = StubServer(
        capacity_per_second=per_second,
        latency_seconds=LATENCY,
        fault_shares=FAULTS if has_faults else {},
        seed=1,
        text=talk_or_vote(),
    )
    with stub, tempfile.TemporaryDirectory() as folder:
        asked = (
            f"generate --attacker compose --target openai:stub --judge openai:stub-judge --base-url {stub.openai_url} "
            f"--max-cases {cases} --concurrency {WORKERS} --twins 0 --runs {folder}"
        )
        done = subprocess.run(
            [sys.executable, "-m", "astral", *asked.split()],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        told = account_of(stub.log, Path(folder))
    if done.returncode not in {0, 1, 4}:
        sys.stderr.write(done.stderr)
    answered = [each for each in stub.log if each.body["model"] == "stub"]
    accepted, sent = shares(
        [each.moment for each in answered if each.fault is None], [each.moment for each in answered], per_second
    )
    faults = "9 %" if has_faults else "none"
    return (
        f"| {per_second:g} | {faults} | {accepted:.2f} | {sent:.2f} | {told.tests} | {told.lost} "
        f"| {told.unknown_answers} | {told.most_sendings} | {told.beyond_retries} |"
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", action="store_true", help="through the public command, by the real clock")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--capacity", type=float, nargs="+", default=[10, 25], help="calls a second of each model")
    told = parser.parse_args()
    random.seed(0)
    if told.command:
        say(
            "| capacity, calls a second | faults | accepted | sent | tests | lost | on broken answers "
            "| most sendings of a call | sent beyond retries |\n|---|---|---|---|---|---|---|---|---|"
        )
        for per_second in told.capacity:
            for has_faults in (False, True):
                say(commanded(per_second, has_faults=has_faults, cases=told.cases))
        return
    say(
        "| capacity, calls a second | faults | | accepted | sent | lost | most sendings of a call |\n"
        "|---|---|---|---|---|---|---|"
    )
    for per_second in (5, 20, 100, 400):
        for has_faults in (False, True):
            for is_limited in (True, False):
                say(run_virtually(simulated(per_second, has_faults=has_faults, is_limited=is_limited)))


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
