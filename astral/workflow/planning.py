"""The planner of a run, from its manifest alone: the run itself and every later report have the same one."""

import asyncio
from collections.abc import Iterable, Iterator

from astral.config import Settings
from astral.domain.criterion import Progress
from astral.domain.ports import Planner
from astral.domain.records import Draw, Result
from astral.domain.run import Manifest
from astral.errors import UserError
from astral.plan import AdaptivePlanner, CoveringPlanner, RequestVectors
from astral.record import Store
from astral.workflow.requests import RecordedRequests
from astral.workflow.run_parts import RunParts


class Planning:
    """A run's planner, which computes beside the event loop; `Workshop` has it do so in a process of its own."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner

    async def draw(self, limit: int, left: int | None) -> list[Draw]:
        """At most so many tests, of those that are left."""
        return list(await asyncio.to_thread(self._planner.draw, limit, left=left))

    async def observe(self, tests: Iterable[tuple[Draw, Result]]) -> None:
        """Tell it how tests ended."""
        await asyncio.to_thread(self._planner.observe, tests)

    async def take_up(self, draws: Iterable[Draw]) -> None:
        """Tell it of tests under way that it did not draw."""
        await asyncio.to_thread(self._planner.take_up, draws)

    async def progress(self) -> Progress:
        """How far the criterion is met."""
        return await asyncio.to_thread(self._planner.progress)


def planning_of(parts: RunParts) -> Planning:
    """A run's planner that was told of the runs which it continues, and of nothing else.

    Raises:
        UserError: The criterion cannot be had in the space.
    """
    manifest, store = parts.manifest, parts.store
    has_diversity = manifest.criterion.diversity is not None
    planner = planner_of(manifest, RecordedRequests(store, manifest.run_id, parts.embedder) if has_diversity else None)
    planner.observe(continued_results(manifest, store))
    return Planning(planner)


def planner_of(manifest: Manifest, requests: RequestVectors | None = None) -> Planner:
    """The planner that a manifest asks for, before it was told of any test.

    Args:
        manifest: The run's.
        requests: Finds what was asked in the run's tests; needed where the criterion asks for diversity.

    Raises:
        UserError: The criterion cannot be had in the space.
    """
    settings = Settings.model_validate(manifest.settings)
    space, criterion, attempts = manifest.space, manifest.criterion, settings.retries
    if settings.search:
        return AdaptivePlanner(
            space, criterion, seed=manifest.seed, search=settings.search, attempts=attempts, vectors=requests
        )
    return CoveringPlanner(space, criterion, seed=manifest.seed, attempts=attempts, vectors=requests)


def continued_results(manifest: Manifest, store: Store) -> Iterator[tuple[Draw, Result]]:
    """How the tests ended of earlier runs whose coverage this one continues, as far as they are still in the record."""
    for run_id, rounds in manifest.continued.items():
        for test in store.tests(run_id, store.numbers(run_id, rounds_before=rounds)):
            if test.result is not None and test.draw.control is None:
                yield test.draw, test.result


def check_search(settings: Settings) -> None:
    """Make sure that a search comes to an end.

    Raises:
        UserError: A search was asked for, but there is no budget of cases.
    """
    if settings.search and settings.budget.cases is None:
        raise UserError(
            f"planner: {settings.search} has no end of its own. Say how many test cases it may take: "
            "`--max-cases 500`, or `cases: 500` under `budget`."
        )
