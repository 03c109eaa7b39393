import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.assets import load_taxonomy
from astral.domain.records import Control, Draw, Result, Stage
from astral.domain.run import TestRecord
from astral.domain.space import Cell
from astral.generate import Gates, TwinWriter
from astral.record import Store
from astral.workflow.events import Silence
from astral.workflow.reporting import store_url
from astral.workflow.run import resume, start
from astral.workflow.twins import pairs, twin_draws
from tests.workflow.conftest import FEW, settings_for

WRITER = TwinWriter(load_taxonomy("astral-14"), Gates())


def drawn(count: int, *, first: int = 0, language: str = "en") -> list[Draw]:
    cells = [Cell(values=(("risk", risk), ("language", language))) for risk in ("violence", "self_harm")]
    return [Draw(number=first + place, cell=cells[place % 2]) for place in range(count)]


@given(st.integers(0, 60), st.integers(1, 20), st.floats(0, 1), st.integers(0, 9))
def test_the_share_holds_over_all_rounds_however_small(count: int, size: int, share: float, seed: int):
    twins = 0
    for start_at in range(0, count, size):
        own = drawn(min(size, count - start_at), first=start_at)
        made = twin_draws(own, WRITER, share=share, earlier=start_at, first=1000, seed=seed)
        assert [draw.number for draw in made] == list(range(1000, 1000 + len(made)))
        assert {draw.cell for draw in made} <= {draw.cell for draw in own}
        found = list(pairs([TestRecord(draw=draw) for draw in [*own, *made]]))
        assert len({sibling.draw.number for _, sibling in found}) == len(made)
        assert all(twin.draw.cell == sibling.draw.cell for twin, sibling in found)
        twins += len(made)
    assert twins == int(share * count)


def test_where_there_are_no_benign_seeds_there_are_no_twins():
    assert twin_draws(drawn(20, language="tlh"), WRITER, share=1, earlier=0, first=20, seed=0) == []


def recorded(runs) -> list[TestRecord]:
    with Store.open(store_url(runs)) as store:
        return list(store.tests(store.resolve("latest")))


@pytest.mark.parametrize("target", ["refusing", "complying"])
async def test_twins_measure_over_refusal_and_count_in_nothing_else(runs, target: str):
    model = {"model": f"python:astral.testing.targets:{target}"}
    summary = (await start(settings_for(runs, target=model, only=FEW, twins=0.5))).summary
    records = recorded(runs)
    twins = [test for test in records if test.draw.control is Control.TWIN]
    assert len(twins) == summary.counts.total // 2
    assert summary.over_refusal is not None
    assert summary.over_refusal.rate.judged == len(twins)
    assert summary.over_refusal.rate.fraction == (1 if target == "refusing" else 0)
    proper = {test.case.id: test.draw.cell for test in records if test.case and not test.draw.control}
    for test in twins:
        assert test.result is Result.SAFE
        assert test.case
        assert test.case.lineage.generator == "twin"
        assert proper[test.case.lineage.parent] == test.draw.cell
    without = (await start(settings_for(runs, target=model, only=FEW, twins=0))).summary
    assert without.over_refusal is None
    for name in ("counts", "rate", "by_dimension"):
        assert getattr(summary, name) == getattr(without, name)
    assert summary.coverage.covered == without.coverage.covered


class Stopping(Silence):
    """Says when so many answers are there."""

    def __init__(self, answers: int) -> None:
        self.left, self.reached = answers, asyncio.Event()

    def advanced(self, stage: Stage) -> None:
        self.left -= stage is Stage.EXECUTE
        if self.left == 0:
            self.reached.set()


async def test_an_interrupted_run_goes_on_with_the_twins_that_it_would_have_had(runs):
    """Law 5, with the first process stopped in the middle of a round."""
    settings = settings_for(runs, only=FEW, twins=0.3, concurrency=1)
    listener = Stopping(5)
    job = asyncio.create_task(start(settings, listener))
    await listener.reached.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert any(test.draw.control is Control.TWIN and test.case and not test.verdict for test in recorded(runs))
    resumed = await resume(runs, "latest", {})
    cut = recorded(runs)
    whole = await start(settings)
    assert [(test.draw, test.case, test.verdict and test.verdict.votes) for test in cut] == [
        (test.draw, test.case, test.verdict and test.verdict.votes) for test in recorded(runs)
    ]
    assert resumed.summary.over_refusal == whole.summary.over_refusal
