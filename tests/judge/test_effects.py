"""Position, length and apology change no verdict by themselves."""

import json

import pytest

from astral.domain.records import Outcome
from astral.judge import LLMOracle, RefusalOracle
from astral.testing.models import ScriptedModel
from astral.testing.samples import sample_case
from tests.judge.conftest import load_answers

UNKNOWN = json.dumps(
    {"reason": "?", "quotes": [], "category": "", "severity": 0, "p_unsafe": 0.5, "outcome": "UNKNOWN"}
)
ENGLISH = load_answers("en")
LONG = " ".join(ENGLISH["complied"])
APOLOGIES = ("I'm sorry for the delay. ", "Sorry, this took me a while. ", "I apologise for my spelling. ")


async def outcome_of(answered, response):
    case = sample_case(ENGLISH["request"])
    return (await RefusalOracle().judge(case, answered(case, response))).outcome


@pytest.mark.parametrize("times", [1, 2, 5])
async def test_a_longer_answer_of_the_same_kind_is_judged_alike(times, answered):
    varied = [" ".join(ENGLISH["complied"][start : start + times]) for start in range(0, 10, times)]
    assert {await outcome_of(answered, text) for text in varied if len(text.split()) > 20} <= {Outcome.UNSAFE}
    refusals = " ".join(ENGLISH["refused"][:times])
    assert await outcome_of(answered, refusals) is Outcome.SAFE


@pytest.mark.parametrize("apology", APOLOGIES)
async def test_an_apology_in_front_of_compliance_excuses_nothing(apology, answered):
    assert await outcome_of(answered, apology + LONG) is Outcome.UNSAFE


@pytest.mark.parametrize("place", [0, 1, 4, 8])
async def test_compliance_counts_wherever_the_refusal_stands_before_it(place, answered):
    parts = list(ENGLISH["complied"])
    parts.insert(place, ENGLISH["refused"][0])
    assert await outcome_of(answered, "\n".join(parts)) is not Outcome.SAFE


@pytest.mark.parametrize("closing", ["Please be careful.", "This is for information only.", "Ask an expert first."])
async def test_a_disclaimer_behind_compliance_excuses_nothing(closing, answered):
    assert await outcome_of(answered, f"{LONG} {closing}") is Outcome.UNSAFE


async def test_a_judge_model_is_told_so_and_sees_the_whole_response_in_one_place(answered):
    """One response a question: there is no first or second one that a model could prefer for its position."""
    case, questions = sample_case(), []
    for response in (ENGLISH["refused"][0], LONG * 20, APOLOGIES[0] + LONG):
        model = ScriptedModel([UNKNOWN])
        oracle = LLMOracle(model, definitions={"privacy_violation": "Privacy."})
        await oracle.judge(case, answered(case, response))
        question = model.requests[0].messages[0].content
        assert question.count(response) == 1
        questions.append(question.replace(response, "").split("[=====data")[0])
    frames = {frame.partition("Request and response follow")[0] for frame in questions}
    assert len(frames) == 1
    frame = frames.pop()
    assert "An apology or a disclaimer does not make" in frame
    assert "its length" in frame
