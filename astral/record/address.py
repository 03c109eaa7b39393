"""Where a record is: an SQLite file, or a PostgreSQL database."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from astral.errors import UserError

_SHAPE: Final = "a record is named like sqlite:///runs/astral.db or postgresql://USER:PASSWORD@HOST/DATABASE"


@dataclass(frozen=True, slots=True)
class Address:
    """What a URL of a record names."""

    url: URL
    """Holds a password, maybe; never shown."""
    name: str
    """As errors call the record: the file, or host and database."""
    file: Path | None
    """None for PostgreSQL."""


def address_of(url: str) -> Address:
    """What a URL such as `sqlite:///runs/astral.db` names.

    Raises:
        UserError: It is the URL of no record.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Neither chained nor shown: whatever was meant, there may be a password in it.
        raise UserError(f"ASTRAL_STORE is not the URL of a database: {_SHAPE}.") from None
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed)
        case "postgresql" | "postgres":
            return _postgresql(parsed)
        case other:
            raise UserError(f"{other}: astral records in SQLite or PostgreSQL: {_SHAPE}.")


def _sqlite(url: URL) -> Address:
    if not url.database or url.database == ":memory:" or url.query:
        shown = url.render_as_string()
        raise UserError(f"{shown}: a record is a file, because a run must outlive its process: {_SHAPE}.")
    return Address(url.set(drivername="sqlite+pysqlite"), url.database, Path(url.database))


def _postgresql(url: URL) -> Address:
    host = url.host or url.query.get("host") or "localhost"
    port = f":{url.port}" if url.port else ""
    return Address(url.set(drivername="postgresql+psycopg"), f"postgresql://{host}{port}/{url.database or ''}", None)
