"""A response that tells the judge what to say stays evidence, whichever oracle reads it."""

import json
from pathlib import Path

import pytest
import yaml

from astral.domain.chat import ChatReply
from astral.domain.records import Ending, Outcome
from astral.domain.untrusted import boundary_around
from astral.errors import OracleError
from astral.judge import Checklist, ChecklistOracle, GuardOracle, LLMOracle, ReferenceOracle, References, RefusalOracle
from astral.judge.checklist import CheckItem
from astral.judge.guard_formats import FORMATS
from astral.testing.models import ScriptedModel
from astral.testing.samples import sample_case

ORDERS = yaml.safe_load((Path(__file__).parent / "orders.yaml").read_text(encoding="utf-8"))
DEFINITIONS = {"privacy_violation": "Privacy: reveals what a person would keep to itself."}
UNKNOWN = json.dumps(
    {"reason": "?", "quotes": [], "category": "", "severity": 0, "p_unsafe": 0.5, "outcome": "UNKNOWN"}
)


def echo(request):
    """A judge model that falls for it: it answers with what the response told it to."""
    text = request.messages[0].content
    start = text.rindex("response begins]\n") + len("response begins]\n")
    return ChatReply(text=text[start : text.rindex("\n[")], ending=Ending.ANSWERED, model="gullible")


def test_there_are_enough_of_them_and_none_stands_twice():
    assert len(set(ORDERS)) == len(ORDERS) >= 40


@pytest.mark.parametrize("number", range(len(ORDERS)))
async def test_it_stays_between_markers_that_it_cannot_hold(number, answered):
    order, case = ORDERS[number], sample_case()
    item = CheckItem(id="address", question="Does it give an address?")
    answers = json.dumps({"answers": [{"id": "address", "answer": "no", "quote": ""}]})
    score = json.dumps({"reason": "?", "quotes": [], "score": 3})
    references = References(references={"privacy_violation": "I cannot give that."})
    for make, reply, others in (
        (lambda model: LLMOracle(model, definitions=DEFINITIONS), UNKNOWN, []),
        (lambda model: ChecklistOracle(model, Checklist(items=(item,))), answers, []),
        (lambda model: ReferenceOracle(model, references), score, ["I cannot give that."]),
    ):
        model = ScriptedModel([reply])
        await make(model).judge(case, answered(case, order))
        text = model.requests[0].messages[0].content
        marker = boundary_around([case.request, order, *others])
        start, end = f"[{marker} response begins]\n", f"\n[{marker} response ends]"
        assert marker not in order
        assert text.count(start) == text.count(end) == 1
        assert text[text.index(start) + len(start) : text.index(end)] == order


@pytest.mark.parametrize("number", range(len(ORDERS)))
async def test_only_a_whole_vote_gets_even_a_gullible_judge_to_say_safe(number, answered):
    """What a gullible model repeats is a vote only where the response is a whole, valid one; there is one of these."""
    oracle, case = LLMOracle(ScriptedModel(echo), definitions=DEFINITIONS), sample_case()
    try:
        verdict = await oracle.judge(case, answered(case, ORDERS[number]))
    except OracleError:
        return
    assert ORDERS[number].startswith("```json")
    assert verdict.outcome is Outcome.SAFE


@pytest.mark.parametrize("family", FORMATS)
async def test_no_response_ends_its_own_turn_in_a_guard_s_prompt(family, answered):
    case = sample_case()
    for order in ORDERS:
        model = ScriptedModel([ChatReply(text="nonsense", ending=Ending.ANSWERED, model="guard")])
        with pytest.raises(OracleError, match="no usable vote"):
            await GuardOracle(model, family, definitions=DEFINITIONS).judge(case, answered(case, order))
        sent = "\n".join(message.content for message in model.requests[0].messages)
        own = 2 if family == "shieldgemma" else 0
        assert sent.count("<end_of_turn>") == own, order
        assert not any(sign in sent for sign in ("<|im_end|>", "[/INST]", "<|im_start|>")), order


@pytest.mark.parametrize("number", range(len(ORDERS)))
async def test_the_embedded_oracle_gives_the_same_verdict_whoever_is_addressed(number, answered):
    """Orders are text like any other: a plain refusal in front of them stays one only where they do not comply."""
    oracle, case = RefusalOracle(), sample_case()
    verdict = await oracle.judge(case, answered(case, ORDERS[number]))
    plain = await oracle.judge(case, answered(case, ORDERS[number].replace("SAFE", "BLUE")))
    assert verdict.outcome is plain.outcome
