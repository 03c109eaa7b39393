"""Whether the record is what was written: content hashes are computed again, and what is told twice is compared.

What stands in one column alone and in no hash cannot be told from what was written: `UNCOVERED` names it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import JsonValue, ValidationError
from sqlalchemy import Connection, Row, Table, select

from astral.domain.base import content_id
from astral.domain.drafting import Drafting
from astral.domain.records import Failure, TestCase, Transcript, Verdict
from astral.domain.run import Manifest, RunStatus
from astral.errors import RecordError
from astral.record.rows import draw_of
from astral.record.tables import (
    calls,
    cases,
    draftings,
    draws,
    failures,
    manifest_key,
    meta,
    other_verdicts,
    rounds,
    runs,
    transcripts,
    verdicts,
)
from astral.record.text import digest_of, noun_of, text_of

UNCOVERED: Final = {
    "runs": ("status",),
    "rounds": ("is_closed",),
    "draftings": ("run_id", "number"),
    "other_verdicts": ("run_id", "oracle"),
    "strata": ("run_id", "number", "stratum"),
    "calls": ("position", "run_id", "key", "role"),
}
"""Columns in which one valid value can be put in the place of another without being noticed; so whole rows of these
tables, `runs` and `rounds` aside, can go. (A round that is open again is gone through again; its results stand.)
Nor are noticed: latency and tokens within the body of a transcript, tokens within that of a verdict, and the tokens of
a call without a reply."""

_PAGE = 256
_CHANGED = "its content is not what was written"
NO_ANSWER: Final = "the answer that it judges is gone"
_KEY: Final = re.compile(r"[0-9a-f]{20}(/broken|/lost/[0-9]+)?")
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
    """A row that is not what was written, is gone, or lacks what it was made from; never its text."""

    table: str
    row: Mapping[str, Any]
    """What tells it from the others of the run and table; nothing where the run's own row is meant."""
    what: str

    @property
    def place(self) -> str:
        """Which row it is, for people."""
        named = ", ".join(f"{_FOR_PEOPLE.get(name, name)} {value}" for name, value in self.row.items())
        return f"{self.table}, {named}" if named else self.table


_FOR_PEOPLE: Final = {"number": "test"}


def problems(connection: Connection, run_id: str) -> Iterator[Problem]:
    """All that is wrong with what a run has in the record."""
    run = connection.execute(select(runs).where(runs.c.id == run_id)).first()
    if run is not None:
        digest = connection.scalar(select(meta.c.value).where(meta.c.key == manifest_key(run_id)))
        yield from (Problem(runs.name, {}, what) for what in _run_faults(run, digest))
    numbers: list[int] = []
    for row in _rows(connection, draws, run_id):
        numbers.append(row.number)
        if fault := _draw_fault(row):
            yield _problem(draws, row, fault)
    yield from (Problem(draws.name, {"number": number}, "it is gone") for number in _missing(numbers))
    for table, noun in _NOUNS.items():
        for row in _rows(connection, table, run_id):
            if fault := _part_fault(row, noun):
                yield _problem(table, row, fault)
    yield from _broken_chains(connection, run_id)
    yield from (Problem(rounds.name, {"round": number}, what) for number, what in _round_faults(connection, run_id))
    query = select(calls).where(calls.c.run_id == run_id).order_by(calls.c.position)
    for row in connection.execute(query.execution_options(yield_per=_PAGE)):
        if fault := _call_fault(row):
            yield _problem(calls, row, fault)


def _problem(table: Table, row: Any, what: str) -> Problem:
    """A problem of a row that has the table's key, whatever else was selected."""
    names = [column.name for column in table.primary_key if column.name != "run_id"]
    return Problem(table.name, {name: getattr(row, name) for name in names}, what)


def _rows(connection: Connection, table: Table, run_id: str) -> Iterator[Row[Any]]:
    query = select(table).where(table.c.run_id == run_id).order_by(table.c.number)
    yield from connection.execute(query.execution_options(yield_per=_PAGE))


def _run_faults(row: Row[Any], digest: str | None) -> Iterator[str]:
    if digest not in {digest_of(row.manifest), None}:  # none of a run of earlier
        yield "its manifest is not what was written"
    try:
        manifest = noun_of(Manifest, row.manifest, where="")
    except RecordError:
        yield "its manifest cannot be read"
        return
    if row.status not in set(RunStatus):
        yield "its status is none"
    created = manifest.created if manifest.created.tzinfo else manifest.created.replace(tzinfo=UTC)
    told = (row.id, row.target, row.space)
    same = (manifest.run_id, manifest.models.get("target", ""), content_id(manifest.space))
    if told != same or not _is_moment(row.created, created):
        yield "id, date, target or space are not those of its manifest"


def _is_moment(text: str, moment: datetime) -> bool:
    try:
        return datetime.fromisoformat(text) == moment
    except (ValueError, TypeError):
        return False


def _missing(numbers: list[int]) -> list[int]:
    """The gaps in numbers that begin with 0 and were handed out without one."""
    return sorted(set(range(max(numbers, default=-1))) - set(numbers))


