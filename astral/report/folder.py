"""All files of a report, side by side in the folder of a run."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from astral.domain.run import TestRecord
from astral.files import write_private
from astral.report.cases import write_cases
from astral.report.html import render_page
from astral.report.markdown import render_markdown
from astral.report.page_data import PageTests
from astral.report.summary import Summary
from astral.report.text import to_json

if TYPE_CHECKING:
    from astral.report.explain import Explanation

SUMMARY_FILE = "summary.json"


def write_report(
    folder: Path,
    summary: Summary,
    tests: Iterable[TestRecord],
    *,
    reveal: bool,
    explanation: "Explanation | None" = None,
) -> list[Path]:
    """Write `report.html`, `report.md`, `summary.json` and `cases.jsonl`, each as a whole and private to its owner.

    Args:
        folder: An existing folder.
        summary: The run's numbers.
        tests: The tests that were summarised; read once, and with `reveal` until the first unsafe ones are found.
        reveal: Put the texts of cases and answers into the two pages.
        explanation: What drives the unsafe answers, for the HTML page.

    Returns:
        The paths, the HTML page first.

    Raises:
        RecordError: The folder cannot be written.
    """
    gathered = PageTests(reveal=reveal)
    cases = write_cases(folder / "cases.jsonl", gathered.noting(tests))
    return [
        write_private(folder / "report.html", [render_page(summary, gathered, explanation=explanation)]),
        write_private(folder / "report.md", [render_markdown(summary, tests, reveal=reveal)]),
        write_private(folder / SUMMARY_FILE, [to_json(summary), "\n"]),
        cases,
    ]
