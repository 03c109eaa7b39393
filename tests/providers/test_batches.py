"""The batch interfaces through the vendors' own SDKs, at a stub of their servers."""

from datetime import UTC, datetime

import pytest

from astral.config import EndpointSettings
from astral.domain.batch import Batch
from astral.domain.chat import ChatReply, ModelRole
from astral.domain.records import Ending, Usage
from astral.errors import ProviderError, Trouble, UserError
from astral.providers import open_batches
from astral.testing.batches import Fate
from astral.testing.faults import Fault
from astral.testing.server import StubServer
from tests.providers.test_http_models import BOTH, ENVIRONMENT, KEY, request


def open_stub(vendor, server, **told):
    return open_batches(
        f"{vendor}:m",
        role=ModelRole.TARGET,
        endpoint=EndpointSettings(**told),
        base_url=server.url if vendor == "anthropic" else server.openai_url,
        environment=ENVIRONMENT,
        poll_seconds=0.01,
    )


def rows(count):
    return [(f"key{number}", request(max_tokens=9)) for number in range(count)]


@BOTH
async def test_each_row_has_its_own_ending(vendor):
    with StubServer(text="Hi.", finish_reason="stop" if vendor == "openai" else "end_turn") as server:
        server.batches.looks = 2
        server.batches.fates = {1: Fate.FAILED, 2: Fate.EXPIRED, 3: Fate.BAD}
        endpoint = open_stub(vendor, server)
        batch_id = await endpoint.submit("mark", rows(5))
        looks = [await endpoint.look(batch_id) for _ in range(2)]
        results = await endpoint.results(batch_id)
        await endpoint.close()
    assert [look.is_over for look in looks] == [False, True]
    assert all(isinstance(results[key], ChatReply) for key in ("key0", "key4"))
    assert results["key0"].text == "Hi."
    assert results["key0"].usage == Usage(prompt_tokens=7, completion_tokens=5)
    failed = [results[f"key{number}"] for number in (1, 2, 3)]
    assert [each.trouble for each in failed] == [Trouble.SERVER, Trouble.TIMEOUT, Trouble.REFUSED]
    assert [each.retryable for each in failed] == [True, False, False]
    assert all(each.is_unbilled for each in failed)
    assert KEY not in str(failed)


@BOTH
async def test_blocks_of_the_provider_are_told_as_in_single_calls(vendor):
    with StubServer(text="He", finish_reason="content_filter" if vendor == "openai" else "refusal") as server:
        endpoint = open_stub(vendor, server)
        batch_id = await endpoint.submit("mark", rows(1))
        await endpoint.look(batch_id)
        assert (await endpoint.results(batch_id))["key0"].ending is Ending.BLOCKED
        await endpoint.close()


@BOTH
async def test_a_batch_whose_id_was_lost_is_found_by_mark_or_calls(vendor):
    # OpenAI's file goes up before its batch is made.
    faults = [None, Fault.LOST] if vendor == "openai" else [Fault.LOST]
    with StubServer(faults=faults) as server:
        endpoint = open_stub(vendor, server)
        with pytest.raises(ProviderError) as caught:
            await endpoint.submit("mark", rows(2))
        assert caught.value.retryable
        ours = Batch(mark="mark", created=datetime.now(UTC), rows={f"key{number}": Usage() for number in range(2)})
        others = Batch(mark="other", created=datetime.now(UTC), rows={"a": Usage(), "b": Usage()})
        assert await endpoint.find(ours) in {"batch_0", "msgbatch_0"}
        assert await endpoint.find(others) is None
        await endpoint.close()
    assert len(server.batches.submitted) == 1


async def test_a_batch_that_openai_refuses_as_a_whole_says_why():
    with StubServer() as server:
        server.batches.refusal = "Enqueued token limit reached"
        endpoint = open_stub("openai", server)
        batch_id = await endpoint.submit("mark", rows(1))
        assert (await endpoint.look(batch_id)).is_over
        with pytest.raises(ProviderError, match="Enqueued token limit"):
            await endpoint.results(batch_id)
        await endpoint.close()


async def test_the_responses_api_has_batches_too():
    with StubServer(text="Hi.") as server:
        endpoint = open_stub("openai", server, api="responses")
        batch_id = await endpoint.submit("mark", rows(1))
        await endpoint.look(batch_id)
        assert (await endpoint.results(batch_id))["key0"].text == "Hi."
        await endpoint.close()


@BOTH
async def test_what_is_wrong_with_the_endpoint_is_told(vendor):
    with StubServer(faults=[Fault.BAD_KEY]) as server:
        endpoint = open_stub(vendor, server)
        with pytest.raises(UserError, match="rejects the key") as caught:
            await endpoint.submit("mark", rows(1))
        assert KEY not in str(caught.value)
        # A batch that was thrown away at the provider is over, and has no rows.
        assert (await endpoint.look("nothing")).is_over
        assert await endpoint.results("nothing") == {}
        await endpoint.close()
