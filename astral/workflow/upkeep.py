"""Keeping house in the folder of runs: what goes, what is put away, what is still as it was written."""

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from astral.errors import RecordError
from astral.record import RunSummary, Store
from astral.record.address import address_of
from astral.record.repairing import Mended
from astral.record.salvage import Salvage, damage, salvage
from astral.record.verifying import Problem
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


@dataclass(frozen=True)
class Examination:
    """What is wrong with a record."""

    name: str
    damage: Sequence[str]
    """Of the file's pages; where there is any, runs are not looked at."""
    problems: Mapping[str, Sequence[Problem]]
    """Of the rows, by run; runs without any are there too."""

    @property
    def is_sound(self) -> bool:
        """Nothing is wrong."""
        return not self.damage and not any(self.problems.values())


def examine_record(runs: Path) -> Examination:
    """Look at every page and every row of the record; nothing is changed.

    Raises:
        UserError: There is no record.
        RecordError: It cannot be opened.
    """
    address = address_of(store_url(runs))
    pages = damage(address.file) if address.file and address.file.is_file() else []
    if pages:
        return Examination(address.name, pages, {})
    with Store.open(store_url(runs), create=False) as store:
        return Examination(store.name, (), {run.run_id: store.verify(run.run_id) for run in store.runs()})


@dataclass(frozen=True)
class Repair:
    """What was done about a record."""

    name: str
    salvage: Salvage | None
    """Of a file with damaged pages."""
    copy: Path | None
    """The record as it was before rows were taken out; None for a server, whose copies are its own affair."""
    mended: Sequence[Mended]
    """The runs in which something was wrong."""

    @property
    def has_losses(self) -> bool:
        """Something is gone that no resumed run makes again."""
        is_less = self.salvage is not None and self.salvage.lost > 0
        return is_less or any(each.gone or each.is_lost for each in self.mended)


def repair_record(runs: Path) -> Repair:
    """Read what can be read of a damaged file, and take out of each run what is not as it was written.

    Raises:
        UserError: There is no record, or a process executes one of the runs that are to be mended.
        RecordError: It cannot be read at all, or no copy can be made; nothing was changed then.
    """
    address = address_of(store_url(runs))
    is_damaged = address.file is not None and address.file.is_file() and damage(address.file)
    saved = salvage(address.file) if address.file and is_damaged else None
    with Store.open(store_url(runs), create=False) as store:
        wrong = [run.run_id for run in store.runs() if store.verify(run.run_id)]
        copy = store.keep_copy("before-repair") if wrong and not saved else None
        return Repair(store.name, saved, copy, [done for run_id in wrong if (done := store.mend(run_id))])
