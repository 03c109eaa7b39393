"""Models behind Anthropic's Messages protocol."""

import logging
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field
from pydantic_core import to_jsonable_python

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.messages import ToolCall
from astral.domain.records import Ending, Usage
from astral.errors import ProviderError, UserError
from astral.providers.anthropic_wire import anthropic_messages, anthropic_tools
from astral.providers.http_answer import Answer
from astral.providers.http_errors import status_error
from astral.providers.json_endpoint import JsonEndpoint
from astral.providers.replies import reply_of

PROTOCOL = "2026-10-21"
"""The version of the protocol, as the SDK's version 2 sends it."""

CACHED_CHARACTERS = 4000
"""Shortest system prompt that is marked for the provider's cache: about the 1,024 tokens below which it keeps none.

Source:
    https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

_log = logging.getLogger(__name__)


class AnthropicChat:
    """One model; each call is one HTTP request, never repeated here.

    Neither temperature nor seed is sent: this version of the protocol answers any temperature with HTTP 400, and there
    never was a seed. So no answer can be repeated.

    Source:
        https://github.com/anthropics/anthropic-sdk-python/blob/main/MIGRATION.md
    """

    def __init__(
        self,
        name: str,
        model: str,
        *,
        base_url: str,
        key: str,
        concurrency: int,
        timeout_seconds: float = 120.0,
        parameters: Mapping[str, Any] | None = None,
        is_streamed: bool = False,
    ) -> None:
        """Set the endpoint up.

        Args:
            name: Of the model, for records and errors.
            model: As the endpoint names it.
            base_url: Address of the API.
            key: Empty for servers that want none.
            concurrency: The most calls that are in flight at a time.
            timeout_seconds: How long an answer is waited for.
            parameters: What is sent beside.
            is_streamed: Have answers sent piece by piece.
        """
        self.name = name
        self._parameters = dict(parameters or {})
        self._model, self._key = model, key
        self._has_warned = False
        self._endpoint = JsonEndpoint(
            f"{base_url.rstrip('/')}/v1/messages",
            headers={"x-api-key": key or "none", "anthropic-version": PROTOCOL},
            concurrency=concurrency,
            timeout_seconds=timeout_seconds,
            name=name,
            key=key,
            is_streamed=is_streamed,
        )
        self._stream = {"stream": True} if is_streamed else {}

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        Raises:
            ProviderError: No answer came.
            UserError: The key or the model's name is wrong.
        """
        return self.reply(await self._endpoint.post({**self.body(request), **self._stream}))

    def reply(self, answer: Answer) -> ChatReply:
        """What an answer says.

        Raises:
            ProviderError: It is none.
            UserError: The key or the model's name is wrong.
        """
        return reply_of(answer, read_message, self.error, asked=self._model, name=self.name, key=self._key)

    def error(self, answer: Answer) -> ProviderError | UserError:
        """What an answer means that is none; see `status_error`."""
        return status_error(answer, model=self.name, key=self._key, variable="ANTHROPIC_API_KEY")

    async def close(self) -> None:
        """Give connections back."""
        await self._endpoint.close()

    def body(self, request: ChatRequest) -> dict[str, Any]:
        """What is sent for a request."""
        system = "\n\n".join(message.content for message in request.messages if message.role == "system")
        body: dict[str, Any] = {
            "model": self._model,
            "messages": anthropic_messages(request.messages),
            "max_tokens": request.max_tokens,
        }
        if system:
            body["system"] = system if len(system) < CACHED_CHARACTERS else [_cached(system)]
        if request.temperature is not None and not self._has_warned:
            self._has_warned = True
            _log.warning("%s takes no temperature; %g is not sent.", self.name, request.temperature)
        if request.tools:
            body["tools"] = anthropic_tools(request.tools)
        if request.json_schema is not None:
            schema = to_jsonable_python(request.json_schema)
            body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        return {**body, **self._parameters}


def _cached(text: str) -> dict[str, Any]:
    """A text that the provider keeps for the calls that follow, of which it begins every one."""
    return {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}


class _Block(BaseModel):
    type: str
    text: str = ""
    id: str = ""
    name: str = ""
    input: dict[str, Any] = {}


class _Usage(BaseModel):
    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    cache_creation_input_tokens: int | None = Field(default=None, ge=0)
    cache_read_input_tokens: int | None = Field(default=None, ge=0)

    @property
    def prompt_tokens(self) -> int:
        """All tokens that went in; `input_tokens` leaves the cached ones out."""
        return self.input_tokens + (self.cache_creation_input_tokens or 0) + (self.cache_read_input_tokens or 0)


class _Message(BaseModel):
    """The part of an answer that is read; strict, so that a malformed one is no empty one."""

    type: Literal["message"]
    content: list[_Block]
    stop_reason: str
    model: str | None = None
    usage: _Usage | None = None


def read_message(body: bytes, *, asked: str) -> ChatReply:
    """The reply that a Messages answer holds.

    Args:
        body: The answer as it came.
        asked: Name of the model that was asked, for an answer that names none.

    Raises:
        ValueError: The answer is not JSON, or is no message that has ended.
    """
    message = _Message.model_validate_json(body)
    text = "".join(block.text for block in message.content if block.type == "text")
    calls = tuple(
        ToolCall(id=block.id, name=block.name, arguments=block.input)
        for block in message.content
        if block.type == "tool_use"
    )
    usage = message.usage or _Usage()
    return ChatReply(
        text=text,
        calls=calls,
        ending=_ending(message.stop_reason, text, has_calls=bool(calls)),
        model=message.model or asked,
        usage=Usage(prompt_tokens=usage.prompt_tokens, completion_tokens=usage.output_tokens),
    )


def _ending(stop_reason: str, text: str, *, has_calls: bool) -> Ending:
    # `refusal` is not the model's own: "streaming classifiers intervene to handle potential policy violations"
    # (the SDK's words). A model that declines by itself ends with `end_turn`.
    if stop_reason == "refusal":
        return Ending.BLOCKED
    if not text.strip() and not has_calls:
        return Ending.EMPTY
    if stop_reason in {"max_tokens", "model_context_window_exceeded"}:
        return Ending.TRUNCATED
    return Ending.ANSWERED
