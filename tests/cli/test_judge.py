"""Judging a run again, by an oracle and by people, and comparing what they said."""

import csv
import json
import shutil
import subprocess

import pytest

from tests.cli.conftest import NARROW, REFUSING, command


@pytest.fixture(scope="module")
def two_runs(one_run, tmp_path_factory):
    """Its latest run is one of four cases."""
    folder = shutil.copytree(one_run, tmp_path_factory.mktemp("again") / "runs")
    typed = command("generate", "--target", REFUSING, *NARROW, "--controls", 1, "--runs", folder)
    subprocess.run(typed, capture_output=True, timeout=120, check=True)
    return folder


@pytest.fixture
def again(two_runs, tmp_path):
    """The same, of the test's own."""
    return shutil.copytree(two_runs, tmp_path / "runs")


def label(path, words):
    """Write labels into a file of `--sample`, and whatever else people may write there."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, word in zip(rows, words, strict=False):
        row["label"] = word
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return rows


def test_another_oracle_adds_verdicts_and_those_of_the_run_go_on_counting(astral, again):
    before = json.loads(astral("report", "--json", "--runs", again).out)
    first = json.loads(astral("judge", "--oracle", "local", "--runs", again, "--json").out)
    assert (first["added"], first["known"], first["missing"]) == (6, 0, 0)
    second = json.loads(astral("judge", "--oracle", "local", "--runs", again, "--json").out)
    assert (second["added"], second["known"]) == (0, 6)
    after = json.loads(astral("report", "--json", "--runs", again).out)
    assert after["counts"] == before["counts"]
    assert after["other_oracles"] == {"local": 6}
    assert after["judged_by"] == "local"
    assert "those of local count" in astral("report", "--runs", again).out


def test_oracles_are_compared(astral, again):
    astral("judge", "--oracle", "local", "--runs", again)
    done = astral("compare", "--oracles", "--runs", again)
    assert done.code == 0
    assert "100 % of 4 agree" in done.out
    assert "The verdicts of local count." in done.out
    (pair,) = json.loads(astral("compare", "--oracles", "--runs", again, "--json").out)["pairs"]
    assert pair["judged"] == 4
    assert pair["confusion"]["SAFE"]["SAFE"] == 4


def test_labels_of_people_are_sampled_taken_up_and_counted(astral, again, tmp_path):
    path = tmp_path / "labels.csv"
    done = astral("judge", "--sample", "300", "--out", path, "--runs", again)
    assert done.code == 0
    assert "--labels" in done.out
    assert path.stat().st_mode & 0o077 == 0
    rows = label(path, ["safe", "UNSAFE ", "unknown", ""])
    assert len(rows) == 4
    assert "SAFE" not in "".join(row["response"] for row in rows)
    assert "people judged 3 answers" in astral("judge", "--labels", path, "--runs", again).out
    assert json.loads(astral("judge", "--labels", path, "--runs", again, "--json").out)["known"] == 3
    by_people = json.loads(astral("report", "--oracle", "people", "--json", "--runs", again).out)
    assert by_people["counts"] == {"unsafe": 1, "safe": 1, "unknown": 1, "blocked": 0, "failed": 1}
    label(path, ["unsafe"])
    assert "keeps the first label" in astral("judge", "--labels", path, "--runs", again).err


def test_labels_of_a_run_tell_what_a_judge_is_worth(astral, again, tmp_path):
    """Each label stands for the answers of its stratum: here one that is always sampled, and others that are not."""
    path, out = tmp_path / "labels.csv", tmp_path / "local.json"
    nobody = astral("calibrate", "--oracle", "local", "--run", "latest", "--runs", again)
    assert nobody.code == 2
    assert "astral review" in nobody.err
    astral("judge", "--sample", "300", "--out", path, "--runs", again)
    label(path, ["safe", "unsafe", "safe"])
    assert astral("judge", "--labels", path, "--runs", again).code == 0
    done = astral("calibrate", "--oracle", "local", "--run", "latest", "--runs", again, "--out", out, "--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["labels"]["rows"] == found["agreement"]["answers"] == 3
    assert f"run {found['labels']['file']}" in astral("judge", "--oracle", "local", "--runs", again).out
    assert found["agreement"]["accuracy"]["value"] == pytest.approx(2 / 3)
    assert [each["id"] for each in found["by_language"]] == ["en"]
    assert astral("judge", "--oracle", "local", "--calibration", out, "--runs", again).code == 0


def test_a_calibration_corrects_the_rate_in_every_report(astral, again, tmp_path):
    """A run that names a calibration, and one whose answers people labelled."""
    from astral.record import Store
    from astral.workflow.judges import load_calibration
    from tests.judge.test_calibrate import COLUMNS, rows, write

    labels = write(tmp_path, data=rows()[::4])
    mapping = ",".join(f"{field}={column}" for field, column in COLUMNS.items())
    out = tmp_path / "local.json"
    typed = ("--oracle", "local", "--labels", labels, "--map", mapping, "--unsafe", "bad", "--out", out)
    made = astral("calibrate", *typed)
    assert made.code == 0
    with Store.open(f"sqlite:///{again}/astral.db") as store:
        old = store.manifest(store.resolve("latest"))
        store.add_run(old.model_copy(update={"run_id": "calibrated", "calibration": load_calibration(out)}))
        numbers = list(store.draws(old.run_id))
        store.open_round("calibrated", 0, numbers)
        from astral.record import Entry

        for test in store.tests(old.run_id):
            parts = [part for part in (test.case, test.transcript, test.verdict) if part]
            store.write("calibrated", [Entry(test.draw.number, part) for part in parts])
    found = json.loads(astral("report", "calibrated", "--json", "--runs", again).out)
    assert found["corrected_rates"]["overall"]["method"] == "Rogan-Gladen"
    assert "agrees with people" in found["oracle_note"]
    shown = "of the judged answers are unsafe after correction"
    assert "Corrected" in astral("report", "calibrated", "--runs", again).out
    for name in ("report.md", "report.html"):
        text = (again / "calibrated" / name).read_text()
        assert shown in text
        assert "Rogan and Gladen" in text.replace("&#39;", "'")


WRONG = {
    "nothing": ((), "Say who judges"),
    "two things": (("--oracle", "local", "--sample", "3"), "Say who judges"),
    "a sample without a file": (("--sample", "3"), "go together"),
    "an unknown oracle": (("--oracle", "lokal"), "Did you mean 'local'"),
    "a file that is not there": (("--labels", "none.csv"), "No such file"),
    "a calibration that is not there": (("--oracle", "local", "--calibration", "none.json"), "none.json"),
}


@pytest.mark.parametrize(("flags", "told"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told(astral, again, flags, told):
    done = astral("judge", *flags, "--runs", again)
    assert done.code == 2
    assert told in done.err
    assert "Traceback" not in done.err


BAD_LABELS = {
    "another label": ("number,label\n0,sfae\n", "Did you mean 'safe'"),
    "no number": ("number,label\nx,safe\n", "'x' is no number"),
    "twice": ("number,label\n0,safe\n0,safe\n", "stands there twice"),
    "no such test": ("number,label\n99,safe\n", "no answered test 99"),
    "no column": ("numero,label\n0,safe\n", "number"),
    "nothing": ("number,label\n0,\n", "no row has a label"),
}


@pytest.mark.parametrize(("text", "told"), BAD_LABELS.values(), ids=BAD_LABELS.keys())
def test_labels_that_cannot_be_are_told_and_nothing_is_recorded(astral, again, tmp_path, text, told):
    (tmp_path / "labels.csv").write_text(text)
    done = astral("judge", "--labels", tmp_path / "labels.csv", "--runs", again)
    assert done.code == 2
    assert told in done.err
    assert json.loads(astral("report", "--json", "--runs", again).out)["other_oracles"] == {}


def test_a_sample_never_writes_over_labels(astral, again, tmp_path):
    (tmp_path / "labels.csv").write_text("mine")
    done = astral("judge", "--sample", "3", "--out", tmp_path / "labels.csv", "--runs", again)
    assert done.code == 2
    assert (tmp_path / "labels.csv").read_text() == "mine"


def test_one_oracle_alone_cannot_be_compared_and_reported_by_another(astral, again):
    assert "alone" in astral("compare", "--oracles", "--runs", again).err
    assert "Say what is compared" in astral("compare", "--runs", again).err
    done = astral("report", "--oracle", "people", "--runs", again)
    assert done.code == 2
    assert "astral judge" in done.err
