"""Corpora: named collections of a user's own texts, which test cases are grounded on."""

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astral.domain.ports import Embedder, EvidenceSource
from astral.domain.records import Evidence
from astral.domain.space import Cell
from astral.errors import UnknownNameError, UserError
from astral.generate.child_screen import breaks_child_safety
from astral.generate.duplicates import normalised
from astral.generate.evidence.chroma import IndexFolder, open_collection, where
from astral.generate.evidence.corpus_facts import (
    Added,
    CorpusFacts,
    CorpusText,
    counted,
    facts_in,
    metadata_of,
)

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

NAME_PATTERN = r"[a-z0-9]([a-z0-9_-]{0,60}[a-z0-9])?"
_PREFIX = "corpus-"
_BATCH = 64
"""Texts that are looked up, embedded and written together: three seconds at 45 ms a text, and little memory."""

Filter = str | tuple[str, ...]
"""A value that a field must have, or several of which it must have one."""


class Corpora:
    """All corpora in an index folder."""

    def __init__(self, path: Path, embedder: Embedder) -> None:
        """Name the folder; it is opened when it is first used.

        Args:
            path: Folder of the index, created where something is added.
            embedder: Gives every vector; a corpus that was made with another one is refused.
        """
        self._path, self._embedder = path, embedder
        self._folder = IndexFolder(path)

    def all_facts(self) -> list[CorpusFacts]:
        """All corpora, by name."""
        if not self._path.is_dir():
            return []
        with self._folder.client() as client:
            found = {
                each.name.removeprefix(_PREFIX): each.metadata
                for each in client.list_collections()
                if each.name.startswith(_PREFIX)
            }
        return [facts_in(name, found[name]) for name in sorted(found)]

    def facts(self, name: str) -> CorpusFacts:
        """What there is in one corpus.

        Raises:
            UnknownNameError: There is none of this name; the nearest is offered.
        """
        return self._known(name)

    def add(self, name: str, texts: Iterable[CorpusText], progress: Callable[[int], None] | None = None) -> Added:
        """Add texts to a corpus, made where it is missing. Memory does not grow with their number but for the index.

        What is there already costs no embedding, so that an interrupted call is simply made again.

        Args:
            name: Letters, digits, `-` and `_`.
            texts: Read once. A text that is there already keeps its first source.
            progress: Is told how many texts have been gone through.

        Raises:
            UserError: The name is none, or the corpus was made with another embedder.
            RecordError: The index cannot be written.
        """
        check_name(name)
        counts: Counter[str] = Counter()
        done = 0
        with self._writing(name) as collection:
            for batch in _batches(texts):
                _add_batch(collection, batch, self._embedder, counts)
                done += len(batch)
                if progress is not None:
                    progress(done)
        return Added(**counts)

    def remove(self, name: str, source: str | None = None) -> int:
        """Take the entries of a source, or the whole corpus, out of the index.

        Returns:
            The number of entries that were removed.

        Raises:
            UnknownNameError: There is no such corpus, or no such source in it.
        """
        facts = self._known(name)
        if source is None:
            with self._folder.client() as client, self._folder.writing():
                client.delete_collection(_PREFIX + name)
            return facts.entries
        if source not in facts.sources:
            raise UnknownNameError("source", source, sorted(facts.sources), where=f"corpus {name}")
        with self._writing(name) as collection:
            collection.delete(where=where(source=source))
        return facts.sources[source]

    def open(self, name: str) -> "Corpus":
        """The evidence source of one corpus.

        Raises:
            UnknownNameError: There is none of this name.
            UserError: It was made with another embedder, or not finished.
        """
        facts = self._known(name)
        self._check_embedder(name, facts.embedder)
        if not facts.is_whole:
            raise UserError(
                f"The corpus {name!r} is not whole: its writer was stopped, or is still at work. Wait for it, or add "
                "the same files again with `astral corpus add`; what is there already costs nothing."
            )
        return Corpus(facts, self._folder, self._embedder)

    def _known(self, name: str) -> CorpusFacts:
        known = {facts.name: facts for facts in self.all_facts()}
        if name not in known:
            raise UnknownNameError(
                "corpus", name, list(known), where=str(self._path), hint="`astral corpus add` makes one."
            )
        return known[name]

    @contextmanager
    def _writing(self, name: str) -> "Generator[Collection]":
        """The collection for a writer; whatever happens to it, its facts are those of what it holds."""
        with self._folder.client() as client, self._folder.writing():
            is_new = _PREFIX + name not in {each.name for each in client.list_collections()}
            begun = metadata_of({}, self._embedder.name, is_whole=False)
            collection = open_collection(client, _PREFIX + name, begun if is_new else None)
            self._check_embedder(name, (collection.metadata or {})["embedder"])
            collection.modify(metadata={**(collection.metadata or {}), "is_whole": False})
            try:
                yield collection
            finally:
                if is_new and not collection.count():
                    client.delete_collection(_PREFIX + name)
                else:
                    collection.modify(metadata=metadata_of(counted(collection), self._embedder.name, is_whole=True))

    def _check_embedder(self, name: str, embedder: str) -> None:
        if embedder != self._embedder.name:
            raise UserError(
                f"The corpus {name!r} was embedded by {embedder}, the settings name {self._embedder.name}: their "
                f"vectors cannot be compared. Set `embedder: {embedder}`, or `astral corpus remove {name}` and add it "
                "again."
            )


