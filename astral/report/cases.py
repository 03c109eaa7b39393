"""Cases as JSON Lines, for whatever reads them next."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from astral.domain.run import TestRecord
from astral.files import private_file
from astral.report.text import to_json


def writing_cases(path: Path, tests: Iterable[TestRecord]) -> Iterator[TestRecord]:
    """The same tests; of each finished one a line of JSON is written as it passes. The file is there after the last.

    The file is readable by its owner alone. It holds the texts of the cases and the judge's reasons: it is data, meant
    for programs. Answers of the target stay in the record.

    Raises:
        RecordError: The file cannot be written.
    """
    with private_file(path) as file:
        for test in tests:
            if test.is_finished:
                file.write(to_json(_row(test), indent=None) + "\n")
            yield test


def _row(test: TestRecord) -> dict[str, Any]:
    case, verdict = test.case, test.verdict
    return {
        "id": test.case_id or None,
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
