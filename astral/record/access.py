"""What every part of the store stands on: its database, and how it is read and written."""

import threading
from collections.abc import Collection, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, Table, case, func

from astral.domain.records import Ending, Result
from astral.record.additions import batches
from astral.record.database import Database, reading, writing
from astral.record.tables import draws, failures, transcripts, verdicts

Columns = TypeVarTuple("Columns")

_PAGE = 256  # tests read at a time: little memory, and no transaction stays open while the caller works


class Access:
    """A database, with one writer at a time and any number of readers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.name, self.path = database.name, database.file
        # SQLite lets one write at a time, and lets the others poll; within the process they queue instead. That keeps
        # checkpoints apart, too, whose race could damage a file before SQLite 3.51.3 (sqlite.org/wal.html#walresetbug).
        self._turn = threading.Lock()

    def _reading(self) -> AbstractContextManager[Connection]:
        return reading(self._database)

    @contextmanager
    def _writing(self) -> Generator[Connection]:
        with self._turn, writing(self._database) as connection:
            yield connection

    def _where(self, run_id: str) -> str:
        return f"{self.name}, run {run_id}"

    def _pages(self, query: Select[*Columns], numbers: Collection[int] | None = None) -> Iterator[Row[*Columns]]:
        """The rows of a query over draws in order of number, each page in a transaction of its own."""
        if numbers is not None:
            for page in batches(sorted(set(numbers))):
                with self._reading() as connection:
                    rows = connection.execute(query.where(draws.c.number.in_(page))).all()
                yield from rows
            return
        last = -1
        while True:
            with self._reading() as connection:
                rows = connection.execute(query.where(draws.c.number > last).limit(_PAGE)).all()
            if not rows:
                return
            yield from rows
            last = rows[-1].number


def same_test(table: Table) -> ColumnElement[bool]:
    """That a row of this table is of the same test as the draw beside it."""
    return (table.c.run_id == draws.c.run_id) & (table.c.number == draws.c.number)


RESULT = case(
    (verdicts.c.outcome.is_not(None), func.lower(verdicts.c.outcome)),
    (transcripts.c.ending == Ending.BLOCKED.value, Result.BLOCKED.value),
    (failures.c.number.is_not(None), Result.FAILED.value),
    else_="",
).label("result")
"""How a test ended, of `tests_with(transcripts, verdicts, failures)`; empty while it is under way."""


def tests_with(*stages: Table) -> FromClause:
    """All draws, each with what these stages made for it, if anything."""
    joined: FromClause = draws
    for table in stages:
        joined = joined.outerjoin(table, same_test(table))
    return joined
