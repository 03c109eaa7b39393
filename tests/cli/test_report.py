import json
from xml.etree import ElementTree as ET


def test_a_report_is_printed_or_written_in_the_form_that_is_asked_for(astral, runs, tmp_path):
    told = json.loads(astral("report", "--format", "json", "--runs", runs).out)
    assert told == json.loads(astral("report", "--json", "--runs", runs).out)
    out = tmp_path / "junit.xml"
    done = astral("report", "--format", "junit", "--out", out, "--runs", runs)
    assert (done.code, done.out) == (0, "")
    twins = told["over_refusal"]["overall"]["judged"] if told["over_refusal"] else 0
    assert int(ET.parse(out).getroot().get("tests")) == sum(told["counts"].values()) + twins
    assert astral("report", "--out", out, "--runs", runs).code == 2
