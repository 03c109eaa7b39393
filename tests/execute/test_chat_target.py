"""A chat model as the tested system."""

import pytest

from astral.domain.chat import ChatReply
from astral.domain.records import Ending, Usage
from astral.errors import ProviderError
from astral.execute import ChatTarget
from astral.testing import ScriptedModel, sample_case
from astral.testing.conformance import check_target


def test_target_conforms():
    import asyncio

    asyncio.run(check_target(ChatTarget(ScriptedModel(["hello"]))))


async def test_the_transcript_holds_what_was_sent_and_what_came():
    times = iter([10.0, 12.5])
    reply = ChatReply(
        text="Sure.", ending=Ending.TRUNCATED, model="m", usage=Usage(prompt_tokens=3, completion_tokens=2)
    )
    model = ScriptedModel([reply])
    target = ChatTarget(model, system_prompt="Be kind.", max_tokens=7, temperature=0.5, clock=lambda: next(times))
    case = sample_case("Hello")
    transcript = await target.respond(case)
    assert [(message.role, message.content) for message in transcript.messages] == [
        ("system", "Be kind."),
        ("user", "Hello"),
        ("assistant", "Sure."),
    ]
    assert (transcript.case_id, transcript.target, transcript.ending) == (case.id, "scripted", Ending.TRUNCATED)
    assert (transcript.latency_seconds, transcript.usage.tokens) == (2.5, 5)
    assert (model.requests[0].max_tokens, model.requests[0].temperature) == (7, 0.5)


async def test_a_block_is_an_ending_without_an_answer():
    model = ScriptedModel([ChatReply(text="", ending=Ending.BLOCKED, model="m")])
    transcript = await ChatTarget(model).respond(sample_case())
    assert transcript.ending is Ending.BLOCKED
    assert transcript.response_to(sample_case()) == ""


async def test_the_seed_follows_from_the_run_and_the_case():
    model = ScriptedModel(["x"])
    for run_seed, case in [(1, sample_case("a")), (1, sample_case("a")), (2, sample_case("a")), (1, sample_case("b"))]:
        await ChatTarget(model, seed=run_seed).respond(case)
    seeds = [request.seed for request in model.requests]
    assert seeds[0] == seeds[1]
    assert len(set(seeds)) == 3
    assert all(0 <= seed < 2**31 for seed in seeds)


async def test_a_provider_s_failure_is_passed_on():
    with pytest.raises(ProviderError, match="down"):
        await ChatTarget(ScriptedModel([ProviderError("down")])).respond(sample_case())
