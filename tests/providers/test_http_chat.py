"""Any HTTP endpoint by a template, against a real server of this machine."""

import json

import pytest
from werkzeug import Request, Response

from astral.config import EndpointSettings, HttpSettings
from astral.domain.chat import ChatRequest, ModelRole
from astral.domain.records import Ending, Message
from astral.errors import ProviderError, UserError
from astral.providers import open_model
from astral.providers.http_chat import HttpChat

TALK = (
    Message(role="system", content="Be brief."),
    Message(role="user", content="Hello"),
    Message(role="assistant", content="Hi."),
    Message(role="user", content="Say {{session}}, please"),
)


def request(**told) -> ChatRequest:
    return ChatRequest(messages=TALK, **{"max_tokens": 9, "seed": 3, **told})


async def asked(server, **template):
    model = HttpChat(server.url_for("/chat?key=k"), HttpSettings(**template), concurrency=1, timeout_seconds=2)
    try:
        return await model.chat(request())
    finally:
        await model.close()


async def test_the_template_says_what_is_sent_and_where_the_text_stands(httpserver, monkeypatch):
    monkeypatch.setenv("BOT_TOKEN", "t0ken")
    httpserver.expect_request("/chat").respond_with_json({"replies": [{"text": "Hi."}]})
    reply = await asked(
        httpserver,
        headers={"Authorization": "Bearer ${BOT_TOKEN}", "X-Session": "{{session}}"},
        body={"q": "{{prompt}}", "talk": "{{messages}}", "n": "{{max_tokens}}", "s": "<{{system}}>", "list": [1, None]},
        response="replies.0.text",
    )
    assert (reply.text, reply.ending) == ("Hi.", Ending.ANSWERED)
    sent = httpserver.log[0][0]
    body = sent.get_json()
    assert body["q"] == "Say {{session}}, please", "a case's words are no template"
    assert body["talk"] == [message.model_dump() for message in TALK]
    assert (body["n"], body["s"], body["list"]) == (9, "<Be brief.>", [1, None])
    assert sent.headers["Authorization"] == "Bearer t0ken"
    assert len(sent.headers["X-Session"]) == 20


async def test_a_session_lasts_for_one_talk(httpserver):
    httpserver.expect_request("/chat").respond_with_data("ok", content_type="text/plain")
    model = HttpChat(httpserver.url_for("/chat"), HttpSettings(body="{{session}}"), concurrency=1)
    first = Message(role="user", content="a")
    for messages, seed in [((first,), 1), ((first, *TALK[2:]), 1), ((first,), 2)]:
        await model.chat(ChatRequest(messages=messages, seed=seed))
    await model.close()
    sessions = [sent.get_json() for sent, _ in httpserver.log]
    assert sessions[0] == sessions[1] != sessions[2]


@pytest.mark.parametrize(
    ("answer", "ending"),
    [({"text": " "}, Ending.EMPTY), ({"text": "x", "why": "filter"}, Ending.BLOCKED), ({"text": "x"}, Ending.ANSWERED)],
)
async def test_how_it_ended(httpserver, answer, ending):
    httpserver.expect_request("/chat").respond_with_json(answer)
    assert (await asked(httpserver, response="text", blocked={"why": ["filter"]})).ending is ending


async def test_a_filter_may_answer_with_any_status(httpserver):
    httpserver.expect_request("/chat").respond_with_json({"error": {"code": "policy"}}, status=422)
    assert (await asked(httpserver, blocked={"error.code": ["policy"]})).ending is Ending.BLOCKED


async def test_a_text_that_is_elsewhere_is_told_with_the_keys_that_are_there(httpserver):
    httpserver.expect_request("/chat").respond_with_json({"reply": "Hi.", "id": 1})
    with pytest.raises(UserError, match="which has: id, reply"):
        await asked(httpserver)


@pytest.mark.parametrize(
    ("response", "error", "text"),
    [
        (Response("<html>", content_type="text/html"), ProviderError, "web page"),
        (Response("{", content_type="application/json"), ProviderError, "malformed"),
        (Response("no t0ken", status=401), UserError, "rejects the key"),
        (Response("slow down", status=429, headers={"retry-after": "7"}), ProviderError, "429"),
    ],
)
async def test_what_goes_wrong_is_no_answer(httpserver, monkeypatch, response, error, text):
    monkeypatch.setenv("BOT_TOKEN", "t0ken")
    httpserver.expect_request("/chat").respond_with_response(response)
    with pytest.raises(error, match=text) as caught:
        await asked(httpserver, headers={"Authorization": "Bearer ${BOT_TOKEN}"}, response="text")
    assert "t0ken" not in str(caught.value)
    assert "key=k" not in str(caught.value)


async def test_what_is_wrong_is_told_before_anything_is_sent(monkeypatch):
    monkeypatch.delenv("BOT_TOKEN", raising=False)

    def opened(spec, **http):
        return open_model(
            spec, role=ModelRole.TARGET, endpoint=EndpointSettings.model_validate({"http": http}), concurrency=1
        )

    with pytest.raises(UserError, match="export BOT_TOKEN"):
        opened("http:https://a.example/x", headers={"Authorization": "Bearer ${BOT_TOKEN}"})
    with pytest.raises(UserError, match="is no placeholder"):
        opened("http:https://a.example/x", body={"q": "{{question}}"})
    with pytest.raises(UserError, match="no web address"):
        opened("http:ftp://a.example/x")
    with pytest.raises(UserError, match="password"):
        opened("http:https://me:pw@a.example/x")


def test_a_key_in_the_settings_is_refused_and_not_repeated(tmp_path):
    from astral.config import load_settings

    file = tmp_path / "a.yaml"
    file.write_text("target: {model: 'http:https://a.example', http: {headers: {X-Api-Key: hunter2}}}\n")
    with pytest.raises(UserError, match="into the record") as caught:
        load_settings(file)
    assert "hunter2" not in str(caught.value)


def test_the_whole_line_with_a_bot_of_its_own(httpserver, tmp_path):
    """Through `astral.yaml`, as a user would."""
    import asyncio

    from astral.config import Settings
    from astral.workflow.probe import probe_target

    def bot(asked: Request) -> Response:
        return Response(json.dumps({"say": asked.get_json()["q"].upper()}), content_type="application/json")

    httpserver.expect_request("/bot").respond_with_handler(bot)
    target = {"model": httpserver.url_for("/bot"), "http": {"body": {"q": "{{prompt}}"}, "response": "say"}}
    transcript = asyncio.run(probe_target(Settings.model_validate({"target": target}), "three fruits"))
    assert transcript.messages[-1].content == "THREE FRUITS"
