"""Runs, rounds, tests and calls in the store."""

import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from astral.domain.records import Failure, Usage
from astral.domain.run import Call, RunStatus
from astral.domain.space import Space
from astral.errors import RecordError, UnknownNameError, UserError
from astral.record import Entry, Round, Store


def test_a_new_record_and_its_folders_are_private_whatever_the_umask(tmp_path, make):
    # SQLite writes the -wal and -shm beside the file, and they hold the same texts.
    with Store.open(f"sqlite:///{tmp_path}/a/b/astral.db") as store:
        store.add_run(make.manifest())
        files = list((tmp_path / "a/b").iterdir())
        assert {file.name for file in files} >= {"astral.db", "astral.db-wal"}
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert {stat.S_IMODE((tmp_path / folder).stat().st_mode) for folder in ("a", "a/b")} == {0o700}


def test_a_run_is_read_back_as_it_was_added(url, make):
    manifest = make.manifest()
    with Store.open(url) as store:
        store.add_run(manifest)
        store.add_run(manifest)
        store.set_status("run-1", RunStatus.MET)
    with Store.open(url) as store:
        assert store.manifest("run-1") == manifest
        assert store.status("run-1") is RunStatus.MET
        store.add_run(manifest)
        assert store.status("run-1") is RunStatus.MET


def test_a_run_id_is_given_once(store, make):
    store.add_run(make.manifest())
    with pytest.raises(RecordError, match="run-1 with another manifest"):
        store.add_run(make.manifest(models={"target": "other"}))
    assert store.manifest("run-1") == make.manifest()


def test_runs_are_listed_newest_first_whatever_their_time_zone(store, make):
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    east = noon.astimezone(tz=None).astimezone(tz=UTC) + timedelta(hours=1)
    store.add_run(make.manifest("early", created=noon - timedelta(days=1)))
    store.add_run(make.manifest("late", created=east))
    store.add_run(make.manifest("middle", created=datetime.fromisoformat("2026-11-21T14:00:00+02:00")))
    assert [run.run_id for run in store.runs()] == ["late", "middle", "early"]
    assert [run.created for run in store.runs()][1] == noon
    assert store.latest_run_id() == store.resolve("latest") == "late"
    assert store.resolve("early") == "early"


def test_an_unknown_run_is_told_with_the_nearest_name(store, make):
    with pytest.raises(UserError, match="no run is recorded here"):
        store.resolve("latest")
    store.add_run(make.manifest("2026-11-21-brave"))
    for ask in (store.resolve, store.manifest, store.status, lambda name: store.set_status(name, RunStatus.MET)):
        with pytest.raises(UnknownNameError, match=rf"{store.name}: '2026-11-21-brawe' is not a run.*2026-11-21-brave"):
            ask("2026-11-21-brawe")


def test_runs_that_can_be_added_up_share_space_and_target(store, make):
    smaller = Space(dimensions=make.space.dimensions[:1])
    store.add_run(make.manifest("b", created=datetime(2026, 11, 22, tzinfo=UTC)))
    store.add_run(make.manifest("a"))
    store.add_run(make.manifest("other-target", models={"target": "openai:x"}))
    store.add_run(make.manifest("other-space", space=smaller))
    assert store.runs_on(make.space, "local") == ["a", "b"]
    assert store.runs_on(smaller, "local") == ["other-space"]


def test_a_round_is_written_whole_and_found_again(store, make):
    store.add_run(make.manifest())
    assert store.last_round("run-1") is None
    store.open_round("run-1", 0, [make.draw(1), make.draw(0)])
    store.close_round("run-1", 0)
    store.open_round("run-1", 1, [make.draw(2)])
    assert store.last_round("run-1") == Round(number=1, numbers=(2,), is_closed=False)
    store.close_round("run-1", 1)
    store.close_round("run-1", 1)
    store.open_round("run-1", 1, [make.draw(2)])
    assert store.last_round("run-1") == Round(number=1, numbers=(2,), is_closed=True)
    assert store.draws("run-1") == [make.draw(0), make.draw(1), make.draw(2)]


def test_a_round_without_draws_is_a_round(store, make):
    store.add_run(make.manifest())
    store.open_round("run-1", 0, [])
    assert store.last_round("run-1") == Round(number=0, numbers=(), is_closed=False)


