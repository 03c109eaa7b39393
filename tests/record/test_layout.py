"""Records of older astrals open, with all that they hold; what they were is kept beside them.

`schemas/` holds what they laid out, as their own code does: 1-first and 1 were both called 1. All are of SQLite; astral
records in PostgreSQL since schema 3.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, insert, text

from astral.domain.run import Call, RunStatus
from astral.errors import RecordError
from astral.record import Entry, OtherVerdict, Store
from astral.record.address import address_of
from astral.record.layout import backup_of
from astral.record.rows import draw_row, item_row
from astral.record.tables import SCHEMA_VERSION, metadata, rounds, runs
from astral.record.text import text_of

SCHEMAS = Path(__file__).with_name("schemas")
OLD = ["1-first", "1", "2"]


def make_old(url, name, make):
    """A record as an older astral left it: one run, two draws, one of them finished, one call paid for."""
    address_of(url).file.parent.mkdir()
    engine = create_engine(address_of(url).url)
    manifest = make.manifest()
    with engine.begin() as connection:
        for statement in (SCHEMAS / f"{name}.sql").read_text().split(";"):
            if statement.strip():
                connection.execute(text(statement))
        connection.execute(
            insert(runs).values(
                id="run-1",
                created=manifest.created.isoformat(timespec="microseconds"),
                status=RunStatus.RUNNING.value,
                target="local",
                space="s",
                manifest=text_of(manifest),
            )
        )
        connection.execute(insert(rounds).values(run_id="run-1", round=0, is_closed=False))
        for number in range(2):
            row = draw_row("run-1", 0, make.draw(number))
            connection.execute(text(INSERT_DRAW), row)
        for entry in make.entries(0)[1:]:
            table, row = item_row("run-1", entry)
            connection.execute(insert(table).values(row))
        digest = "request_digest" if name == "1-first" else "reply_id"
        for position, reply in enumerate([None, '"paid"']):
            connection.execute(
                text(
                    f"INSERT INTO calls (position, run_id, key, role, {digest}, reply, prompt_tokens, "
                    "completion_tokens) VALUES (:p, 'run-1', :k, 'judge', 'd', :r, 2, 3)"
                ),
                {"p": position, "k": f"k{position}", "r": reply},
            )
    engine.dispose()


INSERT_DRAW = (
    "INSERT INTO draws (run_id, number, id, round, cell, attempt, probability, control) "
    "VALUES (:run_id, :number, :id, :round, :cell, :attempt, :probability, :control)"
)


@pytest.mark.parametrize("name", OLD)
def test_a_record_of_an_older_schema_is_upgraded_with_all_that_it_holds(sqlite_url, name, make):
    make_old(sqlite_url, name, make)
    for _ in range(2):  # upgraded, and then opened as it is
        with Store.open(sqlite_url, create=False) as store:
            finished, drawn = store.tests("run-1")
            assert (finished.case, finished.verdict) == (make.case(0), make.verdict(0))
            assert (drawn.draw, drawn.case) == (make.draw(1), None)
            assert store.call("run-1", "k1").reply == "paid"
            assert store.usage("run-1")["judge"].tokens == 5
            store.write("run-1", [Entry(1, make.drafting(1)), OtherVerdict(0, "llm:x", make.verdict(0))])
            store.stratify("run-1", {0: "SAFE"})
            store.write("run-1", [Call(key="k2", role="judge", reply="new")])


@pytest.mark.parametrize("name", OLD)
def test_upgraded_tables_are_those_of_a_new_record(sqlite_url, name, make):
    make_old(sqlite_url, name, make)
    Store.open(sqlite_url).close()
    engine = create_engine(address_of(sqlite_url).url)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
        assert differences == []
        assert connection.scalar(text("SELECT value FROM meta")) == str(SCHEMA_VERSION)
    engine.dispose()


def test_the_file_is_copied_before_it_is_upgraded(sqlite_url, make):
    file = address_of(sqlite_url).file
    make_old(sqlite_url, "1", make)
    Store.open(sqlite_url).close()
    copy = backup_of(file, 1)
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as old:
        assert old.execute("SELECT value FROM meta").fetchone() == ("1",)
        assert old.execute("SELECT count(*) FROM cases").fetchone() == (1,)
    assert sorted(path.name for path in file.parent.iterdir() if path.name.startswith("astral.db.s")) == [copy.name]


def test_an_upgrade_that_fails_leaves_the_record_as_it_was(sqlite_url, make):
    file = address_of(sqlite_url).file
    make_old(sqlite_url, "1", make)
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE INDEX strata ON runs (id)")  # the last migration wants a table of this name
    with pytest.raises(RecordError, match="index named strata"):
        Store.open(sqlite_url)
    with closing(sqlite3.connect(file)) as old:
        assert old.execute("SELECT value FROM meta").fetchone() == ("1",)
        tables = {name for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert not {"draftings", "alembic_version"} & tables  # what came before, in the same transaction, is undone
