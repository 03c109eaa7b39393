"""One process at a time executes a run."""

import fcntl
import os
from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

from astral.errors import UserError
from astral.record.database import Database, make_private_folder
from astral.record.failing import told
from astral.record.postgresql import held_in_database


def held_run(database: Database, run_id: str) -> AbstractContextManager[None]:
    """Hold a run's lock; it is freed when the process ends, however it ends.

    Raises:
        UserError: Another process holds it.
        RecordError: The lock cannot be made.
    """
    if database.file is None:
        return held_in_database(database.engine, database.name, run_id)
    return _held_by_file(database.file, run_id)


@contextmanager
def held_runs(database: Path) -> Generator[None]:
    """Hold the locks of all runs that were ever executed on this file.

    Raises:
        UserError: Another process holds one of them.
    """
    with ExitStack() as stack:
        for file in sorted(_locks_of(database).glob("*.lock")):
            stack.enter_context(_held_by_file(database, unquote(file.stem)))
        yield


def _locks_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.locks")


@contextmanager
def _held_by_file(database: Path, run_id: str) -> Generator[None]:
    """A file in the folder `<database>.locks`, which the system unlocks when the process ends."""
    file = _locks_of(database) / f"{quote(run_id, safe='')}.lock"
    with told(file, "the run cannot be locked"):
        make_private_folder(file.parent)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode(errors="replace").strip()
            os.close(descriptor)
            raise UserError(
                f"Run {run_id} is being executed by {f'process {holder}' if holder else 'another process'} ({file}). "
                f"Wait until it ends, or stop it and then `astral resume {run_id}`."
            ) from None
    # The file is never removed: a process that waits with it open would then lock a name that is gone.
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
