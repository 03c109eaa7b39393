"""Law 7: the budget is never exceeded, whatever is in flight."""

import asyncio
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.price import Price
from astral.domain.records import Ending, Message, Usage
from astral.errors import BudgetExceededError, EndpointDownError, ProviderError, Trouble
from astral.execute import Budget, LimitedModel, Limiter, MeteredModel, RetryingModel, TimedModel
from astral.testing import ScriptedModel
from astral.testing.clock import run_virtually

TEXTS = st.text(max_size=30)


class Clock:
    """Seconds that go by when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class SpendingModel:
    """Costs a seeded part of what a request can cost, sometimes fails, and keeps the true bill."""

    name = "spending"

    def __init__(self, seed: int) -> None:
        self.bill = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self._random = random.Random(seed)

    async def chat(self, request: ChatRequest) -> ChatReply:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            for _ in range(self._random.randrange(4)):
                await asyncio.sleep(0)
            how = self._random.choice(["answer", "answer", "answer", "away", "lost", "silent"])
            if how == "away":
                raise ProviderError("429", is_unbilled=True)
            cost = self._random.randint(1, request.tokens_at_most)
            self.bill += cost
            if how == "lost":
                raise ProviderError("reset")
            usage = Usage(prompt_tokens=1, completion_tokens=cost - 1) if how == "answer" and cost > 1 else Usage()
            return ChatReply(text="x", ending=Ending.ANSWERED, model="m", usage=usage)
        finally:
            self.in_flight -= 1

    async def close(self) -> None:
        pass


def ask(text: str = "x", max_tokens: int = 10) -> ChatRequest:
    return ChatRequest(messages=(Message(role="user", content=text),), max_tokens=max_tokens)


@given(
    max_tokens=st.integers(1, 20_000),
    texts=st.lists(TEXTS, max_size=60),
    cancelled=st.sets(st.integers(0, 59), max_size=20),
    seed=st.integers(0, 10**6),
)
async def test_the_true_bill_never_exceeds_the_budget(max_tokens, texts, cancelled, seed):
    budget = Budget(max_tokens=max_tokens)
    model = SpendingModel(seed)
    metered = MeteredModel(model, budget)
    tasks = [asyncio.ensure_future(metered.chat(ask(text, 50))) for text in texts]
    for number, task in enumerate(tasks):
        if number in cancelled:
            await asyncio.sleep(0)
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert model.bill <= budget.spent_tokens <= max_tokens
    assert budget.reserved_tokens == 0


async def test_hundreds_in_flight_stay_within_the_budget():
    request = ask("hello", 100)
    budget = Budget(max_tokens=50 * request.tokens_at_most)
    model = SpendingModel(1)
    metered = MeteredModel(model, budget)
    outcomes = await asyncio.gather(*(metered.chat(request) for _ in range(400)), return_exceptions=True)
    refused = sum(isinstance(outcome, BudgetExceededError) for outcome in outcomes)
    assert 25 <= model.most_in_flight <= 50
    assert refused >= 300
    assert model.bill <= budget.spent_tokens <= budget.max_tokens


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from(["settle", "cancel", "hold"]), st.integers(0, 50))))
def test_spent_and_reserved_tokens_always_add_up(steps):
    budget = Budget(max_tokens=200)
    spent = held = 0
    for tokens, what, actual in steps:
        try:
            reservation = budget.reserve(tokens)
        except BudgetExceededError:
            assert spent + held + tokens > 200
            continue
        cost = min(actual, tokens)
        if what == "settle":
            reservation.settle(cost)
            reservation.settle(999)
            reservation.cancel()
            spent += cost or tokens
        elif what == "cancel":
            reservation.cancel()
            reservation.settle(999)
        else:
            held += tokens
        assert (budget.spent_tokens, budget.reserved_tokens) == (spent, held)
        assert budget.tokens_left == 200 - spent - held


@pytest.mark.parametrize(
    ("usage", "text"),
    [(Usage(), "answer"), (Usage(prompt_tokens=5), "answer"), (Usage(completion_tokens=5), "answer")],
)
async def test_a_report_that_is_not_whole_counts_as_the_reservation(usage, text):
    budget = Budget(max_tokens=1000)
    reply = ChatReply(text=text, ending=Ending.ANSWERED, model="m", usage=usage)
    await MeteredModel(ScriptedModel([reply]), budget).chat(ask())
    assert budget.spent_tokens == ask().tokens_at_most


async def test_a_call_that_was_turned_away_gives_its_tokens_back():
    budget = Budget(max_tokens=1000)
    metered = MeteredModel(ScriptedModel([ProviderError("429", is_unbilled=True), ProviderError("reset")]), budget)
    with pytest.raises(ProviderError):
        await metered.chat(ask())
    assert budget.spent_tokens == 0
    with pytest.raises(ProviderError):
        await metered.chat(ask())
    assert budget.spent_tokens == ask().tokens_at_most


async def test_a_call_that_the_budget_does_not_hold_is_not_sent():
    model = ScriptedModel(["hello"])
    with pytest.raises(BudgetExceededError, match="--max-tokens"):
        await MeteredModel(model, Budget(max_tokens=20)).chat(ask())
    assert model.requests == []


async def test_no_call_outlives_the_deadline():
    class Stalling(ScriptedModel):
        async def chat(self, request):
            self.requests.append(request)
            await asyncio.Event().wait()

    budget = Budget(max_tokens=1000, max_minutes=0.05 / 60)
    with pytest.raises(BudgetExceededError, match="--max-minutes"):
        await asyncio.wait_for(TimedModel(MeteredModel(Stalling(["x"]), budget), budget).chat(ask()), 5)
    assert budget.spent_tokens == ask().tokens_at_most


async def test_a_timeout_of_the_model_s_own_is_not_taken_for_the_deadline():
    budget = Budget(max_minutes=60)
    with pytest.raises(TimeoutError):
        await TimedModel(ScriptedModel([TimeoutError("mine")]), budget).chat(ask())


async def test_nothing_starts_after_the_deadline():
    clock = Clock()
    budget = Budget(max_minutes=2, clock=clock)
    assert budget.seconds_left == 120
    budget.spend_cases(1)
    clock.now = 121
    assert budget.seconds_left == 0
    with pytest.raises(BudgetExceededError, match="2 minutes"):
        budget.spend_cases(1)
    model = ScriptedModel(["x"])
    with pytest.raises(BudgetExceededError):
        await MeteredModel(model, budget).chat(ask())
    assert model.requests == []


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 40))
def test_cases_are_counted_over_a_resumption(most, before, tried):
    budget = Budget(max_cases=most, spent_cases=before)
    started = 0
    for _ in range(tried):
        try:
            budget.spend_cases(1)
            started += 1
        except BudgetExceededError:
            assert budget.cases_left == 0
    assert before + started <= max(most, before)
    assert started == min(tried, max(0, most - before))


def test_without_limits_nothing_is_refused():
    budget = Budget()
    budget.spend_cases(1)
    budget.reserve(10**12).settle(10**12)
    assert (budget.cases_left, budget.tokens_left, budget.seconds_left) == (None, None, None)


@given(TEXTS, st.integers(1, 100))
def test_the_upper_bound_counts_every_byte(text, max_tokens):
    request = ask(text, max_tokens)
    assert request.tokens_at_most >= len(text.encode(errors="replace")) + 16 + max_tokens
    with_schema = request.model_copy(update={"json_schema": {"type": "object"}})
    assert with_schema.tokens_at_most > request.tokens_at_most


class Billing:
    """An endpoint that goes wrong in every way, in any order, and keeps the true bill in millionths of a cent."""

    name = "billing"

    def __init__(self, seed: int, price: Price) -> None:
        self.bill = Fraction(0)
        self._dice, self._price = random.Random(seed), price

    async def chat(self, request: ChatRequest) -> ChatReply:
        await asyncio.sleep(self._dice.choice([0, 0.01, 0.3, 5]))
        how = self._dice.choice(["answer"] * 4 + ["silent", "away", "lost", "malformed"])
        if how == "away":
            raise ProviderError("429", retryable=True, is_unbilled=True, trouble=Trouble.RATE_LIMIT)
        prompt = self._dice.randint(1, request.tokens_at_most - request.max_tokens)
        answer = self._dice.randint(1, request.max_tokens)
        dollars = Fraction(self._price.input) * prompt + Fraction(self._price.output) * answer
        self.bill += dollars / 1_000_000
        await asyncio.sleep(self._dice.choice([0, 0.2]))
        if how in {"lost", "malformed"}:
            trouble = Trouble.CONNECTION if how == "lost" else Trouble.MALFORMED
            raise ProviderError(how, retryable=True, trouble=trouble)
        usage = Usage(prompt_tokens=prompt, completion_tokens=answer) if how == "answer" else Usage()
        return ChatReply(text="x", ending=Ending.ANSWERED, model="m", usage=usage)

    async def close(self) -> None:
        pass


@given(
    seed=st.integers(0, 10**9),
    calls=st.integers(1, 400),
    dollars=st.floats(1e-6, 0.5),
    prices=st.tuples(st.floats(0, 50), st.floats(0, 200)),
    cancelled=st.sets(st.integers(0, 399), max_size=100),
    minutes=st.none() | st.floats(0.05, 2),
)
@settings(max_examples=40)
def test_no_bill_exceeds_the_money_with_hundreds_in_flight_that_fail_and_are_cancelled(
    *, seed, calls, dollars, prices, cancelled, minutes
):
    price = Price(input=prices[0], output=prices[1])

    async def run():
        clock = asyncio.get_running_loop().time
        budget = Budget(max_dollars=dollars, max_minutes=minutes, clock=clock)
        endpoint = Billing(seed, price)
        polite = LimitedModel(MeteredModel(endpoint, budget, price), Limiter("x", concurrency=400))
        model = TimedModel(RetryingModel(polite, sleep=budget.sleep), budget)
        tasks = [asyncio.ensure_future(model.chat(ask("hello " * (n % 30), 10 + n))) for n in range(calls)]
        dice = random.Random(seed)
        for number in sorted(cancelled, key=lambda _: dice.random()):
            if number < calls:
                await asyncio.sleep(dice.choice([0, 0.02]))
                tasks[number].cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        return budget, endpoint, ends, clock()

    budget, endpoint, ends, seconds = run_virtually(run())
    known = (ChatReply, ProviderError, BudgetExceededError, EndpointDownError, asyncio.CancelledError)
    assert all(isinstance(end, known) for end in ends)
    assert endpoint.bill <= Fraction(budget.spent_dollars) + Fraction(1, 10**9)
    assert budget.spent_dollars <= dollars
    assert budget.reserved_dollars == 0
    if minutes is not None:
        assert seconds <= 60 * minutes + 5.3


async def test_a_call_that_the_money_does_not_hold_is_not_sent():
    model = ScriptedModel(["hello"])
    price = Price(input=1, output=1e6)
    with pytest.raises(BudgetExceededError, match=r"\$5\.00 does not hold.*--max-dollars"):
        await MeteredModel(model, Budget(max_dollars=5), price).chat(ask(max_tokens=10))
    assert model.requests == []
    with pytest.raises(BudgetExceededError):
        await MeteredModel(model, Budget(max_dollars=11, spent_dollars=2), price).chat(ask(max_tokens=10))
