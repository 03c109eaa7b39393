"""An oracle tried on labelled answers, outside of any run."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from astral.config import Settings
from astral.domain.calibration import Calibration, LabelSource
from astral.judge import calibration_of, try_oracle
from astral.judge.calibrate import Weighing
from astral.judge.labels import LabelledAnswer
from astral.workflow.judges import opened_judge


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


def sampled(answers: Sequence[LabelledAnswer], count: int | None, *, seed: int) -> list[LabelledAnswer]:
    """At most `count` of the answers, drawn at random, in their order."""
    if count is None or count >= len(answers):
        return list(answers)
    return [answers[number] for number in sorted(random.Random(f"labels {seed}").sample(range(len(answers)), count))]
