"""A call that was answered is never paid for twice."""

import asyncio

import pytest

from astral.domain.chat import ChatReply, ChatRequest, ModelRole
from astral.domain.records import Ending, Message
from astral.errors import ProviderError
from astral.workflow.journal import JournalledModel


class Memory:
    """A journal that outlives its models, as the record does."""

    def __init__(self):
        self.calls = {}

    async def find(self, key):
        return self.calls.get(key)

    async def write(self, call):
        await asyncio.sleep(0)
        self.note(call)

    def note(self, call):
        self.calls[call.key] = call


class Counting:
    """A model that says how often it was asked."""

    name = "counting"

    def __init__(self, *, fails=0):
        self.asked, self.fails = 0, fails

    async def chat(self, request):
        self.asked += 1
        await asyncio.sleep(0.001)
        if self.asked <= self.fails:
            raise ProviderError("down")
        return ChatReply(text=f"answer {self.asked}", ending=Ending.ANSWERED, model=self.name)

    async def close(self):
        pass


def ask(text="hello", seed=1):
    return ChatRequest(messages=(Message(role="user", content=text),), seed=seed)


async def test_a_resumed_run_gets_the_old_answer_and_asks_only_what_is_new():
    journal, model = Memory(), Counting()
    first = await JournalledModel(model, ModelRole.TARGET, journal).chat(ask())
    resumed = JournalledModel(model, ModelRole.TARGET, journal)
    assert await resumed.chat(ask()) == first
    assert model.asked == 1
    assert await resumed.chat(ask(seed=2)) != first
    assert model.asked == 2


async def test_another_role_is_another_call():
    journal, model = Memory(), Counting()
    await JournalledModel(model, ModelRole.TARGET, journal).chat(ask())
    await JournalledModel(model, ModelRole.JUDGE, journal).chat(ask())
    assert model.asked == 2


async def test_the_same_call_twice_at_once_is_one_call():
    journal, model = Memory(), Counting()
    journalled = JournalledModel(model, ModelRole.JUDGE, journal)
    replies = await asyncio.gather(*(journalled.chat(ask()) for _ in range(5)))
    assert len(set(replies)) == model.asked == 1


async def test_a_call_that_failed_is_not_journalled():
    journal, model = Memory(), Counting(fails=1)
    journalled = JournalledModel(model, ModelRole.TARGET, journal)
    with pytest.raises(ProviderError):
        await journalled.chat(ask())
    assert not journal.calls
    assert (await journalled.chat(ask())).text == "answer 2"
