"""What other oracles say of a run later stands beside its own verdicts."""

from astral.record import OtherVerdict


def test_it_changes_nothing_of_the_run_and_the_first_word_stands(store, make):
    run_id = make.new_run(store)
    store.open_round(run_id, 0, [make.draw(0), make.draw(1)])
    store.write(run_id, [*make.entries(0), *make.entries(1)])
    before, covered = list(store.tests(run_id)), store.coverage(run_id)
    other, later = make.verdict(0, "UNSAFE", 0.9), make.verdict(0, "SAFE", 0.1)
    store.write(run_id, [OtherVerdict(0, "llm:x", other), OtherVerdict(0, "people", later)])
    store.write(run_id, [OtherVerdict(0, "llm:x", later), OtherVerdict(1, "people", make.verdict(1))])
    assert store.other_oracles(run_id) == {"llm:x": 1, "people": 2}
    assert store.verdicts_of(run_id, "llm:x") == {0: other}
    assert store.verdicts_of(run_id, "nobody") == {}
    assert list(store.tests(run_id)) == before
    assert store.coverage(run_id) == covered


def test_a_person_may_correct_a_label_and_nothing_else_changes(store, make):
    run_id = make.new_run(store)
    store.open_round(run_id, 0, [make.draw(0)])
    store.write(run_id, make.entries(0))
    first, second = make.verdict(0, "UNSAFE", 1.0), make.verdict(0, "SAFE", 0.0)
    store.write(run_id, [OtherVerdict(0, "people:ann", first), OtherVerdict(0, "people:bo", first)])
    store.correct(run_id, OtherVerdict(0, "people:ann", second))
    assert store.verdicts_of(run_id, "people:ann") == {0: second}
    assert store.verdicts_of(run_id, "people:bo") == {0: first}


def test_a_test_keeps_the_stratum_that_it_was_drawn_from(store, make):
    run_id = make.new_run(store)
    store.open_round(run_id, 0, [make.draw(0), make.draw(1)])
    store.stratify(run_id, {0: "SAFE clear"})
    store.stratify(run_id, {0: "SAFE doubtful", 1: "SAFE doubtful"})
    store.stratify(run_id, {})
    assert store.strata(run_id) == {0: "SAFE clear", 1: "SAFE doubtful"}
