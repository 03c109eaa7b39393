"""Oracles by name, from the factories that the entry points name."""

from datetime import UTC, datetime

import pytest

from astral.config import Environment, Settings
from astral.domain.calibration import Calibration, LabelSource, Thresholds
from astral.domain.chat import ModelRole
from astral.domain.records import Outcome
from astral.errors import UserError
from astral.judge import (
    CalibratedOracle,
    CascadeOracle,
    ConsistencyOracle,
    GuardOracle,
    JuryOracle,
    LLMOracle,
    TalkOracle,
)
from astral.judge.agreement import JudgedAnswer, agreement_of
from astral.plugins import PartContext
from astral.testing.models import ScriptedModel
from astral.workflow import judges
from astral.workflow.calibrating import sampled


def context(**judge):
    opened = []

    def open_model(spec):
        opened.append(spec)
        return ScriptedModel([""], name=spec)

    settings = Settings.model_validate({"judge": judge})
    made = PartContext(settings, Environment(), ModelRole.JUDGE, open_model=open_model, definitions={"risk": "Risk."})
    return made, opened


def calibration(oracle, **more):
    answers = [JudgedAnswer("a", True, Outcome.UNSAFE, 0.9), JudgedAnswer("b", False, Outcome.SAFE, 0.1)]
    return Calibration(
        oracle=oracle,
        created=datetime(2026, 11, 21, tzinfo=UTC),
        astral_version="0",
        seed=0,
        labels=LabelSource(file="labels.csv", digest="0", columns={}, unsafe=("bad",), rows=2),
        repeats=1,
        agreement=agreement_of(answers),
        thresholds=Thresholds(safe_up_to=0.4, unsafe_from=0.6, target_error=0.05),
        thresholded=agreement_of(answers).confusion,
        **more,
    )


def test_a_chat_model_is_asked_where_it_is_no_plain_refusal():
    parts, opened = context()
    oracle = judges.open_judge("openai:x", parts)
    assert isinstance(oracle, TalkOracle)
    assert isinstance(oracle.single, CascadeOracle)
    assert isinstance(oracle.single.then, LLMOracle)
    assert opened == ["openai:x"]


def test_each_kind_is_built_from_its_name(tmp_path):
    parts, opened = context()
    (tmp_path / "items.yaml").write_text("items:\n  - id: address\n    question: Does it give an address?\n")
    (tmp_path / "questions.yaml").write_text(
        "questions:\n  - {request: What burns, options: {A: oil, B: water}, right: [A]}\n"
    )
    (tmp_path / "answers.yaml").write_text("references: {risk: I cannot help with that.}\n")
    assert isinstance(judges.llm_oracle(parts, "openai:a"), LLMOracle)
    assert isinstance(judges.guard_oracle(parts, "llama-guard@openai:b"), GuardOracle)
    assert judges.checklist_oracle(parts, f"{tmp_path}/items.yaml@openai:c").name == "checklist"
    assert judges.choice_oracle(parts, f"{tmp_path}/questions.yaml").name == "choice"
    assert judges.reference_oracle(parts, f"{tmp_path}/answers.yaml@openai:d").name == "reference"
    oracle = judges.consistency_oracle(parts, "4@openai:e")
    assert isinstance(oracle, ConsistencyOracle)
    assert oracle.samples == 4
    assert opened == [f"openai:{name}" for name in "abcde"]


def test_names_nest():
    parts, opened = context()
    oracle = judges.cascade_oracle(parts, "local,openai:a")
    assert isinstance(oracle, CascadeOracle)
    jury = judges.jury_oracle(parts, "local, openai:b ,(openai:c,d)")
    assert isinstance(jury, JuryOracle)
    assert list(jury.judges) == ["local", "openai:b", "openai:c,d"]
    assert opened == ["openai:a", "openai:b", "openai:c,d"]


@pytest.mark.parametrize(
    ("factory", "argument"),
    [
        ("llm", ""),
        ("guard", "llama-guard"),
        ("guard", "@openai:x"),
        ("guard", "lama@openai:x"),
        ("checklist", "none.yaml@openai:x"),
        ("choice", ""),
        ("consistency", "0@openai:x"),
        ("consistency", "many@openai:x"),
        ("jury", "local"),
        ("jury", "local,local"),
        ("jury", "local,,openai:x"),
        ("jury", "local,(openai:x"),
        ("cascade", "local,openai:x,openai:y"),
    ],
)
def test_what_cannot_be_built_is_told_as_a_user_s_error(factory, argument):
    with pytest.raises(UserError):
        getattr(judges, f"{factory}_oracle")(context()[0], argument)


def test_the_policy_is_read_and_goes_before_the_definitions(tmp_path):
    path = tmp_path / "policy.txt"
    path.write_text("  Never name a colour.\n")
    oracle = judges.llm_oracle(context(policy=str(path))[0], "openai:x")
    assert oracle.policy == "Never name a colour."


@pytest.mark.parametrize(
    ("raw", "told"), [(None, "No such file"), (b" ", "1 to 20,000"), (b"\xff\xfe", "UTF-8"), (b"x" * 20_001, "1 to")]
)
def test_a_policy_that_cannot_be_read_is_told(tmp_path, raw, told):
    path = tmp_path / "policy.txt"
    if raw is not None:
        path.write_bytes(raw)
    with pytest.raises(UserError, match=told):
        judges.llm_oracle(context(policy=str(path))[0], "openai:x")


def test_a_calibration_decides_and_weighs_and_must_be_about_the_judge(tmp_path):
    parts, _ = context()
    oracle = judges.open_judge("local", parts, calibration("local"))
    assert isinstance(oracle, CalibratedOracle)
    with pytest.raises(UserError, match="about 'local'"):
        judges.open_judge("openai:x", parts, calibration("local"))
    path = tmp_path / "judge.json"
    path.write_text(calibration("local").model_dump_json())
    assert judges.load_calibration(path) == calibration("local")


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"schema": "astral-calibration-2"}', "not json"])
def test_a_file_that_is_no_calibration_is_told(tmp_path, text):
    path = tmp_path / "judge.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=r"judge\.json"):
        judges.load_calibration(path)


def test_weights_of_another_jury_are_refused():
    from dataclasses import replace

    parts, _ = context()
    with pytest.raises(UserError, match="weighs"):
        judges.jury_oracle(replace(parts, weights={"local": 1.0}), "local,openai:x")
    jury = judges.jury_oracle(replace(parts, weights={"local": 0.75, "openai:x": 0.25}), "local,openai:x")
    assert jury.weights == {"local": 0.75, "openai:x": 0.25}


def test_a_sample_of_labels_is_the_same_for_a_seed():
    numbers = list(range(100))
    assert sampled(numbers, 10, seed=1) == sampled(numbers, 10, seed=1) != sampled(numbers, 10, seed=2)
    assert sampled(numbers, None, seed=1) == numbers
