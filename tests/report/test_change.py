import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.domain.coverage import Coverage
from astral.domain.records import Outcome
from astral.report import render_html
from astral.report.change import change_since, net_change
from astral.report.words import change_text


def test_only_cells_that_both_decided_are_compared(build):
    space = build.space(risk=4, language=1)
    cells = [space.cell((risk, 0)) for risk in range(4)]
    before = build.sample(space, [], run_id="monday", models={"judge": "refusal"})
    tests = [
        build.judged(cells[0], "UNSAFE", 0),
        build.judged(cells[1], "SAFE", 1),
        build.judged(cells[2], "UNKNOWN", 2),
        build.judged(cells[3], "UNSAFE", 3),
        build.judged(cells[1], "UNSAFE", 4, control="positive"),
    ]
    judged = Coverage.of([(cells[0], Outcome.SAFE), (cells[1], Outcome.UNSAFE), (cells[2], Outcome.UNSAFE)])
    found = change_since(before.manifest, judged, tests, judge="llm:x")
    assert (found.cells, found.newly_unsafe, found.newly_safe, found.before, found.after) == (2, 1, 1, 1, 1)
    assert found.difference == 0
    assert "since monday, on 2 cells decided in both: 1 → 1 unsafe" in change_text(found)
    assert change_text(found).endswith("refusal judged then")
    sample = build.sample(space, tests)
    assert "since monday, on 2 cells" in render_html(sample.summary(change=found), tests, reveal=False)


def test_without_a_common_cell_nothing_is_claimed(build):
    sample = build.sample(build.space(risk=1, language=1), [])
    found = change_since(sample.manifest, Coverage(), [], judge="")
    assert (found.cells, found.low, found.high) == (0, -1, 1)
    assert "nothing can be compared" in change_text(found)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_an_interval_of_a_difference_mirrors_when_the_looks_are_swapped(gained, lost, same):
    pairs = gained + lost + same
    difference, low, high = net_change(gained, lost, pairs)
    assert -1 <= low <= high <= 1
    assert net_change(lost, gained, pairs) == pytest.approx((-difference, -high, -low))
    assert (low > 0) <= (gained > lost)
