"""A run judged again by another oracle. Verdicts are added beside the old ones, never in their place."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from astral.config import Settings
from astral.domain.calibration import Calibration
from astral.domain.chat import ModelRole
from astral.domain.run import TestRecord
from astral.errors import StageError
from astral.record import OtherVerdict, Recorder, Store
from astral.workflow.journal import JournalledModel, RunJournal
from astral.workflow.judges import definitions_of, load_calibration, opened_judge
from astral.workflow.pool import work_through
from astral.workflow.reporting import is_answered, store_url


@dataclass(frozen=True)
class Rejudged:
    """What came of it."""

    run_id: str
    oracle: str
    """The name under which the record keeps the verdicts."""
    added: int
    known: int
    """Answers on which the record had a verdict of this oracle already."""
    missing: int
    """Answers on which it still has no verdict: it failed, or the budget ended."""
    problem: str = ""
    """The first error, or why the budget ended it."""


async def rejudge(
    settings: Settings,
    run: str,
    *,
    started: Callable[[int], None] = lambda _: None,
    advanced: Callable[[], None] = lambda: None,
) -> Rejudged:
    """Have the judge that the settings name judge every answer of a run.

    What it has judged already is passed over, so that what was cut off can be taken up by asking again. The run's own
    verdicts stay as they are.

    Args:
        settings: Name the judge, its policy and calibration, the folder of runs and the budget.
        run: Id, or `latest`.
        started: Told how many answers there are to judge.
        advanced: Told after each answer.

    Raises:
        UserError: There is no such run, or the judge cannot be had; nothing was sent then.
        RecordError: The record cannot be read or written.
    """
    told = settings.judge
    calibration = load_calibration(told.calibration) if told.calibration else None
    with Store.open(store_url(settings.runs), create=False) as store:
        run_id = store.resolve(run)
        manifest = store.manifest(run_id)
        name = _name(settings, calibration)
        known = store.verdicts_of(run_id, name)
        tests = [test for test in store.tests(run_id) if is_answered(test) and test.draw.number not in known]
        async with (
            Recorder(store, run_id) as recorder,
            opened_judge(
                settings,
                calibration,
                definitions=definitions_of(manifest.space),
                wrapped=lambda model: JournalledModel(model, ModelRole.JUDGE, RunJournal(store, recorder, run_id)),
            ) as oracle,
        ):
            started(len(tests))
            errors: list[str] = []

            async def work(test: TestRecord) -> None:
                if test.case is None or test.transcript is None:
                    return
                try:
                    verdict = await oracle.judge(test.case, test.transcript)
                except StageError as error:
                    errors.append(str(error))
                else:
                    await recorder.write(OtherVerdict(test.draw.number, name, verdict))
                advanced()

            spent = await work_through(tests, work, concurrency=settings.concurrency)
        added = len(store.verdicts_of(run_id, name)) - len(known)
    problem = str(spent) if spent else next(iter(errors), "")
    return Rejudged(run_id, name, added=added, known=len(known), missing=len(tests) - added, problem=problem)


def _name(settings: Settings, calibration: Calibration | None) -> str:
    """The judge's name, with the digests of what else its verdicts depend on."""
    parts = [settings.judge.model]
    if settings.judge.policy and settings.judge.policy.is_file():
        parts.append(f"policy {hashlib.sha256(settings.judge.policy.read_bytes()).hexdigest()[:8]}")
    if calibration:
        parts.append(f"calibration {calibration.digest[:8]}")
    return " + ".join(parts)
