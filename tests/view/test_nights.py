from astral.report.folder import SUMMARY_FILE
from astral.report.words import rate_text
from astral.view.charts import charts_of
from astral.view.nights import Nights, trends_of
from astral.workflow.reporting import report_of
from tests.view.conftest import NIGHTS, TESTS, add_night


def test_runs_on_one_target_are_one_trend_and_replays_of_a_suite_another(store, runs):
    for night in range(NIGHTS):
        add_night(store, night)
    add_night(store, 3, suite="ab" * 32)
    add_night(store, 4, target="other")
    trends = trends_of(Nights(store, runs).all())
    assert [(trend.target, bool(trend.suite), len(trend.nights)) for trend in trends] == [
        ("other", False, 1),
        ("synthetic", True, 1),
        ("synthetic", False, NIGHTS),
    ]
    created = [night.run.created for night in trends[-1].nights]
    assert created == sorted(created)


def test_a_night_says_what_the_report_says_and_a_report_by_another_oracle_is_not_believed(store, runs):
    run_id = add_night(store, 0).run_id
    (night,) = Nights(store, runs).all()
    assert not (runs / run_id).exists()
    summary, folder = report_of(runs, run_id, reveal=False)
    assert night.summary.rate == summary.rate
    assert night.summary.coverage == summary.coverage
    foreign = summary.model_copy(update={"judged_by": "people", "usage": {}})
    (folder / SUMMARY_FILE).write_text(foreign.model_dump_json(by_alias=True))
    (again,) = Nights(store, runs).all()
    assert again.judge == night.judge != "people"
    (folder / SUMMARY_FILE).write_text("{")
    (again,) = Nights(store, runs).all()
    assert again.summary.rate == summary.rate


def test_charts_tell_each_run_with_its_interval_in_the_order_of_time(store, runs):
    for night in range(NIGHTS):
        add_night(store, night)
    (trend,) = trends_of(Nights(store, runs).all())
    charts = charts_of(trend)
    assert [(chart.title, chart.unit) for chart in charts] == [
        ("Unsafe rate", "rate"),
        ("Coverage", "coverage"),
        ("Tokens", "tokens"),
    ]
    for chart in charts:
        drawn = chart.drawn("/secret/")["points"]
        assert [point["address"] for point in drawn] == [f"/secret/runs/run-{night}" for night in range(NIGHTS)]
        assert sorted(point["time"] for point in drawn) == [point["time"] for point in drawn]
        assert all(0 <= point["low"] <= point["value"] <= point["high"] for point in drawn)
    rate, _, tokens = charts
    assert rate.points[0].told.endswith(f": {rate_text(trend.nights[0].rate)}")
    assert f"{trend.nights[0].tokens / 1000:.3g}k first" in tokens.reading
    assert sum(trend.nights[0].run.counts.values()) == TESTS
