"""The page of all runs. Like the report it fetches nothing, and what its charts show stands in a table too."""

from collections.abc import Sequence
from functools import cache

from astral.assets import read_template, render_template
from astral.domain.price import money
from astral.report import visible, words
from astral.report.page_data import packed
from astral.report.plot import CHART_SCRIPTS, chart_policy, packed_plot
from astral.view.charts import charts_of
from astral.view.nights import Night, trends_of


def render_runs(nights: Sequence[Night], *, base: str, place: str) -> str:
    """The page of all runs.

    Args:
        nights: Newest first.
        base: What the addresses of the runs' pages begin with.
        place: Where the runs are kept, to be shown.
    """
    trends = [(trend, charts_of(trend)) for trend in trends_of(nights)]
    page = render_template(
        "astral.view",
        "view.html.j2",
        html=True,
        style=_style(),
        script=_script(),
        nights=nights,
        trends=trends,
        charts=packed(
            {
                f"trend-{row}-{column}": chart.drawn(base)
                for row, (_, charts) in enumerate(trends, 1)
                for column, chart in enumerate(charts, 1)
            }
        ),
        plot=packed_plot(),
        words=words,
        money=money,
        base=base,
        place=place,
    )
    return visible(page)


@cache
def content_policy() -> str:
    """What the page may do: draw its charts."""
    return (
        f"default-src 'none'; {chart_policy(_script(), _style())}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


@cache
def _style() -> str:
    return read_template("astral.report", "palette.css") + read_template("astral.view", "view.css")


@cache
def _script() -> str:
    shared = [read_template("astral.report", name) for name in CHART_SCRIPTS]
    return "\n".join(['"use strict";', *shared, read_template("astral.view", "trends.js")])
