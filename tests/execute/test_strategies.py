"""Talks: led to their end, within their turns, the same way every time."""

import json
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.messages import Message
from astral.domain.ports import Strategy
from astral.domain.records import Course, Ending, Outcome, TestCase, Transcript, Verdict, Vote
from astral.errors import AttackerRefusedError, MalformedDraftError, StageError
from astral.execute import ChatTarget, Crescendo, Refinement, Scripted, TalkTarget
from astral.testing import ScriptedModel, sample_case
from astral.testing.strategy_check import check_strategy

STRATEGIES: dict[str, Strategy] = {
    each.name: each for each in (Scripted(), Crescendo(), Refinement("pair"), Refinement("tap", branches=2, kept=2))
}


class CountingOracle:
    """Scores rise with every talk, and from `unsafe_from` on they decide."""

    name = "counting"

    def __init__(self, unsafe_from: float = 2.0) -> None:
        self.scores = count(1)
        self.unsafe_from = unsafe_from

    async def judge(self, case: TestCase, transcript: Transcript) -> Verdict:
        assert transcript.case_id == case.id
        p_unsafe = min(1.0, next(self.scores) / 10)
        outcome = Outcome.UNSAFE if p_unsafe >= self.unsafe_from else Outcome.UNKNOWN
        vote = Vote(judge=self.name, outcome=outcome, p_unsafe=p_unsafe)
        return Verdict(
            case_id=case.id,
            transcript_id=transcript.id,
            oracle=self.name,
            outcome=outcome,
            p_unsafe=p_unsafe,
            votes=(vote,),
        )


def attacker(*, declined: bool = False, is_on_topic: bool = True) -> ScriptedModel:
    """Writes what each prompt asks for."""
    numbers = count(1)

    def answer(request: ChatRequest) -> str:
        wanted = (request.json_schema or {})["properties"]
        number = next(numbers)
        told = {
            "declined": declined,
            "message": f"Step {number}, please?",
            "improvement": "Other words.",
            "request": f"Wording {number}, please?",
            "is_on_topic": is_on_topic,
        }
        return json.dumps({name: told[name] for name in wanted})

    return ScriptedModel(answer, name="attacker")


def case_of(strategy: str, turns: int, lines: tuple[str, ...] = ()) -> TestCase:
    course = Course(strategy=strategy, turns=turns, lines=lines, asks_in=turns)
    return sample_case("What I want.").model_copy(update={"course": course})


def talk_target(model: ScriptedModel, asking: ScriptedModel | None = None, **told: object) -> TalkTarget:
    parts = {"attacker": asking, "oracle": CountingOracle(), "objection": lambda text: None, **told}
    return TalkTarget(ChatTarget(model, system_prompt="Be kind."), STRATEGIES, **parts)


async def test_a_script_is_said_line_by_line_with_all_that_was_said_before():
    model = ScriptedModel(["one", "two", "three"])
    case = case_of("scripted", 3, ("a", "b", "c"))
    transcript = await talk_target(model).respond(case)
    said = [(message.role, message.content) for message in transcript.messages]
    users = [("user", "a"), ("assistant", "one"), ("user", "b"), ("assistant", "two"), ("user", "c")]
    assert said == [("system", "Be kind."), *users, ("assistant", "three")]
    assert [len(request.messages) for request in model.requests] == [2, 4, 6]
    assert transcript.case_id == case.id
    assert transcript.usage.completion_tokens == 3
    assert len(transcript.turns(case)) == 3


@given(
    name=st.sampled_from(sorted(STRATEGIES)),
    turns=st.integers(2, 9),
    declined=st.booleans(),
    is_on_topic=st.booleans(),
    unsafe_from=st.floats(0.1, 2),
)
async def test_no_strategy_asks_the_target_more_often_than_its_turns_allow(
    name, turns, declined, is_on_topic, unsafe_from
):
    """Bounded, and the same replies give the same talk."""

    async def led() -> tuple[Transcript, int]:
        model = ScriptedModel([f"answer {number}" for number in range(20)])
        asking = attacker(declined=declined, is_on_topic=is_on_topic)
        target = talk_target(model, asking, oracle=CountingOracle(unsafe_from))
        lines = tuple(f"line {number}" for number in range(turns)) if name == "scripted" else ()
        return await target.respond(case_of(name, turns, lines)), len(model.requests)

    (talk, sent), (again, _) = await led(), await led()
    assert 1 <= sent <= turns
    assert len(talk.turns(case_of(name, turns))) <= turns
    assert talk.model_copy(update={"latency_seconds": 0}) == again.model_copy(update={"latency_seconds": 0})


