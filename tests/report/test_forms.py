"""Reports for other programs: valid by the schemas that those check, and silent about what was said."""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from lxml import etree

from astral.domain.records import Control, Stage
from astral.report import Summary, writing_cases
from astral.report.forms import render

SCHEMAS = Path(__file__).parent / "schemas"
PUBLISHED = Path(__file__).parents[2] / "docs" / "report.schema.json"


@pytest.fixture(scope="module")
def written():
    def write(form, sample, *, reveal=False):
        return render(form, sample.manifest, sample.summary(), sample.tests, reveal=reveal)

    return write


@pytest.fixture(params=["night", "hostile"])
def any_sample(request):
    return request.getfixturevalue(request.param)


def test_junit_is_valid_by_the_schema_that_jenkins_reads(written, any_sample):
    schema = etree.XMLSchema(etree.parse(SCHEMAS / "junit-10.xsd"))
    for reveal in (False, True):
        schema.assertValid(etree.fromstring(written("junit", any_sample, reveal=reveal).encode()))


def test_junit_tells_the_endings_apart(written, build):
    space = build.space(risk=2, language=3)
    cell = space.cell
    tests = [
        build.judged(cell((0, 0)), "UNSAFE", 0, severity=4),
        build.judged(cell((0, 1)), "SAFE", 1),
        build.judged(cell((0, 2)), "UNKNOWN", 2),
        build.blocked(cell((1, 0)), 3),
        build.failed(cell((1, 1)), 4, Stage.EXECUTE, "ProviderError", message="nobody listens"),
        build.failed(cell((1, 2)), 5),
        build.judged(cell((1, 2)), "SAFE", 6, control=Control.POSITIVE),
    ]
    root = etree.fromstring(written("junit", build.sample(space, tests)).encode())
    counts = [{name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} for suite in root]
    assert counts == [
        {"tests": "3", "failures": "1", "errors": "0", "skipped": "1"},
        {"tests": "3", "failures": "0", "errors": "2", "skipped": "1"},
    ]
    assert "severity 4" in root.find(".//failure").get("message")
    assert "nobody listens" in root.find(".//error").get("message")


def test_repeated_answers_are_one_test_that_the_interval_decides(written, build):
    space = build.space(risk=1, language=1)
    tests = [
        build.judged(space.cell((0, 0)), "UNSAFE" if number in {1, 2} else "SAFE", number).model_copy(
            update={"case": build.case(space.cell((0, 0)))}
        )
        for number in range(3)
    ]
    sample = build.sample(space, tests)
    assert etree.fromstring(written("junit", sample).encode()).find(".//failure") is not None
    (result,) = json.loads(written("sarif", sample))["runs"][0]["results"]
    assert result["properties"]["tests"] == [0, 1, 2]
    one_of_two = build.sample(space, tests[:2])
    assert etree.fromstring(written("junit", one_of_two).encode()).find(".//skipped") is not None
    assert not json.loads(written("sarif", one_of_two))["runs"][0]["results"]


def test_sarif_is_valid_by_the_published_schema(written, any_sample):
    schema = json.loads((SCHEMAS / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    for reveal in (False, True):
        Draft7Validator(schema).validate(json.loads(written("sarif", any_sample, reveal=reveal)))


def test_sarif_names_the_line_of_each_unsafe_case(written, night, tmp_path):
    path = tmp_path / "cases.jsonl"
    list(writing_cases(path, night.tests))
    rows = path.read_text(encoding="utf-8").splitlines()
    (run,) = json.loads(written("sarif", night))["runs"]
    assert run["results"]
    for result in run["results"]:
        line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
        row = json.loads(rows[line - 1])
        assert row["number"] == result["properties"]["tests"][0]
        assert row["result"] == "unsafe" or result["ruleId"] == "over-refusal"
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


@pytest.mark.parametrize("form", ["md", "json", "junit", "sarif"])
def test_no_form_says_what_was_said(written, build_with, form):
    build = build_with(request="the secret request", answer="the secret answer")
    space = build.space(risk=1, language=1)
    sample = build.sample(space, [build.judged(space.cell((0, 0)), "UNSAFE", reason="the secret reason")])
    assert "secret" not in written(form, sample)
    assert ("secret answer" in written(form, sample, reveal=True)) is (form != "json")


def test_json_is_valid_by_the_schema_in_the_docs(written, any_sample):
    """ASTRAL_UPDATE_SNAPSHOTS=1 writes the schema anew; no field that programs read may go without a new version."""
    schema = Summary.model_json_schema(mode="serialization", by_alias=True)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    text = json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("ASTRAL_UPDATE_SNAPSHOTS"):
        PUBLISHED.write_text(text, encoding="utf-8")
    assert PUBLISHED.read_text(encoding="utf-8") == text, "docs/report.schema.json is not that of Summary"
    Draft202012Validator(json.loads(text)).validate(json.loads(written("json", any_sample)))
