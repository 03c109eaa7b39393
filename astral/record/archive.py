"""A run as one file, and back: all its rows, as a gzipped tar of JSON lines, a table each."""

import json
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import Connection, Table, select
from sqlalchemy.exc import SQLAlchemyError

from astral.errors import RecordError, UserError
from astral.record.additions import add_digest
from astral.record.tables import SCHEMA_VERSION, calls, meta, metadata, runs
from astral.record.verifying import problems

HEAD: Final = "archive.json"
_TABLES: Final = tuple(table for table in metadata.sorted_tables if table is not meta)
"""In an order in which rows find what they refer to."""
_RUN_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""A run's id names a folder; an archive comes from elsewhere, and must not lead out of the folder of runs."""
_BATCH: Final = 256


def write_archive(connection: Connection, run_id: str, file: IO[bytes]) -> None:
    """Write all rows of a run; the run's folder is not in it, since its pages are made from the rows."""
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        _add(tar, HEAD, iter([{"schema": SCHEMA_VERSION, "run": run_id}]))
        for table in _TABLES:
            columns = [column for column in table.c if column is not calls.c.position]
            query = select(*columns).where(_run_column(table) == run_id).order_by(*table.primary_key)
            rows = connection.execute(query.execution_options(yield_per=_BATCH))
            _add(tar, f"{table.name}.jsonl", (dict(row) for row in rows.mappings()))


def read_archive(connection: Connection, path: Path) -> str:
    """Put an archived run back; the caller's transaction ends it, or undoes it.

    Returns:
        The run's id.

    Raises:
        UserError: The run is there already, the file is no archive, or a newer astral wrote it.
        RecordError: A row is not what was written.
    """
    strange = f"{path}: this is no archive of astral, or it was damaged; nothing of it was read."
    try:
        with tarfile.open(path, mode="r:gz") as tar:
            head = next(_lines(tar, HEAD))
            run_id, schema = head["run"], head["schema"]
            if not isinstance(schema, int) or not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id):
                raise UserError(strange)
            if schema > SCHEMA_VERSION:
                raise UserError(f"{path}: a newer astral wrote this archive (schema {schema}). Upgrade astral.")
            if connection.scalar(select(runs.c.id).where(runs.c.id == run_id)) is not None:
                raise UserError(f"{path}: run {run_id} is in the record already; nothing was changed.")
            for table in _TABLES:
                _put(connection, table, run_id, _lines(tar, f"{table.name}.jsonl"), strange)
            add_digest(connection, run_id, connection.scalar(select(runs.c.manifest).where(runs.c.id == run_id)) or "")
    except OSError as error:
        if error.strerror:
            raise UserError(f"{path}: {error.strerror}. Name a file that `astral runs archive` wrote.") from error
        raise UserError(strange) from error
    except (tarfile.TarError, EOFError, zlib.error, ValueError, KeyError, TypeError, StopIteration) as error:
        raise UserError(strange) from error
    except SQLAlchemyError:
        # Not chained: its text quotes the row.
        raise UserError(strange) from None
    wrong = next(problems(connection, run_id), None)
    if wrong is not None:
        raise RecordError(f"{path}: {wrong.place}: {wrong.what}; nothing was written. Use another copy of the archive.")
    return run_id


def _run_column(table: Table) -> Any:
    return table.c.id if table is runs else table.c.run_id


def _add(tar: tarfile.TarFile, name: str, rows: Iterator[dict[str, Any]]) -> None:
    # A tar wants the size first; what is written is as large as the record, so it goes through a file.
    with tempfile.TemporaryFile() as draft:
        for row in rows:
            draft.write(json.dumps(row, ensure_ascii=True).encode() + b"\n")
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = draft.tell(), 0o600
        draft.seek(0)
        tar.addfile(entry, draft)


def _lines(tar: tarfile.TarFile, name: str) -> Iterator[dict[str, Any]]:
    """The rows of one member: members are read by the names that they must have, and never unpacked."""
    file = tar.extractfile(name)
    if file is None:
        raise KeyError(name)
    for line in file:
        yield json.loads(line)


def _put(connection: Connection, table: Table, run_id: str, rows: Iterator[dict[str, Any]], strange: str) -> None:
    batch: list[dict[str, Any]] = []
    columns = {column.name for column in table.c if column is not calls.c.position}
    for row in rows:
        if set(row) != columns or row["id" if table is runs else "run_id"] != run_id:
            raise UserError(strange)
        batch.append(row)
        if len(batch) == _BATCH:
            connection.execute(table.insert().inline(), batch)
            batch = []
    if batch:
        connection.execute(table.insert().inline(), batch)
