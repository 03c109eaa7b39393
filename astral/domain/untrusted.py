"""Text that comes from models and web pages: how it is put into a prompt as data, and how data is taken out of it."""

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

_FENCE = "```"
_JOINED_SCRIPTS = (
    "Arabic", "Syriac", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada",
    "Malayalam", "Sinhala", "Khmer", "Mongolian",
)  # fmt: skip
"""Scripts whose spelling needs the two invisible joiners."""


def boundary_around(texts: Iterable[str]) -> str:
    """A line that none of the texts can hold: it is derived from all of them, so that none can foresee it."""
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    return f"=====data-{digest[:24]}====="


def without_code_fence(answer: str) -> str:
    """The answer without the one code fence that some models put around JSON."""
    first, *rest = answer.strip().splitlines() or [""]
    is_fenced = len(rest) > 1 and first.startswith(_FENCE) and rest[-1].strip() == _FENCE
    return "\n".join(rest[:-1]) if is_fenced else answer.strip()


def without_invisible(text: str) -> str:
    """The text without characters that a person does not see but a model reads, and without control characters.

    Those are zero-width characters, bidi controls, Unicode tags ("ASCII smuggling"), variation selectors, fillers,
    private-use characters and lone surrogates. The two joiners stay between letters of scripts that are spelled with
    them. Line feeds and tabs stay; other line separators become line feeds.
    """
    return _invisible().sub("", text.replace("\r\n", "\n").replace("\u2028", "\n").replace("\u2029", "\n"))


@cache
def _invisible() -> "regex.Pattern[str]":
    import regex

    scripts = "".join(rf"\p{{{script}}}" for script in _JOINED_SCRIPTS)
    unseen = (
        r"\p{Cf}\p{Cs}\p{Co}\p{Cn}\ufe00-\ufe0f\U000e0100-\U000e01ef\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800"
    )
    # A joiner counts as spelling only beside letters on both sides: more of them in a row carry a message.
    joiner = rf"(?<=[{scripts}\p{{M}}])[\u200c\u200d](?=[{scripts}])"
    return regex.compile(rf"{joiner}(*SKIP)(*FAIL)|[{unseen}]|[\p{{Cc}}--[\n\t]]", regex.V1)
