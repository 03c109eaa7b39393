"""What the HTML page holds for its script: columns of numbers, compressed, and texts in blocks that are opened late.

A page of 100,000 tests is read within seconds because nothing of a test is HTML: the table is unpacked once, and the
texts of a test with those of its neighbours, when somebody opens it. Names and texts go through `visible` here, since
in compressed form nothing else will see them.
"""

import base64
import gzip
import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from astral.domain.records import Control, Ending, Message, Result, TestCase, Verdict
from astral.domain.run import TestRecord
from astral.domain.scene import call_text
from astral.report import words
from astral.report.ends import Ends
from astral.report.pair_maps import PairMap, heat_class
from astral.report.summary import Summary
from astral.report.text import one_line, visible

BLOCK = 500
"""Tests whose details are packed together."""
KINDS = {
    None: "",
    Control.POSITIVE: "positive control",
    Control.NEGATIVE: "negative control",
    Control.TWIN: "benign twin",
}
_ROLES = {"system": "System", "user": "Request", "assistant": "Answer of the target", "tool": "Result of a tool"}
_ABSENT = -1
_RESULTS, _ENDINGS, _KINDS = list(Result), list(Ending), list(KINDS)
_COLUMNS = ("number", "result", "kind", "ending", "p", "severity")
"""Numbers that the page holds of each test."""


