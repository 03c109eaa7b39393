"""A call that was answered is never paid for twice."""

import asyncio

import pytest

from astral.domain.chat import ChatReply, ChatRequest, ModelRole
from astral.domain.records import Ending, Message, Usage
from astral.domain.run import Call
from astral.errors import BudgetExceededError, ProviderError, UserError
from astral.record import Store
from astral.workflow.journal import BROKEN, JournalledModel, WrittenAheadModel, count_lost_calls
from tests.record.conftest import Making


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


class Broken:
    """A model whose calls all end in one error; it looks at the journal when it is asked."""

    name = "broken"

    def __init__(self, journal, error):
        self.seen, self._journal, self._error = {}, journal, error

    async def chat(self, request):
        self.seen = dict(self._journal.calls)
        raise self._error

    async def close(self):
        pass


async def test_the_intent_is_written_before_the_call_is_sent():
    journal = Memory()
    model = Broken(journal, ProviderError("down"))
    with pytest.raises(ProviderError):
        await WrittenAheadModel(model, ModelRole.TARGET, journal).chat(ask())
    (intent,) = model.seen.values()
    assert intent.reply is None
    assert intent.usage.tokens == ask().tokens_at_most


@pytest.mark.parametrize(
    ("error", "is_late", "is_free"),
    [
        (ProviderError("lost on the way, which is written down on its own"), False, True),
        (BudgetExceededError("spent: it was not sent"), False, True),
        (BudgetExceededError("broken off at the deadline"), True, False),
        (UserError("the key is wrong"), False, True),
        (RuntimeError("a bug"), False, False),
    ],
)
async def test_a_call_that_broke_off_counts_at_its_most_unless_it_surely_cost_nothing(error, is_late, is_free):
    journal = Memory()
    model = WrittenAheadModel(Broken(journal, error), ModelRole.TARGET, journal, is_late=lambda: is_late)
    with pytest.raises(type(error)):
        await model.chat(ask())
    (broken,) = (call for key, call in journal.calls.items() if key.endswith(BROKEN))
    assert broken.reply == {"error": type(error).__name__}
    assert broken.usage.tokens == (0 if is_free else ask().tokens_at_most)


def test_each_process_that_is_killed_counts_the_calls_that_it_had_in_flight_at_their_most(tmp_path):
    """A record cannot tell whether a lost call was sent again before the next kill; so it never counts too little."""
    most, used = Usage(prompt_tokens=500), Usage(prompt_tokens=30, completion_tokens=10)
    answered, broken, lost = ("a" * 20, "b" * 20, "c" * 20)
    with Store.open(f"sqlite:///{tmp_path / 'astral.db'}") as store:
        run_id = Making().new_run(store)
        store.write(run_id, [Call(key=key, role="target", usage=most) for key in (answered, broken, lost)])
        store.write(run_id, [Call(key=answered, role="target", reply={"text": "yes"}, usage=used)])
        store.write(run_id, [Call(key=broken + BROKEN, role="target", reply={"error": "ProviderError"})])
        for kills in (1, 2):
            count_lost_calls(store, run_id)
            assert store.usage(run_id)["target"].tokens == used.tokens + kills * most.tokens
        store.write(run_id, [Call(key=lost, role="target", reply={"text": "at last"}, usage=used)])
        count_lost_calls(store, run_id)
        assert store.usage(run_id)["target"].tokens == 2 * used.tokens + 2 * most.tokens
