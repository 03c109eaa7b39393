"""What all nouns share: they are frozen, reject unknown fields, and can be named by their content."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_jsonable_python


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
