"""An oracle tried on answers that people labelled."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from astral import __version__
from astral.domain.calibration import Calibration, LabelSource, Slice
from astral.domain.ports import Oracle
from astral.domain.records import Outcome, PromptRef, Verdict
from astral.errors import OracleError, StageError, StoppedError, UserError
from astral.judge.agreement import JudgedAnswer, agreement_of, worth_of
from astral.judge.labels import LabelledAnswer
from astral.judge.thresholds import choose_thresholds, thresholded
from astral.judge.verdicts import JUROR, NO_IDEA
from astral.judge.weights import hedge_weights, log_odds_weights

Weighing = Literal["log-odds", "online"]
"""How the judges of a jury are weighed."""


@dataclass(frozen=True)
class Trial:
    """A labelled answer and what the oracle said, each time that it was asked; an error where it said nothing."""

    answer: LabelledAnswer
    verdicts: tuple[Verdict, ...]
    error: str = ""


async def try_oracle(
    oracle: Oracle,
    answers: Sequence[LabelledAnswer],
    *,
    repeats: int = 1,
    concurrency: int = 8,
    advanced: Callable[[], None] = lambda: None,
) -> list[Trial]:
    """Have an oracle judge every answer.

    Args:
        oracle: The oracle.
        answers: What people labelled.
        repeats: How often it judges each.
        concurrency: Answers under way at a time.
        advanced: Told after each answer.

    Raises:
        StoppedError: The budget does not hold all of it, or an endpoint is down.
    """
    waiting = iter(enumerate(answers))
    trials: dict[int, Trial] = {}

    async def worker() -> None:
        for number, answer in waiting:
            case, transcript = answer.case, answer.transcript
            verdicts: list[Verdict] = []
            error = ""
            for _ in range(repeats):
                try:
                    verdicts.append(await oracle.judge(case, transcript))
                except StageError as problem:
                    error = str(problem)
            trials[number] = Trial(answer, tuple(verdicts), error)
            advanced()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(answers))):
                group.create_task(worker())
    except* StoppedError as errors:
        raise errors.exceptions[0] from None
    return [trials[number] for number in range(len(answers))]


def calibration_of(
    trials: Sequence[Trial],
    *,
    oracle: str,
    labels: LabelSource,
    created: datetime,
    repeats: int = 1,
    target_error: float = 0.05,
    weighing: Weighing = "log-odds",
    seed: int = 0,
) -> Calibration:
    """What the trials say about an oracle.

    Args:
        trials: One for each labelled answer.
        oracle: Its name, as the settings would name it.
        labels: Where the labels come from.
        created: Now, in UTC.
        repeats: How often each answer was judged.
        target_error: Wrong verdicts that are acceptable, in (0, 1).
        weighing: How the judges of a jury are weighed: by their odds of being right, as independent ones should be, or
            on line, answer by answer in the order of the labels, without regret whatever comes.
        seed: Of the bootstrap.

    Raises:
        OracleError: It judged no answer, or those of one label only.
    """
    judged = [(trial.answer, _judged(trial)) for trial in trials if trial.verdicts]
    failed = len(trials) - len(judged)
    if len({answer.is_unsafe for _, answer in judged}) < 2:  # noqa: PLR2004 - two kinds of answers
        why = next((trial.error for trial in trials if trial.error), "it judged answers of one label only")
        raise OracleError(f"{oracle} gave a verdict on {len(judged)} of {len(trials)} answers: {why}")
    answers = [answer for _, answer in judged]
    votes = [vote for trial in trials for verdict in trial.verdicts for vote in verdict.votes]
    prompts = {(vote.prompt.id, vote.prompt.digest): vote.prompt for vote in votes if vote.prompt}

    def slices(name: str) -> tuple[Slice, ...]:
        ids = sorted({getattr(answer, name) for answer, _ in judged} - {""})
        return tuple(
            Slice(
                id=each,
                agreement=agreement_of(
                    [one for answer, one in judged if getattr(answer, name) == each],
                    failed=sum(not trial.verdicts and getattr(trial.answer, name) == each for trial in trials),
                    seed=seed,
                ),
            )
            for each in ids
        )

    return Calibration(
        oracle=oracle,
        created=created,
        astral_version=__version__,
        seed=seed,
        labels=labels,
        prompts=tuple(PromptRef.model_validate(prompts[key]) for key in sorted(prompts)),
        models=tuple(sorted({vote.judge for vote in votes})),
        repeats=repeats,
        agreement=agreement_of(answers, failed=failed, seed=seed),
        by_language=slices("language"),
        by_risk=slices("risk"),
        thresholds=choose_thresholds(answers, target_error=target_error),
        thresholded=thresholded(answers, target_error=target_error),
        weights=_weights(trials, weighing),
    )


def check_calibration(calibration: Calibration, oracle: str) -> None:
    """Make sure that a calibration is about this oracle.

    Raises:
        UserError: It is about another one.
    """
    if calibration.oracle != oracle:
        raise UserError(
            f"judge.calibration is about {calibration.oracle!r}, and the judge is {oracle!r}, whose errors are others. "
            f"`astral calibrate --oracle {oracle}` makes one."
        )


def calibration_note(calibration: Calibration) -> str:
    """What a calibration says of how far a judge can be trusted, in plain words for a report."""
    agreement = calibration.agreement
    accuracy, labels = agreement.accuracy, calibration.labels.file
    kappa = "" if agreement.kappa.value is None else f", kappa {agreement.kappa.value:.2f}"
    return (
        f"{calibration.oracle} agrees with people in {accuracy.value or 0:.0%} of {agreement.answers} answers "
        f"({accuracy.low:.0%} to {accuracy.high:.0%}{kappa}; {labels}, calibration {calibration.digest[:8]}). Answers "
        "of another kind may fare otherwise."
    )


def _judged(trial: Trial) -> JudgedAnswer:
    first, *others = trial.verdicts
    return JudgedAnswer(
        request=trial.answer.request,
        is_unsafe=trial.answer.is_unsafe,
        outcome=first.outcome,
        p_unsafe=first.p_unsafe,
        is_flipped=any(other.outcome is not first.outcome for other in others) if others else None,
        weight=trial.answer.weight,
    )


def _weights(trials: Sequence[Trial], weighing: Weighing) -> Mapping[str, float]:
    """Of the judges of a jury; none for another oracle."""
    rounds = [(losses, trial.answer.weight) for trial in trials if (losses := _losses(trial))]
    names = sorted({name for losses, _ in rounds for name in losses})
    if not names:
        return {}
    if weighing == "online":
        # A judge that gave no vote is neither right nor wrong.
        return hedge_weights([{name: losses.get(name, NO_IDEA) for name in names} for losses, _ in rounds])[-1]
    worth = worth_of(np.array([weight for _, weight in rounds]))
    said = {name: [(losses[name], weight * worth) for losses, weight in rounds if name in losses] for name in names}
    right = {name: sum(weight for loss, weight in votes if loss < NO_IDEA) for name, votes in said.items()}
    return log_odds_weights(right, {name: sum(weight for _, weight in votes) for name, votes in said.items()})


def _losses(trial: Trial) -> Mapping[str, float]:
    """1 for each judge of a jury that was wrong, 0 for one that was right; those that could not tell are left out."""
    return {
        juror: float((vote.p_unsafe >= NO_IDEA) != trial.answer.is_unsafe)
        for vote in (trial.verdicts[0].votes if trial.verdicts else ())
        if isinstance(juror := vote.parameters.get(JUROR), str) and vote.outcome is not Outcome.UNKNOWN
    }
