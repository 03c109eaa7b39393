"""The page of all runs. Like the report it is one HTML file that fetches nothing; it needs no script."""

from collections.abc import Sequence
from functools import cache

from astral.assets import read_template, render_template, source_hash
from astral.domain.price import money
from astral.report import visible, words
from astral.view.charts import HEIGHT, WIDTH, charts_of
from astral.view.nights import Night, trends_of


def render_runs(nights: Sequence[Night], *, base: str, place: str) -> str:
    """The page of all runs.

    Args:
        nights: Newest first.
        base: What the addresses of the runs' pages begin with.
        place: Where the runs are kept, to be shown.
    """
    page = render_template(
        "astral.view",
        "view.html.j2",
        html=True,
        style=_style(),
        nights=nights,
        trends=[(trend, charts_of(trend)) for trend in trends_of(nights)],
        words=words,
        money=money,
        width=WIDTH,
        height=HEIGHT,
        base=base,
        place=place,
    )
    return visible(page)


@cache
def content_policy() -> str:
    """What the page may do: have its own style."""
    return (
        f"default-src 'none'; style-src '{source_hash(_style())}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


@cache
def _style() -> str:
    return read_template("astral.report", "palette.css") + read_template("astral.view", "view.css")
