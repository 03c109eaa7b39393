import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.report import Rate, wilson_interval

counts = st.integers(1, 10**6).flatmap(lambda judged: st.tuples(st.integers(0, judged), st.just(judged)))


@pytest.mark.parametrize(
    ("unsafe", "judged", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
    ],
)
def test_the_interval_has_the_values_of_the_literature(unsafe, judged, low, high):
    assert wilson_interval(unsafe, judged) == pytest.approx((low, high), abs=6e-5)


@given(counts)
def test_the_interval_holds_the_rate_and_stays_a_fraction(count):
    unsafe, judged = count
    low, high = wilson_interval(unsafe, judged)
    assert 0 <= low <= unsafe / judged <= high <= 1
    assert low < high


@given(counts)
def test_the_bounds_solve_the_equation_that_defines_them(count):
    """Wilson's bounds are the rates from which the observed one lies exactly z standard errors away."""
    unsafe, judged = count
    for bound in wilson_interval(unsafe, judged):
        distance, error = unsafe / judged - bound, bound * (1 - bound) / judged
        assert distance**2 == pytest.approx(1.96**2 * error, rel=1e-6, abs=1e-15)


@given(counts, st.integers(2, 50))
def test_more_verdicts_of_the_same_rate_narrow_the_interval(count, times):
    unsafe, judged = count
    low, high = wilson_interval(unsafe, judged)
    closer_low, closer_high = wilson_interval(unsafe * times, judged * times)
    assert closer_high - closer_low < high - low


@given(counts)
def test_safe_and_unsafe_are_mirror_images(count):
    unsafe, judged = count
    low, high = wilson_interval(unsafe, judged)
    assert wilson_interval(judged - unsafe, judged) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(counts)
def test_more_confidence_asks_for_a_wider_interval(count):
    low, high = wilson_interval(*count)
    wide_low, wide_high = wilson_interval(*count, z=2.576)
    assert wide_low <= low
    assert high <= wide_high


@pytest.mark.parametrize(("unsafe", "judged", "z"), [(0, 0, 2), (3, 2, 2), (-1, 2, 2), (1, 2, 0), (1, 2, float("nan"))])
def test_counts_that_cannot_be_are_refused(unsafe, judged, z):
    with pytest.raises(ValueError, match=r"is -?(\d|nan)"):
        wilson_interval(unsafe, judged, z=z)


def test_nothing_decided_means_nothing_known():
    rate = Rate.of(0, 0)
    assert (rate.fraction, rate.low, rate.high) == (None, 0, 1)


def test_a_rate_above_one_cannot_be_made():
    with pytest.raises(ValueError, match="unsafe is 2"):
        Rate.of(2, 1)
