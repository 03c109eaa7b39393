"""Messages and tools as Anthropic's Messages protocol writes them.

Source:
    https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview,
    https://docs.anthropic.com/en/docs/build-with-claude/vision
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from pydantic_core import to_jsonable_python

from astral.domain.messages import Message, Tool


def anthropic_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages of a request, less the system's, which have a place of their own.

    Results of calls are blocks of a user's message, all those of one turn in a single one.
    """
    turns = [message for message in messages if message.role != "system"]
    written: list[dict[str, Any]] = []
    for is_result, group in groupby(turns, key=lambda message: message.role == "tool"):
        if is_result:
            blocks = [
                {"type": "tool_result", "tool_use_id": message.call_id, "content": message.content} for message in group
            ]
            written.append({"role": "user", "content": blocks})
        else:
            written += [{"role": message.role, "content": _content(message)} for message in group]
    return written


def anthropic_tools(tools: Iterable[Tool]) -> list[dict[str, Any]]:
    """The tools of a request."""
    return [
        {
            "name": tool.name,
            "description": tool.description,
            "input_schema": to_jsonable_python(tool.parameters),
        }
        for tool in tools
    ]


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not (message.pictures or message.calls):
        return message.content
    blocks: list[dict[str, Any]] = [
        {"type": "image", "source": {"type": "base64", "media_type": picture.media_type, "data": picture.data}}
        for picture in message.pictures
    ]
    # An empty text block is answered with HTTP 400.
    blocks += [{"type": "text", "text": message.content}] if message.content else []
    blocks += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": to_jsonable_python(call.arguments)}
        for call in message.calls
    ]
    return blocks
