"""What all nouns share: they are frozen, reject unknown fields, and can be named by their content."""

import hashlib
import json
import re
from typing import Annotated, Any, Self

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python


def _without_surrogates(text: str) -> str:
    """Replace half characters, such as U+D800 in a model's JSON: no file and no hash could hold them."""
    return text.encode("utf-8", errors="replace").decode()


Text = Annotated[str, AfterValidator(_without_surrogates)]
"""Text that comes from outside; it can always be written as UTF-8."""


class Noun(BaseModel):
    """A frozen value; equal content means equal objects."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    def __copy__(self) -> Self:
        """A copy without what a `cached_property` remembers: with an `update` it is another noun."""
        copied = super().__copy__()
        held = vars(copied)
        for name in held.keys() - type(self).model_fields.keys():
            del held[name]
        return copied


def content_id(*parts: Any) -> str:
    """Name a value by its content: the first 20 hex digits of the SHA-256 of its canonical JSON.

    Args:
        parts: Nouns, and whatever else pydantic can turn into JSON.

    Returns:
        80 bits in hexadecimal, so that the chance of a collision among 10^8 values stays below 10^-8.
    """
    return hashlib.sha256(_canonical(parts)).hexdigest()[:20]


_EXPONENT = re.compile(rb"[0-9]e[-+][0-9]")
_HALVED = "\ufffd".encode()
_NO_NUMBER = bytes(set(range(256)) - set(b"0123456789e+-."))


def may_be_odd(written: bytes) -> bool:
    """Whether JSON may hold what Python's own `json` writes in another way: 1e-07 for 1e-7, or half characters in keys.

    What is hashed or compared has to be the same text in every release.
    """
    # Nearly all of it is words, without which the rest is looked through in a third of the time.
    numbers = written.translate(None, _NO_NUMBER)
    if _EXPONENT.search(numbers) and _EXPONENT.search(written):
        return True
    return b"0.0000" in numbers or (not written.isascii() and _HALVED in written)


def _canonical(parts: Any) -> bytes:
    """JSON with sorted keys and without blanks, as Python's own `json` writes it."""
    try:
        if all(type(part) is int for part in parts):  # seeds, of which a test has a dozen
            return orjson.dumps(parts)
        quick = orjson.dumps(orjson.loads(to_json(parts, inf_nan_mode="constants")), option=orjson.OPT_SORT_KEYS)
        if not may_be_odd(quick):
            return quick
    except (PydanticSerializationError, orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass
    # Python alone knows NaN, half characters, and integers of any size.
    plain = to_jsonable_python(parts)
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
