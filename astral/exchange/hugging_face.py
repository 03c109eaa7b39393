"""A data set as the Hugging Face hub keeps them: Parquet with a card; `datasets.load_dataset(FOLDER)` reads it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from astral.assets import to_yaml
from astral.domain.sample import Sample
from astral.exchange.facts import EVERYTHING, KEY, chat_of, facts_of, losses_of, messages_of, sample_with
from astral.exchange.text_files import make_folder
from astral.files import write_private
from astral.tables import read_rows, write_parquet

_DATA: Final = "data/test-00000-of-00001.parquet"
_COLUMNS: Final = ("risk", "language", "style", "persuasion")
_SMALL: Final = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


class HuggingFace:
    """A folder with `README.md`, the card, and one Parquet file."""

    name = "huggingface"
    description = "a data set in Parquet with a card, for Hugging Face datasets"

    def export(self, samples: Iterable[Sample], path: Path, *, append: bool = False) -> Sequence[str]:
        """Write the folder."""
        written = list(samples)
        there = list(self.load(path)) if append and (path / _DATA).exists() else []
        make_folder(path)
        make_folder(path / "data")
        everything = [*there, *written]
        write_parquet(path / _DATA, map(_row, everything))
        (path / _DATA).chmod(0o600)
        write_private(path / "README.md", [_card(everything)])
        return losses_of(written, EVERYTHING)

    def load(self, path: Path) -> Iterator[Sample]:
        """The rows of the folder, or of one Parquet file."""
        for row in read_rows(path / _DATA if path.is_dir() else path, "parquet"):
            messages = messages_of(row.get("messages")) or messages_of(row.get("request"))
            if messages:
                yield sample_with(self.name, messages, row.get(KEY), response=str(row.get("response") or ""))


def _row(sample: Sample) -> Mapping[str, Any]:
    return {
        "id": sample.case.id,
        "request": sample.case.request,
        "messages": chat_of(sample.case.messages),
        **{name: sample.case.cell.get(name, "") for name in _COLUMNS},
        "response": sample.response,
        "outcome": sample.outcome.value if sample.outcome else "",
        "is_benign": sample.is_benign,
        # As a text: Parquet wants one shape for all rows.
        KEY: json.dumps(facts_of(sample), ensure_ascii=False),
    }


def _card(samples: Sequence[Sample]) -> str:
    """The card, after https://github.com/huggingface/hub-docs/blob/main/datasetcard.md."""
    languages = sorted({sample.case.cell.get("language", "en") for sample in samples})
    licences = sorted({sample.licence for sample in samples if sample.licence})
    sources = sorted({each.url for sample in samples for each in sample.case.lineage.evidence if each.url})
    risks = Counter(sample.case.cell.get("risk", "–") for sample in samples)
    head = to_yaml(
        {
            "license": licences[0].lower() if len(licences) == 1 else "other",
            "language": languages,
            "task_categories": ["text-generation"],
            "tags": ["safety", "red-teaming", "astral"],
            "size_categories": [next((name for most, name in _SMALL if len(samples) < most), "n>1M")],
            "configs": [{"config_name": "default", "data_files": [{"split": "test", "path": "data/test-*"}]}],
        }
    )
    rows = "\n".join(f"| {risk} | {count} |" for risk, count in sorted(risks.items()))
    listed = "\n".join(f"- {url}" for url in sources) or "None: no case was grounded on a page or a document."
    return f"""---
{head}---

# Test cases of astral

{len(samples)} requests, of which {sum(sample.is_benign for sample in samples)} are benign twins: harmless look-alikes
that a target should answer. All others ask for what a target should decline. They are made to find weak spots of
language models before their release, and for nothing else.

| risk | cases |
|---|---|
{rows}

## Licences

{", ".join(licences) or "Nobody stated one. Texts that a model wrote are under the terms of that model."}

## Sources of evidence

{listed}
"""
