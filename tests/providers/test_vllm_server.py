"""`vllm serve` as a process: started when it is asked, shared, stopped, and heard when it dies."""

import asyncio
import socket
import sys

import pytest

from astral.domain.chat import ModelRole
from astral.errors import EndpointDownError, ProviderError, UserError
from astral.providers import open_model
from astral.providers.openai_chat import OpenAIChat
from astral.providers.vllm_server import ServedChat, VllmServer, is_listening
from tests.providers.test_http_models import request


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture
def _program(tmp_path, monkeypatch):
    """A program `vllm` on the path."""
    program = tmp_path / "vllm"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m astral.testing.fake_vllm "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


def served(model, port):
    url = f"http://127.0.0.1:{port}/v1"
    chat = OpenAIChat(f"vllm:{model}", model, base_url=url, key="", concurrency=1)
    return ServedChat(chat, VllmServer.shared(model, port=port, arguments=["--max-model-len", "4096"]))


@pytest.mark.usefixtures("_program")
async def test_two_roles_share_a_server_that_the_last_one_stops(port):
    target, judge = served("small", port), served("small", port)
    assert not is_listening(port=port)
    replies = await asyncio.gather(target.chat(request()), judge.chat(request()))
    assert [reply.text for reply in replies] == ["small cached", "small cached"]
    await target.close()
    assert is_listening(port=port)
    log = judge._server._log_file
    assert log.exists()
    await judge.close()
    assert not is_listening(port=port)
    assert not log.exists()


@pytest.mark.usefixtures("_program")
async def test_what_the_log_said_is_told_when_it_does_not_load(port):
    model = served("broken", port)
    with pytest.raises(UserError, match=r"ended with code 1.*no model of this name"):
        await model.chat(request())
    await model.close()


@pytest.mark.usefixtures("_program")
async def test_a_server_that_dies_ends_the_run_in_order(port):
    model = served("mortal", port)
    with pytest.raises((EndpointDownError, ProviderError)):
        await model.chat(request())
    await asyncio.to_thread(model._server._process.wait)
    with pytest.raises(EndpointDownError, match=r"CUDA out of memory.*astral resume"):
        await model.chat(request())
    await model.close()
    assert "CUDA out of memory" in model._server._log_file.read_text()


@pytest.mark.skipif(is_listening(), reason="somebody serves on vLLM's port here")
def test_without_a_server_and_without_the_program_it_is_said_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"astral-safety\[vllm\].*--base-url"):
        open_model("vllm:m", role=ModelRole.TARGET, concurrency=1)
