"""The SDKs' real HTTP paths, against a stub of the vendors' servers on this machine."""

import asyncio
import time

import pytest
from pydantic import SecretStr

from astral.config import EndpointSettings, Environment
from astral.domain.chat import ChatRequest, ModelRole
from astral.domain.records import Ending, Message
from astral.errors import ProviderError, UserError
from astral.execute import RetryingModel
from astral.providers import open_model
from astral.providers.anthropic_chat import AnthropicChat
from astral.providers.openai_chat import OpenAIChat
from astral.providers.openai_content import completion_body
from astral.testing.faults import Fault, evenly
from astral.testing.server import StubServer

KEY = "sk-proj-abcdefghijklmnop"
ENVIRONMENT = Environment.model_construct(openai_api_key=SecretStr(KEY), anthropic_api_key=SecretStr(KEY))
SCHEMA = {"type": "object", "properties": {"outcome": {"type": "string"}}, "required": ["outcome"]}
BOTH = pytest.mark.parametrize("vendor", ["openai", "anthropic"])


def request(**fields) -> ChatRequest:
    messages = (Message(role="system", content="Be brief."), Message(role="user", content="Hello ✓"))
    return ChatRequest(messages=messages, **fields)


def open_stub(vendor: str, server: StubServer):
    url = server.url if vendor == "anthropic" else server.openai_url
    model = open_model(f"{vendor}:m", role=ModelRole.TARGET, base_url=url, concurrency=4, environment=ENVIRONMENT)
    return RetryingModel(model)


def single(vendor: str, server: StubServer, *, timeout_seconds: float = 5.0):
    """The vendor's model without the retries."""
    if vendor == "anthropic":
        return AnthropicChat(
            "anthropic:m", "m", base_url=server.url, key=KEY, concurrency=1, timeout_seconds=timeout_seconds
        )
    return OpenAIChat(
        "openai:m", "m", base_url=server.openai_url, key=KEY, concurrency=1, timeout_seconds=timeout_seconds
    )


@BOTH
async def test_an_answer_comes_with_text_usage_and_version(vendor):
    with StubServer(text="Hi.", finish_reason="stop" if vendor == "openai" else "end_turn") as server:
        model = open_stub(vendor, server)
        reply = await model.chat(request(max_tokens=9))
        await model.close()
    assert (reply.text, reply.ending, reply.model) == ("Hi.", Ending.ANSWERED, "m-stub")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (7, 5)


async def test_openai_is_sent_what_was_asked():
    with StubServer() as server:
        model = open_stub("openai", server)
        await model.chat(request(max_tokens=9, temperature=0.5, seed=3, json_schema=SCHEMA))
        await model.close()
    (body,) = server.requests
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello ✓"},
    ]
    assert (body["max_tokens"], body["temperature"], body["seed"]) == (9, 0.5, 3)
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert server.log[0].headers["authorization"] == f"Bearer {KEY}"


def test_openai_itself_gets_the_new_name_of_the_limit():
    body = completion_body(request(max_tokens=9), model="m", is_openai=True)
    assert body["max_completion_tokens"] == 9
    assert "max_tokens" not in body
    assert "temperature" not in body


async def test_anthropic_is_sent_what_was_asked_and_it_takes(caplog):
    with StubServer(finish_reason="end_turn") as server:
        model = open_stub("anthropic", server)
        await model.chat(request(max_tokens=9, temperature=0.0, seed=3, json_schema=SCHEMA))
        await model.close()
    (body,) = server.requests
    assert body["system"] == "Be brief."
    assert body["messages"] == [{"role": "user", "content": "Hello ✓"}]
    assert body["max_tokens"] == 9
    assert body["output_config"]["format"] == {"type": "json_schema", "schema": SCHEMA}
    assert KEY in (server.log[0].headers.get("x-api-key"), server.log[0].headers.get("authorization", "")[7:])
    assert not {"seed", "temperature"} & set(body)
    assert "takes no temperature" in caplog.text


async def test_openai_s_key_is_not_sent_to_a_vllm_server():
    with StubServer() as server:
        model = open_model(
            "vllm:m", role=ModelRole.TARGET, base_url=server.openai_url, concurrency=1, environment=ENVIRONMENT
        )
        await model.chat(request())
        await model.close()
    assert KEY not in str([dict(each.headers) for each in server.log])


