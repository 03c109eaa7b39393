"""Batches of vLLM's offline engines on a real Ray Data; a stand-in for vLLM, except where the package is installed."""

import asyncio
import json
import os
from functools import partial
from pathlib import Path

import pytest

from astral.config import BatchSettings
from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.messages import Message
from astral.errors import ProviderError, Trouble, UserError
from astral.providers.vllm_batch import Replica, VllmBatches
from astral.testing.fake_llm import fake_vllm_module


def ask(text, **told):
    return ChatRequest(messages=(Message(role="user", content=text),), **told)


def stand_in(deadly=""):
    """vLLM's module, whose engines say the last message again; the first one that is asked kills its process."""

    def answer(messages, sampling):
        if deadly:
            try:
                Path(deadly).touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                os._exit(1)
        if "long" in messages[-1]["content"]:
            raise ValueError("the prompt is longer than the model's context")
        return f"{messages[-1]['content']} {sampling.seed}"

    return fake_vllm_module(answer)


TOLD = {"engine": {}, "parameters": {}, "chat_template": None}


def test_a_replica_answers_each_row_and_tells_what_went_wrong():
    rows = {"key": ["a", "b"], "request": [ask("one", seed=1).model_dump_json(), ask("long").model_dump_json()]}
    done = Replica({"model": "m", **TOLD, "load": stand_in})(rows)
    assert done["key"] == ["a", "b"]
    assert ChatReply.model_validate_json(done["reply"][0]).text == "one 1"
    assert done["reply"][1] == done["error"][0] == ""
    assert json.loads(done["error"][1])["trouble"] == Trouble.REFUSED
    broken = Replica({"model": "m", **TOLD, "engine": {"no_such": 1}, "load": stand_in})(rows)
    assert all("cannot be loaded" in each for each in broken["error"])


def test_replicas_are_at_least_one():
    with pytest.raises(ValueError, match="replicas"):
        BatchSettings(replicas=0)


@pytest.fixture
def ray_alone(monkeypatch):
    """Ray begins a cluster of its own, which the workers can import our tests from."""
    pytest.importorskip("ray.data", reason="Ray Data is not installed: pip install 'astral-safety[ray-data]'")
    monkeypatch.setenv("RAY_ADDRESS", "local")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


async def answered(batches, rows):
    try:
        name = await batches.submit("mark", rows)
        while not (progress := await batches.look(name)).is_over:  # noqa: ASYNC110 - as whoever waits for a batch does
            await asyncio.sleep(0.1)
        return progress, await batches.results(name)
    finally:
        await batches.close()


@pytest.mark.slow
async def test_a_batch_is_divided_among_replicas_and_outlives_one_of_them(ray_alone, tmp_path):
    load = partial(stand_in, deadly=str(tmp_path / "died"))
    rows = [(f"key {place}", ask("long" if place == 7 else f"case {place}", seed=place)) for place in range(60)]
    progress, results = await answered(VllmBatches("m", replicas=2, **TOLD, load=load), rows)
    assert (tmp_path / "died").exists()
    assert (progress.done, progress.total) == (60, 60)
    refused = results.pop("key 7")
    assert isinstance(refused, ProviderError)
    assert (refused.trouble, refused.retryable, refused.is_unbilled) == (Trouble.REFUSED, False, True)
    assert {key: reply.text for key, reply in results.items()} == {
        f"key {place}": f"case {place} {place}" for place in range(60) if place != 7
    }


@pytest.mark.slow
async def test_a_model_that_cannot_be_loaded_is_told_to_the_user(ray_alone):
    batches = VllmBatches("m", replicas=1, **{**TOLD, "engine": {"no_such": 1}}, load=stand_in)
    with pytest.raises(UserError, match="m: the model cannot be loaded"):
        await answered(batches, [("key", ask("hello"))])
