"""Law 7 over several processes: talks, failures, kills and resumes never cost more than the money of the run."""

import asyncio
import random
from contextlib import suppress
from fractions import Fraction
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.config import Settings
from astral.domain.chat import ChatReply, ChatRequest, ModelRole
from astral.domain.price import Price
from astral.domain.records import Ending, Message, Usage
from astral.errors import BudgetExceededError, EndpointDownError, ProviderError, Trouble
from astral.execute import Budget
from astral.execute.budget import usage_at_most
from astral.record import Recorder, Store
from astral.workflow.endpoints import Endpoints
from astral.workflow.journal import JournalledModel, RunJournal, WrittenAheadModel, count_lost_calls
from tests.record.conftest import Making

TALKS, TURNS = 120, 4
PRICE = Price(input=3.0, output=15.0)


class Billing:
    """An endpoint that answers, or not, and keeps the true bill in millionths of a dollar, whoever asks."""

    name = "openai:m"

    def __init__(self, seed: int) -> None:
        self.bill, self.asked, self._dice = Fraction(0), 0, random.Random(seed)

    async def chat(self, request: ChatRequest) -> ChatReply:
        self.asked += 1
        how = self._dice.choice(["answer"] * 8 + ["silent", "away", "lost", "malformed"])
        if how == "away":
            raise ProviderError("429", retryable=True, is_unbilled=True, trouble=Trouble.RATE_LIMIT)
        # At its most, whenever nobody will say what it was.
        is_dear = how != "answer" or self._dice.random() < 0.5
        most = usage_at_most(request)
        prompt = most.prompt_tokens if is_dear else self._dice.randint(1, most.prompt_tokens)
        answer = most.completion_tokens if is_dear else self._dice.randint(1, most.completion_tokens)
        self.bill += Fraction(PRICE.input) * prompt + Fraction(PRICE.output) * answer
        # Billed as soon as it is sent, so that whoever is killed while it waits owes it.
        for _ in range(self._dice.randint(1, 6)):
            await asyncio.sleep(0)
        if how in {"lost", "malformed"}:
            trouble = Trouble.CONNECTION if how == "lost" else Trouble.MALFORMED
            raise ProviderError(how, retryable=True, trouble=trouble)
        usage = Usage(prompt_tokens=prompt, completion_tokens=answer) if how == "answer" else Usage()
        return ChatReply(text="and then? " * self._dice.randint(1, 3), ending=Ending.ANSWERED, model="m", usage=usage)

    async def close(self) -> None:
        pass


class Hasty(Budget):
    """Waits for nothing between two attempts."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


async def talk(model, number: int) -> None:
    """Turn after turn, each told what was said before, until the money or the endpoint ends it."""
    said = (Message(role="user", content=f"talk {number}"),)
    for _ in range(TURNS):
        try:
            reply = await model.chat(ChatRequest(messages=said, max_tokens=100))
        except (BudgetExceededError, EndpointDownError, ProviderError):
            return
        said = (*said, Message(role="assistant", content=reply.text), Message(role="user", content="go on"))


async def process(store: Store, run_id: str, endpoint: Billing, dollars: float, *, killed_after: int | None) -> None:
    """What one process does of a run: all talks at once, from where the record stands, until it is killed."""
    count_lost_calls(store, run_id)
    spent = PRICE.dollars(store.usage(run_id).get("target", Usage()))
    assert endpoint.bill <= Fraction(spent) * 10**6 + Fraction(1, 10**6)
    budget = Hasty(max_dollars=dollars, spent_dollars=spent)
    told = Settings.model_validate({"prices": {"openai:m": {"input": 3, "output": 15}}, "concurrency": TALKS})
    async with Recorder(store, run_id) as recorder:
        journal = RunJournal(store, recorder, run_id)
        asked = Endpoints(told, budget).asked(
            endpoint,
            "openai:m",
            ModelRole.TARGET,
            None,
            lost=lambda request: journal.lost(ModelRole.TARGET, endpoint.name, request),
        )
        model = JournalledModel(WrittenAheadModel(asked, ModelRole.TARGET, journal), ModelRole.TARGET, journal)
        talks = [asyncio.ensure_future(talk(model, number)) for number in range(TALKS)]
        if killed_after is not None:
            until = endpoint.asked + killed_after
            while endpoint.asked < until and not all(each.done() for each in talks):  # noqa: ASYNC110
                await asyncio.sleep(0)
            for each in talks:
                each.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*talks, return_exceptions=True)


@pytest.mark.slow
@given(
    seed=st.integers(0, 10**9),
    dollars=st.floats(1e-3, 0.5),
    kills=st.lists(st.none() | st.integers(1, 100), min_size=2, max_size=4),
)
@settings(max_examples=12)
def test_the_bill_of_all_processes_together_is_within_the_money_and_within_what_the_record_says(seed, dollars, kills):
    endpoint = Billing(seed)
    with TemporaryDirectory() as folder, Store.open(f"sqlite:///{folder}/astral.db") as store:
        run_id = Making().new_run(store)
        for killed_after in kills:
            asyncio.run(process(store, run_id, endpoint, dollars, killed_after=killed_after))
            assert endpoint.bill <= Fraction(dollars) * 10**6
        # Once more, so that what the record says after the last one is looked at.
        asyncio.run(process(store, run_id, endpoint, dollars, killed_after=0))
