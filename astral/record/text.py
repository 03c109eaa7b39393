"""Nouns as the text of a column, and back: whatever a model sent comes back as it was."""

import hashlib
import json
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

from astral.domain.base import may_be_odd
from astral.errors import RecordError

N = TypeVar("N", bound=BaseModel)


def text_of(value: Any) -> str:
    """A noun, or JSON, as text that any database holds; equal values give equal text.

    Infinities and NaN, which pydantic alone would lose as null, are kept; so are lone surrogates, which a model's
    JSON can hold and UTF-8 cannot, and the sign U+0000, which PostgreSQL refuses unless it is escaped.
    """
    try:
        quick = to_json(value, inf_nan_mode="constants")
        if not may_be_odd(quick):
            return quick.decode()
    except PydanticSerializationError:
        pass
    plain = value.model_dump() if isinstance(value, BaseModel) else value
    write = partial(json.dumps, plain, default=to_jsonable_python, separators=(",", ":"))
    text = write(ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return write(ensure_ascii=True)
    return text


def digest_of(text: str) -> str:
    """The first 20 hex digits of a text's SHA-256, as long as the domain's content ids."""
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def noun_of(model: type[N], text: str, *, where: str) -> N:
    """The noun in a column.

    Raises:
        RecordError: The text is not such a noun: the file was edited, or damaged.
    """
    with suppress(ValidationError):  # half characters are JSON to Python alone
        return model.model_validate_json(text)
    try:
        return model.model_validate(json.loads(text))
    except (ValidationError, ValueError):
        # Not chained: the error's own text quotes what is in the record.
        raise RecordError(
            f"{where}: a {model.__name__} in the record cannot be read; it was edited or damaged. "
            "`astral doctor --store` says what can be mended."
        ) from None
