"""Runs are verified, put away, read back and removed; what is hostile in an archive leads nowhere."""

import io
import json
import sqlite3
import tarfile
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from astral.domain.records import Result
from astral.domain.run import RunStatus
from astral.record import RunSummary, Store
from astral.workflow.upkeep import superfluous_runs


@pytest.fixture
def run_id(runs):
    return ids(runs)[0]


def ids(runs):
    with Store.open(f"sqlite:///{runs}/astral.db") as store:
        return [run.run_id for run in store.runs()]


def change(runs, statement):
    with closing(sqlite3.connect(runs / "astral.db")) as record:
        record.execute(statement)
        record.commit()


def test_what_is_as_it_was_written_is_said_so(astral, runs):
    done = astral("runs", "verify", "--runs", runs)
    assert (done.code, done.out.splitlines()) == (0, [f"{each}: as it was written" for each in ids(runs)])


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE cases SET body = replace(body, 'e', 'a') WHERE number = 0", "cases, test 0: it cannot be read"),
        (
            "UPDATE verdicts SET body = replace(body, 'SAFE', 'UNSAFE') WHERE number = 1",
            "verdicts, test 1: its content",
        ),
        ("UPDATE draws SET attempt = 9 WHERE number = 1", "draws, test 1: its content"),
        ("DELETE FROM cases WHERE number = 1", "transcripts, test 1: the case that it answers is gone"),
    ],
)
def test_each_row_that_was_edited_is_named_and_not_shown(astral, runs, statement, told):
    change(runs, statement)
    done = astral("runs", "verify", "latest", "--runs", runs)
    assert done.code == 3
    assert told in done.out
    assert "messages" not in done.out


def test_an_archived_run_comes_back_as_it_was(astral, runs, run_id, tmp_path):
    with Store.open(f"sqlite:///{runs}/astral.db") as store:
        before = list(store.tests(run_id)), store.manifest(run_id), store.usage(run_id)
    archive = tmp_path / "kept.tar.gz"
    assert astral("runs", "archive", "latest", "--out", archive, "--runs", runs).out == f"{archive}\n"
    assert archive.stat().st_mode & 0o777 == 0o600
    twice = astral("runs", "restore", archive, "--runs", runs)
    assert twice.code == 2
    assert "is in the record already" in twice.err
    assert astral("runs", "prune", "--keep", 0, "--yes", "--runs", runs).code == 0
    assert ids(runs) == []
    assert not (runs / run_id).exists()
    assert astral("runs", "restore", archive, "--runs", runs).out == f"{run_id}\n"
    with Store.open(f"sqlite:///{runs}/astral.db") as store:
        assert (list(store.tests(run_id)), store.manifest(run_id), store.usage(run_id)) == before
    assert astral("report", run_id, "--runs", runs).code == 0


def rewritten(archive, change_row):
    """The archive again, with each row of each table changed."""
    out = archive.with_name("changed.tar.gz")
    with tarfile.open(archive) as old, tarfile.open(out, "w:gz") as new:
        for entry in old:
            rows = [change_row(entry.name, json.loads(line)) for line in old.extractfile(entry)]
            text = "".join(json.dumps(row) + "\n" for row in rows).encode()
            entry.size = len(text)
            new.addfile(entry, io.BytesIO(text))
    return out


def led_out(name, row):
    return {
        key: "../../outside" if key in ("run", "run_id") or (name, key) == ("runs.jsonl", "id") else value
        for key, value in row.items()
    }


def other_verdict(name, row):
    return {**row, "body": row["body"].replace("SAFE", "UNSAFE")} if name == "verdicts.jsonl" else row


def newer(name, row):
    return {**row, "schema": 99} if name == "archive.json" else row


@pytest.mark.parametrize(
    ("change_row", "code", "told"),
    [
        (led_out, 2, "no archive of astral"),
        (other_verdict, 3, "its content is not what was written; nothing was written"),
        (newer, 2, "newer astral"),
        (lambda _, row: {**row, "extra": 1}, 2, "no archive of astral"),
        (lambda _, row: [row], 2, "no archive of astral"),
    ],
)
def test_an_archive_that_was_tampered_with_changes_nothing(astral, runs, change_row, code, told):
    archive = runs / "kept.tar.gz"
    astral("runs", "archive", "latest", "--out", archive, "--runs", runs)
    astral("runs", "prune", "--keep", 0, "--yes", "--runs", runs)
    done = astral("runs", "restore", rewritten(archive, change_row), "--runs", runs)
    assert done.code == code
    assert told in " ".join(done.err.split())
    assert ids(runs) == []


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00broken"])
def test_a_file_that_is_no_archive(astral, runs, tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    done = astral("runs", "restore", tmp_path / "file", "--runs", runs)
    assert done.code == 2
    assert "no archive of astral" in " ".join(done.err.split())


def test_nothing_is_removed_unasked(astral, runs):
    before = ids(runs)
    for arguments in ([], ["--keep", 0], ["--older", "soon"]):
        assert astral("runs", "prune", *arguments, "--runs", runs).code == 2
    assert astral("runs", "prune", "--older", "1d", "--yes", "--runs", runs).out == "No run to remove.\n"
    assert ids(runs) == before


def test_a_removed_run_leaves_no_text_in_the_file(astral, runs):
    with Store.open(f"sqlite:///{runs}/astral.db") as store:
        text = next(store.cases(store.resolve("latest")))[1].messages[0].content.encode()[:20]
    astral("runs", "prune", "--keep", 0, "--yes", "--runs", runs)
    assert all(text not in path.read_bytes() for path in runs.glob("astral.db*") if path.is_file())


def test_a_run_goes_when_it_is_neither_young_nor_among_the_newest():
    now = datetime(2026, 11, 28, tzinfo=UTC)
    known = [
        RunSummary(
            run_id=str(days),
            created=now - timedelta(days=days),
            status=RunStatus.MET,
            target="t",
            drawn=1,
            counts=dict.fromkeys(Result, 0),
        )
        for days in range(10)
    ]
    week = timedelta(days=7)
    assert [run.run_id for run in superfluous_runs(known, now, older=week, keep=None)] == ["9", "8"]
    assert [run.run_id for run in superfluous_runs(known, now, older=week, keep=9)] == ["9"]
    assert [run.run_id for run in superfluous_runs(known, now, older=None, keep=9)] == ["9"]
