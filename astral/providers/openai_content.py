"""What is said in OpenAI's Chat Completions protocol, apart from how it is sent: requests and replies."""

from typing import Any

from pydantic import BaseModel, Field
from pydantic_core import to_jsonable_python

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.records import Ending, Usage
from astral.providers.endings import BROKEN_REASONS, CUT_REASONS, FILTER_REASONS
from astral.providers.openai_wire import OpenAICall, calls_of, openai_messages, openai_tools


def completion_body(request: ChatRequest, *, model: str, is_openai: bool) -> dict[str, Any]:
    """The body of a request.

    Args:
        request: What is asked.
        model: Name of the model at the endpoint.
        is_openai: OpenAI's reasoning models take only the new name of the limit, other servers often only the old one.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": openai_messages(request.messages),
        "max_completion_tokens" if is_openai else "max_tokens": request.max_tokens,
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.seed is not None:
        body["seed"] = request.seed
    if request.json_schema is not None:
        schema = to_jsonable_python(request.json_schema)
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    if request.tools:
        body["tools"] = openai_tools(request.tools)
    return body


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[OpenAICall] | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None
    native_finish_reason: str | None = None
    """OpenRouter's: the reason in the words of the provider behind it."""

    @property
    def reasons(self) -> frozenset[str]:
        """Why the answer ended, in lower case."""
        return frozenset(reason.lower() for reason in (self.finish_reason, self.native_finish_reason) if reason)


class _Usage(BaseModel):
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)


class _Completion(BaseModel):
    """The part of an answer that is read; strict, so that a malformed one is no empty one."""

    choices: list[_Choice] = Field(min_length=1)
    model: str | None = None
    usage: _Usage | None = None


def read_completion(body: bytes, *, asked: str) -> ChatReply:
    """The reply that a Chat Completions answer holds.

    Args:
        body: The answer as it came.
        asked: Name of the model that was asked, for an answer that names none.

    Raises:
        ValueError: The answer is not JSON, has no choice with a message, or says that the provider broke off.
    """
    completion = _Completion.model_validate_json(body)
    choice, usage = completion.choices[0], completion.usage or _Usage()
    text = choice.message.content or choice.message.refusal or ""
    return ChatReply(
        text=text,
        calls=calls_of(choice.message.tool_calls or ()),
        ending=_ending(choice, text),
        model=completion.model or asked,
        usage=Usage(prompt_tokens=usage.prompt_tokens, completion_tokens=usage.completion_tokens),
    )


def _ending(choice: _Choice, text: str) -> Ending:
    if choice.reasons & FILTER_REASONS:
        return Ending.BLOCKED
    if broken := choice.reasons & BROKEN_REASONS:
        raise ValueError(f"the provider broke off, its reason is {min(broken)!r}")
    if choice.message.refusal:
        return Ending.REFUSED
    if not text.strip() and not choice.message.tool_calls:
        return Ending.EMPTY
    return Ending.TRUNCATED if choice.reasons & CUT_REASONS else Ending.ANSWERED
