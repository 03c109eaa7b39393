"""All files of a report, side by side in the folder of a run."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from astral.domain.run import TestRecord
from astral.files import write_private
from astral.report.cases import writing_cases
from astral.report.html import page_pieces
from astral.report.markdown import TEXTS_SHOWN, is_unsafe, render_markdown
from astral.report.page_data import PageTests
from astral.report.summary import Summary
from astral.report.text import to_json

if TYPE_CHECKING:
    from astral.report.explain import Explanation

SUMMARY_FILE = "summary.json"


class ReportFolder:
    """`report.html`, `report.md`, `summary.json` and `cases.jsonl`, each written as a whole and private to its owner.

    They are made of one pass over the tests, the same one in which these are summarised.
    """

    def __init__(self, folder: Path, *, reveal: bool) -> None:
        """Begin with no test.

        Args:
            folder: An existing folder.
            reveal: Put the texts of cases and answers into the two pages.
        """
        self._folder = folder
        self._cases = folder / "cases.jsonl"
        self._page_tests = PageTests(reveal=reveal)
        self._unsafe_tests: list[TestRecord] = []

    def noting(self, tests: Iterable[TestRecord]) -> Iterator[TestRecord]:
        """The same tests, of each of which the files' part is kept as it passes; `cases.jsonl` is there after the last.

        Raises:
            RecordError: The folder cannot be written.
        """
        for test in writing_cases(self._cases, self._page_tests.noting(tests)):
            if self._page_tests.is_revealing and len(self._unsafe_tests) < TEXTS_SHOWN and is_unsafe(test):
                self._unsafe_tests.append(test)
            yield test

    def write(self, summary: Summary, *, explanation: "Explanation | None" = None) -> list[Path]:
        """Write the other files, once all tests have passed.

        Args:
            summary: The run's numbers.
            explanation: What drives the unsafe answers, for the HTML page.

        Returns:
            The paths of all four, the HTML page first.

        Raises:
            RecordError: The folder cannot be written.
        """
        reveal = self._page_tests.is_revealing
        page = page_pieces(summary, self._page_tests, explanation=explanation)
        return [
            write_private(self._folder / "report.html", page),
            write_private(self._folder / "report.md", [render_markdown(summary, self._unsafe_tests, reveal=reveal)]),
            write_private(self._folder / SUMMARY_FILE, [to_json(summary), "\n"]),
            self._cases,
        ]