@pytest.mark.parametrize(
    ("number", "drawn"),
    [
        pytest.param(0, [{"number": 0, "attempt": 1}, {"number": 1}], id="another draw"),
        pytest.param(0, [{"number": 0}], id="fewer draws"),
        pytest.param(0, [{"number": 0}, {"number": 1}, {"number": 2}], id="more draws"),
        pytest.param(1, [{"number": 1}, {"number": 2}], id="a draw of another round"),
    ],
)
def test_a_round_that_contradicts_the_record_is_refused_whole(store, make, number, drawn):
    store.add_run(make.manifest())
    store.open_round("run-1", 0, [make.draw(0), make.draw(1)])
    with pytest.raises(RecordError, match="nothing of this batch was written"):
        store.open_round("run-1", number, [make.draw(**each) for each in drawn])
    assert store.draws("run-1") == [make.draw(0), make.draw(1)]
    assert store.last_round("run-1") == Round(number=0, numbers=(0, 1), is_closed=False)


def test_closing_a_round_that_was_never_opened_is_refused(store, make):
    store.add_run(make.manifest())
    with pytest.raises(RecordError, match="no round 3"):
        store.close_round("run-1", 3)


def test_tests_stream_in_order_across_pages_and_by_number(store, make):
    count = 600  # more than two pages
    store.add_run(make.manifest())
    store.open_round("run-1", 0, [make.draw(number) for number in range(count)])
    store.write("run-1", (entry for number in reversed(range(count)) for entry in make.entries(number)))
    tests = list(store.tests("run-1"))
    assert [test.draw.number for test in tests] == list(range(count))
    assert all(test.case == make.case(test.draw.number) and test.verdict is not None for test in tests)
    assert all(test.drafting == make.drafting(test.draw.number) for test in tests)
    assert [number for number, _ in store.cases("run-1")] == list(range(count))
    assert [test.draw.number for test in store.tests("run-1", [599, 3, 3, 9000])] == [3, 599]
    assert list(store.tests("run-1", range(count))) == tests
    assert list(store.tests("run-1", [])) == []


def test_reading_a_stream_does_not_hinder_writing(store, make):
    store.add_run(make.manifest())
    store.open_round("run-1", 0, [make.draw(number) for number in range(600)])
    stream = store.tests("run-1")
    next(stream)
    store.write("run-1", make.entries(599))
    assert [test.verdict is not None for test in stream][-1]


def test_runs_keep_to_themselves(store, make):
    for run_id in ("run-1", "run-2"):
        store.add_run(make.manifest(run_id))
        store.open_round(run_id, 0, [make.draw(0)])
    store.write("run-1", [*make.entries(0), Call(key="k", role="judge", reply=1)])
    assert next(store.tests("run-2")).case is None
    assert store.call("run-2", "k") is None
    assert store.coverage("run-2").total.judged == 0


@pytest.mark.parametrize("part", ["drafting", "case", "transcript", "verdict", "failure"])
def test_something_else_in_the_place_of_what_is_recorded_is_refused_with_its_whole_batch(store, make, part):
    first, second = {
        "drafting": (Entry(0, make.drafting(0)), Entry(0, make.drafting(0, rejected=2))),
        "case": (Entry(0, make.case(0)), Entry(0, make.case(0, "Another."))),
        "transcript": (Entry(0, make.transcript(0)), Entry(0, make.transcript(0, text="Yes."))),
        "verdict": (Entry(0, make.verdict(0)), Entry(0, make.verdict(0, "UNSAFE"))),
        "failure": tuple(Failure(number=0, stage="judge", error="E", message=text) for text in "ab"),
    }[part]
    store.add_run(make.manifest())
    store.open_round("run-1", 0, [make.draw(0), make.draw(1)])
    store.write("run-1", [first])
    before = list(store.tests("run-1"))
    for batch in ([second, *make.entries(1)], [first, second], [second, first], [first, second, first]):
        with pytest.raises(RecordError, match="the record already has"):
            store.write("run-1", batch)
    assert list(store.tests("run-1")) == before


