"""Files as a whole: what astral writes is private and never seen half written; what users bring is read with care."""

import json
import os
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from astral.errors import RecordError, UserError


def write_private(path: Path, parts: Iterable[str]) -> Path:
    """Write a file as a whole; errors as those of `private_file`."""
    with private_file(path) as file:
        file.writelines(parts)
    return path


@contextmanager
def private_file(path: Path) -> Generator[TextIO]:
    """A file with mode 0600, written as a whole: readers see the old content, or the new once the block has ended.

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
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        draft.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> RecordError:
    return RecordError(
        f"{path}: cannot be written ({error.strerror or error}). Free the disk, or name a folder that you may write,"
        " and try again; the record of a run is unharmed, and `astral report` writes its pages again."
    )


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, where they are missing.

    Raises:
        UserError: It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path}: this folder cannot be made ({error.strerror}).") from None


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        UserError: It cannot be read, or is not UTF-8; then the line is named.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise not_utf8(path) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from None


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        UserError: It cannot be read, or is not JSON; then the line is named.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise UserError(f"{path}:{error.lineno}: this is not JSON ({error.msg}, column {error.colno}).") from None
    except RecursionError:
        raise UserError(f"{path}: this is not JSON that can be read: it is nested too deeply.") from None


def not_utf8(path: Path) -> UserError:
    """The error for a file of text in another encoding; it names the line."""
    with path.open("rb") as file:
        wrong = next((number for number, line in enumerate(file, start=1) if not _is_utf8(line)), 1)
    return UserError(f"{path}:{wrong}: this is not UTF-8. `iconv -t utf-8` converts the file.")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
