"""Leases: each test ends once, whatever becomes of the workers, and nothing is spent that is not there."""

import asyncio
import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.records import Ending, Message
from astral.domain.run import TestRecord
from astral.errors import BudgetExceededError, EndpointDownError, ProviderError, StageError, Trouble
from astral.execute import Budget
from astral.record import Entry, Recorder, Store
from astral.testing.synthetic_run import synthetic_manifest, synthetic_tests
from astral.workflow.leasing import LIVES, SUSPECT, Answered, Leases, Worked, WorkerLostError
from astral.workflow.lent import LentEmbedder

MANIFEST = synthetic_manifest()
TESTS = tuple(synthetic_tests(MANIFEST, 24))
COST = 10
"""Tokens of a test, and of a question."""
FAILING = 7
"""A question that the model does not answer."""


class Takers:
    """Workers that record what they do, each test for some tokens; some tests take a worker down with them."""

    workers, places = 2, 4

    def __init__(self, store: Store, run_id: str, *, deadly: dict[int, int] | None = None) -> None:
        self._store, self._run_id = store, run_id
        self.deadly = Counter(deadly or {})
        self.asked: Counter[int] = Counter()
        self.leases: list[list[int]] = []
        self.down = ""

    async def free(self) -> None:
        await asyncio.sleep(0)

    async def _live_through(self, number: int) -> None:
        await asyncio.sleep(0)
        if self.deadly[number] > 0:
            self.deadly[number] -= 1
            raise WorkerLostError("killed")

    async def work(self, lease) -> Worked:
        self.leases.append([test.draw.number for test in lease.tests])
        done, left = [], lease.tokens
        for test in lease.tests:
            number = test.draw.number
            await self._live_through(number)
            if self.down:
                return Worked(tests=tuple(done), tokens=0, dollars=0, stopped=EndpointDownError(self.down))
            if left is not None and left < COST:
                too_little = BudgetExceededError("too little was lent")
                return Worked(tests=tuple(done), tokens=COST * len(done), dollars=0, stopped=too_little)
            left = None if left is None else left - COST
            self.asked[number] += 1
            full = TESTS[number]
            self._store.write(self._run_id, [Entry(number, full.transcript), Entry(number, full.verdict)])
            done.append(full)
        return Worked(tests=tuple(done), tokens=COST * len(done), dollars=0, notes=("once",))

    async def answer(self, question) -> Answered:
        number = question.request.seed
        await self._live_through(number)
        if self.down:
            return Answered(EndpointDownError(self.down), 0, 0)
        if number == FAILING:
            return Answered(ProviderError("it says no", trouble=Trouble.REFUSED), COST, 0)
        if question.tokens is not None and question.tokens < COST:
            return Answered(BudgetExceededError("too little was lent"), 0, 0)
        self.asked[number] += 1
        return Answered(ChatReply(text=str(number), ending=Ending.ANSWERED, model="m"), COST, 0, notes=("once",))

    def embed(self, texts, *, kind):
        if self.deadly["embed"] > 0:
            raise WorkerLostError("killed")
        return np.array([[1.0, 0.0] for _ in texts], dtype=np.float32)


def put_through(folder, *, budget: Budget | None = None, deadly=None, down="", size=8):
    """Have written tests done in leases of so many: who ended, the takers, the record's tests, what was raised."""
    ended, raised, notes = [], [], []
    with Store.open(f"sqlite:///{folder}/astral.db") as store:
        store.add_run(MANIFEST)
        store.open_round(MANIFEST.run_id, 0, [test.draw for test in TESTS])
        store.write(MANIFEST.run_id, [Entry(test.draw.number, test.case) for test in TESTS])
        takers = Takers(store, MANIFEST.run_id, deadly=deadly)
        takers.down = down

        async def scene() -> None:
            async with Recorder(store, MANIFEST.run_id) as recorder:
                leases = Leases(
                    takers,
                    store=store,
                    recorder=recorder,
                    run_id=MANIFEST.run_id,
                    budget=budget or Budget(),
                    prices={},
                    note=notes.append,
                )
                some = [TESTS[first : first + size] for first in range(0, len(TESTS), size)]
                written = [[TestRecord(draw=test.draw, case=test.case) for test in part] for part in some]
                done = await asyncio.gather(
                    *(leases.work(part, ended.append) for part in written), return_exceptions=True
                )
                raised.extend(each for each in done if each is not None)

        asyncio.run(scene())
        return ended, takers, list(store.tests(MANIFEST.run_id)), raised, notes


@settings(max_examples=10, deadline=None)
@given(st.dictionaries(st.integers(0, 23), st.integers(1, LIVES + 2), max_size=6))
def test_whatever_workers_are_lost_each_test_ends_once_and_is_asked_once(tmp_path_factory, deadly):
    ended, takers, recorded, raised, _ = put_through(tmp_path_factory.mktemp("leases"), deadly=deadly)
    assert not raised
    assert sorted(test.draw.number for test in ended) == list(range(24))
    assert all(test.is_finished for test in recorded)
    failed = {test.draw.number for test in recorded if test.failure}
    alone = LIVES - SUSPECT
    assert failed <= {number for number, times in deadly.items() if times >= alone}, "others fail for a deadly one"
    assert failed >= {number for number, times in deadly.items() if times >= LIVES}
    assert all(times == 1 for times in takers.asked.values()), "what a lost worker did is in the record"
    assert set(takers.asked) | failed == set(range(24))


