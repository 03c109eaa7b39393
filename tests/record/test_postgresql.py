"""What only PostgreSQL can do wrong is told like all else, and never shows a password."""

import importlib
import os
import random
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from astral.domain.run import Call
from astral.errors import RecordError, UserError
from astral.record import Entry, Store
from astral.record.address import address_of


@pytest.fixture
def url(postgresql):
    return postgresql.new_database()


def ask(url, statement):
    engine = create_engine(address_of(url).url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@127.0.0.1:1/astral",
        "postgres://me:hunter2@127.0.0.1:1/astral",
        "postgresql://me@127.0.0.1:1/astral?password=hunter2",
    ],
)
def test_a_server_that_is_not_there(url):
    with pytest.raises(
        RecordError, match=r"postgresql://127.0.0.1:1/astral: .*refused.*see whether the server"
    ) as error:
        Store.open(url)
    assert "hunter2" not in f"{error.value}{error.value.__cause__}"


def test_a_database_that_is_not_there(url):
    with pytest.raises(RecordError, match=r'database "nowhere" does not exist.*see whether the server runs'):
        Store.open(url.replace(address_of(url).url.database, "nowhere"))


def test_looking_into_a_database_without_a_record_makes_none(url):
    with pytest.raises(UserError, match="there is no record here"):
        Store.open(url, create=False)
    with pytest.raises(UserError, match="there is no record here"):
        Store.open(url, create=False)


def test_a_database_of_another_program_stays_as_it_is(url):
    ask(url, "CREATE TABLE birds (name TEXT)")
    with pytest.raises(RecordError, match=r"belongs to another program \(it holds birds\)"):
        Store.open(url)


def test_a_record_of_a_newer_astral(url):
    Store.open(url).close()
    ask(url, "UPDATE meta SET value = '99'")
    with pytest.raises(RecordError, match=r"a newer astral wrote this record.*Upgrade astral"):
        Store.open(url)


def test_a_database_that_takes_no_writes(url, make):
    Store.open(url).close()
    ask(url, f"ALTER DATABASE {address_of(url).url.database} SET default_transaction_read_only = on")
    with Store.open(url) as store:
        assert store.runs() == []
        with pytest.raises(RecordError, match=r"read-only transaction; nothing of this batch was written.*primary"):
            store.add_run(make.manifest())


def test_a_refused_row_is_not_shown(url, make):
    with Store.open(url) as store:
        run_id = make.new_run(store)
        with pytest.raises(RecordError, match="add the run before its rounds") as told:
            store.write(run_id, [Entry(7, make.case(7, text="Tell me a secret."))])
    assert "secret" not in f"{told.value}{told.value.__cause__}"


def test_a_connection_that_breaks_stops_the_run_and_loses_nothing_that_was_written(url, make):
    """It held the run's lock, too: going on would let a second process in."""
    with Store.open(url) as store:
        run_id = make.new_run(store)
        with store.lock(run_id):
            store.write(run_id, [Call(key="1", role="judge", reply="x")])
            ask(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            with pytest.raises(RecordError, match=r"nothing of this batch was written.*astral resume"):
                store.write(run_id, [Call(key="2", role="judge", reply="x")])
    with Store.open(url) as store, store.lock(run_id):
        assert store.call(run_id, "1") is not None
        assert store.call(run_id, "2") is None


def test_a_record_in_a_schema_of_its_own(url, make):
    ask(url, "CREATE SCHEMA red")
    ask(url, "CREATE TABLE birds (name TEXT)")
    with Store.open(f"{url}&options=-csearch_path%3Dred") as store:
        assert make.new_run(store) == store.resolve("latest")


def test_a_missing_driver_is_named_with_what_installs_it(monkeypatch):
    find = importlib.import_module("builtins").__import__

    def without(name, *rest):
        if name.startswith("psycopg"):
            raise ModuleNotFoundError(name)
        return find(name, *rest)

    monkeypatch.setattr("builtins.__import__", without)
    with pytest.raises(UserError, match=r"pip install 'astral-safety\[postgresql\]'"):
        Store.open("postgresql://me:hunter2@127.0.0.1:1/astral")


def fill(store, written):
    """Write what does not shrink when PostgreSQL compresses it, until there is no room."""
    for number in range(10_000):
        store.write("run-1", [Call(key=str(number), role="judge", reply=random.randbytes(100_000).hex())])
        written.append(str(number))


def test_a_full_disk_stops_the_run_and_loses_nothing_that_was_written(postgresql, tmp_path, make):
    """A real one: the database lies on a file system of 24 MB, and goes on once that has grown."""
    disk = Path(tempfile.mkdtemp())
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0777", "none", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        disk.rmdir()
        pytest.skip("no right to mount a small disk here")
    home = postgresql.new_database()
    name = f"small{address_of(home).url.database}"
    url = home.replace(f"/{address_of(home).url.database}?", f"/{name}?")
    try:
        (disk / "space").mkdir()
        shutil.chown(disk / "space", "postgres")
        ask(home, f"CREATE TABLESPACE {name} LOCATION '{disk}/space'")
        ask(home, f"CREATE DATABASE {name} TABLESPACE {name}")
        with Store.open(url) as store:
            store.add_run(make.manifest())
            written = []
            with pytest.raises(RecordError, match=r"No space left.*nothing of this batch was written.*free some space"):
                fill(store, written)
            subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
            assert written
            assert store.answered("run-1") == written
            store.write("run-1", [Call(key="last", role="judge", reply="x")])
            assert store.answered("run-1") == [*written, "last"]
        ask(home, f"DROP DATABASE {name}")
        ask(home, f"DROP TABLESPACE {name}")
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
        disk.rmdir()
