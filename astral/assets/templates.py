"""Templates of pages, which lie beside the code that fills them in."""

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render_template(package: str, name: str, *, html: bool, **context: Any) -> str:
    """Fill in the template `name` of the folder `templates` of a package.

    Args:
        package: Import name of the package, such as `astral.report`.
        name: File name of the template.
        html: Escape everything that is put in; off only for what is no HTML.
        context: The template's variables; one that is missing is an error.
    """
    return "".join(template_pieces(package, name, html=html, **context))


def template_pieces(package: str, name: str, *, html: bool, **context: Any) -> Iterator[str]:
    """The same piece by piece, so that a large page need not be in memory as a whole."""
    return _environment(package, html).get_template(name).generate(**context)


@cache
def read_template(package: str, name: str) -> str:
    """The text of a file beside the templates of a package, such as a style sheet, as it is."""
    return files(package).joinpath("templates", name).read_text(encoding="utf-8")


def source_hash(text: str) -> str:
    """The name by which a Content-Security-Policy allows a script or a style that stands in the page itself."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _environment(package: str, html: bool) -> Environment:
    return Environment(
        loader=PackageLoader(package),
        autoescape=html,  # noqa: S701 - Markdown is not HTML: its own templates escape what they must
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
