"""The record of all runs: what was written once stands, and everything is read from here."""

import sqlite3
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from astral.record.archive import read_archive, write_archive
from astral.record.database import open_database
from astral.record.failing import told
from astral.record.layout import copy_record
from astral.record.locks import held_run
from astral.record.repairing import Mended, mend
from astral.record.stored_calls import StoredCalls
from astral.record.stored_opinions import StoredOpinions
from astral.record.stored_rounds import StoredRounds
from astral.record.stored_runs import StoredRuns
from astral.record.stored_tests import StoredTests
from astral.record.tables import manifest_key, meta, metadata, runs
from astral.record.verifying import Problem, problems


class Store(StoredRuns, StoredRounds, StoredTests, StoredOpinions, StoredCalls):
    """All runs in one database. Safe to use from several threads, and beside other processes.

    Writing is idempotent: what is there already is left alone, and something else in its place is refused with a
    RecordError that leaves the whole batch unwritten.
    """

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Self:
        """Open a record such as `sqlite:///runs/astral.db` or `postgresql://me:secret@host/astral`.

        Args:
            url: Names the file or the database; a new file and its folder are private to their owner.
            create: Make it where there is none; commands that only read had better not.

        Raises:
            UserError: The URL is none, or there is no record and none is to be made.
            RecordError: It cannot be opened, is no record of astral, or a newer astral wrote it.
        """
        return cls(open_database(url, create=create))

    def close(self) -> None:
        """Give the file, or the connections, back."""
        self._database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def lock(self, run_id: str) -> AbstractContextManager[None]:
        """Keep every other process from executing a run; freed at the end, also that of a killed process.

        Raises:
            UserError: Another process executes it; the message names it.
        """
        return held_run(self._database, run_id)

    # Keeping house

    def verify(self, run_id: str) -> list[Problem]:
        """What of a run is not as it was written; empty where all is."""
        with self._reading() as connection:
            return list(problems(connection, run_id))

    def mend(self, run_id: str) -> Mended | None:
        """Take out what is not as it was written, so that the run can be resumed; None where nothing is wrong.

        Raises:
            UserError: A process executes it.
        """
        with self.lock(run_id), self._writing() as connection:
            return mend(connection, run_id)

    def keep_copy(self, why: str) -> Path | None:
        """Copy the file as it is now, and tell the copy's name; None for a server.

        Raises:
            RecordError: There is no room for it.
        """
        if self.path is None:
            return None
        copy = self.path.with_name(f"{self.path.name}.{why}-{datetime.now(UTC):%Y%m%d-%H%M%S}")
        copy_record(self.path, copy)
        return copy

    def remove_run(self, run_id: str) -> None:
        """Remove all that is recorded of a run.

        Raises:
            UserError: A process executes it.
        """
        with self.lock(run_id), self._writing() as connection:
            connection.execute(meta.delete().where(meta.c.key == manifest_key(run_id)))
            for table in reversed(metadata.sorted_tables):
                if table is not meta:
                    connection.execute(
                        table.delete().where((table.c.id if table is runs else table.c.run_id) == run_id)
                    )

    def reclaim(self) -> None:
        """Give back the room of what was removed: until then its texts stand in the file, where no query finds them."""
        if self.path is None:  # PostgreSQL does it by itself
            return
        with self._turn, told(self.name, "what was removed is gone, and its room is not given back yet"):
            connection = self._database.engine.raw_connection()
            try:
                connection.cursor().execute("VACUUM")
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                raise OSError(str(error)) from error
            finally:
                connection.close()

    def archive(self, run_id: str, file: IO[bytes]) -> None:
        """Write a run into a file, from which `unarchive` reads it."""
        with self._reading() as connection:
            write_archive(connection, run_id, file)

    def unarchive(self, path: Path) -> str:
        """Put an archived run into this record, and verify it; the run's id.

        Raises:
            UserError: The run is there already, or the file is no archive.
            RecordError: A row is not what was written.
        """
        with self._writing() as connection:
            return read_archive(connection, path)