def test_a_test_that_takes_every_worker_down_fails_alone(tmp_path):
    ended, takers, recorded, _, _ = put_through(tmp_path, deadly={3: 99})
    failures = [test.failure for test in recorded if test.failure]
    assert [(each.number, each.error) for each in failures] == [(3, "WorkerLostError")]
    assert f"{LIVES} workers were lost" in failures[0].message
    assert takers.leases.count([3]) == LIVES - SUSPECT
    assert len(ended) == 24


@pytest.mark.parametrize("most", [0, 5, 95, 239])
def test_a_spent_budget_ends_the_run_with_nothing_left_that_would_have_sufficed(tmp_path, most):
    budget = Budget(max_tokens=most)
    ended, takers, _, raised, _ = put_through(tmp_path, budget=budget)
    assert {type(each) for each in raised} == {BudgetExceededError}
    assert len(ended) == most // COST
    assert budget.spent_tokens == COST * sum(takers.asked.values())
    assert budget.reserved_tokens == 0


def test_a_budget_that_suffices_is_enough_however_small_the_loans_are(tmp_path):
    ended, _, _, raised, _ = put_through(tmp_path, budget=Budget(max_tokens=24 * COST))
    assert not raised
    assert len(ended) == 24


def test_an_endpoint_that_is_down_ends_the_run(tmp_path):
    _, _, _, raised, _ = put_through(tmp_path, down="no answer for 120 s")
    assert {str(each) for each in raised} == {"no answer for 120 s"}
    assert {type(each) for each in raised} == {EndpointDownError}


def test_what_workers_note_is_told_once(tmp_path):
    assert put_through(tmp_path, size=4)[-1] == ["once"]


def asked(folder, count: int, *, budget: Budget | None = None, deadly=None, down=""):
    """Have so many questions asked at once: what came of each, and the takers."""
    with Store.open(f"sqlite:///{folder}/astral.db") as store:
        store.add_run(MANIFEST)
        takers = Takers(store, MANIFEST.run_id, deadly=deadly)
        takers.down = down

        async def scene():
            async with Recorder(store, MANIFEST.run_id) as recorder:
                parts = {"store": store, "recorder": recorder, "run_id": MANIFEST.run_id, "prices": {}}
                leases = Leases(takers, budget=budget or Budget(), **parts)
                words = (Message(role="user", content="?"),)
                requests = [ChatRequest(messages=words, max_tokens=COST, seed=number) for number in range(count)]
                return await asyncio.gather(
                    *(leases.answer("openai:x", request) for request in requests), return_exceptions=True
                )

        return asyncio.run(scene()), takers


@settings(max_examples=10, deadline=None)
@given(st.dictionaries(st.integers(0, 11), st.integers(1, LIVES + 2), max_size=6))
def test_whatever_workers_are_lost_each_question_is_answered_once_or_fails(tmp_path_factory, deadly):
    done, takers = asked(tmp_path_factory.mktemp("questions"), 12, deadly=deadly)
    lost = {number for number, times in deadly.items() if times >= LIVES}
    for number, each in enumerate(done):
        if number in lost:
            assert isinstance(each, WorkerLostError)
            assert f"{LIVES} workers were lost over a call of openai:x" in str(each)
        elif number == FAILING:
            assert isinstance(each, ProviderError)
            assert each.trouble is Trouble.REFUSED
        else:
            assert isinstance(each, ChatReply)
            assert each.text == str(number)
    assert set(takers.asked.values()) == {1}


@pytest.mark.parametrize("most", [0, 5, 45, 10_000])
def test_questions_stay_within_the_one_budget_and_use_it_up(tmp_path, most):
    budget = Budget(max_tokens=most)
    done, takers = asked(tmp_path, 6, budget=budget)
    answered = [each for each in done if isinstance(each, ChatReply)]
    assert len(answered) == min(6, most // COST)
    assert all(isinstance(each, ChatReply | BudgetExceededError) for each in done)
    assert budget.spent_tokens == COST * takers.asked.total() <= most
    assert budget.reserved_tokens == 0


def test_an_attacker_whose_endpoint_is_down_stops_the_run(tmp_path):
    done, _ = asked(tmp_path, 3, down="no answer for 120 s")
    assert {type(each) for each in done} == {EndpointDownError}


def test_errors_that_come_from_workers_are_what_they_were():
    error = ProviderError("no", retryable=True, trouble=Trouble.RATE_LIMIT, is_unbilled=True)
    for each in (error, EndpointDownError("down"), BudgetExceededError("spent"), StageError("no")):
        brought = pickle.loads(pickle.dumps(each))
        assert (type(brought), str(brought), vars(brought)) == (type(each), str(each), vars(each))


class Own:
    """The embedder of this process."""

    name = "own"

    def embed(self, texts, *, kind):
        return np.array([[0.0, 1.0] for _ in texts], dtype=np.float32)


@pytest.mark.parametrize(("deadly", "expected"), [({}, 1.0), ({"embed": 1}, 0.0)])
def test_what_a_worker_cannot_embed_is_embedded_here(tmp_path, deadly, expected):
    with Store.open(f"sqlite:///{tmp_path}/astral.db") as store:
        takers = Takers(store, "run", deadly=deadly)
        parts = {"store": store, "recorder": None, "run_id": "run", "prices": {}}
        lent = LentEmbedder(Own(), Leases(takers, budget=Budget(), **parts))
        assert lent.name == "own"
        assert lent.embed(["a", "b"], kind="query")[:, 0].tolist() == [expected, expected]
