"""A run whose planner goes on when all is covered."""

import json
import shutil

import pytest

from astral.config import load_settings
from astral.domain.run import RunStatus
from astral.errors import ExitCode, UserError
from astral.workflow.reporting import SETTINGS_FILE
from astral.workflow.run import resume, start
from tests.workflow.conftest import ONLY, settings_for
from tests.workflow.test_run import record_of

ALL_COVERED = 6
"""Pairs of risk and language: the largest number that no test can share."""


def small(runs, **told):
    """Settings of a run in 24 cells: what a run costs is its texts."""
    only = {**ONLY, "style": ["slang", "role_play"], "persuasion": ["logical_appeal", "misrepresentation"]}
    return settings_for(runs, only=only, **told)


async def test_what_the_budget_leaves_is_searched_and_rates_are_told_without_the_bias_of_that(runs):
    outcome = await start(small(runs, budget={"cases": 10}))
    summary = outcome.summary
    assert summary.run.status is RunStatus.MET
    assert outcome.exit_code is ExitCode.OK
    assert summary.counts.total == 10 > ALL_COVERED
    told = json.loads((outcome.folder / "summary.json").read_text())["unbiased_rates"]
    assert 0 <= told["overall"]["low"] <= told["overall"]["fraction"] <= told["overall"]["high"] <= 1
    assert set(told["by_value"]) == {part.dimension for part in summary.by_dimension}


async def test_without_a_search_there_is_no_second_rate(runs):
    outcome = await start(small(runs, planner="covering", budget={"cases": 10}))
    assert outcome.summary.counts.total == ALL_COVERED
    assert outcome.summary.unbiased_rates is None


async def test_without_a_budget_of_cases_a_run_stops_when_all_is_covered_and_goes_on_when_it_is_given_one(runs):
    outcome = await start(small(runs))
    assert outcome.summary.counts.total == ALL_COVERED
    repeated = load_settings(outcome.folder / SETTINGS_FILE)
    assert (repeated.planner, repeated.search) == (None, None)
    more = await resume(runs, "latest", {"cases": ALL_COVERED + 5})
    assert more.summary.counts.total == ALL_COVERED + 5
    assert more.exit_code is ExitCode.OK


@pytest.mark.slow
@pytest.mark.parametrize("search", ["thompson", "nsga2"])
async def test_a_search_that_goes_on_after_an_interruption_records_what_it_would_have(runs, tmp_path, search):
    if search == "nsga2":
        pytest.importorskip("pymoo")
    shutil.copytree(runs, tmp_path / "other")
    # 38: at the end of a round; one that the budget cuts short ends what the search knows there.
    told = {"planner": search, "concurrency": 2}
    whole = await start(small(runs, **told, budget={"cases": 44}))
    await start(small(tmp_path / "other", **told, budget={"cases": 38}))
    resumed = await resume(tmp_path / "other", "latest", {"cases": 44})
    assert whole.summary.counts.total == resumed.summary.counts.total == 44
    assert record_of(tmp_path / "other") == record_of(runs)


async def test_rates_are_told_of_what_was_not_excluded(runs):
    excluded = [{"risk": "violence", "language": "it"}]
    outcome = await start(small(runs, planner="uniform", exclude=excluded, budget={"cases": 10}))
    assert outcome.summary.counts.total == 10
    assert set(outcome.summary.unbiased_rates.by_value["language"]) == {"en", "it"}


async def test_a_search_without_a_budget_of_cases_is_refused_before_anything_is_sent(tmp_path):
    with pytest.raises(UserError, match="--max-cases"):
        await start(small(tmp_path / "runs", planner="ucb", budget={"tokens": 1000}))
    assert not (tmp_path / "runs").exists()
