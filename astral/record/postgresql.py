"""The record in PostgreSQL: connecting, and one process a run by a lock that ends with the connection."""

import hashlib
import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, text

from astral.errors import UserError
from astral.record.address import Address
from astral.record.failing import told

CONNECT_SECONDS: Final = 10
_LIVELINESS: Final = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
"""So the server notices within a minute that a holder's machine is gone, and frees its locks."""


def postgresql_engine(address: Address) -> Engine:
    """Connections to a database; none is made yet.

    Raises:
        UserError: The driver is not installed.
    """
    given = address.url.query.get("options", "")
    options = " ".join([*([given] if isinstance(given, str) else given), _LIVELINESS]).strip()
    try:
        return create_engine(
            address.url.difference_update_query(["options"]),
            # An error's text must not show what was being written: it may be dangerous, and it goes into logs.
            hide_parameters=True,
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "application_name": _this_process(),
                "options": options,
            },
        )
    except ModuleNotFoundError as error:
        raise UserError(
            f"{address.name} needs the driver of PostgreSQL: pip install 'astral-safety[postgresql]'."
        ) from error


_PAUSES: Final = (0.05, 0.1, 0.2, 0.4, 0.0)
"""Seconds after each try: the server notices the end of a process that was killed a moment after it."""


@contextmanager
def held_in_database(engine: Engine, name: str, run_id: str) -> Generator[None]:
    """Hold a run's lock on a connection of its own; the server frees it when that ends, however it ends.

    Raises:
        UserError: Another process, of whatever machine, holds it.
        RecordError: The database cannot be reached.
    """
    with told(name, "the run cannot be locked"):
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with connection:
        with told(name, "the run cannot be locked"):
            key = {"key": _lock_key(connection, run_id)}
            is_mine = any(connection.scalar(_TRY, key) or time.sleep(pause) for pause in _PAUSES)
            holder = None if is_mine else connection.scalar(_HOLDER, key)
        if not is_mine:
            raise UserError(
                f"Run {run_id} is being executed by {holder or 'another process'} ({name}). "
                f"Wait until it ends, or stop it and then `astral resume {run_id}`."
            )
        try:
            yield
        finally:
            # Closed, not given back to the pool, where it would hold the lock on.
            connection.invalidate()


_TRY: Final = text("SELECT pg_try_advisory_lock(:key)")
_HOLDER: Final = text(
    "SELECT nullif(max(application_name), '') FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
    "AND (classid::bigint << 32) | objid::bigint = :key AND pg_locks.database = pg_stat_activity.datid"
)


def _this_process() -> str:
    """As `pg_stat_activity` shows it; PostgreSQL keeps 63 ASCII signs."""
    machine = socket.gethostname().encode("ascii", "replace").decode()[:32]
    return f"process {os.getpid()} on {machine}"


def _lock_key(connection: Connection, run_id: str) -> int:
    # Locks belong to the database, records to one of its schemas.
    schema = connection.scalar(text("SELECT current_schema()"))
    digest = hashlib.sha256(f"astral {schema} {run_id}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
