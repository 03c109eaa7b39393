"""The limiter of an endpoint, by a clock that nobody waits for."""

import asyncio
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.domain.chat import ChatReply, ChatRequest, RateLimit, RateLimits
from astral.domain.records import Ending, Message, Usage
from astral.errors import EndpointDownError, ProviderError, Trouble
from astral.execute import LimitedModel, Limiter, RetryingModel
from astral.execute.adapting import Bucket
from astral.testing.clock import run_virtually

LATENCY = 0.2


@pytest.fixture(autouse=True)
def same_jitter():
    """The waits between attempts are random: the same ones each time."""
    random.seed(1)


def ask(number: int = 0) -> ChatRequest:
    return ChatRequest(messages=(Message(role="user", content=f"case {number}"),), max_tokens=10)


def now() -> float:
    return asyncio.get_running_loop().time()


class Endpoint:
    """A server with a stated capacity; `fault` may fail a call before that."""

    name = "endpoint"

    def __init__(self, *, per_second=None, at_a_time=None, latency=LATENCY, fault=lambda _: None, rates=lambda _: None):
        self.per_second, self.at_a_time, self.latency = per_second, at_a_time, latency
        self.fault, self.rates = fault, rates
        self.sent: list[float] = []
        self.accepted: list[float] = []
        self.by_content: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = 0
        self._level, self._filled = float(per_second or 0), 0.0

    async def chat(self, request):
        self.sent.append(now())
        self.by_content[request.messages[0].content] += 1
        if error := self.fault(self):
            await asyncio.sleep(0.01)
            raise error
        self._take()
        self.accepted.append(now())
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.latency() if callable(self.latency) else self.latency)
        finally:
            self.in_flight -= 1
        return ChatReply(
            text="yes",
            ending=Ending.ANSWERED,
            model="m",
            usage=Usage(prompt_tokens=5, completion_tokens=5),
            rates=self.rates(self),
        )

    def _take(self):
        if self.at_a_time is not None and self.in_flight >= self.at_a_time:
            raise limited(None)
        if self.per_second is None:
            return
        self._level = min(self.per_second, self._level + (now() - self._filled) * self.per_second)
        self._filled = now()
        if self._level < 1:
            raise limited((1 - self._level) / self.per_second)
        self._level -= 1

    async def close(self):
        pass


def limited(seconds: float | None) -> ProviderError:
    return ProviderError(
        "HTTP 429", retryable=True, retry_after_seconds=seconds, is_unbilled=True, trouble=Trouble.RATE_LIMIT
    )


def broken() -> ProviderError:
    return ProviderError("HTTP 500", retryable=True, trouble=Trouble.SERVER)


async def work(endpoint, limiter, calls, workers):
    """Ask for so many calls as a run does; the errors that were not mended."""
    model = RetryingModel(LimitedModel(endpoint, limiter))
    numbers, errors = iter(range(calls)), []

    async def worker():
        for number in numbers:
            try:
                await model.chat(ask(number))
            except (ProviderError, EndpointDownError) as error:
                errors.append(error)

    await asyncio.gather(*(worker() for _ in range(workers)))
    return errors


