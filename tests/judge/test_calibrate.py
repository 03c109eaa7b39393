"""Labels of people, from files good and bad, and what an oracle is worth by them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from astral.domain.calibration import Calibration
from astral.domain.records import Outcome
from astral.errors import OracleError, UserError
from astral.judge import (
    CalibratedOracle,
    JuryOracle,
    RefusalOracle,
    audit_sample,
    calibration_of,
    read_labels,
    try_oracle,
)
from astral.judge.audit import audit_sizes
from astral.judge.calibrate import check_calibration
from astral.testing.samples import sample_case
from tests.judge.conftest import load_answers
from tests.judge.fixed import FixedOracle

COLUMNS = {"request": "prompt", "response": "answer", "label": "verdict", "language": "lang"}
NOW = datetime(2026, 11, 21, tzinfo=UTC)
SHARED = Path(__file__).parents[3] / "shared" / "data" / "xstest_completions.csv"


def rows():
    return [
        {"prompt": answers["request"], "answer": text, "verdict": label, "lang": language}
        for language in ("en", "it")
        for answers in [load_answers(language)]
        for label, kind in (("bad", "complied"), ("good", "refused"))
        for text in answers[kind]
    ]


ANSWERS = len(rows())


def write(path, kind="csv", data=None):
    data = rows() if data is None else data
    path = path / f"labels.{kind}"
    if kind == "csv":
        import csv

        with path.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, data[0].keys())
            writer.writeheader()
            writer.writerows(data)
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in data) + "\n\n")
    else:
        from pyarrow import Table
        from pyarrow.parquet import write_table

        write_table(Table.from_pylist(data), path)
    return path


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_file_of_any_kind_gives_the_same_answers(tmp_path, kind):
    answers, source = read_labels(write(tmp_path, kind), columns=COLUMNS, unsafe=["bad"])
    assert len(answers) == source.rows == len(rows())
    assert [(a.request, a.response, a.is_unsafe, a.language) for a in answers] == [
        (row["prompt"], row["answer"], row["verdict"] == "bad", row["lang"]) for row in rows()
    ]
    assert dict(answers[0].case.cell.values) == {"language": "en"}


def test_rows_can_be_selected_and_left_out(tmp_path):
    data = [*rows(), {**rows()[0], "verdict": "unclear"}, {**rows()[0], "verdict": ""}]
    path = write(tmp_path, data=data)
    answers, source = read_labels(path, columns=COLUMNS, unsafe=["bad"], unknown=["unclear"], where=["lang=i*"])
    assert {answer.language for answer in answers} == {"it"}
    assert source.where == ("lang=i*",)
    answers, _ = read_labels(path, columns=COLUMNS, unsafe=["bad"], unknown=["unclear"], where=["lang!=it"])
    assert len(answers) == len(rows()) / 2
    every, _ = read_labels(path, columns=COLUMNS, unsafe=["bad", "unclear"])
    assert len(every) == len(rows()) + 1


BAD = {
    "a missing column": ({"columns": {**COLUMNS, "label": "verdikt"}}, "is not a column. Did you mean 'verdict'"),
    "an unknown field": ({"columns": {**COLUMNS, "lable": "verdict"}}, "'lable' is not a field"),
    "no label": ({"columns": {"request": "prompt", "response": "answer"}}, "no column for label"),
    "an unknown label": ({"unsafe": ["bat"]}, "'bat' is not a label. Did you mean 'bad'"),
    "one class": ({"unsafe": ["bad", "good"]}, f"all {ANSWERS} labels mean unsafe"),
    "no row": ({"where": ["lang=xx"]}, f"none of its {ANSWERS} rows"),
    "a condition without a sign": ({"where": ["lang"]}, "COLUMN=PATTERN"),
    "a condition on no column": ({"where": ["language=it"]}, "Did you mean 'lang'"),
}


@pytest.mark.parametrize(("changes", "told"), BAD.values(), ids=BAD.keys())
def test_a_wrong_selection_is_told(tmp_path, changes, told):
    with pytest.raises(UserError, match=told):
        read_labels(write(tmp_path), **{"columns": COLUMNS, "unsafe": ["bad"], **changes})


FILES = {
    "labels.csv": (b"", "the file is empty"),
    "blank.csv": (b" \n \n", "the file is empty"),
    "head.csv": (b"prompt,answer,verdict,lang\n", "no row"),
    "latin.csv": ("prompt,answer,verdict,lang\nperché,sì,bad,it\n".encode("latin-1"), "latin.csv:2: this is not UTF-8"),
    "quote.csv": (b'prompt,answer,verdict,lang\n"a"b,c,bad,it\n', "this is not CSV"),
    "list.jsonl": (b'{"prompt": "a"}\n[1]\n', "list.jsonl:2: this is not a JSON object"),
    "broken.jsonl": (b'{"prompt": \n', "broken.jsonl:1"),
    "no.parquet": (b"PAR1 no", "not a Parquet file"),
    "table.xlsx": (b"PK", "labels are read from"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_is_told(tmp_path, name):
    raw, told = FILES[name]
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(UserError, match=told):
        read_labels(tmp_path / name, columns=COLUMNS, unsafe=["bad"])


def test_a_file_that_is_not_there_or_a_folder_is_told(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for name in ("none.csv", "folder.csv"):
        with pytest.raises(UserError, match=name):
            read_labels(tmp_path / name, columns=COLUMNS, unsafe=["bad"])


async def calibrated(tmp_path, oracle=None, **more):
    answers, source = read_labels(write(tmp_path), columns=COLUMNS, unsafe=["bad"])
    trials = await try_oracle(oracle or RefusalOracle(), answers, repeats=more.get("repeats", 1))
    return calibration_of(trials, oracle="local", labels=source, created=NOW, **more)


async def test_the_embedded_oracle_agrees_with_the_original_answers(tmp_path):
    found = await calibrated(tmp_path, repeats=2)
    assert found.agreement.accuracy.value >= 0.95
    assert found.agreement.flips.value == 0
    assert [each.id for each in found.by_language] == ["en", "it"]
    assert sum(each.agreement.answers for each in found.by_language) == found.agreement.answers == ANSWERS
    assert Calibration.model_validate_json(found.model_dump_json()) == found
    assert Calibration.model_validate_json(found.model_dump_json()).digest == found.digest


async def test_it_holds_no_text_of_the_answers(tmp_path):
    text = (await calibrated(tmp_path)).model_dump_json()
    assert not [row for row in rows() if row["answer"] in text or row["prompt"] in text]


async def test_answers_without_a_verdict_are_counted_apart(tmp_path):
    flaky = FixedOracle("flaky", *[Outcome.SAFE, Outcome.UNSAFE, None] * ANSWERS)
    found = await calibrated(tmp_path, flaky)
    assert found.agreement.failed + found.agreement.answers == ANSWERS
    assert found.agreement.failed == ANSWERS // 3


async def test_an_oracle_that_always_fails_is_an_error(tmp_path):
    with pytest.raises(OracleError, match=f"0 of {ANSWERS} answers: no vote"):
        await calibrated(tmp_path, FixedOracle("dead", None))


async def test_a_jury_is_weighed_by_what_its_judges_got_right(tmp_path):
    jury = JuryOracle({"local": RefusalOracle(), "yes": FixedOracle("yes", Outcome.UNSAFE)})
    found = await calibrated(tmp_path, jury)
    assert found.weights["local"] > 0.9
    assert sum(found.weights.values()) == pytest.approx(1)


async def test_weights_learnt_on_line_follow_the_judge_that_is_right(tmp_path):
    jury = JuryOracle({"local": RefusalOracle(), "yes": FixedOracle("yes", Outcome.UNSAFE)})
    found = await calibrated(tmp_path, jury, weighing="online")
    assert found.weights["local"] > 0.9
    assert found.weights != (await calibrated(tmp_path, jury)).weights
    assert sum(found.weights.values()) == pytest.approx(1)


async def test_a_calibrated_oracle_decides_by_the_thresholds_and_notes_them(tmp_path, answered):
    found = await calibrated(tmp_path)
    never = found.model_copy(update={"thresholds": found.thresholds.model_copy(update={"safe_up_to": -1.0})})
    case = sample_case()
    verdict = await CalibratedOracle(FixedOracle("local", Outcome.SAFE), never).judge(case, answered(case, "No."))
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.votes[0].outcome is Outcome.SAFE
    assert verdict.votes[0].parameters["calibration"] == never.digest


async def test_a_calibration_of_another_oracle_is_refused(tmp_path):
    with pytest.raises(UserError, match="about 'local'"):
        check_calibration(await calibrated(tmp_path), "llm:openai:x")


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_file(), reason="the shared data are not here")
async def test_agreement_with_xstest_is_what_the_documentation_says():
    columns = {"request": "prompt", "response": "completion", "label": "final_label"}
    answers, source = read_labels(SHARED, columns=columns, unsafe=["1_full_compliance"])
    trials = await try_oracle(RefusalOracle(), answers)
    found = calibration_of(trials, oracle="local", labels=source, created=NOW)
    assert found.agreement.accuracy.value >= 0.94
    assert found.agreement.accuracy.low >= 0.92


def test_an_audit_looks_at_what_was_flagged_first_and_uses_all_labels():
    verdicts = {Outcome.UNSAFE: 130, Outcome.SAFE: 1800, Outcome.UNKNOWN: 70}
    sizes = audit_sizes(verdicts, 300)
    assert sizes[Outcome.UNSAFE] == 130
    assert sum(sizes.values()) == 300
    assert sum(audit_sizes({Outcome.UNSAFE: 5, Outcome.SAFE: 3}, 300).values()) == 8
    assert sum(audit_sizes({Outcome.UNSAFE: 1000, Outcome.SAFE: 10}, 300).values()) == 300


def test_the_sample_is_random_within_outcomes_and_its_order_tells_nothing():
    strata = {number: (Outcome.UNSAFE if number < 100 else Outcome.SAFE).value for number in range(1000)}
    first, again, other = (audit_sample(strata, {}, 150, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert len(set(first)) == 150
    flagged = [number < 100 for number in first]
    assert 60 < sum(flagged) < 100
    assert 0 < sum(flagged[:75]) < sum(flagged)
