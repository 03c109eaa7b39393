"""The bounded task group."""

import asyncio

import pytest

from astral.errors import BudgetExceededError, RecordError
from astral.workflow.pool import work_through


@pytest.mark.parametrize("concurrency", [1, 3, 100])
async def test_each_item_is_done_once_and_never_more_than_allowed_at_a_time(concurrency):
    done, under_way, most = [], 0, 0

    async def work(item):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.001 * (item % 3))
        under_way -= 1
        done.append(item)

    assert await work_through(range(20), work, concurrency=concurrency) is None
    assert sorted(done) == list(range(20))
    assert most <= min(concurrency, 20)


async def test_a_spent_budget_lets_what_is_under_way_end_and_starts_nothing_new():
    started, ended = [], []

    async def work(item):
        started.append(item)
        if item == 1:
            raise BudgetExceededError("spent")
        await asyncio.sleep(0.01)
        ended.append(item)

    spent = await work_through(range(10), work, concurrency=2)
    assert str(spent) == "spent"
    assert started == [0, 1]
    assert ended == [0]


async def test_a_broken_record_stops_everything_with_its_own_error():
    async def work(item):
        if item == 3:
            raise RecordError("disk full")
        await asyncio.sleep(10)

    with pytest.raises(RecordError, match="disk full"):
        await asyncio.wait_for(work_through(range(5), work, concurrency=5), timeout=5)
