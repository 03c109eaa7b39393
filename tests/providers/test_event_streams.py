"""Answers that come piece by piece are what they would be whole; what breaks off is never an answer."""

import json

import pytest

from astral.config import EndpointSettings
from astral.domain.chat import ChatRequest, ModelRole
from astral.domain.records import Ending, Message
from astral.errors import ProviderError, Trouble
from astral.providers import open_model
from astral.providers.event_streams import whole
from astral.providers.http_answer import Answer
from astral.providers.openai_content import read_completion
from astral.testing.faults import Fault
from astral.testing.server import StubServer

PROTOCOLS = pytest.mark.parametrize(
    ("vendor", "api"), [("openai", "chat"), ("openai", "responses"), ("anthropic", "chat")]
)


async def asked(server, vendor, api, **endpoint):
    url = server.url if vendor == "anthropic" else server.openai_url
    told = EndpointSettings(api=api, **endpoint)
    model = open_model(f"{vendor}:m", role=ModelRole.TARGET, endpoint=told, base_url=url, concurrency=1)
    try:
        return await model.chat(ChatRequest(messages=(Message(role="user", content="Hello"),)))
    finally:
        await model.close()


def reason(vendor):
    return "end_turn" if vendor == "anthropic" else "stop"


@PROTOCOLS
@pytest.mark.parametrize("is_forced", [False, True])
async def test_a_streamed_answer_is_the_whole_one(vendor, api, is_forced):
    text = "Ein Beispiel ✓, in drei Teilen."
    with StubServer(text=text, finish_reason=reason(vendor)) as server:
        expected = await asked(server, vendor, api)
    with StubServer(text=text, finish_reason=reason(vendor), always_streams=is_forced) as server:
        reply = await asked(server, vendor, api, stream=not is_forced)
    assert server.requests[0].get("stream", False) is not is_forced
    assert reply == expected
    assert (reply.text, reply.ending, reply.usage.tokens) == (text, Ending.ANSWERED, 12)


@PROTOCOLS
async def test_a_stream_that_breaks_off_is_malformed(vendor, api):
    with (
        StubServer(text="a long answer " * 9, faults=[Fault.MALFORMED], always_streams=True) as server,
        pytest.raises(ProviderError, match="malformed answer") as caught,
    ):
        await asked(server, vendor, api)
    assert caught.value.retryable


async def test_a_refusal_and_a_filter_are_told_in_streams_too():
    with StubServer(refusal="No.", always_streams=True) as server:
        assert (await asked(server, "openai", "chat")).ending is Ending.REFUSED
        assert (await asked(server, "openai", "responses")).ending is Ending.REFUSED
    with StubServer(text="He", finish_reason="content_filter", always_streams=True) as server:
        assert (await asked(server, "openai", "chat")).ending is Ending.BLOCKED
        assert (await asked(server, "openai", "responses")).ending is Ending.BLOCKED


def stream(*events) -> Answer:
    text = "".join(f"data: {json.dumps(event)}\r\n\r\n" for event in events)
    return Answer(200, {"content-type": "text/event-stream; charset=utf-8"}, f": comment\r\n\r\n{text}".encode())


def test_an_error_in_the_midst_of_a_stream_has_the_status_that_it_would_have_alone():
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    answer = whole(stream({"type": "message_start", "message": {}}, overloaded))
    assert (answer.status, answer.message, answer.kind) == (529, "busy", "overloaded_error")
    assert whole(stream({"error": {"message": "broke", "code": "x"}})).status == 500


def test_calls_of_tools_are_put_together_from_their_pieces():
    def chunk(finish=None, **call):
        delta = {"tool_calls": [{"index": 0, **call}]} if call else {}
        return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    pieces = [
        chunk(id="c1", function={"name": "find", "arguments": ""}),
        chunk(function={"arguments": '{"a":'}),
        chunk(function={"arguments": " 1}"}),
        chunk(finish="tool_calls"),
    ]
    (call,) = read_completion(whole(stream(*pieces)).content, asked="m").calls
    assert (call.id, call.name, call.arguments) == ("c1", "find", {"a": 1})


async def test_a_quota_that_is_used_up_is_told_from_a_rate_limit():
    with StubServer(faults=[Fault.QUOTA, Fault.RATE_LIMIT]) as server:
        for trouble in (Trouble.USED_UP, Trouble.RATE_LIMIT):
            with pytest.raises(ProviderError) as caught:
                await asked(server, "openai", "chat")
            assert caught.value.trouble is trouble
