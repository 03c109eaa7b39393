"""One report in the forms that other programs read."""

from collections.abc import Sequence
from typing import Literal

from astral.domain.run import Manifest, TestRecord
from astral.report.junit import render_junit
from astral.report.markdown import render_markdown
from astral.report.sarif import render_sarif
from astral.report.summary import Summary
from astral.report.text import to_json

Form = Literal["md", "json", "junit", "sarif"]
"""What a report can be written as, beside its page: Markdown, JSON, JUnit XML, SARIF."""


def render(form: Form, manifest: Manifest, summary: Summary, tests: Sequence[TestRecord], *, reveal: bool) -> str:
    """The report of a run in a form.

    Args:
        form: Which one.
        manifest: The run's manifest.
        summary: The run's numbers.
        tests: The tests that were summarised.
        reveal: Add the texts of cases and answers; JSON holds none either way.
    """
    match form:
        case "md":
            return render_markdown(summary, tests, reveal=reveal)
        case "json":
            return to_json(summary) + "\n"
        case "junit":
            return render_junit(manifest, tests, reveal=reveal)
        case "sarif":
            return render_sarif(manifest, summary, tests, reveal=reveal)
