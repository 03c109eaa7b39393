"""An SQLite file whose pages are damaged: what is wrong with it, and a new file of all rows that can still be read."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from astral.errors import RecordError
from astral.record.database import open_database
from astral.record.locks import held_runs
from astral.record.tables import metadata

_MOST = 20
"""Damages that are told of a file."""
_RANGE = 4096
"""Rows that are read at once; where that fails, halves of them are, down to the single row."""
_LEAST_BYTES = 32
"""Of a row of any table."""


@dataclass(frozen=True, slots=True)
class Salvage:
    """What became of a damaged file."""

    kept: Path
    """The damaged file, as it was."""
    rows: int
    """Rows that stand in the new file."""
    lost: int
    """Places for rows on pages that cannot be read: so many rows are gone at most."""


def damage(file: Path) -> list[str]:
    """What SQLite finds wrong with the pages of a file; empty where it is sound.

    Raises:
        RecordError: It cannot be read at all.
    """
    try:
        with closing(sqlite3.connect(file)) as connection:
            found = [row[0] for row in connection.execute(f"PRAGMA integrity_check({_MOST})")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [] if found == ["ok"] else [line for text in found for line in text.splitlines() if line]


def salvage(file: Path) -> Salvage:
    """Put a new file in the place of a damaged one, with all rows that can be read; the damaged one is kept beside it.

    Raises:
        UserError: A process executes a run of this record.
        RecordError: Not even the tables' names can be read, or the disk is full; nothing was changed.
    """
    with held_runs(file):
        draft = file.with_name(f"{file.name}.salvaged")
        try:
            rows, lost = _copied(file, draft)
            kept = _free_name(file)
            # The log belongs to the file whose name it has; the draft was closed, and has none.
            for end in ("-wal", "-shm", ""):
                if (part := file.with_name(file.name + end)).exists():
                    part.replace(kept.with_name(kept.name + end))
            draft.replace(file)
        except (sqlite3.Error, OSError) as error:
            raise RecordError(
                f"{file}: it is damaged beyond what can be read ({error}). Restore it from a copy, or its runs from "
                "archives (`astral runs restore`)."
            ) from error
        finally:
            for end in ("", "-wal", "-shm"):
                draft.with_name(draft.name + end).unlink(missing_ok=True)
    return Salvage(kept, rows, lost)


def _free_name(file: Path) -> Path:
    names = (file.with_name(f"{file.name}.damaged{f'-{number}' if number else ''}") for number in count())
    return next(name for name in names if not name.exists())


def _copied(file: Path, draft: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(file)) as old:
        old.execute("SELECT name FROM sqlite_master").fetchall()  # refused, nothing else can be read either
    open_database(f"sqlite:///{draft}", create=True).engine.dispose()
    rows = lost = 0
    with closing(sqlite3.connect(file)) as old, closing(sqlite3.connect(draft)) as new:
        for table in metadata.sorted_tables:
            columns, marks = ", ".join(table.columns.keys()), ", ".join("?" * len(table.columns))
            # Names of our own tables and columns.
            read = f"SELECT {columns} FROM {table.name} WHERE rowid BETWEEN ? AND ?"  # noqa: S608
            put = f"INSERT OR REPLACE INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608
            for found in _readable(old, read, _last(old, table.name, file.stat().st_size)):
                if found is None:
                    lost += 1
                    continue
                new.execute(put, found)
                rows += 1
        new.commit()
        new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return rows, lost


def _readable(connection: sqlite3.Connection, query: str, last: int) -> Iterator[tuple[Any, ...] | None]:
    """The rows of a table by their place in the file, and None for each that cannot be read."""
    for first in range(1, last + 1, _RANGE):
        yield from _range(connection, query, first, min(first + _RANGE - 1, last))


def _last(connection: sqlite3.Connection, table: str, size: int) -> int:
    """The place of a table's last row; where its page is damaged, the most that fits into a file of so many bytes."""
    try:
        return connection.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0] or 0  # noqa: S608 - our own name
    except sqlite3.DatabaseError:
        return size // _LEAST_BYTES


def _range(connection: sqlite3.Connection, query: str, first: int, last: int) -> Iterator[tuple[Any, ...] | None]:
    try:
        found = connection.execute(query, (first, last)).fetchall()
    except (sqlite3.DatabaseError, OverflowError):
        if first == last:
            yield None
            return
        middle = (first + last) // 2
        yield from _range(connection, query, first, middle)
        yield from _range(connection, query, middle + 1, last)
        return
    yield from found
