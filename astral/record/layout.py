"""The record's tables: made where there are none, brought up to date where an older astral made them."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, select, text

from astral.errors import RecordError
from astral.record.address import Address
from astral.record.tables import SCHEMA_VERSION, meta, metadata

_MIGRATIONS = Path(__file__).with_name("migrations")
_VERSION_KEY = "schema_version"
_LAYING_OUT = 0x61737472616C
"""Key of the lock under which PostgreSQL's tables are made; SQLite lets one write at a time anyway."""


def has_record(engine: Engine) -> bool:
    """Whether a database holds tables of astral."""
    with engine.connect() as connection:
        return inspect(connection).has_table(meta.name)


def lay_out(engine: Engine, address: Address) -> None:
    """Make the tables, or upgrade them; an SQLite file is copied before it is upgraded.

    Raises:
        RecordError: The database is another program's, or a newer astral's; it was not touched.
    """
    with engine.connect() as connection:
        with connection.begin():
            if inspect(connection).has_table(meta.name) and _version(connection, address.name) == SCHEMA_VERSION:
                return
        with connection.execution_options(writes=True).begin():
            if address.file is None:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LAYING_OUT})
            tables = inspect(connection).get_table_names()
            if meta.name in tables:
                # Read again: another process may have been faster.
                version = _version(connection, address.name)
                if version < SCHEMA_VERSION:
                    if address.file is not None:  # nobody writes meanwhile, since we are about to
                        copy_record(address.file, backup_of(address.file, version))
                    _upgrade(connection, version)
                return
            if tables:
                raise RecordError(
                    f"{address.name}: this database belongs to another program (it holds {', '.join(tables[:3])}); "
                    "it was not touched. Name another place for the record."
                )
            metadata.create_all(connection)
            connection.execute(meta.insert().values(key=_VERSION_KEY, value=str(SCHEMA_VERSION)))


def backup_of(file: Path, version: int) -> Path:
    """Where a record of this schema is kept while, and after, it is upgraded."""
    return file.with_name(f"{file.name}.schema-{version}")


def _version(connection: Connection, name: str) -> int:
    version = connection.scalar(select(meta.c.value).where(meta.c.key == _VERSION_KEY))
    number = int(version) if version is not None and version.isdecimal() else 0
    if number > SCHEMA_VERSION:
        raise RecordError(
            f"{name}: a newer astral wrote this record (schema {version}, this astral knows {SCHEMA_VERSION}); "
            "it was not touched. Upgrade astral, or name another place for the record."
        )
    if number < 1:
        raise RecordError(
            f"{name}: this database is no record of astral (schema version {version!r}); it was not touched. "
            "Name another place for the record."
        )
    return number


def copy_record(file: Path, to: Path) -> None:
    """Copy a record with what its write-ahead log holds; there is never half a copy.

    Raises:
        RecordError: No copy could be made.
    """
    draft = to.with_name(f"{to.name}.tmp")
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    try:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(draft)) as copy:
            source.backup(copy)
        draft.replace(to)
    except sqlite3.Error as error:
        raise RecordError(
            f"{file}: no copy could be made before changing it ({error}); it was not touched. "
            "Free some space on that disk, and try again."
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def _upgrade(connection: Connection, version: int) -> None:
    # Late: Alembic takes a while to import, and upgrades are rare.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("version_locations", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")  # the installation's path may hold any other sign
    script = ScriptDirectory.from_config(config)

    def steps(heads: Any, _: MigrationContext) -> Any:
        # Alembic's own name for it in its documentation; what is public needs an env.py that would say nothing more.
        return script._upgrade_revs("head", heads)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    with EnvironmentContext(config, script, fn=steps) as context:
        context.configure(connection=connection, transactional_ddl=True)
        # `meta` says how far a record is, as it did before astral used Alembic; Alembic's own table follows it.
        context.get_context().stamp(script, f"{version:04}")
        context.run_migrations()
    connection.execute(meta.update().where(meta.c.key == _VERSION_KEY).values(value=str(SCHEMA_VERSION)))
