"""The main job on functions as targets: what is recorded, in which order, and how it ends."""

import asyncio
import json
import socket
import stat

import pytest

from astral.domain.records import Control, Result, Stage
from astral.domain.run import RunStatus
from astral.errors import ExitCode, UserError
from astral.record import Store
from astral.workflow.events import Silence
from astral.workflow.reporting import report_of
from astral.workflow.run import resume, start
from tests.workflow.conftest import FEW, settings_for


def record_of(runs, run_id="latest"):
    """Everything of a run that is not a time: what law 3 compares."""
    return record_at(f"sqlite:///{runs / 'astral.db'}", run_id)


def record_at(url, run_id="latest"):
    """The same of a run in the record at this address."""
    with Store.open(url) as store:
        return {
            test.draw.number: (
                test.draw.cell,
                test.draw.control,
                test.case and test.case.id,
                test.transcript and test.transcript.id,
                test.verdict and test.verdict.id,
                test.failure,
            )
            for test in store.tests(store.resolve(run_id))
        }


def recorded_tests(runs):
    with Store.open(f"sqlite:///{runs / 'astral.db'}") as store:
        return list(store.tests(store.resolve("latest")))


async def test_every_pair_is_judged_and_the_folder_holds_what_was_promised(runs):
    outcome = await start(settings_for(runs))
    assert outcome.exit_code is ExitCode.OK
    coverage = outcome.summary.coverage
    assert coverage.covered == coverage.required == 3 * 2 + 3 * 6 + 3 * 5 + 2 * 6 + 2 * 5 + 6 * 5
    assert {path.name for path in outcome.folder.iterdir()} >= {
        "manifest.json",
        "settings.json",
        "report.html",
        "report.md",
        "summary.json",
        "cases.jsonl",
        "checkpoints.db",
    }
    assert stat.S_IMODE(outcome.folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in outcome.folder.glob("*.json*"))
    assert len((outcome.folder / "cases.jsonl").read_text().splitlines()) == 30 + 2


async def test_the_same_seed_gives_the_same_record_and_another_seed_another(runs):
    for seed in (5, 5, 6):
        await start(settings_for(runs, only=FEW, seed=seed, budget={"cases": 6}))
    with Store.open(f"sqlite:///{runs / 'astral.db'}") as store:
        third, second, first = [run.run_id for run in store.runs()]
    assert record_of(runs, first) == record_of(runs, second)
    assert record_of(runs, first) != record_of(runs, third)


async def test_concurrency_changes_nothing_that_is_recorded(runs):
    await start(settings_for(runs, only=FEW, concurrency=1))
    alone = record_of(runs)
    await start(settings_for(runs, only=FEW, concurrency=8))
    assert record_of(runs) == alone


async def test_controls_go_through_the_pipeline_and_count_in_nothing(runs):
    outcome = await start(settings_for(runs, only=FEW, controls=3))
    controls = outcome.summary.controls
    assert (controls.positive.judged, controls.negative.judged) == (3, 3)
    assert controls.is_sound, controls.reading
    # The target refuses everything: an unsafe answer could only be a control's.
    assert outcome.summary.counts.unsafe == 0
    assert outcome.summary.counts.total == 9
    drawn = [test.draw for test in recorded_tests(runs)]
    assert [draw.number for draw in drawn] == list(range(15))
    assert sum(draw.control is Control.POSITIVE for draw in drawn) == 3


async def test_a_target_that_complies_is_unsafe_and_the_threshold_says_so(runs):
    told = {"target": {"model": "python:astral.testing.targets:complying"}, "max_unsafe_rate": 0.2}
    outcome = await start(settings_for(runs, only=FEW, **told))
    assert outcome.exit_code is ExitCode.UNSAFE
    assert outcome.summary.rate.fraction > 0.9


async def test_the_budget_of_cases_is_kept_and_a_larger_one_goes_on(runs):
    outcome = await start(settings_for(runs, only=FEW, budget={"cases": 3}))
    assert outcome.exit_code is ExitCode.INCOMPLETE
    assert outcome.summary.counts.total == 3
    outcome = await resume(runs, "latest", {"cases": 5})
    assert outcome.summary.counts.total == 5
    outcome = await resume(runs, "latest", {"cases": None})
    assert outcome.exit_code is ExitCode.OK
    assert outcome.summary.counts.total == 9


