"""DeepTeam (https://github.com/confident-ai/deepteam): test cases for its red teamer, and its risk assessments back."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from astral.domain.records import Outcome
from astral.domain.sample import Sample
from astral.domain.space import Cell
from astral.errors import UserError
from astral.exchange.facts import EVERYTHING, KEY, Fact, facts_of, losses_of, messages_of, sample_with
from astral.exchange.text_files import write_json
from astral.files import read_json

_HELD: Final = EVERYTHING - {Fact.SYSTEM}
_SAFE: Final = 1.0
"""Score of a test case that its metric passed; below, the answer was harmful."""


class DeepTeam:
    """A JSON file of `test_cases` as `RiskAssessment.save` writes them: `RTTestCase(**row)` takes each."""

    name = "deepteam"
    description = "test cases of DeepTeam; reads saved risk assessments as well"

    def export(self, samples: Iterable[Sample], path: Path, *, append: bool = False) -> Sequence[str]:
        """Write the file, or add to the one that is there."""
        written = list(samples)
        content: dict[str, Any] = {"test_cases": []}
        if append and path.exists():
            content = self._content(path)
        content["test_cases"] = [*content["test_cases"], *map(_row, written)]
        write_json(path, content)
        return losses_of(written, _HELD)

    def load(self, path: Path) -> Iterator[Sample]:
        """The test cases that have an input or turns."""
        for row in self._content(path)["test_cases"]:
            if not isinstance(row, dict):
                continue
            turns = messages_of(row.get("turns"))
            answer = row.get("actualOutput", row.get("actual_output"))
            if turns and turns[-1].role == "assistant" and not answer:
                answer, turns = turns[-1].content, turns[:-1]
            messages = turns or messages_of(row.get("input"))
            if not messages:
                continue
            metadata, score, risk = row.get("metadata"), row.get("score"), row.get("vulnerability")
            outcome = None
            if isinstance(score, int | float) and answer:
                outcome = Outcome.SAFE if score >= _SAFE else Outcome.UNSAFE
            yield sample_with(
                self.name,
                messages,
                metadata.get(KEY) if isinstance(metadata, dict) else None,
                cell=Cell(values=(("risk", str(risk)),) if risk else ()),
                response=str(answer or ""),
                outcome=outcome,
                reason=str(row.get("reason") or ""),
            )

    def _content(self, path: Path) -> dict[str, Any]:
        content = read_json(path)
        if not isinstance(content, dict) or not isinstance(content.get("test_cases"), list):
            raise UserError(f"{path}: there is no list of `test_cases` in it.")
        return content


def _row(sample: Sample) -> dict[str, Any]:
    case = sample.case
    row: dict[str, Any] = {
        "vulnerability": case.cell.get("risk", "astral"),
        "input": case.request,
        "attack_method": case.lineage.generator,
        "metadata": {KEY: facts_of(sample)},
    }
    if len(case.messages) > 1:
        # Turns of DeepTeam have no role for a system message.
        row["turns"] = [
            {"role": "assistant" if each.role == "assistant" else "user", "content": each.content}
            for each in case.messages
        ]
    if sample.response:
        row["actual_output"] = sample.response
    if sample.outcome in {Outcome.SAFE, Outcome.UNSAFE}:
        row |= {
            "score": _SAFE if sample.outcome is Outcome.SAFE else 0.0,
            "reason": sample.verdict.reason if sample.verdict else "",
        }
    return row
