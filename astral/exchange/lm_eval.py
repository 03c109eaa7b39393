"""lm-evaluation-harness (https://github.com/EleutherAI/lm-evaluation-harness): a task, and its logged samples back."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from astral.domain.sample import Sample
from astral.exchange.facts import EVERYTHING, KEY, Fact, facts_of, losses_of, sample_with, user_message
from astral.exchange.folders import cases_in, write_folder
from astral.tables import read_rows

_HELD: Final = EVERYTHING - {Fact.RESPONSE, Fact.TURNS, Fact.SYSTEM}
_CASES: Final = "cases.jsonl"


class LmEval:
    """A folder with `astral.yaml` and `cases.jsonl`; reads `samples_*.jsonl` of `--log_samples`."""

    name = "lm-eval"
    description = "a task for lm-evaluation-harness; reads its logged samples as well"

    def export(self, samples: Iterable[Sample], path: Path, *, append: bool = False) -> Sequence[str]:
        """Write the folder."""
        written = list(samples)
        rows = (
            {"id": sample.case.id, "request": sample.case.request, KEY: json.dumps(facts_of(sample))}
            for sample in written
        )
        write_folder(path, rows, cases=_CASES, template="lm_eval_task.yaml.txt", name="astral.yaml", append=append)
        return losses_of(written, _HELD)

    def load(self, path: Path) -> Iterator[Sample]:
        """The cases, with the first answer to each where they come from a log."""
        for row in read_rows(cases_in(path, [_CASES]), "jsonl"):
            document = row["doc"] if isinstance(row.get("doc"), dict) else row
            request: Any = document.get("request")
            if isinstance(request, str) and request.strip():
                yield sample_with(
                    self.name, user_message(request), document.get(KEY), response=_first_text(row.get("filtered_resps"))
                )


def _first_text(answers: Any) -> str:
    while isinstance(answers, list) and answers:
        answers = answers[0]
    return answers if isinstance(answers, str) else ""