@pytest.mark.parametrize(
    ("vendor", "reason", "text", "refusal", "ending"),
    [
        ("openai", "stop", "yes", None, Ending.ANSWERED),
        ("openai", "length", "yes", None, Ending.TRUNCATED),
        ("openai", "length", "", None, Ending.EMPTY),
        ("openai", "content_filter", "ye", None, Ending.BLOCKED),
        ("openai", "stop", "", "I will not.", Ending.REFUSED),
        ("openai", "stop", " \n", None, Ending.EMPTY),
        ("anthropic", "end_turn", "yes", None, Ending.ANSWERED),
        ("anthropic", "max_tokens", "yes", None, Ending.TRUNCATED),
        ("anthropic", "model_context_window_exceeded", "yes", None, Ending.TRUNCATED),
        ("anthropic", "refusal", "Hel", None, Ending.BLOCKED),
        ("anthropic", "end_turn", "", None, Ending.EMPTY),
    ],
)
async def test_how_the_provider_ended_is_told(vendor, reason, text, refusal, ending):
    with StubServer(text=text, finish_reason=reason, refusal=refusal) as server:
        model = single(vendor, server)
        reply = await model.chat(request())
        await model.close()
    assert reply.ending is ending
    assert reply.text == (refusal or text)


@BOTH
async def test_a_filter_that_stops_the_request_is_an_ending_and_no_error(vendor):
    with StubServer(faults=[Fault.CONTENT_FILTER]) as server:
        model = open_stub(vendor, server)
        reply = await model.chat(request())
        await model.close()
    assert reply.ending is Ending.BLOCKED
    assert len(server.requests) == 1


@BOTH
@pytest.mark.parametrize(
    "fault", [Fault.RATE_LIMIT, Fault.SERVER_ERROR, Fault.OVERLOADED, Fault.RESET, Fault.MALFORMED, Fault.NOT_JSON]
)
async def test_what_may_pass_is_tried_again(vendor, fault):
    with StubServer(faults=[fault], finish_reason="stop") as server:
        model = open_stub(vendor, server)
        reply = await model.chat(request())
        await model.close()
    assert reply.ending is Ending.ANSWERED
    assert len(server.requests) == 2


async def test_the_responses_api_is_spoken_where_it_is_asked_for():
    endpoint = EndpointSettings(api="responses", parameters={"reasoning": {"effort": "low"}})
    with StubServer(text="Hi.", faults=[Fault.SERVER_ERROR]) as server:
        model = open_model(
            "openai:m",
            role=ModelRole.TARGET,
            base_url=server.openai_url,
            endpoint=endpoint,
            concurrency=1,
            environment=ENVIRONMENT,
        )
        reply = await RetryingModel(model).chat(request(max_tokens=9, temperature=0.5, seed=3, json_schema=SCHEMA))
        await model.close()
    assert (reply.text, reply.ending, reply.usage.tokens) == ("Hi.", Ending.ANSWERED, 12)
    body = server.requests[-1]
    assert (body["max_output_tokens"], body["store"], body["reasoning"]) == (9, False, {"effort": "low"})
    assert body["text"]["format"]["schema"] == SCHEMA
    assert "seed" not in body


@pytest.mark.parametrize(
    ("version", "path"),
    [
        (None, "/openai/v1/chat/completions"),
        ("2024-10-21", "/openai/deployments/mine/chat/completions?api-version=2024-10-21"),
    ],
)
async def test_azure_is_spoken_with_its_addresses_and_key(version, path):
    environment = Environment.model_construct(azure_openai_api_key=SecretStr(KEY), azure_openai_endpoint=None)
    with StubServer(text="Hi.") as server:
        model = open_model(
            "azure:mine",
            role=ModelRole.TARGET,
            base_url=server.url,
            endpoint=EndpointSettings(api_version=version),
            concurrency=1,
            environment=environment,
        )
        reply = await model.chat(request(max_tokens=9))
        await model.close()
    assert reply.text == "Hi."
    assert [each.path for each in server.log] == [path]
    assert KEY in (server.log[0].headers.get("api-key"), server.log[0].headers.get("authorization", "")[7:])
    assert server.requests[0]["max_completion_tokens"] == 9


async def test_a_vllm_server_is_sent_chat_template_and_parameters(tmp_path):
    template = tmp_path / "t.jinja"
    template.write_text("{{ messages }}")
    endpoint = EndpointSettings(parameters={"top_k": 20}, chat_template=template)
    with StubServer() as server:
        model = open_model(
            "vllm:m", role=ModelRole.TARGET, base_url=server.openai_url, endpoint=endpoint, concurrency=1
        )
        await model.chat(request())
        await model.close()
    assert (server.requests[0]["top_k"], server.requests[0]["chat_template"]) == (20, "{{ messages }}")