def _broken_chains(connection: Connection, run_id: str) -> Iterator[Problem]:
    """Answers and verdicts without what they are of, or of something else."""
    same_case = (cases.c.run_id == transcripts.c.run_id) & (cases.c.number == transcripts.c.number)
    query = (
        select(transcripts.c.number, transcripts.c.body, cases.c.id.label("case_id"))
        .outerjoin(cases, same_case)
        .where(transcripts.c.run_id == run_id)
        .order_by(transcripts.c.number)
    )
    for row in connection.execute(query.execution_options(yield_per=_PAGE)):
        if row.case_id is None:
            yield _problem(transcripts, row, "the case that it answers is gone")
        elif _field(row.body, "case_id") not in {row.case_id, None}:
            yield _problem(transcripts, row, "it answers another case")
    same_case = (cases.c.run_id == failures.c.run_id) & (cases.c.number == failures.c.number)
    query = select(failures.c.number, failures.c.body).outerjoin(cases, same_case)
    query = query.where(failures.c.run_id == run_id, cases.c.id.is_(None)).order_by(failures.c.number)
    for row in connection.execute(query.execution_options(yield_per=_PAGE)):
        if _field(row.body, "case_id"):
            yield _problem(failures, row, "the case that failed is gone")
    for table in (verdicts, other_verdicts):
        same_talk = (transcripts.c.run_id == table.c.run_id) & (transcripts.c.number == table.c.number)
        query = (
            select(*table.primary_key, table.c.body, transcripts.c.id.label("transcript_id"))
            .outerjoin(transcripts, same_talk)
            .where(table.c.run_id == run_id)
            .order_by(table.c.number)
        )
        for row in connection.execute(query.execution_options(yield_per=_PAGE)):
            if row.transcript_id is None:
                yield _problem(table, row, NO_ANSWER)
            elif _field(row.body, "transcript_id") not in {row.transcript_id, None}:
                yield _problem(table, row, "it judges another answer")


def _field(body: str, name: str) -> str | None:
    """A field of a noun; None where it cannot be read, which is told elsewhere."""
    try:
        return json.loads(body).get(name)
    except (ValueError, AttributeError):
        return None


def _round_faults(connection: Connection, run_id: str) -> Iterator[tuple[int, str]]:
    told = {
        row.round: row.is_closed for row in connection.execute(select(rounds).where(rounds.c.run_id == run_id)).all()
    }
    yield from ((number, "it is gone") for number in _missing(list(told)))
    ended = ended_tests(connection, run_id)
    counts: dict[int, list[bool]] = {}
    for row in connection.execute(select(draws.c.round, draws.c.number).where(draws.c.run_id == run_id)):
        counts.setdefault(row.round, []).append(row.number in ended)
    for number, is_closed in sorted(told.items()):
        if is_closed and (left := counts.get(number, []).count(False)):
            yield number, f"it is closed, and the results of {left:,} of its tests are gone"
    yield from ((number, "it is gone, and its draws are not") for number in sorted(set(counts) - set(told)))


def ended_tests(connection: Connection, run_id: str) -> set[int]:
    """The numbers of the tests that have a result."""
    return {
        *connection.scalars(select(verdicts.c.number).where(verdicts.c.run_id == run_id)),
        *connection.scalars(select(failures.c.number).where(failures.c.run_id == run_id)),
        *connection.scalars(
            select(transcripts.c.number).where(transcripts.c.run_id == run_id, transcripts.c.ending == "blocked")
        ),
    }


def _call_fault(row: Row[Any]) -> str:
    if row.reply_id != ("" if row.reply is None else digest_of(row.reply)):
        return _CHANGED
    if not _KEY.fullmatch(row.key):
        return "its key is none"
    told = _tokens_in(None if row.reply is None else json.loads(row.reply))
    if told is not None and told != (row.prompt_tokens, row.completion_tokens):
        return "its tokens are not those of its reply"
    return ""


def _tokens_in(reply: JsonValue) -> tuple[JsonValue, JsonValue] | None:
    """The tokens that a model's reply tells; None where there is no reply, or none of a model."""
    usage = reply.get("usage") if isinstance(reply, dict) else None
    return (usage.get("prompt_tokens"), usage.get("completion_tokens")) if isinstance(usage, dict) else None


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
    return _CHANGED if row.id not in known or not _agrees(row, part) else ""


def _agrees(row: Row[Any], part: Drafting | TestCase | Transcript | Verdict | Failure) -> bool:
    """Whether the columns beside a noun, by which rows are searched and counted, say what it says."""
    match part:
        case Transcript():
            return row.ending == part.ending.value
        case Verdict():
            return getattr(row, "outcome", part.outcome.value) == part.outcome.value
        case Failure():
            return row.number == part.number
        case _:
            return True


def _id_as_written(noun: type[Any], body: str) -> str:
    """The id by the fields that were written: a noun that has more of them since has another id today."""
    fields = json.loads(body)
    if noun is TestCase:
        more = [fields[name] for name in ("course", "scene") if fields.get(name) is not None]
        return content_id(fields["messages"], fields["cell"], fields["lineage"], *more)
    if noun is Transcript:
        return content_id(fields["case_id"], fields["target"], fields["messages"], fields["ending"])
    return content_id(fields)
