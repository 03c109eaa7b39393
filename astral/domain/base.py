"""What all nouns share: they are frozen, reject unknown fields, and can be named by their content."""

import hashlib
import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import to_jsonable_python


def _without_surrogates(text: str) -> str:
    """Replace half characters, such as U+D800 in a model's JSON: no file and no hash could hold them."""
    return text.encode("utf-8", errors="replace").decode()


Text = Annotated[str, AfterValidator(_without_surrogates)]
"""Text that comes from outside; it can always be written as UTF-8."""


class Noun(BaseModel):
    """A frozen value; equal content means equal objects."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def content_id(*parts: Any) -> str:
    """Name a value by its content: the first 20 hex digits of the SHA-256 of its canonical JSON.

    Args:
        parts: Nouns, and whatever else pydantic can turn into JSON.

    Returns:
        80 bits in hexadecimal, so that the chance of a collision among 10^8 values stays below 10^-8.
    """
    canonical = json.dumps(to_jsonable_python(parts), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:20]
