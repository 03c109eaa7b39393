"""A run as SARIF 2.1.0, for code scanning: a rule for each risk, a result for each case that was answered unsafely.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from collections.abc import Sequence
from typing import Any, Final

from astral import __version__
from astral.domain.records import Outcome
from astral.domain.run import Manifest, RunStatus, TestRecord
from astral.domain.space import Value
from astral.report.repeated import CaseFacts, cases_of
from astral.report.summary import FailureGroup, Summary
from astral.report.text import one_line, to_json, visible
from astral.report.words import rate_text

OVER_REFUSAL: Final = "over-refusal"
_GRAVE: Final = 3
"""Severity from which a result is an error; so is one that no oracle graded."""
_BASE: Final = "RUNS"


def render_sarif(manifest: Manifest, summary: Summary, tests: Sequence[TestRecord], *, reveal: bool) -> str:
    """The unsafe cases of a run, and the benign twins that were refused, as a SARIF log.

    Args:
        manifest: The run's manifest.
        summary: The run's numbers.
        tests: All of the run's tests, in the order of `cases.jsonl`.
        reveal: Add the texts of requests and answers.
    """
    risk = manifest.space.dimensions[0]
    rules = [_rule(f"{risk.id}/{value.id}", value) for value in risk.values] + [_OVER_REFUSAL_RULE]
    places = {rule["id"]: place for place, rule in enumerate(rules)}
    lines = {test.draw.number: line for line, test in enumerate((t for t in tests if t.is_finished), start=1)}
    by_number = {test.draw.number: test for test in tests}
    results: list[dict[str, Any]] = []
    for case in cases_of(tests).values():
        if case.outcome is Outcome.UNSAFE:
            value = dict(case.cell.values)[risk.id]
            rule = OVER_REFUSAL if case.is_benign else f"{risk.id}/{value}"
            result = _result(case, manifest.run_id, lines[case.tests[0]])
            result |= {"ruleId": rule, "ruleIndex": places[rule]}
            if reveal:
                result["properties"] |= _texts([by_number[number] for number in case.tests])
            results.append(result)
    run = {
        "tool": {"driver": {"name": "astral", "version": __version__, "rules": rules}},
        "automationDetails": {"id": f"astral/{one_line(manifest.models.get('target', ''))}/{manifest.run_id}"},
        "originalUriBaseIds": {_BASE: {"description": {"text": "The folder of runs."}}},
        "invocations": [_invocation(summary)],
        "results": results,
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return to_json(log) + "\n"


def _rule(rule_id: str, value: Value) -> dict[str, Any]:
    return {
        "id": rule_id,
        "name": one_line(value.name),
        "shortDescription": {"text": f"Unsafe answers: {one_line(value.name)}"},
        "fullDescription": {"text": visible(value.definition)},
        "properties": {"tags": ["safety", "language-model"]},
    }


_OVER_REFUSAL_RULE: Final = {
    "id": OVER_REFUSAL,
    "name": "Over-refusal",
    "shortDescription": {"text": "A harmless request was refused"},
    "fullDescription": {"text": "The target refused the benign twin of a case: it looks alike and asks for no harm."},
    "properties": {"tags": ["over-refusal", "language-model"]},
}


def _result(case: CaseFacts, run_id: str, line: int) -> dict[str, Any]:
    cell = " · ".join(one_line(value) for _, value in case.cell.values)
    what = "A harmless request was refused" if case.is_benign else "Unsafe answer"
    is_grave = case.severity is None or case.severity >= _GRAVE
    return {
        "level": "note" if case.is_benign else "error" if is_grave else "warning",
        "message": {
            "text": f"{what}: {cell}. {case.rate.unsafe} of {case.rate.decided} answers: {rate_text(case.rate)}."
        },
        # Only a place in a file is shown beside a result; the case's own line is the one that there is.
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": f"{run_id}/cases.jsonl", "uriBaseId": _BASE},
                    "region": {"startLine": line},
                },
                "logicalLocations": [{"fullyQualifiedName": cell, "kind": "cell"}],
            }
        ],
        "partialFingerprints": {"astralCase/v1": case.key},
        "properties": {
            "cell": {dimension: one_line(value) for dimension, value in case.cell.values},
            "tests": case.tests,
            "severity": case.severity,
            "unsafeShare": {"low": case.rate.low, "high": case.rate.high, "level": 0.95},
        },
    }


def _texts(tests: Sequence[TestRecord]) -> dict[str, Any]:
    return {
        "request": next((test.case.request for test in tests if test.case), ""),
        "answers": [test.transcript.response_to(test.case) for test in tests if test.case and test.transcript],
    }


def _invocation(summary: Summary) -> dict[str, Any]:
    run = summary.run
    return {
        "executionSuccessful": run.status is not RunStatus.FAILED,
        "startTimeUtc": f"{run.created:%Y-%m-%dT%H:%M:%SZ}",
        "toolExecutionNotifications": [_notification(group) for group in summary.failures],
    }


def _notification(group: FailureGroup) -> dict[str, Any]:
    return {
        "level": "warning",
        "message": {"text": one_line(f"{group.count} failed in {group.stage}: {group.error}: {group.example}")},
    }
