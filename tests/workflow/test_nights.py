import json
from datetime import UTC, datetime

import pytest
from werkzeug import Request, Response

from astral.config import FailOn, Settings
from astral.domain.records import Usage
from astral.domain.run import RunStatus
from astral.errors import ExitCode, UserError
from astral.record import Store
from astral.report.comparison import compare_runs
from astral.workflow.nights import Night, Reason, conclude, continuing, night_lines, reasons_of, rest_of
from astral.workflow.notifying import address_of, notify, notify_of_end
from astral.workflow.reporting import report_of, store_url
from astral.workflow.run import resume, start
from tests.report.conftest import Build
from tests.workflow.conftest import FEW, settings_for

SPACE = Build().space(risk=2, language=4)
NIGHT = Night(run_id="a", target="t", headline="1 of 2 <b>&", coverage=0.5)


def _summary(outcomes, **more):
    tests = [Build().judged(cell, outcome, n) for n, (cell, outcome) in enumerate(zip(SPACE.cells(), outcomes))]  # noqa: B905
    return Build().sample(SPACE, tests).summary(**more)


def _change(severity):
    cell = next(iter(SPACE.cells()))
    before, after = ([Build().judged(cell, outcome, 0, severity=severity)] for outcome in ("SAFE", "UNSAFE"))
    manifest = Build().sample(SPACE, before).manifest
    return compare_runs((manifest, before), (manifest, after))


@pytest.mark.parametrize(
    ("told", "severity", "codes"),
    [
        ({"newly_unsafe": 3}, 4, [ExitCode.UNSAFE]),
        ({"newly_unsafe": 3}, 2, []),
        ({"newly_unsafe": 3}, None, [ExitCode.UNSAFE]),
        ({}, 4, []),
    ],
)
def test_newly_unsafe_cases_fail_a_night_from_their_severity_on(told, severity, codes):
    summary = _summary(["SAFE"] * 8)
    assert [each.exit_code for each in reasons_of(FailOn(**told), summary, None, _change(severity))] == codes


@pytest.mark.parametrize(
    ("told", "outcomes", "status", "replay", "codes"),
    [
        ({"unsafe_rate": 0.1}, ["UNSAFE"] * 8, RunStatus.MET, None, [ExitCode.UNSAFE]),
        ({"unsafe_rate": 0.1}, ["UNSAFE"] + ["SAFE"] * 7, RunStatus.MET, None, []),
        ({"coverage": 0.9}, ["SAFE"] * 4, RunStatus.INCOMPLETE, None, [ExitCode.INCOMPLETE]),
        ({"coverage": 0.4}, ["SAFE"] * 4, RunStatus.INCOMPLETE, None, []),
        ({}, ["SAFE"] * 4, RunStatus.INCOMPLETE, None, [ExitCode.INCOMPLETE]),
        ({}, ["SAFE"] * 8, RunStatus.MET, RunStatus.INCOMPLETE, [ExitCode.INCOMPLETE]),
        ({"coverage": 0.4}, ["SAFE"] * 8, RunStatus.MET, RunStatus.FAILED, [ExitCode.FAILED]),
    ],
)
def test_thresholds_decide_how_a_night_ends(told, outcomes, status, replay, codes):
    summary = _summary(outcomes, status=status)
    assert [each.exit_code for each in reasons_of(FailOn(**told), summary, replay, None)] == codes


async def test_nights_go_on_with_the_coverage_of_those_before(runs):
    settings = settings_for(runs, budget={"cases": 2}, planner="covering", strength=1)
    covered, seen = [], set()
    for _ in range(6):
        night = await start(settings, continues=continuing(days=30))
        covered.append(night.summary.coverage.covered)
        # What a night did is its own; what is covered is theirs together, and stays so when it is told again.
        assert night.summary.counts.total <= 2
        assert report_of(runs, night.folder.name, reveal=False)[0].coverage == night.summary.coverage
        with Store.open(store_url(runs)) as store:
            cases = {case.id for _, case in store.cases(night.folder.name) if case.lineage.generator == "compose"}
        assert not seen & cases
        seen |= cases
        if night.exit_code is ExitCode.OK:
            break
    assert covered == sorted(set(covered))
    assert night.summary.coverage.fraction == 1
    alone = await start(settings)
    assert alone.summary.coverage.covered < covered[-1]


async def test_a_night_that_is_resumed_knows_of_the_earlier_ones_still(runs):
    settings = settings_for(runs, budget={"cases": 4}, planner="covering")
    await start(settings)
    second = await start(settings, continues=continuing(days=30))
    again = await resume(runs, second.folder.name, {"cases": 6})
    assert again.summary.counts.total == 6
    assert again.summary.coverage.covered > second.summary.coverage.covered


