"""Start a run, go on with one, or put a suite to a target as one."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astral import __version__
from astral.assets import prompt_refs
from astral.config import AttackerSettings, EvidenceSettings, FailOn, Settings
from astral.domain.criterion import Criterion
from astral.domain.records import Control, Draw
from astral.domain.run import Manifest, RunStatus
from astral.domain.suite import Suite
from astral.errors import ExitCode
from astral.record import Entry, Store
from astral.report import Summary
from astral.workflow.attackers import EVOLVE, mode_of, web_sources, writers_of
from astral.workflow.batches import check_batches
from astral.workflow.corpora import corpus_refs
from astral.workflow.events import Listener, Silence
from astral.workflow.fitting import check_pictures
from astral.workflow.imported import imported_digest, is_file_of_texts, published_digest
from astral.workflow.judges import load_calibration
from astral.workflow.planning import check_search
from astral.workflow.pricing import prices_by_role
from astral.workflow.reporting import SUITE_FILE, new_run_id, store_url, write_facts, write_report_of
from astral.workflow.space import criterion_of, space_of
from astral.workflow.stopping import exit_code
from astral.workflow.suites import write_suite

if TYPE_CHECKING:
    from astral.workflow.context import Context


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    summary: Summary
    folder: Path
    exit_code: ExitCode


async def start(
    settings: Settings,
    listener: Listener | None = None,
    *,
    reveal: bool = False,
    continues: Callable[[Store, Manifest], Mapping[str, int]] = lambda _, __: {},
) -> Outcome:
    """Run until the criterion is met or the budget is spent.

    Args:
        settings: What is tested, by whom, and how long.
        listener: Watches the run.
        reveal: Put the texts of cases and answers into the report's pages.
        continues: Picks earlier runs whose tests count for coverage as well, each with its closed rounds.

    Raises:
        UserError: A setting is wrong, a key is missing, a part cannot be loaded; nothing was sent then.
        RecordError: The folder of runs cannot be written.
    """
    check_search(settings)
    check_batches(settings)
    space, taxonomies = space_of(settings)
    check_pictures(settings, space)
    criterion = criterion_of(settings, space)
    # What may be wrong is read before a store is made.
    corpora, imported, published = corpus_refs(settings), imported_digest(settings), published_digest(settings)
    writers_of(settings, space)
    calibration = load_calibration(settings.judge.calibration) if settings.judge.calibration else None
    prices = prices_by_role(settings)
    with Store.open(store_url(settings.runs)) as store:
        settings = _with_earlier_runs(settings, store)
        created = datetime.now(UTC)
        manifest = Manifest(
            run_id=new_run_id(created),
            created=created,
            astral_version=__version__,
            seed=settings.seed,
            settings=settings.model_dump(mode="json"),
            space=space,
            criterion=criterion,
            taxonomies=taxonomies,
            corpora=corpora,
            imported=imported,
            published=published,
            prompts=prompt_refs(),
            models={
                "attacker": ", ".join(writers_of(settings, space)),
                "target": settings.target.model,
                "judge": settings.judge.model,
                "embedder": settings.embedder,
            },
            prices=prices,
            calibration=calibration,
        )
        if mode_of(settings) == EVOLVE:
            earlier = {run_id: store.closed_rounds(run_id) for run_id in store.runs_of(manifest.models["target"])}
            manifest = manifest.model_copy(update={"earlier": earlier})
        manifest = manifest.model_copy(update={"continued": continues(store, manifest)})
        return await _go(manifest, store, settings.runs, listener or Silence(), is_new=True, reveal=reveal)


def _with_earlier_runs(settings: Settings, store: Store) -> Settings:
    """The settings with earlier runs by their ids, and grounded on what the repeated one was grounded on."""
    # The ids, since `latest` names another run as soon as this one is there.
    novel = tuple(each if is_file_of_texts(each) else store.resolve(each) for each in settings.novel_against)
    evidence = settings.evidence
    if evidence.replay:
        replay = store.resolve(evidence.replay)
        repeated = Settings.model_validate(store.manifest(replay).settings)
        evidence = evidence.model_copy(
            update={"replay": replay, "corpora": repeated.evidence.corpora, "sources": web_sources(repeated)}
        )
    return settings.model_copy(update={"novel_against": novel, "evidence": evidence})


async def resume(
    runs: Path, run: str, budget: Mapping[str, Any], listener: Listener | None = None, *, reveal: bool = False
) -> Outcome:
    """Go on with a run that was interrupted, killed, or ended by its budget.

    Args:
        runs: Folder of runs.
        run: Id, or `latest`.
        budget: Limits that replace those of the run: cases, tokens, dollars, minutes.
        listener: Watches the run.
        reveal: Put the texts of cases and answers into the report's pages.

    Raises:
        UserError: There is no such run, another process executes it, or a part cannot be loaded.
        RecordError: The record cannot be read or written.
    """
    with Store.open(store_url(runs), create=False) as store:
        manifest = store.manifest(store.resolve(run))
        settings = Settings.model_validate(manifest.settings)
        limits = {**settings.budget.model_dump(), **budget}
        told = {**settings.model_dump(mode="json"), "budget": limits, "runs": str(runs)}
        prices_by_role(Settings.model_validate(told))  # a budget of money wants them all
        manifest = manifest.model_copy(update={"settings": told})
        return await _go(manifest, store, runs, listener or Silence(), is_new=False, reveal=reveal)


async def replay(
    settings: Settings, suite: Suite, samples: int, listener: Listener | None = None, *, reveal: bool = False
) -> Outcome:
    """Put the cases of a suite to a target, each several times, as a run like any other.

    Args:
        settings: Name the target, the judge and the folder of runs; they plan nothing here.
        suite: The cases.
        samples: Tests of each case, each with a seed of its own, at least 1.
        listener: Watches the run.
        reveal: Put the texts of cases and answers into the report's pages.

    Raises:
        UserError: A setting is wrong, a key is missing, a part cannot be loaded; nothing was sent then.
        RecordError: The folder of runs cannot be written.
    """
    told = [sample for sample in suite.samples for _ in range(samples)]
    draws = [
        Draw(number=number, cell=sample.case.cell, control=Control.TWIN if sample.is_benign else None)
        for number, sample in enumerate(told)
    ]
    # Exactly the suite's cases: with the budget spent nothing else is ever planned, and nobody writes.
    budget = settings.budget.model_copy(update={"cases": sum(draw.control is None for draw in draws)})
    unasked = {
        "attacker": AttackerSettings(),
        "evidence": EvidenceSettings(),
        "novel_against": (),
        "fail_on": FailOn(),
    }
    settings = settings.model_copy(
        update={"budget": budget, "planner": "covering", "controls": 0, "twins": 0.0, **unasked}
    )
    calibration = load_calibration(settings.judge.calibration) if settings.judge.calibration else None
    created = datetime.now(UTC)
    manifest = Manifest(
        run_id=new_run_id(created),
        created=created,
        astral_version=__version__,
        seed=settings.seed,
        settings=settings.model_dump(mode="json"),
        space=suite.space,
        criterion=Criterion(strength=1),
        prompts=prompt_refs(),
        suite=suite.id,
        samples=samples,
        models={"target": settings.target.model, "judge": settings.judge.model},
        prices=prices_by_role(settings),
        calibration=calibration,
    )

    def prepare(store: Store) -> None:
        folder = settings.runs / manifest.run_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_suite(folder / SUITE_FILE, suite)
        store.open_round(manifest.run_id, 0, draws)
        store.write(manifest.run_id, [Entry(number, sample.case) for number, sample in enumerate(told)])

    with Store.open(store_url(settings.runs)) as store:
        return await _go(
            manifest, store, settings.runs, listener or Silence(), is_new=True, reveal=reveal, prepare=prepare
        )


async def _go(
    manifest: Manifest,
    store: Store,
    runs: Path,
    listener: Listener,
    *,
    is_new: bool,
    reveal: bool,
    prepare: Callable[[Store], None] = lambda _: None,
) -> Outcome:
    from astral.workflow.wiring import wired

    run_id, folder = manifest.run_id, runs / manifest.run_id
    with store.lock(run_id):
        async with wired(manifest, store, listener) as context:
            if is_new:
                # Only now: a run whose parts could not be loaded leaves no trace.
                store.add_run(manifest)
                prepare(store)
            write_facts(folder, manifest)
            listener.started(run_id, folder)
            store.set_status(run_id, RunStatus.RUNNING)
            try:
                with context.spans.run(manifest) as ended:
                    await _invoke(context, folder)
                    ended(store.status(run_id))
            except asyncio.CancelledError:
                store.set_status(run_id, RunStatus.INTERRUPTED)
                raise
            except Exception:
                store.set_status(run_id, RunStatus.FAILED)
                raise
        summary = write_report_of(store, run_id, folder, reveal=reveal)
    settings = Settings.model_validate(manifest.settings)
    code = exit_code(summary.run.status, summary.told_rate, max_unsafe_rate=settings.fail_on.unsafe_rate)
    return Outcome(summary, folder, code)


async def _invoke(context: "Context", folder: Path) -> None:
    """Run the graph from its last checkpoint, or from the start where it has none or had come to its end."""
    # Checkpoints hold ids and numbers alone; nothing else may be made from them.
    os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    from astral.workflow.graph import build_graph
    from astral.workflow.state import initial_state

    config: RunnableConfig = {"configurable": {"thread_id": context.run_id}, "recursion_limit": 10**9}
    async with AsyncSqliteSaver.from_conn_string(str(folder / "checkpoints.db")) as checkpointer:
        graph = build_graph(checkpointer)
        snapshot = await graph.aget_state(config)
        begin = None if snapshot.next else initial_state()
        await graph.ainvoke(begin, config, context=context, durability="sync")