def packed(value: Any) -> str:
    """The value as compressed JSON in signs that mean nothing to HTML."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # No time stamp: the same record makes the same page.
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=6, mtime=0)).decode()


class PageTests:
    """What the page holds of each finished test, gathered in one pass over them; texts are kept compressed."""

    def __init__(self, *, reveal: bool) -> None:
        """Begin with none.

        Args:
            reveal: Keep the texts of cases, answers and evidence, and the oracle's reason.
        """
        self.is_revealing = reveal
        self.columns = {name: array("q") for name in _COLUMNS}
        self.ends = Ends()
        self._packed: list[str] = []
        self._open: list[dict[str, Any]] = []

    def noting(self, tests: Iterable[TestRecord]) -> Iterator[TestRecord]:
        """The same tests, each of which is kept as it passes."""
        for test in tests:
            if test.is_finished:
                self._note(test)
            yield test

    def _note(self, test: TestRecord) -> None:
        for column, value in zip(self.columns.values(), _row(test), strict=True):
            column.append(value)
        self.ends.add(test.draw, test.result)
        texts = {"texts": list(_texts(test))} if self.is_revealing else {}
        self._open.append({"facts": _facts(test), **texts})
        if len(self._open) == BLOCK:
            self._packed.append(packed(self._open))
            self._open = []

    @property
    def details(self) -> list[str]:
        """What is shown of each test when it is opened, `BLOCK` tests at a time."""
        return [*self._packed, *([packed(self._open)] if self._open else [])]


def table_of(summary: Summary, tests: PageTests) -> dict[str, Any]:
    """All that the list of tests is filtered, sorted and shown by, column by column.

    Args:
        summary: The run's numbers.
        tests: Those that were summarised.
    """
    places = [{group.id: place for place, group in enumerate(part.groups)} for part in summary.by_dimension]
    values = tests.ends.by_cell(
        lambda cell: [known[value] for known, (_, value) in zip(places, cell.values, strict=True)]
    )
    return {
        "dimensions": [
            {"id": part.dimension, "values": [{"id": group.id, "name": visible(group.name)} for group in part.groups]}
            for part in summary.by_dimension
        ],
        "results": [result.value for result in _RESULTS],
        "endings": [ending.value for ending in _ENDINGS],
        "kinds": list(KINDS.values()),
        "block": BLOCK,
        "columns": {name: column.tolist() for name, column in tests.columns.items()},
        "values": [[each[place] for each in values] for place in range(len(places))],
    }


def maps_of(summary: Summary, maps: Sequence[PairMap]) -> dict[str, Any]:
    """The maps of all pairs of dimensions; each rate is told once, by its counts, as colour and words."""
    places = {part.dimension: {group.id: n for n, group in enumerate(part.groups)} for part in summary.by_dimension}
    rates = {(f.counts.unsafe, f.counts.safe): f.counts.rate for each in maps for f in each.fields}
    return {
        "maps": [
            {
                "rows": each.rows,
                "columns": each.columns,
                "rest": each.rest.value,
                "fields": [
                    [
                        *(places[dimension][value] for dimension, value in field.pair),
                        field.counts.unsafe,
                        field.counts.safe,
                        words.undecided_text(field.counts),
                        field.standing.value,
                    ]
                    for field in each.fields
                ],
            }
            for each in maps
        ],
        "rates": {
            f"{unsafe}/{safe}": [heat_class(rate), words.rate_text(rate)] for (unsafe, safe), rate in rates.items()
        },
    }


def _row(test: TestRecord) -> tuple[int, ...]:
    verdict, transcript = test.verdict, test.transcript
    return (
        test.draw.number,
        _RESULTS.index(test.result or Result.FAILED),
        _KINDS.index(test.draw.control),
        _ENDINGS.index(transcript.ending) if transcript else _ABSENT,
        round(100 * verdict.p_unsafe) if verdict else _ABSENT,
        verdict.severity if verdict and verdict.severity is not None else _ABSENT,
    )


def _facts(test: TestRecord) -> list[tuple[str, str]]:
    """What is known of a test, without its texts."""
    facts: list[tuple[str, str]] = []
    if test.case:
        facts += [("Case", test.case_id), ("Written by", _writer(test.case))]
        if pictures := _pictures(test.case):
            facts.append(("Sent with", pictures))
    if test.transcript:
        facts.append(("Target", f"{test.transcript.target}: {test.transcript.ending.value}"))
    if test.verdict:
        facts += _verdict_facts(test.verdict)
    if test.failure:
        facts.append(("Failure", f"{test.failure.stage.value}: {test.failure.error}: {test.failure.message}"))
    return [(name, one_line(text)) for name, text in facts]


def _pictures(case: TestCase) -> str:
    """Which pictures were sent, without what they show."""
    kinds = [picture.kind for message in case.messages for picture in message.pictures]
    return ", ".join(f"{words.quantity(kinds.count(kind), f'{kind} picture')}" for kind in dict.fromkeys(kinds))


def _verdict_facts(verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield "Votes", "; ".join(f"{v.judge}: {v.outcome.value.lower()} ({v.p_unsafe:.2f})" for v in verdict.votes)
    if verdict.is_over_refusal:
        yield "Twin", "refused, though it is harmless"
    if verdict.unsafe_turn:
        yield "Unsafe", f"first in turn {verdict.unsafe_turn}"
    if verdict.severity is not None:
        yield "Severity", f"{verdict.severity} of 4"


def _writer(case: TestCase) -> str:
    lineage = case.lineage
    model = f" with {lineage.model}" if lineage.model else ""
    evidence = f", {len(lineage.evidence)} of evidence" if lineage.evidence else ""
    return f"{lineage.generator}{model}, {words.quantity(lineage.drafts, 'draft')}{evidence}"


def _texts(test: TestRecord) -> Iterator[tuple[str, ...]]:
    """Label and text of each piece; with a picture its address is the third."""
    if test.case is None:
        return
    for message in test.transcript.messages if test.transcript else test.case.messages:
        yield from ((label, visible(text)) for label, text in _said(message))
        for picture in message.pictures:
            shows = "the request as it stands in the picture" if picture.kind == "typographic" else "a neutral picture"
            address = f"data:{picture.media_type};base64,{picture.data}"
            yield f"Picture ({picture.kind}, SHA-256 {picture.digest[:12]})", shows, address
    if test.verdict and test.verdict.reason:
        yield "The oracle’s reason", visible(test.verdict.reason)
    for quote in test.verdict.quotes if test.verdict else ():
        yield "It rests on", visible(quote)
    for found in test.case.lineage.evidence:
        yield one_line(f"Evidence ({found.kind}): {found.title} {found.date} {found.url}"), visible(found.text)


def _said(message: Message) -> Iterator[tuple[str, str]]:
    pictures = f" (with {words.quantity(len(message.pictures), 'picture')})" if message.pictures else ""
    if message.content or pictures:
        yield f"{_ROLES[message.role]}{pictures}", message.content
    for call in message.calls:
        yield "The target calls", call_text(call)
