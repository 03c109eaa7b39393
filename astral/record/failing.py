"""Saying in words what is wrong with a database."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from astral.errors import RecordError

_WRITABLE: Final = "make file and folder writable for you, or name another record"
_ROOM: Final = "free some space on that disk, then `astral resume`"
_ORDER: Final = "add the run before its rounds, and its draws before what is made for them"

_SQLITE: Final = {
    "SQLITE_READONLY": _WRITABLE,
    "SQLITE_CANTOPEN": _WRITABLE,
    "SQLITE_PERM": _WRITABLE,
    "SQLITE_FULL": _ROOM,
    "SQLITE_IOERR": "see whether the disk is full, over its quota or failing, then `astral resume`",
    "SQLITE_NOTADB": "name another record, or move the file away",
    "SQLITE_CORRUPT": "`astral doctor --store` says what is damaged, and with --repair reads what can be read",
    "SQLITE_BUSY": "another process keeps it locked; end that one, then `astral resume`",
    "SQLITE_CONSTRAINT": _ORDER,
}
_POSTGRESQL: Final = {
    "23": _ORDER,
    "25006": "the database takes no writes now; name its primary in ASTRAL_STORE, then `astral resume`",
    "28": "see whether user and password in ASTRAL_STORE are right",
    "3D": "make the database with `createdb`, or name another one in ASTRAL_STORE",
    "42501": "let the database's owner grant you its tables, or name another one in ASTRAL_STORE",
    "53100": _ROOM,
    "53": "the server lacks memory or connections; relieve it, then `astral resume`",
    "57": "the server was stopped or ended the connection; when it runs again, `astral resume`",
}
"""By what the SQLSTATE begins with (postgresql.org/docs/current/errcodes-appendix.html); the first that fits."""
_UNREACHED: Final = (
    "see whether the server runs and ASTRAL_STORE names it, its user and its database; then `astral resume`"
)
"""There is no SQLSTATE where no connection came about, or where it broke."""


@contextmanager
def told(place: object, consequence: str) -> Generator[None]:
    """Turn what the system or the database says into a RecordError: what happened, where, what to do next."""
    try:
        yield
    except OSError as error:
        raise RecordError(
            f"{place}: {error.strerror or error}; {consequence}. "
            "Make the place writable for you, or name another record."
        ) from error
    except SQLAlchemyError as error:
        reason, remedy = _reason_and_remedy(error)
        raise RecordError(f"{place}: {reason}; {consequence}. What to do: {remedy}.") from error


def _reason_and_remedy(error: SQLAlchemyError) -> tuple[str, str]:
    cause: Any = error.orig if isinstance(error, DatabaseError) else None
    if isinstance(cause, sqlite3.Error):
        remedies, code, reason = _SQLITE, getattr(cause, "sqlite_errorname", ""), str(cause)
    elif hasattr(cause, "sqlstate"):
        # Not the whole text: its details quote the row that was refused.
        remedies, code = _POSTGRESQL, cause.sqlstate or ""
        reason = cause.diag.message_primary or " ".join(str(cause).split())
        if not code:
            return reason, _UNREACHED
    else:
        return type(error).__name__ if cause is None else str(cause), "look at the cause above"
    return reason, next((text for start, text in remedies.items() if code.startswith(start)), "look at the cause above")