@pytest.mark.parametrize("per_second", [12, 60])
@pytest.mark.parametrize("fault_share", [0, 0.09])
def test_it_settles_at_the_rate_that_the_endpoint_states(per_second, fault_share):
    dice = random.Random(per_second)

    def fault(_):
        kind = dice.random()
        if kind < 5 / 9 * fault_share:
            return limited(0.05)
        return broken() if kind < fault_share else None

    async def run():
        endpoint = Endpoint(per_second=per_second, fault=fault)
        limiter = Limiter("endpoint", concurrency=128)
        return endpoint, await work(endpoint, limiter, 40 * per_second, 128)

    endpoint, errors = run_virtually(run())
    assert errors == []
    # The start finds the rate, the end waits for the last few calls.
    start, end = (endpoint.accepted[len(endpoint.accepted) * part // 10] for part in (3, 9))
    accepted = sum(start <= moment < end for moment in endpoint.accepted) / (end - start)
    assert 0.9 * per_second <= accepted <= 1.1 * per_second
    sent = sum(start <= moment < end for moment in endpoint.sent) / (end - start)
    assert sent <= (1.2 + fault_share) * per_second


@pytest.mark.parametrize("at_a_time", [3, 20])
def test_it_settles_at_the_number_of_calls_that_the_endpoint_takes_at_a_time(at_a_time):
    async def run():
        endpoint = Endpoint(at_a_time=at_a_time, latency=lambda: random.Random(len(endpoint.sent)).expovariate(5))
        limiter = Limiter("endpoint", concurrency=128)
        return endpoint, await work(endpoint, limiter, 150 * at_a_time, 128), now()

    endpoint, errors, seconds = run_virtually(run())
    assert errors == []
    assert endpoint.most_in_flight == at_a_time
    assert len(endpoint.accepted) * 0.2 / seconds >= 0.8 * at_a_time
    half = endpoint.accepted[len(endpoint.accepted) // 2]
    later = [sum(moment > half for moment in moments) for moments in (endpoint.sent, endpoint.accepted)]
    # One call more than three is a quarter of all.
    assert later[0] <= 1.35 * later[1]


@settings(max_examples=25)
@given(per_minute=st.integers(1, 3000), calls=st.integers(1, 400), workers=st.integers(1, 300), latency=st.floats(0, 5))
def test_no_minute_sees_more_requests_than_the_user_allows(per_minute, calls, workers, latency):
    async def run():
        endpoint = Endpoint(latency=latency)
        limiter = Limiter("endpoint", concurrency=300, requests_per_minute=per_minute)
        await work(endpoint, limiter, min(calls, 3 * per_minute), workers)
        return endpoint.sent

    sent = run_virtually(run())
    # The call that is `per_minute` places later is a minute later.
    for moment, later in zip(sent, sent[per_minute:], strict=False):
        assert later >= moment + 60 - 1e-6


def test_tokens_a_minute_are_kept_and_used():
    async def run():
        endpoint = Endpoint(latency=1.0)
        # Ten tokens each in truth.
        limiter = Limiter("endpoint", concurrency=50, tokens_per_minute=3000)
        await work(endpoint, limiter, 900, 50)
        return endpoint.sent, now()

    sent, seconds = run_virtually(run())
    for moment, later in zip(sent, sent[300:], strict=False):
        assert later >= moment + 60 - 1e-6
    assert 9000 / seconds * 60 >= 0.9 * 3000


def test_nothing_is_sent_before_the_time_that_the_endpoint_named():
    async def run():
        endpoint = Endpoint(fault=lambda it: limited(7.0) if len(it.sent) == 3 else None)
        await work(endpoint, Limiter("endpoint", concurrency=4), 40, 4)
        return endpoint.sent

    sent = run_virtually(run())
    # The third answer comes 10 ms after it was sent; what went out before that is not called back.
    assert not [moment for moment in sent if sent[2] + 0.01 < moment < sent[2] + 7.01]


@pytest.mark.parametrize("limit", [60, 600])
def test_the_limits_in_the_headers_keep_calls_from_being_turned_away(limit):
    """An endpoint that fills steadily, as OpenAI's and Anthropic's do."""

    def rates(it):
        left = it._level * 1.0
        return RateLimits(
            requests=RateLimit(limit=limit, left=int(left), reset_seconds=(limit - int(left)) / (limit / 60))
        )

    async def run():
        endpoint = Endpoint(per_second=limit / 60, rates=rates)
        endpoint.capacity = limit
        # The bucket holds a minute's requests.
        endpoint._level = float(limit)
        endpoint._take = lambda: take(endpoint)
        await work(endpoint, Limiter("endpoint", concurrency=32), 4 * limit, 32)
        return endpoint, now()

    def take(it):
        it._level = min(limit, it._level + (now() - it._filled) * limit / 60)
        it._filled = now()
        if it._level < 1:
            raise limited(None)
        it._level -= 1

    endpoint, seconds = run_virtually(run())
    assert len(endpoint.sent) == len(endpoint.accepted)
    assert seconds <= 3 * 60 * 1.15


def test_a_slow_endpoint_does_not_hold_up_another():
    async def run():
        slow, quick = Endpoint(latency=300.0), Endpoint(latency=0.1)
        slowly = asyncio.ensure_future(work(slow, Limiter("slow", concurrency=8), 100, 100))
        await work(quick, Limiter("quick", concurrency=8), 100, 100)
        took = now()
        slowly.cancel()
        return took

    assert run_virtually(run()) == pytest.approx(100 / 8 * 0.1, rel=0.1)


def test_an_outage_shorter_than_the_patience_costs_no_case():
    async def run():
        endpoint = Endpoint(fault=lambda _: broken() if 5 < now() < 65 else None)
        notes: list[str] = []
        errors = await work(endpoint, Limiter("endpoint", concurrency=16, note=notes.append), 2000, 16)
        down = [moment for moment in endpoint.sent if 6 < moment < 65]
        return errors, notes, len(down), max(endpoint.by_content.values())

    errors, notes, down, most = run_virtually(run())
    assert errors == []
    assert [note.split(" has ")[0].split(" answers ")[0] for note in notes] == ["endpoint"] * 2
    assert "10 calls in a row" in notes[0]
    assert down <= 8
    assert most <= 5


def test_an_endpoint_that_stays_away_ends_all_waiting_calls_and_says_so():
    async def run():
        endpoint = Endpoint(fault=lambda _: broken() if now() > 3 else None)
        limiter = Limiter("openai:x", concurrency=8, patience_seconds=60)
        errors = await work(endpoint, limiter, 1000, 8)
        return errors, limiter, now(), len([moment for moment in endpoint.sent if moment > 4])

    errors, limiter, seconds, tries = run_virtually(run())
    down = [error for error in errors if isinstance(error, EndpointDownError)]
    assert len(down) >= 800
    assert "openai:x has answered no call for 60 s; the last one failed with: HTTP 500. Go on with" in str(down[0])
    assert limiter.down
    assert 60 <= seconds <= 110
    assert tries <= 20


def test_a_wait_beyond_the_patience_is_not_waited_for():
    async def run():
        endpoint = Endpoint(fault=lambda _: limited(3600.0))
        errors = await work(endpoint, Limiter("endpoint", concurrency=2), 20, 2)
        return errors, len(endpoint.sent), now()

    errors, sent, seconds = run_virtually(run())
    assert sent <= 2
    assert seconds < 1
    assert sum("3,600 s" in str(error) for error in errors if isinstance(error, EndpointDownError)) >= 18


@given(
    script=st.lists(
        st.sampled_from(["answer", "away", "away for long", "broken", "refused", "cancel", "crash"]), max_size=120
    ),
    concurrency=st.integers(1, 20),
    seed=st.integers(0, 10**6),
)
def test_whatever_happens_all_places_are_given_back_and_never_more_are_taken(script, concurrency, seed):
    errors = {
        "away": limited(None),
        "away for long": limited(0.5),
        "broken": broken(),
        "refused": ProviderError("HTTP 400", trouble=Trouble.REFUSED),
        "crash": ValueError("crash"),
    }

    async def run():
        dice = random.Random(seed)
        limiter = Limiter("endpoint", concurrency=concurrency, requests_per_minute=3000)
        most = 0

        async def call(how):
            nonlocal most
            async with limiter.turn(10):
                most = max(most, limiter.in_flight)
                await asyncio.sleep(dice.choice([0, 0.01, 1]))
                if how in errors:
                    raise errors[how]

        tasks = [asyncio.ensure_future(call(how)) for how in script]
        for how, task in zip(script, tasks, strict=True):
            if how == "cancel":
                await asyncio.sleep(dice.choice([0, 0.005, 0.5]))
                task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(10)
        return limiter, most, ends

    limiter, most, ends = run_virtually(run())
    assert limiter.in_flight == 0
    assert most <= concurrency
    for how, end in zip(script, ends, strict=True):
        if how == "answer":
            assert end is None or isinstance(end, EndpointDownError)


def test_calls_go_out_in_the_order_in_which_they_came():
    async def run():
        limiter, order = Limiter("endpoint", concurrency=3), []

        async def call(number):
            async with limiter.turn():
                order.append(number)
                await asyncio.sleep(0.1)

        await asyncio.gather(*(call(number) for number in range(50)))
        return order

    assert run_virtually(run()) == list(range(50))


@pytest.mark.parametrize("per_minute", [1, 30, 600])
def test_who_has_a_limit_alone_has_all_of_it_and_sharers_have_no_more_together(per_minute):
    def bucket():
        return Bucket(per_minute, burst=per_minute / 60, now=0.0)

    alone, shared = bucket(), bucket()
    shared.shared_by(1, 0.0)
    assert (shared.capacity, shared.per_second) == (alone.capacity, alone.per_second)
    shared.shared_by(4, 0.0)
    assert 4 * shared.per_second == pytest.approx(alone.per_second)
