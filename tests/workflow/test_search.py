"""A run whose planner goes on when all is covered."""

import json

import pytest

from astral.domain.run import RunStatus
from astral.errors import UserError
from astral.workflow.run import start
from tests.workflow.conftest import settings_for

ALL_COVERED = 30


async def test_a_search_goes_on_until_its_cases_are_spent_and_tells_rates_without_its_bias(runs):
    outcome = await start(settings_for(runs, planner="thompson", budget={"cases": 50}))
    summary = outcome.summary
    assert summary.run.status is RunStatus.MET
    assert summary.counts.total == 50 > ALL_COVERED
    told = json.loads((outcome.folder / "summary.json").read_text())["unbiased_rates"]
    assert 0 <= told["overall"]["low"] <= told["overall"]["fraction"] <= told["overall"]["high"] <= 1
    assert set(told["by_value"]) == {part.dimension for part in summary.by_dimension}


async def test_without_a_search_there_is_no_second_rate(runs):
    outcome = await start(settings_for(runs, budget={"cases": 50}))
    assert outcome.summary.counts.total == ALL_COVERED
    assert outcome.summary.unbiased_rates is None


async def test_rates_are_told_of_what_was_not_excluded(runs):
    excluded = [{"risk": "violence", "language": "it"}]
    outcome = await start(settings_for(runs, planner="uniform", exclude=excluded, budget={"cases": 40}))
    assert outcome.summary.counts.total == 40
    assert set(outcome.summary.unbiased_rates.by_value["language"]) == {"en", "it"}


async def test_a_search_without_a_budget_of_cases_is_refused_before_anything_is_sent(tmp_path):
    with pytest.raises(UserError, match="--max-cases"):
        await start(settings_for(tmp_path / "runs", planner="ucb", budget={"tokens": 1000}))
    assert not (tmp_path / "runs").exists()
