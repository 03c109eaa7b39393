"""The part of the store that knows what came of each test."""

from collections.abc import Collection, Iterable, Iterator
from itertools import chain, repeat
from typing import Any

from sqlalchemy import Table, func, select

from astral.domain.coverage import Coverage
from astral.domain.records import Outcome, Result, TestCase
from astral.domain.run import TestEnd, TestRecord
from astral.domain.space import Cell
from astral.record.access import RESULT, Access, same_test, tests_with
from astral.record.additions import add_calls, add_other_verdicts, add_rows
from astral.record.items import Item
from astral.record.rows import draw_of, item_row, record_of
from astral.record.tables import (
    calls,
    cases,
    draftings,
    draws,
    failures,
    other_verdicts,
    transcripts,
    verdicts,
)
from astral.record.text import noun_of


class StoredTests(Access):
    """What the stages made of each test: cases, transcripts, verdicts, failures."""

    def write(self, run_id: str, items: Iterable[Item]) -> None:
        """Record a batch in one transaction: all of it, or nothing; the order does not matter.

        Raises:
            RecordError: An item contradicts what is recorded, its draw or run is not, or the database refused.
        """
        rows: dict[Table, list[dict[str, Any]]] = {}
        for item in items:
            table, row = item_row(run_id, item)
            rows.setdefault(table, []).append(row)
        with self._writing() as connection:
            for table, batch in rows.items():
                if table is calls:
                    add_calls(connection, batch)
                elif table is other_verdicts:
                    add_other_verdicts(connection, batch)
                else:
                    add_rows(connection, table, batch, where=self._where(run_id))

    def tests(self, run_id: str, numbers: Collection[int] | None = None) -> Iterator[TestRecord]:
        """All that is recorded of a run's tests, in order of number; a page at a time, so any number of them.

        Args:
            run_id: The run.
            numbers: Only these tests; those that were never drawn are passed over.
        """
        stages = (draftings, cases, transcripts, verdicts, failures)
        bodies = [table.c.body.label(table.name) for table in stages]
        query = (
            select(draws, *bodies)
            .select_from(tests_with(*stages))
            .where(draws.c.run_id == run_id)
            .order_by(draws.c.number)
        )
        where = self._where(run_id)
        for row in self._pages(query, numbers):
            yield record_of(row, where=where)

    def ends(self, run_id: str) -> Iterator[TestEnd]:
        """How each of a run's tests ended, in order of number; nothing else of them is read."""
        query = (
            select(draws, RESULT, cases.c.id.label("case_id"))
            .select_from(tests_with(cases, transcripts, verdicts, failures))
            .where(draws.c.run_id == run_id)
            .order_by(draws.c.number)
        )
        for row in self._pages(query):
            draw = draw_of(row, where=self._where(run_id))
            yield TestEnd(draw, Result(row.result) if row.result else None, row.case_id or "")

    def written(self, run_id: str) -> list[int]:
        """The numbers of a run's tests that have a case, ascending; without controls and benign twins."""
        query = select(draws.c.number).join_from(draws, cases, same_test(cases))
        query = query.where(draws.c.run_id == run_id, draws.c.control.is_(None)).order_by(draws.c.number)
        with self._reading() as connection:
            return list(connection.scalars(query))

    def cases(self, run_id: str) -> Iterator[tuple[int, TestCase]]:
        """The test cases of a run with their draws' numbers, in that order; a page at a time."""
        query = select(draws.c.number, cases.c.body).join_from(draws, cases, same_test(cases))
        for row in self._pages(query.where(draws.c.run_id == run_id).order_by(draws.c.number)):
            yield row.number, noun_of(TestCase, row.body, where=self._where(run_id))

    def coverage(self, *run_ids: str) -> Coverage:
        """What these runs judged, together, without controls."""
        query = (
            select(draws.c.cell, verdicts.c.outcome, func.count().label("tests"))
            .join_from(draws, verdicts, same_test(verdicts))
            .where(draws.c.run_id.in_(run_ids), draws.c.control.is_(None))
            .group_by(draws.c.cell, verdicts.c.outcome)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        where = self.name
        return Coverage.of(
            chain.from_iterable(
                repeat((noun_of(Cell, row.cell, where=where), Outcome(row.outcome)), row.tests) for row in rows
            )
        )
