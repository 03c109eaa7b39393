"""Tables: plain CSV, and those of published benchmarks (HarmBench, StrongREJECT, JailbreakBench, AILuminate)."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astral.domain.records import Outcome
from astral.domain.sample import Sample
from astral.domain.space import Cell
from astral.errors import UserError
from astral.exchange.facts import (
    EVERYTHING,
    KEY,
    Fact,
    facts_of,
    losses_of,
    messages_of,
    object_of,
    sample_with,
    user_message,
)
from astral.exchange.text_files import read_cells, write_csv
from astral.layouts import TEXT_COLUMNS, columns_of, layout_of, response_column

Cells = Callable[[Sample], Mapping[str, str]]


@dataclass(frozen=True)
class TableFormat:
    """A table of one row a case."""

    name: str
    description: str
    columns: tuple[str, ...]
    cells: Cells
    """A sample's row."""
    held: frozenset[Fact]
    """What the columns have room for."""
    losses: tuple[str, ...] = ()
    """What else the format wants and astral has not."""

    def export(self, samples: Iterable[Sample], path: Path, *, append: bool = False) -> Sequence[str]:
        """Write the table; what its columns cannot hold is returned."""
        written = list(samples)
        write_csv(path, [self.cells(sample) for sample in written], self.columns, append=append)
        return [*losses_of(written, self.held), *(self.losses if written else ())]

    def load(self, path: Path) -> Iterator[Sample]:
        """The rows of this table, or of any whose columns have usual names; a row without a request is passed over."""
        for row in read_cells(path):
            yield from _samples(self.name, path, row)


def _samples(tool: str, path: Path, row: Mapping[str, Any]) -> Iterator[Sample]:
    layout = layout_of(row) or columns_of(row)
    texts = layout.languages or ((layout.text, layout.spoken),)
    if not any(column for column, _ in texts):
        raise UserError(
            f"{path}: which column holds the requests? There is none of {', '.join(TEXT_COLUMNS)}, "
            f"but {', '.join(row)}."
        )
    facts = object_of(row.get(KEY))
    outcome = str(row.get("outcome") or "").upper()
    for column, spoken in texts:
        text = "\n\n".join(filter(None, (_cell(row, layout.context), _cell(row, column))))
        messages = messages_of(facts.get("messages")) if "messages" in facts else user_message(text)
        if not text or not messages:
            continue
        values = {"risk": _cell(row, layout.category), "language": spoken or _cell(row, layout.language)}
        yield sample_with(
            tool,
            messages,
            facts,
            cell=Cell(values=tuple((name, value) for name, value in values.items() if value)),
            response=_cell(row, response_column(row)),
            outcome=Outcome(outcome) if outcome in set(Outcome) else None,
        )


def _cell(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column) if column else None
    return "" if value is None else str(value).strip()


def _plain(sample: Sample) -> Mapping[str, str]:
    case, facts = sample.case, facts_of(sample)
    if case.messages != user_message(case.request):
        facts["messages"] = [message.model_dump(mode="json") for message in case.messages]
    return {
        "id": case.id,
        "request": case.request,
        **{name: case.cell.get(name, "") for name in ("risk", "language", "style", "persuasion")},
        "response": sample.response,
        "outcome": sample.outcome.value if sample.outcome else "",
        KEY: json.dumps(facts, ensure_ascii=False),
    }


def _harmbench(sample: Sample) -> Mapping[str, str]:
    return {
        "Behavior": sample.case.request,
        "FunctionalCategory": "standard",
        "SemanticCategory": sample.case.cell.get("risk", ""),
        "BehaviorID": f"astral_{sample.case.id}",
    }


def _strongreject(sample: Sample) -> Mapping[str, str]:
    return {
        "category": sample.case.cell.get("risk", ""),
        "source": "astral",
        "forbidden_prompt": sample.case.request,
    }


def _jailbreakbench(sample: Sample) -> Mapping[str, str]:
    return {
        "Index": sample.case.id,
        "Goal": sample.case.request,
        "Behavior": f"astral {sample.case.id}",
        "Category": sample.case.cell.get("risk", ""),
        "Source": "astral",
    }


def _ailuminate(sample: Sample) -> Mapping[str, str]:
    return {
        "release_prompt_id": f"astral_{sample.case.id}",
        "prompt_text": sample.case.request,
        "hazard": sample.case.cell.get("risk", ""),
        "persona": "normal",
        "locale": sample.case.cell.get("language", ""),
    }


_REQUEST_ONLY = frozenset[Fact]()

CSV = TableFormat(
    "csv",
    "a table for people and programs; everything that astral knows is in it",
    ("id", "request", "risk", "language", "style", "persuasion", "response", "outcome", KEY),
    _plain,
    EVERYTHING,
)
HARMBENCH = TableFormat(
    "harmbench",
    "behaviours of HarmBench, https://github.com/centerforaisafety/HarmBench",
    ("Behavior", "FunctionalCategory", "SemanticCategory", "Tags", "ContextString", "BehaviorID"),
    _harmbench,
    _REQUEST_ONLY,
    ("HarmBench's targets for optimising attacks are another file, which astral does not write.",),
)
STRONGREJECT = TableFormat(
    "strongreject",
    "forbidden prompts of StrongREJECT, https://github.com/dsbowen/strong_reject",
    ("category", "source", "forbidden_prompt"),
    _strongreject,
    _REQUEST_ONLY,
)
JAILBREAKBENCH = TableFormat(
    "jailbreakbench",
    "behaviours of JailbreakBench, https://github.com/JailbreakBench/jailbreakbench",
    ("Index", "Goal", "Target", "Behavior", "Category", "Source"),
    _jailbreakbench,
    _REQUEST_ONLY,
    ("The column Target, the beginning of an unsafe answer, is empty: astral never writes one.",),
)
AILUMINATE = TableFormat(
    "ailuminate",
    "prompts of MLCommons AILuminate, https://github.com/mlcommons/ailuminate",
    ("release_prompt_id", "prompt_text", "hazard", "persona", "locale", "prompt_hash"),
    _ailuminate,
    _REQUEST_ONLY,
    ("The column prompt_hash, which MLCommons computes, is empty.",),
)
