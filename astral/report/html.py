"""One self-contained page: opens offline, fetches nothing, runs no script but its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from astral.assets import read_template, render_template, source_hash
from astral.domain.records import Result
from astral.domain.run import TestRecord
from astral.domain.scene import call_text
from astral.report import words
from astral.report.heat_map import heat_class, heat_maps
from astral.report.statistics import Rate, UnbiasedRate
from astral.report.summary import Group, Summary
from astral.report.text import one_line, to_json, visible

TESTS_LISTED = 2000
"""More rows make a page slow to open; all of them are in `cases.jsonl`."""
_RESULT_ORDER = {result: position for position, result in enumerate(Result)}


def render_html(summary: Summary, tests: Sequence[TestRecord], *, reveal: bool) -> str:
    """The report as one HTML page.

    Args:
        summary: The run's numbers.
        tests: The tests that were summarised.
        reveal: Put the texts of cases and answers into the page, folded away until the reader asks for them.
    """
    style = read_template("astral.report", "palette.css") + read_template("astral.report", "report.css")
    script = read_template("astral.report", "report.js")
    page = render_template(
        "astral.report",
        "report.html.j2",
        html=True,
        style=style,
        script=script,
        content_policy=_content_policy(style, script),
        summary=summary,
        words=words,
        one_line=one_line,
        call_text=call_text,
        to_json=to_json,
        segments=_segments({result.value: getattr(summary.counts, result.value) for result in Result}),
        coverage_segments=_segments(_coverage_parts(summary)),
        breakdowns=[
            (part.dimension, sorted(rated, key=lambda group_and_rate: _badness(*group_and_rate)))
            for part in summary.by_dimension
            if (rated := [(group, summary.told_rate_of(part.dimension, group)) for group in part.groups])
        ],
        resources=[(group, group.rate) for group in summary.by_resource_level],
        heat_maps=heat_maps(summary.by_dimension, tests),
        heat_class=heat_class,
        names=summary.value_names,
        tests=_listed(tests),
        finished=sum(test.is_finished for test in tests),
        reveal=reveal,
    )
    # Whatever came in by whatever way: no bidi control, escape sequence or lone surrogate is left in the page.
    return visible(page)


def _content_policy(style: str, script: str) -> str:
    """Allow this style and this script by their hashes, and forbid everything else, whatever it comes from."""
    return (
        f"default-src 'none'; style-src '{source_hash(style)}'; script-src '{source_hash(script)}';"
        " base-uri 'none'; form-action 'none'"
    )


def _coverage_parts(summary: Summary) -> dict[str, int]:
    coverage = summary.coverage
    return {
        "decided": coverage.decided,
        "undecided": coverage.covered - coverage.decided,
        "given-up": coverage.given_up,
        "open": coverage.open,
    }


def _segments(parts: Mapping[str, int]) -> list[tuple[str, float, float]]:
    """Name, start and width of the parts of a bar that is 1000 long; parts of nothing are left out."""
    total = sum(parts.values())
    segments: list[tuple[str, float, float]] = []
    start = 0.0
    for name, number in parts.items():
        if number:
            width = 1000 * number / total
            segments.append((name, round(start, 2), round(width, 2)))
            start += width
    return segments


def _badness(group: Group, rate: Rate | UnbiasedRate) -> tuple[bool, float, float, int]:
    """Worst first by the lower bound, so that one unlucky answer does not lead the table; undecided ones last."""
    return rate.fraction is None, -rate.low, -(rate.fraction or 0.0), -group.rate.decided


def _listed(tests: Sequence[TestRecord]) -> list[TestRecord]:
    """The finished tests, unsafe ones first and the surest of them before the others."""

    def order(test: TestRecord) -> tuple[Any, ...]:
        p_unsafe = test.verdict.p_unsafe if test.verdict else 0.0
        return test.draw.control is not None, _RESULT_ORDER[test.result or Result.FAILED], -p_unsafe, test.draw.number

    return sorted((test for test in tests if test.is_finished), key=order)[:TESTS_LISTED]
