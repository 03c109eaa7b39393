"""The gateway library, where it is installed, at a stub of the vendors' servers; without it, what to do."""

import importlib.util

import pytest

from astral.domain.chat import ModelRole
from astral.domain.records import Ending
from astral.errors import ProviderError, UserError
from astral.providers import open_model
from astral.testing.faults import Fault
from astral.testing.server import StubServer
from tests.providers.test_http_models import KEY, request

HAS_LITELLM = importlib.util.find_spec("litellm") is not None
with_litellm = [pytest.mark.slow, pytest.mark.skipif(not HAS_LITELLM, reason="needs the extra `gateway`")]


def opened(server, provider="openai"):
    url = server.openai_url if provider == "openai" else server.url
    return open_model(f"gateway:{provider}/m", role=ModelRole.TARGET, base_url=url, concurrency=2)


@pytest.fixture
def _keys(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


@pytest.mark.skipif(HAS_LITELLM, reason="it is installed")
def test_without_the_extra_it_is_said_how_to_get_it():
    with pytest.raises(UserError, match=r"astral-safety\[gateway\]"):
        open_model("gateway:gemini/m", role=ModelRole.TARGET, concurrency=1)


@pytest.mark.usefixtures("_keys")
class TestWithLitellm:
    pytestmark = with_litellm

    @pytest.mark.parametrize(
        ("provider", "reason", "ending"),
        [
            ("openai", "stop", Ending.ANSWERED),
            ("openai", "length", Ending.TRUNCATED),
            ("openai", "content_filter", Ending.BLOCKED),
            ("anthropic", "end_turn", Ending.ANSWERED),
        ],
    )
    async def test_answers_have_their_endings_and_usage(self, provider, reason, ending):
        with StubServer(text="Hi.", finish_reason=reason) as server:
            reply = await opened(server, provider).chat(request(max_tokens=9, seed=3))
        assert (reply.text, reply.ending) == ("Hi.", ending)
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (7, 5)
        assert len(server.requests) == 1

    @pytest.mark.parametrize("fault", [Fault.RATE_LIMIT, Fault.SERVER_ERROR, Fault.RESET, Fault.MALFORMED])
    async def test_what_may_pass_is_sent_once_and_said_to_be_retryable(self, fault):
        with StubServer(faults=[fault]) as server:
            with pytest.raises(ProviderError) as caught:
                await opened(server).chat(request())
            assert caught.value.retryable
            assert len(server.requests) == 1

    async def test_a_filter_blocks_and_a_wrong_key_is_the_user_s(self):
        with StubServer(faults=[Fault.CONTENT_FILTER, Fault.BAD_KEY]) as server:
            assert (await opened(server).chat(request())).ending is Ending.BLOCKED
            with pytest.raises(UserError) as caught:
                await opened(server).chat(request())
        assert KEY not in str(caught.value)

    def test_a_provider_that_nobody_knows_is_told(self):
        with pytest.raises(UserError, match="no such provider"):
            open_model("gateway:nobody/m", role=ModelRole.TARGET, concurrency=1)
