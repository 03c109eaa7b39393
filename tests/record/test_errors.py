"""What is wrong with the record is told by what happened, where, and what to do next. Each is tried for real."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from astral.errors import ExitCode, RecordError, UserError
from astral.record import Store

NOBODY = 65534


@contextmanager
def as_somebody_without_rights():
    """Root may write everywhere, so its rights are laid down."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def url(sqlite_url):
    return sqlite_url


@pytest.fixture
def open_folder():
    """A folder that everybody can reach and read, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_read_only_folder(open_folder, make, store):
    make.new_run(store)  # imports all there is to import, while that is allowed
    open_folder.chmod(0o555)
    with as_somebody_without_rights(), pytest.raises(RecordError, match=r"Permission denied.*or name another") as told:
        Store.open(f"sqlite:///{open_folder}/runs/astral.db")
    assert str(open_folder / "runs/astral.db") in str(told.value)
    assert told.value.exit_code is ExitCode.FAILED
    assert list(open_folder.iterdir()) == []


def test_a_record_that_may_be_read_and_not_written(open_folder, make, store):
    path = open_folder / "astral.db"
    with Store.open(f"sqlite:///{path}") as owned:
        run_id = make.new_run(owned)
    path.chmod(0o444)
    open_folder.chmod(0o555)
    with as_somebody_without_rights(), pytest.raises(RecordError, match=r"make file and folder writable"):
        Store.open(f"sqlite:///{path}", create=False).add_run(make.manifest("run-new"))
    path.chmod(0o600)
    open_folder.chmod(0o755)
    with Store.open(f"sqlite:///{path}") as owned:
        assert [run.run_id for run in owned.runs()] == [run_id]


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(RecordError, match=r"runs/astral.db: .*Make the place writable"):
        Store.open(f"sqlite:///{tmp_path}/runs/astral.db")


def test_a_record_that_is_a_folder(tmp_path):
    with pytest.raises(RecordError, match="Is a directory"):
        Store.open(f"sqlite:///{tmp_path}")


def test_a_file_that_is_no_database_stays_as_it_is(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("Buy milk. " * 200)
    with pytest.raises(RecordError, match=r"notes.txt: file is not a database.*move the file away"):
        Store.open(f"sqlite:///{file}")
    assert file.read_text() == "Buy milk. " * 200


def test_a_database_of_another_program_stays_as_it_is(tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE birds (name TEXT)")
    with pytest.raises(RecordError, match=r"other\.db: this database belongs to another program \(it holds birds\)"):
        Store.open(f"sqlite:///{tmp_path}/other.db")
    with sqlite3.connect(tmp_path / "other.db") as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("birds",)]


@pytest.mark.parametrize(
    ("version", "told"), [("99", "a newer astral wrote this record.*Upgrade astral"), ("x", "is no record of astral")]
)
def test_a_record_of_another_schema(url, store, version, told):
    store.close()
    with sqlite3.connect(store.path) as other:
        other.execute("UPDATE meta SET value = ?", (version,))
    with pytest.raises(RecordError, match=told):
        Store.open(url)


def test_a_damaged_record_is_told_without_showing_its_texts(url, store, make):
    run_id = make.new_run(store)
    store.open_round(run_id, 0, [make.draw(0)])
    store.write(run_id, make.entries(0))
    store.close()
    with sqlite3.connect(store.path) as other:
        other.execute("UPDATE cases SET body = replace(body, 'messages', 'massages')")
    with Store.open(url) as damaged, pytest.raises(RecordError, match=f"{run_id}: a TestCase in the record") as told:
        list(damaged.tests(run_id))
    assert "secret" not in str(told.value)
    assert told.value.__cause__ is None


def test_a_refused_write_does_not_show_its_texts(store, make):
    with pytest.raises(RecordError) as told:
        store.write(make.new_run(store), make.entries(0))
    assert "secret" not in str(told.value) + str(told.value.__cause__)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (
            "runs/astral.db",
            "ASTRAL_STORE is not the URL of a database: a record is named like sqlite:///runs/astral.db",
        ),
        ("", "is not the URL of a database"),
        ("mysql://me:hunter2@host/astral", "mysql: astral records in SQLite or PostgreSQL"),
        ("postgresql://me:hunter2@host:port/astral", "is not the URL of a database"),
        ("sqlite://", "a record is a file"),
        ("sqlite:///:memory:", "a record is a file"),
        ("sqlite:///a.db?mode=ro", "a record is a file"),
    ],
)
def test_a_url_that_names_no_record(url, told):
    with pytest.raises(UserError, match=told) as error:
        Store.open(url)
    assert "hunter2" not in str(error.value)


def test_looking_into_a_record_that_is_not_there_makes_none(tmp_path):
    with pytest.raises(UserError, match=r"there is no record here. `astral generate` makes one"):
        Store.open(f"sqlite:///{tmp_path}/runs/astral.db", create=False)
    assert list(tmp_path.iterdir()) == []


FILLER = """if 1:
    import resource, signal, sys
    from astral.domain.run import Call
    from astral.errors import RecordError
    from astral.record import Entry, Store
    store = Store.open(sys.argv[1])
    if sys.argv[2] == "limit":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    try:
        for number in range(10_000):
            store.write("run-1", [Call(key=str(number), role="judge", reply="x" * 20_000)])
            print(number, flush=True)
    except RecordError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
"""


def fill(store, make, limit):
    """Write in another process until the disk is full; tells what that process said, and checks what it wrote."""
    store.add_run(make.manifest())
    command = [sys.executable, "-c", FILLER, f"sqlite:///{store.path}", limit]
    filler = subprocess.run(command, capture_output=True, text=True, check=False)
    assert filler.returncode == ExitCode.FAILED, filler.stderr
    written = len(filler.stdout.split())
    assert written > 0
    assert all(store.call("run-1", str(number)) for number in range(written))
    assert store.call("run-1", str(written)) is None
    return filler.stderr


def test_a_file_that_may_not_grow(store, make):
    assert "see whether the disk is full" in fill(store, make, "limit")


def test_a_full_disk(tmp_path, make):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "none", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk here")
    try:
        with Store.open(f"sqlite:///{disk}/astral.db") as store:
            assert "database or disk is full; nothing of this batch was written. What to do: free" in fill(
                store, make, "none"
            )
    finally:
        subprocess.run(["umount", str(disk)], check=True)
