"""Two recorded runs against each other."""

from pathlib import Path

from astral.errors import UserError
from astral.record import Store
from astral.report.comparison import RunComparison, compare_runs
from astral.workflow.reporting import store_url


def compare_recorded(runs: Path, before: str, after: str) -> RunComparison:
    """What changed from one run to another.

    Args:
        runs: Folder of runs.
        before: Id of the baseline, or `latest`.
        after: Id of what is held against it, or `latest`.

    Raises:
        UserError: There is no such run, or both are the same.
    """
    with Store.open(store_url(runs), create=False) as store:
        first, second = store.resolve(before), store.resolve(after)
        if first == second:
            raise UserError(f"{before} and {after} are the same run, {first}: name two.")
        return compare_runs((store.manifest(first), store.tests(first)), (store.manifest(second), store.tests(second)))
