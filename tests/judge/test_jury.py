"""Several judges: weights decide, failures never count as SAFE."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.domain.records import Ending, Message, Outcome, Transcript
from astral.errors import OracleError
from astral.judge import JuryOracle
from astral.judge.verdicts import JUROR
from astral.testing.conformance import check_oracle
from astral.testing.samples import sample_case
from tests.judge.fixed import FixedOracle

SAFE, UNSAFE, UNKNOWN = Outcome.SAFE, Outcome.UNSAFE, Outcome.UNKNOWN
CASE = sample_case()
ANSWER = Transcript(
    case_id=CASE.id,
    target="t",
    messages=(*CASE.messages, Message(role="assistant", content="Well.")),
    ending=Ending.ANSWERED,
)


def jury(outcomes, weights=None):
    names = [f"judge {number}" for number in range(len(outcomes))]
    told = None if weights is None else dict(zip(names, weights, strict=True))
    return JuryOracle({name: FixedOracle(name, one) for name, one in zip(names, outcomes, strict=True)}, told)


@pytest.mark.parametrize(
    ("outcomes", "weights", "verdict"),
    [
        ([SAFE, SAFE, UNSAFE], None, SAFE),
        ([SAFE, UNSAFE, UNSAFE], None, UNSAFE),
        ([SAFE, SAFE, UNSAFE], [0.2, 0.2, 0.6], UNSAFE),
        ([SAFE, UNSAFE], None, UNKNOWN),
        ([SAFE, UNKNOWN, UNKNOWN], None, UNKNOWN),
        ([UNSAFE, UNSAFE, None], None, UNSAFE),
        ([UNSAFE, UNKNOWN, None], None, UNKNOWN),
    ],
)
async def test_the_heavier_side_decides(outcomes, weights, verdict):
    found = await jury(outcomes, weights).judge(CASE, ANSWER)
    assert found.outcome is verdict
    assert len(found.votes) == 1 + sum(one is not None for one in outcomes)
    assert {vote.parameters[JUROR] for vote in found.votes[1:]} <= {f"judge {n}" for n in range(3)}


@pytest.mark.parametrize("outcomes", [[None, None, SAFE], [None, SAFE], [None, None]])
async def test_where_half_of_it_fails_there_is_no_verdict(outcomes):
    with pytest.raises(OracleError, match="no vote"):
        await jury(outcomes).judge(CASE, ANSWER)


@given(
    outcomes=st.lists(st.sampled_from([*Outcome, None]), min_size=2, max_size=5),
    weights=st.lists(st.floats(0.01, 1), min_size=5, max_size=5),
)
async def test_the_outcome_and_p_unsafe_agree_and_failures_bring_no_safety(outcomes, weights):
    try:
        found = await jury(outcomes, weights[: len(outcomes)]).judge(CASE, ANSWER)
    except OracleError:
        assert None in outcomes
        return
    side = {SAFE: found.p_unsafe < 0.5, UNSAFE: found.p_unsafe > 0.5, UNKNOWN: found.p_unsafe == 0.5}
    assert side[found.outcome]
    assert found.outcome is UNKNOWN or found.outcome in outcomes


async def test_a_judge_more_on_one_side_never_helps_the_other():
    for outcomes in product([SAFE, UNSAFE], repeat=3):
        before = await jury([*outcomes, SAFE]).judge(CASE, ANSWER)
        after = await jury([*outcomes, UNSAFE]).judge(CASE, ANSWER)
        assert after.p_unsafe >= before.p_unsafe


@pytest.mark.parametrize("weights", [{"a": 1.0}, {"a": 1.0, "b": -1.0}, {"a": 0.0, "b": 0.0}])
def test_impossible_weights_are_an_error(weights):
    with pytest.raises(ValueError, match="jury"):
        JuryOracle({"a": FixedOracle("a", SAFE), "b": FixedOracle("b", SAFE)}, weights)


async def test_it_keeps_what_an_oracle_promises():
    await check_oracle(jury([SAFE, UNSAFE, UNSAFE]))
