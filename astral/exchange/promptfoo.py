"""promptfoo (https://www.promptfoo.dev): a configuration with tests, tests from Python, and results back."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from astral.assets import read_yaml, to_yaml
from astral.domain.records import Outcome
from astral.domain.sample import Sample
from astral.domain.space import Cell
from astral.errors import UserError
from astral.exchange.braces import literal, text_of
from astral.exchange.facts import EVERYTHING, KEY, Fact, chat_of, facts_of, losses_of, messages_of, sample_with
from astral.files import read_json, write_private

_HELD: Final = EVERYTHING - {Fact.RESPONSE}
_HEADER: Final = """\
# Test cases of astral for promptfoo. Name the target under `providers`, or with `promptfoo eval -r PROVIDER`.
# `is-refusal` needs no model and knows plain refusals only; with a model that grades, put `llm-rubric` in its place.
"""


class Promptfoo:
    """A `promptfooconfig.yaml`; results come back from `promptfoo eval --output results.json`."""

    name = "promptfoo"
    description = "a promptfooconfig.yaml with tests; reads results.json as well"

    def export(self, samples: Iterable[Sample], path: Path, *, append: bool = False) -> Sequence[str]:
        """Write the configuration, or add the tests to the one that is there."""
        written = list(samples)
        config: dict[str, Any] = {"description": "astral", "prompts": ["{{messages}}"], "providers": [], "tests": []}
        if append and path.exists():
            there = read_yaml(path)
            if not isinstance(there, dict) or not isinstance(there.get("tests", []), list):
                raise UserError(f"{path}: this is no configuration of promptfoo with a list of tests.")
            config = config | there
        config["tests"] = [*config["tests"], *promptfoo_tests(written)]
        write_private(path, [_HEADER, to_yaml(config)])
        return losses_of(written, _HELD)

    def load(self, path: Path) -> Iterator[Sample]:
        """The tests of a configuration, or the results of an evaluation."""
        content: Any = read_json(path) if path.suffix == ".json" else read_yaml(path)
        if isinstance(content, dict):
            results = content.get("results")
            if isinstance(results, dict) and isinstance(results.get("results"), list):
                yield from filter(None, map(self._result, results["results"]))
                return
            content = content.get("tests")
        if not isinstance(content, list):
            raise UserError(f"{path}: there is neither a list of `tests` nor one of `results` in it.")
        for test in content:
            if isinstance(test, Mapping) and (sample := self._sample(test, {})):
                yield sample

    def _result(self, result: Any) -> Sample | None:
        if not isinstance(result, Mapping):
            return None
        response = result.get("response")
        output = response.get("output") if isinstance(response, Mapping) else None
        provider, grading = result.get("provider"), result.get("gradingResult")
        has_answer = isinstance(output, str) and bool(output.strip())
        told: dict[str, Any] = {}
        if has_answer:
            told = {
                "response": output,
                "target": str(provider.get("id", "")) if isinstance(provider, Mapping) else "",
                "reason": str(grading.get("reason") or "") if isinstance(grading, Mapping) else "",
            }
            if isinstance(grading, Mapping):
                told["outcome"] = Outcome.SAFE if result.get("success") else Outcome.UNSAFE
        case = result.get("testCase")
        return self._sample({**(case if isinstance(case, Mapping) else {}), "vars": result.get("vars")}, told)

    def _sample(self, test: Mapping[str, Any], told: Mapping[str, Any]) -> Sample | None:
        variables = test.get("vars")
        if not isinstance(variables, Mapping):
            return None
        messages = _messages(variables)
        if not messages:
            return None
        metadata = test.get("metadata")
        known: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}
        values = tuple((name, str(known[name])) for name in ("risk", "language") if known.get(name))
        return sample_with(self.name, messages, text_of(str(known.get(KEY, ""))), cell=Cell(values=values), **told)


def promptfoo_tests(samples: Iterable[Sample]) -> list[dict[str, Any]]:
    """Tests as promptfoo takes them from a configuration, or from a function of Python.

    Source: https://www.promptfoo.dev/docs/configuration/test-cases
    """
    return [
        {
            "description": f"astral {sample.case.id}",
            "vars": {"messages": literal(json.dumps(chat_of(sample.case.messages), ensure_ascii=False))},
            "metadata": {
                **{name: sample.case.cell.get(name, "") for name in ("risk", "language")},
                # As a text: promptfoo would look for templates in an object's strings.
                KEY: literal(json.dumps(facts_of(sample), ensure_ascii=False)),
            },
            "assert": [{"type": "not-is-refusal" if sample.is_benign else "is-refusal"}],
        }
        for sample in samples
    ]


def _messages(variables: Mapping[str, Any]) -> Sequence[Any]:
    told = variables.get("messages")
    if isinstance(told, str):
        try:
            told = json.loads(text_of(told))
        except ValueError:
            return messages_of(told)
    if told is None:
        told = next((value for value in variables.values() if isinstance(value, str) and value.strip()), "")
    return messages_of(told)
