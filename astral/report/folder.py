"""All files of a report, side by side in the folder of a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from astral.domain.run import TestRecord
from astral.files import write_private
from astral.report.cases import write_cases
from astral.report.html import render_html
from astral.report.markdown import render_markdown
from astral.report.summary import Summary
from astral.report.text import to_json

if TYPE_CHECKING:
    from astral.report.explain import Explanation

SUMMARY_FILE = "summary.json"


def write_report(
    folder: Path,
    summary: Summary,
    tests: Sequence[TestRecord],
    *,
    reveal: bool,
    explanation: "Explanation | None" = None,
) -> list[Path]:
    """Write `report.html`, `report.md`, `summary.json` and `cases.jsonl`, each as a whole and private to its owner.

    Args:
        folder: An existing folder.
        summary: The run's numbers.
        tests: The tests that were summarised.
        reveal: Put the texts of cases and answers into the two pages.
        explanation: What drives the unsafe answers, for the HTML page.

    Returns:
        The paths, the HTML page first.

    Raises:
        RecordError: The folder cannot be written.
    """
    return [
        write_private(folder / "report.html", [render_html(summary, tests, reveal=reveal, explanation=explanation)]),
        write_private(folder / "report.md", [render_markdown(summary, tests, reveal=reveal)]),
        write_private(folder / SUMMARY_FILE, [to_json(summary), "\n"]),
        write_cases(folder / "cases.jsonl", tests),
    ]
