"""The local index of the shipped seeds, searched by meaning."""

import asyncio
import hashlib
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astral.assets import seeds_of
from astral.domain.base import Noun
from astral.domain.ports import Embedder
from astral.domain.records import Evidence
from astral.domain.space import Cell, Taxonomy
from astral.generate.evidence.chroma import IndexFolder, name_part, open_collection, where
from astral.generate.seeds import seed_ids

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

_BATCH = 16
"""Texts that are embedded between two reports of progress: under a second at 45 ms a text."""
_FILTERED = ("language", "risk")
_QUERIES_KEPT = 256


class CorpusEntry(Noun):
    """A request in the index."""

    id: str
    """Such as `astral-14/en/privacy_violation/0`; it becomes the title of the evidence."""
    text: str
    language: str
    risk: str


class CorpusIndex:
    """The evidence source that finds a cell's nearest seeds; what it knows is on disk."""

    name = "corpus"

    def __init__(self, path: Path, embedder: Embedder, *, seeds: Iterable["CorpusEntry"] = ()) -> None:
        """Name the index; it is opened when it is first used.

        Args:
            path: Folder of the index, created where it is missing.
            embedder: Gives every vector; chromadb's own model is never loaded. Each embedder has its own collection.
            seeds: Entries that are indexed, those of a risk and a language together, when they are first searched.
        """
        self._seeds = list(seeds)
        self._folder = IndexFolder(path)
        self._embedder = embedder
        self._collection: Collection | None = None
        self._query_vector = lru_cache(_QUERIES_KEPT)(self._embed_query)
        self._found: dict[tuple[str, tuple[tuple[str, str], ...], int], tuple[Evidence, ...]] = {}

    def add(self, entries: Iterable[CorpusEntry], progress: Callable[[int, int], None] | None = None) -> int:
        """Index what is new; an entry that is there already, with the same text, costs no embedding.

        Args:
            entries: Of two with the same id the later one counts, as it does against one that is in the index.
            progress: Is told how many of the new entries are done, and how many there are.

        Returns:
            The number of entries that were embedded.
        """
        wanted = {entry.id: entry for entry in entries}
        if not wanted:
            return 0
        with self._using() as collection:
            with self._folder.writing():
                new = self._upsert(collection, wanted, progress)
            self._found.clear()
        return new

    def _upsert(
        self, collection: "Collection", wanted: Mapping[str, CorpusEntry], progress: Callable[[int, int], None] | None
    ) -> int:
        there = collection.get(ids=list(wanted), include=["metadatas"])
        known = {
            (entry_id, metadata["digest"])
            for entry_id, metadata in zip(there["ids"], there["metadatas"] or [], strict=True)
        }
        new = [entry for entry in wanted.values() if (entry.id, _digest(entry.text)) not in known]
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            collection.upsert(
                ids=[entry.id for entry in batch],
                embeddings=self._embedder.embed([entry.text for entry in batch], kind="passage"),
                documents=[entry.text for entry in batch],
                metadatas=[
                    {"language": entry.language, "risk": entry.risk, "digest": _digest(entry.text)} for entry in batch
                ],
            )
            if progress is not None:
                progress(start + len(batch), len(new))
        return len(new)

    def __len__(self) -> int:
        """Entries in the index."""
        with self._using() as collection:
            return collection.count()

    async def search(self, query: str, *, cell: Cell, limit: int) -> Sequence[Evidence]:
        """The entries of the cell's language and risk that are nearest to the query, best first."""
        filters = tuple((name, cell[name]) for name in _FILTERED if name in cell)
        key = (query, filters, limit)
        # Cells share risk and language, and between two additions the same question has the same answer.
        if key not in self._found:
            self._found[key] = await asyncio.to_thread(self._nearest, query, filters, limit)
        return self._found[key]

    def _add_seeds(self, filters: Mapping[str, str]) -> None:
        """Index the seeds that these filters let pass, if they were not asked for before."""
        wanted = [seed for seed in self._seeds if all(getattr(seed, name) == value for name, value in filters.items())]
        if wanted:
            self.add(wanted)
            self._seeds = [seed for seed in self._seeds if seed not in wanted]

    def _nearest(self, query: str, filters: Sequence[tuple[str, str]], limit: int) -> tuple[Evidence, ...]:
        with self._using() as collection:
            self._add_seeds(dict(filters))
            result = collection.query(
                query_embeddings=[self._query_vector(query)],
                n_results=limit,
                where=where(**dict(filters)),
                include=["documents"],
            )
        ids, texts = result["ids"][0], (result["documents"] or [[]])[0]
        return tuple(
            Evidence(text=text, kind="corpus", title=entry_id, digest=_digest(text))
            for entry_id, text in zip(ids, texts, strict=True)
        )

    def _embed_query(self, query: str) -> NDArray[np.float32]:
        return self._embedder.embed([query], kind="query")[0]

    @contextmanager
    def _using(self) -> "Generator[Collection]":
        """The open collection, for one thread at a time."""
        with self._folder.client() as client:
            if self._collection is None:
                with self._folder.writing():
                    self._collection = open_collection(client, f"requests-{name_part(self._embedder.name)}")
            yield self._collection


def build_seed_corpus(
    index: CorpusIndex,
    taxonomy: Taxonomy,
    languages: Iterable[str],
    progress: Callable[[int, int], None] | None = None,
    *,
    risks: Iterable[str] | None = None,
) -> int:
    """Index the shipped seeds of the active risks and languages; what is indexed already costs nothing.

    Args:
        index: Is filled.
        taxonomy: As for `seed_entries`, and so are languages and risks.
        languages: Active values of the language dimension.
        progress: Is told how many new seeds are done, and how many there are.
        risks: Active values of the risk dimension.

    Returns:
        The number of seeds that were embedded.
    """
    return index.add(seed_entries(taxonomy, languages, risks=risks), progress)


def seed_entries(
    taxonomy: Taxonomy, languages: Iterable[str], *, risks: Iterable[str] | None = None
) -> list[CorpusEntry]:
    """The shipped seeds of the active risks and languages.

    Args:
        taxonomy: By whose id seeds are found.
        languages: Active values of the language dimension; those without seeds are passed over.
        risks: Active values of the risk dimension; None means all of the taxonomy.
    """
    active = set(risks) if risks is not None else {value.id for value in taxonomy.values}
    return [
        CorpusEntry(id=seed_id, text=text, language=language, risk=risk)
        for language in languages
        for risk, texts in seeds_of(taxonomy, language).items()
        if risk in active
        for seed_id, text in seed_ids(taxonomy.id, language, risk, texts).items()
    ]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