async def test_refinement_ends_where_the_judge_decides_and_keeps_the_best():
    model = ScriptedModel(["no", "hm", "well", "yes"])
    target = talk_target(model, attacker(), oracle=CountingOracle(0.3))
    transcript = await target.respond(case_of("pair", 5))
    assert transcript.messages[-1].content == "well"
    assert [attempt.score for attempt in transcript.attempts] == [0.1, 0.2]
    assert len(model.requests) == 3


async def test_a_tree_sends_nothing_that_is_off_the_topic():
    model = ScriptedModel(["no"])
    await talk_target(model, attacker(is_on_topic=False)).respond(case_of("tap", 8))
    assert len(model.requests) == 1


async def test_a_step_that_was_declined_is_taken_back():
    model = ScriptedModel(["a", "b", "c"])
    transcript = await talk_target(model, attacker(declined=True)).respond(case_of("crescendo", 3))
    assert transcript.messages[-1].content == "c"
    assert [attempt.messages[-1].content for attempt in transcript.attempts] == ["a", "b"]


async def test_the_provider_s_block_ends_a_talk():
    model = ScriptedModel(["one", ChatReply(text="", ending=Ending.BLOCKED, model="m"), "three"])
    transcript = await talk_target(model).respond(case_of("scripted", 3, ("a", "b", "c")))
    assert transcript.ending is Ending.BLOCKED
    assert len(model.requests) == 2


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("no JSON", MalformedDraftError),
        ('{"declined": "no", "message": "x"}', MalformedDraftError),
        ('{"declined": false, "message": "  "}', MalformedDraftError),
        (ChatReply(text="", ending=Ending.REFUSED, model="m"), AttackerRefusedError),
    ],
)
async def test_an_attacker_without_a_usable_turn_is_a_failure(reply, error):
    model, asking = ScriptedModel(["x"]), ScriptedModel([reply])
    with pytest.raises(error):
        await talk_target(model, asking).respond(case_of("crescendo", 3))
    assert not model.requests
    assert len({request.seed for request in asking.requests}) == len(asking.requests) <= 2


async def test_a_turn_that_a_model_wrote_is_screened_with_all_before_it():
    seen: list[str] = []

    def objection(text: str) -> str | None:
        seen.append(text)
        return "no" if "Step 2" in text else None

    model = ScriptedModel(["x"])
    with pytest.raises(StageError, match="not sent"):
        await talk_target(model, attacker(), objection=objection).respond(case_of("crescendo", 3))
    assert len(model.requests) == 1
    assert seen[-1] == "Step 1, please?\nStep 2, please?"


async def test_a_case_without_a_course_is_asked_once():
    model = ScriptedModel(["x"])
    await talk_target(model).respond(sample_case())
    assert len(model.requests) == 1


@pytest.mark.parametrize("name", STRATEGIES)
async def test_each_keeps_the_promises_of_a_strategy(name):
    await check_strategy(STRATEGIES[name])


class Endless(Scripted):
    """Goes on for as long as it is let."""

    async def lead(self, case, floor):
        talk = None
        while True:
            talk = await floor.say("more", talk)


class Moody(Scripted):
    """Never the same talk twice."""

    numbers = count()

    async def lead(self, case, floor):
        return await floor.say(f"talk {next(self.numbers)}")


class Clumsy(Scripted):
    async def lead(self, case, floor):
        raise KeyError("a bug")


async def test_the_check_finds_what_breaks_a_promise():
    await check_strategy(Endless())  # it is stopped by the floor, which is allowed
    with pytest.raises(AssertionError, match="gave two talks"):
        await check_strategy(Moody())
    with pytest.raises(AssertionError, match="lead raised KeyError"):
        await check_strategy(Clumsy())


@pytest.mark.parametrize("strategy", ["crescendo", "pair", "tap"])
async def test_an_answer_that_a_case_makes_up_is_never_the_target_s(strategy):
    """The strategies word the request anew; a judge of the case must not read the made-up answer as the target's."""
    made_up = (Message(role="user", content="First?"), Message(role="assistant", content="Of course, gladly!"))
    case = case_of(strategy, 2)
    case = case.model_copy(update={"messages": (*made_up, *case.messages)})
    target = ChatTarget(ScriptedModel(lambda _: "No, never.", name="target"))
    led = TalkTarget(
        target, STRATEGIES, attacker=attacker(), oracle=CountingOracle(), objection=lambda _: None, max_tokens=100
    )
    talk = await led.respond(case)
    assert "Of course, gladly!" in [message.content for message in talk.messages]
    assert set(talk.response_to(case).split("\n\n")) == {"No, never."}
