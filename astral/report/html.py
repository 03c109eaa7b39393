"""One self-contained page: opens offline, fetches nothing, runs no script but its own."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from astral.assets import read_template, render_template, source_hash
from astral.domain.price import money
from astral.domain.records import Result
from astral.domain.run import TestRecord
from astral.report import words
from astral.report.page_data import PageTests, maps_of, packed, table_of
from astral.report.pair_maps import pair_maps, worst_pairs
from astral.report.statistics import Rate, UnbiasedRate
from astral.report.summary import Group, Summary
from astral.report.text import one_line, to_json, visible

if TYPE_CHECKING:
    from astral.report.explain import Explanation

_SCRIPTS = ("unpack.js", "heat_map.js", "test_list.js", "test_dialog.js", "report.js")
"""One after the other they are the page's script."""

Segment = tuple[str, float, float]
"""Name, start and width of a part of a bar that is 1000 long."""


def render_html(
    summary: Summary,
    tests: Iterable[TestRecord],
    *,
    reveal: bool,
    explanation: "Explanation | None" = None,
    home: str = "",
) -> str:
    """The report as one HTML page.

    Args:
        summary: The run's numbers.
        tests: The tests that were summarised; read once.
        reveal: Put the texts of cases and answers into the page, hidden until the reader asks for them.
        explanation: What drives the unsafe answers; None where nothing was decided.
        home: Address of the page of all runs, where there is one.
    """
    gathered = PageTests(reveal=reveal)
    for _ in gathered.noting(tests):
        pass
    return render_page(summary, gathered, explanation=explanation, home=home)


def render_page(summary: Summary, tests: PageTests, *, explanation: "Explanation | None" = None, home: str = "") -> str:
    """The same of tests that were gathered already; arguments as those of `render_html`."""
    maps = pair_maps(summary, tests.ends)
    page = render_template(
        "astral.report",
        "report.html.j2",
        html=True,
        style=_style(),
        script=_script(),
        content_policy=_content_policy(),
        summary=summary,
        explanation=explanation,
        home=home,
        words=words,
        money=money,
        one_line=one_line,
        to_json=to_json,
        segments=_segments({result.value: getattr(summary.counts, result.value) for result in Result}),
        coverage_segments=_segments(_coverage_parts(summary)),
        funnel_segments=_funnel_segments(summary),
        breakdowns=[
            (part.dimension, sorted(rated, key=lambda group_and_rate: _badness(*group_and_rate)))
            for part in summary.by_dimension
            if (rated := [(group, summary.told_rate_of(part.dimension, group)) for group in part.groups])
        ],
        resources=[(group, group.rate) for group in summary.by_resource_level],
        worst_pairs=worst_pairs(maps),
        names=summary.value_names,
        has_maps=bool(maps),
        table=packed(table_of(summary, tests)),
        maps=packed(maps_of(summary, maps)),
        details=tests.details,
        finished=len(tests.rows),
        reveal=tests.is_revealing,
    )
    # Whatever came in by whatever way: no bidi control, escape sequence or lone surrogate is left in the page.
    return visible(page)


@cache
def _style() -> str:
    return read_template("astral.report", "palette.css") + read_template("astral.report", "report.css")


@cache
def _script() -> str:
    return '"use strict";\n' + "\n".join(read_template("astral.report", name) for name in _SCRIPTS)


@cache
def _content_policy() -> str:
    """Allow this style and this script by their hashes, and forbid everything else, whatever it comes from."""
    return (
        f"default-src 'none'; style-src '{source_hash(_style())}'; script-src '{source_hash(_script())}';"
        # Pictures of test cases stand in the page itself.
        " img-src data:;"
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


def _funnel_segments(summary: Summary) -> list[tuple[str, int, list[Segment]]]:
    """Of each step its name, how many tests reached it, and what became of them; as long as they are of the plan."""
    funnel, counts = summary.funnel, summary.counts
    steps = [
        ("Planned", funnel.planned, {"decided": funnel.planned}),
        ("Generated", funnel.generated, {"decided": funnel.generated, "failed": funnel.screened_out}),
        (
            "Executed",
            funnel.executed,
            {
                "decided": funnel.answered + funnel.truncated,
                "safe": funnel.refused,
                "blocked": funnel.blocked,
                "unknown": funnel.empty,
            },
        ),
        ("Judged", funnel.judged, {"unsafe": counts.unsafe, "safe": counts.safe, "unknown": counts.unknown}),
    ]
    return [(name, reached, _segments(parts, total=funnel.planned)) for name, reached, parts in steps]


def _segments(parts: Mapping[str, int], *, total: int = 0) -> list[Segment]:
    """The parts of a bar; parts of nothing are left out.

    Args:
        parts: How much each is.
        total: What the whole bar stands for; 0 for the sum of the parts.
    """
    total = total or sum(parts.values())
    segments: list[Segment] = []
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
