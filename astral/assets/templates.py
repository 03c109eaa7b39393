"""Templates of pages, which lie beside the code that fills them in."""

from functools import cache
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
    return _environment(package, html).get_template(name).render(**context)


@cache
def _environment(package: str, html: bool) -> Environment:
    return Environment(
        loader=PackageLoader(package),
        autoescape=html,  # noqa: S701 - Markdown is not HTML: its own templates escape what they must
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
