"""One node a stage: take the round's tests from the record, have the stage work on them, write down what came out.

Every node first looks at what the record already has, so that a node which is run again after a crash repeats only what
was under way.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from langgraph.runtime import Runtime

from astral.domain.ports import LearningGenerator
from astral.domain.records import Control, Draw, Failure, Result, Stage, Transcript, Verdict
from astral.domain.run import Manifest, RunStatus, TestRecord
from astral.errors import NothingNewError, StageError, StoppedError
from astral.generate import generate_all
from astral.plan import exclusions_of, random_cell
from astral.record import Entry, Item
from astral.workflow.context import Context
from astral.workflow.pool import work_through
from astral.workflow.state import State, Update
from astral.workflow.stopping import next_status
from astral.workflow.twins import twin_draws, write_twins

Job = tuple[TestRecord, Callable[[], Awaitable[Transcript | Verdict]]]
"""A test, and the call that does a stage's work on it."""


async def plan(state: State, runtime: Runtime[Context]) -> Update:
    """Draw the next round, or take up the one that was left open."""
    context = runtime.context
    last = await asyncio.to_thread(context.store.last_round, context.run_id)
    if last and not last.is_closed:
        return {"round": last.number, "numbers": list(last.numbers)}
    number = last.number + 1 if last else 0
    left = context.budget.cases_left
    size = context.round_size if left is None else min(left, context.round_size)
    draws = list(await asyncio.to_thread(context.planner.draw, size))
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
    draws += [*controls, *twins]
    await asyncio.to_thread(context.store.open_round, context.run_id, number, draws)
    return {"round": number, "numbers": [draw.number for draw in draws]}


async def generate(state: State, runtime: Runtime[Context]) -> Update:
    """Write the round's test cases; they are recorded together, because screening compares them with each other."""
    context = runtime.context
    tests = await _tests(context, state["numbers"])
    draws = [
        test.draw for test in tests if not test.case and not test.failure and test.draw.control is not Control.TWIN
    ]
    context.listener.stage(Stage.GENERATE, len(draws))
    try:
        written = await generate_all(
            draws,
            run_seed=context.manifest.seed,
            generators=context.generators,
            screen=context.screen,
            max_attempts=context.max_drafts,
            concurrency=context.concurrency,
            round_draws=[test.draw for test in tests],
            advanced=partial(context.listener.advanced, Stage.GENERATE),
        )
    except StoppedError as error:
        context.listener.note(str(error))
        return {}
    items: list[Item] = [Entry(draw.number, each) for draw, each in zip(draws, written.draftings, strict=True)]
    for draw, made in zip(draws, written.results, strict=True):
        items.append(made if isinstance(made, Failure) else Entry(draw.number, made))
    await context.recorder.write(*items)
    for draw, made in zip(draws, written.results, strict=True):
        if isinstance(made, Failure) and not draw.control:
            context.listener.finished(Result.FAILED)
    twins = await write_twins(
        await _tests(context, state["numbers"]),
        context.twins,
        run_seed=context.manifest.seed,
        max_attempts=context.max_drafts,
    )
    await context.recorder.write(*twins)
    return {}


async def execute(state: State, runtime: Runtime[Context]) -> Update:
    """Talk with the target about each case."""
    context = runtime.context
    tests = await _tests(context, state["numbers"])
    jobs: list[Job] = [
        (test, partial(context.target_of(test.draw).respond, test.case))
        for test in tests
        if test.case and not test.transcript and not test.failure
    ]
    return await _each(context, Stage.EXECUTE, jobs)


async def judge(state: State, runtime: Runtime[Context]) -> Update:
    """Judge every answer that the target itself gave."""
    context = runtime.context
    tests = await _tests(context, state["numbers"])
    jobs: list[Job] = [
        (test, partial(context.oracle_of(test.draw).judge, test.case, test.transcript))
        for test in tests
        if test.case and test.transcript and not test.is_finished
    ]
    return await _each(context, Stage.JUDGE, jobs)


async def record(state: State, runtime: Runtime[Context]) -> Update:
    """Tell the planner how the round's tests ended, and decide whether another round follows."""
    context = runtime.context
    tests = await _tests(context, state["numbers"])
    results = [(test.draw, test.result) for test in tests if test.result is not None]
    is_finished = len(results) == len(tests)
    last = await asyncio.to_thread(context.store.last_round, context.run_id)
    if is_finished and last and not last.is_closed:
        context.planner.observe(results)
        for generator in context.generators:
            if isinstance(generator, LearningGenerator):
                generator.observe(tests)
        await asyncio.to_thread(context.store.close_round, context.run_id, state["round"])
    progress = await asyncio.to_thread(context.planner.progress)
    context.listener.progress(progress)
    budget = context.budget
    is_used_up = _is_used_up(tests)
    if is_used_up and progress.is_met:
        context.listener.note("Nothing new is left to say in the cells of this space: the search ends here.")
    status = next_status(
        progress,
        is_round_finished=is_finished,
        is_round_lost=_is_lost(results) and not is_used_up,
        is_budget_spent=budget.cases_left == 0 or budget.seconds_left == 0,
        is_searching=context.is_searching,
        is_used_up=is_used_up,
        is_endpoint_down=context.endpoints.is_down,
    )
    return {"status": status.value}


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


def _is_lost(results: Sequence[tuple[Draw, Result]]) -> bool:
    """Whether every test failed, controls aside: those have targets of their own."""
    own = [result for draw, result in results if not draw.control]
    return bool(own) and all(result is Result.FAILED for result in own)


def _is_used_up(tests: Sequence[TestRecord]) -> bool:
    """Whether every test, controls aside, failed because all that could be said of its cell was said."""
    own = [test.failure for test in tests if not test.draw.control]
    return bool(own) and all(failure and failure.error == NothingNewError.__name__ for failure in own)


async def _tests(context: Context, numbers: Sequence[int]) -> list[TestRecord]:
    return await asyncio.to_thread(lambda: list(context.store.tests(context.run_id, numbers)))


async def _each(context: Context, stage: Stage, jobs: Sequence[Job]) -> Update:
    """Do a stage's work on each test and record what came of it as soon as it is there."""
    context.listener.stage(stage, len(jobs))

    async def work(job: Job) -> None:
        test, call = job
        number = test.draw.number
        if context.budget.seconds_left == 0:
            raise context.budget.time_is_over()
        try:
            made = await call()
        except StageError as error:
            case_id = test.case.id if test.case else ""
            made = Failure(number=number, stage=stage, error=type(error).__name__, message=str(error), case_id=case_id)
        await context.recorder.write(made if isinstance(made, Failure) else Entry(number, made))
        context.listener.advanced(stage)
        result = test.model_copy(update={_PART[type(made)]: made}).result
        if result and not test.draw.control:
            context.listener.finished(result)

    spent = await work_through(jobs, work, concurrency=context.concurrency)
    if spent:
        context.listener.note(str(spent))
    return {}


_PART = {Transcript: "transcript", Verdict: "verdict", Failure: "failure"}
