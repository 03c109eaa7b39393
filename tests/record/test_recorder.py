"""Many writers, few transactions, and no write that returns early."""

import asyncio
import threading

import pytest

from astral.domain.run import Call
from astral.errors import RecordError
from astral.record import Recorder, Store


def call(key):
    return Call(key=str(key), role="judge", reply="r")


@pytest.fixture
def run_id(store, make):
    return make.new_run(store)


class HeldStore(Store):
    """Writes each batch when it is told to, and notes its size."""

    def write(self, run_id, items):
        self.is_writing.set()
        self.may_go_on.wait(10)
        self.sizes.append(len(items))
        super().write(run_id, items)


@pytest.fixture
def held(url):
    with HeldStore.open(url) as store:
        store.is_writing, store.may_go_on, store.sizes = threading.Event(), threading.Event(), []
        yield store


async def test_what_was_written_is_seen_by_others_at_once(url, store, run_id):
    async with Recorder(store, run_id) as recorder:
        await recorder.write(call(0), call(1))
        with Store.open(url) as other:
            assert all(other.call(run_id, key) for key in "01")


async def test_writes_share_a_transaction_when_they_come_at_once_or_while_another_is_under_way(held, make):
    run_id = make.new_run(held)
    async with Recorder(held, run_id) as recorder:
        first = [asyncio.create_task(recorder.write(call(key))) for key in range(100)]
        await asyncio.to_thread(held.is_writing.wait, 10)
        later = []
        for key in range(100, 200):
            later.append(asyncio.create_task(recorder.write(call(key))))
            await asyncio.sleep(0)
        assert not any(task.done() for task in first + later)
        held.may_go_on.set()
        await asyncio.gather(*first, *later)
    assert held.sizes == [100, 100]
    assert all(held.call(run_id, str(key)) for key in range(200))


async def test_closing_writes_what_waits_and_takes_no_more(store, run_id):
    recorder = Recorder(store, run_id)
    waiting = [asyncio.create_task(recorder.write(call(key))) for key in range(10)]
    await asyncio.sleep(0)
    await recorder.aclose()
    await asyncio.gather(*waiting)
    with pytest.raises(RecordError, match="closed"):
        await recorder.write(call(10))
    assert [store.call(run_id, str(key)) is not None for key in range(11)] == [True] * 10 + [False]
    await recorder.aclose()


async def test_a_failed_write_reaches_every_waiter_and_is_the_last(store, run_id, make):
    async with Recorder(store, run_id) as recorder:
        never_drawn = make.entries(7)
        results = await asyncio.gather(
            recorder.write(call(0)), recorder.write(*never_drawn), recorder.write(call(1)), return_exceptions=True
        )
        assert [type(result) for result in results] == [RecordError] * 3
        with pytest.raises(RecordError, match="add the run before its rounds"):
            await recorder.write(call(2))
    assert [store.call(run_id, str(key)) for key in range(3)] == [None] * 3


async def test_a_failure_reaches_those_too_who_came_while_it_happened(held):
    async with Recorder(held, "no-such-run") as recorder:
        first = asyncio.create_task(recorder.write(call(0)))
        await asyncio.to_thread(held.is_writing.wait, 10)
        second = asyncio.create_task(recorder.write(call(1)))
        await asyncio.sleep(0)
        held.may_go_on.set()
        results = await asyncio.wait_for(asyncio.gather(first, second, return_exceptions=True), timeout=10)
    assert [type(result) for result in results] == [RecordError] * 2


async def test_a_bug_reaches_those_who_wait_instead_of_hanging_them(store, run_id):
    async with Recorder(store, run_id) as recorder:
        with pytest.raises(RecordError, match=r"UnboundLocalError|TypeError|AttributeError"):
            await asyncio.wait_for(recorder.write("no item"), timeout=5)


async def test_a_cancelled_waiter_neither_stops_nor_loses_the_others(store, run_id):
    async with Recorder(store, run_id) as recorder:
        writes = [asyncio.create_task(recorder.write(call(key))) for key in range(3)]
        await asyncio.sleep(0)
        writes[1].cancel()
        await asyncio.gather(writes[0], writes[2])
        await recorder.write(call(3))
    assert all(store.call(run_id, key) for key in ("0", "2", "3"))
