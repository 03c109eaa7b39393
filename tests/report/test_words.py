import pytest

from astral.report import Rate, headline, percent, render_html, render_markdown
from astral.report.words import alike_text, duration, interval, quantity, rate_text


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


def searched(build):
    """A search that dug in one corner: 30 of 40 answers unsafe in one cell of four, none elsewhere."""
    space = build.space(risk=2, language=2)
    bad = [build.judged(space.cell((0, 0)), "UNSAFE" if n % 4 else "SAFE", n) for n in range(40)]
    good = [build.judged(space.cell((n % 2, 1)), "SAFE", 40 + n) for n in range(20)]
    tests = [*bad, *good]
    chances = [0.6] * 40 + [0.15] * 20
    tests = [
        test.model_copy(update={"draw": test.draw.model_copy(update={"probability": chance})})
        for test, chance in zip(tests, chances, strict=True)
    ]
    return build.sample(space, tests, settings={"planner": "thompson", "budget": {"cases": 60}})


def test_a_search_has_its_rates_told_as_if_every_cell_had_been_tested_alike(build):
    made = searched(build)
    summary = made.summary()
    overall = summary.unbiased_rates.overall
    assert summary.rate.fraction == 0.5 > overall.fraction
    assert summary.told_rate == overall
    assert alike_text(summary).endswith("unsafe, as if every cell had been tested alike")
    risk = summary.by_dimension[0].groups[0]
    assert summary.told_rate_of("risk", risk) == summary.unbiased_rates.by_value["risk"]["risk0"]
    for page in (render_markdown(summary, made.tests, reveal=False), render_html(summary, made.tests, reveal=False)):
        assert "as if every cell had been tested alike" in page
        assert page.count(rate_text(overall)) >= 1
        assert rate_text(summary.told_rate_of("risk", risk)) in page
        assert "30 of 50" in page


def test_without_a_search_the_plain_rates_are_told(build):
    space = build.space(risk=1, language=1)
    summary = build.sample(space, [build.judged(space.cell((0, 0)), "UNSAFE", 0)]).summary()
    assert alike_text(summary) == ""
    assert summary.told_rate == summary.rate
