"""Cases as JSON Lines, for whatever reads them next."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from astral.domain.run import TestRecord
from astral.files import write_private
from astral.report.text import to_json


def write_cases(path: Path, tests: Iterable[TestRecord]) -> Path:
    """Write one line of JSON for each finished test, readable by its owner alone.

    The file holds the texts of the cases and the judge's reasons: it is data, meant for programs. Answers of the target
    stay in the record.

    Raises:
        RecordError: The file cannot be written.
    """
    return write_private(path, _lines(tests))


def _lines(tests: Iterable[TestRecord]) -> Iterator[str]:
    for test in tests:
        if test.is_finished:
            yield to_json(_row(test), indent=None) + "\n"


def _row(test: TestRecord) -> dict[str, Any]:
    case, verdict = test.case, test.verdict
    return {
        "id": case.id if case else None,
        "number": test.draw.number,
        "control": test.draw.control,
        "cell": test.draw.cell,
        "messages": case.messages if case else [],
        "lineage": case.lineage if case else None,
        **({"course": case.course} if case and case.course else {}),
        **({"scene": case.scene} if case and case.scene else {}),
        "result": test.result,
        "p_unsafe": verdict.p_unsafe if verdict else None,
        **({"unsafe_turn": verdict.unsafe_turn} if verdict and verdict.unsafe_turn else {}),
        "reason": verdict.reason if verdict else _why_not_judged(test),
    }


def _why_not_judged(test: TestRecord) -> str:
    if test.failure is None:
        return ""
    return f"{test.failure.stage}: {test.failure.error}: {test.failure.message}"
