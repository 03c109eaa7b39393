"""One self-contained page: opens offline, fetches nothing, runs no script but its own."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from astral.assets import read_template, template_pieces
from astral.domain.price import money
from astral.domain.run import TestRecord
from astral.report import words
from astral.report.charts import charts_of, funnel_steps, pair_chart, rate_charts
from astral.report.page_data import PageTests, maps_of, packed, table_of
from astral.report.pair_maps import pair_maps, worst_pairs
from astral.report.plot import CHART_SCRIPTS, chart_policy, packed_plot
from astral.report.summary import Summary
from astral.report.text import one_line, to_json, visible_pieces

if TYPE_CHECKING:
    from astral.report.explain import Explanation

_SCRIPTS = (
    *CHART_SCRIPTS,
    "result_bar.js",
    "rate_chart.js",
    "heat_map.js",
    "test_list.js",
    "test_dialog.js",
    "report.js",
)
"""One after the other they are the page's script."""


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
    return "".join(page_pieces(summary, gathered, explanation=explanation, home=home))


def page_pieces(
    summary: Summary, tests: PageTests, *, explanation: "Explanation | None" = None, home: str = ""
) -> Iterator[str]:
    """The same piece by piece, of tests that were gathered already; arguments as those of `render_html`."""
    maps = pair_maps(summary, tests.ends)
    rates, worst = rate_charts(summary), pair_chart(summary, worst_pairs(maps))
    page = template_pieces(
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
        rates=rates,
        worst_pairs=worst,
        funnel_steps=funnel_steps(summary),
        names=summary.value_names,
        has_maps=bool(maps),
        table=packed(table_of(summary, tests)),
        maps=packed(maps_of(summary, maps)),
        charts=packed(charts_of(summary, [*rates, *([worst] if worst else [])])),
        plot=packed_plot(),
        details=tests.details,
        finished=len(tests.ends),
        reveal=tests.is_revealing,
    )
    # Whatever came in by whatever way: no bidi control, escape sequence or lone surrogate is left in the page.
    return visible_pieces(page)


@cache
def _style() -> str:
    return read_template("astral.report", "palette.css") + read_template("astral.report", "report.css")


@cache
def _script() -> str:
    return '"use strict";\n' + "\n".join(read_template("astral.report", name) for name in _SCRIPTS)


@cache
def _content_policy() -> str:
    """Allow these styles and scripts by their hashes, and forbid everything else, whatever it comes from."""
    return (
        f"default-src 'none'; {chart_policy(_script(), _style())};"
        # Pictures of test cases stand in the page itself.
        " img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
