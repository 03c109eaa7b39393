"""Files that astral writes: only their owner reads them, and they are never seen half written."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from astral.errors import RecordError


def write_private(path: Path, parts: Iterable[str]) -> Path:
    """Write a file as a whole, with mode 0600: readers see the old content or the new, never something between.

    Raises:
        RecordError: The folder cannot be written, or the disk is full; the old content is still there.
    """
    try:
        # mkstemp makes the file with mode 0600, under a name that nobody can have put a link at.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    except OSError as error:
        raise _unwritable(path, error) from error
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        draft.unlink(missing_ok=True)
    return path


def _unwritable(path: Path, error: OSError) -> RecordError:
    return RecordError(
        f"{path}: cannot be written ({error.strerror or error}). Free the disk, or name a folder that you may write,"
        " and try again; the record of a run is unharmed, and `astral report` writes its pages again."
    )
