"""How fast cases are composed and screened, beside the time that embedding their texts alone takes.

    nice python benchmarks/generate.py [--cases 1000] [--drawn]

Cells of the default taxonomies are drawn at random and written as a run writes them: seeds found in the index, all
local gates, near duplicates among all accepted ones. After each block of 64 its texts are embedded once more, by the
bare embedder, so that whatever else the machine does slows both alike; and the block is written once more as a run does
by default, which embeds no composed case and keeps the newest of a few wordings. The target is a ratio of at most 1.25.
`--drawn` takes vectors that are drawn by the text's hash in place of the model's: what all else costs, and how memory
grows, is then seen for many cases without an hour of embedding.
"""

import argparse
import asyncio
import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from corpus import Drawn

from astral.assets import load_taxonomy
from astral.config import Settings
from astral.domain.ports import Embedder
from astral.domain.records import Draw, TestCase
from astral.domain.space import Cell, Space
from astral.generate import (
    WORDINGS,
    Composer,
    Conformance,
    CorpusIndex,
    Gates,
    Screen,
    Written,
    build_seed_corpus,
    generate_all,
)
from astral.providers import CachedEmbedder, open_embedder
from astral.workflow.space import space_of
from astral.workflow.wiring import MIN_ROUND

BLOCK = 2 * MIN_ROUND
SHOWN_EVERY = 8 * BLOCK


@dataclass
class Spent:
    """Time that one of the two took."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @contextmanager
    def measured(self) -> Generator[None]:
        """Add what the block takes."""
        start, cpu_start = time.perf_counter(), time.process_time()
        yield
        self.seconds += time.perf_counter() - start
        self.cpu_seconds += time.process_time() - cpu_start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--drawn", action="store_true", help="without the model")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(options.cases, Path(folder), Drawn() if options.drawn else open_embedder()))


class Bench:
    """The same blocks of draws written in two ways, and embedded alone."""

    def __init__(self, folder: Path, bare: Embedder) -> None:
        """Set all parts up, and index the seeds."""
        self._space, _ = space_of(Settings())
        languages = [value.id for value in self._space.by_id["language"].values]
        self._bare = bare
        embedder = CachedEmbedder(bare, folder / "embeddings.db")
        taxonomy = load_taxonomy("astral-14")
        index = CorpusIndex(folder / "index", embedder)
        start = time.perf_counter()
        build_seed_corpus(index, taxonomy, languages)
        print(f"indexing the seeds, once: {time.perf_counter() - start:.1f} s")
        gates = Gates(languages)
        conformance = Conformance.shipped(embedder.name, Settings().taxonomies)
        self._by_meaning = Screen(gates, embedder, conformance=conformance)
        self._by_wording = Screen(gates)
        self._composer = Composer(taxonomy, evidence=index, gates=gates)
        self._dice = random.Random(0)
        self.writing, self.embedding, self.by_wording = Spent(), Spent(), Spent()
        self.accepted = self.failed = 0
        self.rejections: Counter[str] = Counter()

    async def block(self, numbers: range) -> None:
        """Write tests of these numbers with all gates, embed their texts alone, and write them by wording alone."""
        draws = [Draw(number=number, cell=random_cell(self._space, self._dice)) for number in numbers]
        with self.writing.measured():
            written = await self._written(draws, self._by_meaning)
        texts = [made.request for batch in written for made in batch.results if isinstance(made, TestCase)]
        with self.embedding.measured():
            self._bare.embed(texts, kind="passage")
        with self.by_wording.measured():
            await self._written(draws, self._by_wording, wordings=WORDINGS)
        for batch in written:
            self.rejections.update(batch.rejections)
        self.accepted += len(texts)
        self.failed += len(draws) - len(texts)

    async def _written(self, draws: Sequence[Draw], screen: Screen, wordings: int = 1) -> list[Written]:
        return [
            await generate_all(batch, run_seed=0, generators=[self._composer], screen=screen, wordings=wordings)
            for batch in (draws[:MIN_ROUND], draws[MIN_ROUND:])
        ]

    @property
    def line(self) -> str:
        """A row of the table."""
        writing, embedding = self.writing, self.embedding
        return (
            f"{self.accepted:5}   {writing.seconds:9.1f} ({writing.cpu_seconds:6.1f})   "
            f"{embedding.seconds:17.1f} ({embedding.cpu_seconds:6.1f})   "
            f"{writing.seconds / embedding.seconds:7.2f} ({writing.cpu_seconds / embedding.cpu_seconds:4.2f})   "
            f"{1000 * (writing.cpu_seconds - embedding.cpu_seconds) / self.accepted:23.1f}   "
            f"{1000 * self.by_wording.cpu_seconds / self.accepted:25.1f}   {peak_mebibytes():15.0f}"
        )


async def measure(cases: int, folder: Path, bare: Embedder) -> None:
    """Write so many cases, a block at a time, and print the table."""
    bench = Bench(folder, bare)
    print(
        "cases   writing s (CPU s)   embedding alone s (CPU s)   ratio (of CPU)   all else, CPU ms a case   "
        "by wording, CPU ms a case   peak memory MiB"
    )
    for first in range(0, cases, BLOCK):
        await bench.block(range(first, min(first + BLOCK, cases)))
        if (first + BLOCK) % SHOWN_EVERY == 0 or first + BLOCK >= cases:
            print(bench.line, flush=True)
    print(f"rejected drafts by gate: {dict(bench.rejections) or 'none'}; failed: {bench.failed}")


def random_cell(space: Space, dice: random.Random) -> Cell:
    """Any cell, all alike."""
    return Cell(values=tuple((part.id, dice.choice(part.values).id) for part in space.dimensions))


def peak_mebibytes() -> float:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
