"""Messages, tools and calls as OpenAI's two protocols write them, and back.

Source:
    https://platform.openai.com/docs/guides/function-calling, https://platform.openai.com/docs/guides/images-vision
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from astral.domain.messages import Message, Picture, Tool, ToolCall


class _Function(BaseModel):
    name: str
    arguments: str | dict[str, Any] | None = None
    """JSON as text; some servers send the object itself."""


class OpenAICall(BaseModel):
    """A call in an answer."""

    id: str | None = None
    function: _Function


def openai_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages of a request."""
    return [_message(message) for message in messages]


def response_items(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages of a request in the Responses protocol, where each call and each result is an item of its own."""
    return [item for message in messages for item in _items(message)]


def openai_tools(tools: Iterable[Tool]) -> list[dict[str, Any]]:
    """The tools of a request."""
    return [{"type": "function", "function": to_jsonable_python(tool)} for tool in tools]


def calls_of(calls: Iterable[OpenAICall]) -> tuple[ToolCall, ...]:
    """The calls that an answer asks for; each has an id of its own, also where the server gave none."""
    return tuple(_call(call, place) for place, call in enumerate(calls))


def _items(message: Message) -> Iterator[dict[str, Any]]:
    if message.role == "tool":
        yield {"type": "function_call_output", "call_id": message.call_id, "output": message.content}
        return
    if message.pictures:
        shown = [{"type": "input_image", "image_url": _address(picture)} for picture in message.pictures]
        yield {"role": message.role, "content": [{"type": "input_text", "text": message.content}, *shown]}
    elif message.content or not message.calls:
        yield {"role": message.role, "content": message.content}
    for call in message.calls:
        yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": _arguments(call)}


def _address(picture: Picture) -> str:
    return f"data:{picture.media_type};base64,{picture.data}"


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.content}
    written: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.pictures:
        shown = [{"type": "image_url", "image_url": {"url": _address(picture)}} for picture in message.pictures]
        written["content"] = [{"type": "text", "text": message.content}, *shown]
    if message.calls:
        written["content"] = message.content or None
        written["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": _arguments(call)}}
            for call in message.calls
        ]
    return written


def _arguments(call: ToolCall) -> str:
    # Servers parse what they are told of earlier calls, so that it has to be JSON, whatever the model wrote.
    told = {"malformed": call.malformed} if call.malformed else call.arguments
    return json.dumps(to_jsonable_python(told), ensure_ascii=False)


def _call(call: OpenAICall, place: int) -> ToolCall:
    given = call.function.arguments
    call_id, name = call.id or f"call_{place}", call.function.name
    if isinstance(given, dict):
        return ToolCall(id=call_id, name=name, arguments=given)
    try:
        read = json.loads(given or "{}")
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        return ToolCall(id=call_id, name=name, malformed=given or "")
    return ToolCall(id=call_id, name=name, arguments=read)
