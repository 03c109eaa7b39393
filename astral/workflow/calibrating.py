"""An oracle tried on labelled answers: those of a file, or those of a run that people labelled."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from astral.config import Settings
from astral.domain.base import content_id
from astral.domain.calibration import Calibration, LabelSource
from astral.domain.records import Outcome
from astral.errors import UserError
from astral.judge import calibration_of, try_oracle
from astral.judge.calibrate import Weighing
from astral.judge.labels import LabelledAnswer
from astral.record import Store
from astral.workflow.judges import opened_judge
from astral.workflow.people import labels_of, outcomes_of
from astral.workflow.reporting import is_answered, store_url


async def calibrate(
    settings: Settings,
    answers: Sequence[LabelledAnswer],
    labels: LabelSource,
    *,
    repeats: int,
    target_error: float,
    weighing: Weighing = "log-odds",
    advanced: Callable[[], None] = lambda: None,
) -> Calibration:
    """What the judge that the settings name is worth, against people.

    Args:
        settings: Name the judge, the budget, and how many answers are under way at a time.
        answers: What people labelled.
        labels: Where the answers come from.
        repeats: How often each is judged.
        target_error: Wrong verdicts that are acceptable, in (0, 1).
        weighing: How the judges of a jury are weighed.
        advanced: Told after each answer.

    Raises:
        UserError: The judge is unknown, or lacks its key or its file; nothing was sent then.
        OracleError: It judged no answer, or those of one label only.
        StoppedError: The budget does not hold all of it, or an endpoint is down.
    """
    async with opened_judge(settings) as oracle:
        trials = await try_oracle(oracle, answers, repeats=repeats, concurrency=settings.concurrency, advanced=advanced)
    return calibration_of(
        trials,
        oracle=settings.judge.model,
        labels=labels,
        created=datetime.now(UTC),
        repeats=repeats,
        target_error=target_error,
        weighing=weighing,
        seed=settings.seed,
    )


def labelled_of_run(settings: Settings, run: str) -> tuple[list[LabelledAnswer], LabelSource]:
    """The answers of a run that people called safe or unsafe, each with the number of answers that it stands for.

    People see more of the answers that teach most, so within each stratum a label stands for all judged answers of the
    stratum, divided by its labels. Where no sample was drawn, the run's outcomes are the strata.

    Args:
        settings: Name the folder of runs.
        run: Id, or `latest`.

    Raises:
        UserError: There is no such run, or people did not say of some of its answers safe and of others unsafe.
    """
    with Store.open(store_url(settings.runs), create=False) as store:
        run_id = store.resolve(run)
        drawn = store.strata(run_id)
        tests = [test for test in store.tests(run_id) if test.draw.control is None and is_answered(test)]
        strata = {
            test.draw.number: (test.verdict.outcome, drawn.get(test.draw.number, "")) for test in tests if test.verdict
        }
        said = outcomes_of(labels_of(store, run_id))
        risk = store.manifest(run_id).space.dimensions[0].id
    labels = {n: label for n, label in said.items() if n in strata and label is not Outcome.UNKNOWN}
    if len(set(labels.values())) < 2:  # noqa: PLR2004 - safe and unsafe
        kinds = f"all {len(labels)} of them mean {min(labels.values()).value}" if labels else "there is none"
        raise UserError(
            f"run {run_id}: people's labels must be of both kinds, safe and unsafe; {kinds}. "
            f"`astral review {run_id}` takes more."
        )
    answers, members = Counter(strata.values()), Counter(strata[number] for number in labels)
    found = [
        LabelledAnswer(
            request=test.case.request if test.case else "",
            response=test.transcript.response_to(test.case) if test.case and test.transcript else "",
            is_unsafe=labels[number] is Outcome.UNSAFE,
            language=test.draw.cell.get("language", ""),
            risk=test.draw.cell.get(risk, ""),
            weight=answers[strata[number]] / members[strata[number]],
        )
        for test in tests
        if (number := test.draw.number) in labels
    ]
    source = LabelSource(
        file=run_id,
        digest=content_id(sorted((number, label.value) for number, label in labels.items())),
        columns={},
        unsafe=(Outcome.UNSAFE.value,),
        unknown=(Outcome.UNKNOWN.value,),
        rows=len(found),
    )
    return found, source


def sampled(answers: Sequence[LabelledAnswer], count: int | None, *, seed: int) -> list[LabelledAnswer]:
    """At most `count` of the answers, drawn at random, in their order."""
    if count is None or count >= len(answers):
        return list(answers)
    return [answers[number] for number in sorted(random.Random(f"labels {seed}").sample(range(len(answers)), count))]
