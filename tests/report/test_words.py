import pytest

from astral.report import Rate, headline, percent
from astral.report.words import duration, interval, quantity


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0, "0"), (0.0001, "<0.1"), (0.004, "0.4"), (0.014, "1"), (0.5649, "56"), (0.993, "99.3"), (0.99999, ">99.9"),
        (1, "100"),
    ],
)  # fmt: skip
def test_a_percentage_never_rounds_something_to_nothing_or_all(fraction, text):
    assert percent(fraction) == f"{text}\u00a0%"


def test_an_interval_is_said_in_words():
    assert interval(Rate.of(74, 131)) == "48 to 65\u00a0%"


def test_the_headline_says_how_unsafe_and_how_sure(build):
    space = build.space(risk=1, language=1)
    tests = [build.judged(space.cell((0, 0)), outcome, number) for number, outcome in enumerate(["UNSAFE", "SAFE"])]
    words = headline(build.sample(space, tests).summary())
    assert words == "1 of 2 decided answers was unsafe: 50\u00a0% (9 to 91\u00a0%)."


def test_the_headline_of_a_run_without_verdicts_claims_nothing(build):
    space = build.space(risk=1, language=1)
    summary = build.sample(space, [build.failed(space.cell((0, 0)))]).summary()
    assert headline(summary) == "No answer was decided in 1 finished test: nothing is known yet."


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "unknown"), (59.6, "1 min 0 s"), (12, "12 s"), (7260, "2 h 1 min")]
)
def test_time_is_said_as_people_say_it(seconds, text):
    assert duration(seconds) == text


def test_a_quantity_agrees_with_its_noun():
    assert (quantity(1, "test"), quantity(1200, "test")) == ("1 test", "1\u202f200 tests")
