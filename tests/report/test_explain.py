"""What drives the unsafe answers of a record, and the cells that show it."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.domain.records import Control
from astral.errors import UserError
from astral.report.explain import explain, smallest_cover


def run_of(build, space, is_unsafe, count=400, seed=0, **more):
    dice = random.Random(seed)
    tests = []
    for number in range(count):
        cell = space.cell([dice.randrange(level) for level in space.levels])
        tests.append(build.judged(cell, "UNSAFE" if is_unsafe(cell, dice) else "SAFE", number))
    return build.sample(space, tests, strength=1, **more)


@pytest.fixture(scope="module")
def sample(build):
    space = build.space(risk=4, language=5, style=3)

    def is_unsafe(cell, dice):
        pair = (cell["risk"], cell["language"]) == ("risk1", "language2")
        return dice.random() < (0.85 if pair else 0.7 if cell["style"] == "style0" else 0.04)

    return run_of(build, space, is_unsafe)


def test_what_was_built_in_is_named_with_its_evidence(sample):
    made = explain(sample.manifest, sample.tests)
    interactions = [driver.interaction for driver in made.drivers]
    assert sorted(interactions) == [(("risk", "risk1"), ("language", "language2")), (("style", "style0"),)]
    unsafe = [test for test in sample.tests if test.result == "unsafe"]
    for driver in made.drivers:
        own = [test for test in sample.tests if set(driver.interaction) <= set(test.draw.cell.values)]
        assert driver.decided == len(own)
        assert driver.unsafe == sum(test.result == "unsafe" for test in own)
        assert driver.expected < driver.unsafe
        assert 1 < driver.low < driver.odds_ratio < driver.high
        assert driver.evidence > 1.3
    assert (made.unsafe, made.decided) == (len(unsafe), 400)
    assert made.explained == sum(any(set(one) <= set(test.draw.cell.values) for one in interactions) for test in unsafe)
    assert made.rest == pytest.approx(0.04, abs=0.03)
    assert [driver.low for driver in made.drivers] == sorted((driver.low for driver in made.drivers), reverse=True)


def test_every_driver_is_shown_by_unsafe_tests_of_its_cell_that_can_be_found_again(sample):
    made = explain(sample.manifest, sample.tests)
    by_number = {test.draw.number: test for test in sample.tests}
    assert sorted(rank for cell in made.cells for rank in cell.shows) == [1, 2]
    for shown in made.cells:
        for rank in shown.shows:
            assert set(made.drivers[rank - 1].interaction) <= set(shown.cell.values)
        assert shown.unsafe == len(shown.tests) == len(shown.cases) <= shown.decided
        for number, case in zip(shown.tests, shown.cases, strict=True):
            test = by_number[number]
            assert (test.result, test.draw.cell, test.case.id) == ("unsafe", shown.cell, case)


def test_the_order_of_the_record_does_not_matter(sample):
    shuffled = list(sample.tests)
    random.Random(1).shuffle(shuffled)
    assert explain(sample.manifest, shuffled) == explain(sample.manifest, sample.tests)


def test_names_do_not_matter(build, sample):
    def renamed(cell):
        return type(cell)(values=tuple((f"x{d}", f"y{value}") for d, value in cell.values))

    space = build.space(xrisk=4, xlanguage=5, xstyle=3)
    space = space.model_copy(
        update={
            "dimensions": tuple(
                dimension.model_copy(
                    update={
                        "values": tuple(
                            value.model_copy(update={"id": f"y{dimension.id[1:]}{place}"})
                            for place, value in enumerate(dimension.values)
                        )
                    }
                )
                for dimension in space.dimensions
            )
        }
    )
    tests = [
        test.model_copy(update={"draw": test.draw.model_copy(update={"cell": renamed(test.draw.cell)})})
        for test in sample.tests
    ]
    before, after = explain(sample.manifest, sample.tests), explain(build.sample(space, tests, 1).manifest, tests)
    assert [driver.model_dump(exclude={"interaction", "rivals"}) for driver in before.drivers] == [
        driver.model_dump(exclude={"interaction", "rivals"}) for driver in after.drivers
    ]
    assert (
        after.drivers[0].interaction
        == renamed(type(sample.tests[0].draw.cell)(values=before.drivers[0].interaction)).values
    )


def test_controls_and_tests_without_a_decision_change_nothing_but_their_own_counts(build, sample):
    cell = sample.tests[0].draw.cell
    more = [
        *(build.judged(cell, "UNSAFE", 900 + n, control=Control.POSITIVE) for n in range(9)),
        *(build.judged(cell, "UNKNOWN", 920 + n) for n in range(8)),
        *(build.blocked(cell, 940 + n) for n in range(7)),
        *(build.failed(cell, 960 + n) for n in range(6)),
        build.under_way(cell, 980),
    ]
    before, after = explain(sample.manifest, sample.tests), explain(sample.manifest, [*sample.tests, *more])
    assert after.left_out == {"control": 9, "unknown": 8, "blocked": 7, "failed": 6, "unfinished": 1}
    assert after.model_copy(update={"left_out": {}}) == before


@pytest.mark.parametrize("seed", range(20))
def test_noise_has_no_drivers_and_that_is_said_with_what_could_have_been_missed(build, seed):
    noise = run_of(build, build.space(risk=5, language=4), lambda _, dice: dice.random() < 0.2, 250, seed)
    made = explain(noise.manifest, noise.tests)
    assert not made.drivers
    assert not made.cells
    assert "nothing stands out" in made.reading
    assert f"{made.fewest[1]} for a value, {made.fewest[2]} for a pair" in made.reading


@pytest.mark.parametrize(("outcome", "told"), [("SAFE", "No answer was unsafe"), ("UNSAFE", "nothing stands out")])
def test_where_all_answers_are_alike_there_is_nothing_to_tell(build, outcome, told):
    alike = run_of(build, build.space(risk=3), lambda *_: outcome == "UNSAFE", 50)
    made = explain(alike.manifest, alike.tests)
    assert not made.drivers
    assert told in made.reading


def test_without_a_decided_answer_the_user_is_told(build):
    space = build.space(risk=2, language=2)
    none = build.sample(space, [build.failed(space.cell((0, 0)), 0), build.judged(space.cell((0, 1)), "UNKNOWN", 1)])
    with pytest.raises(UserError, match=r"no answer that was decided.*astral resume sample"):
        explain(none.manifest, none.tests)


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 30), st.sets(st.integers(1, 8), min_size=1), max_size=12))
def test_a_cover_covers_all_once_and_takes_no_cell_in_vain(covers):
    chosen = smallest_cover(covers, sorted(covers))
    shown = [rank for ranks in chosen.values() for rank in ranks]
    assert sorted(shown) == sorted(set().union(*covers.values()))
    assert all(ranks and set(ranks) <= covers[cell] for cell, ranks in chosen.items())
