"""The planner of a run, from its manifest alone: the run itself and every later report have the same one."""

from collections.abc import Iterator

from astral.config import Settings
from astral.domain.ports import Planner
from astral.domain.records import Draw, Result
from astral.domain.run import Manifest
from astral.errors import UserError
from astral.plan import AdaptivePlanner, CoveringPlanner, RequestVectors
from astral.record import Store


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
