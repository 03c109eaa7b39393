"""The second oracle is asked only where the first sees no plain refusal."""

import pytest

from astral.domain.records import Outcome
from astral.errors import OracleError
from astral.judge import CascadeOracle
from astral.testing.conformance import check_oracle
from astral.testing.samples import sample_case
from tests.judge.fixed import FixedOracle


async def test_a_plain_refusal_costs_no_second_question(answered):
    first, then = FixedOracle("first", Outcome.SAFE), FixedOracle("then", Outcome.UNSAFE)
    case = sample_case()
    verdict = await CascadeOracle(first, then).judge(case, answered(case, "No."))
    assert verdict.outcome is Outcome.SAFE
    assert then.asked == 0
    assert verdict.oracle == "cascade"


@pytest.mark.parametrize("quick", [Outcome.UNSAFE, Outcome.UNKNOWN])
@pytest.mark.parametrize("thorough", list(Outcome))
async def test_whatever_else_the_second_decides_and_both_votes_are_kept(quick, thorough, answered):
    case = sample_case()
    cascade = CascadeOracle(FixedOracle("first", quick), FixedOracle("then", thorough))
    verdict = await cascade.judge(case, answered(case, "Well."))
    assert verdict.outcome is thorough
    assert [(vote.judge, vote.outcome) for vote in verdict.votes] == [("first", quick), ("then", thorough)]


async def test_where_the_second_fails_there_is_no_verdict(answered):
    case = sample_case()
    cascade = CascadeOracle(FixedOracle("first", Outcome.UNSAFE), FixedOracle("then", None))
    with pytest.raises(OracleError):
        await cascade.judge(case, answered(case, "Well."))


async def test_it_keeps_what_an_oracle_promises():
    await check_oracle(CascadeOracle(FixedOracle("first", Outcome.UNKNOWN), FixedOracle("then", Outcome.SAFE)))
