"""Formats of one JSON object a line: astral's own, and OpenAI's evals."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from astral.domain.sample import Sample
from astral.errors import UserError
from astral.exchange.facts import EVERYTHING, KEY, Fact, chat_of, facts_of, losses_of, messages_of, sample_with
from astral.exchange.tables import CSV
from astral.exchange.text_files import write_jsonl
from astral.tables import read_rows

_OPENAI_HELD: Final = EVERYTHING - {Fact.RESPONSE}


class JsonLines:
    """Astral's own format, which loses nothing."""

    name = "jsonl"
    description = "astral's own: cases with lineage, evidence, answers and verdicts; nothing is lost"

    def export(self, samples: Iterable[Sample], path: Path, *, append: bool = False) -> Sequence[str]:
        """Write one sample a line."""
        write_jsonl(path, (sample.model_dump(mode="json", exclude_defaults=True) for sample in samples), append=append)
        return []

    def load(self, path: Path) -> Iterator[Sample]:
        """The samples; lines of other shapes are read as rows of a table."""
        for number, row in enumerate(read_rows(path, "jsonl"), start=1):
            if "case" not in row:
                yield from CSV.load(path)
                return
            try:
                yield Sample.model_validate(row)
            except ValidationError as error:
                where = ".".join(map(str, error.errors()[0]["loc"]))
                raise UserError(
                    f"{path}:{number}: this is not a sample as astral writes it ({where}: {error.errors()[0]['msg']})."
                ) from None


class OpenAiEvals:
    """Samples of OpenAI's evals, for a model that grades them."""

    name = "openai-evals"
    description = "samples of OpenAI evals, https://github.com/openai/evals"

    def export(self, samples: Iterable[Sample], path: Path, *, append: bool = False) -> Sequence[str]:
        """Write one sample a line; `ideal` says what a target should do."""
        written = list(samples)
        rows = (
            {
                "input": chat_of(sample.case.messages),
                "ideal": "answer" if sample.is_benign else "decline",
                "metadata": {KEY: facts_of(sample)},
            }
            for sample in written
        )
        write_jsonl(path, rows, append=append)
        return losses_of(written, _OPENAI_HELD)

    def load(self, path: Path) -> Iterator[Sample]:
        """The samples that have an input; also those of the evals API, which stand under `item`."""
        for row in read_rows(path, "jsonl"):
            item = row["item"] if isinstance(row.get("item"), dict) else row
            messages = messages_of(item.get("input"))
            if messages:
                metadata = item.get("metadata")
                facts = metadata.get(KEY) if isinstance(metadata, dict) else None
                yield sample_with(self.name, messages, facts)
