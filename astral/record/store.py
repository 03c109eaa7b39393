"""The record of all runs: what was written once stands, and everything is read from here."""

import sqlite3
import threading
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from itertools import chain, repeat
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVarTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, Table, case, func, select, update

from astral.domain.base import content_id
from astral.domain.coverage import Coverage
from astral.domain.records import Draw, Ending, Outcome, Result, TestCase, Usage, Verdict
from astral.domain.run import Call, Manifest, RunStatus, TestRecord
from astral.domain.space import Cell, Space
from astral.errors import RecordError, UnknownNameError, UserError
from astral.record.additions import (
    add_calls,
    add_digest,
    add_other_verdicts,
    add_rows,
    add_strata,
    batches,
    changed,
    contradiction,
    correct_other_verdict,
    insertion,
)
from astral.record.archive import read_archive, write_archive
from astral.record.database import Database, open_database, reading, writing
from astral.record.failing import told
from astral.record.items import Item, OtherVerdict, Round, RunSummary
from astral.record.layout import copy_record
from astral.record.locks import held_run
from astral.record.repairing import Mended, mend
from astral.record.rows import call_of, draw_of, draw_row, item_row, record_of
from astral.record.tables import (
    calls,
    cases,
    draftings,
    draws,
    failures,
    manifest_key,
    meta,
    metadata,
    other_verdicts,
    rounds,
    runs,
    strata,
    transcripts,
    verdicts,
)
from astral.record.text import noun_of, text_of
from astral.record.verifying import Problem, problems

Columns = TypeVarTuple("Columns")

LATEST = "latest"
"""Stands for the newest run wherever a run is named."""

_NEWEST_FIRST = (runs.c.created.desc(), runs.c.id.desc())
_PAGE = 256  # tests read at a time: little memory, and no transaction stays open while the caller works
_NEAREST_AMONG = 20  # the newest runs, of which the nearest is offered for an unknown name


