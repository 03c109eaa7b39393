"""Keeping house in the folder of runs: what goes, what is put away, what is still as it was written."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from astral.errors import RecordError
from astral.record import RunSummary, Store
from astral.workflow.reporting import store_url


def superfluous_runs(
    known: Sequence[RunSummary], now: datetime, *, older: timedelta | None, keep: int | None
) -> list[RunSummary]:
    """The runs that are neither young enough nor among the newest; oldest first.

    Args:
        known: All runs, newest first.
        now: UTC.
        older: Age from which a run goes; None: age does not keep one.
        keep: How many of the newest stay, however old; None: none for that reason.
    """
    beyond = known[keep or 0 :]
    return [run for run in reversed(beyond) if older is None or now - run.created > older]


def remove_runs(runs: Path, run_ids: Sequence[str]) -> None:
    """Remove runs from the record, and their folders.

    Raises:
        UserError: A process executes one of them; those before it are gone.
        RecordError: The record cannot be written.
    """
    with Store.open(store_url(runs), create=False) as store:
        for run_id in run_ids:
            store.remove_run(run_id)
            folder = runs / run_id
            # An id that would lead elsewhere is none of ours; nor is a link.
            if folder.parent == runs and run_id not in {"", ".", ".."} and folder.is_dir() and not folder.is_symlink():
                shutil.rmtree(folder)
        store.reclaim()


def archive_run(runs: Path, run: str, out: Path | None) -> Path:
    """Write a run into one file that only its owner can read; by default RUN.tar.gz in the folder of runs.

    Raises:
        UserError: There is no such run.
        RecordError: The file cannot be written.
    """
    with Store.open(store_url(runs), create=False) as store:
        run_id = store.resolve(run)
        path = out or runs / f"{run_id}.tar.gz"
        draft: Path | None = None
        try:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
            draft = Path(name)
            with os.fdopen(handle, "wb") as file:
                store.archive(run_id, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            raise RecordError(
                f"{path}: cannot be written ({error.strerror or error}). Free the disk, or name another file."
            ) from error
        finally:
            if draft is not None:
                draft.unlink(missing_ok=True)
    return path


def restore_run(runs: Path, path: Path) -> str:
    """Read an archived run back into the record; its id. Errors as those of `Store.unarchive`."""
    with Store.open(store_url(runs)) as store:
        return store.unarchive(path)
