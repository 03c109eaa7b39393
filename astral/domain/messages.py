"""What is said in a talk: texts, pictures, and calls of tools with their results."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, JsonValue

from astral.domain.base import Noun, Text


def later(default: Any) -> Any:
    """A field that came after the first records were written.

    While it has its default it is left out of a noun's JSON, so that ids and journalled calls of earlier records stay
    as they were.
    """
    return Field(default=default, exclude_if=lambda value: value == default)


class Tool(Noun):
    """Something that a target can call, described as its vendor wants it."""

    name: str = Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]{0,63}$")
    description: str
    parameters: Mapping[str, JsonValue] = Field(default={"type": "object", "properties": {}})
    """JSON schema of the arguments, an object."""


class ToolCall(Noun):
    """A target's wish to have a tool called."""

    id: str = ""
    """By which the result names its call; the provider's own."""
    name: Text
    arguments: Mapping[str, JsonValue] = {}
    malformed: Text = ""
    """The arguments as they came, where they are no JSON object."""


class Picture(Noun):
    """A picture in a message."""

    data: str = Field(pattern=r"^[A-Za-z0-9+/]+=*$")
    """The file in Base64."""
    media_type: Literal["image/png", "image/jpeg"] = "image/png"
    kind: Literal["typographic", "neutral"] = "neutral"
    """typographic: it shows the request's words; neutral: nothing that has to do with it."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(base64.b64decode(self.data)).hexdigest()


class Message(Noun):
    """One turn of a talk, or what one call of a tool gave."""

    role: Literal["system", "user", "assistant", "tool"]
    content: Text
    calls: tuple[ToolCall, ...] = later(())
    """What an assistant wants to have called."""
    call_id: str = later("")
    """The call whose result a message of role `tool` holds."""
    pictures: tuple[Picture, ...] = later(())
    """Shown with the text of a user's message."""
