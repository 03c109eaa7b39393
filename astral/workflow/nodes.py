"""What each stage does in a run: have its part work, write down what came out, tell whoever watches.

What a test has already is never done again, so a run that was cut off anywhere goes on from its record.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from langgraph.runtime import Runtime

from astral.domain.records import Control, Draw, Failure, Result, Stage, Transcript, Verdict
from astral.domain.run import Manifest, RunStatus, TestRecord
from astral.errors import StageError
from astral.plan import exclusions_of, random_cell
from astral.record import Entry, Item
from astral.workflow.context import Context, LateParts
from astral.workflow.state import State, Update
from astral.workflow.twins import twin_draws, write_twins


async def plan(context: Context, number: int) -> list[Draw]:
    """Draw a round and record it; it may be empty, while all that is open is under way.

    Raises:
        BudgetExceededError: The time is over.
    """
    left = context.budget.cases_left
    size = context.round_size if left is None else min(left, context.round_size)
    draws = await context.planning.draw(size, left)
    context.budget.spend_cases(len(draws))
    first = draws[-1].number + 1 if draws else 0
    controls = control_draws(context.manifest, context.controls, first=first) if number == 0 else []
    twins = twin_draws(
        draws,
        context.twins,
        share=context.twins_share,
        earlier=number * context.round_size,
        first=first + len(controls),
        seed=context.manifest.seed,
    )
    beside = [*controls, *twins]
    if beside:
        await context.planning.take_up(beside)
    await asyncio.to_thread(context.store.open_round, context.run_id, number, [*draws, *beside])
    return [*draws, *beside]


async def generate(context: Context, tests: Sequence[TestRecord]) -> list[TestRecord]:
    """Write a round's test cases; they are recorded together, because screening compares them with each other.

    Raises:
        StoppedError: Not all could be written; none was recorded.
    """
    draws = [
        test.draw for test in tests if not test.case and not test.failure and test.draw.control is not Control.TWIN
    ]
    written = await context.writers.write(
        draws,
        round_draws=[test.draw for test in tests],
        advanced=partial(context.listener.advanced, Stage.GENERATE),
    )
    items: list[Item] = [Entry(draw.number, each) for draw, each in zip(draws, written.draftings, strict=True)]
    made = {draw.number: each for draw, each in zip(draws, written.results, strict=True)}
    drafted = [_with(test, made[test.draw.number]) if test.draw.number in made else test for test in tests]
    twins = await write_twins(drafted, context.twins, run_seed=context.manifest.seed, max_attempts=context.max_drafts)
    made |= twins
    items += [each if isinstance(each, Failure) else Entry(number, each) for number, each in made.items()]
    await context.recorder.write(*items)
    for test in drafted:
        if test.draw.number in made and test.failure and not test.draw.control:
            context.listener.finished(Result.FAILED)
    return [_with(test, twins[test.draw.number]) if test.draw.number in twins else test for test in drafted]


async def work(late: LateParts, test: TestRecord) -> TestRecord:
    """Take a written test through the stages that it lacks.

    Raises:
        StoppedError: The target or the judge could not be asked.
    """
    assert test.case  # noqa: S101 - only written tests come here
    if test.transcript is None:
        test = await _do(late, Stage.EXECUTE, test, partial(late.target_of(test.draw).respond, test.case))
    if test.is_finished:
        return test
    assert test.case  # noqa: S101
    assert test.transcript  # noqa: S101
    judging = partial(late.oracle_of(test.draw).judge, test.case, test.transcript)
    return await _do(late, Stage.JUDGE, test, judging)


async def record(context: Context, number: int, results: Sequence[tuple[Draw, Result]]) -> None:
    """Tell the planner how a round's tests ended, and close it."""
    await context.planning.observe(results)
    await asyncio.to_thread(context.store.close_round, context.run_id, number)


async def line(state: State, runtime: Runtime[Context]) -> Update:
    """The graph's node in which all tests go from plan to record."""
    from astral.workflow.line import Line

    return {"status": (await Line(runtime.context).run()).value}


async def report(state: State, runtime: Runtime[Context]) -> Update:
    """Note how the run ended; its pages are made from the record, once all that is under way is written."""
    context = runtime.context
    context.listener.stage(Stage.REPORT, 0)
    await asyncio.to_thread(context.store.set_status, context.run_id, RunStatus(state["status"]))
    return {}


def control_draws(manifest: Manifest, count: int, *, first: int) -> list[Draw]:
    """Draw `count` positive and as many negative controls, in random cells that are not excluded.

    Args:
        manifest: Says what the cells are, and the seed.
        count: Controls of each kind.
        first: Number of the first one.
    """
    # A seed of its own, or else the controls would move with whatever else the run's seed decides.
    dice = random.Random(f"controls {manifest.seed}")
    rules = exclusions_of(manifest.space, manifest.criterion.exclude)
    kinds = [kind for _ in range(count) for kind in (Control.POSITIVE, Control.NEGATIVE)]
    return [
        Draw(number=number, cell=random_cell(manifest.space, rules, dice), control=kind)
        for number, kind in enumerate(kinds, start=first)
    ]


async def _do(
    late: LateParts, stage: Stage, test: TestRecord, work: Callable[[], Awaitable[Transcript | Verdict]]
) -> TestRecord:
    """Do a stage's work on a test and record what came of it as soon as it is there."""
    number = test.draw.number
    if late.budget.seconds_left == 0:
        raise late.budget.time_is_over()
    made: Transcript | Verdict | Failure
    try:
        made = await work()
    except StageError as error:
        case_id = test.case.id if test.case else ""
        made = Failure(number=number, stage=stage, error=type(error).__name__, message=str(error), case_id=case_id)
    test, item = _with(test, made), made if isinstance(made, Failure) else Entry(number, made)
    if test.is_finished:
        await late.recorder.write(item)
    else:
        # What the judge says of it is written after it, and nobody else depends on it.
        late.recorder.note(item)
    late.listener.advanced(stage)
    if test.result and not test.draw.control:
        late.listener.finished(test.result)
    return test


def _with(test: TestRecord, made: Any) -> TestRecord:
    """The test, and what a stage made of it."""
    return test.model_copy(update={type(made).__name__.removeprefix("Test").lower(): made})
