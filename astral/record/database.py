"""Opening the database file, and saying in words what is wrong with it."""

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError

from astral.errors import RecordError, UserError
from astral.record.tables import SCHEMA_VERSION, meta, metadata

BUSY_SECONDS = 30.0
"""How long a process waits for another one that is writing; a batch takes milliseconds."""

_REMEDIES = {
    "SQLITE_READONLY": "make file and folder writable for you, or name another record",
    "SQLITE_CANTOPEN": "make file and folder writable for you, or name another record",
    "SQLITE_PERM": "make file and folder writable for you, or name another record",
    "SQLITE_FULL": "free some space on that disk, then `astral resume`",
    "SQLITE_IOERR": "see whether the disk is full, over its quota or failing, then `astral resume`",
    "SQLITE_NOTADB": "name another record, or move the file away",
    "SQLITE_CORRUPT": "restore the file from a copy, or name another record",
    "SQLITE_BUSY": "another process keeps it locked; end that one, then `astral resume`",
    "SQLITE_CONSTRAINT": "add the run before its rounds, and its draws before what is made for them",
}


def file_of(url: str) -> Path:
    """The database file that a URL such as `sqlite:///runs/astral.db` names.

    Raises:
        UserError: It is no such URL.
    """
    shape = "a record is named like sqlite:///runs/astral.db"
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UserError(f"{url!r} is not the URL of a database: {shape}.") from error
    shown = parsed.render_as_string(hide_password=True)
    if parsed.get_backend_name() != "sqlite":
        raise UserError(f"{shown}: astral records in SQLite so far: {shape}.")
    if not parsed.database or parsed.database == ":memory:" or parsed.query:
        raise UserError(f"{shown}: a record is a file, because a run must outlive its process: {shape}.")
    return Path(parsed.database)


def open_engine(path: Path, *, create: bool) -> Engine:
    """Connect to a record, and lay out its tables where there are none.

    Raises:
        UserError: There is none, and none is to be made.
        RecordError: It cannot be made or opened, is not a record of astral, or a newer astral wrote it.
    """
    if create:
        _make_private_file(path)
    elif not path.is_file():
        raise UserError(f"{path}: there is no record here. `astral generate` makes one.")
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        # An error's text must not show what was being written: it may be dangerous, and it goes into logs.
        hide_parameters=True,
        # astral opens its transactions itself: sqlite3 would open them late, and not for reads.
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS},
    )
    event.listen(engine, "connect", _set_up_connection)
    event.listen(engine, "begin", _begin)
    try:
        _lay_out(engine, path)
    except RecordError:
        engine.dispose()
        raise
    return engine


@contextmanager
def writing(engine: Engine, path: Path) -> Generator[Connection]:
    """A transaction that writes: all of it is on the disk at the end, or nothing of it.

    Raises:
        RecordError: The database refused.
    """
    with told(path, "nothing of this batch was written"), engine.connect() as plain:
        connection = plain.execution_options(writes=True)
        with connection.begin():
            yield connection


@contextmanager
def reading(engine: Engine, path: Path) -> Generator[Connection]:
    """A transaction that reads one state of the record, whoever writes meanwhile.

    Raises:
        RecordError: The database refused.
    """
    with told(path, "it cannot be read"), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def told(path: Path, consequence: str) -> Generator[None]:
    """Turn what the system or the database says into a RecordError: what happened, where, what to do next."""
    try:
        yield
    except OSError as error:
        raise RecordError(
            f"{path}: {error.strerror or error}; {consequence}. "
            "Make the place writable for you, or name another record."
        ) from error
    except SQLAlchemyError as error:
        reason: object = error.orig if isinstance(error, DatabaseError) else type(error).__name__
        name = reason.sqlite_errorname if isinstance(reason, sqlite3.Error) else ""
        remedy = next((text for code, text in _REMEDIES.items() if name.startswith(code)), "look at the cause above")
        raise RecordError(f"{path}: {reason}; {consequence}. What to do: {remedy}.") from error


def make_private_folder(folder: Path) -> None:
    """Make a folder and its missing parents, for the owner alone; one that exists stays as it is."""
    for missing in reversed([part for part in (folder, *folder.parents) if not part.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def _make_private_file(path: Path) -> None:
    with told(path, "the record cannot be opened"):
        make_private_folder(path.parent)
        # Before SQLite makes it with the umask's rights; the -wal and -shm beside it take this file's rights over.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _set_up_connection(connection: sqlite3.Connection, _: Any) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    # Readers (a report, `astral list`) do not stop the writer, nor it them.
    connection.execute("PRAGMA journal_mode = WAL")
    # NORMAL outlives SIGKILL, but the last commits are lost when the machine loses power, and they may have cost
    # money. FULL syncs once a commit, and the Recorder puts many writes into one.
    connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    # A write that starts as a read fails, without waiting, when another process wrote in between.
    immediate = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN DEFERRED")


def _lay_out(engine: Engine, path: Path) -> None:
    is_version = meta.c.key == "schema_version"
    version = select(meta.c.value).where(is_version)
    with told(path, "the record cannot be opened"), engine.connect() as connection:
        with connection.begin():
            if inspect(connection).has_table(meta.name) and _is_current(connection.scalar(version), path):
                return
        with connection.execution_options(writes=True).begin():
            tables = inspect(connection).get_table_names()
            if meta.name in tables:
                # Another process was faster, or the record is an older one: tables were only ever added.
                if not _is_current(connection.scalar(version), path):
                    metadata.create_all(connection)
                    connection.execute(meta.update().where(is_version).values(value=str(SCHEMA_VERSION)))
                return
            if tables:
                raise RecordError(
                    f"{path}: this database belongs to another program (it holds {', '.join(tables[:3])}); "
                    "it was not touched. Name another file for the record."
                )
            metadata.create_all(connection)
            connection.execute(meta.insert().values(key="schema_version", value=str(SCHEMA_VERSION)))


def _is_current(version: str | None, path: Path) -> bool:
    """Whether the record has all tables; False where an older astral wrote it."""
    number = int(version) if version is not None and version.isdecimal() else 0
    if 1 <= number <= SCHEMA_VERSION:
        return number == SCHEMA_VERSION
    if number > SCHEMA_VERSION:
        raise RecordError(
            f"{path}: a newer astral wrote this record (schema {version}, this astral knows {SCHEMA_VERSION}); "
            "it was not touched. Upgrade astral, or name another file for the record."
        )
    raise RecordError(
        f"{path}: this database is no record of astral (schema version {version!r}); it was not touched. "
        "Name another file for the record."
    )