class Store:
    """All runs in one database. Safe to use from several threads, and beside other processes.

    Writing is idempotent: what is there already is left alone, and something else in its place is refused with a
    RecordError that leaves the whole batch unwritten.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.name, self.path = database.name, database.file
        # SQLite lets one write at a time, and lets the others poll; within the process they queue instead. That keeps
        # checkpoints apart, too, whose race could damage a file before SQLite 3.51.3 (sqlite.org/wal.html#walresetbug).
        self._turn = threading.Lock()

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Self:
        """Open a record such as `sqlite:///runs/astral.db` or `postgresql://me:secret@host/astral`.

        Args:
            url: Names the file or the database; a new file and its folder are private to their owner.
            create: Make it where there is none; commands that only read had better not.

        Raises:
            UserError: The URL is none, or there is no record and none is to be made.
            RecordError: It cannot be opened, is no record of astral, or a newer astral wrote it.
        """
        return cls(open_database(url, create=create))

    def close(self) -> None:
        """Give the file, or the connections, back."""
        self._database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def lock(self, run_id: str) -> AbstractContextManager[None]:
        """Keep every other process from executing a run; freed at the end, also that of a killed process.

        Raises:
            UserError: Another process executes it; the message names it.
        """
        return held_run(self._database, run_id)

    # Runs

    def add_run(self, manifest: Manifest) -> None:
        """Begin a run.

        Raises:
            RecordError: A run of this id is there with another manifest.
        """
        text = text_of(manifest)
        row = {
            "id": manifest.run_id,
            "created": _utc(manifest.created).isoformat(timespec="microseconds"),
            "status": RunStatus.RUNNING.value,
            "target": manifest.models.get("target", ""),
            "space": content_id(manifest.space),
            "manifest": text,
        }
        with self._writing() as connection:
            connection.execute(insertion(connection, runs).on_conflict_do_nothing(), row)
            if connection.scalar(select(runs.c.manifest).where(runs.c.id == manifest.run_id)) != text:
                raise RecordError(
                    f"{self.name}: there is a run {manifest.run_id} with another manifest; nothing was written. "
                    f"`astral resume {manifest.run_id}` goes on with it; a new run needs another id."
                )
            add_digest(connection, manifest.run_id, text)

    def manifest(self, run_id: str) -> Manifest:
        """What a run was started with.

        Raises:
            UnknownNameError: There is no such run.
        """
        return noun_of(Manifest, self._run(run_id).manifest, where=f"{self.name}, run {run_id}")

    def status(self, run_id: str) -> RunStatus:
        """How far a run is.

        Raises:
            UnknownNameError: There is no such run.
        """
        return RunStatus(self._run(run_id).status)

    def set_status(self, run_id: str, status: RunStatus) -> None:
        """Note how far a run is.

        Raises:
            UnknownNameError: There is no such run.
        """
        with self._writing() as connection:
            found = connection.execute(update(runs).where(runs.c.id == run_id).values(status=status.value)).rowcount
        if not found:
            raise self._unknown(run_id)

    def runs(self) -> list[RunSummary]:
        """All runs, newest first."""
        result = case(
            (verdicts.c.outcome.is_not(None), func.lower(verdicts.c.outcome)),
            (transcripts.c.ending == Ending.BLOCKED.value, Result.BLOCKED.value),
            (failures.c.number.is_not(None), Result.FAILED.value),
            else_="",
        ).label("result")
        counted = (
            select(draws.c.run_id, result, func.count().label("tests"))
            .select_from(_tests_with(transcripts, verdicts, failures))
            .where(draws.c.control.is_(None))
            .group_by(draws.c.run_id, result)
        )
        with self._reading() as connection:
            heads = connection.execute(
                select(runs.c.id, runs.c.created, runs.c.status, runs.c.target).order_by(*_NEWEST_FIRST)
            ).all()
            counts: dict[str, dict[str, int]] = {}
            for row in connection.execute(counted):
                counts.setdefault(row.run_id, {})[row.result] = row.tests
        return [
            RunSummary(
                run_id=head.id,
                created=datetime.fromisoformat(head.created),
                status=RunStatus(head.status),
                target=head.target,
                drawn=sum(counts.get(head.id, {}).values()),
                counts={ending: counts.get(head.id, {}).get(ending.value, 0) for ending in Result},
            )
            for head in heads
        ]

    def latest_run_id(self) -> str | None:
        """The newest run; None where there is none."""
        with self._reading() as connection:
            return connection.scalar(select(runs.c.id).order_by(*_NEWEST_FIRST).limit(1))

    def resolve(self, name: str) -> str:
        """The id of the run that a user names, who may say `latest`.

        Raises:
            UnknownNameError: There is no such run; the message offers the nearest.
            UserError: There is no run at all.
        """
        if name == LATEST:
            latest = self.latest_run_id()
            if latest is None:
                raise UserError(f"{self.name}: no run is recorded here. `astral generate` starts one.")
            return latest
        self._run(name)
        return name

    def runs_on(self, space: Space, target: str) -> list[str]:
        """The ids of all runs on this target over this very space, oldest first: what they judged can be added up.

        Runs over another space are left out even if it names the same values: a definition that was changed asks
        for other tests.
        """
        same = (runs.c.space == content_id(space)) & (runs.c.target == target)
        with self._reading() as connection:
            return list(connection.scalars(select(runs.c.id).where(same).order_by(runs.c.created, runs.c.id)))

    def runs_of(self, target: str) -> list[str]:
        """The ids of all runs on this target, whatever their space, oldest first."""
        query = select(runs.c.id).where(runs.c.target == target).order_by(runs.c.created, runs.c.id)
        with self._reading() as connection:
            return list(connection.scalars(query))

    # Rounds and draws

    def open_round(self, run_id: str, number: int, drawn: Sequence[Draw]) -> None:
        """Record a round and its draws in one transaction; a round of this number must have the same draws.

        Raises:
            RecordError: The round, or one of the draws, is there and is another.
        """
        rows = [draw_row(run_id, number, draw) for draw in drawn]
        numbers = tuple(sorted({draw.number for draw in drawn}))
        this_round = {"run_id": run_id, "round": number, "is_closed": False}
        with self._writing() as connection:
            is_new = changed(connection, insertion(connection, rounds).on_conflict_do_nothing(), [this_round])
            if not is_new and _numbers_of(connection, run_id, number) != numbers:
                raise contradiction(f"other draws in round {number}", where=self._where(run_id))
            add_rows(connection, draws, rows, where=self._where(run_id))

    def close_round(self, run_id: str, number: int) -> None:
        """Note that a round is done with.

        Raises:
            RecordError: There is no such round.
        """
        this_round = (rounds.c.run_id == run_id) & (rounds.c.round == number)
        with self._writing() as connection:
            if not connection.execute(update(rounds).where(this_round).values(is_closed=True)).rowcount:
                raise RecordError(f"{self.name}: run {run_id} has no round {number}; nothing was written.")

    def last_round(self, run_id: str) -> Round | None:
        """The round of the highest number, open or closed; None before the first."""
        last = select(rounds).where(rounds.c.run_id == run_id).order_by(rounds.c.round.desc()).limit(1)
        with self._reading() as connection:
            row = connection.execute(last).first()
            if row is None:
                return None
            numbers = _numbers_of(connection, run_id, row.round)
        return Round(number=row.round, numbers=numbers, is_closed=row.is_closed)

    def rounds_since(self, run_id: str, number: int) -> list[Round]:
        """The rounds of a run from this one on, or from the first open one if that is before it, in their order."""
        first_open = select(func.min(rounds.c.round)).where(rounds.c.run_id == run_id, ~rounds.c.is_closed)
        with self._reading() as connection:
            found = connection.scalar(first_open)
            first = number if found is None else min(number, found)
            query = select(rounds).where(rounds.c.run_id == run_id, rounds.c.round >= first).order_by(rounds.c.round)
            return [
                Round(number=row.round, numbers=_numbers_of(connection, run_id, row.round), is_closed=row.is_closed)
                for row in connection.execute(query).all()
            ]

    def closed_rounds(self, run_id: str) -> int:
        """How many rounds of a run are done with: all before the first open one."""
        query = select(func.count()).where(rounds.c.run_id == run_id, rounds.c.is_closed)
        with self._reading() as connection:
            return connection.scalar(query) or 0

    def numbers(self, run_id: str, *, rounds_before: int) -> list[int]:
        """The numbers of the tests in the first rounds of a run, ascending."""
        query = select(draws.c.number).where(draws.c.run_id == run_id, draws.c.round < rounds_before)
        with self._reading() as connection:
            return list(connection.scalars(query.order_by(draws.c.number)))

    def draws(self, run_id: str) -> list[Draw]:
        """All draws of a run, in order of number."""
        query = select(draws).where(draws.c.run_id == run_id).order_by(draws.c.number)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [draw_of(row, where=self._where(run_id)) for row in rows]

    # What the stages make

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
            .select_from(_tests_with(*stages))
            .where(draws.c.run_id == run_id)
            .order_by(draws.c.number)
        )
        where = self._where(run_id)
        for row in self._pages(query, numbers):
            yield record_of(row, where=where)

    def cases(self, run_id: str) -> Iterator[tuple[int, TestCase]]:
        """The test cases of a run with their draws' numbers, in that order; a page at a time."""
        query = select(draws.c.number, cases.c.body).join_from(draws, cases, _same_test(cases))
        for row in self._pages(query.where(draws.c.run_id == run_id).order_by(draws.c.number)):
            yield row.number, noun_of(TestCase, row.body, where=self._where(run_id))

    def coverage(self, *run_ids: str) -> Coverage:
        """What these runs judged, together, without controls."""
        query = (
            select(draws.c.cell, verdicts.c.outcome, func.count().label("tests"))
            .join_from(draws, verdicts, _same_test(verdicts))
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

    # What others said later

    def other_oracles(self, run_id: str) -> dict[str, int]:
        """The oracles that judged a run's answers later, each with how many, in the order of their names."""
        query = (
            select(other_verdicts.c.oracle, func.count().label("tests"))
            .where(other_verdicts.c.run_id == run_id)
            .group_by(other_verdicts.c.oracle)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        # Sorted here: databases differ in how they order texts.
        return {row.oracle: row.tests for row in sorted(rows, key=lambda row: row.oracle)}

    def verdicts_of(self, run_id: str, oracle: str) -> dict[int, Verdict]:
        """What such an oracle said, by the number of the test."""
        query = (
            select(other_verdicts.c.number, other_verdicts.c.body)
            .where(other_verdicts.c.run_id == run_id, other_verdicts.c.oracle == oracle)
            .order_by(other_verdicts.c.number)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return {row.number: noun_of(Verdict, row.body, where=self._where(run_id)) for row in rows}

    def correct(self, run_id: str, said: OtherVerdict) -> None:
        """Record what a person says now of a test, in the place of what the same person said before."""
        _, row = item_row(run_id, said)
        with self._writing() as connection:
            correct_other_verdict(connection, row)

    def stratify(self, run_id: str, chosen: Mapping[int, str]) -> None:
        """Fix what each test stands for in a sample for people; a test that has its stratum keeps it."""
        rows = [{"run_id": run_id, "number": number, "stratum": stratum} for number, stratum in chosen.items()]
        with self._writing() as connection:
            add_strata(connection, rows)

    def strata(self, run_id: str) -> dict[int, str]:
        """The strata of a run's tests, by number; none where no sample was drawn by strata."""
        query = select(strata.c.number, strata.c.stratum).where(strata.c.run_id == run_id).order_by(strata.c.number)
        with self._reading() as connection:
            return {row.number: row.stratum for row in connection.execute(query)}

    # Calls of models

    def call(self, run_id: str, key: str) -> Call | None:
        """The first reply to the call of this key, or the intent where none came; None where it was never made."""
        same = select(calls).where(calls.c.run_id == run_id, calls.c.key == key)
        with self._reading() as connection:
            row = connection.execute(same.order_by(calls.c.reply.is_(None), calls.c.position).limit(1)).first()
        return None if row is None else call_of(row)

    def answered(self, run_id: str) -> list[str]:
        """The keys of all calls of a run that have a reply."""
        query = select(calls.c.key).where(calls.c.run_id == run_id, calls.c.reply.is_not(None))
        with self._reading() as connection:
            return list(connection.scalars(query))

    def calls_of(self, run_id: str, role: str) -> list[Call]:
        """The calls of a run in a role, in the order of arrival; the same key may be there several times."""
        query = select(calls).where(calls.c.run_id == run_id, calls.c.role == role).order_by(calls.c.position)
        with self._reading() as connection:
            return [call_of(row) for row in connection.execute(query)]

    def unanswered(self, run_id: str, *, broken: str) -> list[tuple[Call, int]]:
        """The intents of calls that neither were answered nor broke off, as far as the record knows.

        Args:
            run_id: The run.
            broken: What the key of a call ends with that broke off.

        Returns:
            Each with the number of processes that were killed while it was in flight before.
        """
        answered = select(calls.c.key).where(calls.c.run_id == run_id, calls.c.reply.is_not(None))
        query = select(calls).where(calls.c.run_id == run_id, calls.c.reply.is_(None), calls.c.key.not_in(answered))
        with self._reading() as connection:
            intents = [call_of(row) for row in connection.execute(query.order_by(calls.c.position))]
            ended: dict[str, list[str]] = {}
            for row in connection.execute(
                select(calls.c.key, calls.c.reply).where(calls.c.run_id == run_id, calls.c.key.endswith(broken))
            ):
                ended.setdefault(row.key.removesuffix(broken), []).append(row.reply)
        ends = [(intent, ended.get(intent.key, [])) for intent in intents]
        # One that broke off on its own is over; one that was killed before may have been under way again.
        return [(intent, len(known)) for intent, known in ends if all('"before"' in reply for reply in known)]

    def usage(self, run_id: str) -> dict[str, Usage]:
        """The tokens of all calls of a run that have a reply, by role."""
        prompt, completion = (
            func.sum(column).label(name)
            for name, column in (("prompt", calls.c.prompt_tokens), ("completion", calls.c.completion_tokens))
        )
        paid = (calls.c.run_id == run_id) & calls.c.reply.is_not(None)
        query = select(calls.c.role, prompt, completion).where(paid).group_by(calls.c.role).order_by(calls.c.role)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return {row.role: Usage(prompt_tokens=row.prompt, completion_tokens=row.completion) for row in rows}

    # Keeping house

    def verify(self, run_id: str) -> list[Problem]:
        """What of a run is not as it was written; empty where all is."""
        with self._reading() as connection:
            return list(problems(connection, run_id))

    def mend(self, run_id: str) -> Mended | None:
        """Take out what is not as it was written, so that the run can be resumed; None where nothing is wrong.

        Raises:
            UserError: A process executes it.
        """
        with self.lock(run_id), self._writing() as connection:
            return mend(connection, run_id)

    def keep_copy(self, why: str) -> Path | None:
        """Copy the file as it is now, and tell the copy's name; None for a server.

        Raises:
            RecordError: There is no room for it.
        """
        if self.path is None:
            return None
        copy = self.path.with_name(f"{self.path.name}.{why}-{datetime.now(UTC):%Y%m%d-%H%M%S}")
        copy_record(self.path, copy)
        return copy

    def remove_run(self, run_id: str) -> None:
        """Remove all that is recorded of a run.

        Raises:
            UserError: A process executes it.
        """
        with self.lock(run_id), self._writing() as connection:
            connection.execute(meta.delete().where(meta.c.key == manifest_key(run_id)))
            for table in reversed(metadata.sorted_tables):
                if table is not meta:
                    connection.execute(
                        table.delete().where((table.c.id if table is runs else table.c.run_id) == run_id)
                    )

    def reclaim(self) -> None:
        """Give back the room of what was removed: until then its texts stand in the file, where no query finds them."""
        if self.path is None:  # PostgreSQL does it by itself
            return
        with self._turn, told(self.name, "what was removed is gone, and its room is not given back yet"):
            connection = self._database.engine.raw_connection()
            try:
                connection.cursor().execute("VACUUM")
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                raise OSError(str(error)) from error
            finally:
                connection.close()

    def archive(self, run_id: str, file: IO[bytes]) -> None:
        """Write a run into a file, from which `unarchive` reads it."""
        with self._reading() as connection:
            write_archive(connection, run_id, file)

    def unarchive(self, path: Path) -> str:
        """Put an archived run into this record, and verify it; the run's id.

        Raises:
            UserError: The run is there already, or the file is no archive.
            RecordError: A row is not what was written.
        """
        with self._writing() as connection:
            return read_archive(connection, path)

    # Within

    def _reading(self) -> AbstractContextManager[Connection]:
        return reading(self._database)

    @contextmanager
    def _writing(self) -> Generator[Connection]:
        with self._turn, writing(self._database) as connection:
            yield connection

    def _where(self, run_id: str) -> str:
        return f"{self.name}, run {run_id}"

    def _run(self, run_id: str) -> Row[Any]:
        with self._reading() as connection:
            row = connection.execute(select(runs).where(runs.c.id == run_id)).first()
        if row is None:
            raise self._unknown(run_id)
        return row

    def _unknown(self, run_id: str) -> UnknownNameError:
        with self._reading() as connection:
            known = list(connection.scalars(select(runs.c.id).order_by(*_NEWEST_FIRST).limit(_NEAREST_AMONG)))
        return UnknownNameError("run", run_id, known, where=self.name, hint="`astral list` shows all.")

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


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _same_test(table: Table) -> ColumnElement[bool]:
    return (table.c.run_id == draws.c.run_id) & (table.c.number == draws.c.number)


def _tests_with(*stages: Table) -> FromClause:
    """All draws, each with what these stages made for it, if anything."""
    joined: FromClause = draws
    for table in stages:
        joined = joined.outerjoin(table, _same_test(table))
    return joined


def _numbers_of(connection: Connection, run_id: str, round_number: int) -> tuple[int, ...]:
    query = select(draws.c.number).where(draws.c.run_id == run_id, draws.c.round == round_number)
    return tuple(connection.scalars(query.order_by(draws.c.number)))
