"""The line with several rounds in flight: who waits for whom, and what is known when."""

import asyncio

from astral.record import Store
from astral.workflow.events import Silence
from astral.workflow.run import start
from tests.workflow.conftest import settings_for

ROUND, LAG = 32, 2
"""With two calls in flight: the least tests of a round, and the fewest rounds that are handed out ahead."""
HANG_SECONDS = 120.0
"""A line that waits for what will never come is ended by this, and the test is red."""


class Gate:
    """A target, and a listener: the first test that is asked waits until the gate is opened."""

    opened: asyncio.Event
    asked = 0

    @classmethod
    def new(cls) -> None:
        cls.opened, cls.asked = asyncio.Event(), 0


async def answer(request: str) -> str:
    """The target."""
    Gate.asked += 1
    if Gate.asked == 1:
        await Gate.opened.wait()
    return "I cannot help with that."


def judge(response: str) -> bool:
    """The oracle: nothing is unsafe."""
    return False


class Counting(Silence):
    """Opens the gate once so many tests are finished, and looks at the record then."""

    def __init__(self, runs, *, opens_after: int) -> None:
        self.finished_tests, self.drawn = 0, 0
        self._runs, self._opens_after = runs, opens_after

    def finished(self, result) -> None:
        self.finished_tests += 1
        if self.finished_tests == self._opens_after:
            with Store.open(f"sqlite:///{self._runs / 'astral.db'}") as store:
                self.drawn = len(store.draws(store.resolve("latest")))
            Gate.opened.set()


async def test_one_slow_test_holds_up_no_other_round_but_the_one_that_may_know_of_it(runs):
    """All tests of the rounds in flight end while the first one hangs; the round after them waits to learn of it."""
    Gate.new()
    watch = Counting(runs, opens_after=LAG * ROUND - 1)
    settings = settings_for(
        runs,
        target={"model": f"python:{__name__}:answer"},
        judge={"model": f"python:{__name__}:judge"},
        only={},
        controls=0,
        concurrency=2,
        budget={"cases": 3 * ROUND},
    )
    async with asyncio.timeout(HANG_SECONDS):
        await start(settings, watch)
    assert watch.drawn == LAG * ROUND
    assert watch.finished_tests == Gate.asked == 3 * ROUND
