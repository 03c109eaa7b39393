"""PyRIT (https://github.com/microsoft/PyRIT): a dataset of seed prompts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from astral.assets import read_yaml, to_yaml
from astral.domain.records import Message
from astral.domain.sample import Sample
from astral.domain.space import Cell
from astral.errors import UserError
from astral.exchange.braces import literal, text_of
from astral.exchange.facts import EVERYTHING, KEY, Fact, facts_of, losses_of, sample_with
from astral.files import write_private

_HELD: Final = EVERYTHING - {Fact.RESPONSE}


class Pyrit:
    """A YAML file that `SeedDataset.from_yaml_file` reads; the turns of a case share a group."""

    name = "pyrit"
    description = "a dataset of seed prompts for PyRIT"

    def export(self, samples: Iterable[Sample], path: Path, *, append: bool = False) -> Sequence[str]:
        """Write the dataset, or add the seeds to the one that is there."""
        written = list(samples)
        dataset: dict[str, Any] = {"dataset_name": "astral", "seeds": []}
        if append and path.exists():
            there = read_yaml(path)
            if not isinstance(there, dict) or not isinstance(there.get("seeds", []), list):
                raise UserError(f"{path}: this is no dataset of seeds of PyRIT.")
            dataset = dataset | there
        dataset["seeds"] = [*dataset["seeds"], *(seed for sample in written for seed in _seeds(sample))]
        write_private(path, [to_yaml(dataset)])
        return losses_of(written, _HELD)

    def load(self, path: Path) -> Iterator[Sample]:
        """The dataset's prompts; objectives and prompts that are not text are passed over."""
        dataset = read_yaml(path)
        seeds = dataset.get("seeds", dataset.get("prompts")) if isinstance(dataset, dict) else None
        if not isinstance(seeds, list):
            raise UserError(f"{path}: there is no list of `seeds` in it.")
        texts = [
            seed
            for seed in seeds
            if isinstance(seed, dict)
            and isinstance(seed.get("value"), str)
            and seed["value"].strip()
            and seed.get("data_type", "text") == "text"
            and seed.get("seed_type", "prompt") == "prompt"
        ]
        # A seed without a group stands alone: its place in the file tells it from its neighbours.
        groups = [str(seed.get("prompt_group_alias") or place) for place, seed in enumerate(texts)]
        for _, grouped in groupby(zip(groups, texts, strict=True), key=itemgetter(0)):
            turns = [seed for _, seed in grouped]
            first: Mapping[str, Any] = turns[0]
            categories = first.get("harm_categories") or dataset.get("harm_categories")
            risk = categories[0] if isinstance(categories, list) and categories else categories
            metadata = first.get("metadata")
            yield sample_with(
                self.name,
                [Message(role=_role(turn), content=text_of(turn["value"])) for turn in turns],
                metadata.get(KEY) if isinstance(metadata, dict) else None,
                cell=Cell(values=(("risk", str(risk)),) if risk else ()),
            )


def _seeds(sample: Sample) -> Iterator[dict[str, Any]]:
    case = sample.case
    sources = [each.url for each in case.lineage.evidence if each.url]
    for sequence, message in enumerate(case.messages):
        # PyRIT renders the values of YAML files as templates of Jinja2.
        seed: dict[str, Any] = {"value": literal(message.content), "data_type": "text", "role": message.role}
        if len(case.messages) > 1:
            seed |= {"prompt_group_alias": case.id, "sequence": sequence}
        if sequence == 0:
            seed |= {
                "harm_categories": [case.cell.get("risk", "")] if "risk" in case.cell else [],
                "source": ", ".join(sources) or "astral",
                "metadata": {KEY: facts_of(sample)},
            }
        yield seed


def _role(turn: Mapping[str, Any]) -> Any:
    role = turn.get("role")
    return role if role in {"system", "assistant"} else "user"
