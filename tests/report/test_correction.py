"""Rates freed from the judge's errors: their intervals hold the truth as often as they say."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.domain.calibration import Confusion
from astral.domain.records import Outcome
from astral.judge.audit import audit_sample
from astral.report.correction import (
    LEAST_LABELS,
    Audit,
    Stratum,
    prediction_powered,
    rogan_gladen,
    stratified_audit,
)

SAFE, UNSAFE, UNKNOWN = Outcome.SAFE, Outcome.UNSAFE, Outcome.UNKNOWN
PATH = Path(__file__).parents[2] / "benchmarks" / "calibration.py"
GOOD = Confusion(unsafe_as_unsafe=54, unsafe_as_safe=6, safe_as_unsafe=12, safe_as_safe=228)


def part(outcome, answers, labelled=0, unsafe=0):
    return Stratum(outcome=outcome, answers=answers, labelled=labelled, unsafe=unsafe)


@pytest.fixture(scope="module")
def trials():
    """The simulation of the benchmark, at true rates of 1, 2 and 3 %: 2,000 verdicts, 300 labels."""
    spec = importlib.util.spec_from_file_location("calibration_benchmark", PATH)
    benchmark = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        # As it is where the program is started: its neighbours can be imported.
        patch.syspath_prepend(PATH.parent)
        spec.loader.exec_module(benchmark)
    return {
        rate: (benchmark, [benchmark.simulate(np.random.default_rng([7, n]), rate, 0.9, 0.95) for n in range(200)])
        for rate in (0.01, 0.02, 0.03)
    }


@pytest.mark.parametrize("rate", [0.01, 0.02, 0.03])
def test_the_uncorrected_interval_never_holds_the_truth(trials, rate):
    benchmark, runs = trials[rate]
    held, _, mean = benchmark.coverage_and_width(runs, "uncorrected")
    assert held == 0
    assert mean > 2 * rate


@pytest.mark.parametrize("rate", [0.01, 0.02, 0.03])
def test_the_stratified_audit_holds_it_and_with_a_calibration_within_a_point(trials, rate):
    benchmark, runs = trials[rate]
    held, width, mean = benchmark.coverage_and_width(runs, "stratified audit")
    assert held >= 0.97
    assert width < 0.016
    assert mean == pytest.approx(rate, abs=0.002)
    held, width, mean = benchmark.coverage_and_width(runs, "the same with calibration")
    assert held >= 0.92
    assert width < 0.008
    assert mean == pytest.approx(rate, abs=0.001)


@pytest.mark.parametrize("rate", [0.01, 0.02, 0.03])
def test_the_other_two_hold_it_but_are_several_points_wide(trials, rate):
    benchmark, runs = trials[rate]
    for method in ("Rogan-Gladen", "prediction-powered"):
        held, width, _ = benchmark.coverage_and_width(runs, method)
        assert held >= 0.9, method
        assert 0.03 < width < 0.08, method


strata = st.lists(
    st.tuples(st.sampled_from(Outcome), st.integers(0, 60)).flatmap(
        lambda told: st.integers(0, told[1]).flatmap(
            lambda labelled: st.integers(0, labelled).map(
                lambda unsafe: Stratum(outcome=told[0], answers=told[1], labelled=labelled, unsafe=unsafe)
            )
        )
    ),
    max_size=5,
).filter(lambda found: any(one.answers for one in found))


@given(strata, st.sampled_from([None, GOOD]))
def test_what_was_seen_bounds_the_rate(found, calibration):
    rate = stratified_audit(found, calibration)
    total = sum(one.answers for one in found)
    seen = sum(one.unsafe for one in found)
    cleared = sum(one.labelled - one.unsafe for one in found)
    assert seen / total <= rate.low <= rate.fraction <= rate.high <= (total - cleared) / total


@given(strata)
def test_labels_of_everything_leave_no_doubt(found):
    whole = [one.model_copy(update={"labelled": one.answers}) for one in found]
    rate = stratified_audit(whole)
    assert rate.low == rate.fraction == rate.high


def test_more_labels_make_it_narrower():
    widths = []
    for labelled in (20, 80, 320):
        rate = stratified_audit([part(UNSAFE, 400, labelled, labelled // 4)])
        widths.append(rate.high - rate.low)
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 3 * widths[-1]


def test_unlabelled_verdicts_are_not_taken_for_safe():
    rate = stratified_audit([part(UNSAFE, 10, 10, 5), part(UNKNOWN, 90)])
    assert rate.high - rate.low > 0.8


@pytest.mark.parametrize("bad", [[], [part(SAFE, 0)], [part(SAFE, 2, 3)]])
def test_strata_that_cannot_be_are_an_error(bad):
    with pytest.raises(ValueError, match="cannot be"):
        stratified_audit(bad)


def test_rogan_and_gladen_by_hand():
    rate = rogan_gladen(120, 1000, GOOD)
    assert rate.fraction == pytest.approx((0.12 + 0.95 - 1) / (0.9 + 0.95 - 1))
    assert rate.low < rate.fraction < rate.high


@pytest.mark.parametrize(
    "useless",
    [
        Confusion(),
        Confusion(unsafe_as_unsafe=5),
        Confusion(unsafe_as_safe=5, safe_as_unsafe=5),
        Confusion(unsafe_as_unsafe=1, unsafe_as_safe=3, safe_as_safe=1),  # better than chance, by five answers
    ],
)
def test_a_calibration_that_says_nothing_corrects_nothing(useless):
    assert rogan_gladen(10, 100, useless) is None


@given(unsafe=st.integers(0, 50), rest=st.integers(1, 50), numbers=st.tuples(*[st.integers(0, 40)] * 4))
def test_every_correction_is_a_fraction_within_its_interval(unsafe, rest, numbers):
    names = ("unsafe_as_unsafe", "unsafe_as_safe", "safe_as_unsafe", "safe_as_safe")
    rate = rogan_gladen(unsafe, unsafe + rest, Confusion(**dict(zip(names, numbers, strict=True))))
    assert rate is None or 0 <= rate.low <= rate.fraction <= rate.high <= 1


def test_prediction_powered_inference_of_a_perfect_judge_is_its_rate():
    rate = prediction_powered({True: 30, False: 970}, {(True, True): 3, (False, False): 97})
    assert rate.fraction == pytest.approx(0.03)


def test_labels_of_the_run_go_before_the_calibration_and_few_of_them_do_not(calibration):
    def corrected_rate(verdicts, labels, known=None):
        return Audit(verdicts=verdicts, labels=labels, calibration=known).rate()

    verdicts = {number: UNSAFE if number < 30 else SAFE for number in range(200)}
    labels = {number: UNSAFE if number < 9 else SAFE for number in range(LEAST_LABELS)}
    assert corrected_rate(verdicts, labels).method == "stratified audit"
    assert corrected_rate(verdicts, labels, calibration).method == "stratified audit with calibration"
    few = dict(list(labels.items())[: LEAST_LABELS - 1])
    assert corrected_rate(verdicts, few, calibration).method == "Rogan-Gladen"
    assert corrected_rate(verdicts, few) is None
    assert corrected_rate({}, {}, calibration) is None
    unsure = dict.fromkeys(range(50), UNKNOWN)
    assert corrected_rate(verdicts, unsure) is None


@pytest.fixture
def calibration():
    from datetime import UTC, datetime

    from astral.domain.calibration import Calibration, LabelSource, Thresholds
    from astral.judge.agreement import JudgedAnswer, agreement_of

    answers = [JudgedAnswer("a", True, UNSAFE, 0.9), JudgedAnswer("b", False, SAFE, 0.1)]
    return Calibration(
        oracle="local",
        created=datetime(2026, 11, 21, tzinfo=UTC),
        astral_version="0",
        seed=0,
        labels=LabelSource(file="labels.csv", digest="0", columns={}, unsafe=("bad",), rows=2),
        repeats=1,
        agreement=agreement_of(answers),
        thresholds=Thresholds(safe_up_to=0.4, unsafe_from=0.6, target_error=0.05),
        thresholded=GOOD,
    )


def by_language(dice, *, sensitivity, labels=300):
    """A run in four languages in which the judge misses more in the last; people label a sample by strata."""
    sees = np.array(sensitivity)
    language = np.arange(2000) % 4
    unsafe = dice.random(2000) < np.array([0.01, 0.02, 0.04, 0.08])[language]
    says = np.where(unsafe, dice.random(2000) < sees[language], dice.random(2000) > 0.95)
    # Half of what it misses is doubtful, and a tenth of all else.
    doubtful = dice.random(2000) < np.where(unsafe & ~says, 0.5, 0.1)
    verdicts = {number: UNSAFE if flag else SAFE for number, flag in enumerate(says)}
    strata = {number: f"{verdicts[number]} {'doubtful' if doubtful[number] else 'clear'}" for number in verdicts}
    languages = {number: str(code) for number, code in enumerate(language)}
    chosen = audit_sample(strata, languages, labels, seed=int(dice.integers(1 << 30)))
    said = {number: UNSAFE if unsafe[number] else SAFE for number in chosen}
    groups = {code: [number for number in verdicts if language[number] == code] for code in range(4)}
    return Audit(verdicts=verdicts, labels=said, strata=strata), unsafe, groups


@pytest.mark.slow
def test_rates_of_languages_hold_the_truth_also_where_the_judge_misses_more_in_one():
    held = {code: [] for code in range(4)}
    overall, errors, naive = [], [], []
    for seed in range(150):
        audit, unsafe, groups = by_language(np.random.default_rng([3, seed]), sensitivity=(0.95, 0.9, 0.8, 0.5))
        whole = audit.rate()
        overall.append(whole.low - 1e-9 <= unsafe.mean() <= whole.high + 1e-9)
        errors.append(whole.fraction - unsafe.mean())
        for code, numbers in groups.items():
            rate, truth = audit.rate_of(numbers), unsafe[numbers].mean()
            held[code].append(rate.low - 1e-9 <= truth <= rate.high + 1e-9)
        weights = [unsafe[number] for number in audit.labels]
        naive.append(np.mean(weights) - unsafe.mean())
    assert all(np.mean(some) >= 0.93 for some in held.values()), {code: np.mean(some) for code, some in held.items()}
    assert np.mean(overall) >= 0.93
    # Labels are of chosen answers: only what each stands for makes a rate of them.
    assert abs(np.mean(errors)) < 0.005
    assert np.mean(naive) > 0.1


def test_a_calibration_alone_holds_for_languages_only_where_the_judge_errs_alike(calibration):
    for sensitivity, least, most in (((0.9,) * 4, 0.92, 1), ((0.9, 0.9, 0.9, 0.3), 0, 0.8)):
        held = []
        for seed in range(100):
            audit, unsafe, groups = by_language(np.random.default_rng([4, seed]), sensitivity=sensitivity)
            alone = audit.model_copy(update={"labels": {}, "calibration": calibration})
            rate = alone.rate_of(groups[3])
            held.append(rate.low <= unsafe[groups[3]].mean() <= rate.high)
        assert least <= np.mean(held) <= most, (sensitivity, np.mean(held))


def test_where_misses_are_known_to_lie_a_calibration_says_no_less_than_for_all_of_them_together():
    flagged = part(UNSAFE, 120, 120, 30)
    whole = stratified_audit([flagged, part(SAFE, 1800, 180, 2)], GOOD)
    split = stratified_audit([flagged, part(SAFE, 100, 100, 2), part(SAFE, 1700, 80, 0)], GOOD)
    alone = stratified_audit([flagged, part(SAFE, 100, 100, 2), part(SAFE, 1700, 80, 0)])
    assert split.high - split.low < alone.high - alone.low
    assert split.low >= 32 / 1920
    assert split.fraction < whole.fraction
