"""Batches: what was sent is never sent again, and is paid for once."""

import asyncio

import pytest

from astral.domain.base import content_id
from astral.domain.batch import BatchProgress
from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.price import Price
from astral.domain.records import Ending, Message, Usage
from astral.errors import BudgetExceededError, EndpointDownError, ProviderError
from astral.execute import BatchedModel, Budget, RetryingModel

USED = Usage(prompt_tokens=7, completion_tokens=5)


class Provider:
    """Keeps batches; what becomes of a call is decided by its text."""

    name = "provider"

    def __init__(self, *, loses=0, is_open=True, is_lasting=True):
        self.is_lasting, self.has_batch = is_lasting, asyncio.Event()
        self.batches, self.loses, self.is_open, self.silent = [], loses, is_open, False

    async def submit(self, mark, rows):
        self.batches.append((mark, dict(rows)))
        self.has_batch.set()
        if len(self.batches) <= self.loses:
            raise ProviderError("the answer was lost", retryable=True)
        return str(len(self.batches) - 1)

    async def find(self, batch):
        return next((str(place) for place, (mark, _) in enumerate(self.batches) if mark == batch.mark), None)

    async def look(self, batch_id):
        if self.silent:
            raise ProviderError("silence", retryable=True)
        return BatchProgress(is_over=self.is_open, done=0, total=0)

    async def results(self, batch_id):
        return {
            key: self.answer(int(batch_id), request.messages[0].content)
            for key, request in self.batches[int(batch_id)][1].items()
            if request.messages[0].content != "missing"
        }

    def answer(self, place, text):
        if text == "expired" or (text == "fails once" and place == 0):
            return ProviderError(text, is_unbilled=True, retryable=text == "fails once")
        return ChatReply(text=f"{text}!", ending=Ending.ANSWERED, model="m", usage=USED)

    async def close(self):
        pass


class Ledger:
    """A ledger that outlives the model, as the record does."""

    def __init__(self):
        self.known, self.answered, self.has_id = {}, set(), asyncio.Event()

    def batches(self):
        return self.known.values()

    def unanswered(self, keys):
        return set(keys) - self.answered

    async def write(self, batch):
        self.known[batch.mark] = batch
        if batch.id:
            self.has_id.set()


def asked(text):
    return ChatRequest(messages=(Message(role="user", content=text),), max_tokens=8)


async def instantly(seconds):
    await asyncio.sleep(0)


def batched(provider, ledger, *, budget=None, rows=100):
    return BatchedModel(
        provider,
        ledger,
        key=content_id,
        budget=budget or Budget(),
        price=Price(input=1, output=1),
        most_rows=rows,
        collect_seconds=0.01,
        poll_seconds=1,
        patience_seconds=3,
        sleep=instantly,
    )


async def test_calls_go_together_and_each_gets_its_own_answer():
    provider, budget = Provider(), Budget(max_tokens=100_000)
    model = batched(provider, Ledger(), budget=budget, rows=3)
    replies = await asyncio.gather(*(model.chat(asked(text)) for text in "abcd"))
    await model.close()
    assert [reply.text for reply in replies] == ["a!", "b!", "c!", "d!"]
    assert [len(rows) for _, rows in provider.batches] == [3, 1]
    assert (budget.spent_tokens, budget.reserved_tokens) == (4 * USED.tokens, 0)


async def test_a_batch_that_ended_with_its_process_is_sent_again_by_the_one_that_goes_on():
    ledger, first = Ledger(), Provider(is_open=False, is_lasting=False)
    killed = batched(first, ledger)
    waiting = asyncio.create_task(killed.chat(asked("a")))
    await asyncio.wait_for(first.has_batch.wait(), 5)
    await killed.close()
    waiting.cancel()
    assert not any(batch.id for batch in ledger.known.values())
    second, budget = Provider(is_lasting=False), Budget()
    model = batched(second, ledger, budget=budget)
    assert (await model.chat(asked("a"))).text == "a!"
    await model.close()
    assert [len(rows) for _, rows in second.batches] == [1]
    assert (budget.spent_tokens, budget.reserved_tokens) == (USED.tokens, 0)


async def test_what_expired_or_is_missing_fails_for_nothing_and_its_neighbours_are_answered():
    budget = Budget()
    model = batched(Provider(), Ledger(), budget=budget)
    results = await asyncio.gather(
        *(model.chat(asked(text)) for text in ("a", "expired", "missing")), return_exceptions=True
    )
    await model.close()
    assert results[0].text == "a!"
    assert all(isinstance(each, ProviderError) for each in results[1:])
    assert (budget.spent_tokens, budget.reserved_tokens) == (USED.tokens, 0)


async def test_what_may_pass_goes_into_the_next_batch():
    provider = Provider()
    model = RetryingModel(batched(provider, Ledger()), sleep=instantly)
    assert (await model.chat(asked("fails once"))).text == "fails once!"
    await model.close()
    assert len(provider.batches) == 2


async def test_a_resumed_run_waits_for_what_was_sent_and_holds_its_money():
    provider, ledger = Provider(is_open=False), Ledger()
    killed = batched(provider, ledger)
    calls = [asyncio.ensure_future(killed.chat(asked(text))) for text in ("a", "b")]
    await ledger.has_id.wait()
    for call in calls:
        call.cancel()
    await killed.close()

    budget = Budget(max_tokens=1)  # what is at the provider is owed, however little is left
    resumed = batched(provider, ledger, budget=budget)
    assert budget.reserved_tokens > 1
    with pytest.raises(BudgetExceededError):
        await resumed.chat(asked("new"))
    provider.is_open = True
    assert [(await resumed.chat(asked(text))).text for text in ("a", "b")] == ["a!", "b!"]
    await resumed.close()
    assert len(provider.batches) == 1
    assert (budget.spent_tokens, budget.reserved_tokens) == (2 * USED.tokens, 0)


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_batch_whose_id_was_not_written_down_is_looked_for_before_it_is_sent_again(arrived):
    provider, ledger = Provider(), Ledger()
    first = batched(provider, ledger)
    await first.chat(asked("a"))
    await first.close()
    (mark,) = ledger.known
    ledger.known[mark] = ledger.known[mark].model_copy(update={"id": ""})
    if not arrived:
        provider.batches.clear()
    budget = Budget()
    resumed = batched(provider, ledger, budget=budget)
    assert (await resumed.chat(asked("a"))).text == "a!"
    await resumed.close()
    assert len(provider.batches) == 1
    assert (budget.spent_tokens, budget.reserved_tokens) == (USED.tokens, 0)


async def test_a_submission_whose_answer_was_lost_is_found_again():
    provider, ledger = Provider(loses=1), Ledger()
    model = batched(provider, ledger)
    assert (await model.chat(asked("a"))).text == "a!"
    await model.close()
    assert len(provider.batches) == 1


async def test_a_provider_that_says_nothing_for_too_long_stops_the_run_in_order():
    provider = Provider()
    provider.silent = True
    model = batched(provider, Ledger())
    with pytest.raises(EndpointDownError, match="astral resume"):
        await model.chat(asked("a"))
    assert model.down
    await model.close()
