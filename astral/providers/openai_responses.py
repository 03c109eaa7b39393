"""What is said in OpenAI's Responses protocol, apart from how it is sent: requests and replies."""

from typing import Any

from pydantic import BaseModel, Field
from pydantic_core import to_jsonable_python

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.records import Ending, Usage
from astral.providers.endings import BLOCK_CODES
from astral.providers.openai_wire import OpenAICall, calls_of, response_items


def response_body(request: ChatRequest, *, model: str) -> dict[str, Any]:
    """The body of a request; the protocol knows no seed, and the provider is asked to keep nothing."""
    body: dict[str, Any] = {
        "model": model,
        "input": response_items(request.messages),
        "max_output_tokens": request.max_tokens,
        "store": False,
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.json_schema is not None:
        schema = to_jsonable_python(request.json_schema)
        body["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": schema}}
    if request.tools:
        body["tools"] = [{"type": "function", "strict": False, **to_jsonable_python(tool)} for tool in request.tools]
    return body


class _Part(BaseModel):
    type: str
    text: str = ""
    refusal: str = ""


class _Item(BaseModel):
    type: str
    content: list[_Part] | None = None
    call_id: str | None = None
    name: str = ""
    arguments: str = ""


class _Why(BaseModel):
    code: str = ""
    reason: str = ""


class _Usage(BaseModel):
    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)


class _Response(BaseModel):
    """The part of an answer that is read; strict, so that a malformed one is no empty one."""

    status: str
    output: list[_Item]
    error: _Why | None = None
    incomplete_details: _Why | None = None
    model: str | None = None
    usage: _Usage | None = None


def read_response(body: bytes, *, asked: str) -> ChatReply:
    """The reply that a Responses answer holds.

    Args:
        body: The answer as it came.
        asked: Name of the model that was asked, for an answer that names none.

    Raises:
        ValueError: The answer is not JSON, is no response that has ended, or says that the provider broke off.
    """
    response = _Response.model_validate_json(body)
    # Reasoning is an item of its own, and no part of the answer.
    parts = [part for item in response.output if item.type == "message" for part in item.content or ()]
    refusal = "".join(part.refusal for part in parts if part.type == "refusal")
    text = "".join(part.text for part in parts if part.type == "output_text") or refusal
    calls = calls_of(
        OpenAICall.model_validate({"id": item.call_id, "function": {"name": item.name, "arguments": item.arguments}})
        for item in response.output
        if item.type == "function_call"
    )
    usage = response.usage or _Usage()
    return ChatReply(
        text=text,
        calls=calls,
        ending=_ending(response, text, is_refusal=bool(refusal), has_calls=bool(calls)),
        model=response.model or asked,
        usage=Usage(prompt_tokens=usage.input_tokens, completion_tokens=usage.output_tokens),
    )


def _ending(response: _Response, text: str, *, is_refusal: bool, has_calls: bool) -> Ending:
    reason = response.incomplete_details.reason if response.incomplete_details else ""
    code = response.error.code if response.error else ""
    if code in BLOCK_CODES or reason == "content_filter":
        return Ending.BLOCKED
    if response.status not in {"completed", "incomplete"}:
        raise ValueError(f"the response is {response.status!r}, not completed{f': {code}' if code else ''}")
    if is_refusal:
        return Ending.REFUSED
    if not text.strip() and not has_calls:
        return Ending.EMPTY
    return Ending.TRUNCATED if response.status == "incomplete" else Ending.ANSWERED
