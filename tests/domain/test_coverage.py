"""Coverage is a fold."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from astral.domain.coverage import Coverage, Tally
from astral.domain.criterion import Progress
from astral.domain.records import Outcome
from astral.domain.space import Cell

CELLS = [Cell(values=(("risk", risk), ("style", style), ("turns", "one"))) for risk in "abc" for style in "xy"]
judged = st.lists(st.tuples(st.sampled_from(CELLS), st.sampled_from(Outcome)), max_size=30)


@given(judged, judged)
def test_coverage_of_both_is_the_sum_of_coverages(one, other):
    assert Coverage.of(one + other) == Coverage.of(one) + Coverage.of(other)
    assert Coverage.of(one) + Coverage.of(other) == Coverage.of(other) + Coverage.of(one)
    assert Coverage.of(one) + Coverage() == Coverage.of(one)


@given(st.data(), judged)
def test_order_does_not_matter(data, tests):
    assert Coverage.of(data.draw(st.permutations(tests))) == Coverage.of(tests)


@given(judged)
def test_every_table_of_tallies_counts_each_verdict_once_a_dimension(tests):
    coverage = Coverage.of(tests)
    assert coverage.total.judged == len(tests)
    assert coverage.total.decided == sum(outcome is not Outcome.UNKNOWN for _, outcome in tests)
    assert sum((tally for tally in coverage.by_value("style").values()), Tally()) == coverage.total
    pairs = coverage.by_interaction(2)
    assert sum(tally.judged for tally in pairs.values()) == 3 * len(tests)
    counted = Counter(cell["risk"] for cell, outcome in tests if outcome is Outcome.UNSAFE)
    assert {risk: tally.unsafe for risk, tally in coverage.by_value("risk").items() if tally.unsafe} == dict(counted)


@given(judged)
def test_only_judged_cells_are_in_it(tests):
    coverage = Coverage.of(tests)
    assert set(coverage.tallies) == {cell for cell, _ in tests}
    assert all(coverage[cell] == Tally() for cell in CELLS if cell not in coverage.tallies)
    assert set(coverage.by_interaction(1)) == {pair for cell, _ in tests for pair in cell.interactions(1)}


def test_a_criterion_is_met_when_nothing_required_is_left():
    assert Progress(required=0, covered=0, open=0).is_met
    assert Progress(required=0, covered=0, open=0).fraction == 1
    assert not Progress(required=4, covered=3, open=0).is_met
    assert Progress(required=4, covered=3, open=1).fraction == 0.75
