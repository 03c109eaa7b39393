"""One process at a time executes a run."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from astral.errors import UserError
from astral.record.database import make_private_folder, told


@contextmanager
def held_run(database: Path, run_id: str) -> Generator[None]:
    """Hold a run's lock, a file in the folder `<database>.locks`; the system frees it when the process ends.

    Raises:
        UserError: Another process holds it.
        RecordError: The file cannot be made.
    """
    file = database.with_name(f"{database.name}.locks") / f"{quote(run_id, safe='')}.lock"
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
