"""Corpora: named collections of a user's own texts, which test cases are grounded on.

Each is one SQLite file with the vectors beside the texts, searched exactly: the rows that a cell's filter leaves are
read in pieces and compared. Memory does not grow with the corpus, the same search always has the same answer, and
several processes may read while one writes.
"""

import asyncio
import hashlib
import heapq
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice, zip_longest
from pathlib import Path

import numpy as np

from astral.domain.base import content_id
from astral.domain.ports import Embedder, EvidenceSource
from astral.domain.records import Evidence
from astral.domain.space import Cell
from astral.errors import RecordError, UnknownNameError, UserError
from astral.generate.child_screen import breaks_child_safety
from astral.generate.duplicates import normalised
from astral.generate.evidence.corpus_facts import Added, CorpusFacts, CorpusText

NAME_PATTERN = r"[a-z0-9]([a-z0-9_-]{0,60}[a-z0-9])?"
_BATCH = 64
"""Texts that are looked up, embedded and written together: three seconds at 45 ms a text, and little memory."""
_PIECE = 2048
"""Vectors that are compared together: 1.5 MB of 384 numbers in half precision."""
_BUSY_SECONDS = 30.0
_HASH_BITS = 40
"""Of an entry, so that the sum over eight million of them is still a number of SQLite."""

# The index holds all that facts are counted from and searches filter by, so that neither reads texts and vectors.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (embedder TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entries (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, language TEXT NOT NULL, risk TEXT NOT NULL, category TEXT NOT NULL,
    source TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, vector BLOB NOT NULL, hash INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS filters ON entries (kind, language, risk, category, source, hash);
