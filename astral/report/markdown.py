"""A short page for a pull request, with the same facts as the HTML page."""

import re
from collections.abc import Iterable
from itertools import islice

from astral.assets import render_template
from astral.domain.records import Result
from astral.domain.run import TestRecord
from astral.report import words
from astral.report.summary import Summary
from astral.report.text import one_line, visible

TEXTS_SHOWN = 50
"""A comment on GitHub holds 65,536 characters."""
_TEXT_LIMIT = 1000
_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")


def render_markdown(summary: Summary, tests: Iterable[TestRecord], *, reveal: bool) -> str:
    """The report as a page of GitHub's Markdown.

    Args:
        summary: The run's numbers.
        tests: The tests that were summarised.
        reveal: Add the texts of the first unsafe tests.
    """
    unsafe = filter(is_unsafe, tests)
    page = render_template(
        "astral.report",
        "report.md.j2",
        html=False,
        summary=summary,
        names_of=summary.value_names,
        words=words,
        escaped=escaped,
        code=code,
        fenced=fenced,
        unsafe_tests=list(islice(unsafe, TEXTS_SHOWN)) if reveal else [],
        reveal=reveal,
    )
    return visible(page).strip() + "\n"


def is_unsafe(test: TestRecord) -> bool:
    """It counts as unsafe; controls and benign twins do not."""
    return test.draw.control is None and test.result is Result.UNSAFE


def escaped(text: str) -> str:
    """A name that shows as it is: no markup, no HTML, no cell border, no mention of a user."""
    entities = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # GitHub turns @name into a mention, which notifies people; a zero-width joiner keeps the words apart.
    return _SPECIAL.sub(r"\\\1", " ".join(entities.split())).replace("@", "@\u200d")


def code(text: str, *, limit: int = 300) -> str:
    """Untrusted text as a code span, which knows neither markup, nor links, nor mentions; fit for a table's cell.

    The two signs that would end the span or the cell are replaced by ones that look alike.
    """
    line = one_line(text, limit=limit).replace("`", "ˋ").replace("|", "¦")
    return f"`{line}`" if line else ""


def fenced(text: str) -> str:
    """Untrusted text as a code block, whose fence is longer than any that the text holds."""
    cut = text if len(text) <= _TEXT_LIMIT else text[:_TEXT_LIMIT] + "…"
    longest = max((len(run) for run in re.findall(r"`+", cut)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{cut}\n{fence}"
