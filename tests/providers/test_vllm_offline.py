"""vLLM's offline engine, with a stand-in for its module: no GPU is at hand."""

import asyncio
import inspect
import threading

import pytest

from astral.config import EndpointSettings
from astral.domain.chat import ChatRequest, ModelRole
from astral.domain.messages import Message, Tool
from astral.domain.records import Ending
from astral.errors import ProviderError, Trouble, UserError
from astral.providers import open_model
from astral.providers.vllm_offline import OfflineVllm
from astral.testing import fake_llm
from astral.testing.conformance import check_chat_model


def model_of(answer, **told):
    return OfflineVllm("m", engine={}, parameters={}, load=lambda: fake_llm.fake_vllm_module(answer), **told)


def ask(text, **told):
    return ChatRequest(messages=(Message(role="user", content=text),), **told)


async def test_it_keeps_the_promises_of_a_chat_model():
    await check_chat_model(model_of(lambda messages, sampling: "hello to you"))


async def test_calls_that_come_together_are_one_batch_and_each_gets_its_own_answer():
    model = model_of(lambda messages, sampling: f"{messages[-1]['content']} {sampling.seed}")
    replies = await asyncio.gather(*(model.chat(ask(f"case {number}", seed=number)) for number in range(300)))
    assert [reply.text for reply in replies] == [f"case {number} {number}" for number in range(300)]
    assert model._engine.batches == [300]
    assert (replies[0].usage.prompt_tokens, replies[0].usage.completion_tokens) == (7, 3)
    await model.close()


async def test_what_is_asked_for_reaches_the_engine():
    seen = []
    model = OfflineVllm(
        "m",
        engine={"max_model_len": 4096},
        parameters={"top_k": 20},
        load=lambda: fake_llm.fake_vllm_module(lambda messages, sampling: seen.append(sampling) or "one two three"),
    )
    reply = await model.chat(ask("hello", max_tokens=2, temperature=0.5, json_schema={"type": "object"}))
    assert (reply.text, reply.ending) == ("one two", Ending.TRUNCATED)
    (sampling,) = seen
    assert (sampling.temperature, sampling.top_k, sampling.structured_outputs.json) == (0.5, 20, '{"type": "object"}')
    assert model._engine.max_model_len == 4096


async def test_one_request_that_the_engine_does_not_take_costs_no_other_its_answer():
    def answer(messages, sampling):
        if "long" in messages[-1]["content"]:
            raise ValueError("The decoder prompt is longer than the maximum model length")
        return "fine"

    model = model_of(answer)
    ends = await asyncio.gather(*(model.chat(ask(text)) for text in ("a", "long", "b")), return_exceptions=True)
    assert [getattr(end, "text", None) for end in ends] == ["fine", None, "fine"]
    assert (ends[1].trouble, ends[1].retryable) == (Trouble.REFUSED, False)


async def test_closing_leaves_nobody_waiting():
    begun, may_end = threading.Event(), threading.Event()

    def answer(messages, sampling):
        begun.set()
        may_end.wait(30)
        return "too late"

    model = model_of(answer)
    computed = asyncio.create_task(model.chat(ask("a")))
    await asyncio.to_thread(begun.wait, 30)
    gathered = asyncio.create_task(model.chat(ask("b")))
    await asyncio.sleep(0)
    await model.close()
    ends = await asyncio.wait_for(asyncio.gather(computed, gathered, return_exceptions=True), 30)
    may_end.set()
    assert [type(end) for end in ends] == [asyncio.CancelledError] * 2


async def test_an_engine_that_dies_is_a_failure_that_may_pass_and_one_that_does_not_load_is_the_user_s():
    def dies(messages, sampling):
        raise RuntimeError("EngineDeadError")

    with pytest.raises(ProviderError, match="EngineDeadError") as caught:
        await model_of(dies).chat(ask("hello"))
    assert caught.value.retryable
    broken = OfflineVllm("m", engine={"no_such": 1}, parameters={}, load=lambda: fake_llm.fake_vllm_module(dies))
    with pytest.raises(UserError, match="cannot be loaded: TypeError"):
        await broken.chat(ask("hello"))
    with pytest.raises(ProviderError, match="Name the server: vllm:m"):
        await model_of(dies).chat(ask("hello", tools=(Tool(name="t", description="d"),)))


def test_without_vllm_the_extra_is_named():
    if _installed():
        pytest.skip("vLLM is installed")
    with pytest.raises(UserError, match=r"astral-safety\[vllm\]"):
        open_model("vllm-offline:m", role=ModelRole.TARGET, endpoint=EndpointSettings(), concurrency=1)


def test_the_stand_in_has_vllm_s_own_signatures():
    if not _installed():
        pytest.skip("vLLM is not installed")
    import vllm

    for own, theirs in ((fake_llm.LLM.chat, vllm.LLM.chat), (fake_llm.SamplingParams, vllm.SamplingParams)):
        assert inspect.signature(own).parameters.keys() <= inspect.signature(theirs).parameters.keys()


def _installed():
    from importlib.util import find_spec

    return find_spec("vllm") is not None