async def test_old_nights_and_other_judges_count_no_more(runs):
    settings = settings_for(runs, budget={"cases": 4}, planner="covering")
    first = await start(settings)
    with Store.open(store_url(runs)) as store:
        manifest = store.manifest(first.folder.name)
        later = manifest.model_copy(update={"created": datetime(2100, 1, 1, tzinfo=UTC)})
        other = manifest.model_copy(update={"models": {**manifest.models, "judge": "llm:local"}})
        assert list(continuing(30)(store, manifest)) == [manifest.run_id]
        assert not continuing(30)(store, later)
        assert not continuing(30)(store, other)


async def test_a_night_without_anything_to_do_says_so(runs):
    settings = settings_for(runs, only=FEW, controls=0)
    await start(settings)
    night = await start(settings, continues=continuing(days=30))
    told, _ = conclude(settings, night.summary, None, None)
    assert (night.summary.counts.total, told.exit_code) == (0, ExitCode.OK)
    assert "Nothing new was tested" in night_lines(told)[0]


def test_a_webhook_hears_what_slack_can_read(httpserver):
    heard = []

    def hook(request: Request) -> Response:
        heard.append(json.loads(request.data))
        return Response("ok")

    httpserver.expect_request("/hook", method="POST").respond_with_handler(hook)
    reason = Reason(exit_code=ExitCode.UNSAFE, text="newly unsafe")
    night = NIGHT.model_copy(update={"reasons": (reason,), "exit_code": ExitCode.UNSAFE})
    assert notify(httpserver.url_for("/hook"), night) == ""
    assert "exit code 1" in heard[0]["text"]
    assert "&lt;b&gt;&amp;" in heard[0]["text"]
    assert heard[0]["astral"]["reasons"] == [{"exit_code": 1, "text": "newly unsafe"}]


def test_the_second_run_of_a_night_has_what_the_first_one_left():
    usage = {"target": Usage(prompt_tokens=70, completion_tokens=20)}
    spent = _summary(["SAFE"] * 8, usage=usage)
    told = Settings.model_validate({"budget": {"tokens": 100, "minutes": 10, "cases": 5}})
    assert rest_of(told, spent, seconds=360).budget.model_dump() == {
        "tokens": 10, "minutes": pytest.approx(4), "cases": 5, "dollars": None,
    }  # fmt: skip
    over = rest_of(told, spent, seconds=3600).budget
    assert 0 < over.minutes < 1e-3
    assert rest_of(Settings(), spent, seconds=1).budget == Settings().budget


async def test_a_run_with_next_to_nothing_left_ends_in_order(runs):
    settings = settings_for(runs, budget={"minutes": 1e-6})
    ran = await start(settings)
    assert (ran.exit_code, ran.summary.counts.total) == (ExitCode.INCOMPLETE, 0)


def test_a_webhook_hears_of_a_night_that_came_to_nothing(httpserver):
    heard = []
    httpserver.expect_request("/hook", method="POST").respond_with_handler(
        lambda request: heard.append(json.loads(request.data)) or Response("ok")
    )
    assert notify_of_end(httpserver.url_for("/hook"), "openai:x", 3, "the store <b> cannot be written") == ""
    assert "openai:x: the store &lt;b&gt;" in heard[0]["text"]
    assert heard[0]["astral"]["exit_code"] == 3


def test_a_webhook_that_fails_is_told_without_its_address(httpserver):
    httpserver.expect_request("/secret").respond_with_data("no", status=500)
    for url in (httpserver.url_for("/secret"), "http://127.0.0.1:1/secret", "http://[secret"):
        problem = notify(url, NIGHT)
        assert "nothing of the night is lost" in problem
        assert "secret" not in problem


def test_an_address_stands_in_the_environment_alone(monkeypatch):
    with pytest.raises(ValueError, match="is a secret") as wrong:
        Settings.model_validate({"nightly": {"webhook": "https://hooks.example/T0/B0/xyz"}})
    assert "xyz" not in wrong.value.errors(include_url=False, include_input=False)[0]["msg"]
    with pytest.raises(UserError, match="needs MY_HOOK"):
        address_of("${MY_HOOK}")
    monkeypatch.setenv("MY_HOOK", "xyz")
    with pytest.raises(UserError, match="no address") as shown:
        address_of("${MY_HOOK}")
    assert "xyz" not in str(shown.value)
