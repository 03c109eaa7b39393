"""Nouns as rows of the tables, and back."""

import json
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Table

from astral.domain.drafting import Drafting
from astral.domain.records import Draw, Failure, TestCase, Transcript, Usage, Verdict
from astral.domain.run import Call, TestRecord
from astral.domain.space import Cell
from astral.record.items import Entry, Item, OtherVerdict
from astral.record.tables import calls, cases, draftings, failures, other_verdicts, transcripts, verdicts
from astral.record.text import digest_of, noun_of, text_of


def draw_row(run_id: str, round_number: int, draw: Draw) -> dict[str, Any]:
    """The row of a draw; its id covers the round too, because a draw belongs to one only."""
    return {
        "run_id": run_id,
        "number": draw.number,
        "id": digest_of(f"{round_number} {text_of(draw)}"),
        "round": round_number,
        "cell": text_of(draw.cell),
        "attempt": draw.attempt,
        "probability": draw.probability,
        "control": draw.control,
    }


def item_row(run_id: str, item: Item) -> tuple[Table, dict[str, Any]]:
    """The row of an item, and the table that it belongs to."""
    match item:
        case Call():
            return calls, _call_row(run_id, item)
        case OtherVerdict(number=number, oracle=oracle, verdict=verdict):
            told = {"run_id": run_id, "number": number, "oracle": oracle}
            return other_verdicts, {**told, "id": verdict.id, "body": text_of(verdict)}
        case Failure():
            text = text_of(item)
            return failures, {"run_id": run_id, "number": item.number, "id": digest_of(text), "body": text}
        case Entry():
            return _entry_row(run_id, item)


def draw_of(row: Row[Any], *, where: str) -> Draw:
    """The draw in a row of `draws`."""
    return Draw(
        number=row.number,
        cell=_cell_of(row.cell, where),
        attempt=row.attempt,
        probability=row.probability,
        control=row.control,
    )


@lru_cache(maxsize=1 << 13)
def _cell_of(text: str, where: str) -> Cell:
    """A run's tests are in few cells, which they share in memory as well."""
    return noun_of(Cell, text, where=where)


@lru_cache(maxsize=1 << 10)
def _drafting_of(text: str, where: str) -> Drafting:
    """Most tests' drafts came about in one of a few ways, and share them in memory too."""
    return noun_of(Drafting, text, where=where)


def record_of(row: Row[Any], *, where: str) -> TestRecord:
    """The test in a row of `draws` joined with the bodies of each stage, named as their tables."""
    return TestRecord(
        draw=draw_of(row, where=where),
        drafting=None if row.draftings is None else _drafting_of(row.draftings, where),
        case=None if row.cases is None else noun_of(TestCase, row.cases, where=where),
        transcript=None if row.transcripts is None else noun_of(Transcript, row.transcripts, where=where),
        verdict=None if row.verdicts is None else noun_of(Verdict, row.verdicts, where=where),
        failure=None if row.failures is None else noun_of(Failure, row.failures, where=where),
    )


def call_of(row: Row[Any]) -> Call:
    """The call in a row of `calls`."""
    return Call(
        key=row.key,
        role=row.role,
        reply=None if row.reply is None else json.loads(row.reply),
        usage=Usage(prompt_tokens=row.prompt_tokens, completion_tokens=row.completion_tokens),
    )


def _entry_row(run_id: str, entry: Entry) -> tuple[Table, dict[str, Any]]:
    part = entry.part
    row: dict[str, Any] = {"run_id": run_id, "number": entry.number, "id": part.id, "body": text_of(part)}
    match part:
        case Drafting():
            return draftings, row
        case TestCase():
            return cases, row
        case Transcript():
            return transcripts, {**row, "ending": part.ending.value}
        case Verdict():
            return verdicts, {**row, "outcome": part.outcome.value}


def _call_row(run_id: str, call: Call) -> dict[str, Any]:
    reply = None if call.reply is None else text_of(call.reply)
    return {
        "run_id": run_id,
        "key": call.key,
        "role": call.role,
        "reply_id": "" if reply is None else digest_of(reply),
        "reply": reply,
        "prompt_tokens": call.usage.prompt_tokens,
        "completion_tokens": call.usage.completion_tokens,
    }
