"""Adding rows to the tables: what is there stands, the same again changes nothing, anything else is refused."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Table, select

from astral.errors import RecordError
from astral.record.tables import calls, manifest_key, meta, other_verdicts, strata
from astral.record.text import digest_of

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

    Insert = sqlite.Insert | postgresql.Insert

V = TypeVar("V")

_BATCH = 256


def insertion(connection: Connection, table: Table) -> "Insert":
    """An INSERT that can say what happens on a conflict: both databases can, each in a module of its own."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def add_rows(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, where: str) -> None:
    """Add rows of one run to a table that is keyed by run and number.

    Raises:
        RecordError: A test has another row there.
    """
    if not rows or changed(connection, insertion(connection, table).on_conflict_do_nothing(), rows) == len(rows):
        return
    run_id = rows[0]["run_id"]
    for some in batches(rows):
        there = select(table.c.number, table.c.id).where(
            table.c.run_id == run_id, table.c.number.in_({row["number"] for row in some})
        )
        ids = {row.number: row.id for row in connection.execute(there)}
        for row in some:
            if ids[row["number"]] != row["id"]:
                raise contradiction(f"something else among the {table.name} for test {row['number']}", where=where)


def add_digest(connection: Connection, run_id: str, manifest: str) -> None:
    """Add the digest of a run's manifest, by which an edit of it is noticed."""
    row = {"key": manifest_key(run_id), "value": digest_of(manifest)}
    connection.execute(insertion(connection, meta).on_conflict_do_nothing(), row)


def add_calls(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add intents and replies of calls, whichever comes first."""
    changed(connection, insertion(connection, calls).inline().on_conflict_do_nothing(), rows)


def add_other_verdicts(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add verdicts of other oracles; where one has said something of a test, that stands."""
    changed(connection, insertion(connection, other_verdicts).on_conflict_do_nothing(), rows)


def correct_other_verdict(connection: Connection, row: dict[str, Any]) -> None:
    """Put a verdict in the place of what the same oracle, a person, said of the test before."""
    statement = insertion(connection, other_verdicts)
    later = {"id": statement.excluded.id, "body": statement.excluded.body}
    connection.execute(statement.on_conflict_do_update(index_elements=["run_id", "number", "oracle"], set_=later), row)


def add_strata(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add what each test stands for in a sample; a test that has its stratum keeps it."""
    if rows:
        changed(connection, insertion(connection, strata).on_conflict_do_nothing(), rows)


def changed(connection: Connection, statement: "Insert", rows: Sequence[dict[str, Any]]) -> int:
    """Execute for every row; tells how many were inserted or changed."""
    return connection.execute(statement, rows, execution_options={"preserve_rowcount": True}).rowcount


def contradiction(what: str, *, where: str) -> RecordError:
    """The refusal to write something else in the place of what is recorded."""
    return RecordError(
        f"{where}: the record already has {what}; nothing of this batch was written. Either two processes execute "
        "this run, or it was resumed with other parts than it was started with: start a new run."
    )


def batches(values: Sequence[V]) -> Iterator[Sequence[V]]:
    """Pieces that fit into the variables of one statement."""
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))
