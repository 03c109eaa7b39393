"""An answer that came as a stream of events, put together to what would have come whole.

Source:
    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation,
    https://platform.openai.com/docs/api-reference/chat-streaming,
    https://platform.openai.com/docs/api-reference/responses-streaming,
    https://docs.anthropic.com/en/docs/build-with-claude/streaming
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from astral.providers.http_answer import Answer

EVENT_STREAM = "text/event-stream"

_STATUS = {
    "invalid_request_error": 400,
    "content_filter": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""HTTP statuses of errors that come in the midst of a stream, by their type or code; all others are the server's, 500.

Source:
    https://docs.anthropic.com/en/api/errors
"""
Json = dict[str, Any]


def whole(answer: Answer) -> Answer:
    """The answer as if it had not been streamed; one that was not stays as it is.

    Raises:
        ValueError: The stream is none of a protocol that is known, or broke off before its end.
    """
    if answer.is_error or EVENT_STREAM not in answer.headers.get("content-type", ""):
        return answer
    events = list(_events(answer.content))
    if failed := next((event for event in events if _has_error(event)), None):
        told: Any = failed["error"]
        named = [told.get("type"), told.get("code")] if isinstance(told, dict) else []
        status = next((_STATUS[name] for name in named if name in _STATUS), 500)
        return Answer(status, answer.headers, json.dumps(failed).encode())
    kinds = {str(event.get("type") or event.get("object")) for event in events}
    if "message_start" in kinds:
        merged = _message(events)
    elif any(kind.startswith("response.") for kind in kinds):
        merged = _response(events)
    else:
        merged = _completion(events)
    return Answer(answer.status, answer.headers, json.dumps(merged).encode())


def _events(content: bytes) -> Iterator[Json]:
    """The data of each event; comments, by which proxies keep a connection open, hold none."""
    for block in content.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n\n"):
        lines = (line.removeprefix("data:").strip() for line in block.split("\n") if line.startswith("data:"))
        data = "\n".join(lines)
        if data and data != "[DONE]":
            read = json.loads(data)
            if not isinstance(read, dict):
                raise ValueError("an event of the stream is no JSON object")
            yield read


def _has_error(event: Json) -> bool:
    # A Responses event of this type is the protocol's own failure; the others hold it under `error`.
    return bool(event.get("error")) and event.get("object") != "response"


def _completion(events: Sequence[Json]) -> Json:
    """OpenAI's chunks as one completion."""
    answer: Json = {}
    texts: dict[str, list[str]] = {}
    choice: Json = {"finish_reason": None}
    calls: dict[int, Json] = {}
    for event in events:
        answer |= {name: event[name] for name in ("model", "usage") if event.get(name)}
        for each in event.get("choices") or ():
            if each.get("index"):
                continue
            choice |= {name: each[name] for name in ("finish_reason", "native_finish_reason") if each.get(name)}
            delta = each.get("delta") or {}
            for name in ("content", "refusal"):
                if delta.get(name) is not None:
                    texts.setdefault(name, []).append(delta[name])
            for call in delta.get("tool_calls") or ():
                _add_call(calls, call)
    if choice["finish_reason"] is None:
        raise ValueError("the stream broke off before its end")
    message: Json = {name: "".join(pieces) for name, pieces in texts.items()}
    message["tool_calls"] = [calls[index] for index in sorted(calls)] or None
    return {**answer, "choices": [{**choice, "message": message}]}


def _add_call(calls: dict[int, Json], piece: Json) -> None:
    call = calls.setdefault(piece.get("index", len(calls)), {"id": None, "function": {"name": "", "arguments": ""}})
    call["id"] = piece.get("id") or call["id"]
    for name, text in (piece.get("function") or {}).items():
        if name in {"name", "arguments"}:
            call["function"][name] += text or ""


def _response(events: Sequence[Json]) -> Json:
    """The response that OpenAI's last event holds as a whole."""
    last = events[-1]
    if last.get("type") not in {"response.completed", "response.incomplete", "response.failed"}:
        raise ValueError("the stream broke off before its end")
    return last["response"]


def _message(events: Sequence[Json]) -> Json:
    """Anthropic's events as one message."""
    message: Json = {}
    blocks: dict[int, Json] = {}
    arguments: dict[int, str] = {}
    for event in events:
        match event.get("type"):
            case "message_start":
                message = dict(event["message"])
            case "content_block_start":
                blocks[event["index"]] = dict(event["content_block"])
            case "content_block_delta":
                index, delta = event["index"], event["delta"]
                if "text" in delta:
                    blocks[index]["text"] = blocks[index].get("text", "") + delta["text"]
                elif "partial_json" in delta:
                    arguments[index] = arguments.get(index, "") + delta["partial_json"]
            case "message_delta":
                message |= event["delta"]
                message["usage"] = {**(message.get("usage") or {}), **(event.get("usage") or {})}
            case _:
                pass
    for index, written in arguments.items():
        blocks[index]["input"] = json.loads(written or "{}")
    # Without its end it has no reason for it either, and is read as malformed.
    return {**message, "content": [blocks[index] for index in sorted(blocks)]}
