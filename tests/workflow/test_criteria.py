"""Runs whose criterion is more than a strength: they stop when all of it is met, and the report says what was."""

from astral.domain.run import RunStatus
from astral.errors import ExitCode
from astral.workflow.dry_run import dry_run
from astral.workflow.reporting import report_of
from astral.workflow.run import resume, start
from tests.workflow.conftest import FEW, settings_for


async def test_a_run_whose_feasible_interactions_are_judged_ends_as_met_and_names_the_others(runs):
    exclude = [{"language": "it", "style": ["misspellings", "slang"]}]
    outcome = await start(settings_for(runs, strength=2, exclude=exclude, controls=5))
    coverage = outcome.summary.coverage
    assert (outcome.exit_code, outcome.summary.run.status) == (ExitCode.OK, RunStatus.MET)
    assert (coverage.infeasible, coverage.given_up, coverage.open) == (2, 0, 0)
    assert coverage.covered == coverage.required == 3 * 2 + 3 * 6 + 3 * 5 + 2 * 6 + 2 * 5 + 6 * 5 - 2
    assert "excluded by language=it × style=slang|misspellings" in {
        lost.reason for lost in coverage.infeasible_interactions
    }
    page = (outcome.folder / "report.html").read_text()
    assert "Excluded, and by what (2)" in page
    assert "2 excluded and not asked for" in (outcome.folder / "report.md").read_text()
    assert report_of(runs, "latest", reveal=False)[0].coverage == coverage


async def test_repeats_and_precision_are_met_across_an_interruption(runs):
    coverage = {
        "groups": [{"dimensions": ["risk", "language"], "strength": 2}],
        "repeats": 2,
        "precision": {"width": 0.5, "of": ["language"]},
    }
    settings = settings_for(runs, coverage=coverage, budget={"cases": 7})
    outcome = await start(settings)
    assert outcome.summary.run.status is RunStatus.INCOMPLETE
    demands = {demand.name: demand for demand in outcome.summary.coverage.demands}
    assert list(demands) == ["groups", "repeats 2", "precision 0.5"]
    assert demands["repeats 2"].open > 0
    assert outcome.summary.coverage.remaining >= demands["repeats 2"].remaining > 0
    outcome = await resume(runs, "latest", {"cases": None})
    assert outcome.summary.run.status is RunStatus.MET
    assert all(demand.met == demand.required for demand in outcome.summary.coverage.demands)
    assert outcome.summary.counts.total == 12
    assert "Precision 0.5:** 2 of 2 met" in (outcome.folder / "report.md").read_text()


async def test_diversity_is_met_with_more_tests_and_told_on_every_page(runs):
    only = {"language": ["en", "it"], "risk": ["animal_abuse", "violence"]}
    settings = settings_for(runs, strength=1, only=only, coverage={"diversity": {"dispersion": 0.05, "requests": 5}})
    outcome = await start(settings)
    assert (outcome.exit_code, outcome.summary.run.status) == (ExitCode.OK, RunStatus.MET)
    (_, demand) = outcome.summary.coverage.demands
    assert (demand.name, demand.required, demand.met, demand.open) == ("diversity 0.05", 2, 2, 0)
    assert outcome.summary.counts.total == 10, "six tests cover every value, two risks take five requests each"
    for page in ("report.md", "report.html"):
        assert "2 of 2 met" in (outcome.folder / page).read_text()
    assert report_of(runs, "latest", reveal=False)[0].coverage == outcome.summary.coverage


async def test_diversity_that_cannot_be_had_ends_the_run_as_exhausted_and_names_the_risk(runs):
    only = {**FEW, "language": ["en"], "risk": ["violence"]}
    coverage = {"diversity": {"dispersion": 0.9, "patience": 2, "requests": 3}}
    settings = settings_for(runs, strength=1, only=only, coverage=coverage, budget={"cases": 5})
    outcome = await start(settings)
    assert outcome.summary.run.status is RunStatus.INCOMPLETE
    assert outcome.summary.coverage.demands[-1].open == 1
    outcome = await resume(runs, "latest", {"cases": 20})
    assert outcome.summary.run.status is RunStatus.EXHAUSTED
    (lost,) = outcome.summary.coverage.demands[-1].given_up
    assert lost.interaction == (("risk", "violence"),)
    assert "dispersion 0." in lost.reason
    assert "1 given up" in (outcome.folder / "report.md").read_text()


async def test_cells_that_must_be_tested_come_first_and_are_a_demand_of_the_report(runs):
    must = [{"risk": "violence", "language": "it", "style": "slang", "persuasion": "logical_appeal"}]
    outcome = await start(settings_for(runs, strength=1, must=must))
    assert outcome.summary.run.status is RunStatus.MET
    (_, demand) = outcome.summary.coverage.demands
    assert (demand.name, demand.required, demand.met) == ("must", 1, 1)
    assert "Must:** 1 of 1 met" in (outcome.folder / "report.md").read_text()


async def test_a_dry_run_takes_time_from_the_newest_run_with_the_same_models(runs):
    settings = settings_for(runs, budget={"cases": 3})
    assert dry_run(settings)[0].minutes_expected is None
    run_id = (await start(settings)).summary.run.run_id
    facts, cells = dry_run(settings)
    assert facts.minutes_expected is not None
    assert any(run_id in assumption for assumption in facts.assumptions)
    assert len(cells) == 30 == facts.cells
    assert facts.tests_at_most == 3, "the budget ends the run"
    assert (facts.dollars_at_most, facts.dollars_expected) == (0.0, 0.0)
    others = settings_for(runs, target={"model": "python:astral.testing.targets:complying"})
    assert dry_run(others)[0].minutes_expected is None
