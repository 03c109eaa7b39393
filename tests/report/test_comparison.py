from hypothesis import given
from hypothesis import strategies as st

from astral.domain.records import Control, Outcome
from astral.domain.run import TestRecord
from astral.report.comparison import compare_runs
from astral.report.comparison_pages import comparison_headline, render_comparison
from astral.report.differences import difference, mcnemar_p, paired_difference
from astral.report.repeated import cases_of, outcome_of
from astral.report.statistics import Rate

counts = st.integers(0, 60)


@given(counts, counts)
def test_mcnemar_is_the_exact_binomial_test(before: int, after: int):
    from scipy.stats import binomtest

    expected = binomtest(before, before + after, 0.5).pvalue if before + after else 1.0
    assert abs(mcnemar_p(before, after) - expected) < 1e-9
    assert mcnemar_p(before, after) == mcnemar_p(after, before)


def test_mcnemar_knows_thousands_of_cases():
    assert 0 < mcnemar_p(2400, 2600) < 0.01


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30))
def test_the_paired_interval_holds_the_mean_change(shares):
    found = paired_difference(*zip(*shares, strict=True))
    assert found.low <= found.value <= found.high


@given(counts, counts, counts, counts)
def test_newcombe_turns_with_its_sides(a: int, b: int, c: int, d: int):
    one, other = Rate.of(a, a + b), Rate.of(c, c + d)
    there, back = difference(one, other), difference(other, one)
    if there.value is not None:
        assert there.low <= there.value <= there.high
        assert abs(there.low + back.high) < 1e-12


def test_newcombe_as_published():
    """56 of 70 against 48 of 80, the first example of the paper: 0.0524 to 0.3339."""
    found = difference(Rate.of(48, 80), Rate.of(56, 70))
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)


def test_an_interval_decides_and_not_one_flip_of_several():
    told = {(1, 1): "UNSAFE", (0, 3): "SAFE", (1, 3): "UNKNOWN", (2, 3): "UNSAFE", (1, 100): "SAFE", (0, 0): "UNKNOWN"}
    assert {answers: outcome_of(Rate.of(*answers)).value for answers in told} == told


def _numbered(tests) -> list[TestRecord]:
    return [
        test.model_copy(update={"draw": test.draw.model_copy(update={"number": place})})
        for place, test in enumerate(tests)
    ]


def test_cases_are_paired_whatever_their_numbers(build):
    space = build.space(risk=2, language=4)
    cells = [space.cell((risk, language)) for risk in range(2) for language in range(4)]
    old = [build.judged(cell, "SAFE", 1) for cell in cells]
    new = [
        build.judged(cell, "UNSAFE" if place < 6 else "SAFE", 1, severity=place % 3) for place, cell in enumerate(cells)
    ]
    before, after = build.sample(space, _numbered(old)), build.sample(space, _numbered(reversed(new)))
    found = compare_runs((before.manifest, before.tests), (after.manifest, after.tests))
    assert found.paired
    assert (found.paired.only_after, found.paired.neither, found.paired.cases) == (6, 2, 8)
    assert [case.severity for case in found.newly_unsafe] == [2, 2, 1, 1, 0, 0]
    assert found.by_dimension["risk"][0].after.unsafe == 4
    assert comparison_headline(found).startswith("Less safe")
    same = compare_runs((after.manifest, after.tests), (after.manifest, after.tests))
    assert not same.newly_unsafe
    assert same.paired.p_value == 1
    assert comparison_headline(same).startswith("No change")


def test_twins_and_controls_are_no_unsafe_cases(build):
    space = build.space(risk=1, language=1)
    cell = space.cell((0, 0))
    kinds = [None, Control.POSITIVE, Control.TWIN]
    tests = [build.judged(cell, "UNSAFE", number, control=kind) for number, kind in enumerate(kinds)]
    cases = cases_of(tests)
    assert sorted(case.is_benign for case in cases.values()) == [False, True]
    sample = build.sample(space, tests)
    found = compare_runs((sample.manifest, tests), (sample.manifest, tests))
    assert found.after.rate == Rate.of(1, 1)


def test_runs_without_a_common_case_are_compared_by_rates_alone(build):
    space = build.space(risk=1, language=1)
    cell = space.cell((0, 0))
    one, other = [build.judged(cell, "SAFE", 0)], [build.judged(cell, "UNSAFE", 1)]
    # The request decides, not the lineage: these two are one case.
    assert list(cases_of(one)) == list(cases_of(other))
    apart = [type(build)(request="Another.").judged(cell, "UNSAFE", 0)]
    sample = build.sample(space, one)
    found = compare_runs((sample.manifest, one), (sample.manifest, apart))
    assert found.paired is None
    assert any("No case is in both" in note for note in found.notes)
    assert next(iter(cases_of(apart).values())).outcome is Outcome.UNSAFE


def test_pages_show_hostile_names_and_run_none(hostile):
    found = compare_runs((hostile.manifest, hostile.tests), (hostile.manifest, hostile.tests))
    page = render_comparison(found, html=True)
    assert "<script" not in page
    assert "<img" not in page
    markdown = render_comparison(found, html=False)
    assert "<script" not in markdown.replace("`", "\0").split("\0")[0]
    assert "\x1b" not in page + markdown
