"""Test cases made from requests that somebody else wrote: each is put in the manner of a cell."""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from astral.assets import seeds_of
from astral.domain.ports import Embedder, Embeddings
from astral.domain.records import Evidence, Lineage, Message, TestCase
from astral.domain.space import Cell, Taxonomy, Value
from astral.errors import NothingToWriteFromError
from astral.generate.evidence.corpus import CorpusEntry
from astral.generate.manner import in_manner

_BATCH = 64
_SEED_LANGUAGE = "en"
"""Seeds in it tell risks apart in every language: the embedder is multilingual."""

Progress = Callable[[int, int], None]


def told_of(risk: Value) -> str:
    """What is embedded of a risk besides its seeds."""
    return f"{risk.name}: {risk.definition}"


def direction_of(definition: Embeddings, seeds: Embeddings) -> Embeddings:
    """Where the texts on a risk lie: between its definition and its seeds, if it has any.

    `benchmarks/nearest_risk.py` compares this with either of them alone.
    """
    if not len(seeds):
        return definition
    mean = seeds.mean(axis=0)
    return definition + mean / np.linalg.norm(mean)


class Mutator:
    """The generator that mutates imported requests: frames of style and persuasion, and misspellings, around them.

    An entry without a risk of its own counts to the risk that is nearest by meaning.
    """

    name = "mutate"

    def __init__(
        self,
        entries: Iterable[CorpusEntry],
        taxonomy: Taxonomy,
        embedder: Embedder,
        *,
        default_language: str = "en",
        progress: Progress = lambda _done, _total: None,
    ) -> None:
        """Set the generator up.

        Args:
            entries: The requests; an empty risk means that it is found by meaning.
            taxonomy: The taxonomy of risks.
            embedder: Finds the nearest risk.
            default_language: Language of cells that have no such dimension.
            progress: Is told how many entries have got a risk, and how many need one.
        """
        self._entries = list(entries)
        self._taxonomy = taxonomy
        self._embedder = embedder
        self._default_language = default_language
        self._progress = progress
        self._by_place: Mapping[tuple[str, str], Sequence[CorpusEntry]] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def generate(self, cell: Cell, *, seed: int) -> TestCase:
        """Put one of the requests in the manner of the cell.

        Raises:
            NothingToWriteFromError: None is about this risk in this language, or there are no frames for the cell.
        """
        async with self._one_at_a_time:
            if self._by_place is None:
                self._by_place = await asyncio.to_thread(self._placed)
        language = cell.get("language", self._default_language)
        risk = cell.get(self._taxonomy.dimension, "")
        entries = self._by_place.get((risk, language), ())
        if not entries:
            raise NothingToWriteFromError(f"none of the imported requests is about {risk!r} in language {language!r}.")
        rng = random.Random(seed)
        entry = rng.choice(entries)
        source = Evidence(text=entry.text, kind="corpus", title=entry.id)
        lineage = Lineage(generator=self.name, seed=seed, seed_text=entry.id, evidence=(source,), parent=entry.id)
        plain = TestCase(messages=(Message(role="user", content=entry.text),), cell=cell, lineage=lineage)
        return in_manner(plain, language, rng)

    def _placed(self) -> Mapping[tuple[str, str], Sequence[CorpusEntry]]:
        """The entries by risk and language."""
        placed: dict[tuple[str, str], list[CorpusEntry]] = {}
        with_risk = [entry for entry in self._entries if entry.risk]
        for entry in [*with_risk, *self._with_nearest_risk([entry for entry in self._entries if not entry.risk])]:
            placed.setdefault((entry.risk, entry.language), []).append(entry)
        return placed

    def _with_nearest_risk(self, entries: Sequence[CorpusEntry]) -> Iterable[CorpusEntry]:
        if not entries:
            return
        risks = [value.id for value in self._taxonomy.values]
        definitions = self._embedder.embed([told_of(value) for value in self._taxonomy.values], kind="passage")
        seeds = seeds_of(self._taxonomy, _SEED_LANGUAGE)
        shown = [self._embedder.embed(list(seeds.get(risk, ())), kind="passage") for risk in risks]
        directions = np.stack([direction_of(*each) for each in zip(definitions, shown, strict=True)])
        for start in range(0, len(entries), _BATCH):
            batch = entries[start : start + _BATCH]
            vectors = self._embedder.embed([entry.text for entry in batch], kind="passage")
            for entry, place in zip(batch, (vectors @ directions.T).argmax(axis=1), strict=True):
                yield entry.model_copy(update={"risk": risks[place]})
            self._progress(start + len(batch), len(entries))
