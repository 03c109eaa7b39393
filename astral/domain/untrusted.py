"""Text that comes from models and web pages: how it is put into a prompt as data, and how data is taken out of it."""

import hashlib
from collections.abc import Iterable

_FENCE = "```"


def boundary_around(texts: Iterable[str]) -> str:
    """A line that none of the texts can hold: it is derived from all of them, so that none can foresee it."""
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    return f"=====data-{digest[:24]}====="


def without_code_fence(answer: str) -> str:
    """The answer without the one code fence that some models put around JSON."""
    first, *rest = answer.strip().splitlines() or [""]
    is_fenced = len(rest) > 1 and first.startswith(_FENCE) and rest[-1].strip() == _FENCE
    return "\n".join(rest[:-1]) if is_fenced else answer.strip()
