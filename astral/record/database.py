"""Opening a record, and reading and writing it in transactions."""

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from astral.errors import AstralError, UserError
from astral.record.address import Address, address_of
from astral.record.failing import told
from astral.record.layout import has_record, lay_out
from astral.record.postgresql import postgresql_engine

BUSY_SECONDS = 30.0
"""How long a process waits for another one that is writing; a batch takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open record."""

    engine: Engine
    name: str
    """As errors call it."""
    file: Path | None
    """None for PostgreSQL."""


def open_database(url: str, *, create: bool) -> Database:
    """Connect to a record, lay out its tables where there are none, and bring those of an older astral up to date.

    Raises:
        UserError: There is none, and none is to be made; or its driver is missing.
        RecordError: It cannot be made or opened, is not a record of astral, or a newer astral wrote it.
    """
    address = address_of(url)
    missing = f"{address.name}: there is no record here. `astral generate` makes one."
    if address.file is None:
        engine = postgresql_engine(address)
    else:
        if create:
            _make_private_file(address.file)
        elif not address.file.is_file():
            raise UserError(missing)
        engine = _sqlite_engine(address)
    try:
        with told(address.name, "the record cannot be opened"):
            if not create and address.file is None and not has_record(engine):
                raise UserError(missing)
            lay_out(engine, address)
    except AstralError:
        engine.dispose()
        raise
    return Database(engine, address.name, address.file)


@contextmanager
def writing(database: Database) -> Generator[Connection]:
    """A transaction that writes: all of it is on the disk at the end, or nothing of it.

    Raises:
        RecordError: The database refused.
    """
    with told(database.name, "nothing of this batch was written"), database.engine.connect() as plain:
        connection = plain.execution_options(writes=True)
        with connection.begin():
            yield connection


@contextmanager
def reading(database: Database) -> Generator[Connection]:
    """A transaction that reads one state of the record, whoever writes meanwhile.

    Raises:
        RecordError: The database refused.
    """
    with told(database.name, "it cannot be read"), database.engine.connect() as connection:
        if database.file is None:
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


def make_private_folder(folder: Path) -> None:
    """Make a folder and its missing parents, for the owner alone; one that exists stays as it is."""
    for missing in reversed([part for part in (folder, *folder.parents) if not part.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def _make_private_file(path: Path) -> None:
    with told(path, "the record cannot be opened"):
        make_private_folder(path.parent)
        # Before SQLite makes it with the umask's rights; the -wal and -shm beside it take this file's rights over.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _sqlite_engine(address: Address) -> Engine:
    engine = create_engine(
        address.url,
        # An error's text must not show what was being written: it may be dangerous, and it goes into logs.
        hide_parameters=True,
        # astral opens its transactions itself: sqlite3 would open them late, and not for reads.
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS},
    )
    event.listen(engine, "connect", _set_up_connection)
    event.listen(engine, "begin", _begin)
    return engine


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
