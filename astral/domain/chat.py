"""Talk with a model, whoever sells it."""

import json
from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field, JsonValue
from pydantic_core import to_jsonable_python

from astral.domain.base import Noun, Text
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

    @property
    def tokens_at_most(self) -> int:
        """Upper bound of what one sending can cost.

        A token is at least one byte of UTF-8; 16 tokens a message and 64 a request are for what chat templates add,
        such as the system prompt of 30 tokens that SmolLM2's own template puts before a talk without one.
        """
        schema = json.dumps(to_jsonable_python(self.json_schema)) if self.json_schema is not None else ""
        texts = [message.content for message in self.messages]
        size = sum(len(text.encode(errors="replace")) for text in [*texts, schema])
        return size + 16 * len(texts) + 64 + self.max_tokens


class ChatReply(Noun):
    """A model's answer."""

    text: Text
    ending: Ending
    model: str
    """The model as the provider reports it, with its version where it states one."""
    usage: Usage = Usage()
