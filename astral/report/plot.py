"""Observable Plot as pages carry it: compressed, and allowed by its hash. `make plot` builds it."""

from functools import cache

from astral.assets import read_template, source_hash
from astral.report.page_data import packed

CHART_SCRIPTS = ("unpack.js", "charts.js")
"""What the script of a page with charts begins with; the library is looked for in the element `data-plot`."""

PLOT_STYLE = """:where(.plot) {
  --plot-background: white;
  display: block;
  height: auto;
  height: intrinsic;
  max-width: 100%;
}
:where(.plot text),
:where(.plot tspan) {
  white-space: pre;
}"""
"""The style sheet that the library puts into each chart."""


@cache
def packed_plot() -> str:
    """The library, compressed: half of what it would be as a script that stands in the page."""
    return packed(_library())


def chart_policy(script: str, style: str) -> str:
    """The part of a Content-Security-Policy by which a page runs its own script and the library, in both their styles.

    Args:
        script: The page's own.
        style: The page's own.
    """
    styles = f"'{source_hash(style)}' '{source_hash(PLOT_STYLE)}'"
    return f"style-src {styles}; script-src '{source_hash(script)}' '{source_hash(_library())}'"


@cache
def _library() -> str:
    return read_template("astral.report", "plot.min.js")
