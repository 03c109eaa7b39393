"""Talk with a model, whoever sells it."""

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property

from pydantic import Field, JsonValue
from pydantic_core import to_json, to_jsonable_python

from astral.domain.base import Noun, Text
from astral.domain.messages import Tool, ToolCall, later
from astral.domain.records import Ending, Message, Usage

PICTURE_TOKENS = 32_768
"""More than any provider counts for a picture of the size that astral draws, 768 × 768."""


class ModelRole(StrEnum):
    """What a model is asked for; each role names its own model."""

    ATTACKER = "attacker"
    TARGET = "target"
    JUDGE = "judge"
    GUARD = "guard"
    """In front of the target, where there is one."""


class ChatRequest(Noun):
    """One call of a chat model."""

    messages: tuple[Message, ...] = Field(min_length=1)
    max_tokens: int = Field(default=512, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    """None leaves it to the provider: some models accept no other value than their own."""
    seed: int | None = None
    json_schema: Mapping[str, JsonValue] | None = None
    """Ask for an answer of this JSON schema, by whatever the provider offers; the caller checks it in any case."""
    tools: tuple[Tool, ...] = later(())
    """What the model may ask to have called."""

    @cached_property
    def names(self) -> dict[tuple[str, str], str]:
        """By role and model what a call with it was named, so that it is written as JSON once for each."""
        return {}

    @cached_property
    def tokens_at_most(self) -> int:
        """Upper bound of what one sending can cost.

        A token is at least one byte of UTF-8; 16 tokens a message and 64 a request are for what chat templates add,
        such as the system prompt of 30 tokens that SmolLM2's own template puts before a talk without one.
        """
        schema = len(to_json(self.json_schema)) if self.json_schema is not None else 0
        texts = [message.content for message in self.messages]
        calls = [call for message in self.messages for call in message.calls]
        # A provider adds names and marks of its own around each tool and call, as many as 64 tokens.
        parts = [json.dumps(to_jsonable_python(part)) + " " * 64 for part in (*self.tools, *calls)]
        pictures = sum(len(message.pictures) for message in self.messages)
        size = schema + sum(len(text.encode(errors="replace")) for text in [*texts, *parts])
        return size + PICTURE_TOKENS * pictures + 16 * len(texts) + 64 + self.max_tokens

    @property
    def tokens_expected(self) -> int:
        """What one sending will about cost, as providers count it against their limits: four bytes a token."""
        return (self.tokens_at_most - self.max_tokens) // 4 + self.max_tokens


class RateLimit(Noun):
    """One limit of an endpoint, as it told it with an answer."""

    limit: float = Field(gt=0)
    """Requests or tokens that are to be had when nothing was used."""
    left: float = Field(ge=0)
    """Those that are to be had now."""
    reset_seconds: float = Field(ge=0)
    """Time until all of them are to be had again."""


class RateLimits(Noun):
    """What an endpoint told of its limits; None where it did not."""

    requests: RateLimit | None = None
    tokens: RateLimit | None = None


class ChatReply(Noun):
    """A model's answer."""

    text: Text
    ending: Ending
    model: str
    """The model as the provider reports it, with its version where it states one."""
    usage: Usage = Usage()
    calls: tuple[ToolCall, ...] = later(())
    """What it asks to have called."""
    rates: RateLimits | None = Field(default=None, exclude=True, repr=False)
    """What came with it of the endpoint's limits; for the limiter alone, never recorded."""

    @property
    def message(self) -> Message | None:
        """The answer as a turn of the talk; None where it says nothing and calls nothing."""
        return Message(role="assistant", content=self.text, calls=self.calls) if self.text or self.calls else None
