"""Answers that are kept from run to run."""

import pytest

from astral.domain.chat import ChatRequest
from astral.domain.records import Message, Usage
from astral.errors import ProviderError, RecordError
from astral.providers.response_cache import CachedModel
from astral.testing import ScriptedModel
from astral.testing.conformance import check_chat_model


def request(text="hello", **told) -> ChatRequest:
    return ChatRequest(messages=(Message(role="user", content=text),), **told)


async def test_the_same_request_is_asked_once_ever_and_costs_nothing_again(tmp_path):
    for answer in ("first", "second"):
        inner = ScriptedModel([answer])
        model = CachedModel(inner, tmp_path / "cache" / "a.db", identity="i")
        reply = await model.chat(request(seed=1))
        await model.close()
        assert reply.text == "first"
        assert len(inner.requests) == (answer == "first")
    assert reply.usage == Usage()
    assert (tmp_path / "cache" / "a.db").stat().st_mode & 0o077 == 0


async def test_another_seed_another_text_another_endpoint_is_another_request(tmp_path):
    inner = ScriptedModel(["a", "b", "c", "d"])
    replies = []
    for identity, asked in [
        ("i", request(seed=1)),
        ("i", request(seed=2)),
        ("i", request("x")),
        ("j", request(seed=1)),
    ]:
        model = CachedModel(inner, tmp_path / "a.db", identity=identity)
        replies.append((await model.chat(asked)).text)
    assert replies == ["a", "b", "c", "d"]


async def test_a_failure_is_not_kept(tmp_path):
    model = CachedModel(ScriptedModel([ProviderError("down"), "up"]), tmp_path / "a.db", identity="i")
    with pytest.raises(ProviderError):
        await model.chat(request())
    assert (await model.chat(request())).text == "up"
    await model.close()


async def test_it_conforms(tmp_path):
    await check_chat_model(CachedModel(ScriptedModel(["hello"]), tmp_path / "a.db", identity="i"))


def test_a_file_that_is_no_cache_is_told(tmp_path):
    (tmp_path / "a.db").write_text("no database at all, but a text that is long enough" * 9)
    with pytest.raises(RecordError, match="can be deleted"):
        CachedModel(ScriptedModel(["x"]), tmp_path / "a.db", identity="i")
