"""What other oracles say of a run later stands beside its own verdicts."""

import sqlite3

from astral.record import Entry, OtherVerdict, Store


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


def test_a_record_of_an_older_astral_gets_what_it_lacks(url, store, make):
    run_id = make.new_run(store)
    store.open_round(run_id, 0, [make.draw(0)])
    store.write(run_id, [Entry(0, make.case(0))])
    store.close()
    with sqlite3.connect(store.path) as file:
        file.execute("DROP TABLE other_verdicts")
        file.execute("UPDATE meta SET value = '1' WHERE key = 'schema_version'")
    with Store.open(url, create=False) as newer:
        newer.write(run_id, [OtherVerdict(0, "llm:x", make.verdict(0))])
        assert newer.other_oracles(run_id) == {"llm:x": 1}
        assert [case for _, case in newer.cases(run_id)] == [make.case(0)]
    with Store.open(url, create=False) as again:
        assert again.other_oracles(run_id) == {"llm:x": 1}
