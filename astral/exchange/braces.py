"""Texts that stand in templates of Jinja2 or Nunjucks, so that no brace of a request is taken for one of the template.

A request that holds `{{ … }}` would else be evaluated by the tool that reads the file: template injection.
"""

import re

_OPENING = re.compile(r"\{(?=[{%#])")
_BRACE = "{{ '{' }}"
"""A brace alone, since promptfoo takes any text with a lone `{%` for one that it must not render."""
_LAST_LINE = "{{ '\\n' }}"
"""Jinja2 drops a line feed at the end of a template."""


def literal(text: str) -> str:
    """A template that renders to this text."""
    spelled = _OPENING.sub(_BRACE, text)
    return spelled[:-1] + _LAST_LINE if spelled.endswith("\n") else spelled


def text_of(template: str) -> str:
    """The text of a template that `literal` made; other templates stay as they are."""
    text = template.removesuffix(_LAST_LINE) + ("\n" if template.endswith(_LAST_LINE) else "")
    return text.replace(_BRACE, "{")
