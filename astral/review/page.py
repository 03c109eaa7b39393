"""The page that a reviewer's browser shows. It holds no text of a case: those are asked for one by one."""

from functools import cache

from astral.assets import read_template, render_template, source_hash
from astral.report import visible


def render_page(run_id: str, oracle: str) -> str:
    """The page for a run and its reviewer, as one HTML document.

    Args:
        run_id: The run.
        oracle: The name under which the labels are recorded.
    """
    page = render_template(
        "astral.review",
        "review.html.j2",
        html=True,
        run_id=run_id,
        reviewer=oracle.partition(":")[2],
        style=_style(),
        script=_script(),
    )
    return visible(page)


@cache
def content_policy() -> str:
    """What the page may do: run its own script and style, known by their hashes, and ask its own server."""
    return (
        f"default-src 'none'; style-src '{source_hash(_style())}'; script-src '{source_hash(_script())}'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _style() -> str:
    return read_template("astral.report", "palette.css") + read_template("astral.review", "review.css")


def _script() -> str:
    return read_template("astral.review", "review.js")
