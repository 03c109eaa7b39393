import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.report.folder import SUMMARY_FILE
from astral.view.charts import HEIGHT, WIDTH, charts_of, nice
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


def test_marks_stand_in_the_picture_within_their_intervals_in_the_order_of_time(store, runs):
    for night in range(NIGHTS):
        add_night(store, night)
    (trend,) = trends_of(Nights(store, runs).all())
    rate, coverage, cost = charts_of(trend)
    for chart in (rate, coverage, cost):
        places = [mark.x for mark in chart.marks]
        assert places == sorted(places)
        assert all(0 <= mark.high <= mark.y <= mark.low <= HEIGHT and 0 <= mark.x <= WIDTH for mark in chart.marks)
    assert all(mark.high < mark.low for mark in rate.marks)
    assert [text for _, text in coverage.ticks] == ["0\u00a0%", "50\u00a0%", "100\u00a0%"]
    assert cost.title == "Tokens"
    assert f"{trend.nights[0].tokens / 1000:.3g}k first" in cost.reading
    assert sum(trend.nights[0].run.counts.values()) == TESTS


@given(st.floats(1e-6, 1e9))
def test_a_scale_ends_at_a_round_number_not_far_above(most):
    top = nice(most)
    assert most * 0.999 <= top <= 2.5 * most * 1.001


@pytest.mark.parametrize(("most", "top"), [(0.18, 0.2), (1, 1), (21, 25), (0.6, 1), (0.0042, 0.005)])
def test_scales(most, top):
    assert nice(most) == pytest.approx(top)
