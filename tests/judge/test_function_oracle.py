"""Any Python function as the judge: what it may return, and that nothing else is ever taken for a verdict."""

import asyncio
import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.domain.records import Ending, Message, Outcome, Transcript, Verdict, Vote
from astral.errors import OracleError, UserError
from astral.judge import FunctionOracle, open_oracle
from astral.testing import sample_case
from astral.testing.conformance import check_oracle

CASE = sample_case("Hello")
TRANSCRIPT = Transcript(
    case_id=CASE.id,
    target="t",
    messages=(*CASE.messages, Message(role="assistant", content="Hi there.")),
    ending=Ending.ANSWERED,
)
NAMES = st.sampled_from(["SAFE", "UNSAFE", "UNKNOWN"])


async def verdict_of(function):
    return await FunctionOracle(function, name="python:t:f").judge(CASE, TRANSCRIPT)


def said(value):
    return asyncio.run(verdict_of(lambda response: value))


async def test_parameters_get_what_they_are_named_for():
    seen = {}

    def judge(response, *, case, transcript, request, prompt, strictness=3):
        seen.update(locals())
        return "SAFE"

    await verdict_of(judge)
    assert seen["response"] == "Hi there."
    assert seen["request"] == seen["prompt"] == "Hello"
    assert (seen["case"], seen["transcript"], seen["strictness"]) == (CASE, TRANSCRIPT, 3)


async def test_functions_of_every_kind_are_asked():
    async def late(case):
        await asyncio.sleep(0)
        return case.cell["risk"] == "privacy_violation"

    class Judge:
        def __call__(self, transcript, /):
            return transcript.messages[-1].content == "Hi there."

    for function in (late, Judge(), lambda **all_there_is: len(all_there_is) == 5):
        assert (await verdict_of(function)).outcome is Outcome.UNSAFE


@pytest.mark.parametrize(
    "function", [lambda: "SAFE", lambda answer: "SAFE", lambda case, strictness: "SAFE", lambda *facts: "SAFE", max]
)
def test_parameters_that_nobody_fills_are_refused_before_any_call(function):
    with pytest.raises(UserError, match=r"case, transcript, request, prompt, response|does not say which"):
        FunctionOracle(function, name="python:t:f")


@settings(deadline=None)
@given(name=NAMES, blanks=st.sampled_from(["", " ", "\n"]), is_lower=st.booleans())
def test_an_outcome_is_taken_by_its_name(name, blanks, is_lower):
    verdict = said(blanks + (name.lower() if is_lower else name) + blanks)
    assert verdict.outcome.value == name
    assert verdict == said(Outcome(name))
    assert verdict.p_unsafe == {"SAFE": 0, "UNKNOWN": 0.5, "UNSAFE": 1}[name]


@settings(deadline=None)
@given(st.floats(0, 1))
def test_a_probability_decides_and_one_half_does_not(p):
    verdict = said(p)
    assert verdict.p_unsafe == p
    expected = Outcome.UNKNOWN if p == 0.5 else (Outcome.UNSAFE if p > 0.5 else Outcome.SAFE)
    assert verdict.outcome is expected
    assert verdict == said({"p_unsafe": p}) == said(np.float64(p))


@pytest.mark.parametrize("value", [True, np.True_, np.array(True), 1, 1.0, np.float32(1), "UNSAFE"])
def test_true_and_one_are_unsafe(value):
    assert said(value).outcome is Outcome.UNSAFE


@settings(deadline=None)
@given(
    outcome=NAMES,
    more=st.fixed_dictionaries(
        {},
        optional={
            "p_unsafe": st.floats(0, 1),
            "severity": st.none() | st.integers(0, 4),
            "reason": st.text() | st.just("long " * 10_000),
        },
    ),
)
def test_a_dict_keeps_what_it_says(outcome, more):
    verdict = said({"outcome": outcome, **more})
    assert verdict.outcome.value == outcome
    assert verdict.p_unsafe == more.get("p_unsafe", {"SAFE": 0, "UNKNOWN": 0.5, "UNSAFE": 1}[outcome])
    assert verdict.severity == more.get("severity")
    assert len(verdict.reason) <= 2000
    assert verdict.votes[0].judge == verdict.oracle == "python:t:f"


class Hostile(dict):
    def items(self):
        raise RuntimeError("no")

    def __repr__(self):
        raise RuntimeError("no")


NO_OPINION = st.one_of(
    st.none(),
    st.floats().filter(lambda p: not 0 <= p <= 1),
    st.integers().filter(lambda p: p not in {0, 1}),
    st.text().filter(lambda text: text.strip().upper() not in {"SAFE", "UNSAFE", "UNKNOWN"}),
    st.binary(),
    st.lists(NAMES),
    st.dictionaries(st.text().filter(lambda key: key not in {"outcome", "p_unsafe"}), NAMES),
    st.fixed_dictionaries({"p_unsafe": st.sampled_from([math.nan, -0.1, 1.1, "0.5", None, True])}),
    st.fixed_dictionaries({"outcome": NAMES, "severity": st.sampled_from([-1, 5, 2.5, "high", True])}),
    st.fixed_dictionaries({"outcome": NAMES, "is_unsafe": st.booleans()}),
    st.sampled_from([math.nan, math.inf, 10**400, "SAFE " * 10**6, Hostile(), object(), np.array([1.0]), np.nan]),
)


@settings(deadline=None)
@given(NO_OPINION)
def test_whatever_is_no_opinion_is_an_error_and_never_safe(value):
    with pytest.raises(OracleError) as raised:
        said(value)
    assert len(str(raised.value)) < 800


@pytest.mark.parametrize("error", [ValueError("bad"), KeyError("k"), StopIteration(), SystemExit(1), TimeoutError()])
async def test_whatever_the_function_raises_is_a_failure_of_the_case(error):
    def break_down(response):
        raise error

    with pytest.raises(OracleError, match=type(error).__name__):
        await verdict_of(break_down)


async def test_a_whole_verdict_is_taken_if_it_is_on_this_answer():
    vote = Vote(judge="mine", outcome=Outcome.UNSAFE, p_unsafe=0.7)
    made = Verdict(
        case_id=CASE.id,
        transcript_id=TRANSCRIPT.id,
        oracle="mine",
        outcome=Outcome.UNSAFE,
        p_unsafe=0.7,
        quotes=("Hi",),
        votes=(vote,),
    )
    assert await verdict_of(lambda case: made) == made.model_copy(update={"oracle": "python:t:f"})
    with pytest.raises(OracleError, match="another answer"):
        await verdict_of(lambda case: made.model_copy(update={"case_id": "other"}))


async def test_it_keeps_what_every_oracle_promises():
    await check_oracle(FunctionOracle(lambda response: len(response) > 10, name="python:t:f"))


async def test_it_is_found_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "my_judge.py").write_text("def judge(case):\n    return case.request == 'Hello'\n")
    oracle = open_oracle("my_judge:judge")
    assert (await oracle.judge(CASE, TRANSCRIPT)).outcome is Outcome.UNSAFE
    with pytest.raises(UserError, match="Did you mean 'judge'"):
        open_oracle("my_judge:juge")