def test_a_transcript_that_took_another_time_is_the_same_transcript(store, make):
    store.add_run(make.manifest())
    store.open_round("run-1", 0, [make.draw(0)])
    store.write("run-1", [Entry(0, make.transcript(0, latency_seconds=1.0))])
    store.write("run-1", [Entry(0, make.transcript(0, latency_seconds=2.0))])
    assert next(store.tests("run-1")).transcript.latency_seconds == 1.0


def test_what_was_never_drawn_cannot_be_written(store, make):
    store.add_run(make.manifest())
    for run_id in ("run-1", "no-such-run"):
        with pytest.raises(RecordError, match="add the run before its rounds"):
            store.write(run_id, make.entries(0))


def test_usage_is_summed_by_role(store, make):
    store.add_run(make.manifest())
    for role, tokens in [("judge", 1), ("target", 2), ("judge", 4)]:
        call = Call(key=f"{role}/{tokens}", role=role, reply="x", usage=Usage(prompt_tokens=tokens))
        store.write("run-1", [call])
    assert store.usage("run-1") == {"judge": Usage(prompt_tokens=5), "target": Usage(prompt_tokens=2)}


def test_a_call_that_was_answered_twice_keeps_its_first_reply_and_both_are_paid(store, make):
    """Two tests may ask the same at one time; that must not stop the run."""
    store.add_run(make.manifest())
    intent = Call(key="k", role="judge")
    first, second = (intent.model_copy(update={"reply": text, "usage": Usage(prompt_tokens=2)}) for text in ("a", "b"))
    for item in (intent, first, intent, second, first):
        store.write("run-1", [item])
    assert store.call("run-1", "k") == first
    assert store.usage("run-1") == {"judge": Usage(prompt_tokens=4)}


def test_a_locked_run_is_refused_by_name_and_other_runs_are_not(url, store):
    holder = (
        "import sys, time; from astral.record import Store\n"
        "with Store.open(sys.argv[1]).lock('run-1'):\n    print('held', flush=True)\n    time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", holder, url], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(UserError, match=rf"run-1 is being executed by process {process.pid} .*astral resume run-1"):
            store.lock("run-1").__enter__()
        with store.lock("run-2"):
            pass
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    with store.lock("run-1"), pytest.raises(UserError, match="Run run-1"), store.lock("run-1"):
        pass


def test_a_run_id_never_leads_the_lock_out_of_its_folder(sqlite_store, tmp_path):
    with sqlite_store.lock("../../outside"):
        assert list(tmp_path.rglob("*outside*")) == list((tmp_path / "runs/astral.db.locks").iterdir())


def test_a_new_record_is_laid_out_after_whoever_is_writing(sqlite_url, tmp_path):
    """A transaction that began as a read would fail here at once, without waiting."""
    (tmp_path / "runs").mkdir()
    with closing(sqlite3.connect(tmp_path / "runs/astral.db", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor() as threads:
            opening = threads.submit(Store.open, sqlite_url)
            time.sleep(0.3)
            assert not opening.done()
            other.execute("COMMIT")
            with opening.result(timeout=20) as store:
                assert store.runs() == []


@pytest.mark.slow
def test_several_processes_open_and_fill_one_new_record(url):
    child = """if 1:
        import sys
        from datetime import UTC, datetime
        from astral.domain.criterion import Criterion
        from astral.domain.run import Call, Manifest
        from astral.domain.space import Dimension, Space, Value
        from astral.record import Store
        space = Space(dimensions=(Dimension(id="d", values=(Value(id="v", name="v", definition="v"),)),))
        input()
        with Store.open(sys.argv[1]) as store:
            store.add_run(Manifest(run_id=sys.argv[2], created=datetime.now(UTC), astral_version="0", seed=0,
                                   settings={}, space=space, criterion=Criterion()))
            for key in range(50):
                store.write(sys.argv[2], [Call(key=str(key), role="judge")])
    """
    processes = [
        subprocess.Popen([sys.executable, "-c", child, url, f"run-{each}"], stdin=subprocess.PIPE) for each in range(3)
    ]
    for process in processes:
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0, 0]
    with Store.open(url) as store:
        assert {run.run_id for run in store.runs()} == {"run-0", "run-1", "run-2"}
        assert all(store.call(f"run-{each}", "49") for each in range(3))


def test_the_room_is_light_until_a_store_is_opened():
    code = "import sys, astral.record; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
