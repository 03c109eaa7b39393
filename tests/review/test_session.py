"""What a reviewer is shown, and what becomes of the labels."""

import pytest

from astral.domain.records import Outcome
from astral.errors import UserError
from astral.record import OtherVerdict
from astral.review import ReviewSession
from astral.workflow.auditing import drawn_sample
from astral.workflow.people import labels_of
from astral.workflow.reporting import corrected_rates_of
from tests.review.conftest import ANSWERS, RUN, add_run

SAFE, UNSAFE, UNKNOWN = Outcome.SAFE, Outcome.UNSAFE, Outcome.UNKNOWN


def session(store, reviewer="", labels=100, seed=0):
    return ReviewSession(store, RUN, reviewer=reviewer, labels=labels, seed=seed)


def test_answers_on_which_oracles_disagree_or_are_unsure_come_first(store):
    answers = [(SAFE, 0.05)] * 300 + [(SAFE, 0.45)] * 10 + [(UNSAFE, 0.95)] * 40
    others = [(UNSAFE, 0.9)] * 10 + [(SAFE, 0.1)] * 290 + [(SAFE, 0.1)] * 10 + [(UNSAFE, 0.9)] * 40
    add_run(store, answers, others=others)
    shown = session(store, labels=100).numbers
    strata = store.strata(RUN)
    assert len(shown) == len(set(shown)) == 100
    assert {number for number, stratum in strata.items() if stratum == "SAFE doubtful"} == {
        *range(10),
        *range(300, 310),
    }
    assert set(range(10)) | set(range(300, 310)) | set(range(310, 350)) <= set(shown)


def test_what_other_oracles_say_later_does_not_change_what_a_label_stands_for(store):
    add_run(store, ANSWERS)
    first = session(store).numbers
    before = store.strata(RUN)
    verdict = next(iter(store.tests(RUN, [5]))).verdict
    store.write(RUN, [OtherVerdict(5, "llm:x", verdict.model_copy(update={"outcome": UNSAFE, "p_unsafe": 0.9}))])
    assert session(store).numbers == first
    assert store.strata(RUN) == before


def test_languages_are_spread_as_they_are_among_the_answers(store):
    add_run(store, [(SAFE, 0.05)] * 200)
    numbers = session(store, labels=40).numbers
    thai = sum(number % 2 for number in numbers)  # every second cell is in Thai
    assert abs(thai - 20) <= 1


def test_tests_that_come_later_are_strata_of_their_own(store):
    add_run(store, ANSWERS)
    drawn_sample(store, RUN, labels=4, seed=0)
    tests = list(store.tests(RUN))
    later = [test.draw.model_copy(update={"number": 100 + test.draw.number}) for test in tests]
    store.open_round(RUN, 1, later)
    from astral.record import Entry

    for test in tests:
        store.write(RUN, [Entry(100 + test.draw.number, part) for part in (test.case, test.transcript, test.verdict)])
    drawn_sample(store, RUN, labels=4, seed=0)
    strata = store.strata(RUN)
    assert {strata[number] for number in range(10)} == {"UNSAFE clear", "SAFE clear"}
    assert {strata[number] for number in range(100, 110)} == {"UNSAFE clear 2", "SAFE clear 2"}


def test_most_reviewers_decide_and_a_tie_says_nothing(store):
    add_run(store, ANSWERS)
    for reviewer, words in (
        ("ann", ["unsafe", "unsafe", "unknown"]),
        ("bo", ["unsafe", "safe", "safe"]),
        ("cy", ["safe"]),
    ):
        one = session(store, reviewer)
        for number, word in enumerate(words):
            one.label(number, word)
    assert {n: verdict.outcome for n, verdict in labels_of(store, RUN).items()} == {0: UNSAFE, 1: UNKNOWN, 2: SAFE}


def test_a_reviewer_goes_on_and_the_same_label_twice_is_one(store):
    add_run(store, ANSWERS)
    one = session(store, "ann")
    one.label(0, "safe")
    one.label(0, "safe")
    again = session(store, "ann")
    assert again.labelled() == [0]
    assert again.item(0).label == "safe"
    assert len(store.verdicts_of(RUN, "people:ann")[0].votes) == 1
    with pytest.raises(KeyError):
        again.label(99, "safe")


@pytest.mark.parametrize("name", ["../x", "a" * 41, "<b>", " ", "people:ann", "a\nb"])
def test_what_is_no_name_is_told(store, name):
    add_run(store, ANSWERS)
    with pytest.raises(UserError, match="--reviewer"):
        session(store, name)


def test_labels_correct_the_rate_of_the_run_and_of_its_values(store):
    add_run(store, [(UNSAFE, 0.9)] * 20 + [(SAFE, 0.1)] * 60)
    one = session(store, "ann")
    for number in one.numbers:
        one.label(number, "unsafe" if number < 10 else "safe")
    found = corrected_rates_of(store, store.manifest(RUN))
    assert (found.overall.method, found.overall.fraction, found.overall.labels) == ("stratified audit", 10 / 80, 80)
    thai = found.by_value["language"]["th"]
    assert (thai.low, thai.fraction, thai.high) == (5 / 40, 5 / 40, 5 / 40)