"""
_COLUMNS = ("kind", "language", "risk", "category", "source", "title", "text")

Filter = str | tuple[str, ...]
"""A value that a field must have, or several of which it must have one."""


class Corpora:
    """All corpora in a folder."""

    def __init__(self, path: Path, embedder: Embedder) -> None:
        """Name the folder.

        Args:
            path: Folder of the corpora, created where something is added; private to its owner.
            embedder: Gives every vector; a corpus that was made with another one is refused.
        """
        self._path, self._embedder = path, embedder

    def all_facts(self) -> list[CorpusFacts]:
        """All corpora, by name."""
        return [self.facts(file.stem) for file in sorted(self._path.glob("*.db"))]

    def facts(self, name: str) -> CorpusFacts:
        """What there is in one corpus.

        Raises:
            UnknownNameError: There is none of this name; the nearest is offered.
        """
        file = self._path / f"{name}.db"
        if not re.fullmatch(NAME_PATTERN, name) or not file.is_file():
            known = [each.stem for each in sorted(self._path.glob("*.db"))]
            raise UnknownNameError("corpus", name, known, where=str(self._path), hint="`astral corpus add` makes one.")
        with _opened(file) as connection:
            return _facts_of(name, connection)

    def add(self, name: str, texts: Iterable[CorpusText], progress: Callable[[int], None] | None = None) -> Added:
        """Add texts to a corpus, made where it is missing; memory does not grow with their number.

        What is there already costs no embedding, so that an interrupted call is simply made again.

        Args:
            name: Letters, digits, `-` and `_`.
            texts: Read once. A text that is there already keeps its first source.
            progress: Is told how many texts have been gone through.

        Raises:
            UserError: The name is none, or the corpus was made with another embedder.
            RecordError: The corpus cannot be written.
        """
        check_name(name)
        counts: Counter[str] = Counter()
        done = 0
        stream = iter(texts)
        while batch := list(islice(stream, _BATCH)):
            # Opened by the first batch: what cannot be read makes no corpus.
            with self._writing(name) as connection:
                _add_batch(connection, batch, self._embedder, counts)
            done += len(batch)
            if progress is not None:
                progress(done)
        return Added.model_validate(counts)

    def remove(self, name: str, source: str | None = None) -> int:
        """Take out the entries of a source, or the whole corpus.

        Returns:
            The number of entries that were removed.

        Raises:
            UnknownNameError: There is no such corpus, or no such source in it.
        """
        facts = self.facts(name)
        if source is None:
            (self._path / f"{name}.db").unlink()
            return facts.entries
        if source not in facts.sources:
            raise UnknownNameError("source", source, sorted(facts.sources), where=f"corpus {name}")
        with _opened(self._path / f"{name}.db") as connection, connection:
            connection.execute("DELETE FROM entries WHERE source = ?", (source,))
        return facts.sources[source]

    def open(self, name: str) -> "Corpus":
        """The evidence source of one corpus.

        Raises:
            UnknownNameError: There is none of this name.
            UserError: It was made with another embedder.
        """
        facts = self.facts(name)
        self._check_embedder(name, facts.embedder)
        return Corpus(facts, self._path / f"{name}.db", self._embedder)

    @contextmanager
    def _writing(self, name: str) -> Generator[sqlite3.Connection]:
        """The corpus within a transaction: all of a batch is written, or nothing."""
        file = self._path / f"{name}.db"
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise _unusable(file, error) from error
        with _opened(file) as connection, connection:
            connection.executescript(_SCHEMA)
            connection.execute("BEGIN IMMEDIATE")
            known = connection.execute("SELECT embedder FROM about").fetchone()
            if known is None:
                connection.execute("INSERT INTO about VALUES (?)", (self._embedder.name,))
            else:
                self._check_embedder(name, known[0])
            yield connection

    def _check_embedder(self, name: str, embedder: str) -> None:
        if embedder != self._embedder.name:
            raise UserError(
                f"The corpus {name!r} was embedded by {embedder}, the settings name {self._embedder.name}: their "
                f"vectors cannot be compared. Set `embedder: {embedder}`, or `astral corpus remove {name}` and add it "
                "again."
            )


class Corpus:
    """The evidence source that finds the entries of one corpus which are nearest to a cell."""

    def __init__(self, facts: CorpusFacts, file: Path, embedder: Embedder) -> None:
        self.name = f"corpus:{facts.name}@{facts.version}"
        """Names the version, so that what was found in it cannot be mistaken for what another one holds."""
        self.facts = facts
        self._file, self._embedder = file, embedder

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
        """Entries with their cosine to the query in [-1, 1], the nearest first; ties in the order of their ids.

        Args:
            query: Any text.
            limit: Most entries.
            filters: Values that `kind`, `language`, `risk`, `category` or `source` must have.
        """
        vector = self._embedder.embed([query], kind="query")[0]
        with _opened(self._file) as connection:
            best: list[tuple[float, str]] = []
            for ids, vectors in _pieces(connection, filters):
                distances = -(vectors.astype(np.float32) @ vector)
                # All that are as near as the last one that counts, so that ties are decided by the ids alone.
                bound = np.partition(distances, limit - 1)[limit - 1] if len(ids) > limit else np.inf
                near = [(float(distances[place]), ids[place]) for place in np.flatnonzero(distances <= bound)]
                best = heapq.nsmallest(limit, [*best, *near])
            return [(-distance, self._evidence(connection, entry_id)) for distance, entry_id in best]

    def _evidence(self, connection: sqlite3.Connection, entry_id: str) -> Evidence:
        kind, title, text = connection.execute(
            "SELECT kind, title, text FROM entries WHERE id = ?", (entry_id,)
        ).fetchone()
        is_request = kind == "request"
        return Evidence(
            text=text,
            kind="corpus" if is_request else "document",
            title=f"{self.facts.name}/{entry_id}" if is_request else title,
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


def entry_id_of(text: str) -> str:
    """Name of an entry: 20 hex digits of the SHA-256 of its text, less case, spaces and punctuation."""
    return hashlib.sha256((normalised(text) or text).encode()).hexdigest()[:20]


def _add_batch(
    connection: sqlite3.Connection, batch: Sequence[CorpusText], embedder: Embedder, counts: Counter[str]
) -> None:
    """Add what is new among these texts, and count what becomes of each."""
    allowed = [each for each in batch if not breaks_child_safety(each.text)]
    # An entry is named by its text, less case, spaces and punctuation: repeats have one name, and the first one counts.
    by_id = {entry_id_of(each.text): each for each in reversed(allowed)}
    marks = ",".join("?" * len(by_id))
    there = {row[0] for row in connection.execute(f"SELECT id FROM entries WHERE id IN ({marks})", list(by_id))}  # noqa: S608 - marks alone
    new = {entry_id: each for entry_id, each in by_id.items() if entry_id not in there}
    counts["screened_out"] += len(batch) - len(allowed)
    counts["repeated"] += len(allowed) - len(new)
    counts["new"] += len(new)
    counts["unlabelled"] += sum(each.kind == "request" and not each.risk for each in new.values())
    vectors = embedder.embed([each.text for each in new.values()], kind="passage").astype(np.float16)
    connection.executemany(
        f"INSERT INTO entries (id, {', '.join(_COLUMNS)}, vector, hash) VALUES ({','.join('?' * 10)})",  # noqa: S608 - names of ours
        [
            (entry_id, *(getattr(each, column) for column in _COLUMNS), vector.tobytes(), _hash(entry_id, each))
            for (entry_id, each), vector in zip(new.items(), vectors, strict=True)
        ],
    )


def _hash(entry_id: str, entry: CorpusText) -> int:
    return int(content_id(entry_id, entry.model_dump(exclude={"text"})), 16) % 2**_HASH_BITS


def _pieces(
    connection: sqlite3.Connection, filters: Mapping[str, Filter]
) -> "Iterator[tuple[list[str], np.ndarray[tuple[int, int], np.dtype[np.float16]]]]":
    """Ids and vectors of the entries that a filter leaves, some at a time."""
    wanted = {field: (value,) if isinstance(value, str) else value for field, value in filters.items()}
    conditions = [f"{field} IN ({','.join('?' * len(values))})" for field, values in wanted.items()]
    chosen = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = connection.execute(
        f"SELECT id, vector FROM entries {chosen}",  # noqa: S608 - fields are keywords of ours, values are bound
        [value for values in wanted.values() for value in values],
    )
    while piece := rows.fetchmany(_PIECE):
        vectors = np.frombuffer(b"".join(vector for _, vector in piece), dtype=np.float16)
        yield [entry_id for entry_id, _ in piece], vectors.reshape(len(piece), -1)


def _facts_of(name: str, connection: sqlite3.Connection) -> CorpusFacts:
    embedder = connection.execute("SELECT embedder FROM about").fetchone()
    total, entries = connection.execute("SELECT coalesce(sum(hash), 0), count(*) FROM entries").fetchone()
    counts = {
        field: dict(connection.execute(f"SELECT {field}, count(*) FROM entries GROUP BY {field} ORDER BY {field}"))  # noqa: S608 - ours
        for field in ("source", "language", "risk")
    }
    return CorpusFacts(
        name=name,
        # A sum, because it does not depend on the order in which entries were added.
        version=f"{total % 2**_HASH_BITS:010x}",
        embedder=embedder[0] if embedder else "",
        entries=entries,
        sources=counts["source"],
        languages=counts["language"],
        risks=counts["risk"],
    )


@contextmanager
def _opened(file: Path) -> Generator[sqlite3.Connection]:
    """A connection for one call; whatever is wrong with the file is told as what it is."""
    try:
        with closing(sqlite3.connect(file, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise _unusable(file, error) from error


def _unusable(file: Path, error: Exception) -> RecordError:
    return RecordError(
        f"{file}: the corpus cannot be used ({error}). Is the disk full, the folder read-only, or the file no corpus? "
        "It holds copies alone: delete it, and add the texts again."
    )
