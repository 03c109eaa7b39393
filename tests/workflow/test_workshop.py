"""A large run's tests are planned and written in a process of their own, and are the same."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from astral.domain.records import Draw, Result
from astral.domain.run import RunStatus
from astral.errors import AstralError, UserError
from astral.record import Store
from astral.workflow.events import Silence
from astral.workflow.planning import Planning, planner_of
from astral.workflow.reporting import store_url
from astral.workflow.run import resume, start
from astral.workflow.wiring import wired
from astral.workflow.workshop import LARGE, Workshop, has_workshop
from astral.workflow.writers import Writers
from tests.workflow.conftest import FEW, settings_for
from tests.workflow.test_run import record_of


@pytest.fixture(scope="module")
def recorded(warm_runs, tmp_path_factory):
    """A small run in its store, with its manifest."""
    runs = shutil.copytree(warm_runs, tmp_path_factory.mktemp("recorded") / "runs")
    outcome = asyncio.run(start(settings_for(runs, only=FEW, controls=0)))
    with Store.open(store_url(runs)) as store:
        yield store, store.manifest(outcome.summary.run.run_id)


async def test_a_run_records_the_same_whichever_process_writes_its_cases(runs):
    records = []
    for cases in (LARGE - 1, LARGE):
        await start(settings_for(runs, only=FEW, planner="covering", budget={"cases": cases}))
        records.append(record_of(runs))
    assert records[0] == records[1]
    assert len(records[0]) == 9 + 2, "nine tests cover all pairs, and there are two controls"


async def test_what_is_written_there_is_what_would_be_written_here(recorded):
    store, manifest = recorded
    draws = [Draw(number=100 + n, cell=cell) for n, cell in zip(range(60), manifest.space.cells(), strict=False)]
    async with wired(manifest, store, Silence()) as context:
        assert isinstance(context.writers, Writers)
        here = await context.writers.write(draws, round_draws=draws)
    process = await Workshop.begin(manifest)
    advanced: list[int] = []
    try:
        await process.ready()
        parts = [draws[:25], draws[25:]]
        there = [await process.write(part, round_draws=part, advanced=lambda: advanced.append(1)) for part in parts]
    finally:
        await process.close()
    assert [case for each in there for case in each.results] == list(here.results)
    assert [drafting for each in there for drafting in each.draftings] == list(here.draftings)
    assert len(advanced) == len(draws)


async def test_what_is_planned_there_is_what_would_be_planned_here(recorded):
    _, manifest = recorded
    settings = settings_for(manifest.settings["runs"], only=FEW, planner="thompson", budget={"cases": LARGE})
    manifest = manifest.model_copy(update={"settings": settings.model_dump(mode="json")})

    async def planned(planning: Planning | Workshop) -> list[object]:
        told: list[object] = []
        for _ in range(4):
            draws = await planning.draw(12, LARGE)
            await planning.take_up([Draw(number=draws[-1].number + 1, cell=draws[0].cell)])
            await planning.observe(
                (draw, Result.UNSAFE if draw.cell["style"] == "slang" else Result.SAFE) for draw in draws
            )
            told += [draws, await planning.progress()]
        return told

    process = await Workshop.begin(manifest)
    try:
        await process.ready()
        there = await planned(process)
    finally:
        await process.close()
    assert there == await planned(Planning(planner_of(manifest)))
    assert there[-1].is_met
    assert 0 < there[-2][0].probability < 1, "by then it searches"


async def test_what_is_wrong_with_a_part_is_said_before_anything_is_written(recorded):
    _, manifest = recorded
    process = await Workshop.begin(manifest.model_copy(update={"published": "0" * 20}))
    with pytest.raises(UserError, match="have changed since run"):
        await process.ready()
    await process.close()


async def test_a_process_that_was_killed_is_told_of_with_what_to_do(recorded):
    _, manifest = recorded
    process = await Workshop.begin(manifest)
    await process.ready()
    process._process.kill()
    draws = [Draw(number=0, cell=next(iter(manifest.space.cells())))]
    with pytest.raises(AstralError, match=r"exit code -9.*astral resume"):
        await process.write(draws, round_draws=draws)
    await process.close()


class WorkshopKiller(Silence):
    """Kills the workshop of the run that it watches, once so many tests have ended."""

    def __init__(self, after: int) -> None:
        self.after, self.ended = after, 0

    def finished(self, result: Result) -> None:
        self.ended += 1
        if self.ended == self.after:
            (workshop,) = workshops()
            os.kill(workshop, signal.SIGKILL)


def workshops() -> list[int]:
    """The workshops of runs of this process, by their numbers."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # others end meanwhile
            is_ours = f"PPid:\t{os.getpid()}\n" in (folder / "status").read_text()
            if is_ours and b"astral.workflow.workshop" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


@pytest.mark.slow
async def test_a_run_whose_workshop_was_killed_says_so_and_goes_on_as_if_it_had_not_been(runs, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    told = {"only": {"language": ["en", "it"]}, "planner": "covering", "budget": {"cases": LARGE}, "concurrency": 4}
    await start(settings_for(runs, **told))
    whole = record_of(runs)
    with pytest.raises(AstralError, match=r"exit code -9.*astral resume"):
        await start(settings_for(runs, **told), WorkshopKiller(after=40))
    assert 0 < sum(verdict is not None for *_, verdict, _ in record_of(runs).values()) < len(whole)
    outcome = await resume(runs, "latest", {})
    assert outcome.summary.run.status == RunStatus.MET
    assert record_of(runs) == whole
    assert not workshops()


KILLED = """
import asyncio, os, sys
from pathlib import Path
from astral.domain.run import Manifest
from astral.workflow.workshop import Workshop

async def main():
    process = await Workshop.begin(Manifest.model_validate_json(Path(sys.argv[1]).read_text()))
    await process.ready()
    print(process._process.pid, flush=True)
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


@pytest.mark.slow
def test_it_ends_with_the_run_that_was_killed(recorded, tmp_path):
    _, manifest = recorded
    (tmp_path / "manifest.json").write_text(manifest.model_dump_json())
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path / "manifest.json"], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -9
    number = int(killed.stdout)
    waited = 0.0
    while _is_alive(number):
        time.sleep(0.1)
        waited += 0.1
        assert waited < 60, "it goes on without its run"


def _is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    # Whoever took the orphan over may not have buried it yet.
    return "Z" not in Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


@pytest.mark.parametrize(
    ("told", "is_elsewhere"),
    [
        ({}, True),
        ({"budget": {"cases": LARGE - 1}}, False),
        ({"budget": {"cases": None}}, False),
        ({"attacker": {"screening": "meaning"}}, False),
        ({"attacker": {"mode": "evolve"}}, False),
        ({"attacker": {"model": ("local",)}}, False),
        ({"evidence": {"sources": ("ddgs",)}}, False),
    ],
)
def test_only_what_needs_nothing_of_the_run_has_workshop(recorded, told, is_elsewhere, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    _, manifest = recorded
    settings = settings_for(manifest.settings["runs"], **{"budget": {"cases": LARGE}, **told})
    manifest = manifest.model_copy(update={"settings": settings.model_dump(mode="json")})
    assert has_workshop(manifest) == is_elsewhere
