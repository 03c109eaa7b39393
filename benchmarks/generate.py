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
from collections.abc import Iterator
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
    def measured(self) -> Iterator[None]:
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


async def measure(cases: int, folder: Path, bare: Embedder) -> None:
    """Write so many cases, a block at a time, and embed each block's texts alone."""
    space, _ = space_of(Settings())
    languages = [value.id for value in space.by_id["language"].values]
    embedder = CachedEmbedder(bare, folder / "embeddings.db")
    taxonomy = load_taxonomy("astral-14")
    index = CorpusIndex(folder / "index", embedder)
    start = time.perf_counter()
    build_seed_corpus(index, taxonomy, languages)
    print(f"indexing the seeds, once: {time.perf_counter() - start:.1f} s")
    gates = Gates(languages)
    conformance = Conformance.shipped(embedder.name, Settings().taxonomies)
    screen = Screen(gates, embedder, conformance=conformance)
    wording = Screen(gates)
    composer = Composer(taxonomy, evidence=index, gates=gates)
    writing, embedding, by_wording = Spent(), Spent(), Spent()
    accepted = failed = 0
    rejections: Counter[str] = Counter()
    dice = random.Random(0)
    print(
        "cases   writing s (CPU s)   embedding alone s (CPU s)   ratio (of CPU)   all else, CPU ms a case   "
        "by wording, CPU ms a case   peak memory MiB"
    )
    for first in range(0, cases, BLOCK):
        draws = [
            Draw(number=number, cell=random_cell(space, dice)) for number in range(first, min(first + BLOCK, cases))
        ]
        texts: list[str] = []
        with writing.measured():
            for batch in (draws[:MIN_ROUND], draws[MIN_ROUND:]):
                written = await generate_all(batch, run_seed=0, generators=[composer], screen=screen)
                texts += [made.request for made in written.results if isinstance(made, TestCase)]
                rejections.update(written.rejections)
        with embedding.measured():
            bare.embed(texts, kind="passage")
        with by_wording.measured():
            for batch in (draws[:MIN_ROUND], draws[MIN_ROUND:]):
                await generate_all(batch, run_seed=0, generators=[composer], screen=wording, wordings=WORDINGS)
        accepted += len(texts)
        failed += len(draws) - len(texts)
        if (first + BLOCK) % SHOWN_EVERY == 0 or first + BLOCK >= cases:
            print(
                f"{accepted:5}   {writing.seconds:9.1f} ({writing.cpu_seconds:6.1f})   "
                f"{embedding.seconds:17.1f} ({embedding.cpu_seconds:6.1f})   "
                f"{writing.seconds / embedding.seconds:7.2f} ({writing.cpu_seconds / embedding.cpu_seconds:4.2f})   "
                f"{1000 * (writing.cpu_seconds - embedding.cpu_seconds) / accepted:23.1f}   "
                f"{1000 * by_wording.cpu_seconds / accepted:25.1f}   {peak_mebibytes():15.0f}",
                flush=True,
            )
    print(f"rejected drafts by gate: {dict(rejections) or 'none'}; failed: {failed}")


def random_cell(space: Space, dice: random.Random) -> Cell:
    """Any cell, all alike."""
    return Cell(values=tuple((part.id, dice.choice(part.values).id) for part in space.dimensions))


def peak_mebibytes() -> float:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
