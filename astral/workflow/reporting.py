"""A run's report, made from its record alone: at the end of a run, and whenever it is asked for again."""

from pathlib import Path

from astral.plan import CoveringPlanner
from astral.record import RunSummary, Store
from astral.report import Summary, summarise, write_report


def store_url(runs: Path) -> str:
    """Address of the store in the folder of runs, unless the environment names another."""
    from astral.config import Environment

    return Environment().astral_store or f"sqlite:///{runs / 'astral.db'}"


def list_runs(runs: Path) -> list[RunSummary]:
    """All runs, the newest first; none where nothing was ever run."""
    if not (runs / "astral.db").exists():
        return []
    with Store.open(store_url(runs)) as store:
        return store.runs()


def report_of(runs: Path, run: str, *, reveal: bool) -> tuple[Summary, Path]:
    """Write a run's report again.

    Args:
        runs: Folder of runs.
        run: Id, or `latest`.
        reveal: Put the texts of cases and answers into the pages.

    Returns:
        The run's numbers, and its folder.
    """
    with Store.open(store_url(runs), create=False) as store:
        run_id = store.resolve(run)
        return write_report_of(store, run_id, runs / run_id, reveal=reveal), runs / run_id


def write_report_of(store: Store, run_id: str, folder: Path, *, reveal: bool = False) -> Summary:
    """Summarise a run and write its pages into a folder."""
    manifest = store.manifest(run_id)
    tests = list(store.tests(run_id))
    planner = CoveringPlanner(manifest.space, manifest.criterion, seed=manifest.seed)
    planner.observe((test.draw, test.result) for test in tests if test.result is not None)
    summary = summarise(manifest, tests, planner.progress(), status=store.status(run_id))
    write_report(folder, summary, tests, reveal=reveal)
    return summary
