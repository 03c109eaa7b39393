"""A judge against people, at the command line."""

import json

import pytest

from astral.domain.calibration import Calibration
from tests.judge.test_calibrate import rows, write

FEW = rows()[::4]
"""Answers of both kinds in both languages; a verdict takes a while."""
MAPPED = ("--map", "request=prompt,response=answer", "--map", "label=verdict,language=lang", "--unsafe", "bad")


def test_it_prints_agreement_and_writes_the_file_that_a_run_names(astral, tmp_path):
    out = tmp_path / "local.json"
    labels = write(tmp_path, data=FEW)
    unsafe = sum(row["verdict"] == "bad" for row in FEW)
    done = astral("calibrate", "--oracle", "local", "--labels", labels, *MAPPED, "--repeats", "2", "--out", out)
    assert done.code == 0
    assert f"{len(FEW)} answers, {unsafe} of them unsafe" in done.out
    for name in ("accuracy", "precision", "recall", "kappa", "Brier score", "calibration error", "flips", "it "):
        assert name in done.out
    assert "judge.calibration" in done.err
    found = Calibration.model_validate_json(out.read_text())
    assert found.oracle == "local"
    assert found.repeats == 2
    assert out.stat().st_mode & 0o077 == 0


def test_json_is_the_file_and_the_same_each_time(astral, tmp_path):
    labels = write(tmp_path, "jsonl", FEW)
    typed = ("calibrate", "--oracle", "local", "--labels", labels, *MAPPED, "--json", "--sample", "12")
    first, second = [{**json.loads(astral(*typed).out), "created": ""} for _ in range(2)]
    assert first == second
    assert first["labels"]["rows"] == 12


WRONG = {
    "a column": (("--map", "request=promt,response=answer,label=verdict", "--unsafe", "bad"), "Did you mean 'prompt'"),
    "a map": (("--map", "request", "--unsafe", "bad"), "write FIELD=COLUMN"),
    "a field twice": ((*MAPPED, "--map", "request=answer"), "each field once"),
    "a label": ((*MAPPED[:4], "--unsafe", "bat"), "Did you mean 'bad'"),
    "a condition": ((*MAPPED, "--where", "lang"), "COLUMN=PATTERN"),
    "an oracle": ((*MAPPED, "--oracle", "lokal"), "Did you mean 'local'"),
    "a run as well": ((*MAPPED, "--run", "latest"), "Say whose labels"),
    "a target error": ((*MAPPED, "--target-error", "2"), "target-error"),
}


@pytest.mark.parametrize(("flags", "told"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told(astral, tmp_path, flags, told):
    done = astral("calibrate", "--oracle", "local", "--labels", write(tmp_path), *flags)
    assert done.code == 2
    assert told in done.err
    assert "Traceback" not in done.err
