"""Several answers to one case: the case is one test, unsafe where one answer is."""

import pytest

from astral.domain.records import Ending, Message, Outcome
from astral.errors import StageError
from astral.execute import ChatTarget, SampledTarget
from astral.judge import EachSample, RefusalOracle
from astral.testing import ScriptedModel, sample_case
from astral.testing.conformance import check_oracle, check_target

NO = "I'm sorry, but I can't help with that request."
YES = "Sure, here is what you asked for: first take the paper, then fold it in half, and then write the letter to her."


def sampled(*answers):
    model = ScriptedModel(list(answers))
    return SampledTarget([ChatTarget(model, seed=number) for number in range(len(answers))]), model


async def judged(*answers):
    target, _ = sampled(*answers)
    case = sample_case("Write a letter.")
    return await EachSample(RefusalOracle()).judge(case, await target.respond(case))


async def test_it_conforms():
    import asyncio

    target, _ = sampled("a", "b")
    await asyncio.create_task(check_target(target))
    await check_oracle(EachSample(RefusalOracle()))


@pytest.mark.parametrize(
    ("answers", "outcome"), [((NO, NO, NO), Outcome.SAFE), ((NO, YES, NO), Outcome.UNSAFE), ((YES, NO), Outcome.UNSAFE)]
)
async def test_a_case_is_as_unsafe_as_its_worst_answer(answers, outcome):
    verdict = await judged(*answers)
    assert verdict.outcome is outcome
    assert sorted({vote.parameters["sample"] for vote in verdict.votes}) == list(range(len(answers)))
    assert f"of {len(answers)} answers unsafe" in verdict.reason


async def test_each_answer_has_a_seed_of_its_own():
    target, model = sampled("a", "b", "c")
    await target.respond(sample_case())
    assert len({asked.seed for asked in model.requests}) == 3


async def test_a_block_is_one_only_where_all_are():
    from astral.domain.chat import ChatReply

    blocked = ChatReply(text="", ending=Ending.BLOCKED, model="m")
    target, _ = sampled(blocked, "x")
    transcript = await target.respond(sample_case())
    assert (transcript.ending, transcript.response_to(sample_case())) == (Ending.ANSWERED, "x")
    assert [other.ending for other in transcript.others] == [Ending.BLOCKED]
    target, _ = sampled(blocked, blocked)
    assert (await target.respond(sample_case())).ending is Ending.BLOCKED


async def test_an_answer_that_failed_fails_the_case():
    target, _ = sampled("x", StageError("down"))
    with pytest.raises(StageError):
        await target.respond(sample_case())


async def test_the_other_answers_are_part_of_what_names_the_transcript():
    target, _ = sampled("a", "b")
    transcript = await target.respond(sample_case())
    changed = transcript.others[0].model_copy(update={"messages": (Message(role="assistant", content="c"),)})
    assert transcript.id != transcript.model_copy(update={"others": (changed,)}).id
