"""Whether the record is what was written: every content hash is computed again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row, select

from astral.domain.base import content_id
from astral.domain.drafting import Drafting
from astral.domain.records import Failure, TestCase, Transcript, Verdict
from astral.errors import RecordError
from astral.record.rows import draw_of
from astral.record.tables import calls, cases, draftings, draws, failures, other_verdicts, transcripts, verdicts
from astral.record.text import digest_of, noun_of, text_of

_PAGE = 256
_CHANGED = "its content is not what was written"
_NOUNS = {
    draftings: Drafting,
    cases: TestCase,
    transcripts: Transcript,
    verdicts: Verdict,
    other_verdicts: Verdict,
    failures: Failure,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that is not what was written, or lacks what it was made from."""

    run_id: str
    place: str
    """The table, and which row of the run; never its text."""
    what: str


def problems(connection: Connection, run_id: str) -> Iterator[Problem]:
    """All that is wrong with what a run has in the record."""
    query = select(draws).where(draws.c.run_id == run_id).order_by(draws.c.number)
    for row in connection.execute(query.execution_options(yield_per=_PAGE)):
        yield from _told(run_id, f"draw {row.number}", _draw_fault(row))
    for table, noun in _NOUNS.items():
        query = select(table).where(table.c.run_id == run_id).order_by(table.c.number)
        for row in connection.execute(query.execution_options(yield_per=_PAGE)):
            yield from _told(run_id, f"{table.name}, test {row.number}", _part_fault(row, noun))
    query = select(calls.c.position, calls.c.reply_id, calls.c.reply).where(calls.c.run_id == run_id)
    for row in connection.execute(query.execution_options(yield_per=_PAGE)):
        is_right = row.reply_id == ("" if row.reply is None else digest_of(row.reply))
        yield from _told(run_id, f"call {row.position}", "" if is_right else _CHANGED)
    orphans = (
        select(transcripts.c.number)
        .outerjoin(cases, (cases.c.run_id == transcripts.c.run_id) & (cases.c.number == transcripts.c.number))
        .where(transcripts.c.run_id == run_id, cases.c.id.is_(None))
    )
    for number in connection.scalars(orphans.order_by(transcripts.c.number)):
        yield Problem(run_id, f"transcripts, test {number}", "the case that it answers is gone")


def _told(run_id: str, place: str, what: str) -> Iterator[Problem]:
    if what:
        yield Problem(run_id, place, what)


def _draw_fault(row: Row[Any]) -> str:
    try:
        draw = draw_of(row, where="")
    except (RecordError, ValidationError):
        return "it cannot be read"
    return "" if row.id == digest_of(f"{row.round} {text_of(draw)}") else _CHANGED


def _part_fault(row: Row[Any], noun: type[Drafting | TestCase | Transcript | Verdict | Failure]) -> str:
    try:
        part = noun_of(noun, row.body, where="")
    except RecordError:
        return "it cannot be read"
    known = {digest_of(row.body)} if isinstance(part, Failure) else {part.id, _id_as_written(noun, row.body)}
    return "" if row.id in known else _CHANGED


def _id_as_written(noun: type[Any], body: str) -> str:
    """The id by the fields that were written: a noun that has more of them since has another id today."""
    fields = json.loads(body)
    if noun is TestCase:
        more = [fields[name] for name in ("course", "scene") if fields.get(name) is not None]
        return content_id(fields["messages"], fields["cell"], fields["lineage"], *more)
    if noun is Transcript:
        return content_id(fields["case_id"], fields["target"], fields["messages"], fields["ending"])
    return content_id(fields)
