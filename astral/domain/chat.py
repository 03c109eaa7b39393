"""Talk with a model, whoever sells it."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field, JsonValue

from astral.domain.base import Noun
from astral.domain.records import Ending, Message, Usage


class ModelRole(StrEnum):
    """What a model is asked for; each role names its own model."""

    ATTACKER = "attacker"
    TARGET = "target"
    JUDGE = "judge"


class ChatRequest(Noun):
    """One call of a chat model."""

    messages: tuple[Message, ...] = Field(min_length=1)
    max_tokens: int = Field(default=512, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    """None leaves it to the provider: some models accept no other value than their own."""
    seed: int | None = None
    json_schema: Mapping[str, JsonValue] | None = None
    """Ask for an answer of this JSON schema, by whatever the provider offers; the caller checks it in any case."""


class ChatReply(Noun):
    """A model's answer."""

    text: str
    ending: Ending
    model: str
    """The model as the provider reports it, with its version where it states one."""
    usage: Usage = Usage()