class Corpus:
    """The evidence source that finds the entries of one corpus which are nearest to a cell."""

    def __init__(self, facts: CorpusFacts, folder: IndexFolder, embedder: Embedder) -> None:
        self.name = f"corpus:{facts.name}@{facts.version}"
        """Names the version, so that what was found in it cannot be mistaken for what another one holds."""
        self.facts = facts
        self._folder, self._embedder = folder, embedder

    async def search(self, query: str, *, cell: Cell, limit: int) -> Sequence[Evidence]:
        """The entries in the cell's language that are nearest to the query, half of them requests if there are enough.

        A request has to be labelled with the cell's risk, for it becomes a case of that cell; a passage may be about
        anything that is near.
        """
        shared: dict[str, Filter] = {"language": cell["language"]} if "language" in cell else {}
        of_risk: dict[str, Filter] = {"risk": cell["risk"]} if "risk" in cell else {}
        near_risk: dict[str, Filter] = {"risk": (cell["risk"], "")} if "risk" in cell else {}
        requests = await asyncio.to_thread(self.nearest, query, limit, **shared, **of_risk, kind="request")
        passages = await asyncio.to_thread(self.nearest, query, limit, **shared, **near_risk, kind="passage")
        first = requests[: max(limit - limit // 2, limit - len(passages))]
        return [each for _, each in [*first, *passages][:limit]]

    def nearest(self, query: str, limit: int, **filters: Filter) -> list[tuple[float, Evidence]]:
        """Entries with their cosine to the query in [-1, 1], the nearest first.

        Args:
            query: Any text.
            limit: Most entries.
            filters: Values that `language`, `risk`, `category`, `source` or `kind` must have.
        """
        vector = self._embedder.embed([query], kind="query")[0]
        with self._folder.client() as client:
            result = open_collection(client, _PREFIX + self.facts.name).query(
                query_embeddings=[vector],
                n_results=limit,
                where=where(**filters),
                include=["documents", "metadatas", "distances"],
            )
        ids, texts = result["ids"][0], (result["documents"] or [[]])[0]
        rows, distances = (result["metadatas"] or [[]])[0], (result["distances"] or [[]])[0]
        found = [
            (1 - distance, self._evidence(entry_id, text, row))
            for entry_id, text, row, distance in zip(ids, texts, rows, distances, strict=True)
        ]
        # Ties in the order of their ids, so that two searches agree.
        return sorted(found, key=lambda each: (-round(each[0], 6), each[1].url))

    def _evidence(self, entry_id: str, text: str, row: Any) -> Evidence:
        is_request = row["kind"] == "request"
        return Evidence(
            text=text,
            kind="corpus" if is_request else "document",
            title=f"{self.facts.name}/{entry_id}" if is_request else str(row["title"]),
            url=f"{self.name}#{entry_id}",
            digest=hashlib.sha256(text.encode()).hexdigest(),
        )


class EachInTurn:
    """Several evidence sources as one: the best of each, then the second best of each, and so on."""

    def __init__(self, sources: Sequence[EvidenceSource]) -> None:
        self.name = ",".join(source.name for source in sources)
        self._sources = tuple(sources)

    async def search(self, query: str, *, cell: Cell, limit: int) -> Sequence[Evidence]:
        """At most `limit` passages."""
        found = [await source.search(query, cell=cell, limit=limit) for source in self._sources]
        in_turn = [each for rank in zip_longest(*found) for each in rank if each is not None]
        return in_turn[:limit]


def check_name(name: str) -> None:
    """Make sure that a corpus can have this name.

    Raises:
        UserError: It cannot.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        raise UserError(
            f"{name!r} cannot name a corpus: use small letters, digits, - and _, at most 62 of them, such as my-corpus."
        )


def _batches(texts: Iterable[CorpusText]) -> Iterator[list[CorpusText]]:
    stream = iter(texts)
    while batch := list(islice(stream, _BATCH)):
        yield batch


def _add_batch(collection: "Collection", batch: Sequence[CorpusText], embedder: Embedder, counts: Counter[str]) -> None:
    """Add what is new among these texts, and count what becomes of each."""
    allowed = [each for each in batch if not breaks_child_safety(each.text)]
    # An entry is named by its text, less case, spaces and punctuation: repeats have one name, in whatever order.
    by_id = {entry_id_of(each.text): each for each in reversed(allowed)}
    there = set(collection.get(ids=list(by_id), include=[])["ids"]) if by_id else set[str]()
    new = {entry_id: each for entry_id, each in by_id.items() if entry_id not in there}
    counts["screened_out"] += len(batch) - len(allowed)
    counts["repeated"] += len(allowed) - len(new)
    counts["new"] += len(new)
    counts["unlabelled"] += sum(each.kind == "request" and not each.risk for each in new.values())
    if new:
        collection.upsert(
            ids=list(new),
            embeddings=embedder.embed([each.text for each in new.values()], kind="passage"),
            documents=[each.text for each in new.values()],
            metadatas=[each.model_dump(exclude={"text"}) for each in new.values()],
        )


def entry_id_of(text: str) -> str:
    """Name of an entry: 20 hex digits of the SHA-256 of its text, less case, spaces and punctuation."""
    return hashlib.sha256((normalised(text) or text).encode()).hexdigest()[:20]
