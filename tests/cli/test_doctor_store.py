"""A damaged record is told in every detail, mended as far as may be, and the run then goes on to the same end."""

import shutil
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import create_engine, text

from astral.record import Store
from astral.record.address import address_of
from tests.workflow.test_run import record_at, record_of


def change(runs, statement):
    with closing(sqlite3.connect(runs / "astral.db")) as record:
        record.execute(statement)
        record.commit()


def run_of(runs):
    with Store.open(f"sqlite:///{runs}/astral.db") as store:
        return store.resolve("latest")


def test_a_sound_record_is_said_to_be(astral, runs):
    for more in ((), ("--repair",)):
        done = astral("doctor", "--store", *more, "--runs", runs)
        assert done.code == 0, done.out + done.err
        assert "ok" in done.out
        assert "NO" not in done.out
    assert [path.name for path in runs.glob("astral.db.before*")] == []


def test_repair_without_store_is_told_what_it_mends(astral):
    done = astral("doctor", "--repair")
    assert done.code == 2
    assert "astral doctor --store --repair" in done.err


@pytest.mark.slow
def test_what_was_damaged_is_taken_out_and_the_run_resumed_to_the_same_end(astral, runs):
    whole = record_of(runs)
    change(runs, "UPDATE verdicts SET body = replace(body, 'SAFE', 'UNSAFE') WHERE number = 1")
    change(runs, "DELETE FROM verdicts WHERE number = 0")
    change(runs, "UPDATE transcripts SET body = 'x' WHERE number = 2")
    change(runs, "DELETE FROM transcripts WHERE number = 3")
    told = astral("doctor", "--store", "--runs", runs)
    assert told.code == 3
    assert "astral doctor --store --repair" in told.err
    done = astral("doctor", "--store", "--repair", "--runs", runs)
    assert done.code == 0, done.out + done.err
    assert f"`astral resume {run_of(runs)}` goes through tests 0, 1, 2, 3 again" in done.out
    assert len(list(runs.glob("astral.db.before-repair-*"))) == 1
    assert astral("resume", "latest", "--runs", runs).code == 0
    assert record_of(runs) == whole
    assert astral("doctor", "--store", "--runs", runs).code == 0


@pytest.mark.slow
def test_a_record_in_postgresql_is_mended_in_place_and_the_run_resumed_to_the_same_end(
    astral, runs, postgresql, monkeypatch, tmp_path
):
    whole, archive, url = record_of(runs), tmp_path / "run.tar.gz", postgresql.new_database()
    with Store.open(f"sqlite:///{runs}/astral.db") as store, archive.open("wb") as file:
        store.archive(run_of(runs), file)
    monkeypatch.setenv("ASTRAL_STORE", url)
    assert astral("runs", "restore", archive, "--runs", runs).code == 0
    with create_engine(address_of(url).url).begin() as record:
        record.execute(text("UPDATE verdicts SET body = replace(body, 'SAFE', 'UNSAFE') WHERE number = 1"))
        record.execute(text("DELETE FROM transcripts WHERE number = 3"))
    assert astral("doctor", "--store", "--runs", runs).code == 3
    done = astral("doctor", "--store", "--repair", "--runs", runs)
    assert done.code == 0, done.out + done.err
    assert "goes through tests 1, 3 again" in done.out
    assert astral("resume", "latest", "--runs", runs).code == 0
    assert record_at(url) == whole


def test_a_draw_that_cannot_be_read_takes_its_test_along_and_the_rest_is_read(astral, runs):
    count = len(record_of(runs))
    change(runs, "UPDATE draws SET cell = 'x' WHERE number = 1")
    done = astral("doctor", "--store", "--repair", "--runs", runs)
    assert done.code == 3
    assert "gone for good: tests 1" in done.out
    assert len(record_of(runs)) == count - 1
    assert astral("report", "latest", "--runs", runs).code == 0


@pytest.mark.slow
def test_a_page_that_was_overwritten_costs_the_rows_on_it_alone(astral, runs):
    whole = record_of(runs)
    with closing(sqlite3.connect(runs / "astral.db")) as record:
        record.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = record.execute(
            "SELECT max(pageno) FROM dbstat WHERE name = 'verdicts' AND pagetype = 'leaf'"
        ).fetchone()
        (size,) = record.execute("PRAGMA page_size").fetchone()
    with (runs / "astral.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    shutil.rmtree(runs / run_of(runs))
    told = astral("doctor", "--store", "--runs", runs)
    assert told.code == 3
    assert "NO" in told.out
    done = astral("doctor", "--store", "--repair", "--runs", runs)
    assert done.code == 3
    assert (runs / "astral.db.damaged").exists()
    assert "through tests" in done.out
    assert astral("resume", "latest", "--runs", runs).code == 0
    assert record_of(runs) == whole


def test_a_file_that_is_no_record_any_more_is_left_as_it_is(astral, runs):
    (runs / "astral.db").write_bytes(b"x" * 8192)
    for more in ((), ("--repair",)):
        done = astral("doctor", "--store", *more, "--runs", runs)
        assert done.code == 3, done.out + done.err
    assert "Restore it from a copy" in done.err
    assert (runs / "astral.db").read_bytes() == b"x" * 8192
