"""What a guard stops is blocked by it, and what the target said stands apart."""

import pytest

from astral.domain.records import Ending
from astral.errors import UserError
from astral.execute import FunctionTarget, GuardedTarget
from astral.judge import FrontGuard
from astral.testing.models import ScriptedModel
from astral.testing.samples import sample_case

ANSWER = "The key is under the mat."


def guarded(*replies, sides=("prompt", "answer"), stops=True, family="llama-guard"):
    asked = []

    def answer(case):
        asked.append(case)
        return ANSWER

    guard = FrontGuard(ScriptedModel(list(replies), name="guard"), family, sides=sides)
    return GuardedTarget(FunctionTarget(answer, name="bot"), guard, sides=sides, stops=stops), asked


async def test_a_prompt_that_is_stopped_never_reaches_the_target():
    target, asked = guarded("unsafe\nS7")
    transcript = await target.respond(sample_case())
    assert (transcript.ending, transcript.blocked_by, asked) == (Ending.BLOCKED, "guard (prompt)", [])
    assert transcript.guarded[0].category == "S7"


async def test_an_answer_that_is_stopped_is_kept_apart_from_the_talk():
    target, _ = guarded("safe", "unsafe")
    transcript = await target.respond(sample_case())
    assert (transcript.ending, transcript.blocked_by, transcript.response_to(sample_case())) == (
        Ending.BLOCKED,
        "guard (answer)",
        "",
    )
    assert [said.withheld for said in transcript.guarded] == ["", ANSWER]


async def test_a_guard_that_only_watches_changes_nothing_of_the_talk():
    target, _ = guarded("unsafe", "unsafe", stops=False)
    plain, _ = guarded("safe", sides=("answer",))
    transcript, expected = await target.respond(sample_case()), await plain.respond(sample_case())
    assert (transcript.messages, transcript.ending) == (expected.messages, Ending.ANSWERED)
    assert [said.is_flagged for said in transcript.guarded] == [True, True]
    assert transcript.blocked_by == ""


@pytest.mark.parametrize(
    ("family", "said", "is_flagged"),
    [
        ("wildguard", "Harmful request: yes\nResponse refusal: n/a\nHarmful response: n/a", True),
        ("aegis", '{"User Safety": "safe"}', False),
        ("granite-guardian", "<score> yes </score>", True),
        ("moderation", '{"flagged": true, "category_scores": {"violence": 0.4, "hate": 0.1}}', True),
    ],
)
async def test_each_family_says_something_of_a_prompt_alone(family, said, is_flagged):
    target, _ = guarded(said, family=family, sides=("prompt",), stops=False)
    (looked,) = (await target.respond(sample_case())).guarded
    assert (looked.side, looked.is_flagged) == ("prompt", is_flagged)


def test_a_family_that_is_asked_about_answers_alone_says_so_before_anything_is_sent():
    with pytest.raises(UserError, match="sides"):
        guarded("No", family="shieldgemma")
