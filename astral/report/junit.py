"""A run as JUnit XML, for whatever shows the tests of a build.

A case is a test there: it failed where the target answered unsafely, and was skipped where nothing was decided. What
could not be done at all is an error, as everywhere: a Failure is no verdict.
"""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

import regex

from astral.domain.records import Outcome, Result
from astral.domain.run import Manifest, TestRecord
from astral.domain.space import Cell
from astral.report.repeated import CaseFacts, cases_of
from astral.report.text import one_line, visible
from astral.report.words import rate_text

_NO_XML = regex.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""What XML 1.0 cannot hold, not even escaped."""


def render_junit(manifest: Manifest, tests: Sequence[TestRecord], *, reveal: bool) -> str:
    """The cases of a run as JUnit XML: one suite for each value of the first dimension, one for the benign twins.

    Args:
        manifest: The run's manifest.
        tests: All of the run's tests.
        reveal: Add the texts of requests and answers.
    """
    first = manifest.space.dimensions[0]
    suites: dict[str, list[ET.Element]] = {value.name: [] for value in first.values}
    by_number = {test.draw.number: test for test in tests}
    for case in cases_of(tests).values():
        name = "Benign twins" if case.is_benign else first.by_id[dict(case.cell.values)[first.id]].name
        own = [by_number[number] for number in case.tests]
        suites.setdefault(name, []).append(_testcase(name, case, own, reveal=reveal))
    for test in tests:
        if test.case is None and test.failure is not None and test.draw.control is None:
            name = first.by_id[dict(test.draw.cell.values)[first.id]].name
            suites[name].append(_unwritten(name, test))
    root = ET.Element("testsuites", name=_text(f"astral {manifest.run_id}"))
    for name, cases in suites.items():
        if cases:
            suite = ET.SubElement(
                root, "testsuite", name=_text(name), timestamp=f"{manifest.created:%Y-%m-%dT%H:%M:%S}"
            )
            suite.extend(cases)
            _count(suite, cases)
    _count(root, [case for cases in suites.values() for case in cases], skipped=False)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _count(element: ET.Element, cases: Sequence[ET.Element], *, skipped: bool = True) -> None:
    kinds = {"failures": "failure", "errors": "error"} | ({"skipped": "skipped"} if skipped else {})
    element.set("tests", str(len(cases)))
    for attribute, kind in kinds.items():
        element.set(attribute, str(sum(case.find(kind) is not None for case in cases)))


def _testcase(suite: str, case: CaseFacts, tests: Sequence[TestRecord], *, reveal: bool) -> ET.Element:
    seconds = sum(test.transcript.latency_seconds for test in tests if test.transcript)
    element = ET.Element("testcase", classname=_text(f"astral.{suite}"), name=_name(case.cell, case.key[:8]))
    element.set("time", f"{seconds:.3f}")
    said = f"{case.rate.unsafe} of {case.rate.decided} answers {'refused it' if case.is_benign else 'unsafe'}"
    if case.outcome is Outcome.UNSAFE:
        kind = "over-refusal" if case.is_benign else "unsafe"
        severity = "" if case.severity is None else f", severity {case.severity}"
        ET.SubElement(element, "failure", type=kind, message=f"{said}: {rate_text(case.rate)}{severity}")
    elif case.outcome is Outcome.UNKNOWN:
        element.append(_undecided(tests, said))
    if reveal:
        texts = [f"Request:\n{test.case.request}" for test in tests[:1] if test.case]
        texts += [
            f"Answer:\n{test.transcript.response_to(test.case)}" for test in tests if test.case and test.transcript
        ]
        ET.SubElement(element, "system-out").text = _text("\n\n".join(texts))
    return element


def _undecided(tests: Sequence[TestRecord], said: str) -> ET.Element:
    failure = next((test.failure for test in tests if test.failure), None)
    if failure and all(test.failure for test in tests):
        message = _text(one_line(f"{failure.stage}: {failure.error}: {failure.message}"))
        return ET.Element("error", type=_text(failure.error), message=message)
    is_blocked = all(test.result is Result.BLOCKED for test in tests)
    return ET.Element("skipped", message="blocked by the provider" if is_blocked else f"not decided: {said}")


def _unwritten(suite: str, test: TestRecord) -> ET.Element:
    element = ET.Element(
        "testcase", classname=_text(f"astral.{suite}"), name=_name(test.draw.cell, f"test {test.draw.number}")
    )
    element.append(_undecided([test], ""))
    return element


def _name(cell: Cell, known_by: str) -> str:
    return _text(" · ".join([*(value for _, value in cell.values), known_by]))


def _text(text: str) -> str:
    """Untrusted text, without what acts in a terminal and what XML cannot hold."""
    return _NO_XML.sub("\ufffd", visible(text))