async def test_what_fails_is_tried_in_other_cells_and_never_counted_as_safe(runs):
    outcome = await start(settings_for(runs, target={"model": "python:astral.testing.targets:flaky"}))
    summary = outcome.summary
    failed = [test for test in recorded_tests(runs) if test.result is Result.FAILED]
    assert failed
    assert all(test.failure.stage is Stage.EXECUTE and test.verdict is None for test in failed)
    assert summary.counts.failed == len([test for test in failed if test.draw.control is None])
    assert summary.coverage.covered + summary.coverage.given_up == summary.coverage.required


async def test_a_target_that_always_fails_ends_the_run_after_one_round(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken_target.py").write_text("def answer(text):\n    raise RuntimeError('no connection')\n")
    outcome = await start(settings_for(runs, target={"model": "python:broken_target:answer"}))
    assert outcome.exit_code is ExitCode.FAILED
    assert outcome.summary.run.status is RunStatus.FAILED
    assert outcome.summary.coverage.covered == 0
    assert "no connection" in outcome.summary.failures[0].example


async def test_a_few_tests_that_fail_at_the_end_are_given_up_and_do_not_fail_the_run(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiring_target.py").write_text(
        "calls = []\ndef answer(text):\n    calls.append(text)\n    assert len(calls) < 29, 'tired'\n    return 'No.'\n"
    )
    told = {"target": {"model": "python:tiring_target:answer"}, "twins": 0.0}
    outcome = await start(settings_for(runs, **told))
    assert outcome.summary.run.status is RunStatus.EXHAUSTED
    assert outcome.exit_code is ExitCode.INCOMPLETE
    assert outcome.summary.coverage.given_up
    assert outcome.summary.counts.safe == 28


async def test_a_report_is_made_again_from_the_record_alone(runs):
    outcome = await start(settings_for(runs, budget={"cases": 5}))
    numbers = json.loads((outcome.folder / "summary.json").read_text())
    for path in outcome.folder.glob("*"):
        path.unlink()
    again, folder = report_of(runs, outcome.summary.run.run_id, reveal=False)
    assert again == outcome.summary
    assert json.loads((folder / "summary.json").read_text()) == numbers


async def test_a_part_that_cannot_be_loaded_leaves_no_run_behind(runs):
    with pytest.raises(UserError, match="no_such_module"):
        await start(settings_for(runs, target={"model": "python:no_such_module:answer"}))
    with Store.open(f"sqlite:///{runs / 'astral.db'}") as store:
        assert store.runs() == []


async def test_two_processes_cannot_execute_one_run(runs):
    outcome = await start(settings_for(runs, budget={"cases": 3}))
    run_id = outcome.summary.run.run_id
    with (
        Store.open(f"sqlite:///{runs / 'astral.db'}") as store,
        store.lock(run_id),
        pytest.raises(UserError, match=run_id),
    ):
        await resume(runs, run_id, {"cases": 5})


class Waiting(Silence):
    """A listener that knows when the first answer is in."""

    def __init__(self):
        self.answered = asyncio.Event()

    def advanced(self, stage):
        if stage is Stage.EXECUTE:
            self.answered.set()


async def test_an_interrupted_run_says_so_and_goes_on(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "slow_target.py").write_text(
        "import asyncio\n\nasync def answer(text):\n    await asyncio.sleep(0.1)\n    return 'I am sorry, no.'\n"
    )
    settings = settings_for(runs, only=FEW, target={"model": "python:slow_target:answer"}, concurrency=2)
    listener = Waiting()
    job = asyncio.create_task(start(settings, listener))
    await listener.answered.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    with Store.open(f"sqlite:///{runs / 'astral.db'}") as store:
        assert store.status(store.resolve("latest")) is RunStatus.INTERRUPTED
    outcome = await resume(runs, "latest", {})
    assert outcome.exit_code is ExitCode.OK


async def test_with_a_local_target_nothing_leaves_the_machine(runs, monkeypatch):
    """Every connection but those within the process is refused; the run does not notice."""
    tried = []

    def refuse(self, address):
        tried.append(address)
        raise OSError(f"connection to {address} in a run that needs none")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    outcome = await start(settings_for(runs, budget={"cases": 4}))
    assert outcome.summary.counts.total == 4
    assert tried == []
