"""Tools, calls and pictures on the wire of both protocols, there and back, through the SDKs and a real socket."""

import json
from typing import Any, Literal

import pytest

from astral.domain.chat import ChatRequest
from astral.domain.messages import Message, Picture, Tool, ToolCall
from astral.domain.records import Ending
from astral.providers.anthropic_chat import AnthropicChat, read_message
from astral.providers.openai_chat import OpenAIChat
from astral.providers.openai_content import read_completion
from astral.providers.openai_responses import read_response
from astral.testing.server import StubServer

TOOL = Tool(
    name="send_note", description="Sends.", parameters={"type": "object", "properties": {"text": {"type": "string"}}}
)
CALL = ToolCall(id="c1", name="send_note", arguments={"text": "hello"})
TALK = (
    Message(role="system", content="Be kind."),
    Message(role="user", content="Send it.", pictures=(Picture(data="iVBORw0K"),)),
    Message(role="assistant", content="", calls=(CALL, CALL.model_copy(update={"id": "c2"}))),
    Message(role="tool", content="sent", call_id="c1"),
    Message(role="tool", content="sent again", call_id="c2"),
)
REQUEST = ChatRequest(messages=TALK, tools=(TOOL,))


async def sent(kind: Literal["chat", "responses", "anthropic"]) -> dict[str, Any]:
    with StubServer() as server:
        url = server.url if kind == "anthropic" else server.openai_url
        chat = (
            AnthropicChat("x", "m", base_url=url, key="", concurrency=1)
            if kind == "anthropic"
            else OpenAIChat("x", "m", base_url=url, key="", concurrency=1, api=kind)
        )
        await chat.chat(REQUEST)
        await chat.close()
        return server.requests[0]


async def test_openai_gets_calls_and_results_as_its_protocol_has_them():
    body = await sent("chat")
    _, user, assistant, first, second = body["messages"]
    assert user["content"][1] == {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0K"}}
    assert assistant["content"] is None
    assert assistant["tool_calls"][0] == {
        "id": "c1",
        "type": "function",
        "function": {"name": "send_note", "arguments": '{"text": "hello"}'},
    }
    assert (first["role"], first["tool_call_id"], second["content"]) == ("tool", "c1", "sent again")
    assert body["tools"] == [{"type": "function", "function": TOOL.model_dump()}]


async def test_the_responses_protocol_has_an_item_for_each_call_and_each_result():
    body = await sent("responses")
    _, user, first, second, result, _ = body["input"]
    assert user["content"] == [
        {"type": "input_text", "text": "Send it."},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0K"},
    ]
    assert first == {"type": "function_call", "call_id": "c1", "name": "send_note", "arguments": '{"text": "hello"}'}
    assert (second["call_id"], result["type"], result["output"]) == ("c2", "function_call_output", "sent")
    assert (body["tools"][0]["type"], body["tools"][0]["name"]) == ("function", "send_note")


def test_calls_in_an_answer_of_the_responses_protocol_are_read():
    call = {"type": "function_call", "call_id": "c1", "name": "send_note", "arguments": '{"text": "hello"}'}
    body = json.dumps({"status": "completed", "output": [{"type": "reasoning", "summary": []}, call]}).encode()
    reply = read_response(body, asked="m")
    assert (reply.calls, reply.ending) == ((CALL,), Ending.ANSWERED)


async def test_anthropic_gets_the_results_of_one_turn_in_one_message():
    body = await sent("anthropic")
    user, assistant, results = body["messages"]
    assert body["system"] == "Be kind."
    assert user["content"][0]["source"] == {"type": "base64", "media_type": "image/png", "data": "iVBORw0K"}
    assert assistant["content"][0] == {"type": "tool_use", "id": "c1", "name": "send_note", "input": {"text": "hello"}}
    assert [(block["tool_use_id"], block["content"]) for block in results["content"]] == [
        ("c1", "sent"),
        ("c2", "sent again"),
    ]
    assert body["tools"][0]["input_schema"] == TOOL.parameters


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        ('{"text": "hello"}', CALL),
        ({"text": "hello"}, CALL),
        ("", ToolCall(id="c1", name="send_note")),
        ('{"text": ', ToolCall(id="c1", name="send_note", malformed='{"text": ')),
        ("[1]", ToolCall(id="c1", name="send_note", malformed="[1]")),
    ],
)
def test_calls_in_an_answer_of_openai_s_are_read_also_where_they_are_malformed(arguments, call):
    message = {"content": None, "tool_calls": [{"id": "c1", "function": {"name": "send_note", "arguments": arguments}}]}
    body = json.dumps({"choices": [{"message": message, "finish_reason": "tool_calls"}]}).encode()
    reply = read_completion(body, asked="m")
    assert (reply.calls, reply.ending) == ((call,), Ending.ANSWERED)


def test_calls_in_an_answer_of_anthropic_s_are_read():
    blocks = [
        {"type": "text", "text": "Well."},
        {"type": "tool_use", "id": "c1", "name": "send_note", "input": {"text": "hello"}},
    ]
    body = json.dumps({"type": "message", "content": blocks, "stop_reason": "tool_use"}).encode()
    reply = read_message(body, asked="m")
    assert (reply.text, reply.calls, reply.ending) == ("Well.", (CALL,), Ending.ANSWERED)


def test_what_a_call_may_cost_counts_tools_calls_and_pictures():
    """Law 7: the bound that is reserved grows with all that is sent."""
    plain = REQUEST.model_copy(update={"tools": ()})
    assert REQUEST.tokens_at_most > plain.tokens_at_most > 32_768


def test_requests_without_them_are_written_as_before():
    """Journalled calls of earlier records are found by their content."""
    told = ChatRequest(messages=(Message(role="user", content="x"),)).model_dump(mode="json")
    assert set(told) == {"messages", "max_tokens", "temperature", "seed", "json_schema"}
    assert told["messages"] == [{"role": "user", "content": "x"}]