async def test_a_long_system_prompt_is_marked_for_anthropic_s_cache():
    with StubServer(finish_reason="end_turn") as server:
        model = open_stub("anthropic", server)
        talk = (Message(role="system", content="x" * 5000), Message(role="user", content="Hello"))
        await model.chat(ChatRequest(messages=talk))
        await model.close()
    (block,) = server.requests[0]["system"]
    assert (block["text"], block["cache_control"]) == ("x" * 5000, {"type": "ephemeral"})


@BOTH
@pytest.mark.parametrize("fault", [Fault.MALFORMED, Fault.NOT_JSON, Fault.NO_CHOICES])
async def test_a_malformed_answer_is_an_error_and_never_an_empty_answer(vendor, fault):
    with StubServer(faults=[fault]) as server:
        model = single(vendor, server)
        with pytest.raises(ProviderError, match="malformed answer") as caught:
            await model.chat(request())
        await model.close()
    assert caught.value.retryable
    assert not caught.value.is_unbilled


@BOTH
async def test_an_answer_that_was_lost_may_have_been_billed_and_one_that_was_turned_away_not(vendor):
    with StubServer(faults=[Fault.RESET, Fault.RATE_LIMIT, Fault.LOST]) as server:
        model, lost = single(vendor, server), []
        reply = await RetryingModel(model, lost=lost.append, sleep=lambda _: asyncio.sleep(0)).chat(request())
        await model.close()
    assert reply.usage.tokens == 12
    assert lost == [request()] * 2


@BOTH
async def test_the_wait_that_the_server_asks_for_is_kept(vendor):
    with StubServer(faults=[Fault.RATE_LIMIT], retry_after_seconds=2.5) as server:
        model = open_stub(vendor, server)
        start = time.perf_counter()
        await model.chat(request())
        await model.close()
    assert time.perf_counter() - start >= 2.5


async def test_a_wait_beyond_the_bound_is_not_waited_for():
    with StubServer(faults=[Fault.RATE_LIMIT] * 9, retry_after_seconds=3600) as server:
        model = open_stub("openai", server)
        start = time.perf_counter()
        with pytest.raises(ProviderError, match="HTTP 429") as caught:
            await model.chat(request())
        await model.close()
    assert time.perf_counter() - start < 5
    assert caught.value.retry_after_seconds == 3600
    assert caught.value.is_unbilled
    assert len(server.requests) == 1


async def test_a_used_up_quota_is_not_tried_again():
    with StubServer(faults=[Fault.QUOTA]) as server:
        model = open_stub("openai", server)
        with pytest.raises(ProviderError, match="HTTP 429"):
            await model.chat(request())
        await model.close()
    assert len(server.requests) == 1


@BOTH
async def test_a_rejected_key_is_a_user_error_without_the_key(vendor):
    with StubServer(faults=[Fault.BAD_KEY]) as server:
        model = open_stub(vendor, server)
        with pytest.raises(UserError, match=f"{vendor.upper()}_API_KEY") as caught:
            await model.chat(request())
        await model.close()
    assert "abcdef" not in str(caught.value)
    assert len(server.requests) == 1


@BOTH
async def test_a_wrong_address_is_a_user_error(vendor):
    with StubServer() as server:
        chat = AnthropicChat if vendor == "anthropic" else OpenAIChat
        model = chat("x:m", "m", base_url=f"{server.url}/nowhere", key="", concurrency=1)
        with pytest.raises(UserError, match="HTTP 404"):
            await model.chat(request())
        await model.close()


@BOTH
async def test_silence_ends_at_the_timeout_and_is_not_unbilled(vendor):
    with StubServer(faults=[Fault.STALL]) as server:
        model = single(vendor, server, timeout_seconds=0.3)
        with pytest.raises(ProviderError, match=r"no answer within 0\.3 s") as caught:
            await model.chat(request())
        await model.close()
    assert caught.value.retryable
    assert not caught.value.is_unbilled


@BOTH
async def test_nobody_listening_is_retryable_and_unbilled(vendor):
    with StubServer() as server:
        pass
    model = single(vendor, server)
    with pytest.raises(ProviderError, match="cannot connect") as caught:
        await model.chat(request())
    await model.close()
    assert caught.value.retryable
    assert caught.value.is_unbilled


async def test_seeded_faults_are_survived_by_all_of_many_calls():
    import asyncio

    with StubServer(fault_shares=evenly(0.3), seed=7) as server:
        model = open_stub("openai", server)
        replies = await asyncio.gather(*(model.chat(request()) for _ in range(24)))
        await model.close()
    assert {reply.ending for reply in replies} <= {Ending.ANSWERED, Ending.BLOCKED}
    assert len(server.requests) > 24
