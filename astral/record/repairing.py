"""Mending a run: what is not as it was written goes, with all that was made from it; `astral resume` then redoes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, select, update

from astral.domain.run import RunStatus
from astral.record.tables import (
    cases,
    draftings,
    draws,
    failures,
    metadata,
    other_verdicts,
    rounds,
    runs,
    strata,
    transcripts,
    verdicts,
)
from astral.record.verifying import NO_ANSWER, ended_tests, problems

_MADE_FROM: Final[Mapping[str, tuple[Table, ...]]] = {
    draws.name: (other_verdicts, strata, failures, verdicts, transcripts, cases, draftings, draws),
    cases.name: (failures, verdicts, transcripts, cases, draftings),
    transcripts.name: (failures, verdicts, transcripts),
    verdicts.name: (verdicts,),
    failures.name: (failures,),
}
"""What goes with a row of these tables: all of its test that was made from it, the last first."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What was done about one run."""

    run_id: str
    again: tuple[int, ...]
    """Tests that `astral resume` goes through again, from the stage on that was damaged."""
    gone: tuple[int, ...]
    """Tests that are gone: what they were to test is not known any more."""
    removed: tuple[str, ...]
    """Other rows that are gone, by their place."""
    is_lost: bool
    """The manifest cannot be read, so nothing was done: the run must come from a copy or an archive."""


def mend(connection: Connection, run_id: str) -> Mended | None:
    """Remove what is wrong with a run, and open the rounds of tests that lack something again.

    Returns:
        What was done; None where nothing is wrong.
    """
    found = list(problems(connection, run_id))
    if not found:
        return None
    if any(problem.table == runs.name for problem in found):
        return Mended(run_id, (), (), (), is_lost=True)
    gone, removed, reopened = set[int](), list[str](), set[int]()
    for problem in found:
        made = _MADE_FROM.get(problem.table)
        if made:
            number = problem.row["number"]
            reopened |= _round_of(connection, run_id, number)
            for table in made:
                connection.execute(delete(table).where(_of(table, run_id, {"number": number})))
            if problem.table == draws.name:
                gone.add(number)
        elif problem.table == rounds.name:
            reopened.add(problem.row["round"])
        elif problem.what != NO_ANSWER:  # what was said of an answer that is gone fits again when it is back
            table = metadata.tables[problem.table]
            connection.execute(delete(table).where(_of(table, run_id, problem.row)))
            removed.append(problem.place)
    for number in reopened:
        _reopen(connection, run_id, number)
    open_draws = select(draws.c.number).where(draws.c.run_id == run_id, draws.c.round.in_(reopened))
    again = set(connection.scalars(open_draws)) - ended_tests(connection, run_id)
    connection.execute(update(runs).where(runs.c.id == run_id).values(status=RunStatus.INTERRUPTED.value))
    return Mended(run_id, tuple(sorted(again)), tuple(sorted(gone)), tuple(removed), is_lost=False)


def _of(table: Table, run_id: str, row: Mapping[str, Any]) -> ColumnElement[bool]:
    return and_(table.c.run_id == run_id, *(table.c[name] == value for name, value in row.items()))


def _round_of(connection: Connection, run_id: str, number: int) -> set[int]:
    return set(connection.scalars(select(draws.c.round).where(_of(draws, run_id, {"number": number}))))


def _reopen(connection: Connection, run_id: str, number: int) -> None:
    """Have a round gone through again: what its tests have already is never done twice."""
    this_round = {"run_id": run_id, "round": number, "is_closed": False}
    if not connection.execute(update(rounds).where(_of(rounds, run_id, {"round": number})).values(this_round)).rowcount:
        connection.execute(rounds.insert(), this_round)
