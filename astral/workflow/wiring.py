"""From a manifest to the parts of its run."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from math import ceil

from astral.assets import load_taxonomy
from astral.config import Environment, Settings
from astral.domain.records import Control
from astral.domain.run import Manifest
from astral.execute import FunctionTarget
from astral.generate import Gates, TwinWriter
from astral.record import Recorder, Store
from astral.testing import targets as controls
from astral.tracking import opened_spans
from astral.workflow.context import Context, LateParts
from astral.workflow.events import Listener
from astral.workflow.leasing import Leases
from astral.workflow.planning import planning_of
from astral.workflow.run_parts import RunParts
from astral.workflow.run_targets import targets_of
from astral.workflow.workshop import Workshop, has_workshop
from astral.workflow.writers import writers_of_run

TESTS_A_CALL = 3
"""Tests under way for each call that may be in flight: two would do if target and judge were always equally busy."""
MIN_ROUND = 32
"""Least tests of a round; one for each call in flight where there are more."""
TESTS_IN_FLIGHT = 8
"""Tests that are handed out ahead, for each call in flight: so many that the slowest of them holds up no other, and so
few that a search hears soon of what it found."""


@asynccontextmanager
async def wired(manifest: Manifest, store: Store, listener: Listener) -> AsyncGenerator[Context]:
    """The parts of a run, at the point that its record shows; they are closed when the block ends.

    Raises:
        UserError: A part is unknown, lacks its key, or cannot be loaded; nothing was sent then.
    """
    async with AsyncExitStack() as closing:
        told = Settings.model_validate(manifest.settings).telemetry
        # Closed last, so that spans of what is closed are sent as well.
        spans = await closing.enter_async_context(opened_spans(told, Environment(), listener.note))
        recorder = await closing.enter_async_context(Recorder(store, manifest.run_id))
        parts = RunParts(manifest, store, listener, recorder=recorder, spans=spans, closing=closing)
        yield await _context(parts)


async def _context(parts: RunParts) -> Context:
    manifest, store, settings = parts.manifest, parts.store, parts.settings
    # First of all, so that it opens its parts while this process opens its own.
    workshop = await _workshop(parts) if has_workshop(manifest) else None
    planning = workshop or planning_of(parts)
    # Parts that may be wrong come first, so that nothing slow precedes an error of the user.
    late = late_parts_of(parts)
    # Before who writes opens what workers do for it.
    parts.leases = leases = _leases(parts) if settings.workers else None
    writers = workshop or await writers_of_run(parts)
    calls = settings.concurrency * (leases.workers if leases else 1)
    size = max(MIN_ROUND, calls)
    under_way = settings.batch.rows if settings.batch else TESTS_A_CALL * calls
    if workshop:
        await workshop.ready()
    return Context(
        **vars(late),
        manifest=manifest,
        store=store,
        planning=planning,
        is_searching=settings.search is not None,
        writers=writers,
        max_drafts=settings.attacker.attempts,
        twins=TwinWriter(load_taxonomy(settings.taxonomies[0]), Gates(parts.languages)),
        twins_share=settings.twins,
        round_size=size,
        lag=max(2, TESTS_IN_FLIGHT * calls // size, ceil(under_way / size)),
        tests_under_way=under_way,
        controls=settings.controls,
        endpoints=parts.endpoints,
        spans=parts.spans,
        leases=leases,
    )


def late_parts_of(parts: RunParts) -> LateParts:
    """What takes written tests to their verdicts."""
    oracle = parts.oracle()
    return LateParts(
        recorder=parts.recorder,
        budget=parts.budget,
        listener=parts.listener,
        targets=targets_of(parts, oracle),
        control_targets={
            Control.POSITIVE: FunctionTarget(controls.obeying, name="control:complying"),
            Control.NEGATIVE: FunctionTarget(controls.refusing, name="control:refusing"),
        },
        oracle=oracle,
        twins_oracle=parts.twins_oracle(),
    )


async def _workshop(parts: RunParts) -> Workshop:
    begun = await Workshop.begin(parts.manifest)
    parts.closing.push_async_callback(begun.close)
    return begun


def _leases(parts: RunParts) -> Leases:
    """Workers on other machines, and what they are lent."""
    from astral.workflow.workers import Workers

    workers = Workers(parts.manifest)
    parts.closing.callback(workers.close)
    return Leases(
        workers,
        store=parts.store,
        recorder=parts.recorder,
        run_id=parts.manifest.run_id,
        budget=parts.budget,
        prices=parts.prices,
        note=parts.listener.note,
    )
