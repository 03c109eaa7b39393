"""What the vendors' servers answer, in each of their protocols: whole, or as a stream of events.

Source:
    https://platform.openai.com/docs/api-reference/chat-streaming,
    https://platform.openai.com/docs/api-reference/responses-streaming,
    https://docs.anthropic.com/en/docs/build-with-claude/streaming
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

FLAGGED = "flagged"
"""The answer by which the moderation endpoint flags what it is asked about."""
Json = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """What is answered, whatever the protocol."""

    text: str
    finish_reason: str = "stop"
    """In the protocol's own words."""
    refusal: str | None = None
    """In place of the text, where OpenAI's protocols have a place for it."""


def error_body(message: str, code: str) -> Json:
    """An error, as both vendors write it."""
    return {"type": "error", "error": {"message": message, "type": code, "code": code}}


def _completion(said: Said, body: Json) -> Json:
    message = {"role": "assistant", "content": None if said.refusal else said.text, "refusal": said.refusal}
    return {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "created": 0,
        "model": f"{body['model']}-stub",
        "choices": [{"index": 0, "message": message, "finish_reason": said.finish_reason}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
    }


def _message(said: Said, body: Json) -> Json:
    return {
        "id": "msg_0",
        "type": "message",
        "role": "assistant",
        "model": f"{body['model']}-stub",
        "content": [{"type": "text", "text": said.text}] if said.text else [],
        "stop_reason": said.finish_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 5},
    }


def _response(said: Said, body: Json) -> Json:
    part = (
        {"type": "refusal", "refusal": said.refusal}
        if said.refusal
        else {"type": "output_text", "text": said.text, "annotations": []}
    )
    reason = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(said.finish_reason)
    return {
        "id": "resp_0",
        "object": "response",
        "created_at": 0,
        "model": f"{body['model']}-stub",
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "error": None,
        "output": [
            {"type": "reasoning", "id": "rs_0", "summary": []},
            {"type": "message", "id": "msg_0", "role": "assistant", "status": "completed", "content": [part]},
        ],
        "usage": {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12},
    }


def _moderation(said: Said, body: Json) -> Json:
    is_flagged = said.text == FLAGGED
    scores = {"violence": 0.9 if is_flagged else 0.01, "harassment": 0.02}
    return {
        "id": "modr-0",
        "model": f"{body['model']}-stub",
        "results": [{"flagged": is_flagged, "categories": {}, "category_scores": scores}],
    }


ANSWERS: Mapping[str, Callable[[Said, Json], Json]] = {
    "/v1/chat/completions": _completion,
    "/v1/messages": _message,
    "/v1/responses": _response,
    "/v1/moderations": _moderation,
}
"""The answer to the body of a request, by the address."""


def _chunks(answer: Json) -> Iterator[Json]:
    (choice,) = answer["choices"]
    common = {**answer, "object": "chat.completion.chunk"}
    usage = common.pop("usage")
    message = choice["message"]
    field = "refusal" if message["refusal"] else "content"
    first: Json = {"role": "assistant", "content": ""}
    for delta in (first, *({field: piece} for piece in _pieces(message[field]))):
        yield {**common, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**common, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]}
    yield {**common, "choices": [], "usage": usage}


def _response_events(answer: Json) -> Iterator[Json]:
    (part,) = answer["output"][-1]["content"]
    kind, text = ("refusal", part["refusal"]) if part["type"] == "refusal" else ("output_text", part["text"])
    yield {"type": "response.created", "response": {**answer, "status": "in_progress", "output": [], "usage": None}}
    for piece in _pieces(text):
        yield {"type": f"response.{kind}.delta", "output_index": 1, "content_index": 0, "delta": piece}
    yield {"type": f"response.{answer['status']}", "response": answer}


def _message_events(answer: Json) -> Iterator[Json]:
    start = {**answer, "content": [], "stop_reason": None, "usage": {"input_tokens": 7, "output_tokens": 1}}
    yield {"type": "message_start", "message": start}
    yield {"type": "ping"}
    for index, block in enumerate(answer["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}}
        for piece in _pieces(block["text"]):
            yield {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": piece}}
        yield {"type": "content_block_stop", "index": index}
    delta = {"stop_reason": answer["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": answer["usage"]["output_tokens"]}}
    yield {"type": "message_stop"}


_EVENTS = {"chat.completion": _chunks, "response": _response_events, "message": _message_events}


def streamed(answer: Json) -> bytes | None:
    """An answer as a stream of events; None for what is never streamed."""
    kind = str(answer.get("object") or answer.get("type"))
    if kind not in _EVENTS:
        return None
    named = kind != "chat.completion"
    lines = [
        f"{'event: ' + event['type'] + chr(10) if named else ''}data: {json.dumps(event)}\n\n"
        for event in _EVENTS[kind](answer)
    ]
    return "".join([*lines, "" if named else "data: [DONE]\n\n"]).encode()


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), 8):
        yield text[start : start + 8]
