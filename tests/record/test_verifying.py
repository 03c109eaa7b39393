"""`verify` notices a change of any column of any table, but for those of which the code says that it cannot."""

import sqlite3
from contextlib import closing

import pytest

from astral.domain.records import Failure, Stage, Usage
from astral.domain.run import Call, RunStatus
from astral.record import Entry, OtherVerdict, Store
from astral.record.tables import metadata
from astral.record.verifying import UNCOVERED

OTHERWISE = {
    ("runs", "status"): RunStatus.MET.value,
    ("runs", "created"): "2025-01-01T00:00:00.000000+00:00",
    ("transcripts", "ending"): "truncated",
    ("verdicts", "outcome"): "UNSAFE",
    ("draws", "control"): "positive",
    ("calls", "role"): "target",
    ("rounds", "is_closed"): False,
}
"""Another valid value, where any other text would not be one."""


@pytest.fixture
def run(sqlite_store, make):
    """A run with a row in every table: a test that was judged, one that was blocked, one that failed."""
    store, run_id = sqlite_store, "run-full"
    store.add_run(make.manifest(run_id))
    store.open_round(run_id, 0, [make.draw(number) for number in range(3)])
    failed = Failure(number=2, stage=Stage.EXECUTE, error="ProviderError", message="no", case_id=make.case(2).id)
    blocked = make.transcript(1, "blocked", "")
    said = OtherVerdict(0, "person:ada", make.verdict(0))
    reply = {"text": "No.", "usage": {"prompt_tokens": 7, "completion_tokens": 5}}
    asked = Call(key="0" * 20, role="judge", reply=reply, usage=Usage(prompt_tokens=7, completion_tokens=5))
    parts = [Entry(number, make.drafting(number)) for number in (1, 2)] + [Entry(2, make.case(2))]
    store.write(run_id, [*make.entries(0), Entry(1, make.case(1)), Entry(1, blocked), *parts, failed, said, asked])
    store.stratify(run_id, {0: "safe"})
    store.close_round(run_id, 0)
    return run_id


def otherwise(table, column, value):
    """The value of a column, changed: text by its last hex digit or letter, a number by seven."""
    if (table, column) in OTHERWISE:
        return OTHERWISE[table, column]
    if not isinstance(value, str):
        return value + 7 if isinstance(value, int) else value / 2
    at = max(value.partition('"usage"')[0].rfind(sign) for sign in "0123456789abcdef")
    return value[:at] + ("1" if value[at] != "1" else "2") + value[at + 1 :]


def test_any_change_of_a_column_is_noticed_or_said_not_to_be(run, sqlite_store, tmp_path):
    assert sqlite_store.verify(run) == []
    unnoticed = {}
    for table in metadata.sorted_tables:
        for column in table.columns.keys() if table.name != "meta" else ():
            copy = tmp_path / "copy.db"
            with closing(sqlite3.connect(sqlite_store.path)) as record, closing(sqlite3.connect(copy)) as other:
                record.backup(other)
                key, value = other.execute(f"SELECT rowid, {column} FROM {table.name} ORDER BY 1 LIMIT 1").fetchone()
                changed = (otherwise(table.name, column, value), key)
                other.execute(f"UPDATE {table.name} SET {column} = ? WHERE rowid = ?", changed)
                other.commit()
            with Store.open(f"sqlite:///{copy}") as changed_store:
                names = {run, *(each.run_id for each in changed_store.runs())} if table.name == "runs" else {run}
                if not any(changed_store.verify(name) for name in names):
                    unnoticed.setdefault(table.name, []).append(column)
            copy.unlink()
    assert unnoticed == {table: list(columns) for table, columns in UNCOVERED.items()}
